"""Several at once: what one does not see yet, the other must."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import text

from services.training.app import SERVICE
from services.training.course.catalogue import CourseBody, write
from services.training.hears_appraisal.handlers import GAPS
from services.training.need.proof import prove_needs
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.messaging.delivery import deliver
from shared.operations.rebuild import prove, rebuild
from tests.training.world import MEDAN, gap, person

ANI = person("Ani")
CONTEXT = Context(
    instansi=MEDAN, actor=None, role="system", now=datetime(2026, 3, 2, 3, tzinfo=UTC), correlation_id="test"
)


def course(competency: str) -> CourseBody:
    return CourseBody(code=competency, title="T", provider="P", kind="klasikal", jp=8, competencies={competency: 3})


async def items(db: Database) -> list[Any]:
    async with db.transaction() as conn:
        [found] = (await conn.execute(text("SELECT items FROM development_plan"))).scalars()
    return list(found)


async def test_gaps_of_one_person_heard_at_once_all_get_into_the_plan(worker: Database) -> None:
    await asyncio.gather(*(deliver(worker, GAPS, [gap(ANI, f"k{n}", 1)]) for n in range(8)))
    assert sorted(item["competency"] for item in await items(worker)) == [f"k{n}" for n in range(8)]
    assert await prove_needs(worker) == []


async def test_a_gap_and_its_course_that_come_at_once_meet(worker: Database) -> None:
    for n in range(5):
        await asyncio.gather(
            deliver(worker, GAPS, [gap(ANI, f"k{n}", 1)]),
            worker.run(partial(write, context=CONTEXT, courses=[course(f"k{n}")], by="hr", dry_run=False)),
        )
    assert [item["course"] is not None for item in await items(worker)] == [True] * 5


async def test_rows_equal_the_record_and_a_damaged_plan_is_noticed_and_rebuilt(worker: Database) -> None:
    await deliver(worker, GAPS, [gap(ANI, "komunikasi", 1), gap(person("Tono"), "komunikasi", 1)])
    async with worker.transaction() as conn:
        await conn.execute(text("DELETE FROM outbox"))
    assert await prove(worker, SERVICE.slices) == []
    async with worker.transaction() as conn:
        await conn.execute(text("UPDATE development_plan SET items = '[]' WHERE employee = :ani"), {"ani": ANI})
    assert len(await prove(worker, SERVICE.slices)) == 1
    assert [difference.what for difference in await prove_needs(worker)] == ["is in no plan"]
    for slice_ in SERVICE.slices:
        await rebuild(worker, slice_)
    assert await prove(worker, SERVICE.slices) == []
    assert await prove_needs(worker) == []
