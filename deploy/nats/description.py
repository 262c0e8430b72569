"""What NATS is to be, in one small YAML file: its nodes, its certificates, and who listens from outside."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.contracts.base import Message, Renewed
from shared.contracts.schema_files import messages

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class DescriptionRefused(Exception):
    """The description cannot be used; the text says where and what to change."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Subscriber(_Part):
    """A system outside: which types of message of which agencies it is given, and how many connections it may hold."""

    instansi: Literal["all"] | list[str]
    types: list[str] = Field(min_length=1)
    connections: int = Field(4, ge=1, le=100)

    @field_validator("instansi", mode="before")
    @classmethod
    def _agencies(cls, said: Any) -> Any:
        listed = isinstance(said, list) and said and all(re.fullmatch("[a-z0-9-]+", str(code)) for code in said)
        if said != "all" and not listed:
            raise ValueError("is to be a list of codes of agencies, such as [kota-medan], or all")
        return said

    @field_validator("types")
    @classmethod
    def _known(cls, types: list[str]) -> list[str]:
        for type_ in types:
            if type_ not in _types():
                service = type_.split(".", 1)[0]
                near = sorted(name for name in _types() if name.startswith(service)) or sorted(_types())
                raise ValueError(f"{type_!r} is no type of message; there are: {', '.join(near)}")
        return types

    def subjects(self) -> dict[str, list[str]]:
        """What it is given, by stream. The marker of a restored record is part of every grant: without it nobody could
        know what became void."""
        granted = [_types()[type_] for type_ in self.types]
        streams = sorted({message.stream() for message in granted})
        granted += [each for each in messages() if issubclass(each, Renewed) and each.stream() in streams]
        agencies = ["*"] if self.instansi == "all" else self.instansi
        return {
            stream: sorted({each.subject(code) for each in granted if each.stream() == stream for code in agencies})
            for stream in streams
        }


class Node(_Part):
    """One server. `host` is where clients and the other nodes reach it; 0 as `monitor_port` means none."""

    name: Name
    host: str = Field(min_length=1)
    port: Port = 4222
    cluster_port: Port = 6222
    monitor_port: int = Field(8222, ge=0, le=65535)


class Tls(_Part):
    """Files on the nodes. With `verify` clients must show a certificate of the same authority."""

    certificate: str
    key: str
    authority: str
    verify: bool = False


class Description(_Part):
    """One server, or a cluster of three or five. `listen` is the address of a node that it listens on."""

    nodes: list[Node] = Field([Node(name="nats", host="nats")], min_length=1)
    listen: str = "0.0.0.0"
    store: str = "/data"
    tls: Tls | None = None
    subscribers: dict[Name, Subscriber] = {}

    @model_validator(mode="after")
    def _sound(self) -> "Description":
        if len(self.nodes) not in (1, 3, 5):
            raise ValueError("there are to be one, three or five nodes: only more than half of them can decide")
        if len({node.name for node in self.nodes}) < len(self.nodes):
            raise ValueError("each node needs a name of its own")
        return self

    @property
    def replicas(self) -> int:
        """How many copies of each stream there are to be."""
        return min(len(self.nodes), 3)

    @property
    def url(self) -> str:
        """What clients are given: every node."""
        scheme = "tls" if self.tls else "nats"
        return ",".join(f"{scheme}://{node.host}:{node.port}" for node in self.nodes)


def load(path: Path, taken: Sequence[str] = ()) -> Description:
    """The description in a YAML file, whose subscribers have none of the names `taken`. DescriptionRefused."""
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DescriptionRefused(f"{path} is no YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(content, Mapping):
        raise DescriptionRefused(f"{path} is to have keys such as `subscribers` at its top.")
    return read(content, taken, str(path))


def read(content: Mapping[str, Any], taken: Sequence[str] = (), where: str = "the description") -> Description:
    """The description in `content`. DescriptionRefused."""
    try:
        description = Description.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DescriptionRefused(f"{where}, {place}: {first['msg'].removeprefix('Value error, ')}.") from error
    if both := sorted(set(taken) & set(description.subscribers)):
        raise DescriptionRefused(f"{where}, subscribers: the name {both[0]!r} is taken; choose another.")
    return description


def variable(user: str) -> str:
    """The name of the variable that has a user's password."""
    return f"PASSWORD_{re.sub('-', '_', user).upper()}"


@cache
def _types() -> dict[str, type[Message]]:
    return {f"{message.TYPE}.v{message.VERSION}": message for message in messages()}
