"""One's own notices, read in one's own language."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notification.notice import view
from services.notification.notice.catalogue import Language, render
from services.notification.notice.view import Shown
from services.notification.preference.store import preference_of
from shared.errors import NotFound
from shared.web.auth import Caller, CallerDep, employee_of, requires
from shared.web.edge import DbDep
from shared.web.messages import language
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["notices"])

MOST_IDS = 500


class Notice(BaseModel):
    """A notice with its text; people in it are unnamed there, their ids are in `params`."""

    id: UUID
    event: UUID
    template: str
    subject: str
    text: str
    params: dict[str, Any]
    created_at: datetime
    read_at: datetime | None


class Count(BaseModel):
    """How many notices are unread."""

    unread: int


class Marked(BaseModel):
    """A notice that is read, and since when."""

    id: UUID
    read_at: datetime


class ToMark(BaseModel):
    """Either some notices or all that are unread."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_IDS)
    all: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.all == (self.ids is not None):
            raise ValueError("Kirim ids atau all, salah satu saja. / Send either ids or all.")
        return self


class MarkedMany(BaseModel):
    """How many notices are read now, and which of the ids are none of one's own."""

    read: int
    unknown: list[UUID]


@router.get("/notices")
async def notices(
    request: Request,
    caller: CallerDep,
    db: DbDep,
    asked: PagingDep,
    unread: Annotated[bool, Query(description="only those not read yet")] = False,
) -> Page[Notice]:
    """One's own notices, the newest first."""
    person = employee_of(caller)
    seen: Any = asked.after(datetime, UUID)
    async with db.transaction(caller.instansi) as conn:
        chosen = (await preference_of(conn, caller.instansi, person)).language
        rows = await view.inbox(conn, caller.instansi, person, unread=unread, after=seen, limit=asked.limit + 1)
    wanted = _language(request, chosen)
    page = asked.page(rows, lambda row: (row.created_at, row.id))
    return Page(items=[_written(row, wanted) for row in page.items], next=page.next)


@router.get("/notices/unread-count")
async def unread_count(caller: CallerDep, db: DbDep) -> Count:
    """How many of one's own notices are unread."""
    async with db.transaction(caller.instansi) as conn:
        return Count(unread=await view.unread_count(conn, caller.instansi, employee_of(caller)))


@router.post("/notices/{notice}/read")
async def mark_one(notice: UUID, caller: CallerDep, db: DbDep) -> Marked:
    """Mark one of one's own notices as read; again changes nothing."""
    async with db.transaction(caller.instansi) as conn:
        marked = await view.mark_read(conn, caller.instansi, employee_of(caller), [notice])
    if notice not in marked:
        raise NotFound("Pemberitahuan ini tidak ada pada Anda. / You have no such notice.", notice=str(notice))
    return Marked(id=notice, read_at=marked[notice])


@router.post("/notices/read")
async def mark_many(body: ToMark, caller: CallerDep, db: DbDep) -> MarkedMany:
    """Mark some (up to 500) or all of one's own notices as read."""
    async with db.transaction(caller.instansi) as conn:
        marked = await view.mark_read(conn, caller.instansi, employee_of(caller), body.ids)
    return MarkedMany(read=len(marked), unknown=sorted(set(body.ids or ()) - marked.keys()))


@router.get("/statistics")
async def statistics(
    caller: Annotated[Caller, Depends(requires("hr", "auditor", "system"))], db: DbDep
) -> dict[str, Any]:
    """How many notices and mails there are in the instansi, and what is owed."""
    async with db.transaction(caller.instansi) as conn:
        return await view.statistics(conn, caller.instansi)


def _language(request: Request, chosen: Language) -> Language:
    """That of the Accept-Language header where it names one of ours, else what the person chose."""
    accept = request.headers.get("accept-language", "")
    named = {choice.partition(";")[0].strip().lower().split("-")[0] for choice in accept.split(",")}
    return language(accept) if named & {"id", "en"} else chosen


def _written(row: Shown, wanted: Language) -> Notice:
    text = render(row.template, row.params, wanted)
    return Notice(
        id=row.id,
        event=row.event,
        template=row.template,
        subject=text.subject,
        text=text.body,
        params=row.params,
        created_at=row.created_at,
        read_at=row.read_at,
    )
