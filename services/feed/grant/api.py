"""HTTP of grants: which outside system may have which event types; and which types there are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from services.feed.event_types import checked_types, with_markers
from services.feed.grant import store
from services.feed.hears_directory.handlers import demand_known
from shared.contracts.base import PREFIX
from shared.web.auth import Caller, requires
from shared.web.edge import DbDep
from shared.web.fields import Body
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["grants"])

Hr = Annotated[Caller, Depends(requires("hr"))]
#: Who may have events at all.
Reader = Annotated[Caller, Depends(requires("hr", "auditor", "system"))]
System = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}$", description="`sub` of its tokens")]


class Types(Body):
    """Event types, in full (`id.go.kinerja.…`) or without that beginning."""

    types: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=200)]


class Grant(BaseModel):
    """What one system may have."""

    system: str
    types: list[str]


class EventTypes(BaseModel):
    """The event types the caller may have, as CloudEvents name them."""

    types: list[str]


@router.get("/event-types")
async def event_types(caller: Reader, db: DbDep) -> EventTypes:
    """The event types the caller may pull and be pushed."""
    async with db.transaction(caller.instansi) as conn:
        return EventTypes(types=[f"{PREFIX}.{each}" for each in await store.granted(conn, caller)])


@router.get("/grants")
async def grants(caller: Hr, db: DbDep, asked: PagingDep) -> Page[Grant]:
    """Which systems may have which event types of the instansi."""
    after = asked.after(str)
    async with db.transaction(caller.instansi) as conn:
        rows = await store.listed(conn, caller.instansi, after[0] if after else "", asked.limit + 1)
    page = asked.page(rows, lambda row: (row[0],))
    return Page(items=[_told(*row) for row in page.items], next=page.next)


@router.put("/grants/{system}")
async def grant(system: System, body: Types, caller: Hr, db: DbDep) -> Grant:
    """Let a system have exactly these types, and the markers of restored records; what it is pushed follows at once."""
    types = with_markers(checked_types(body.types))
    async with db.transaction(caller.instansi) as conn:
        await demand_known(conn, caller.instansi)
        await store.put(conn, caller.instansi, system, types, caller.id)
    return _told(system, types)


@router.delete("/grants/{system}", status_code=204)
async def revoke(system: System, caller: Hr, db: DbDep) -> None:
    """Let a system have nothing any more; again changes nothing."""
    async with db.transaction(caller.instansi) as conn:
        await store.remove(conn, caller.instansi, system)


def _told(system: str, types: list[str]) -> Grant:
    return Grant(system=system, types=[f"{PREFIX}.{each}" for each in types])
