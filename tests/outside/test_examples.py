"""The examples for other systems, killed in the middle: what they hold is what the source says, every event once by its id."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
import yaml
from nats.js.client import JetStreamContext

from shared.contracts.schema_files import SAMPLES
from shared.ids import fresh_id
from tests.e2e.story import Story
from tests.e2e.town import Agency, Town, entry, until

_ROOT = Path(__file__).resolve().parents[2]
_OLD = "kota-tua"
_COUNTED = ("verified", "imported")
_EVENTS = "SELECT instansi, stream, version FROM events WHERE type LIKE $1 AND instansi LIKE $2"


class Program:
    """One of the examples, with a ledger of its own."""

    def __init__(self, command: list[str], ledger: Path, login: dict[str, str]) -> None:
        self.command, self.ledger = [*command, str(ledger)], ledger
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("KINERJA_")} | login
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, env=self.environment)

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, "it must still be at work"
        self.process.kill()
        self.process.wait()

    def picture(self) -> dict[str, Any]:
        """What it says is true, asked from another process while it is at work."""
        done = subprocess.run([*self.command, "--print"], env=self.environment, capture_output=True, check=True)
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def events(self) -> int:
        return len(self.picture()["events"]) if self.ledger.exists() else 0


@pytest.fixture(scope="module")
def programs(town: Town, story: Story, node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Program]]:
    folder = tmp_path_factory.mktemp("ledgers")
    town.kinerja("subscribers", "apply", _ROOT / "examples" / "subscribers.yaml")
    made = []
    for name, command in (("python", [sys.executable, "subscribe.py"]), ("node", [node, "subscribe.mjs"])):
        said = town.kinerja("subscribers", "login", f"example-{name}")
        login = dict(line.split("=", 1) for line in said.splitlines())
        place = _ROOT / "examples" / name
        made.append(Program([command[0], str(place / command[1])], folder / name, login))
    made.append(_puller(town, story, folder / "http"))
    yield made
    for program in made:
        if program.process is not None and program.process.poll() is None:
            program.kill()


def _puller(town: Town, story: Story, ledger: Path) -> Program:
    """The one that speaks HTTP: hr lets it have what it asks for, of this agency only."""
    agency, system = story.agency, "example-http"
    types = yaml.safe_load((_ROOT / "examples" / "subscribers.yaml").read_text())["subscribers"]["example-node"][
        "types"
    ]
    types += ["activity.record.renewed.v1", "appraisal.record.renewed.v1"]
    until(lambda: agency.ask("hana", "feed", "PUT", f"/grants/{system}", {"types": types}).is_success)
    login = {
        "KINERJA_FEED_URL": f"{town.urls['feed']}/api/v1/{agency.code}",
        "KINERJA_FEED_TOKEN": town.token(agency.code, "system", subject=system),
    }
    return Program([sys.executable, str(_ROOT / "examples" / "http" / "pull.py")], ledger, login)


def _work(story: Story, how_many: int) -> None:
    """Entries are logged, verified, taken back; a verification too: each is a retraction to whoever counts."""
    agency, day = story.agency, story.agency.today
    items = [entry(day, f"{number}.50", story.indicator) for number in range(1, how_many + 1)]
    agency.do("rosma", "activity", "POST", "/entries/batch", {"items": items})
    ids = [item["id"] for item in items]
    seen = [{"entry": id_, "version": 1} for id_ in ids[: how_many // 2]]
    agency.do("kepala", "activity", "POST", "/verifications", {"items": seen})
    agency.do("rosma", "activity", "POST", f"/entries/{ids[0]}/withdraw", {"version": 2})
    agency.do("rosma", "activity", "POST", f"/entries/{ids[-1]}/withdraw", {"version": 1})


def _adjust(town: Town, agency: Agency, indicator: str) -> None:
    """A fact of the closed month that another system kept: the closed review is adjusted."""
    source = {"source": {"system": "e-kinerja", "file_hash": "b" * 64, "row": 1}}
    late = entry(agency.last_month.first_day, "4", indicator) | source | {"employee": agency.people["rosma"]}
    agency.do("hana", "activity", "POST", "/imports/entries", {"items": [late]})
    adjusted = "SELECT 1 FROM review_record WHERE instansi = $1 AND adjustments > 0"
    until(lambda: town.sql("appraisal", adjusted, agency.code))


def _source(town: Town, instansi: str = "%") -> dict[str, Any]:
    """The same picture from the databases of those who know."""
    entries = "SELECT id, version, status, quantity, employee, period FROM entry WHERE instansi LIKE $1"
    rows = town.sql("activity", entries, instansi)
    counted: dict[str, Decimal] = {}
    for _, _, status, quantity, employee, period in rows:
        if status in _COUNTED:
            key = f"{employee} {period}"
            counted[key] = counted.get(key, Decimal(0)) + quantity
    closed = "SELECT id, percent, adjustments FROM review_record WHERE closed_on IS NOT NULL AND instansi LIKE $1"
    facts = town.sql("activity", _EVENTS, "entry.%", instansi)
    for kind in ("review.closed", "review.adjusted"):
        facts += town.sql("appraisal", _EVENTS, kind, instansi)
    return {
        "entries": {str(row[0]): [row[1], row[2], row[3]] for row in rows},
        "counted": counted,
        "results": {str(row[0]): (row[1], row[2]) for row in town.sql("appraisal", closed, instansi)},
        "events": sorted(str(uuid5(stream, f"{instansi}:{version}")) for instansi, stream, version in facts),
    }


def _comparable(picture: dict[str, Any]) -> dict[str, Any]:
    """Numbers as numbers: 4 is 4.00."""

    def number(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return {
        "entries": {id_: [version, status, number(q)] for id_, (version, status, q) in picture["entries"].items()},
        "counted": {key: number(value) for key, value in picture["counted"].items()},
        "results": {id_: (number(r["percent"]), len(r["adjusted"])) for id_, r in picture["results"].items()},
        "events": picture["events"],
    }


def test_after_kills_a_replay_and_a_republish_they_hold_what_the_source_says(
    town: Town, story: Story, programs: list[Program]
) -> None:
    for kill in range(3):
        for program in programs:
            program.start()
        before = [program.events() for program in programs]
        _work(story, 40)
        for program, events in zip(programs, before, strict=True):
            until(lambda program=program, events=events: program.events() > events)  # type: ignore[misc]
            program.kill()
        if kill == 1:
            _adjust(town, story.agency, story.indicator)
            town.kinerja("republish", "--service", "activity")  # everything once more: it is known
    town.kinerja("subscribers", "replay", _ROOT / "examples" / "subscribers.yaml", "example-node")
    until(lambda: not any(town.sql(name, "SELECT 1 FROM outbox LIMIT 1") for name in ("activity", "appraisal")))
    wanted, of_one = _source(town), _source(town, story.agency.code)
    assert any(adjustments for _, adjustments in wanted["results"].values())
    assert {status for _, status, _ in wanted["entries"].values()} >= {"waiting", "verified", "withdrawn", "imported"}
    for program in programs:
        subprocess.run([*program.command, "--once"], env=program.environment, check=True, timeout=120)
        said = program.picture()
        assert len(said["events"]) == len(set(said["events"]))
        assert _comparable(said) == (of_one if "http" in program.ledger.name else wanted)


def _told(kind: str, source: str, version: int, told_in: int, **data: Any) -> tuple[str, bytes]:
    said = json.loads((SAMPLES / f"{kind}.json").read_bytes())
    said |= {"id": str(fresh_id()), "instansi": _OLD, "subject": source, "sourceversion": version, "epoch": told_in}
    said["data"] |= data
    return f"kinerja.{_OLD}.{kind}", json.dumps(said).encode()


def test_what_a_restored_record_does_not_tell_again_is_forgotten_and_a_broken_message_holds_up_nothing(
    town: Town, programs: list[Program]
) -> None:
    lost, kept, late = (str(fresh_id()) for _ in range(3))
    verified = "activity.entry.verified.v1"
    told = [
        _told(verified, lost, 2, 1, quantity="5"),
        _told(verified, kept, 7, 1, quantity="6"),
        (f"kinerja.{_OLD}.{verified}", b"{broken"),
        (f"kinerja.{_OLD}.{verified}", b'{"type": 7}'),
        _told(verified, kept, 3, 2, quantity="8"),
        _told("activity.record.renewed.v1", str(fresh_id()), 1, 2, epoch=2),
        _told(verified, late, 9, 1, quantity="9"),
    ]

    async def publish(js: JetStreamContext) -> None:
        for subject, body in told:
            await js.publish(subject, body)

    town.road(publish)
    for program in programs[:2]:  # the third one hears of its own agency only
        subprocess.run([*program.command, "--once"], env=program.environment, check=True, timeout=120)
        entries = program.picture()["entries"]
        assert {id_: entries.get(id_) for id_ in (lost, kept, late)} == {
            lost: None,
            kept: [3, "verified", "8"],
            late: None,
        }
