"""What a service reads from its environment; the same names under every way of running it."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FilePath, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.web.tokens import DEVELOPMENT_ISSUER

PREFIX = "KINERJA_"


class SettingsIncomplete(Exception):
    """A sentence that names the environment variables to set or correct."""


class Settings(BaseSettings):
    """Environment variables with the prefix KINERJA_. What a process does not need may stay unset."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    environment: Literal["embedded", "production"] = "production"
    database_url_api: str = Field("", repr=False)
    database_url_worker: str = Field("", repr=False)
    nats_url: str = ""
    nats_user: str = ""
    nats_password: str = Field("", repr=False)
    #: Read where connections are made, `shared/messaging/streams.py`; looked at here, so that a wrong path is told at once.
    nats_ca: FilePath | None = Field(None, description="authority that the NATS servers' certificates are checked with")
    nats_certificate: FilePath | None = None
    nats_key: FilePath | None = None
    outbox_limit: int = Field(1_000_000, ge=0, description="the API accepts no commands while more messages wait")
    road_rate: int = Field(500, ge=0, description="messages a second of one instansi while listeners lag; 0: no limit")
    jwks: str = Field("", description="files or http(s) addresses of the token keys; with commas between")
    issuers: Annotated[tuple[str, ...], NoDecode] = Field((), description="trusted issuers, with commas between")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    drain_seconds: float = Field(0, ge=0, le=60, description="requests are taken so long after SIGTERM, while unready")
    smtp_host: str = ""
    smtp_port: int = Field(25, ge=1, le=65535)
    mail_from: str = "Kinerja <kinerja@localhost>"
    directory_url: str = ""
    system_token_file: Path | None = None
    notices_kept_days: int = Field(730, ge=30, description="after which notices are removed")
    webhook_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        repr=False,
        description="encrypt the secrets of webhooks: the first new ones, all are tried; with commas between",
    )
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="networks of one's own that webhooks may go to, such as 10.1.0.0/16; with commas between"
    )
    portal_key_file: Path | None = Field(None, description="private key (PEM) with which the portal signs tokens")
    services: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="where the portal asks the others, such as activity=http://activity-api:8000; with commas between",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("issuers", "services", "webhook_keys", "webhook_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("webhook_keys")
    @classmethod
    def _long(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < 32 for key in keys):
            raise ValueError("each key needs at least 32 characters")
        return keys

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def trusted_issuers(self) -> tuple[str, ...]:
        """The issuers set, and in the embedded system the development one."""
        return (*self.issuers, DEVELOPMENT_ISSUER) if self.environment == "embedded" else self.issuers

    @classmethod
    def load(cls, *required: str) -> Self:
        """The settings, of which the fields named `required` must be set; SettingsIncomplete says what to do.

        An API that checks tokens requires `jwks`, and outside the embedded system also the issuers to trust.
        """
        try:
            settings = cls()
        except ValidationError as error:
            wrong = ", ".join(sorted({_variable(str(item["loc"][0])) for item in error.errors()}))
            reasons = "; ".join(item["msg"] for item in error.errors(include_input=False))
            raise SettingsIncomplete(f"Correct the environment variables {wrong}: {reasons}.") from None
        missing = [name for name in required if getattr(settings, name) in ("", None, ())]
        if "jwks" in required and not settings.trusted_issuers:
            missing.append("issuers")
        if missing:
            names = ", ".join(_variable(name) for name in missing)
            raise SettingsIncomplete(f"Set the environment variables {names}: this process cannot start without.")
        return settings


def _variable(field: str) -> str:
    return PREFIX + field.upper()
