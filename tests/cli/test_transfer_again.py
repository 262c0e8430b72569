"""A transfer that is run again: what broke off goes on, what came meanwhile follows, and nothing of the new agency is undone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from cli import transfer
from tests.cli.office import HEAD, NURSE, ROSTER, SAMPLES, Office, outcome, written

CHIEF, MAYOR = "198406102009011002", "197001011995011001"
FIRST = datetime.now(UTC).date().replace(day=1)
LAST = (FIRST - timedelta(days=1)).isoformat()


@pytest.fixture
def agencies(empty: Office) -> tuple[Office, Office, Callable[[], Any]]:
    """The people and plans of samples/ in one, an empty other, and the command that takes everybody there."""
    for kind, rows in (("roster", 3), ("plans", 2)):
        assert outcome(empty.bring(kind, SAMPLES / f"{kind}.csv")) == (rows, 0, 0)
    new = Office(empty.system, empty.code[:50] + "-baru")
    Path("other.yaml").write_text((SAMPLES / "instansi.yaml").read_text().replace("kota-contoh", new.code))
    assert new.run("instansi", "add", "other.yaml").exit_code == 0
    command = ("instansi", "split", empty.code, "--unit", "DINKES", "--into", new.code, "--from", FIRST)
    return empty, new, lambda: empty.run(*command)


def _hr(office: Office, path: str, body: Any) -> Any:
    with office.system.client("directory", office.code, "hr") as hr:
        answer = hr.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


def _superior(office: Office, nip: str) -> Any:
    [line] = office.get("directory", "/assignments", employee=office.person(nip)["id"])
    return line["superior"]


def test_who_was_taken_in_before_a_kill_keeps_the_superior(
    agencies: tuple[Office, Office, Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, go = agencies
    closed = {"items": [{"code": "LAMA", "name": "Unit Lama", "parent": "DINKES"}]}
    assert _hr(old, "/units/batch", closed)["created"] == 1
    _hr(old, "/units/LAMA/close", {"last_day": LAST})

    def killed(*_: object) -> None:
        raise SystemExit(9)

    with monkeypatch.context() as broken:
        broken.setattr(transfer._Transfer, "_leave", killed)
        assert go().exit_code == 9
    # As if the kill had come after the nurse's superior left, and hr of the new agency had named one for the head since.
    held = old.get("directory", "/assignments", employee=old.person(CHIEF)["id"])[0]["id"]
    _hr(old, f"/assignments/{held}/end", {"last_day": LAST})
    mayor = (MAYOR, "Contoh Wali Kota", "NON_ASN", *[""] * (len(ROSTER) - 3))
    assert outcome(new.bring("roster", written("mayor.csv", ROSTER, mayor))) == (1, 0, 0)
    head = {"employee": {"nip": HEAD}, "unit": "DINKES", "position": "KADIS-KES", "valid_from": FIRST.isoformat()}
    assert _hr(new, "/assignments/batch", {"items": [head | {"superior": {"nip": MAYOR}}]})["changed"] == 1
    done = go()
    assert done.exit_code == 0, done.output
    assert _superior(new, NURSE) == new.person(CHIEF)["id"]
    assert _superior(new, HEAD) == new.person(MAYOR)["id"]
    assert old.person(NURSE)["unit"] is None
    units = [unit["code"] for unit in new.get("directory", "/units")["items"]]
    assert units == ["DINKES", "PKM-1"], "a unit that was closed before the day is not opened again"


def _completed_elsewhere(office: Office, jp: int) -> None:
    item = {"employee": office.person(NURSE)["id"], "year": FIRST.year, "jp": jp, "source": "lms"}
    with office.system.client("training", office.code, "hr") as hr:
        answer = hr.post("/imports/learning-hours", json={"items": [item]})
        assert [each["outcome"] for each in answer.json()["results"]] != ["unchanged"], answer.text


def _hours(office: Office) -> Any:
    return office.get("training", f"/employees/{office.person(NURSE)['id']}/jp", year=FIRST.year)["completed"]


def _target(office: Office) -> Any:
    plan = office.get("appraisal", f"/plans/{office.person(NURSE)['id']}/{FIRST.year}")
    [found] = [each["target"]["value"] for each in plan["agreed"][0]["indicators"] if each["measure"] == "quantity"]
    return found


def _agree_elsewhere(office: Office, target: str) -> None:
    rows = (SAMPLES / "plans.csv").read_text().replace("2026", str(FIRST.year)).replace(",20,", f",{target},")
    Path(f"{target}.csv").write_text(rows)
    assert outcome(office.bring("plans", Path(f"{target}.csv")))[2] == 0


def _agree_here(office: Office, target: str) -> None:
    nurse, chief = (office.person(nip)["id"] for nip in (NURSE, CHIEF))
    path = f"/plans/{nurse}/{FIRST.year}"
    results = office.get("appraisal", path)["agreed"]
    for each in results[0]["indicators"]:
        if each["measure"] == "quantity":
            each["target"]["value"] = target

    def act(who: str, method: str, where: str, body: Any) -> Any:
        token = office.system.token(office.code, "staff", employee=UUID(who))
        base = f"{office.system.processes()['appraisal']['url']}/api/v1/{office.code}"
        answer = httpx.request(
            method, base + where, json=body, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
        )
        assert answer.is_success, answer.text
        return answer.json()

    revision = act(nurse, "PUT", path, {"results": results})["revision"]
    act(chief, "POST", f"{path}/agree", {"revision": revision})


def test_what_came_between_two_runs_follows_and_what_the_new_agency_decided_stays(
    agencies: tuple[Office, Office, Callable[[], Any]],
) -> None:
    old, new, go = agencies
    _agree_elsewhere(old, "20")
    _completed_elsewhere(old, 7)
    assert go().exit_code == 0
    assert _hours(new) == 7
    _hr(new, "/units/batch", {"items": [{"code": "PKM-1", "name": "Puskesmas Kota", "parent": None}]})
    _agree_elsewhere(old, "25")
    _completed_elsewhere(old, 9)
    done = go()
    assert (done.exit_code, _target(new), _hours(new)) == (0, "25", 9), done.output
    unit = new.get("directory", "/units", code="PKM-1")["items"][0]
    assert (unit["name"], unit["parent"]) == ("Puskesmas Kota", None)
    _agree_here(new, "30")
    _agree_elsewhere(old, "35")
    done = go()
    assert (done.exit_code, _target(new), _target(old)) == (0, "30", "35"), done.output
