"""Processes under measurement, run as they run elsewhere: with the environment's settings, on a port of their own."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from deploy.embedded.process import Server, spawn
from deploy.provision import Database
from shared.web.development import development_token, jwks_of, new_signing_key


class Keys:
    """A signing key, the file services check its tokens with, and tokens."""

    def __init__(self, folder: Path) -> None:
        self._signing_key = new_signing_key()
        self.jwks = folder / "jwks.json"
        self.jwks.write_bytes(jwks_of(self._signing_key))

    def token(self, instansi: str, employee: UUID | None, *roles: str) -> str:
        """A token of twelve hours; staff unless told otherwise."""
        return development_token(self._signing_key, instansi=instansi, roles=roles or ("staff",), employee=employee)


class Process(Server):
    """`python -m …` that answers /healthz; give it to `with`."""

    name: ClassVar[str] = "The process to measure"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, command: str, log: Path, settings: Mapping[str, str]) -> None:
        """`command` is what follows `python -m`, `settings` are KINERJA_ variables without that prefix."""
        super().__init__(log, None)
        self._command = [sys.executable, "-m", *command.split()]
        self._settings = {f"KINERJA_{name}": value for name, value in settings.items()}

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KINERJA_")}
        self._child = spawn(self._command, self.log, kept | self._settings | {"KINERJA_PORT": str(self.port)})
        return self._child

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def __enter__(self) -> "Process":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def settings_of(database: Database, keys: Keys) -> dict[str, str]:
    """The settings of a service's API on `database`."""
    return {
        "ENVIRONMENT": "embedded",
        "DATABASE_URL_API": database.url("api"),
        "DATABASE_URL_WORKER": database.url("worker"),
        "JWKS": str(keys.jwks),
        "LOG_LEVEL": "INFO",
    }
