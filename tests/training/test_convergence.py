"""Any order, any repetition, any split of what is heard: the same needs, the same plans, the same enrolments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.training.course.catalogue import CourseBody, write
from services.training.development_plan.carry_out import approve
from services.training.development_plan.decider import Approve, NoCourseYet
from services.training.development_plan.view import DevelopmentPlanRow
from services.training.hears_appraisal.handlers import GAPS
from services.training.listing import one
from services.training.need.proof import prove_needs
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from tests.training.world import gap, person

COMPETENCIES = {"komunikasi": 3, "tim": 3, "hukum": 4}
COURSES = [
    CourseBody(code="A", title="A", provider="P", kind="klasikal", jp=16, competencies={"komunikasi": 3, "tim": 2}),
    CourseBody(code="B", title="B", provider="P", kind="klasikal", jp=8, competencies={"komunikasi": 2, "tim": 3}),
    CourseBody(code="C", title="C", provider="P", kind="klasikal", jp=40, competencies={"komunikasi": 4, "tim": 4}),
]
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """One version of one gap, before it belongs to an instansi."""

    who: str
    competency: str
    version: int
    found: bool
    opened: int
    required: int
    since: date

    def message(self, instansi: str) -> Received[Any]:
        return gap(
            person(self.who),
            self.competency,
            self.version,
            found=self.found,
            opened=self.opened,
            required=self.required,
            since=self.since,
            instansi=instansi,
        )


@st.composite
def histories(draw: st.DrawFn) -> list[Heard]:
    """What appraisal told of some gaps, in the order it told it: each opens, changes, closes and may open again."""
    told: list[Heard] = []
    keys = st.tuples(st.sampled_from(["Ani", "Tono"]), st.sampled_from(sorted(COMPETENCIES)))
    for who, competency in draw(st.lists(keys, unique=True, min_size=1, max_size=4)):
        opened, is_open = 0, False
        for version in range(1, draw(st.integers(1, 5)) + 1):
            found = draw(st.booleans())
            opened += found and not is_open
            is_open = found
            since = date(2025 if opened == 1 and who == "Tono" else 2026, 1, opened + 1)
            required = draw(st.integers(2, 4))
            told.append(Heard(who, competency, version, found, opened, required, since))
    return told


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Heard], list[list[Heard]], int]:
    """A history, the same in batches of any order with repetitions, and after which batch the catalogue arrives."""
    told = draw(histories())
    repeated = draw(st.lists(st.sampled_from(told), max_size=4))
    shuffled = draw(st.permutations(told + repeated))
    batches: list[list[Heard]] = []
    while shuffled:
        size = draw(st.integers(1, len(shuffled)))
        batches.append(list(shuffled[:size]))
        shuffled = shuffled[size:]
    return told, batches, draw(st.integers(0, len(batches)))


_numbers = count(1)


async def outcome(db: Database, batches: Sequence[Sequence[Heard]], catalogue_after: int) -> dict[str, Any]:
    """What an instansi of its own holds in the end, without the ids that belong to it."""
    instansi = f"kota-{next(_numbers)}"
    context = Context(instansi=instansi, actor=None, role="system", now=NOW, correlation_id="test")
    for number, batch in enumerate([[], *batches]):
        if number:
            await deliver(db, GAPS, [heard.message(instansi) for heard in batch])
        if number == catalogue_after:
            await db.run(lambda conn: write(conn, context, COURSES, "hr", False))
    before = await held(db, instansi)
    await approve_all(db, context)
    return {"heard": before, "approved": await held(db, instansi)}


async def approve_all(db: Database, context: Context) -> None:
    async with db.transaction() as conn:
        sql = text("SELECT id FROM development_plan WHERE instansi = :i AND status = 'proposed' ORDER BY id")
        plans = list((await conn.execute(sql, {"i": context.instansi})).scalars())
    for plan in plans:
        async with db.transaction() as conn:
            row = await one(conn, DevelopmentPlanRow, context.instansi, plan)
            try:
                await approve(conn, context, plan, set(), Approve(person("Budi")), row["version"])
            except NoCourseYet:
                continue


async def held(db: Database, instansi: str) -> dict[str, list[Any]]:
    codes = "(SELECT code FROM course c WHERE c.instansi = t.instansi AND c.id::text = {})"
    asked = {
        "needs": "SELECT gap, id, open, required FROM need t WHERE instansi = :i ORDER BY gap",
        "plans": f"""
            SELECT employee, year, item->>'need', item->>'status', {codes.format("item->>'course'")}
            FROM development_plan t, jsonb_array_elements(items) item
            WHERE instansi = :i AND item->>'status' <> 'ended' ORDER BY 1, 2, 3
        """,
        "enrolments": f"""
            SELECT employee, needs, competencies, status, {codes.format("t.course::text")}
            FROM enrolment t WHERE instansi = :i ORDER BY 1, 2
        """,
    }
    async with db.transaction() as conn:
        return {
            name: [tuple(row) for row in (await conn.execute(text(sql), {"i": instansi})).all()]
            for name, sql in asked.items()
        }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries())
async def test_any_order_repetition_and_split_leads_to_the_same(
    worker: Database, delivery: tuple[list[Heard], list[list[Heard]], int]
) -> None:
    told, batches, catalogue_after = delivery
    expected = await outcome(worker, [[heard] for heard in told], 0)
    assert await outcome(worker, batches, catalogue_after) == expected
    newest = {(heard.who, heard.competency): heard for heard in told}
    open_now = {person(heard.who): 0 for heard in told}
    for heard in newest.values():
        open_now[person(heard.who)] += heard.found
    planned = [row[0] for row in expected["heard"]["plans"]]
    assert {who: planned.count(who) for who in open_now} == open_now, "each open gap is planned for once"
    assert await prove_needs(worker) == []


async def test_a_gap_that_closed_before_it_was_heard_of_leaves_no_need(worker: Database) -> None:
    for version in (2, 1):
        await deliver(worker, GAPS, [gap(person("Ani"), "komunikasi", version, found=version == 1)])
    async with worker.transaction() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM need WHERE open"))).scalar_one() == 0
        assert (await conn.execute(text("SELECT count(*) FROM events"))).scalar_one() == 0


async def test_versions_after_a_restore_are_newer_than_those_before(worker: Database) -> None:
    await deliver(worker, GAPS, [gap(person("Ani"), "komunikasi", 9, found=False)])
    await deliver(worker, GAPS, [gap(person("Ani"), "komunikasi", 1, epoch=2)])
    await deliver(worker, GAPS, [gap(person("Ani"), "komunikasi", 8, found=False)])
    async with worker.transaction() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM need WHERE open"))).scalar_one() == 1
