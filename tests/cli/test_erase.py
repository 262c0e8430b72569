"""After an erasure no table and no message says who somebody was or what they wrote; every fact still explains itself."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from deploy.embedded.ports import Ports
from deploy.services import service_names
from shared.ids import fresh_id
from tests.cli.office import ROSTER, Office, outcome, written
from tests.e2e.town import until

HEAD, CLERK = "196712311990011077", "198812122010012078"
DAY = (datetime.now(UTC) - timedelta(days=1)).date()
PLAN = ("nip", "year", "work_result", "indicator", "aspect", "measure", "target", "unit_label")
#: Who the clerk is, what they wrote, and what was written about them.
TRACES = (
    *("Zulaikha Unik", CLERK, "zulaikha@unik.example", "simpeg-zulaikha", "Menyusun naskah zulaikhawi"),
    *("Naskah zulaikhawi terlalu singkat", "Rencana zulaikhawi"),
)


def _found(office: Office, words: Iterable[str]) -> dict[str, list[str]]:
    """Tables of any service, and the feed, in which one of the words stands."""

    async def look(service: str) -> dict[str, list[str]]:
        url = office.system.data.database(service, Ports(office.system.base, []).postgres).url("worker")
        conn: Any = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            tables = await conn.fetch(
                "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
                " AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')"
            )
            return {
                f"{service}.{name}": hits
                for (name,) in tables
                if (
                    hits := [
                        word
                        for word in words
                        if await conn.fetchval(
                            f'SELECT EXISTS (SELECT FROM "{name}" t WHERE strpos(t::text, $1) > 0)', word
                        )
                    ]
                )
            }
        finally:
            await conn.close()

    places: dict[str, list[str]] = {}
    for service in service_names():
        places |= asyncio.run(look(service))
    feed = office.run("events", "--instansi", office.code, "--json").stdout
    assert office.code in feed
    return places | ({"feed": hits} if (hits := [word for word in words if word in feed]) else {})


def _office(office: Office) -> tuple[str, str, str]:
    """A head and a clerk, whose entry was logged and returned with a reason; their ids and the entry's."""
    rows = [
        (
            HEAD,
            "Contoh Kepala",
            "PNS",
            "DINAS",
            "Dinas",
            "KADIS",
            "Kepala",
            "JPT",
            "Pratama",
            "",
            "definitif",
            "2026-01-01",
            "",
        ),
        (
            CLERK,
            TRACES[0],
            "PNS",
            "DINAS",
            "Dinas",
            "STAF",
            "Staf",
            "JA",
            "Pelaksana",
            HEAD,
            "definitif",
            "2026-01-01",
            "",
        ),
    ]
    assert outcome(office.bring("roster", written("roster.csv", ROSTER, *rows))) == (2, 0, 0)
    with office.system.client("directory", office.code, "hr") as hr:
        contact = {"nip": CLERK, "email": TRACES[2], "outside": {"simpeg": TRACES[3]}}
        assert hr.post("/employees/batch", json={"items": [contact]}).json()["changed"] == 1
    plan = (CLERK, DAY.year, TRACES[6], "Jumlah naskah", "kuantitas", "quantity", "2", "naskah")
    assert outcome(office.bring("plans", written("plans.csv", PLAN, plan)))[2] == 0
    head, clerk, entry = office.person(HEAD)["id"], office.person(CLERK)["id"], str(fresh_id())
    with office.client(clerk, "activity") as own, office.client(head, "activity") as superior:
        body = {"day": DAY.isoformat(), "quantity": "1", "minutes": 60, "description": TRACES[4]}
        until(lambda: own.put(f"/entries/{entry}", json=body).status_code in (200, 201))
        answer = superior.post(f"/entries/{entry}/return", json={"version": 1, "text": TRACES[5]})
        assert answer.status_code == httpx.codes.OK, answer.text
    return head, clerk, entry


def test_nothing_says_any_more_who_it_was_and_every_fact_is_still_there(empty: Office) -> None:
    head, clerk, entry = _office(empty)
    assert {word for hits in _found(empty, TRACES).values() for word in hits} == set(TRACES), "the search finds them"
    command = ("erase-person", clerk, "--instansi", empty.code, "--purpose", "request", "--yes")
    early = empty.run(*command)
    assert (early.exit_code, "still-active" in early.stderr) == (1, True)
    with empty.system.client("directory", empty.code, "hr") as hr:
        assert hr.post("/employees/batch", json={"items": [{"nip": CLERK, "active": False}]}).json()["changed"] == 1
    done = empty.run(*command)
    assert (done.exit_code, "activity: 2 texts erased" in done.stdout, "directory: erased" in done.stdout) == (
        0,
        True,
        True,
    )
    assert _found(empty, TRACES) == {}
    again = empty.run(*command)
    assert ("activity: 0 texts erased" in again.stdout, "directory: unchanged" in again.stdout) == (True, True)
    shown = empty.get("activity", f"/entries/{entry}")
    assert (shown["status"], shown["quantity"], shown["description"]) == ("returned", "1", None)
    assert empty.get("appraisal", f"/plans/{clerk}/{DAY.year}")["agreed"][0]["title"] is None
    assert empty.get("directory", f"/employees/{head}")["name"] == "Contoh Kepala"
    with empty.system.client("directory", empty.code, "auditor") as auditor:
        kept = auditor.get("/lookups", params={"employee": clerk}).json()["items"]
    assert [(row["action"], row["purpose"]) for row in kept if row["action"] == "erase"] == [("erase", "request")]
    proven = empty.run("prove", "--instansi", empty.code)
    assert proven.exit_code == 0, proven.output
