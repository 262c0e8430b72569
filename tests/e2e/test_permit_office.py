"""The log of a permit office comes in through the command line, twice, and the APIs answer what its rows say."""

import csv
import json
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from shared.testing.system import EmbeddedSystem, kinerja
from tests.e2e import permit_office
from tests.e2e.permit_office import REAL, Log, Month, rounded

MAPPING = Path(__file__).resolve().parents[2] / "samples" / "permit-office.yaml"
SYSTEM = "permit-office"
_PATIENCE = 60
_LIKE_THE_REAL_ONE = {"rows": 8577, "people": 53, "cases": 1434, "refused": 2}


class Imported:
    """A log that was imported, what the command said, and the services to ask."""

    def __init__(self, system: EmbeddedSystem, instansi: str, file: Path, folder: Path) -> None:
        self.system, self.instansi, self.file, self.folder = system, instansi, file, folder
        self.log: Log = permit_office.read(file)
        self.first = self.bring()
        self.expected = {key: month for key, month in self.log.months.items() if month != Month()}
        self.ids = {person["outside"][SYSTEM]: person for person in self.list("directory", "/employees")}
        self.names = {person["id"]: name for name, person in self.ids.items()}

    def bring(self) -> CompletedProcess[str]:
        """Import the file."""
        where = ("--mapping", MAPPING, "--data", self.system.data.root, "--json")
        return kinerja("import", "activity", self.file, "--instansi", self.instansi, *where, cwd=self.folder)

    def list(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """All items of a paged list, as hr."""
        found: list[dict[str, Any]] = []
        asked = {"limit": 200, **params}
        with self.system.client(service, self.instansi, "hr") as client:
            while True:
                page = client.get(path, params=asked).raise_for_status().json()
                found += page["items"]
                if page["next"] is None:
                    return found
                asked["cursor"] = page["next"]


@pytest.fixture(scope="module", params=["small", "permit-office"] if REAL.exists() else ["small"])
def imported(
    request: pytest.FixtureRequest, running_system: EmbeddedSystem, tmp_path_factory: pytest.TempPathFactory
) -> Imported:
    folder = tmp_path_factory.mktemp("log")
    file = REAL
    if request.param == "small":
        file = folder / "small.csv.gz"
        permit_office.write_small(file)
    return Imported(running_system, f"kantor-{request.param}", file, folder)


def _said(done: CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_the_whole_log_comes_in_and_only_cases_that_end_before_they_start_are_refused(imported: Imported) -> None:
    log, done = imported.log, imported.first
    assert done.returncode == 3, done.stderr
    said = _said(done)
    assert (said["rows"], said["accepted"], said["unchanged"]) == (len(log.rows), len(log.rows), 0)
    assert said["refused"] == len(log.refused) == 2
    facts = said["facts"]
    assert facts["entries"] == {"new": len(log.rows)}
    assert facts["people"] == {"new": len(log.people)}
    assert facts["service records"] == {"new": log.cases - 2, "refused": 2}
    with (imported.folder / f"{imported.file.name.split('.')[0]}.refused.csv").open(encoding="utf-8-sig") as file:
        refused = list(csv.DictReader(file))
    assert [(int(row["row"]), row["code"]) for row in refused] == [(n, "ends-before-start") for n in log.refused]
    if imported.file == REAL:
        counted = {"rows": len(log.rows), "people": len(log.people), "cases": log.cases, "refused": len(log.refused)}
        assert counted == _LIKE_THE_REAL_ONE


def test_people_are_at_home_where_they_acted_most_and_entries_keep_their_group(imported: Imported) -> None:
    log = imported.log
    assert set(imported.ids) == log.people
    units = {unit["id"]: unit["name"] for unit in imported.list("directory", "/units")}
    for name, person in imported.ids.items():
        assert units[person["unit"]] in log.homes.get(name, {"Kantor Izin"})
    groups = {name: [row["org:group"] for row in log.rows if row["org:resource"] == name] for name in log.homes}
    officer = max(groups, key=lambda name: (len(set(groups[name])), name))
    days = {"employee": imported.ids[officer]["id"], "from": "2010-01-01", "to": "2012-12-31"}
    entries = imported.list("activity", "/entries", **days)
    assert Counter(units[e["unit"]] if e["unit"] else "EMPTY" for e in entries) == Counter(groups[officer])


def test_activity_answers_per_officer_and_month_what_the_rows_say(imported: Imported) -> None:
    figures = {(imported.names[f["employee"]], f["period"]): f for f in imported.list("activity", "/figures")}
    assert set(figures) == set(imported.expected)
    for key, month in imported.expected.items():
        told = figures[key]
        counts = told["entries"], told["counted"], told["ended"], told["with_due"], told["on_time"]
        assert counts == (month.activities, month.activities, month.ended, month.ended, month.on_time), key
        share = None if month.share is None else rounded(month.share, "0.01")
        assert _number(told["on_time_percent"]) == share, key
        assert _number(told["mean_seconds"]) == (None if month.mean is None else rounded(month.mean / 10**6, "0.001"))


def test_reviews_answer_per_officer_and_month_what_the_rows_achieved_of_the_plan(imported: Imported) -> None:
    wrong = set(imported.expected)
    until = time.monotonic() + _PATIENCE
    while True:
        with imported.system.client("appraisal", imported.instansi, "hr") as client:
            told = {key: _review(client, imported, *key) for key in sorted(wrong)}
        wrong = {key for key, review in told.items() if review != _wanted(imported.expected[key])}
        if not wrong or time.monotonic() > until:
            break
    assert {key: told[key] for key in wrong} == {key: _wanted(imported.expected[key]) for key in wrong}


def _review(client: httpx.Client, imported: Imported, officer: str, period: str) -> dict[str, Any]:
    answer = client.get(f"/reviews/{imported.ids[officer]['id']}/{period}")
    indicators = answer.json()["indicators"] if answer.is_success else []
    return {i["measure"]: (_number(i["realisation"]), _number(i["percent"])) for i in indicators}


def _wanted(month: Month) -> dict[str, Any]:
    achieved = month.achieved()
    return {measure: (_shown(value), _shown(achieved[measure])) for measure, value in month.realised().items()}


def _shown(value: Decimal | None) -> Decimal | None:
    return None if value is None else rounded(value, "0.01")


def _number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def test_no_month_has_a_score_in_which_nothing_was_done(imported: Imported) -> None:
    for year, month in ((year, month) for year in (2010, 2011, 2012) for month in range(1, 13)):
        period = f"{year}-{month:02}"
        scored = {
            imported.names[review["employee"]]
            for review in imported.list("appraisal", "/reviews", period=period)
            if review["measured"]
        }
        assert scored == {officer for officer, when in imported.expected if when == period}


def test_the_same_import_again_changes_nothing(imported: Imported) -> None:
    def everything() -> list[Any]:
        entries = imported.list("activity", "/entries", **{"from": "2010-01-01", "to": "2012-12-31"})
        return [entries, *(imported.list(s, p) for s, p in (("directory", "/units"), ("activity", "/service-records")))]

    before = everything()
    done = imported.bring()
    said = _said(done)
    assert done.returncode == 3, done.stderr
    assert (said["rows"], said["accepted"], said["unchanged"]) == (len(imported.log.rows), 0, len(imported.log.rows))
    assert said["refused"] == 2
    assert all(set(counts) <= {"unchanged", "refused"} for counts in said["facts"].values())
    assert everything() == before
