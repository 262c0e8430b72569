"""Rows of a roster: each accepted or refused by itself, whatever their order; a refused one leaves no trace."""

import random
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.directory.rules.plan import status_of
from services.directory.rules.records import Assignment, Employee, Known, Position, Unit
from services.directory.rules.roster import plan_roster

NIPS = [f"19870423201001{n:04}" for n in range(1001, 1100)]


def row(person: int, superior: int | None, **more: Any) -> dict[str, Any]:
    """A new person, a clerk of the only unit, under `superior`."""
    return {
        "nip": NIPS[person],
        "name": f"Pegawai {person}",
        "kind": "PNS",
        "unit_code": "1.01",
        "unit_name": "Kecamatan Marelan",
        "position_code": "P1",
        "position_title": "Pelaksana",
        "position_kind": "JA",
        "position_level": "pelaksana",
        "superior_nip": None if superior is None else NIPS[superior],
        "valid_from": date(2026, 1, 1),
    } | more


def outcome(rows: list[dict[str, Any]], known: Known | None = None) -> list[str]:
    """created, changed, unchanged or the code of the refusal, of each row."""
    known = known or Known(instansi="medan")
    new_ids = {index: UUID(int=index + 1) for index in range(len(rows))}
    records, refused = plan_roster(known, dict(enumerate(rows)), new_ids)
    return [
        refused[index].code if index in refused else status_of(known, records[index][0], records[index][1:])
        for index in range(len(rows))
    ]


def after(rows: list[dict[str, Any]]) -> Known:
    """What is known once the rows are in."""
    records, refused = plan_roster(
        Known(instansi="medan"), dict(enumerate(rows)), {i: UUID(int=i + 1) for i in range(99)}
    )
    assert not refused
    everything = [record for found in records.values() for record in found]
    return Known(
        instansi="medan",
        units={r.id: r for r in everything if isinstance(r, Unit)},
        positions={r.id: r for r in everything if isinstance(r, Position)},
        employees={r.id: r for r in everything if isinstance(r, Employee)},
        assignments={r.id: r for r in everything if isinstance(r, Assignment)},
    )


def test_a_superior_may_stand_later_in_the_file() -> None:
    assert outcome([row(0, 1), row(1, 2), row(2, None)]) == ["created"] * 3


def test_the_same_rows_again_change_nothing() -> None:
    rows = [row(0, 1), row(1, None)]
    assert outcome(rows, after(rows)) == ["unchanged"] * 2


def test_who_hangs_below_a_refused_row_waits_and_nobody_else() -> None:
    rows = [row(0, 1), row(1, 2), row(2, 9), row(3, 4), row(4, None)]
    assert outcome(rows) == ["superior-unknown"] * 3 + ["created"] * 2


def test_a_circle_is_refused_whole() -> None:
    rows = [row(0, 1), row(1, 2), row(2, 0), row(3, None)]
    assert outcome(rows) == ["superior-circular"] * 3 + ["created"]


def test_oneself_as_superior_is_refused() -> None:
    assert outcome([row(0, 0)]) == ["superior-self"]


def test_the_refusal_names_the_column_in_which_the_superior_stands() -> None:
    by_nip, by_id = row(0, 0), row(1, None, outside={"simpeg": "1"}, superior_outside={"simpeg": "1"})
    del by_id["superior_nip"]
    _, refused = plan_roster(Known(instansi="medan"), {0: by_nip, 1: by_id}, {0: UUID(int=1), 1: UUID(int=2)})
    assert {index: (refusal.code, refusal.facts["field"]) for index, refusal in refused.items()} == {
        0: ("superior-self", "superior_nip"),
        1: ("superior-self", "superior_outside"),
    }


def test_two_rows_of_one_nip_with_different_people_are_both_refused() -> None:
    assert outcome([row(0, None), row(0, None, name="Orang Lain"), row(1, None)]) == [
        "nip-twice",
        "nip-twice",
        "created",
    ]


def test_one_person_may_have_two_rows_with_two_posts() -> None:
    acting = row(0, None, position_code="P2", assignment_kind="plt", valid_from=date(2026, 3, 1))
    assert outcome([row(0, None), acting]) == ["created"] * 2


def test_a_second_definitive_post_on_the_same_days_is_refused() -> None:
    rows = [row(0, None), row(0, None, position_code="P2", valid_from=date(2026, 3, 1))]
    assert outcome(rows) == ["created", "definitive-posts-overlap"]


def test_moving_on_ends_the_old_post_in_the_same_file_whatever_the_order() -> None:
    known = after([row(0, None)])
    ended = row(0, None, valid_to=date(2026, 2, 28))
    moved = row(0, None, position_code="P2", valid_from=date(2026, 3, 1))
    assert outcome([moved], known) == ["definitive-posts-overlap"]
    assert outcome([ended, moved], known) == ["changed"] * 2
    assert outcome([moved, ended], known) == ["changed"] * 2


def test_a_non_asn_superior_needs_no_post_and_others_do() -> None:
    bupati = {"outside": {"kepala-daerah": "bupati"}, "name": "Bupati", "kind": "NON_ASN"}
    head = row(0, None) | {"superior_outside": {"kepala-daerah": "bupati"}}
    del head["superior_nip"]
    assert outcome([head, bupati]) == ["created"] * 2
    assert outcome([bupati | {"kind": "PNS"}]) == ["post-missing"]


def test_an_empty_cell_says_nothing_and_an_empty_superior_says_none() -> None:
    known = after([row(0, 1, email="a@example.org", valid_to=date(2026, 12, 31)), row(1, None)])
    quiet = {
        name: value for name, value in row(0, 1).items() if name in {"nip", "unit_code", "position_code", "valid_from"}
    }
    assert outcome([quiet | {"email": None, "unit_name": None, "valid_to": None}], known) == ["unchanged"]
    assert outcome([quiet | {"superior_nip": None}], known) == ["changed"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"unit_name": None}, "unit-unknown"),
        ({"unit_parent_code": "9"}, "parent-unknown"),
        ({"unit_parent_code": "1.01"}, "unit-circular"),
        ({"position_title": None}, "position-unknown"),
        ({"position_level": "Ahli Muda"}, "level-unknown"),
        ({"name": None}, "unknown-employee"),
        ({"nip": None}, "identity-missing"),
        ({"position_code": None}, "post-missing"),
        ({"valid_from": None}, "post-missing"),
        ({"valid_to": date(2025, 1, 1)}, "ends-before-it-begins"),
    ],
)
def test_each_fault_has_its_code_and_spoils_no_other_row(more: dict[str, Any], code: str) -> None:
    other = row(1, None, unit_code="2", unit_name="Lain", position_code="P9")
    assert outcome([row(0, None, **more), other]) == [code, "created"]


def test_a_row_that_names_the_unit_otherwise_is_refused_alone() -> None:
    assert outcome([row(0, None), row(1, None, unit_name="Kec. Marelan"), row(2, None)]) == [
        "created",
        "unit-twice",
        "created",
    ]


def test_the_order_of_rows_decides_nothing() -> None:
    rows = [row(n, n // 3 if n else None) for n in range(40)] + [row(50, 51), row(51, 50), row(60, 77), row(61, 60)]
    expected = {r["nip"]: code for r, code in zip(rows, outcome(rows), strict=True)}
    assert set(expected.values()) == {"created", "superior-circular", "superior-unknown"}
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert {r["nip"]: code for r, code in zip(rows, outcome(rows), strict=True)} == expected


def test_a_long_chain_below_nobody_waits_as_a_whole() -> None:
    rows = [row(0, None, nip=f"{n:018}1"[-18:], superior_nip=f"{n + 1:018}1"[-18:]) for n in range(300)]
    assert outcome(rows) == ["superior-unknown"] * 300
