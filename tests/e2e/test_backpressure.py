"""Something is away: nothing is accepted that is not durable, whoever is refused is told so soon, and it drains by itself."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deploy.embedded.process import living_in
from deploy.services import service_names
from shared.testing.system import EmbeddedSystem
from tests.e2e.office import Office, open_office
from tests.e2e.town import Town, entry, until

LIMIT = 300
#: Whoever waits longer for an answer has not been answered.
PATIENCE = 30


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    system = EmbeddedSystem(tmp_path_factory.mktemp("backpressure"))
    system.up(KINERJA_OUTBOX_LIMIT=str(LIMIT))
    visited = Town(system)
    yield visited
    visited.leave()
    system.down()


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return open_office(town, "kota-macet")


@contextmanager
def frozen(pids: Sequence[int]) -> Iterator[None]:
    """Processes that are there and say nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def postgres_of(town: Town) -> list[int]:
    return list(living_in(town.system.data.root / "postgres", "postgres"))


def versions(town: Town, ids: Sequence[str]) -> dict[str, int]:
    """How many events the record holds of each entry, of those that it knows."""
    sql = "SELECT stream::text, count(*) FROM events WHERE stream = ANY($1::uuid[]) GROUP BY 1"
    return dict(town.sql("activity", sql, list(ids)))


def heard(town: Town, ids: Sequence[str]) -> set[str]:
    sql = "SELECT entry::text FROM heard_entry WHERE entry = ANY($1::uuid[])"
    return {row[0] for row in town.sql("appraisal", sql, list(ids))}


def asks_to_come_back(answer: httpx.Response, *codes: str) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] in codes, answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_while_nats_is_away_entries_are_accepted_up_to_the_limit_and_leave_by_themselves_afterwards(
    town: Town, office: Office
) -> None:
    agency = office.agency
    accepted: list[str] = []

    def log_batch() -> tuple[list[str], httpx.Response]:
        items = [entry(agency.today, "0", office.indicator) for _ in range(50)]
        return [item["id"] for item in items], agency.ask("ani", "activity", "POST", "/entries/batch", {"items": items})

    with frozen([town.system.processes()["nats"]["pid"]]):
        while True:
            ids, answer = log_batch()
            if answer.status_code == 503:
                break
            assert {result["status"] for result in answer.json()["results"]} == {201}
            accepted += ids
            assert len(accepted) < 20 * LIMIT
            time.sleep(0.2)
        asks_to_come_back(answer, "outbox-full")
        assert len(accepted) > LIMIT
        assert versions(town, ids) == {}
        assert agency.ask("ani", "activity", "GET", f"/entries/{accepted[0]}").status_code == 200

    def goes_on() -> bool:
        ids, answer = log_batch()
        accepted.extend(ids if answer.status_code == 200 else ())
        return answer.status_code == 200

    until(goes_on)
    town.settle()
    assert versions(town, accepted) == dict.fromkeys(accepted, 1)
    assert heard(town, accepted) == set(accepted)


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry that somebody logged, and what they were told."""

    item: dict[str, Any]
    begun: float
    answer: httpx.Response


def body(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "id"}


def log_one(office: Office, item: dict[str, Any] | None = None) -> httpx.Response:
    """Log an entry alone; a new one unless it is given."""
    item = item or entry(office.agency.today, "0", office.indicator)
    return office.agency.ask("ani", "activity", "PUT", f"/entries/{item['id']}", body(item))


def load(town: Town, office: Office, done: threading.Event) -> list[Logged]:
    """Single entries, one after another, until `done`."""
    agency, told = office.agency, []
    token, url = agency.token("ani"), f"{town.urls['activity']}/api/v1/{agency.code}/entries"
    with httpx.Client(trust_env=False, timeout=PATIENCE, headers={"Authorization": f"Bearer {token}"}) as client:
        while not done.is_set():
            item, begun = entry(agency.today, "0", office.indicator), time.monotonic()
            told.append(Logged(item, begun, client.put(f"{url}/{item['id']}", json=body(item))))
            time.sleep(0.02 if told[-1].answer.is_success else 0.5)
    return told


def under_load(town: Town, office: Office, trouble: Callable[[], float]) -> tuple[list[Logged], float]:
    """What eight people who log at the same time are told while `trouble` comes and goes; when it began."""
    done = threading.Event()
    with ThreadPoolExecutor(8) as people:
        loads = [people.submit(load, town, office, done) for _ in range(8)]
        try:
            time.sleep(1)
            since = trouble()
            until(lambda: log_one(office).is_success)
            time.sleep(1)
        finally:
            done.set()
        return [logged for each in loads for logged in each.result()], since


def check_promises(town: Town, office: Office, told: Sequence[Logged]) -> list[Logged]:
    """Whatever was accepted is in the record once, whoever was refused can repeat it; returns the refused."""
    accepted = [logged.item["id"] for logged in told if logged.answer.status_code == 201]
    refused = [logged for logged in told if logged.answer.status_code != 201]
    for logged in refused:
        asks_to_come_back(logged.answer, "database-unavailable")
    assert accepted
    assert versions(town, accepted) == dict.fromkeys(accepted, 1)
    return refused


def check_repeats(town: Town, office: Office, refused: Sequence[Logged]) -> None:
    for logged in refused:
        assert log_one(office, logged.item).is_success
    ids = [logged.item["id"] for logged in refused]
    assert versions(town, ids) == dict.fromkeys(ids, 1)


def test_a_database_that_says_nothing_is_answered_for_and_what_was_refused_is_not_in_the_record(
    town: Town, office: Office
) -> None:
    """Frozen, it would otherwise be waited for; whoever asks meanwhile has an answer before it wakes up again."""

    def freeze() -> float:
        with frozen(postgres_of(town)):
            since = time.monotonic()
            asks_to_come_back(log_one(office), "database-unavailable")
            ready = httpx.get(f"{town.urls['activity']}/readyz", timeout=PATIENCE)
            assert (ready.status_code, httpx.get(f"{town.urls['activity']}/healthz").status_code) == (503, 200)
        return since

    told, since = under_load(town, office, freeze)
    refused = check_promises(town, office, told)
    late = [logged.item["id"] for logged in refused if logged.begun > since]
    assert late
    assert versions(town, late) == {}
    check_repeats(town, office, refused)


def test_a_database_that_dies_loses_nothing_of_what_was_accepted(town: Town, office: Office) -> None:
    def kill() -> float:
        os.kill(town.system.processes()["postgres"]["pid"], signal.SIGKILL)
        return time.monotonic()

    told, _ = under_load(town, office, kill)
    check_repeats(town, office, check_promises(town, office, told))


def test_while_appraisal_is_away_logging_goes_on_and_then_every_score_is_right(town: Town, office: Office) -> None:
    agency = office.agency
    review = f"/reviews/{agency.people['ani']}/{agency.today:%Y-%m}"
    until(town.system.ready)
    pid = town.system.processes()["appraisal"]["pid"]
    with frozen([pid]):
        for quantity in ("1", "2.5", "0.5"):
            item = entry(agency.today, quantity, office.indicator)
            agency.do("ani", "activity", "POST", "/entries/batch", {"items": [item]})
            agency.do("boss", "activity", "POST", f"/entries/{item['id']}/verify", {"version": 1})
    os.kill(pid, signal.SIGKILL)
    item = entry(agency.today, "3", office.indicator)
    agency.do("ani", "activity", "POST", "/entries/batch", {"items": [item]})
    agency.do("boss", "activity", "POST", f"/entries/{item['id']}/verify", {"version": 1})
    until(lambda: town.system.processes()["appraisal"]["pid"] != pid and town.system.ready())
    # 1 + 2.5 + 0.5 + 3 of 20
    until(lambda: agency.do("ani", "appraisal", "GET", review)["percent"] == "35")
    town.settle()
    assert agency.do("ani", "appraisal", "GET", review)["percent"] == "35"
    proof = town.kinerja("prove")
    assert proof.count("as the record says") == len(service_names())
