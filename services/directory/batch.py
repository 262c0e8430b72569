"""Carrying out a batch: each item accepted or refused by itself; the same batch again changes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.rules.plan import Plan, Said, settle, status_of
from services.directory.rules.records import Employee, Known, Record
from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.web.batch import Batch, unreadable
from shared.web.problem import refused_item


class Results(BaseModel):
    """One result for each item, in their order: `{index, id, status: created|changed|unchanged}`, or for a refused one
    `{index, id: null, code, field, status: <http status>, title, detail}`."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    results: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Planned:
    """What shall become of a batch: the records of each item, the one it is about first, beside what was known."""

    known: Known
    records: Mapping[int, tuple[Record, ...]]
    refused: Mapping[int, Refusal]


Planner = Callable[[AsyncConnection, str, Mapping[int, Said]], Awaitable[Planned]]


def settled(known: Known, items: Mapping[int, Said], plan: Callable[[Mapping[int, Said]], Plan[Any]]) -> Planned:
    """A plan in which no item leans on a refused one."""

    def attempt(live: Mapping[int, Said]) -> tuple[Mapping[int, Record], Mapping[int, Refusal]]:
        made = plan(live)
        return made.records, made.refused

    records, refused = settle(items, attempt)
    return Planned(known, {index: (record,) for index, record in records.items()}, refused)


async def carry_out(
    request: Request,
    db: Database,
    context: Context,
    body: Batch,
    read: Callable[[Any], Said],
    plan: Planner,
    dry_run: bool,
) -> Results:
    """Read each item, plan the whole in one transaction, record what is new or changed, and say what became of each.

    `read` turns a raw item into what it says; it raises ValidationError or a Refusal.
    """
    items, unreadable = _read(request, body, read)

    async def work(conn: AsyncConnection) -> Planned:
        await store.hold(conn, context.instansi)
        planned = await plan(conn, context.instansi, items)
        if not dry_run:
            changed = (r for records in planned.records.values() for r in records if planned.known.before(r) != r)
            await store.write(conn, context, changed)
        return planned

    planned = await db.run(work, context.instansi)
    refused = {**unreadable, **planned.refused}
    results = [
        _refused(request, index, refused[index])
        if index in refused
        else _accepted(index, planned.known, planned.records[index], dry_run)
        for index in range(len(body.items))
    ]
    statuses = [result["status"] for result in results]
    return Results(
        created=statuses.count("created"),
        changed=statuses.count("changed"),
        unchanged=statuses.count("unchanged"),
        refused=len(refused),
        results=results,
    )


def _read(request: Request, body: Batch, read: Callable[[Any], Said]) -> tuple[dict[int, Said], dict[int, Refusal]]:
    items: dict[int, Said] = {}
    refused: dict[int, Refusal] = {}
    for index, item in enumerate(body.items):
        try:
            items[index] = read(item)
        except ValidationError as error:
            refused[index] = unreadable(request, error)
        except Refusal as refusal:
            refused[index] = refusal
    return items, refused


def _accepted(index: int, known: Known, records: tuple[Record, ...], dry_run: bool) -> dict[str, Any]:
    main, *others = records
    status = status_of(known, main, tuple(others))
    # In a dry run a new person has no id yet; those of other records derive from their codes.
    unknown = dry_run and status == "created" and isinstance(main, Employee)
    return {"index": index, "id": None if unknown else str(main.id), "status": status}


def _refused(request: Request, index: int, refusal: Refusal) -> dict[str, Any]:
    return {"index": index, "id": None, **refused_item(request, refusal)}
