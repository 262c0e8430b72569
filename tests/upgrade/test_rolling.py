"""Every service is upgraded, rolled back and upgraded again under load, and nobody notices."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
from pydantic import create_model

from deploy.embedded.postgres import Postgres
from deploy.services import load as load_service
from deploy.services import service_names
from shared.contracts.base import Message
from shared.eventstore.decider import Recorded
from shared.messaging.envelope import encode
from shared.messaging.streams import connect
from tests.upgrade import trees
from tests.upgrade.fleet import Fleet, Proxy
from tests.upgrade.load import MAKE, Asked, Load, open_up

_PATIENCE = 180
_TOUCHED = 3
#: Comes later than the others. Nobody hears it: who is heard has to be there before who hears it.
_ADDED = "notification"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version that is released."""
    return trees.released(tmp_path_factory.mktemp("released"))


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next one."""
    return trees.following(tmp_path_factory.mktemp("following"))


@pytest.fixture(scope="module")
def first(old: Path, new: Path) -> dict[str, Path]:
    """The version each service starts in: the released one; the next one where that is the first."""
    return {name: old if (old / "services" / name).exists() else new for name in service_names()}


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, old: Path, first: dict[str, Path]
) -> Iterator[Fleet]:
    """A replica of every service but one, in a version that does not know that one."""
    before = trees.without(old, _ADDED, tmp_path_factory.mktemp("before"))
    made = Fleet(tmp_path_factory.mktemp("fleet"), postgres)
    start = {name: before if tree == old else tree for name, tree in first.items() if name != _ADDED}
    for service in start:
        made.add(service)
    try:
        for tree in set(start.values()):
            made.grant(tree)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: made.kinerja(start[each], each, "migrate", each), start))
        for tree in set(start.values()):
            made.kinerja(tree, "directory", "streams", "apply")
        for service, (replica, _) in made.replicas.items():
            made.start(replica, start[service])
        made.wait_ready(*(replica for replica, _ in made.replicas.values()))
        yield made
    finally:
        made.close()
        made.nats.stop()


@pytest.fixture(scope="module")
def load(fleet: Fleet) -> Iterator[Load]:
    """At work on all services."""
    at_work = Load(fleet, asyncio.run(open_up(fleet)))
    thread = Thread(target=at_work.run)
    thread.start()
    try:
        yield at_work
    finally:
        at_work.stopping = True
        thread.join()


def test_a_service_that_was_never_there_is_added_and_hears_what_was_told_before_it(
    fleet: Fleet, load: Load, first: dict[str, Path]
) -> None:
    moves_on(load)
    tree, load.paused = first[_ADDED], {_ADDED}
    fleet.add(_ADDED)
    fleet.grant(tree)
    fleet.kinerja(tree, _ADDED, "deploy", _ADDED)
    fleet.start(fleet.replicas[_ADDED][0], tree)
    fleet.wait_ready(fleet.replicas[_ADDED][0])
    until(lambda: sql(fleet, _ADDED, "SELECT count(*) FROM heard_employee") == people(fleet))
    load.paused = set()
    moves_on(load)
    assert load.failed == []


@pytest.mark.parametrize("service", service_names())
def test_a_service_is_upgraded_rolled_back_and_upgraded_again_and_nobody_notices(
    fleet: Fleet, load: Load, old: Path, new: Path, service: str
) -> None:
    if not (old / "services" / service).exists():
        pytest.fail(f"{service} is in no release yet: there is nothing to upgrade")
    a, b = fleet.replicas[service]
    load.failed.clear()
    moves_on(load)

    fleet.grant(new)  # expand
    fleet.kinerja(new, service, "migrate", service)
    fleet.kinerja(new, service, "streams", "apply", service)
    told = tell_something_new(fleet, load, service)
    until(lambda: letters(fleet, service) == told)  # the old one puts aside what it cannot read
    fleet.start(b, new)
    fleet.wait_ready(b)
    until(lambda: heard(fleet, service) == told and letters(fleet, service) == 0)
    moves_on(load)

    ahead = probe(fleet, load, service)
    assert touched(fleet, load, service, ahead) == [], "the proxy finds who can read the record"
    fleet.end(b)  # back
    moves_on(load)
    refused = touched(fleet, load, service, ahead)
    assert len(refused) == len(ahead)
    assert all("503" in line and "record-newer" in line for line in refused), refused
    assert fleet.kinerja(old, service, "migrate", service).startswith(f"{service}: left alone")

    fleet.start(b, new)  # and forth
    fleet.wait_ready(b)
    fleet.end(a)
    fleet.start(a, new)
    fleet.wait_ready(a)
    fleet.end(b)
    moves_on(load)
    assert touched(fleet, load, service, ahead) == []
    fleet.kinerja(new, service, "rebuild", "--service", service)  # migrate
    trees.contract(new, service)
    fleet.kinerja(new, service, "migrate", service)  # contract: fails while a row lacks the note
    moves_on(load)
    assert load.failed == []


def test_a_service_that_is_away_stops_no_other_and_hears_later_what_it_missed(
    fleet: Fleet, load: Load, new: Path
) -> None:
    load.paused = {"notification"}
    replica = fleet.replicas["notification"][0]
    fleet.end(replica)
    moves_on(load, 8)
    fleet.start(replica, new)
    fleet.wait_ready(replica)
    load.paused = set()
    moves_on(load)
    assert load.failed == []


def test_nothing_that_was_accepted_is_lost(fleet: Fleet, load: Load, new: Path) -> None:
    load.paused = set(load.accepted)
    until(lambda: all(waiting(fleet, service) == 0 for service in service_names()))
    for service in ("activity", "appraisal", "directory", "training"):
        accepted = {stream(answer) for _, answer in load.accepted[service]}
        assert len(accepted) > 20
        assert accepted - on_the_road(fleet, service) == set()
    entries = len(load.accepted["activity"])
    until(lambda: sql(fleet, "appraisal", "SELECT count(*) FROM heard_entry") == entries)
    everybody = people(fleet)
    for service in ("activity", "appraisal", "notification", "training"):
        until(lambda s=service: sql(fleet, s, "SELECT count(*) FROM heard_employee") == everybody)  # type: ignore[misc]
        assert letters(fleet, service, "%") == 0
    for service in service_names():
        assert "as the record says" in fleet.kinerja(new, service, "prove", "--service", service)


def test_the_proxy_of_the_containers_passes_on_what_the_one_of_this_test_does() -> None:
    config = (trees.ROOT / "deploy" / "compose" / "nginx.conf").read_text()
    assert "proxy_next_upstream error timeout http_503 non_idempotent;" in config


def moves_on(load: Load, count: int = 4) -> None:
    """Every service that there is accepts so many commands more."""
    there = MAKE.keys() & load.fleet.replicas.keys() - load.paused
    goals = {service: len(load.accepted.get(service, ())) + count for service in there}
    until(lambda: load.failed or all(len(load.accepted.get(service, ())) >= n for service, n in goals.items()))
    assert load.failed == []


def tell_something_new(fleet: Fleet, load: Load, service: str) -> int:
    """Messages of a type that only the next version of the service reads, as its neighbour will tell them; how many."""
    hears = load_service(service).subscriptions
    if not hears:
        return 0
    owner = hears[0].stream.lower()
    kind: Any = create_model("UpgradeProbed", __base__=Message, number=(int, ...))
    kind.TYPE = f"{owner}.upgrade.probed"
    now = datetime.now(UTC)

    async def publish() -> None:
        client = await connect(*fleet.login())
        for number in range(5):
            at = Recorded(load.office.code, uuid4(), 1, now, now, {})
            told = encode(kind(number=number), at, 1).encode()
            await client.jetstream().publish(kind.subject(load.office.code), told)
        await client.close()

    asyncio.run(publish())
    return 5


def probe(fleet: Fleet, load: Load, service: str) -> list[Asked]:
    """Let the new replica append what only it knows to some records; commands about those."""
    if not load_service(service).slices:
        return []
    asked = load.accepted[service][-_TOUCHED:]

    async def append() -> None:
        for each, answer in asked:
            version = await direct.ask(each, f"/upgrade-probes/{stream(answer)}")
            assert version.is_success, version.text

    direct = _Direct(fleet, load, service)
    asyncio.run(direct.closing(append()))
    return [each for each, _ in asked]


class _Direct:
    """Requests to the second replica, past the proxy."""

    def __init__(self, fleet: Fleet, load: Load, service: str) -> None:
        self.load, self.proxy = load, Proxy(fleet, {service: fleet.replicas[service][1:]})
        self.service = service

    async def ask(self, by: Asked, path: str) -> Any:
        """As the person who asked `by`."""
        asked = Asked(by.who, by.roles, "POST", path, None)
        return await self.load.once(self.proxy, self.service, asked)

    async def closing(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, and close the connections."""
        await work
        await self.proxy.close()


def touched(fleet: Fleet, load: Load, service: str, asked: Sequence[Asked]) -> list[str]:
    """Send each again, as clients do that got no answer; what was not accepted."""

    async def touch() -> list[str]:
        proxy, refused = Proxy(fleet), []
        for each in asked:
            told = [await load.tried(proxy, service, each) for _ in range(2)]
            refused += [line for line in told[:1] if isinstance(line, str)]
        await proxy.close()
        return refused

    return asyncio.run(touch())


def stream(answer: Any) -> str:
    """The id of the record a command was about."""
    return str(answer["results"][0]["id"] if "results" in answer else answer["id"])


def sql(fleet: Fleet, service: str, query: str, *parameters: Any) -> Any:
    """One value of a service's database."""

    async def ask() -> Any:
        conn = await asyncpg.connect(fleet.databases[service].url("worker", "postgresql"))
        try:
            return await conn.fetchval(query, *parameters)
        finally:
            await conn.close()

    return asyncio.run(ask())


def people(fleet: Fleet) -> int:
    """How many employees directory has."""
    return int(sql(fleet, "directory", "SELECT count(*) FROM employees"))


def letters(fleet: Fleet, service: str, reason: str = "version") -> int:
    """How many messages wait for another version, or at all."""
    return int(
        sql(fleet, service, "SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND reason LIKE $1", reason)
    )


def heard(fleet: Fleet, service: str) -> int:
    """How many messages only the next version reads it has heard."""
    return int(sql(fleet, service, "SELECT count(*) FROM upgrade_probe"))


def waiting(fleet: Fleet, service: str) -> int:
    """How many messages are not on the road yet."""
    return int(sql(fleet, service, "SELECT count(*) FROM outbox"))


def on_the_road(fleet: Fleet, service: str) -> set[str]:
    """The ids of what the service's stream tells of."""

    async def read() -> set[str]:
        client, found = await connect(*fleet.login()), set()
        messages = await client.jetstream().subscribe(f"kinerja.*.{service}.>", ordered_consumer=True)
        more = 1
        while more:
            message = await messages.next_msg(timeout=30)
            found.add(orjson.loads(message.data)["subject"])
            more = message.metadata.num_pending
        await client.close()
        return found

    return asyncio.run(read())


def until(done: Callable[[], Any]) -> None:
    """Return once it is so."""
    end = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
