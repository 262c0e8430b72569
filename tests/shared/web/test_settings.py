"""Settings: the same environment variables everywhere, and one sentence when something is missing or wrong."""

from pathlib import Path

import pytest

from shared.web.settings import Settings, SettingsIncomplete

ALL = {
    "DATABASE_URL_API": "postgresql+asyncpg://activity_api:secret@db/activity",
    "DATABASE_URL_WORKER": "postgresql+asyncpg://activity_worker:secret@db/activity",
    "NATS_URL": "nats://nats:4222",
    "NATS_USER": "activity",
    "NATS_PASSWORD": "secret",
    "JWKS": "https://sso/jwks",
    "ISSUERS": "https://sso , https://siasn",
    "ENVIRONMENT": "production",
    "HOST": "0.0.0.0",
    "PORT": "9001",
    "SMTP_HOST": "mail",
    "SMTP_PORT": "2525",
    "DIRECTORY_URL": "http://directory:8000",
    "SYSTEM_TOKEN_FILE": "/run/secrets/token",
    "LOG_LEVEL": "debug",
}


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name in ALL:
        monkeypatch.delenv(f"KINERJA_{name}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"KINERJA_{name}", value)


def test_everything_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, **ALL)
    settings = Settings.load("database_url_api", "database_url_worker", "nats_url", "jwks")
    assert settings.database_url_api == ALL["DATABASE_URL_API"]
    assert settings.database_url_worker == ALL["DATABASE_URL_WORKER"]
    assert (settings.nats_url, settings.nats_user, settings.nats_password) == (
        "nats://nats:4222",
        "activity",
        "secret",
    )
    assert (settings.environment, settings.host, settings.port) == ("production", "0.0.0.0", 9001)
    assert (settings.smtp_host, settings.smtp_port) == ("mail", 2525)
    assert settings.system_token_file == Path("/run/secrets/token")
    assert (settings.log_level, settings.directory_url) == ("DEBUG", "http://directory:8000")
    assert settings.trusted_issuers == ("https://sso", "https://siasn")


def test_without_a_word_it_is_production_on_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    settings = Settings.load()
    assert (settings.environment, settings.host, settings.trusted_issuers) == ("production", "127.0.0.1", ())


def test_only_the_embedded_system_trusts_the_development_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, ENVIRONMENT="embedded")
    assert Settings.load().trusted_issuers == ("kinerja-development",)


def test_missing_values_are_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, DATABASE_URL_API="", NATS_URL="nats://nats:4222")
    with pytest.raises(SettingsIncomplete) as incomplete:
        Settings.load("database_url_api", "nats_url", "jwks", "system_token_file")
    assert str(incomplete.value) == (
        "Set the environment variables KINERJA_DATABASE_URL_API, KINERJA_JWKS, KINERJA_SYSTEM_TOKEN_FILE, "
        "KINERJA_ISSUERS: this process cannot start without."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "rahasia"), ("PORT", "70000"), ("ENVIRONMENT", "rahasia"), ("LOG_LEVEL", "rahasia")],
)
def test_wrong_values_are_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment(monkeypatch, **{name: value})
    with pytest.raises(SettingsIncomplete, match=f"KINERJA_{name}") as incomplete:
        Settings.load()
    assert "rahasia" not in str(incomplete.value)
    assert "\n" not in str(incomplete.value)


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, **ALL)
    assert "secret@" not in repr(Settings.load())
    assert "nats_password" not in repr(Settings.load())
