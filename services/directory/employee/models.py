"""People as they come in and go out over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.directory.assignment.models import AssignmentOut
from services.directory.fields import Email, Language, NipText, Outside, Phone, nips_read
from services.directory.rules.employees import said_of_outside
from services.directory.rules.plan import Said
from shared.web.fields import Body, Line

EmployeeKind = Literal["PNS", "PPPK", "CPNS", "NON_ASN"]


class EmployeeIn(Body):
    """A person by NIP or outside id; what is left out stays."""

    nip: NipText | None = None
    outside: Outside = Field({}, description="the person's id in other systems, by system")
    kind: EmployeeKind | None = None
    name: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language | None = None
    active: bool | None = None


class ContactIn(Body):
    """What a person may change themself; null removes an address or number."""

    email: Email | None = None
    phone: Phone | None = None
    language: Language = "id"


class EmployeeOut(BaseModel):
    """A person's record; `unit`, `position` and `superior` are those of today."""

    id: UUID
    kind: str
    nip: str | None
    name: str
    email: str | None
    phone: str | None
    language: str
    active: bool
    outside: dict[str, str]
    unit: UUID | None
    position: UUID | None
    superior: UUID | None


class Named(BaseModel):
    """A person's name."""

    id: UUID
    name: str


class Me(BaseModel):
    """The caller's own record."""

    instansi: Annotated[str, Field(description="what the instansi is called")]
    employee: EmployeeOut
    superior: Named | None
    assignments: list[AssignmentOut]


def employee_said(item: Any) -> Said:
    """What a raw employee item says."""
    said = EmployeeIn.model_validate(item).model_dump(exclude_none=True)
    outside = said.pop("outside", {})
    return nips_read(said, "nip") | said_of_outside(outside)
