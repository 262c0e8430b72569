"""Rows of our own templates become what the services take."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cli.importing import competencies, courses, plans, roster
from cli.importing.job import Job
from cli.importing.sender import Sender
from cli.importing.table import Row
from cli.importing.tally import Tally
from cli.importing.values import ValueRefused
from deploy.embedded.data import Data
from shared.ids import id_time
from tests.cli.importing.service import answering

HASH = "ab" * 32
NIP, HEAD = "198507152010011001", "197001012000011001"
SITI = "01920000-0000-7000-8000-000000000001"
NOBODY = {"code": "unknown-employee", "status": 422, "detail": "The person is not known."}


class Services:
    """All services at once: knows one person, takes everything unless `say` has an answer; keeps what it took."""

    def __init__(self, say: Any = None) -> None:
        self.say = say or (lambda item: {"status": "created"})
        self.taken: list[Any] = []

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if "/employees/batch" in path:
            known = {"status": "unchanged", "id": SITI}
            return 200, {"results": [known if item["nip"] == NIP else NOBODY for item in body["items"]]}
        if "/roster/absent" in path:
            return 200, {"count": 3, "ids": []}
        self.taken += body["items"]
        return 200, {"results": [self.say(item) for item in body["items"]]}


def run(
    folder: Path, kind: Any, *rows: Mapping[str, str], services: Services | None = None, dry_run: bool = False
) -> tuple[list[Any], Tally]:
    services = services or Services()
    tally = Tally(rows=len(rows), dry_run=dry_run)
    with answering(services, Data(folder)) as system:
        sender = Sender(system, "medan", "token", dry_run=dry_run)
        kind.run(Job([Row(n, row) for n, row in enumerate(rows, 2)], HASH, sender, tally))
    return services.taken, tally


def refused(tally: Tally) -> list[tuple[int, str]]:
    return [(each.row, each.code) for each in sorted(tally.refused)]


PERSON = {"nip": NIP, "name": "Siti", "kind": "pns", "unit_code": "DINKES", "position_code": "STAF"}


def test_a_roster_row_says_only_what_it_holds_and_an_empty_superior_means_none(tmp_path: Path) -> None:
    row = PERSON | {"superior_nip": "", "valid_from": "01/03/2026", "unit_head": "ya", "email": ""}
    [taken], tally = run(tmp_path, roster, row)
    person = {"nip": NIP, "name": "Siti", "kind": "PNS", "unit_code": "DINKES", "position_code": "STAF"}
    assert taken == person | {"superior_nip": None, "valid_from": "2026-03-01", "unit_head": True}
    assert tally.summary()["accepted"] == 1


def test_rows_of_one_person_go_together(tmp_path: Path) -> None:
    rows = [PERSON | {"position_code": code, "nip": nip} for code, nip in (("A", NIP), ("B", HEAD), ("C", NIP))]
    taken, _ = run(tmp_path, roster, *rows)
    assert [row["position_code"] for row in taken] == ["A", "C", "B"]


def test_a_roster_row_that_cannot_be_read_is_refused_by_itself(tmp_path: Path) -> None:
    rows = [PERSON | {"valid_from": "soon"}, PERSON | {"unit_head": "perhaps"}, PERSON]
    taken, tally = run(tmp_path, roster, *rows)
    assert len(taken) == 1
    assert refused(tally) == [(2, "date-malformed"), (3, "yes-or-no")]


def test_a_dry_run_over_batches_knows_what_other_rows_of_the_file_enter(tmp_path: Path) -> None:
    codes = {
        "a": None,
        "b": "superior-unknown",  # under a
        "c": "superior-unknown",  # under b
        "d": "superior-unknown",  # under somebody who is nowhere
        "e": "superior-unknown",  # under d
        "f": "unit-unknown",  # named by a
        "g": "unit-unknown",  # named by nobody
        "h": "position-unknown",  # named by a
        "i": "parent-unknown",  # a's unit
    }
    above = {"b": "a", "c": "b", "d": "nowhere", "e": "d"}

    def say(item: Any) -> Any:
        code = codes[item["nip"]]
        return {"code": code, "status": 422, "detail": ""} if code else {"status": "created"}

    rows = [{"nip": nip, "superior_nip": above.get(nip, ""), "unit_code": "U", "position_code": "P"} for nip in codes]
    rows[0] |= {"unit_name": "Unit", "position_title": "Post"}
    rows[6] |= {"unit_code": "V"}
    rows[8] |= {"unit_code": "W", "unit_parent_code": "U"}
    _, tally = run(tmp_path, roster, *rows, services=Services(say), dry_run=True)
    assert refused(tally) == [(5, "superior-unknown"), (6, "superior-unknown"), (8, "unit-unknown")]
    assert tally.summary()["new"] == 6
    assert tally.summary()["absent"] == 3


INDICATOR = {
    "nip": NIP,
    "year": "2026",
    "work_result": "Pelayanan kesehatan",
    "indicator": "Jumlah pemeriksaan",
    "indicator_code": "periksa",
    "aspect": "Kuantitas",
    "measure": "quantity",
    "target": "20",
    "unit_label": "kali",
}


def test_rows_of_one_person_and_year_are_one_plan(tmp_path: Path) -> None:
    rows = [
        INDICATOR,
        INDICATOR | {"indicator_code": "waktu", "indicator": "Lama", "direction": "lower", "target": "2,5"},
        INDICATOR | {"work_result": "Laporan", "indicator_code": "", "indicator": "Laporan selesai", "target": "90%"},
        INDICATOR | {"year": "2027"},
    ]
    [plan, later], tally = run(tmp_path, plans, *rows)
    assert (plan["employee"], plan["year"], later["year"]) == (SITI, 2026, 2027)
    assert plan["source"] == {"system": "file", "file_hash": HASH}
    assert [result["title"] for result in plan["results"]] == ["Pelayanan kesehatan", "Laporan"]
    first, second = plan["results"][0]["indicators"]
    assert UUID(first.pop("id")) == plans.indicator_id("medan", SITI, 2026, "periksa")
    assert first == {
        "title": "Jumlah pemeriksaan",
        "aspect": "kuantitas",
        "measure": "quantity",
        "direction": "higher",
        "target": {"kind": "number", "value": "20"},
        "unit_label": "kali",
    }
    assert (second["direction"], second["target"]) == ("lower", {"kind": "number", "value": "2.5"})
    [third] = plan["results"][1]["indicators"]
    assert UUID(third["id"]) == plans.indicator_id("medan", SITI, 2026, "Laporan selesai")
    assert tally.summary()["accepted"] == 4


def test_the_id_of_an_indicator_belongs_to_person_and_year() -> None:
    one = plans.indicator_id("medan", SITI, 2026, "periksa")
    assert id_time(one).isoformat() == "2026-01-01T00:00:00+00:00"
    others = [("binjai", SITI, 2026, "periksa"), ("medan", NIP, 2026, "periksa"), ("medan", SITI, 2026, "waktu")]
    assert len({one, *(plans.indicator_id(*other) for other in others)}) == 4


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("20", {"kind": "number", "value": "20"}),
        ("97,5 %", {"kind": "percent", "value": "97.5"}),
        ("10-20", {"kind": "range", "lo": "10", "hi": "20"}),
        ("1,5 s.d. 2", {"kind": "range", "lo": "1.5", "hi": "2"}),
        ("10..20", {"kind": "range", "lo": "10", "hi": "20"}),
    ],
)
def test_a_target_is_a_number_a_percentage_or_a_range(text: str, target: dict[str, str]) -> None:
    assert plans.target(text) == target


@pytest.mark.parametrize("text", ["many", "%", "10-", "1.500", "1 2 x"])
def test_another_target_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        plans.target(text)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"target": ""}, "cell-empty"),
        ({"target": "many"}, "number-malformed"),
        ({"year": "2026,5"}, "number-not-whole"),
        ({"year": "26"}, "year-malformed"),
        ({"nip": ""}, "cell-empty"),
        ({"nip": HEAD}, "unknown-employee"),
        ({"work_result_code": "Pelayanan kesehatan", "work_result": "Lain"}, "indicator-twice"),
        ({"indicator_code": "a"}, "indicator-twice"),
    ],
)
def test_a_wrong_row_refuses_its_whole_plan_and_no_other(tmp_path: Path, more: dict[str, str], code: str) -> None:
    key = {name: value for name, value in more.items() if name in ("nip", "year")}
    rows = [
        INDICATOR | {"indicator_code": "a"} | key,
        INDICATOR | {"indicator_code": "b"} | more,
        INDICATOR | {"year": "2030"},
    ]
    taken, tally = run(tmp_path, plans, *rows)
    assert [plan["year"] for plan in taken] == [2030]
    assert refused(tally) == [(2, code), (3, code)]


def test_the_row_to_blame_for_a_refused_plan_is_named(tmp_path: Path) -> None:
    _, tally = run(tmp_path, plans, INDICATOR | {"indicator_code": "a"}, INDICATOR | {"target": "many"})
    assert {each.reason for each in tally.refused} == {"row 3: target: 'many' is no number: write 1.5 or 1,5."}


LEVEL = {"nip": NIP, "competency": "komunikasi", "level": "3", "effective": "01/03/2026"}


def test_a_level_is_of_a_person_a_competency_and_a_day(tmp_path: Path) -> None:
    taken, _ = run(tmp_path, competencies, LEVEL, LEVEL | {"source": "assessment-centre"})
    level = {"employee": SITI, "competency": "komunikasi", "level": 3, "effective": "2026-03-01"}
    sources = [{"system": system, "file_hash": HASH} for system in ("file", "assessment-centre")]
    assert taken == [level | {"source": source} for source in sources]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"level": "high"}, "number-malformed"),
        ({"level": ""}, "cell-empty"),
        ({"effective": "2026"}, "date-malformed"),
        ({"nip": HEAD}, "unknown-employee"),
        ({"nip": ""}, "cell-empty"),
    ],
)
def test_a_wrong_level_is_refused_by_itself(tmp_path: Path, more: dict[str, str], code: str) -> None:
    taken, tally = run(tmp_path, competencies, LEVEL | more, LEVEL)
    assert len(taken) == 1
    assert refused(tally) == [(2, code)]


COURSE = {
    "code": "KOM-1",
    "title": "Komunikasi",
    "provider": "BPSDM",
    "kind": "Non-klasikal",
    "jp": "20",
    "competencies": "komunikasi=3; empati=2",
}


def test_rows_of_one_course_are_its_runs(tmp_path: Path) -> None:
    rows = [
        COURSE | {"starts": "01/04/2026", "ends": "03/04/2026", "seats": "30"},
        {"code": "KOM-1", "starts": "2026-05-01", "ends": "2026-05-03"},
        COURSE | {"code": "KOM-2", "active": "tidak"},
    ]
    services = Services(lambda item: {"course": item["code"], "status": 201, "outcome": "new"})
    [first, second], tally = run(tmp_path, courses, *rows, services=services)
    assert first == {
        "code": "KOM-1",
        "title": "Komunikasi",
        "provider": "BPSDM",
        "kind": "non_klasikal",
        "jp": 20,
        "competencies": {"komunikasi": 3, "empati": 2},
        "runs": [
            {"starts": "2026-04-01", "ends": "2026-04-03", "seats": 30},
            {"starts": "2026-05-01", "ends": "2026-05-03"},
        ],
    }
    assert (second["active"], second["runs"]) == (False, [])
    assert tally.summary()["accepted"] == 3


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"title": "Lain"}, "course-differs"),
        ({"starts": "2026-05-01"}, "cell-empty"),
        ({"starts": "2026-05-01", "ends": "later"}, "date-malformed"),
        ({"jp": "1.000"}, "number-ambiguous"),
        ({"competencies": "komunikasi"}, "levels-malformed"),
    ],
)
def test_a_wrong_row_refuses_its_whole_course_and_no_other(tmp_path: Path, more: dict[str, str], code: str) -> None:
    taken, tally = run(tmp_path, courses, COURSE, {"code": "KOM-1", **more}, COURSE | {"code": "KOM-2"})
    assert [course["code"] for course in taken] == ["KOM-2"]
    assert refused(tally) == [(2, code), (3, code)]
    assert all(each.reason.startswith("row 3: ") for each in tally.refused)
