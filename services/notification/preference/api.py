"""One's own preferences, and the settings of the instansi for hr."""

from datetime import time
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notification.notice.catalogue import Language
from services.notification.preference.store import (
    Preference,
    Setting,
    keep_preference,
    keep_setting,
    preference_of,
    setting_of,
)
from shared.people.queries import known_employees
from shared.people.refusals import UnknownEmployee
from shared.web.auth import Caller, CallerDep, employee_of, requires
from shared.web.edge import DbDep

router = APIRouter(tags=["preferences"])

Hr = Annotated[Caller, Depends(requires("hr"))]


class QuietHours(BaseModel):
    """Hours without mail, in the zone of the instansi; they may pass midnight."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start: time = Field(alias="from", description="HH:MM")
    end: time = Field(alias="to", description="HH:MM")

    @model_validator(mode="after")
    def _local_and_not_empty(self) -> Self:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("Tulis jam setempat tanpa zona, misalnya 21:00. / Write local times without a zone.")
        if self.start == self.end:
            raise ValueError("Jam mulai dan selesai harus berbeda. / Start and end must differ.")
        return self


class Preferences(BaseModel):
    """How one wants to be told."""

    model_config = ConfigDict(extra="forbid")

    language: Language = "id"
    mail: bool = True
    quiet_hours: QuietHours | None = None


class Settings(BaseModel):
    """What the instansi chose: `hr_contacts` get the notices meant for hr."""

    model_config = ConfigDict(extra="forbid")

    notify_imports: bool = False
    hr_contacts: list[UUID] = Field(max_length=50)


@router.get("/preferences")
async def preferences(caller: CallerDep, db: DbDep) -> Preferences:
    """One's own preferences."""
    async with db.transaction(caller.instansi) as conn:
        return _told(await preference_of(conn, caller.instansi, employee_of(caller)))


@router.put("/preferences")
async def choose(body: Preferences, caller: CallerDep, db: DbDep) -> Preferences:
    """Replace one's own preferences; mails that wait follow them too."""
    quiet = body.quiet_hours
    chosen = Preference(body.language, body.mail, quiet.start if quiet else None, quiet.end if quiet else None)
    async with db.transaction(caller.instansi) as conn:
        await keep_preference(conn, caller.instansi, employee_of(caller), chosen)
    return _told(chosen)


@router.get("/settings")
async def settings(caller: Hr, db: DbDep) -> Settings:
    """What the instansi chose."""
    async with db.transaction(caller.instansi) as conn:
        return _settings(await setting_of(conn, caller.instansi))


@router.put("/settings")
async def set_up(body: Settings, caller: Hr, db: DbDep) -> Settings:
    """Replace what the instansi chose."""
    async with db.transaction(caller.instansi) as conn:
        unknown = set(body.hr_contacts) - await known_employees(conn, caller.instansi, body.hr_contacts)
        if unknown:
            raise UnknownEmployee(
                "Pakai id pegawai aktif dari instansi ini. / Use ids of active employees of this instansi.",
                unknown=sorted(str(id) for id in unknown),
            )
        await keep_setting(conn, caller.instansi, body.notify_imports, body.hr_contacts, caller.employee)
        return _settings(await setting_of(conn, caller.instansi))


def _told(chosen: Preference) -> Preferences:
    start, end = chosen.quiet_from, chosen.quiet_to
    quiet = QuietHours(start=start, end=end) if start is not None and end is not None else None
    return Preferences(language=chosen.language, mail=chosen.mail, quiet_hours=quiet)


def _settings(chosen: Setting) -> Settings:
    return Settings(notify_imports=chosen.notify_imports, hr_contacts=list(chosen.hr_contacts))
