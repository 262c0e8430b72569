"""Every process dies once, by SIGKILL, in the middle of an import: the result equals that of an undisturbed one."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.system import mint
from deploy.embedded.data import Data
from shared.testing.system import EmbeddedSystem, kinerja

ROOT = Path(__file__).resolve().parents[2]
MAPPING = ROOT / "samples" / "permit-office.yaml"
CALM, STORMY = "kantor-tenang", "kantor-badai"
VICTIMS = (
    "activity",
    "postgres",
    "appraisal",
    "nats",
    "directory",
    "activity",
    "training",
    "notification",
    "appraisal",
)
ROWS = 2_000


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSystem]:
    running = EmbeddedSystem(tmp_path_factory.mktemp("kills"))
    running.up()
    yield running
    running.down()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of an office: 20 officers, four activities a case, a case every hour."""
    case_heading = ["case:concept:name", "case:startdate", "case:enddate", "case:deadline", "case:responsible"]
    heading = [*case_heading, "concept:instance", "concept:name", "org:group", "org:resource", "time:timestamp"]
    path = tmp_path_factory.mktemp("log") / "office.csv"
    first = datetime(2011, 1, 3, 8, tzinfo=UTC)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(heading)
        for row in range(ROWS):
            case = row // 4
            started = first + timedelta(hours=case)
            ended = started + timedelta(days=3 + case % 9)
            due = started + timedelta(days=7)
            officer = f"Officer{(case * 7 + row) % 20}"
            done = started + timedelta(hours=6 * (row % 4))
            case_columns = [f"case-{case}", started, ended, due, f"Officer{case % 20}"]
            own_columns = [f"task-{row}", f"T{row % 4} step", f"Group {row % 3}", officer, done]
            out.writerow([*case_columns, *own_columns])
    return path


def command(system: EmbeddedSystem, log: Path, instansi: str) -> list[str]:
    import_ = [sys.executable, "-m", "cli.main", "import", "activity", str(log), "--instansi", instansi]
    return [*import_, "--mapping", str(MAPPING), "--data", str(system.data.root), "--json"]


def test_an_import_survives_the_death_of_every_process(system: EmbeddedSystem, log: Path, tmp_path: Path) -> None:
    calm = subprocess.run(command(system, log, CALM), capture_output=True, text=True, cwd=tmp_path, check=False)
    assert calm.returncode == 0, calm.stderr

    stormy = subprocess.Popen(
        command(system, log, STORMY), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    )
    for victim in VICTIMS:
        time.sleep(1.0)
        with suppress(ProcessLookupError):
            os.kill(system.processes()[victim]["pid"], signal.SIGKILL)
    answer, _ = stormy.communicate(timeout=240)
    assert stormy.returncode == 0
    ours, theirs = (json.loads(text.splitlines()[-1]) for text in (calm.stdout, answer))
    assert (theirs["rows"], theirs["refused"]) == (ours["rows"], 0)

    wait_until_idle(system)
    assert results(system, STORMY) == results(system, CALM)
    assert sum(row["entries"] for row in results(system, CALM)) == ROWS
    proof = kinerja("prove", "--data", system.data.root)
    assert proof.returncode == 0, proof.stdout
    letters = kinerja("dead-letters", "list", "--json", "--data", system.data.root)
    assert json.loads(letters.stdout) == []


def wait_until_idle(system: EmbeddedSystem, seconds: float = 120) -> None:
    until, quiet = time.monotonic() + seconds, 0
    while quiet < 3:
        assert time.monotonic() < until, kinerja("status", "--data", system.data.root).stdout
        time.sleep(1)
        status = kinerja("status", "--json", "--data", system.data.root)
        states = json.loads(status.stdout)["services"].values() if status.returncode == 0 else []
        idle = [s["ready"] and not s["outbox_rows"] and not any(s["lag"].values()) for s in states]
        quiet = quiet + 1 if idle and all(idle) else 0


def results(system: EmbeddedSystem, instansi: str) -> list[dict[str, Any]]:
    """Per officer and month: figures and scores, by the officer's id in the exporting system."""
    names = outside_ids(system, instansi)
    found = []
    for month in ("2011-01", "2011-02"):
        reviews = {
            review["employee"]: review for review in everything(system, "appraisal", instansi, "/reviews", month)
        }
        for figure in everything(system, "activity", instansi, "/figures", month):
            review = reviews[figure["employee"]]
            kept = {key: review[key] for key in ("percent", "recommendation", "measured", "not_measured", "state")}
            found.append(figure | kept | {"employee": names[figure["employee"]]})
    return sorted(found, key=lambda row: (row["employee"], row["period"]))


def everything(system: EmbeddedSystem, service: str, instansi: str, path: str, period: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"period": period, "limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = ask(system, service, instansi, "GET", path, params=params)
        items += page["items"]
        cursor = page.get("next")
        if not cursor:
            return items


def outside_ids(system: EmbeddedSystem, instansi: str) -> dict[str, str]:
    body = {
        "outside": [{"system": "permit-office", "id": f"Officer{n}"} for n in range(20)],
        "purpose": "compare-imports",
    }
    found = ask(system, "directory", instansi, "POST", "/employees/lookup", json=body)
    return {item["id"]: item["outside"]["permit-office"] for item in found["people"]}


def ask(system: EmbeddedSystem, service: str, instansi: str, method: str, path: str, **options: Any) -> Any:
    run = Data(system.data.root).run()
    assert run
    token = mint(system.data, instansi, ["hr", "system"], None, timedelta(hours=1))
    url = f"{run['services'][service]}/api/v1/{instansi}{path}"
    answer = httpx.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=30, **options)
    assert answer.is_success, answer.text
    return answer.json()
