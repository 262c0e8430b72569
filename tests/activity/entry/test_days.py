"""Which day and period it is when somebody logs: in the zone of the instansi, to the minute."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.activity.entry import intake
from services.activity.entry.bodies import LoggedEntry
from services.activity.entry.run import Result
from shared.errors import Refusal
from shared.eventstore.decider import Context
from shared.ids import new_id
from tests.activity.conftest import Activity
from tests.activity.people import SITI, instansi

_numbers = iter(range(1000))


async def log(activity: Activity, now: str, day: str) -> Result | Refusal:
    """An entry for `day`, received at `now` (UTC)."""
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    context = Context(instansi="medan", actor=SITI, role="staff", now=at, correlation_id="test")
    id: UUID = new_id(at, next(_numbers).to_bytes(10))
    item = LoggedEntry(id=id, day=date.fromisoformat(day), quantity=Decimal(1))
    [done] = await activity.api.run(lambda conn: intake.log(conn, [intake.Claim(context, SITI, item)]), "medan")
    return done


async def outcome(activity: Activity, now: str, day: str) -> tuple[str, bool] | str:
    """The period and lateness of what was logged, or the code of the refusal."""
    done = await log(activity, now, day)
    if isinstance(done, Refusal):
        return done.code
    if done.refusal is not None:
        return done.refusal.code
    assert done.state is not None
    return done.state.period, done.state.late


@pytest.mark.parametrize(
    ("zone", "now", "day", "expected"),
    [
        # Ten minutes before midnight a phone may be in the next day already; eleven are too many.
        ("WIB", "2026-03-31 16:50", "2026-04-01", ("2026-04", False)),
        ("WIB", "2026-03-31 16:49", "2026-04-01", "future-date"),
        ("WITA", "2026-03-31 15:50", "2026-04-01", ("2026-04", False)),
        ("WITA", "2026-03-31 15:49", "2026-04-01", "future-date"),
        ("WIT", "2026-03-31 14:50", "2026-04-01", ("2026-04", False)),
        ("WIT", "2026-03-31 14:49", "2026-04-01", "future-date"),
        # Late in the evening of Jayapura it is still March in UTC and already April there.
        ("WIT", "2026-03-31 15:30", "2026-04-01", ("2026-04", False)),
        ("WIT", "2026-03-31 15:30", "2026-03-31", ("2026-03", False)),
        # A leap day, and the year after one that has it.
        ("WIB", "2028-02-29 05:00", "2028-02-29", ("2028-02", False)),
        ("WIB", "2028-02-29 16:55", "2028-03-01", ("2028-03", False)),
        ("WIB", "2028-12-31 17:00", "2029-01-01", ("2029-01", False)),
    ],
)
async def test_the_day_turns_at_midnight_of_the_instansi_with_ten_minutes_leeway(
    activity: Activity, zone: str, now: str, day: str, expected: tuple[str, bool] | str
) -> None:
    names = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
    await activity.hear(instansi(version=2, zone=names[zone]))
    assert await outcome(activity, now, day) == expected


@pytest.mark.parametrize(
    ("day", "period"),
    [("2026-03-31", "2026-Q1"), ("2026-04-01", "2026-Q2"), ("2025-12-31", "2025-Q4"), ("2026-01-01", "2026-Q1")],
)
async def test_quarters_begin_in_january_april_july_and_october(activity: Activity, day: str, period: str) -> None:
    await activity.hear(instansi(version=2, period_kind="quarter"))
    done = await outcome(activity, "2026-04-02 05:00", day)
    assert done[0] == period


async def test_lateness_is_judged_by_the_day_of_receipt_in_the_zone_of_the_instansi(activity: Activity) -> None:
    # Friday 6 March 2026; one working day later is Monday 9 March, which in Jayapura ends at 15:00 UTC.
    await activity.hear(instansi(version=2, zone="Asia/Jayapura", late_after_working_days=1))
    assert await outcome(activity, "2026-03-09 14:59", "2026-03-06") == ("2026-03", False)
    assert await outcome(activity, "2026-03-09 15:00", "2026-03-06") == ("2026-03", True)
