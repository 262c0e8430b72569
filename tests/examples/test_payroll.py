"""The payroll example on a real server: it pays by what is whole, adjusts in the next month, and forgets nothing by a kill."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from nats.aio.client import Client

from deploy.nats import grants
from deploy.nats.access import ADMIN
from deploy.nats.description import read
from shared.contracts.schema_files import SAMPLES
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until
from tests.deploy.nats.conftest import Guarded

_EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "payroll_tpp"
_A, _B, _C, _PERIOD = (f"0197a000-0000-7000-8000-00000000000{n}" for n in range(4))
_COLUMNS = "id,instansi,employee,period,kind,old_percent,percent,predicate,tries"


class Payroll:
    """The program, on a book of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        ours = {"KINERJA_NATS_URL": url, "KINERJA_NATS_USER": "payroll", "KINERJA_NATS_PASSWORD": "payroll"}
        self._environment = {**os.environ, **ours}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(_EXAMPLE / "payroll.py"), str(self.folder / "book"), *arguments]

    def start(self, said: int | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command("listen"), env=self._environment, stderr=said)

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """How it ended, and what it said."""
        done = await asyncio.to_thread(
            lambda: subprocess.run(
                self.command(*arguments), env=self._environment, capture_output=True, text=True, check=False
            )
        )
        return done.returncode, done.stdout, done.stderr

    async def listen(self) -> None:
        code, _, said = await self.run("listen", "--once")
        assert code == 0, said

    async def write(self, month: str) -> tuple[int, list[str]]:
        """How it ended, and the lines of the month's file without their ids."""
        file = self.folder / f"{month}.csv"
        code, _, _ = await self.run("write", month, str(file))
        heading, *lines = file.read_text().splitlines()
        assert heading == _COLUMNS
        return code, [line.split(",", 1)[1] for line in lines]

    async def answer(self, **states: str) -> tuple[int, str, str]:
        """Payroll's answers by what the line says of the employee."""
        ids: dict[str, str] = {}
        for file in sorted(self.folder.glob("*.csv")):
            ids |= {row["employee"]: row["id"] for row in csv.DictReader(file.open())}
        rows = [f"{ids.get(employee(who), '999')},{state},said" for who, state in states.items()]
        (self.folder / "answers.txt").write_text("\n".join(["id,state,reason", *rows]))
        return await self.run("reconcile", str(self.folder / "answers.txt"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Guarded]:
    made = Guarded(tmp_path)
    made.subscribers = read(yaml.safe_load((_EXAMPLE / "subscribers.yaml").read_text())).subscribers
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def admin(server: Guarded) -> AsyncIterator[Client]:
    client = await connect(server.url, ADMIN, ADMIN)
    await apply(client.jetstream(), ["appraisal"], [])
    await grants.apply(client, ["APPRAISAL"], server.subscribers)
    yield client
    await client.close()


def employee(review: str) -> str:
    return f"employee-of-{review}"


async def tell(admin: Client, type_: str, subject: str, version: int, epoch: int = 1, **data: Any) -> None:
    """A golden sample with other content."""
    sample = json.loads((SAMPLES / f"appraisal.{type_}.v1.json").read_text())
    said = {"instansi": "kota-medan", "subject": subject, "sourceversion": version, "epoch": epoch, "id": str(uuid4())}
    document = sample | said | {"data": sample["data"] | data}
    await admin.jetstream().publish(f"kinerja.kota-medan.appraisal.{type_}.v1", json.dumps(document).encode())


async def closed(admin: Client, review: str, percent: str | None, predicate: str | None, epoch: int = 1) -> None:
    told: dict[str, Any] = {
        "employee": employee(review),
        "period": "2026-03",
        "percent": percent,
        "predicate": predicate,
    }
    await tell(admin, "review.closed", review, 5, epoch, **told)


async def adjusted(admin: Client, review: str, version: int, old: str, new: str, epoch: int = 1) -> None:
    told: dict[str, Any] = {"employee": employee(review), "period": "2026-03", "old_percent": old, "new_percent": new}
    await tell(admin, "review.adjusted", review, version, epoch, **told)


async def test_a_month_is_paid_whole_and_once_and_what_changes_later_in_the_next(
    tmp_path: Path, server: Guarded, admin: Client
) -> None:
    payroll = Payroll(tmp_path, server.url)
    counts: dict[str, Any] = {"period": "2026-03", "expected": 3, "rated": 2, "not_rated": 1, "not_measured": 1}
    await tell(admin, "period.closed", _PERIOD, 2, **counts)  # before what it counts
    await closed(admin, _A, "60", "butuh_perbaikan")
    await closed(admin, _A, "60", "butuh_perbaikan")
    await admin.jetstream().publish("kinerja.kota-medan.appraisal.review.closed.v1", b"<xml/>")
    await payroll.listen()
    assert await payroll.write("2026-04") == (1, [])
    _, _, said = await payroll.run("status")
    assert said == "kota-medan 2026-03: expected, rated, not measured are (3, 2, 1), and here (1, 1, 0)\n"

    running = payroll.start()
    await closed(admin, _B, "100", "baik")
    while (await admin.jetstream().consumer_info("APPRAISAL", "outside-payroll")).num_pending:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    running.kill()
    running.wait()
    await closed(admin, _C, None, None)
    await grants.replay(admin, "APPRAISAL", "payroll", server.subscribers["payroll"], None)
    await payroll.listen()
    march = [
        f"kota-medan,{employee(_A)},2026-03,final,,60,butuh_perbaikan,1",
        f"kota-medan,{employee(_B)},2026-03,final,,100,baik,1",
        f"kota-medan,{employee(_C)},2026-03,final,,,,1",
    ]
    code, lines = await payroll.write("2026-04")
    assert (code, sorted(lines)) == (0, march)
    await adjusted(admin, _A, 7, "63", "65")
    await adjusted(admin, _A, 6, "60", "63")  # late
    await payroll.listen()
    assert await payroll.write("2026-04") == (0, lines)

    assert await payroll.answer(**{_A: "accepted", _B: "refused", _C: "accepted"}) == (0, "", "")
    code, _, said = await payroll.answer(nobody="accepted")
    assert (code, said) == (1, "line 999: 'accepted' does not follow what we know of it\n")
    assert await payroll.run("status") == (0, '{"accepted": 2, "refused": 1}\n', "")
    assert await payroll.write("2026-05") == (
        0,
        [
            f"kota-medan,{employee(_B)},2026-03,final,,100,baik,2",
            f"kota-medan,{employee(_A)},2026-03,adjustment,60,65,butuh_perbaikan,1",
        ],
    )
    assert (await payroll.answer(**{_A: "accepted", _B: "accepted"}))[0] == 0

    # The record was put back and told anew: A's adjustment is lost, and told by nobody again.
    for review, percent, predicate in ((_A, "60", "butuh_perbaikan"), (_B, "100", "baik"), (_C, None, None)):
        await closed(admin, review, percent, predicate, epoch=2)
    await tell(admin, "period.closed", _PERIOD, 3, 2, **counts)
    await tell(admin, "record.renewed", str(uuid4()), 1, 2)
    await payroll.listen()
    assert await payroll.write("2026-06") == (
        0,
        [f"kota-medan,{employee(_A)},2026-03,adjustment,65,60,butuh_perbaikan,1"],
    )


async def test_a_listener_whose_password_is_no_longer_good_says_so_and_ends(
    tmp_path: Path, server: Guarded, admin: Client
) -> None:
    listening = Payroll(tmp_path, server.url).start(said=subprocess.PIPE)

    async def listening_now() -> bool:
        return bool((await admin.jetstream().consumer_info("APPRAISAL", "outside-payroll")).num_waiting)

    try:
        await until(listening_now)
        server.passwords["payroll"] = "another"
        server.configure()
        server.process.send_signal(signal.SIGHUP)
        _, said = await asyncio.to_thread(listening.communicate, timeout=120)
    finally:
        listening.kill()
        listening.wait()
    assert (listening.returncode, b"is the password still good" in said) == (1, True), said
