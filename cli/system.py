"""Find the running system, and be allowed to talk to it."""

import os
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import httpx
from click.core import ParameterSource
from rich.console import Console

from deploy.embedded.data import Data, DataRefused
from deploy.nats.access import ADMIN
from deploy.nats.description import DescriptionRefused
from deploy.services import service_names
from shared.web.development import development_token
from shared.web.tokens import INSTANSI_PATTERN

FAILED = 1
"""Exit code when some of what was asked for did not work, or is not as it should be."""

REFUSED_ROWS = 3
"""Exit code when the work was done but some rows were refused."""

_FILE_WIDTH = 200

_CHOSEN = "cli.data"


def chosen_folder(context: click.Context, folder: Path, option: str) -> Data:
    """The data in a folder; whatever is wrong with it is told by the name of the option that chose it."""
    data = context.meta[_CHOSEN] = Data(folder.absolute(), option)
    return data


def _by_option(context: click.Context, parameter: click.Parameter, folder: Path) -> Data:
    from_environment = context.get_parameter_source(str(parameter.name)) is ParameterSource.ENVIRONMENT
    return chosen_folder(context, folder, "KINERJA_DATA" if from_environment else "--data")


data_option = click.option(
    "--data",
    "data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".kinerja"),
    show_default=True,
    envvar="KINERJA_DATA",
    callback=_by_option,
    help="Directory of the embedded system.",
)


class Refused(click.ClickException):
    """What was asked for cannot be done this way; the text says what to change."""

    exit_code = 2


class Unreachable(click.ClickException):
    """The system, or a part of it, does not answer."""

    exit_code = 4


def console() -> Console:
    """Where tables go: as wide as the terminal, and wide enough for all columns in a file."""
    made = Console()
    return made if made.is_terminal else Console(width=_FILE_WIDTH)


def explained(error: Exception, context: click.Context) -> click.ClickException | None:
    """What somebody at the command line is told of an error: what is wrong and what to do. None for a defect of ours."""
    data: Data | None = context.meta.get(_CHOSEN)
    import asyncpg
    from nats.errors import Error as NatsError
    from sqlalchemy.exc import SQLAlchemyError

    from shared.eventstore.database import is_outage
    from shared.operations.migrations import MigrationBlocked

    said = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
    if isinstance(error, MigrationBlocked):
        return click.ClickException(str(error))
    if isinstance(error, DataRefused | DescriptionRefused):
        return Refused(str(error))
    if isinstance(error, OSError) and error.filename:
        ours = data is not None and Path(str(error.filename)).is_relative_to(data.root)
        another = f"choose another {data.option}" if data and ours else "name another"
        if isinstance(error, PermissionError):
            return Refused(f"{error.filename} belongs to another user: run as that user, or {another}.")
        return Refused(f"{error.filename}: {error.strerror}; mend that, or {another}.")
    if isinstance(error, ssl.SSLError):
        return Unreachable(f"The certificate of NATS is not to be trusted ({said}); check KINERJA_NATS_CA.")
    if isinstance(error, NatsError):
        return Unreachable(f"NATS refuses or does not answer ({said}); {_LOOK} KINERJA_NATS_URL, _USER and _PASSWORD.")
    if isinstance(error, SQLAlchemyError | asyncpg.PostgresError | asyncpg.InterfaceError):
        state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
        if state in _REFUSED:
            return Refused(f"{_REFUSED[state].format(option=data.option if data else '--data')} ({said}).")
        return (
            Unreachable(f"PostgreSQL does not answer ({said}); {_LOOK} KINERJA_DATABASE_URL_….")
            if is_outage(error)
            else None
        )
    if isinstance(error, OSError):
        return Unreachable(f"PostgreSQL or NATS does not answer ({said}); {_LOOK} the addresses in KINERJA_….")
    return None


_LOOK = "look at `kinerja status`, start the system with `kinerja up`, or check"
_WRITTEN = "postgresql+asyncpg://role:password@host:port/database"
_ADDRESS = re.compile(r"postgresql\+asyncpg://[^/@]+@[^/@:]+(:[0-9]{1,5})?/[^/]+")
#: What PostgreSQL refuses, by SQLSTATE.
_REFUSED = {
    "28P01": "PostgreSQL does not know this user and password; check the address or {option}",
    "28000": "PostgreSQL does not let this user in; check the address or {option}",
    "3D000": "PostgreSQL has no such database; check the address or run `kinerja up` once",
    "42P01": "The database is older than this program; run `kinerja migrate`",
    "42703": "The database is older than this program; run `kinerja migrate`",
    "42501": "This user may not do that; use the address of the service's worker (of its owner to migrate)",
}


class InstansiCode(click.ParamType[str]):
    """The code of an agency."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code itself, or a usage error."""
        if not isinstance(value, str) or not re.fullmatch(INSTANSI_PATTERN, value):
            self.fail(f"{value!r} is no code of an agency: use lower-case letters, digits and hyphens.", param, ctx)
        return value


CODE = InstansiCode()
"""Kind of a parameter that names an agency."""


@dataclass(frozen=True)
class System:
    """A running system: where its services, their further workers and its NATS are, where people open the portal, and its
    data directory when it is the embedded one. Where processes stand behind a proxy, `metrics` has the addresses of a
    `{service}`, each a name of all replicas, from where the proxy is."""

    url: str
    services: dict[str, str]
    nats: str
    version: str
    data: Data
    workers: dict[str, list[str]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    portal: str = ""

    def processes(self, name: str) -> list[str]:
        """The addresses of all processes of one service: the one that answers requests first, then further workers."""
        return [self.services[name], *self.workers.get(name, [])]

    def service(self, name: str) -> str:
        """The address of one service. UsageError names the services there are."""
        if name not in self.services:
            raise click.UsageError(f"There is no service {name!r}; there are: {', '.join(sorted(self.services))}.")
        return self.services[name]

    def token(
        self,
        instansi: str,
        roles: Sequence[str],
        employee: UUID | None = None,
        lifetime: timedelta = timedelta(hours=12),
    ) -> str:
        """KINERJA_TOKEN when it is set, else a development token of the embedded system."""
        return os.environ.get("KINERJA_TOKEN") or mint(self.data, instansi, roles, employee, lifetime)


def find(data: Data) -> System:
    """The system at KINERJA_URL when that is set, else the embedded one on `data`. Unreachable when none answers."""
    url, asked = os.environ.get("KINERJA_URL", "").rstrip("/"), "KINERJA_URL"
    run = None if url else data.run()
    if not url and (run is None or ("pid" in run and data.holder() is None)):
        raise Unreachable(
            f"Nothing runs on {data.root}; start it with `kinerja up`, or name another with {data.option} or KINERJA_URL."
        )
    if not url:
        url, asked = str((run or {})["base_url"]), f"{data.option} or KINERJA_URL"
    try:
        answer = httpx.get(f"{url}/services.json", timeout=5, trust_env=False).raise_for_status().json()
        portal = str(answer.get("portal") or answer["services"].get("portal", ""))
        more = dict(answer.get("workers", {})), tuple(answer.get("metrics", ())), portal
        return System(url, dict(answer["services"]), answer["nats"], answer["version"], data, *more)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        raise Unreachable(f"{url} does not answer as Kinerja ({type(error).__name__}); check {asked}.") from error


def mint(data: Data, instansi: str, roles: Sequence[str], employee: UUID | None, lifetime: timedelta) -> str:
    """A token of the embedded system's own key; other systems refuse it."""
    if not data.signing_key.exists():
        raise Refused(
            f"{data.root} has no signing key; start the system once with `kinerja up`, or set KINERJA_TOKEN to a token."
        )
    return development_token(
        data.signing_key.read_bytes(), instansi=instansi, roles=roles, employee=employee, lifetime=lifetime
    )


def chosen(only: str | None, role: str = "worker") -> list[str]:
    """The services to work on: one, or all. UsageError when the address given is that of one, and not said of which."""
    variable = f"KINERJA_DATABASE_URL_{role.upper()}"
    if only is None and os.environ.get(variable):
        raise click.UsageError(f"{variable} is one service's database: name that service.")
    return [only] if only else service_names()


def database_url(data: Data, service: str, role: str) -> str:
    """The database address of a service's `owner`, `api` or `worker`: KINERJA_DATABASE_URL_<ROLE>, else the embedded one."""
    variable = f"KINERJA_DATABASE_URL_{role.upper()}"
    given = os.environ.get(variable)
    if given and not _ADDRESS.fullmatch(given):
        raise Refused(f"{variable} is written {_WRITTEN}.")
    if given:
        return given
    host, _, port = _place(data, "postgres", variable).partition(":")
    return data.database(service, int(port), host).url(role)


def nats_login(data: Data, user: str = ADMIN) -> tuple[str, str, str]:
    """Address, user and password of NATS: KINERJA_NATS_URL, _USER and _PASSWORD, else the embedded one's `user`."""
    if url := os.environ.get("KINERJA_NATS_URL"):
        return url, os.environ.get("KINERJA_NATS_USER", ""), os.environ.get("KINERJA_NATS_PASSWORD", "")
    return _place(data, "nats", "KINERJA_NATS_URL"), user, data.nats_secret(user)


def _place(data: Data, server: str, variable: str) -> str:
    """Where a server of the running system is, which its data directory says."""
    find(data)
    where = (data.run() or {}).get(server)
    if not where:
        raise Refused(f"Set {variable}: {data.root} does not say where that server is.")
    return str(where)
