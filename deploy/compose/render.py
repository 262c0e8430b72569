"""The compose file and the proxy's configuration, made from the services there are."""

from collections.abc import Sequence
from pathlib import Path

from deploy.compose.secrets import OWN_KEYS
from deploy.services import load
from shared.runtime import VERSION

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_VOLUMES = ("postgres", "nats", "nats-2", "nats-3", "mails", "prometheus")

#: What the worker of a service needs besides the settings of all.
_ENVIRONMENT = {
    "notification": {
        "KINERJA_DIRECTORY_URL": "http://directory-api:8000",
        "KINERJA_SYSTEM_TOKEN_FILE": "/run/system/token",
        "KINERJA_SMTP_HOST": "${KINERJA_SMTP_HOST:-mailbox}",
        "KINERJA_SMTP_PORT": "${KINERJA_SMTP_PORT:-1025}",
        "KINERJA_MAIL_FROM": "${KINERJA_MAIL_FROM:-Kinerja <kinerja@localhost>}",
    }
}
#: Who shows the token of a system to other services.
_ASKS_OTHERS = ("notification",)
#: What an API that reads the road needs.
_ROAD = "      - ${KINERJA_SECRETS:?run kinerja compose init first}/nats/clients/@service@.env\n"
_OWN = "      - ${KINERJA_SECRETS:?run kinerja compose init first}/own/@service@.env\n"
_FOLDER = ', {<<: *jwks, source: "${KINERJA_SECRETS:?run kinerja compose init first}/@folder@", target: /run/@folder@}'
#: What an API with pages for people needs: a key to sign tokens with, and where it asks the others.
_FOR_PEOPLE = '{<<: *settings, KINERJA_PORTAL_KEY_FILE: /run/portal/key.pem, KINERJA_SERVICES: "@others@"}'


def files(services: Sequence[str]) -> dict[Path, str]:
    """What is to stand in the repository, by path."""
    compose = (_HERE / "system.yml").read_text() + "".join(_service(name, services) for name in services)
    compose += "\nvolumes:\n" + "".join(f"  {name}:\n" for name in _VOLUMES)
    return {_ROOT / "docker-compose.yml": compose, _HERE / "nginx.conf": _proxy(services)}


def _service(name: str, services: Sequence[str]) -> str:
    service, others = load(name), ",".join(f"{other}=http://{other}-api:8000" for other in services if other != name)
    environment = "".join(f'      {key}: "{value}"\n' for key, value in _ENVIRONMENT.get(name, {}).items())
    text = (_HERE / "service.yml").read_text()
    text = text.replace("KINERJA_@service@_", f"KINERJA_{name.upper().replace('-', '_')}_")
    text = (
        text.replace("@environment@", environment)
        .replace("@road@", _ROAD if service.reads_road else "")
        .replace("@settings@", _FOR_PEOPLE.replace("@others@", others) if service.site else "*settings")
        .replace("@key@", _FOLDER.replace("@folder@", "portal") if service.site else "")
        .replace("@own@", _OWN if name in OWN_KEYS else "")
        .replace("@volumes@", _FOLDER.replace("@folder@", "system") if name in _ASKS_OTHERS else "")
    )
    return text.replace("@service@", name)


def _proxy(services: Sequence[str]) -> str:
    addresses = ", ".join(f'"{name}": "$outer://$http_host/{name}"' for name in services)
    text = (_HERE / "nginx.in.conf").read_text().replace("@addresses@", addresses).replace("@version@", VERSION)
    return text.replace("@services@", "|".join(services))
