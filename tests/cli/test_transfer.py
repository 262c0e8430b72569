"""One agency goes on in another: history stays where it happened, people work on, with what they have."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.ids import fresh_id
from tests.cli.office import HEAD, NURSE, SAMPLES, Office, outcome

TODAY = datetime.now(UTC).date()
FIRST = TODAY.replace(day=1)
LAST = (FIRST - timedelta(days=1)).isoformat()


@pytest.fixture
def agencies(empty: Office) -> tuple[Office, Office]:
    """One with the people, plans and competencies of samples/, and one that exists only."""
    for kind, rows in (("roster", 3), ("plans", 2), ("competencies", 2)):
        assert outcome(empty.bring(kind, SAMPLES / f"{kind}.csv")) == (rows, 0, 0)
    other = Office(empty.system, empty.code[:50] + "-baru")
    file = Path("other.yaml")
    file.write_text((SAMPLES / "instansi.yaml").read_text().replace("kota-contoh", other.code))
    assert other.run("instansi", "add", file).exit_code == 0
    return empty, other


def _run_until(office: Office, says: str, *arguments: object) -> str:
    """The same command again until it says so, as its user is told to."""
    until = time.monotonic() + 90
    while True:
        done = office.run(*arguments)
        assert done.exit_code == 0, done.output
        if says in done.stdout:
            return done.stdout
        assert time.monotonic() < until, done.stdout
        time.sleep(1)


def test_a_merged_agency_stays_readable_and_its_people_work_on_in_the_other(agencies: tuple[Office, Office]) -> None:
    old, new = agencies
    before = {nip: old.person(nip)["id"] for nip in (HEAD, NURSE)}
    command = ("instansi", "merge", old.code, "--into", new.code, "--from", FIRST)
    shown = old.run(*command, "--dry-run")
    assert "2 units, 3 people, 3 placements" in shown.stdout, shown.output
    assert new.get("directory", "/employees")["items"] == []
    done = _run_until(old, "suspended", *command)
    assert "placements: 3 recorded, 0 unchanged, 0 refused" in done or "0 people" in done
    # In the new agency: the same people under the same superiors, linked, with plan and levels of known origin.
    nurse, head = new.person(NURSE), new.person(HEAD)
    assert nurse["id"] not in before.values()
    assert nurse["outside"][f"kinerja-{old.code}"] == before[NURSE]
    [line] = new.get("directory", "/assignments", employee=nurse["id"])
    assert (line["valid_from"], line["valid_to"]) == (FIRST.isoformat(), None)
    chief = new.get("directory", "/names", ids=[line["superior"]])["names"][0]["name"]
    assert chief == "Contoh Kepala Puskesmas"
    assert head["superior"] is None
    plans = [office.get("appraisal", f"/plans/{id}/2026") for office, id in ((old, before[NURSE]), (new, nurse["id"]))]
    assert plans[0]["agreed"] == plans[1]["agreed"] != []
    levels = [
        office.get("appraisal", f"/competencies/{id}")["levels"]
        for office, id in ((old, before[NURSE]), (new, nurse["id"]))
    ]
    assert [(e["competency"], e["level"], e["effective"]) for e in levels[0]] == [
        (e["competency"], e["level"], e["effective"]) for e in levels[1]
    ]
    assert {each["source"] for each in levels[1]} == {f"kinerja-{old.code}"}
    # Work goes on there, and no longer here; here everything can still be read.
    body = {"day": TODAY.isoformat(), "quantity": "1", "minutes": 30, "description": "Imunisasi"}
    with new.client(nurse["id"], "activity") as there, old.client(before[NURSE], "activity") as here:
        assert there.put(f"/entries/{fresh_id()}", json=body).status_code == httpx.codes.CREATED
        until = time.monotonic() + 30
        while (refused := here.put(f"/entries/{fresh_id()}", json=body)).is_success:
            assert time.monotonic() < until, "services look every other second"
        assert refused.json()["code"] == "instansi-suspended"
    [left] = old.get("directory", "/assignments", employee=before[NURSE])
    assert (left["valid_to"], left["superior"] is not None) == (LAST, True)
    assert old.get("appraisal", f"/periods/{LAST[:7]}")["status"] == "closed"
    again = old.run(*command)
    assert ("0 placements" in again.stdout, again.exit_code) == (True, 0), again.output


def test_a_transfer_that_makes_no_sense_is_refused_before_anything_is_done(agencies: tuple[Office, Office]) -> None:
    old, new = agencies
    for more, says in (
        (("--into", old.code, "--from", FIRST), "same-instansi"),
        (("--into", new.code, "--from", "2026-01-01"), "too-early"),
        (("--into", new.code, "--from", FIRST, "--under", "SETDA"), "parent-unknown"),
    ):
        done = old.run("instansi", "merge", old.code, *more)
        assert (done.exit_code, says in done.stderr) == (2, True), done.output
    assert new.get("directory", "/employees")["items"] == []


def test_a_split_takes_the_units_named_and_leaves_the_others(agencies: tuple[Office, Office]) -> None:
    old, new = agencies
    unknown = old.run("instansi", "split", old.code, "--unit", "X", "--into", new.code, "--from", FIRST)
    assert (unknown.exit_code, "unit-unknown" in unknown.stderr) == (2, True)
    command = ("instansi", "split", old.code, "--unit", "PKM-1", "--into", new.code, "--from", FIRST, "--prefix", "L-")
    done = old.run(*command)
    assert done.exit_code == 0, done.output
    found: list[Any] = new.get("directory", "/employees")["items"]
    assert sorted(each["name"] for each in found) == ["Contoh Kepala Puskesmas", "Contoh Perawat"]
    assert [unit["code"] for unit in new.get("directory", "/units")["items"]] == ["L-PKM-1"]
    assert old.person(HEAD)["unit"] is not None
    assert old.person(NURSE)["unit"] is None
    assert old.get("directory", "/instansi")["suspended"] is False
