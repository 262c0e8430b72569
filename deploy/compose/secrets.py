"""The folder of secrets that the compose file reads: passwords, keys, and the configuration of NATS."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from deploy.embedded.data import Data, DataRefused
from deploy.nats.access import users
from deploy.nats.description import Description
from deploy.nats.description import variable as password_of
from deploy.nats.inside import inside
from deploy.nats.render import PASSWORDS, render
from deploy.provision import ROLES
from deploy.services import service_names
from shared.runtime import VERSION
from shared.web.development import development_token, new_signing_key
from shared.web.signing import public_key
from shared.web.tokens import EVERY_INSTANSI

POSTGRES = "postgres:5432"
#: What a service keeps for itself, in `own/<service>.env`: made once, then the operators'.
OWN_KEYS = {"feed": "KINERJA_WEBHOOK_KEYS"}
#: Who signs tokens with a key of its own, and where services see its public half.
PORTAL, PORTAL_ISSUER, PORTAL_KEYS = "portal", "kinerja-portal", "/run/jwks/portal.json"
_PORTAL_KEY = "portal/key.pem"
_TOKEN_LIFE = timedelta(days=90)
_SUPERUSER = "postgres superuser"


def prepare(data: Data, nats: Description, rotate: Sequence[str] = (), *, trial: bool = True) -> None:
    """Write what is missing or follows from what is there, with new passwords (and the portal's new key) for the services
    in `rotate`. Only in a `trial` the token of a system that is there is replaced: else it is another issuer's.

    The folder lets nobody but its owner in. What containers read below it is readable for all, since their users are
    not known here. DataRefused when the folder holds something else.
    """
    if strange := sorted(set(rotate) - set(service_names())):
        raise DataRefused(f"There is no service {strange[0]!r}; there are: {', '.join(service_names())}.")
    with data.claimed():
        data.root.chmod(0o700)  # it may have been there before, open
        for service in rotate:
            for name in (f"nats {service}", *(f"postgres {service} {role}" for role in ROLES)):
                data.secret(name, anew=True)
        _databases(data)
        _nats(data, nats)
        for service, name in OWN_KEYS.items():
            if not (data.root / "own" / f"{service}.env").exists():
                _write(data, f"own/{service}.env", f"{name}={data.secret(name)}\n")
        _keys(data, anew=PORTAL in rotate)
        if trial or not (data.root / "system" / "token").exists():
            _write(data, "system/token", _token(data))
        data.write_run({"base_url": "http://proxy:8081", "nats": nats.url, "postgres": POSTGRES, "version": VERSION})


def _token(data: Data) -> str:
    key = data.signing_key.read_bytes()
    return development_token(key, instansi=EVERY_INSTANSI, roles=["system"], subject="system", lifetime=_TOKEN_LIFE)


def variable(path: Path, name: str) -> str:
    """The value of a variable in an environment file; '' when it is not there."""
    said = dict(line.split("=", 1) for line in _lines(path) if "=" in line)
    return said.get(name, "").strip()


def variables(path: Path, said: Mapping[str, str]) -> str:
    """The content of an environment file after `said` was put in; its other lines stay. A value '' takes the line away."""
    kept = [line for line in _lines(path) if line.partition("=")[0].strip() not in said]
    return "".join(f"{line}\n" for line in [*kept, *(f"{name}={value}" for name, value in said.items() if value)])


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _keys(data: Data, anew: bool) -> None:
    """What tokens are checked with: `jwks.json` for trials, where the system signs too, else `portal.json` and the issuer's.

    The portal's key before this one is trusted until the next call: tokens signed with it are still about. Services know a
    key before it is used, whenever we are killed.
    """
    file = data.root / _PORTAL_KEY
    old = file.read_bytes() if file.exists() else None
    key = new_signing_key() if old is None or anew else old
    trusted = [public_key(key), *([public_key(old)] if old is not None and old != key else [])]
    own = [public_key(data.signing_key.read_bytes())]
    _write(data, "jwks/jwks.json", json.dumps({"keys": own + trusted}))
    _write(data, "jwks/portal.json", json.dumps({"keys": trusted}))
    if key != old:
        _write(data, _PORTAL_KEY, key.decode())


def _databases(data: Data) -> None:
    password = data.secret(_SUPERUSER)
    admin = f"postgresql://postgres:{password}@{POSTGRES}/postgres"
    _write(data, "database/server.env", f"POSTGRES_PASSWORD={password}\n")
    _write(data, "database/admin.env", f"KINERJA_DATABASE_URL_ADMIN={admin}\n")
    host, _, port = POSTGRES.partition(":")
    for service in service_names():
        database = data.database(service, int(port), host)
        for role in ROLES:
            line = f"KINERJA_DATABASE_URL_{role.upper()}={database.url(role)}\n"
            _write(data, f"database/{service}-{role}.env", line)


def _nats(data: Data, description: Description) -> None:
    """The passwords are those kept in `data`: the generator takes what is there."""
    everybody = users(service_names(), list(description.subscribers))
    known = "".join(f'{password_of(user)}: "{data.nats_secret(user)}"\n' for user in everybody)
    folder = data.root / "nats"
    cluster = folder / PASSWORDS
    old = cluster.read_text().splitlines() if cluster.exists() else []
    names = {line.partition(":")[0] for line in known.splitlines()}
    kept = "".join(f"{line}\n" for line in old if line.partition(":")[0] not in names)
    _write(data, f"nats/{PASSWORDS}", known + kept)
    for path in render(description, inside(), folder):
        path.chmod(0o644)
    for path in (folder, folder / "clients"):
        path.chmod(0o755)


def _write(data: Data, name: str, text: str) -> None:
    path = data.root / name
    path.parent.mkdir(mode=0o755, exist_ok=True)
    data.write(path, text)
    path.chmod(0o644)
