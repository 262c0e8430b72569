"""Two units become one in the running system: what waited goes to the new head, and people work on the same day."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from shared.ids import fresh_id
from tests.cli.office import ROSTER, Office, outcome, written
from tests.e2e.town import until

CHIEF, LEFT, RIGHT, CLERK = "196501011990011001", "197001011995011001", "197101011996011001", "199001012015012001"
TODAY = datetime.now(UTC).astimezone().date()
EVE = TODAY - timedelta(days=1)
PLAN = f"""
from: {TODAY}
steps:
  - merge: ["KIRI", "KANAN"]
    into: {{code: "SATU", name: Bidang Satu, parent: "DINAS", head_position: KABID}}
    head: "{RIGHT}"
    posts: {{"{LEFT}": ANALIS}}
"""


def _roster(office: Office) -> None:
    def row(nip: str, name: str, unit: str, post: str, superior: str) -> tuple[str, ...]:
        place = (post, post.title(), "JA", "Pelaksana" if post == "ANALIS" else "Pengawas")
        return (nip, name, "PNS", unit, f"Unit {unit}", *place, superior, "definitif", "2026-01-01", "")

    rows = [
        row(CHIEF, "Contoh Kepala", "DINAS", "KADIS", ""),
        row(LEFT, "Contoh Kiri", "KIRI", "KABID", CHIEF),
        row(RIGHT, "Contoh Kanan", "KANAN", "KABID", CHIEF),
        row(CLERK, "Contoh Staf", "KIRI", "ANALIS", LEFT),
    ]
    assert outcome(office.bring("roster", written("roster.csv", ROSTER, *rows))) == (4, 0, 0)
    with office.system.client("directory", office.code, "hr") as hr:
        heads = [{"code": code, "head_position": "KABID", "parent": "DINAS"} for code in ("KIRI", "KANAN")]
        assert hr.post("/units/batch", json={"items": heads}).json()["changed"] == 2


def test_what_waited_in_two_merged_units_is_decided_by_the_new_head(empty: Office) -> None:
    _roster(empty)
    entry = fresh_id()
    with (
        empty.client(empty.person(CLERK)["id"], "activity") as clerk,
        empty.client(empty.person(LEFT)["id"], "activity") as old,
        empty.client(empty.person(RIGHT)["id"], "activity") as new,
    ):
        body = {"day": EVE.isoformat(), "quantity": "1", "minutes": 60, "description": "Menyusun laporan"}
        until(lambda: clerk.put(f"/entries/{entry}", json=body).status_code in (200, 201))
        assert until(lambda: old.get("/verification-queue").json()["items"])[0]["entries"] == 1
        Path("plan.yaml").write_text(PLAN)
        shown = empty.run("reorganise", "plan.yaml", "--instansi", empty.code, "--dry-run")
        assert "Contoh Staf: KIRI -> SATU ANALIS, under Contoh Kanan" in shown.stdout
        assert "unit SATU: would be made" in shown.stdout
        assert empty.get("directory", "/units", code="SATU")["items"] == []
        done = empty.run("reorganise", "plan.yaml", "--instansi", empty.code)
        assert (done.exit_code, "KIRI, KANAN -> SATU: 3 placements changed" in done.stdout) == (0, True), done.output
        again = empty.run("reorganise", "plan.yaml", "--instansi", empty.code)
        assert (again.exit_code, "SATU: 0 placements changed" in again.stdout) == (0, True), again.output
        waiting = until(lambda: new.get("/verification-queue").json()["items"])
        assert (waiting[0]["entries"], old.get("/verification-queue").json()["items"]) == (1, [])
        assert old.post(f"/entries/{entry}/verify", json={"version": 1}).json()["code"] == "not-the-superior"
        assert new.post(f"/entries/{entry}/verify", json={"version": 1}).status_code == httpx.codes.OK
    [closed] = empty.get("directory", "/units", code="KIRI")["items"]
    assert closed["last_day"] == EVE.isoformat()
    line = empty.get("directory", "/assignments", employee=empty.person(CLERK)["id"])
    assert [(each["valid_from"], each["valid_to"]) for each in line] == [
        ("2026-01-01", EVE.isoformat()),
        (TODAY.isoformat(), None),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from: 2026-01-01\nsteps: []", "steps is to have at least one"),
        ("from: 2026-01-01\nsteps: [{merge: [1.10], into: {code: A}}]", "steps.0.merge.0 is to be text in quotes"),
        ("from: 2026-01-01\nsteps: [{move: A, under: B}]", "steps.0.superior is missing"),
        ("steps: [{close: A}]", "from is missing"),
        ("from: 2026-01-01\nsteps: [{join: [A]}]", "steps.0 is no merge, split, move or close"),
        ("", "the plan is to have keys"),
        ("a: [", "no readable YAML"),
    ],
)
def test_a_plan_that_cannot_be_read_says_where(empty: Office, text: str, says: str) -> None:
    Path("plan.yaml").write_text(text)
    done = empty.run("reorganise", "plan.yaml", "--instansi", empty.code)
    assert (done.exit_code, says in done.stderr) == (2, True), done.output


def test_a_plan_for_a_day_to_come_is_entered_now_and_the_tree_follows_on_the_day(empty: Office) -> None:
    _roster(empty)
    later = TODAY + timedelta(days=40)
    Path("plan.yaml").write_text(PLAN.replace(str(TODAY), str(later)))
    done = empty.run("reorganise", "plan.yaml", "--instansi", empty.code)
    assert (done.exit_code, f"Run this again on {later}" in done.stdout) == (0, True), done.output
    [unit] = empty.get("directory", "/units", code="KIRI")["items"]
    assert unit["last_day"] is None
    Path("close.yaml").write_text(f"from: {later}\nsteps: [{{close: DINAS}}]")
    for more in (("--dry-run",), ()):
        done = empty.run("reorganise", "close.yaml", "--instansi", empty.code, *more)
        assert (done.exit_code, "unit-in-use: 1 placements in unit DINAS" in done.stderr) == (2, True), done.output
    assert json.dumps(empty.person(CLERK)["unit"]) == json.dumps(unit["id"]), "until the day people are where they were"
