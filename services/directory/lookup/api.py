"""Names, numbers and addresses for other systems: every request leaves a row that says who asked, why, and for whom."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.fields import NipText, OutsideRef
from services.directory.reading import dicts
from shared.errors import Forbidden
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.ids import fresh_id
from shared.web.auth import Caller, CallerDep, Role, requires
from shared.web.edge import AnytimeDbDep, ContextDep, DbDep
from shared.web.fields import Body
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["lookup"])

LIMIT = 500
SystemDep = Annotated[Caller, Depends(requires("system"))]
#: A code such as `import-activity`, not a text: it is kept for ever.
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,63}$")]


class LookupIn(Body):
    """Whom to look up: by NIP, outside id or opaque id, 500 in all."""

    purpose: Purpose
    nips: tuple[NipText, ...] = ()
    outside: tuple[OutsideRef, ...] = ()
    ids: tuple[UUID, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not 0 < len(self.nips) + len(self.outside) + len(self.ids) <= LIMIT:
            raise ValueError(f"Minta 1 sampai {LIMIT} orang sekaligus. / Ask for 1 to {LIMIT} people at once.")
        return self


class Found(Body):
    """A person's opaque id and what others call them."""

    id: UUID
    nip: str | None
    outside: dict[str, str]
    active: bool


class LookupOut(BaseModel):
    """Everybody who was found; `unknown` holds what is known of nobody."""

    people: list[Found]
    unknown: "Unknown"


class Unknown(BaseModel):
    """What was asked for and belongs to nobody of the instansi."""

    nips: list[str]
    outside: list[OutsideRef]
    ids: list[UUID]


class ContactsIn(BaseModel):
    """Whom to write to."""

    purpose: Purpose = "notification"
    ids: Annotated[list[UUID], Field(min_length=1, max_length=LIMIT)]


class Contact(BaseModel):
    """How a person is written to."""

    id: UUID
    name: str
    email: str | None
    language: str


class Contacts(BaseModel):
    """The people found; an id that is missing belongs to nobody active."""

    contacts: list[Contact]


class LookupRow(BaseModel):
    """One request for people's names, numbers or addresses."""

    id: UUID
    at: datetime
    caller: str
    action: str
    purpose: str
    asked: int
    employees: list[UUID]


@router.post("/employees/lookup")
async def lookup(body: LookupIn, context: ContextDep, caller: SystemDep, db: AnytimeDbDep) -> LookupOut:
    """NIPs and outside ids to opaque ids, and back."""
    nips = {nip: "".join(nip.split()) for nip in body.nips}
    names = store.Names(nips=set(nips.values()), ids=set(body.ids))
    names.outside = {(ref.system, ref.id) for ref in body.outside}

    async def work(conn: AsyncConnection) -> LookupOut:
        found = await store.employees_of(conn, context.instansi, names)
        asked = len(body.nips) + len(body.outside) + len(body.ids)
        await note(conn, context, caller, "lookup", body.purpose, asked, found)
        known_nips = {employee.nip for employee in found.values()}
        known_outside = {pair for employee in found.values() for pair in employee.outside.items()}
        return LookupOut(
            people=[Found(id=e.id, nip=e.nip, outside=dict(e.outside), active=e.active) for e in found.values()],
            unknown=Unknown(
                nips=[nip for nip, digits in nips.items() if digits not in known_nips],
                outside=[ref for ref in body.outside if (ref.system, ref.id) not in known_outside],
                ids=[id for id in body.ids if id not in found],
            ),
        )

    return await db.run(work, context.instansi)


@router.post("/contacts")
async def contacts(body: ContactsIn, context: ContextDep, caller: SystemDep, db: AnytimeDbDep) -> Contacts:
    """Name, e-mail and language of active people, for those who write to them."""
    sql = "SELECT id, name, email, language FROM employees WHERE instansi = $1 AND id = ANY($2::uuid[]) AND active ORDER BY id"

    async def work(conn: AsyncConnection) -> Contacts:
        rows = await dicts(conn, sql, context.instansi, body.ids)
        await note(conn, context, caller, "contacts", body.purpose, len(body.ids), [row["id"] for row in rows])
        return Contacts(contacts=[Contact(**row) for row in rows])

    return await db.run(work, context.instansi)


@router.get("/lookups")
async def get_lookups(
    context: ContextDep,
    caller: CallerDep,
    db: DbDep,
    paging: PagingDep,
    employee: Annotated[UUID | None, Query(description="only requests that concerned this person")] = None,
) -> Page[LookupRow]:
    """Who asked for whom, the newest first: all of it for auditors, and what concerned them for everybody."""
    if Role.AUDITOR not in caller.roles and (employee is None or employee != caller.employee):
        raise Forbidden("Hanya pengawas, atau tentang diri sendiri. / Only auditors, or about yourself.")
    after = paging.after(UUID)
    sql = """
        SELECT id, at, caller, action, purpose, asked, employees FROM lookups
        WHERE instansi = $1 AND ($2::uuid IS NULL OR employees @> ARRAY[$2::uuid]) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
    """
    async with db.transaction(context.instansi) as conn:
        rows = await dicts(conn, sql, context.instansi, employee, after[0] if after else None, paging.limit + 1)
    if Role.AUDITOR not in caller.roles:
        rows = [row | {"employees": [employee]} for row in rows]
    return paging.page([LookupRow(**row) for row in rows], lambda row: (row.id,))


async def note(
    conn: AsyncConnection,
    context: Context,
    caller: Caller,
    action: str,
    purpose: str,
    asked: int,
    employees: Collection[UUID],
) -> None:
    """Keep who did what with people's names, numbers or addresses, and why."""
    sql = """
        INSERT INTO lookups (instansi, id, caller, action, purpose, asked, employees)
        SELECT instansi, $2, $3, $4, $5, $6, $7 FROM instansi WHERE instansi = $1 RETURNING 1
    """
    values = (fresh_id(), caller.id, action, purpose, asked, sorted(employees))
    if not await fetch(conn, sql, context.instansi, *values):
        raise store.InstansiUnknown("Instansi belum terdaftar. / The instansi is not registered.")
