"""Which services there are: every folder under services/ that has an app.py."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.runtime import Service

_FOLDER = Path(__file__).resolve().parent.parent / "services"


def service_names() -> list[str]:
    """The names of all services, sorted."""
    return sorted(app.parent.name for app in _FOLDER.glob("*/app.py"))


def load(name: str) -> "Service":
    """What the service is made of. LookupError for a name that is no service."""
    if name not in service_names():
        raise LookupError(f"There is no service {name!r}; there are: {', '.join(service_names())}.")
    from shared.runtime import Service  # seconds that commands without services need not take

    service = import_module(f"services.{name}.app").SERVICE
    assert isinstance(service, Service)
    return service
