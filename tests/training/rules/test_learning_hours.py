"""Learning hours of a year: 20 JP are granted to civil servants, at most 24 to contract staff."""

import pytest

from services.training.rules.learning_hours import Balance, balance


@pytest.mark.parametrize(("completed", "missing"), [(0, 20), (16, 4), (20, 0), (36, 0)])
@pytest.mark.parametrize("kind", ["PNS", "CPNS"])
def test_civil_servants_lack_what_is_under_twenty(kind: str, completed: int, missing: int) -> None:
    found = balance("PNS" if kind == "PNS" else "CPNS", completed)
    assert (found.missing, found.minimum, found.cap, found.over_cap) == (missing, 20, None, False)
    assert found.rule is not None
    assert found.rule.id == "jp-minimum"
    assert "PP 11/2017 jo. PP 17/2020" in found.rule.source


@pytest.mark.parametrize(("completed", "over"), [(0, False), (24, False), (25, True)])
def test_contract_staff_are_warned_above_twenty_four(completed: int, over: bool) -> None:
    found = balance("PPPK", completed)
    assert (found.missing, found.minimum, found.cap, found.over_cap) == (0, None, 24, over)
    assert found.rule is not None
    assert found.rule.id == "jp-cap"


def test_for_others_no_rule_is_named() -> None:
    assert balance("NON_ASN", 8) == Balance(8, None, None, 0, False, None)
