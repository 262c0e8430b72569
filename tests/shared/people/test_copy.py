"""A service's copy of the directory: any order, any repetition, the newest version wins; and the questions it answers."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.directory import (
    AssignmentChanged,
    EmployeeChanged,
    EmployeeKind,
    InstansiChanged,
    Policy,
    PositionChanged,
    UnitChanged,
)
from shared.errors import Forbidden
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from shared.people import queries
from shared.people.authority import Authority
from shared.people.hear import directory_subscription
from shared.people.sight import check_in_sight, in_sight
from shared.testing.infrastructure import Databases
from shared.web.auth import Caller, EmployeeRequired, Role

CAMAT, STAFF, BUPATI, ACTING = (UUID(int=n) for n in range(1, 5))
CITY, DISTRICT = UUID(int=10), UUID(int=11)
CHAIR, DESK = UUID(int=20), UUID(int=21)
JANUARY, MARCH, TODAY = date(2026, 1, 1), date(2026, 3, 10), date(2026, 6, 10)

POLICY = Policy(
    version=1,
    period_kind="month",
    late_after_working_days=2,
    verification_grace_working_days=5,
    gap_threshold_percent=Decimal(70),
    score_above_percent=Decimal(110),
    score_meets_percent=Decimal(90),
    achievement_cap_percent=Decimal(120),
    daily_summary_at="16:00",
)


def told(source: UUID, data: Any, version: int = 1) -> Received[Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Received(
        event_id=UUID(int=source.int * 100 + version),
        instansi="medan",
        source=source,
        epoch=1,
        version=version,
        occurred_at=at,
        recorded_at=at,
        origin="person",
        correlation_id="test",
        data=data,
    )


def placed(
    number: int, who: UUID, position: UUID, superior: UUID | None, *, kind: Any = "definitif", end: date | None = None
) -> AssignmentChanged:
    return AssignmentChanged(
        assignment=UUID(int=number),
        employee=who,
        unit=DISTRICT,
        position=position,
        superior=superior,
        kind=kind,
        valid_from=JANUARY,
        valid_to=end,
    )


def person(who: UUID, kind: EmployeeKind = "PNS", active: bool = True) -> Received[Any]:
    return told(who, EmployeeChanged(employee=who, kind=kind, active=active))


MESSAGES = [
    told(UUID(int=99), InstansiChanged(zone="Asia/Jakarta", first_day=JANUARY, holidays=(MARCH,), policy=POLICY)),
    told(CITY, UnitChanged(unit=CITY, code="kota", parent=None, head_position=None)),
    told(DISTRICT, UnitChanged(unit=DISTRICT, code="marelan", parent=CITY, head_position=None)),
    told(DISTRICT, UnitChanged(unit=DISTRICT, code="marelan", parent=CITY, head_position=CHAIR), 2),
    told(
        CHAIR,
        PositionChanged(position=CHAIR, code="camat", kind="JA", level="administrator", requires={"komunikasi": 3}),
    ),
    told(DESK, PositionChanged(position=DESK, code="staf", kind="JF", level="terampil", requires={})),
    *(person(who) for who in (CAMAT, STAFF, ACTING)),
    person(BUPATI, "NON_ASN"),
    told(UUID(int=30), placed(30, CAMAT, CHAIR, BUPATI)),
    told(UUID(int=31), placed(31, STAFF, DESK, BUPATI)),
    told(UUID(int=31), placed(31, STAFF, DESK, CAMAT), 2),
    told(UUID(int=32), placed(32, ACTING, DESK, CAMAT)),
    told(UUID(int=33), placed(33, ACTING, CHAIR, BUPATI, kind="plh")),
]


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    made = Database(databases("training").url("worker"))
    yield made
    await made.close()


async def hear(db: Database, messages: list[Received[Any]]) -> None:
    for part in (messages[:5], messages[5:]):
        await deliver(db, directory_subscription("training"), part)


async def dump(db: Database) -> list[Any]:
    async with db.transaction() as conn:
        tables = ("instansi", "unit", "position", "employee", "assignment")
        return [
            await fetch(conn, f"SELECT to_jsonb(t) FROM heard_{table} t ORDER BY to_jsonb(t)::text") for table in tables
        ]


async def test_any_order_and_repetition_gives_the_same_copy(db: Database) -> None:
    await hear(db, MESSAGES)
    once = await dump(db)
    assert [len(rows) for rows in once] == [1, 2, 2, 4, 4]
    await hear(db, list(reversed(MESSAGES)))
    await hear(db, MESSAGES[::2] + MESSAGES)
    assert await dump(db) == once
    [(staff,)] = [row for row in once[4] if row[0]["id"] == str(UUID(int=31))]
    assert (staff["superior"], staff["version"]) == (str(CAMAT), 2)


async def test_the_copy_answers_who_judges_whom(db: Database) -> None:
    await hear(db, MESSAGES)
    async with db.transaction() as conn:
        pairs = [(STAFF, MARCH), (CAMAT, MARCH), (ACTING, MARCH), (UUID(int=77), MARCH)]
        found = await queries.authorities(conn, "medan", pairs, TODAY)
        assert {pair[0]: answer.verifiers for pair, answer in found.items()} == {
            STAFF: {CAMAT, ACTING},
            CAMAT: {BUPATI},
            ACTING: {CAMAT},
            UUID(int=77): frozenset[UUID](),
        }
        assert [found[pair].hr_may for pair in pairs] == [False, False, False, True]
        assert await queries.reports_of(conn, "medan", CAMAT, TODAY) == [STAFF, ACTING]
        assert await queries.reports_of(conn, "medan", ACTING, TODAY) == [STAFF]
        assert await queries.reports_of(conn, "medan", STAFF, TODAY) == []
        assert await queries.reports_of(conn, "jambi", CAMAT, TODAY) == []
        assert await queries.superior_of(conn, "medan", [STAFF, BUPATI], TODAY) == {STAFF: CAMAT, BUPATI: None}


async def test_the_copy_answers_who_is_here_and_what_they_lead(db: Database) -> None:
    await hear(db, MESSAGES)
    await hear(db, [told(STAFF, EmployeeChanged(employee=STAFF, kind="PNS", active=False), 2)])
    async with db.transaction() as conn:
        assert await queries.known_employees(conn, "medan", [CAMAT, STAFF, UUID(int=77)]) == {CAMAT}
        assert await queries.assigned(conn, "medan", MARCH, MARCH) == [CAMAT, ACTING]
        assert await queries.assigned(conn, "medan", date(2025, 1, 1), date(2025, 12, 31)) == []
        assert await queries.led_units(conn, "medan", CAMAT, TODAY) == [DISTRICT]
        assert set(await queries.units_below(conn, "medan", [CITY])) == {CITY, DISTRICT}


async def test_a_superior_who_is_no_longer_active_leaves_the_judging_to_hr(db: Database) -> None:
    await hear(db, MESSAGES)
    await hear(db, [told(BUPATI, EmployeeChanged(employee=BUPATI, kind="NON_ASN", active=False), 2)])
    async with db.transaction() as conn:
        found = await queries.authorities(conn, "medan", [(CAMAT, MARCH), (STAFF, MARCH)], TODAY)
        assert found[CAMAT, MARCH] == Authority(frozenset(), True, BUPATI)
        assert found[STAFF, MARCH].verifiers == {CAMAT, ACTING}
        assert await queries.reports_of(conn, "medan", BUPATI, TODAY) == []


def caller(employee: UUID | None, *roles: Role) -> Caller:
    return Caller("medan", employee, frozenset(roles), "token")


#: Whom each sees: oneself, whose work they judge, and as a leader everybody in the units they head.
SIGHT: list[tuple[Caller, set[UUID] | None]] = [
    (caller(STAFF, Role.STAFF), {STAFF}),
    (caller(STAFF, Role.LEADER), {STAFF}),
    (caller(ACTING, Role.STAFF), {ACTING, STAFF}),
    (caller(ACTING, Role.LEADER), {ACTING, STAFF, CAMAT}),
    (caller(CAMAT, Role.STAFF), {CAMAT, STAFF, ACTING}),
    (caller(BUPATI, Role.STAFF), {BUPATI, CAMAT}),
    *((caller(STAFF, role), None) for role in (Role.HR, Role.AUDITOR)),
    (caller(None, Role.SYSTEM), None),
]


@pytest.mark.parametrize(("who", "seen"), SIGHT)
async def test_everybody_sees_exactly_whom_they_may(db: Database, who: Caller, seen: set[UUID] | None) -> None:
    await hear(db, MESSAGES)
    async with db.transaction() as conn:
        assert await in_sight(conn, who, TODAY) == seen
        for person in (CAMAT, STAFF, BUPATI, ACTING):
            if seen is None or person in seen:
                await check_in_sight(conn, who, person, TODAY)
            else:
                with pytest.raises(Forbidden):
                    await check_in_sight(conn, who, person, TODAY)


async def test_who_may_judge_the_work_of_a_day_may_read_about_it(db: Database) -> None:
    gone, moved = placed(31, STAFF, DESK, CAMAT, end=MARCH), placed(34, STAFF, DESK, BUPATI)
    await hear(db, MESSAGES)
    await hear(db, [told(UUID(int=31), gone, 3), told(UUID(int=34), moved.model_copy(update={"valid_from": TODAY}))])
    async with db.transaction() as conn:
        await check_in_sight(conn, caller(CAMAT, Role.STAFF), STAFF, TODAY, MARCH)
        with pytest.raises(Forbidden):
            await check_in_sight(conn, caller(CAMAT, Role.STAFF), STAFF, TODAY)


async def test_a_token_without_an_employee_sees_nobody(db: Database) -> None:
    await hear(db, MESSAGES)
    async with db.transaction() as conn:
        with pytest.raises(EmployeeRequired):
            await in_sight(conn, caller(None, Role.LEADER), TODAY)


async def test_the_rules_of_an_instansi_judge_lateness_in_its_own_calendar(db: Database) -> None:
    await hear(db, MESSAGES)
    async with db.transaction() as conn:
        rules = await queries.instansi_rules(conn, "medan")
        assert await queries.instansi_rules(conn, "jambi") is None
    assert rules is not None
    # Monday 9 March; the 10th is a holiday, so the second working day after it is Thursday the 12th, 24:00 WIB.
    monday = date(2026, 3, 9)
    assert rules.punctual_until(monday) == date(2026, 3, 12)
    assert rules.local_date(datetime(2026, 3, 12, 16, 59, tzinfo=UTC)) == date(2026, 3, 12)
    assert rules.local_date(datetime(2026, 3, 12, 17, 0, tzinfo=UTC)) == date(2026, 3, 13)
    assert str(rules.period_of(monday)) == "2026-03"
