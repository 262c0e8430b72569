"""The SIASN adapter brings each rating to SIASN once, whatever is lost on the way, and says what waits for whom."""

import asyncio
import csv
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.testing.waiting import until
from shared.web.development import development_token
from tests.feed.conftest import KEY, Feed
from tests.feed.process import Process
from tests.feed.siasn import Siasn

_ADAPTER = Path(__file__).resolve().parents[2] / "examples" / "siasn" / "siasn.py"
RATED = "appraisal.rating.set.v1"
COLUMNS = (
    "employee", "nip", "pns_id", "coefficient_id", "appraiser_nip", "appraiser_name", "appraiser_position",
    "appraiser_unit", "appraiser_grade",
)  # fmt: skip


class Adapter:
    """The program, run to its end."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.file, self.people, self._environment = folder / "records.sqlite", folder / "people.csv", environment

    async def __call__(self, *arguments: str | Path) -> tuple[int | None, Any]:
        command = [sys.executable, str(_ADAPTER), str(self.file), *map(str, arguments)]
        process = await asyncio.create_subprocess_exec(
            *command, env=os.environ | self._environment, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        return process.returncode, json.loads(told) if told else None

    def hurry(self) -> None:
        """What is to be tried later is tried now."""
        with sqlite3.connect(self.file) as db:
            db.execute("UPDATE record SET due = 0")


def rating(employee: str, work: str, behaviour: str, predicate: str, version: int = 1) -> dict[str, Any]:
    """What makes a rating's event: of the first quarter."""
    data = {
        "review": str(uuid4()),
        "employee": employee,
        "period": "2026-Q1",
        "work_result": work,
        "behaviour": behaviour,
    }
    more = {"predicate": predicate, "recommended": None, "rated_by": str(uuid4())}
    return {"data": data | more, "subject": employee, "sourceversion": version}


def write_people(file: Path, employees: list[str]) -> None:
    with file.open("w", newline="") as out:
        rows = [[each, f"nip {n}", f"pns-{n}", "k1", "x", "x", "x", "x", "x"] for n, each in enumerate(employees)]
        csv.writer(out).writerows([COLUMNS, *rows])


async def test_each_rating_reaches_siasn_once_and_what_cannot_says_why(
    feed: Feed, processes: list[Process], tmp_path: Path
) -> None:
    siti, budi, ani = (str(uuid4()) for _ in range(3))
    siasn = Siasn({f"nip {n}": f"pns-{n}" for n in range(3)}, ["lost", 503, 422])
    await siasn.open()
    await processes[0].start()
    adapter = Adapter(
        tmp_path,
        {
            "KINERJA_FEED_URL": f"{processes[0].url}/api/v1/medan",
            "KINERJA_FEED_TOKEN": development_token(KEY, instansi="medan", roles=["hr"], subject="siasn"),
            "SIASN_URL": f"http://127.0.0.1:{siasn.port}",
            "SIASN_GATEWAY_TOKEN": "gateway",
            "SIASN_SSO_TOKEN": "sso",
        },
    )
    write_people(adapter.people, [siti, budi])
    await feed.tell(RATED, **rating(siti, "above", "above", "sangat_baik"))
    await feed.tell(RATED, **rating(budi, "meets", "meets", "baik"))
    await feed.tell(RATED, **rating(ani, "below", "meets", "butuh_perbaikan"))

    async def listened() -> bool:
        return (await adapter("listen"))[0] == 0

    await until(listened, seconds=120)
    code, told = await adapter("push", adapter.people)
    assert (code, told["counts"]) == (1, {"sending": 2, "unmapped": 1}), "one answer was lost, one was 503"
    assert [row["reason"] for row in told["waiting"]] == ["the employee is not in the CSV of people"]
    write_people(adapter.people, [siti, budi, ani])
    adapter.hurry()
    _, told = await adapter("push", adapter.people)
    assert sum(len(rows) for rows in siasn.kept.values()) == 1, "the lost one is there and was not sent again"
    assert told["counts"] == {"accepted": 1, "refused": 1, "unmapped": 1}
    assert {row["reason"][:12] for row in told["waiting"]} == {'422 {"messag', "no value for"}

    # Hr learns from SIASN which quadrant it is, and the refused rating is set anew.
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        _ADAPTER.with_name("mapping.yaml").read_text().replace("butuh_perbaikan: null", "butuh_perbaikan: 3")
    )
    await feed.tell(RATED, **rating(siti, "above", "above", "sangat_baik"))
    refused = next(row["employee"] for row in told["waiting"] if row["state"] == "refused")
    await feed.tell(RATED, **rating(refused, "meets", "above", "baik", version=2))
    await adapter("listen")
    code, told = await adapter("--mapping", mapping, "push", adapter.people)
    assert (code, told["counts"]) == (0, {"accepted": 3})
    kept = {
        id: [(r["hasilKinerjaNilai"], r["perilakuKerjaNilai"], r["kuadranKinerjaNilai"]) for r in rows]
        for id, rows in siasn.kept.items()
    }
    assert {id: len(rows) for id, rows in kept.items()} == {"pns-0": 1, "pns-1": 1, "pns-2": 1}
    assert kept["pns-2"] == [(3, 2, 3)]
    [mine] = siasn.kept["pns-2"]
    assert (mine["BulanMulaiPenilaian"], mine["BulanSelesaiPenilaian"], mine["tahun"]) == (1, 3, 2026)

    mine["kuadranKinerjaNilai"] = 2
    siasn.kept["pns-1"].clear()
    code, told = await adapter("--mapping", mapping, "reconcile", adapter.people)
    assert (code, told["counts"]) == (1, {"accepted": 1, "differs": 1, "ready": 1})
    await adapter("--mapping", mapping, "file", adapter.people, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as source:
        assert [row["PnsDinilaiId"] for row in csv.DictReader(source)] == ["pns-1"]
    await processes[0].end(signal.SIGKILL)
    await siasn.close()
