"""The unit tree: where a unit may stand."""

from typing import Any

from services.directory.rules.plan import settle
from services.directory.rules.records import Known
from services.directory.rules.units import plan_units


def outcome(items: list[dict[str, Any]], known: Known | None = None) -> list[str]:
    """ok, or the code of the refusal, of each item."""
    known = known or Known(instansi="medan")

    def attempt(live: Any) -> Any:
        plan = plan_units(known, live, ())
        return plan.records, plan.refused

    _, refused = settle(dict(enumerate(items)), attempt)
    return [refused[index].code if index in refused else "ok" for index in range(len(items))]


def unit(code: str, parent: str | None = None) -> dict[str, Any]:
    return {"code": code, "name": code, "parent": parent}


def test_five_hundred_units_below_one_another_stand_and_without_the_topmost_none_does() -> None:
    chain = [unit(str(n), str(n + 1)) for n in range(499)]
    assert outcome([*chain, unit("499")]) == ["ok"] * 500
    assert outcome(chain) == ["parent-unknown"] * 499


def test_a_circle_of_any_length_is_refused_and_what_hangs_below_it_waits() -> None:
    circle = [unit("1", "2"), unit("2", "3"), unit("3", "1")]
    assert outcome([*circle, unit("4", "2"), unit("5")]) == ["unit-circular"] * 3 + ["parent-unknown", "ok"]
    assert outcome([unit("1", "1")]) == ["unit-circular"]


def test_a_refused_change_of_a_known_unit_leaves_its_children_alone() -> None:
    first = plan_units(Known(instansi="medan"), {0: unit("1")}, ()).records[0]
    known = Known(instansi="medan", units={first.id: first})
    assert outcome([unit("1", "nowhere"), unit("1.1", "1")], known) == ["parent-unknown", "ok"]
