"""Assignments as they come in and go out over HTTP."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator

from services.directory.fields import NipText, OutsideRef
from services.directory.rules.nip import read_nip
from services.directory.rules.plan import Said
from shared.web.fields import Body, Code, Day

AssignmentKind = Literal["definitif", "plt", "plh"]


class PersonRef(Body):
    """One person, by exactly one of these."""

    id: UUID | None = None
    nip: NipText | None = None
    outside: OutsideRef | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.id, self.nip, self.outside)) != 1:
            raise ValueError("Isi salah satu: id, nip, atau outside. / Give exactly one of id, nip and outside.")
        return self


class AssignmentIn(Body):
    """Who works where under whom; the same employee, unit, position and first day mean the same assignment."""

    employee: PersonRef
    unit: Code
    position: Code
    superior: PersonRef | None = None
    kind: AssignmentKind = "definitif"
    valid_from: Day
    valid_to: Day | None = None


class EndIn(Body):
    """The last day of an assignment, included; null opens it again."""

    last_day: Day | None


class AssignmentOut(BaseModel):
    """An assignment, and when and by whom it was recorded so."""

    id: UUID
    version: int
    employee: UUID
    unit: UUID
    position: UUID
    superior: UUID | None
    kind: str
    valid_from: date
    valid_to: date | None
    void: bool
    recorded_at: datetime
    recorded_by: str


def assignment_said(item: Any) -> Said:
    """What a raw assignment item says; here a null superior or end says that there is none."""
    parsed = AssignmentIn.model_validate(item)
    said = parsed.model_dump(include=parsed.model_fields_set | {"kind"})
    said["employee"] = person_said(parsed.employee, "employee")
    if parsed.superior is not None:
        said["superior"] = person_said(parsed.superior, "superior")
    return said


def person_said(ref: PersonRef, field: str) -> dict[str, Any]:
    """A person as rules read it: `id`, `nip` or `outside` ({system: id}); refuses a NIP that is none, naming `field`."""
    if ref.outside is not None:
        return {"outside": {ref.outside.system: ref.outside.id}}
    return {"id": ref.id} if ref.nip is None else {"nip": read_nip(ref.nip, f"{field}.nip")}
