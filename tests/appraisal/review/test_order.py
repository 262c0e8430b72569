"""Any order, any duplication, any split into batches of the same messages: the same scores and the same open gaps."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.appraisal.app import SERVICE
from services.appraisal.period.close import close_periods, request
from shared.calendar import Period
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from tests.appraisal import world
from tests.appraisal.conftest import context, plan
from tests.appraisal.world import indicator, name

PEOPLE = ("sari", "budi", "tono")
PERIODS = ("2026-03", "2026-04")
INDICATORS = (
    indicator(target=20, competency="KOMUNIKASI"),
    indicator("visits", 5, measure="count"),
    indicator("counter", 90, measure="on_time_share", product="ktp"),
)
_codes = (f"p{n}" for n in count())

_REVIEWS = """
SELECT employee, period, state, percent, measured, not_measured, waiting, recommendation FROM review
WHERE instansi = $1 AND expected ORDER BY employee, period
"""
_GAPS = "SELECT employee, competency, required, level, causes FROM gap WHERE instansi = $1 AND open ORDER BY employee, competency"

entries = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(PEOPLE),
            "versions": st.lists(
                st.fixed_dictionaries(
                    {
                        "quantity": st.integers(0, 9),
                        "status": st.sampled_from(["waiting", "verified", "returned", "withdrawn", "imported"]),
                        "period": st.sampled_from(PERIODS),
                        "indicator": st.sampled_from(["examinations", "visits", None]),
                    }
                ),
                min_size=1,
                max_size=3,
            ),
        }
    ),
    max_size=6,
)
records = st.lists(
    st.fixed_dictionaries(
        {
            "officer": st.sampled_from(PEOPLE),
            "versions": st.lists(
                st.fixed_dictionaries(
                    {
                        "on_time": st.sampled_from([True, False, None]),
                        "period": st.sampled_from([*PERIODS, None]),
                        "product": st.sampled_from(["ktp", "akta"]),
                    }
                ),
                min_size=1,
                max_size=2,
            ),
        }
    ),
    max_size=4,
)
levels = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.integers(1, 5), st.integers(1, 9)),
    max_size=3,
    unique_by=lambda x: (x[0], x[2]),
)


def _facts(code: str, some_entries: Any, some_records: Any, some_levels: Any) -> list[Received[Any]]:
    told: list[Received[Any]] = [world.instansi(code)]
    told += [world.position("officer", {"KOMUNIKASI": n + 1}, version=n, code=code) for n in (1, 2)]
    for person in PEOPLE:
        told += world.person(person, "officer", "head", code=code)
    # Written by mistake and taken back: whoever hears only the newest version must agree with who hears both.
    told += world.person("ghost", "officer", code=code)
    told += world.person("ghost", "officer", void=True, version=2, code=code)
    told.append(world.entry("ghostly", "ghost", 3, code=code))
    for n, each in enumerate(some_entries):
        told += [
            world.entry(f"e{n}", each["who"], version=v, code=code, **of) for v, of in enumerate(each["versions"], 1)
        ]
    for n, each in enumerate(some_records):
        told += [
            world.record(f"r{n}", each["officer"], version=v, code=code, **of)
            for v, of in enumerate(each["versions"], 1)
        ]
    told += [
        world.confirmed(who, "KOMUNIKASI", level, date(2026, 1, day), code=code) for who, level, day in some_levels
    ]
    return told


def _expected(some_entries: Any, some_records: Any) -> dict[tuple[Any, str], tuple[Fraction | None, int, int, int]]:
    """Percent, measured, not measured and waiting of each person and month, by hand."""
    newest = [(each["who"], each["versions"][-1]) for each in some_entries]
    ended = [(each["officer"], each["versions"][-1]) for each in some_records]
    wanted = {}
    for who in PEOPLE:
        for period in PERIODS:
            mine = [of for person, of in newest if person == who and of["period"] == period]
            counts = [of for of in mine if of["status"] in ("verified", "imported")]
            examined = [of["quantity"] for of in counts if of["indicator"] == "examinations"]
            visited = [of for of in counts if of["indicator"] == "visits"]
            judged = [
                of["on_time"]
                for officer, of in ended
                if officer == who and of["period"] == period and of["product"] == "ktp" and of["on_time"] is not None
            ]
            shares = [Fraction(sum(examined), 20)] if examined else []
            shares += [Fraction(len(visited), 5)] if visited else []
            shares += [Fraction(sum(judged), len(judged)) / Fraction(90, 100)] if judged else []
            capped = [min(share * 100, Fraction(120)) for share in shares]
            some = mine or [o for o, of in ended if o == who and of["period"] == period]
            if some:
                mean = sum(capped, Fraction()) / len(capped) if capped else None
                waiting = sum(of["status"] == "waiting" for of in mine)
                wanted[name(who), period] = mean, len(capped), len(INDICATORS) - len(capped), waiting
    return wanted


async def _deliver(db: Database, messages: Sequence[Received[Any]]) -> None:
    for subscription in SERVICE.subscriptions:
        wanted = [message for message in messages if isinstance(message.data, subscription.messages)]
        if wanted:
            await deliver(db, subscription, wanted)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries, records, levels, st.data())
async def test_the_same_messages_in_any_way_give_the_same_scores_and_gaps(
    db: Database, some_entries: Any, some_records: Any, some_levels: Any, data: st.DataObject
) -> None:
    code = next(_codes)
    told = _facts(code, some_entries, some_records, some_levels)
    again = data.draw(st.lists(st.sampled_from(told), max_size=5))
    shuffled = data.draw(st.permutations(told + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    plans_at = data.draw(st.integers(0, len(cuts)))
    for n, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(shuffled)], strict=True)):
        await _deliver(db, shuffled[start:end])
        if n == plans_at:
            for who in PEOPLE:
                await plan(db, who, INDICATORS, instansi=code)
    async with db.transaction() as conn:
        rows = [tuple(row) for row in await fetch(conn, _REVIEWS, code)]
        open_gaps = [tuple(row) for row in await fetch(conn, _GAPS, code)]
    current = {row[1] for row in rows} - set(PERIODS)
    assert len(current) <= 1, "besides months with facts only the current one is open"
    scores = {(row[0], row[1]): (row[3], *row[4:7]) for row in rows if row[1] in PERIODS}
    wanted = _expected(some_entries, some_records)
    assert scores.keys() == wanted.keys()
    for key, (percent, *counts) in scores.items():
        assert counts == list(wanted[key][1:]), key
        mean = wanted[key][0]
        assert (percent is None) == (mean is None)
        assert mean is None or abs(Fraction(percent) - mean) <= Fraction(1, 200)
        assert mean is None or (Fraction(percent) * 100).denominator == 1
    best: dict[str, tuple[int, int]] = {}
    for who, level, day in some_levels:
        best[who] = max(best.get(who, (0, 0)), (day, level))
    assert open_gaps == sorted(
        (
            name(who),
            "KOMUNIKASI",
            3,
            level,
            [{"kind": "below_standard", "indicator": None, "period": None, "percent": None}],
        )
        for who, (_, level) in best.items()
        if level < 3
    )


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.permutations(range(5)), st.integers(1, 4))
async def test_what_comes_after_closing_adjusts_to_the_same_score_in_any_order(
    db: Database, order: list[int], cut: int
) -> None:
    code = next(_codes)
    await _deliver(
        db, [world.instansi(code), world.position("officer", code=code), *world.person("sari", "officer", code=code)]
    )
    await plan(db, "sari", [indicator(target=20, competency="KOMUNIKASI")], instansi=code)
    first = [world.entry("e", "sari", 12, code=code)]
    await _deliver(db, [*first, world.seal(first, code=code)])
    await db.run(lambda conn: request(conn, context(code), Period.parse("2026-03")))
    await close_periods(db)
    late = [world.entry(f"late{n}", "sari", n, status="imported", version=v, code=code) for n in (1, 3) for v in (1, 2)]
    late.append(world.entry("e", "sari", 10, version=2, code=code))
    shuffled = [late[n] for n in order]
    await _deliver(db, shuffled[:cut])
    await _deliver(db, shuffled[cut:])
    async with db.transaction() as conn:
        [row] = await fetch(conn, "SELECT state, percent FROM review WHERE instansi = $1 AND period = '2026-03'", code)
        [record] = await fetch(conn, "SELECT percent FROM review_record WHERE instansi = $1", code)
        gaps = await fetch(conn, _GAPS, code)
    # 1 + 3 + 10 of 20
    assert tuple(row) == ("closed", Decimal(70))
    assert record[0] == Decimal(70)
    assert [gap[4][0]["percent"] for gap in gaps] == ["70"]
