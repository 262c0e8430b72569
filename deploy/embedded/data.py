"""The embedded system's data directory: who uses it, which format it has, its secrets, and where things run."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.process import wait_until
from deploy.nats.access import RESERVED
from deploy.provision import ROLES, Database
from shared.web.development import jwks_of, new_signing_key

FORMAT = 1
"""Raised when an older program could no longer use the data."""


class DataRefused(Exception):
    """The directory cannot be used as asked; the text says what to do."""


@dataclass(frozen=True)
class Data:
    """The files below `root`, all readable for their owner only; who chose the folder did so by `option`."""

    root: Path
    option: str = "--data"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.root / "logs"

    @property
    def mails(self) -> Path:
        """What the local mailbox received, one .eml file each."""
        return self.root / "mails"

    @property
    def signing_key(self) -> Path:
        """The private key of development tokens."""
        return self.root / "keys" / "signing.pem"

    @property
    def jwks(self) -> Path:
        """The public keys that services check tokens with."""
        return self.root / "keys" / "jwks.json"

    @property
    def system_token(self) -> Path:
        """The token with which services call one another."""
        return self.root / "keys" / "system-token"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep the directory for this process meanwhile, with all that is missing in it made.

        DataRefused when another process has it, when a newer version wrote it, or when it holds something else.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_format()
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            raise DataRefused(f"{self.root} belongs to another user; choose another {self.option}.") from error
        try:
            if not wait_until(lambda: _locked(lock, fcntl.LOCK_EX), 0.5):  # a look by `holder` is no reason to refuse
                raise DataRefused(
                    f"Kinerja already runs on {self.root}; use it, stop it with `kinerja down`,"
                    f" or choose another {self.option}."
                )
            os.ftruncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
            self._fill()
            yield
        finally:
            os.close(lock)

    def holder(self) -> int | None:
        """The process id of the supervisor that runs on this data, None when nobody does."""
        try:
            lock = os.open(self.root / "lock", os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            return None if _locked(lock, fcntl.LOCK_SH) else int(os.read(lock, 20) or 0) or None
        finally:
            os.close(lock)

    def hold(self, service: str, held: bool) -> None:
        """Say that a service is to be stopped, and stay so, or to run. Who runs the system heeds it at once.

        DataRefused while its database is being restored, and until the others know of that.
        """
        mark = self._mark(service)
        mark.parent.mkdir(mode=0o700, exist_ok=True)
        if held:
            mark.touch(mode=0o600)
        elif mark.exists():
            with self.kept_held(service):
                if mark.read_text():
                    raise DataRefused(
                        f"The database of {service} was put back; run `kinerja restored {service} >> lost.jsonl` first."
                    )
                mark.unlink()

    def is_held(self, service: str) -> bool:
        """Whether a service is to be stopped."""
        return self._mark(service).exists()

    @contextmanager
    def kept_held(self, service: str) -> Iterator[None]:
        """Nobody starts a stopped service meanwhile, nor has it in this way. DataRefused when it is not to be stopped."""
        try:
            lock = os.open(self._mark(service), os.O_RDWR)
        except FileNotFoundError:
            raise DataRefused(f"{service} is at work; run `kinerja stop {service}` first.") from None
        try:
            if not _locked(lock, fcntl.LOCK_EX):
                raise DataRefused(f"The database of {service} is being restored by somebody else; wait for its end.")
            yield
        finally:
            os.close(lock)

    def note_restore(self, service: str, unknown: bool) -> None:
        """Remember, for as long as the service is held, whether its record was put back `unknown` to the others."""
        if self.is_held(service):
            with self._mark(service).open("a") as mark:  # the same file all along: it may be locked
                mark.write("put back\n") if unknown else mark.truncate(0)

    def _mark(self, service: str) -> Path:
        return self.root / "held" / service

    def database(self, service: str, port: int, host: str = "127.0.0.1") -> Database:
        """The service's database, with passwords made up at the first call."""
        passwords = {role: self.secret(f"postgres {service} {role}") for role in ROLES}
        return Database(service, service, host, port, passwords)

    def secret(self, name: str, *, anew: bool = False) -> str:
        """A random password, always the same for the same name until one is asked for `anew`."""
        kept = self._secrets()
        if anew or name not in kept:
            kept[name] = secrets.token_urlsafe(24)
            self.write(self.root / "secrets.json", json.dumps(kept, indent=1))
        return kept[name]

    def nats_secret(self, user: str) -> str:
        """The NATS password of a user."""
        return self.secret(f"nats {user}")

    def run(self) -> dict[str, Any] | None:
        """What run.json says: addresses and process ids of the last or the current run."""
        try:
            content: dict[str, Any] = json.loads((self.root / "run.json").read_text())
        except FileNotFoundError:
            return None
        return content

    def write_run(self, content: Mapping[str, Any]) -> None:
        """Replace run.json at once, so that readers never see half of it."""
        self.write(self.root / "run.json", json.dumps(content, indent=1))

    def write_system_token(self, token: str) -> None:
        """Replace the token with which services call one another."""
        self.write(self.system_token, token)

    def _check_format(self) -> None:
        version = self.root / "VERSION"
        if not version.exists():
            if any(entry.name != "logs" for entry in self.root.iterdir()):
                raise DataRefused(
                    f"{self.root} holds something else; choose an empty or a new directory as {self.option}."
                )
            self.write(version, f"{FORMAT}\n")
        written = int(version.read_text())
        if written > FORMAT:
            raise DataRefused(
                f"{self.root} was written by a newer version (format {written}, this program knows {FORMAT}); "
                f"update the program or choose another {self.option}."
            )

    def _fill(self) -> None:
        for folder in (self.logs, self.mails, self.signing_key.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not self.signing_key.exists():
            self.write(self.signing_key, new_signing_key().decode())
        self.write(self.jwks, jwks_of(self.signing_key.read_bytes()).decode())
        for user in RESERVED:
            self.nats_secret(user)

    def _secrets(self) -> dict[str, str]:
        try:
            kept: dict[str, str] = json.loads((self.root / "secrets.json").read_text())
        except FileNotFoundError:
            return {}
        return kept

    @staticmethod
    def write(path: Path, text: str) -> None:
        """Replace a file at once, for its owner only."""
        unfinished = path.with_name(path.name + ".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
