"""What people may enter: kinds of fields that several routes share."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.directory.rules.nip import read_nip


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("Hapus karakter kendali. / Remove control characters.")
    return text


#: What something is called, one line.
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
#: A code goes into public messages, so it has no room for a person's name: no spaces.
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")
]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ()./-]{3,23}$")]
Language = Literal["id", "en"]
Day = Annotated[date, Field(ge=date(1945, 8, 17), le=date(2200, 1, 1))]
System = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
OutsideId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]
#: Read by `read_nip` afterwards, which says what is wrong with it.
NipText = Annotated[str, StringConstraints(max_length=40)]
Outside = Annotated[dict[System, OutsideId], Field(max_length=20)]


class OutsideRef(BaseModel):
    """A person by what another system calls them."""

    model_config = ConfigDict(extra="forbid")

    system: System
    id: OutsideId


def nips_read(said: dict[str, Any], *columns: str) -> dict[str, Any]:
    """`said` with its NIPs as 18 digits, blank ones as None; refuses damaged and malformed ones."""
    written = {name: said[name] for name in columns if said.get(name) is not None}
    return said | {name: read_nip(nip, name) if nip.strip() else None for name, nip in written.items()}
