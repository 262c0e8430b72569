"""The verification queue: what waits for me."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.activity.entry.queue import waiting_days, waiting_entries
from shared.contracts.base import Amount
from shared.people.queries import known_rules
from shared.web.auth import CallerDep, Role, employee_of
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Day
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["verification"])


class WaitingEntry(BaseModel):
    """An entry to decide about; the decision names its version. `description` is cut after 120 characters."""

    id: UUID
    version: int
    indicator: UUID | None
    quantity: Amount
    minutes: int | None
    activity: str | None
    late: bool
    description: str | None


class WaitingDay(BaseModel):
    """One day of one person; `items` only where a person or a day was asked for, at most 500 in an answer."""

    day: date
    entries: int
    minutes: int
    late: int
    items: list[WaitingEntry] | None = None


class WaitingPerson(BaseModel):
    """Somebody whose work waits."""

    employee: UUID
    entries: int
    days: list[WaitingDay]


@router.get("/verification-queue", response_model_exclude_none=True)
async def verification_queue(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    person: UUID | None = None,
    day: Annotated[Day | None, Query(description="all people's entries of one day")] = None,
) -> Page[WaitingPerson]:
    """What waits for the caller, by person and day; with `person` or `day` also the entries themselves."""
    me, hr = employee_of(caller), Role.HR in caller.roles
    after = paging.after(UUID)
    async with db.transaction(caller.instansi) as conn:
        today = (await known_rules(conn, caller.instansi)).local_date(context.now)
        days = await waiting_days(conn, caller.instansi, me, hr, today, person, day)
        people = [list(rows) for _, rows in groupby(days, key=lambda row: row[0])]
        people = [rows for rows in people if after is None or rows[0][0] > after[0]][: paging.limit + 1]
        detailed = person is not None or day is not None
        shown = [row for rows in people for row in rows]
        entries = await waiting_entries(conn, caller.instansi, shown) if detailed else []
    items: defaultdict[Any, list[WaitingEntry]] = defaultdict(list)
    for row in entries:
        items[row[0], row[1]].append(_entry(row))
    found = [_person(rows, items if detailed else None) for rows in people]
    return paging.page(found, lambda waiting: (waiting.employee,))


def _person(rows: Sequence[Any], items: defaultdict[Any, list[WaitingEntry]] | None) -> WaitingPerson:
    days = [
        WaitingDay(
            day=row[1],
            entries=row[2],
            minutes=row[3],
            late=row[4],
            items=None if items is None else items[row[0], row[1]],
        )
        for row in rows
    ]
    return WaitingPerson(employee=rows[0][0], entries=sum(day.entries for day in days), days=days)


def _entry(row: Any) -> WaitingEntry:
    quantity: Decimal = row[5]
    return WaitingEntry(
        id=row[2],
        version=row[3],
        indicator=row[4],
        quantity=quantity,
        minutes=row[6],
        activity=row[7],
        late=row[8],
        description=row[9],
    )
