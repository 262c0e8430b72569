"""What people may enter about people: kinds of fields that several routes share."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.directory.rules.nip import read_nip
from shared.web.fields import Body, Line

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")
]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ()./-]{3,23}$")]
Language = Literal["id", "en"]
System = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
#: Read by `read_nip` afterwards, which says what is wrong with it.
NipText = Annotated[str, StringConstraints(max_length=40)]
Outside = Annotated[dict[System, Line], Field(max_length=20)]


class OutsideRef(Body):
    """A person by what another system calls them."""

    system: System
    id: Line


def nips_read(said: dict[str, Any], *columns: str) -> dict[str, Any]:
    """`said` with its NIPs as 18 digits, blank ones as None; refuses damaged and malformed ones."""
    written = {name: said[name] for name in columns if said.get(name) is not None}
    return said | {name: read_nip(nip, name) if nip.strip() else None for name, nip in written.items()}
