"""Bring a base backup to life on a server of its own, at any moment that its archived log reaches."""

import fcntl
import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from uuid import uuid4

from deploy.embedded.postgres import Postgres, give_away

_LONGEST_SECONDS = 24 * 3600
#: The backup's own settings name certificates, libraries and standbys that this machine does not have.
_FILES = {
    "postgresql.conf": "",
    "postgresql.auto.conf": "",
    "pg_ident.conf": "",
    "pg_hba.conf": "local all all trust\n",
}
_COPY = "data"
_LEFTOVERS = ("standby.signal", "recovery.signal", "postmaster.pid", "postmaster.opts")


@contextmanager
def workplace(parent: Path, prefix: str) -> Iterator[Path]:
    """The path of a copy to be made, in a folder of its own below `parent`, closed to others, that goes with the block.

    What killed runs of ours left below `parent` under this prefix goes first: folders, and servers on the copies there.
    """
    for left in parent.glob(f"{prefix}*"):
        _clear(left)
    while True:
        folder = Path(mkdtemp(prefix=prefix, dir=parent))
        with _alone(folder) as ours:
            if ours and folder.exists():  # else somebody cleared it away before we said that we are at work
                try:
                    yield folder / _COPY
                finally:
                    shutil.rmtree(folder)
                return


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else is at work there; until the end of the block nobody else is."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(lock)


def _clear(folder: Path) -> None:
    """Take away what a run of ours left there, if it was killed; another one takes it away at the same time, perhaps."""
    with suppress(FileNotFoundError):
        there = folder.lstat()
        if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.geteuid():
            return
        with _alone(folder) as ours:
            if ours:
                Postgres(folder / _COPY, folder / "log", port=1).clear_leftovers()
                with suppress(OSError):
                    shutil.rmtree(os.readlink(_link(folder / _COPY)))
                shutil.rmtree(folder)


def _link(copy: Path) -> Path:
    """Leads to the socket of the server on `copy`: its own path has to be short."""
    return copy.with_name(f"{copy.name}.socket")


@contextmanager
def revived(copy: Path, log: Path, *, archive: Path | None = None, until: datetime | None = None) -> Iterator[Path]:
    """A server on the base backup `copy`, which it changes: gives the folder of its socket, and ends with the block.

    With `archive` (a folder of archived log files) it goes on to the last of them, or to the last commit before
    `until`. Nobody but us reaches it: it listens on no port, and its socket lies in a folder closed to others, so
    that every role may log in without a password. StartError when the archive ends before `until` or has a gap.
    """
    for leftover in _LEFTOVERS:
        (copy / leftover).unlink(missing_ok=True)
    for name, text in _FILES.items():
        (copy / name).write_text(text)
    (copy / "superuser-password").touch(mode=0o600)  # says that the data directory is made
    if archive is not None:
        (copy / "recovery.signal").touch()
    folder = Path(gettempdir()) / f"kinerja-{uuid4().hex[:12]}"
    _link(copy).symlink_to(folder)
    try:
        folder.mkdir(mode=0o700)
        for path in (copy, *copy.rglob("*"), folder):
            give_away(path)
        server = Postgres(copy, log, port=5432, settings=_settings(folder, archive, until))
        try:
            server.launch()
            server.wait_ready(_LONGEST_SECONDS)
            yield folder
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _link(copy).unlink()


def _settings(folder: Path, archive: Path | None, until: datetime | None) -> dict[str, str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "archive_mode": "off",
        "hot_standby": "off",  # or it would ask for as many connections as the first server allowed
        "recovery_target_action": "promote",
    }
    if archive is not None:
        settings["restore_command"] = f"cp {shlex.quote(os.fspath(archive.resolve()))}/%f %p"
    if until is not None:
        settings["recovery_target_time"] = until.astimezone(UTC).isoformat()
    return settings
