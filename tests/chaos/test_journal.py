"""What the journal expects, against numbers worked out by hand."""

import random
from decimal import Decimal
from fractions import Fraction

from chaos.account import Account
from chaos.faults import schedule
from chaos.journal import Aim, Entry, Office


def office(aim: Aim, *quantities: str, status: str = "verified") -> Office:
    made = Office("kantor-uji", "2026-01", superior="boss", hr="hana", aims={"ani": aim})
    for number, quantity in enumerate(quantities):
        made.entries[str(number)] = Entry(str(number), "ani", Decimal(quantity), status, 2)  # type: ignore[arg-type]
    return made


def test_a_score_is_the_share_of_the_target_with_two_decimals_rounded_half_up() -> None:
    # 1 of 3 is 33.333… %; 10.01 of 16 is 62.5625 %.
    assert office(Aim("i", "quantity", "higher", 3), "1").percent("ani") == Fraction("33.33")
    assert office(Aim("i", "quantity", "higher", 16), "4.01", "6").percent("ani") == Fraction("62.56")
    assert office(Aim("i", "count", "higher", 8), "5", "7").percent("ani") == 25


def test_a_score_is_capped_and_where_less_is_better_it_falls() -> None:
    assert office(Aim("i", "quantity", "higher", 10), "13").percent("ani") == 120
    assert office(Aim("i", "quantity", "lower", 10), "13").percent("ani") == 70
    assert office(Aim("i", "quantity", "lower", 10), "31").percent("ani") == 0
    assert office(Aim("i", "quantity", "higher", 10), "13", status="returned").percent("ani") is None


def test_a_gap_opens_below_seventy_whole_percent() -> None:
    assert office(Aim("i", "quantity", "higher", 1000), "694.9").below() == {"ani"}
    assert office(Aim("i", "quantity", "higher", 1000), "695").below() == set()


def test_sealing_lets_what_waits_lapse_and_tells_each_person_once() -> None:
    made = office(Aim("i", "quantity", "higher", 10), "1", "2", status="waiting")
    made.entries["back"] = Entry("back", "ani", Decimal(1), "verified", 4)
    made.returned["ani"] = 1
    made.seal()
    assert [(e.status, e.version) for e in made.entries.values()] == [("lapsed", 3), ("lapsed", 3), ("verified", 4)]
    assert made.notices() == {
        ("ani", "entry.returned"): 1,
        ("ani", "entry.lapsed"): 1,
        ("boss", "entry.lapsed.superior"): 1,
    }
    made.closed = True
    closing = {("ani", "review.closed.unrated"): 1, ("boss", "review.closed.unrated"): 1}
    closing |= {("hana", "review.closed.unrated"): 1, ("hana", "period.closed"): 1}
    gaps = {("ani", "gap.found.threshold"): 1, ("boss", "gap.found.threshold.superior"): 1}
    gaps |= {("ani", "development-plan.proposed"): 1, ("boss", "development-plan.proposed.superior"): 1}
    assert {key: count for key, count in made.notices().items() if "entry." not in key[1]} == closing | gaps


def test_the_account_counts_what_is_missing_and_what_is_there_once_more() -> None:
    found = Account()
    found.compare("mail", ["a", "a", "b", "c"], ["a", "b", "b", "b", "d"])
    assert (found.lost, found.doubled, found.different) == (2, 3, 0)
    assert sorted(found.notes) == ["doubled: mail b", "doubled: mail d", "lost: mail a", "lost: mail c"]


def test_ten_minutes_hold_fifty_kills_of_everybody_and_a_seed_repeats_them() -> None:
    replicas = [f"{name}{more}" for name in ("activity", "appraisal") for more in ("", "-worker-1")]
    faults = schedule(random.Random(7), replicas, 600, [])
    assert sum(fault.kills for fault in faults) >= 50
    assert {fault.kind for fault in faults} == {"kill", "freeze", "wipe", "full-disk", "clock", "again"}
    struck = "\n".join(str(fault) for fault in faults if fault.kind == "kill")
    assert [name for name in (*replicas, "relay of activity", "nats", "postgres") if name not in struck] == []
    assert [str(fault) for fault in schedule(random.Random(7), replicas, 600, [])] == [str(f) for f in faults]
    assert {fault.kind for fault in schedule(random.Random(7), replicas, 60, ["clock"])} == {
        *("kill", "freeze", "wipe", "full-disk", "again")
    }
