"""Dead letters at the command line: found, shown, retried, dropped, and who did it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result

import shared.contracts
from cli.system import database_url, nats_login
from shared.eventstore.database import Database
from shared.ids import fresh_id
from shared.messaging.streams import connect
from shared.operations import dead_letters
from shared.testing.system import EmbeddedSystem
from tests.cli.office import Office
from tests.e2e.town import until

_SAMPLE = Path(shared.contracts.__path__[0]) / "samples" / "appraisal.gap.found.v1.json"
DURABLE = "training--appraisal--gaps"


def publish(system: EmbeddedSystem, subject: str, payloads: Sequence[bytes]) -> None:
    async def work() -> None:
        road = await connect(*nats_login(system.data, "appraisal"), inbox_prefix="_INBOX_appraisal")
        for payload in payloads:
            await road.jetstream().publish(subject, payload)
        await road.close()

    asyncio.run(work())


@pytest.fixture
def office(running_system: EmbeddedSystem) -> Office:
    """An agency of its own that nobody has heard of: its facts are stored and wait."""
    return Office(running_system, f"kota-{fresh_id().hex[-12:]}")


def bury(office: Office, number: int, *, mendable: bool = False) -> list[str]:
    """Broken messages for training (and notification, which hears them too), newest first; see `mend`."""
    sample = orjson.loads(_SAMPLE.read_bytes())
    subject = f"kinerja.{office.code}.appraisal.gap.found.v1"
    payloads = []
    for _ in range(number):
        source = str(fresh_id())
        data = sample["data"] | {"gap": source, "required": "3" if mendable else "three"}
        about = {"id": str(fresh_id()), "subject": source, "instansi": office.code, "data": data}
        payloads.append(orjson.dumps(sample | about | ({"epoch": 0} if mendable else {})))
    before = len(listed(office))
    publish(office.system, subject, payloads)
    until(lambda: len(listed(office)) == before + number)
    return [letter["id"] for letter in listed(office)][:number]


def listed(office: Office, *options: object) -> list[dict[str, Any]]:
    asked = ("--json", "--service", "training", "--instansi", office.code)
    done = office.run("dead-letters", "list", *asked, *options)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def mend(office: Office, ids: Sequence[str]) -> None:
    """As a later version of the program, for which these messages are none to refuse, would see them."""

    async def work() -> None:
        db = Database(database_url(office.system.data, "training", "worker"))
        numbers = [int(each.partition(":")[2]) for each in ids]
        async with db.transaction() as conn:
            await conn.exec_driver_sql(
                "UPDATE dead_letters SET payload = convert_to(replace(convert_from(payload, 'UTF8'), '\"epoch\":0',"
                " '\"epoch\":1'), 'UTF8') WHERE id = ANY($1::bigint[])",
                (numbers,),
            )
        await db.close()

    asyncio.run(work())


def done(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, result.output
    return result.output


def test_letters_are_listed_by_what_they_are_and_shown_whole(office: Office) -> None:
    [newest, *_, oldest] = ids = bury(office, 5)
    assert [letter["id"] for letter in listed(office, "--service", "training")] == ids
    for options in (
        ("--durable", DURABLE, "--reason", "contract", "--type", "appraisal.gap"),
        ("--since", f"{datetime.now(UTC):%Y-%m-%d}"),
        ("--limit", 5),
    ):
        assert [letter["id"] for letter in listed(office, *options)] == ids
    for options in (
        ("--service", "activity"),
        ("--durable", "training--appraisal--plans"),
        ("--reason", "handler"),
        ("--type", "appraisal.gap.closed"),
        ("--since", "2099-01-01"),
    ):
        assert listed(office, *options) == []
    assert [letter["id"] for letter in listed(office, "--limit", 2)] == ids[:2]
    assert [letter["id"] for letter in listed(office, "--before", ids[1])] == ids[2:]
    [letter] = listed(office, "--before", ids[3])
    assert (letter["id"], letter["service"], letter["durable"], letter["tries"]) == (oldest, "training", DURABLE, 1)
    table = done(office.run("dead-letters", "list", "--instansi", office.code, "--service", "training", "--limit", 4))
    assert newest in table
    assert f"--before {ids[3]}" in table

    shown = json.loads(done(office.run("dead-letters", "show", newest)))
    assert json.loads(shown["payload"])["data"]["required"] == "three"
    assert (shown["id"], shown["headers"], shown["tries"], shown["actions"]) == (newest, {}, 1, [])
    assert "ContractBroken" in shown["trace"]
    assert "required" in shown["error"]
    assert "no dead letter" in done(office.run("dead-letters", "show", "training:999999999"), 2)


def test_a_retry_settles_what_can_be_processed_now_and_keeps_the_rest(office: Office) -> None:
    lost = bury(office, 2)
    mendable = bury(office, 3, mendable=True)
    everything = ("--service", "training", "--instansi", office.code)
    said = done(office.run("dead-letters", "retry", *everything, "--by", "ani"), 1)
    assert "training: 0 settled, 5 failed again" in said
    assert {letter["tries"] for letter in listed(office)} == {2}

    mend(office, mendable)
    assert "1 settled, 0 failed" in done(office.run("dead-letters", "retry", mendable[0], "--because", "mended"))
    assert "2 settled, 2 failed" in done(office.run("dead-letters", "retry", *everything, "--by", "budi"), 1)
    assert [letter["id"] for letter in listed(office)] == lost
    assert [letter["settled"] for letter in listed(office, "--settled")] == ["retried"] * 3 + [None] * 2
    missing = office.run("dead-letters", "retry", mendable[0], lost[0])
    assert f"No open dead letter: {mendable[0]};" in done(missing, 2)

    shown = json.loads(done(office.run("dead-letters", "show", lost[0])))
    assert [(each["action"], each["who"], each["why"]) for each in shown["actions"]] == [
        ("retry", "budi", None),
        ("retry", "ani", None),
    ]
    history = json.loads(done(office.run("dead-letters", "history", "--service", "training", "--json")))
    [mine] = [each for each in history if each["why"] == "mended"]
    assert (mine["letter"], mine["action"], mine["outcome"]) == (mendable[0], "retry", "done")
    assert mine["who"]


def test_a_drop_asks_and_is_remembered_with_its_reason(office: Office) -> None:
    first, second, third = bury(office, 3)
    drop, everything = ("dead-letters", "drop"), ("--service", "training", "--instansi", office.code)
    assert "--because" in done(office.run(*drop, first), 2)
    assert "Say which" in done(office.run(*drop, "--because", "x"), 2)
    assert "Nothing was dropped" in done(office.run(*drop, first, "--because", "a test"), 2)
    assert len(listed(office)) == 3
    assert "training: 1 dropped" in done(office.run(*drop, second, "--because", "a test", "--by", "ani", "--yes"))
    assert [letter["id"] for letter in listed(office)] == [first, third]
    assert f"kinerja.{office.code}." in done(office.run("dead-letters", "list", "--service", "training"))
    said = done(office.run(*drop, *everything, "--because", "all useless", "--yes"))
    assert "training: 2 dropped" in said
    assert listed(office) == []
    assert "No dead letters." in done(office.run(*drop, *everything, "--because", "x", "--yes"))
    table = done(office.run("dead-letters", "history", "--service", "training"))
    assert "all useless" in table
    assert "ani" in table


def test_what_is_said_to_be_dead_counts_in_the_status(office: Office) -> None:
    ids = bury(office, 1)

    async def letters() -> int:
        db = Database(database_url(office.system.data, "training", "worker"))
        found = await dead_letters.found(db, dead_letters.Wanted())
        await db.close()
        return len(found)

    status = json.loads(done(office.run("status", "--json"), code=1))
    assert status["services"]["training"]["dead_letters"] == asyncio.run(letters())
    done(office.run("dead-letters", "drop", *ids, "--because", "a test", "--yes"))
