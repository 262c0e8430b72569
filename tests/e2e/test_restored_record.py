"""A database put back to an earlier point: in the end everybody knows what its record says, and what was lost is listed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from nats.aio.client import Client

from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.provision import Database as Made
from deploy.provision import drop, provision
from services.activity.app import SERVICE as ACTIVITY
from services.activity.entry.commands import Amend, Import, Judgement, Log, Receipt, Verify, Withdraw
from services.activity.entry.events import Content
from services.activity.entry.slice import ENTRY
from services.activity.service_record.decider import Record
from services.activity.service_record.events import Service
from services.activity.service_record.slice import SERVICE_RECORD
from services.activity.source import Source
from services.appraisal.app import SERVICE as APPRAISAL
from services.notification.app import SERVICE as NOTIFICATION
from services.portal.app import SERVICE as PORTAL
from shared.contracts.activity import EmployeeDigest, PeriodSealed, SatisfactionChanged
from shared.contracts.base import Message
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state
from shared.eventstore.relay import Relay
from shared.eventstore.rows import fetch
from shared.messaging import streams
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received, decode
from shared.messaging.publisher import Publisher
from shared.messaging.streams import apply, connect
from shared.operations.republish import Republisher
from shared.operations.restore import Fact, Road, StillRunning, look, mark, new_epoch
from shared.people.authority import Authority
from shared.runtime import Service as Whole
from shared.testing.infrastructure import Databases
from shared.testing.waiting import until
from tests.appraisal import world
from tests.appraisal.conftest import plan
from tests.appraisal.world import indicator, name

HEARERS = (APPRAISAL, NOTIFICATION, PORTAL)
NOW = datetime(2026, 3, 20, 5, 0, tzinfo=UTC)
HERE = Context(instansi="medan", actor=name("head"), role="staff", now=NOW, correlation_id="test")


def _receipt(day: date) -> Receipt:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    known = {"employee_known": True, "indicator_known": True}
    return Receipt(at=NOW, period=f"{day:%Y-%m}", first_day=first, last_day=last, shut=frozenset(), late=False, **known)


def _content(quantity: int, day: int = 10) -> Content:
    return Content(
        day=date(2026, 3, day),
        indicator=name("examinations"),
        quantity=Decimal(quantity),
        minutes=None,
        activity=None,
        description=None,
    )


class Activity:
    """The service whose database is put back, at work on `db`."""

    def __init__(self, made: Made) -> None:
        self.made, self.db = made, Database(made.url("worker"))

    async def _do(self, slice_: Any, what: str, command: Any) -> None:
        async def work(conn: Any) -> None:
            [outcome] = await execute(conn, slice_, HERE, [Order(name(what), command)])
            outcome.accepted()

        await self.db.run(work)

    async def log(self, what: str, who: str, quantity: int) -> None:
        content = _content(quantity)
        await self._do(ENTRY, what, Log(employee=name(who), content=content, receipt=_receipt(content.day)))

    async def amend(self, what: str, who: str, quantity: int) -> None:
        content = _content(quantity)
        await self._do(ENTRY, what, Amend(by=name(who), content=content, receipt=_receipt(content.day), seen=None))

    async def verify(self, what: str, seen: int) -> None:
        head = Authority(frozenset({name("head")}), False, name("head"))
        judgement = Judgement(by=name("head"), hr=False, authority=head, seen=seen, text=None, final=frozenset())
        await self._do(ENTRY, what, Verify(judgement=judgement, verdict="meets"))

    async def withdraw(self, what: str, who: str) -> None:
        await self._do(ENTRY, what, Withdraw(by=name(who), shut=frozenset(), seen=None))

    async def take_over(self, what: str, who: str, quantity: int) -> None:
        content, source = _content(quantity, 5), Source(system="x", file_hash="0" * 64, row=1)
        command = Import(employee=name(who), content=content, receipt=_receipt(content.day), source=source)
        await self._do(ENTRY, what, command)

    async def serve(self, what: str, who: str, completed: datetime) -> None:
        started = datetime(2026, 3, 2, tzinfo=UTC)
        service = Service(
            product="ktp", officer=name(who), unit=None, started=started, due=completed, completed=completed
        )
        command = Record(
            service=service, latest=NOW, period="2026-03", shut=frozenset(), officer_known=True, unit_known=True
        )
        await self._do(SERVICE_RECORD, what, command)

    async def publish(self, source: str, message: Message) -> None:
        await self.db.run(lambda conn: publish_state(conn, HERE, [Publication("medan", name(source), message)]))

    async def ask(self, index: str) -> None:
        changed = SatisfactionChanged(unit=name("puskesmas"), period="2026-03", respondents=9, index=Decimal(index))
        await self.publish("ikm", changed)


async def _before(activity: Activity) -> None:
    """What the copy of the database holds."""
    await activity.log("kept", "sari", 8)
    await activity.verify("kept", 1)
    await activity.log("changed later", "sari", 5)
    await activity.verify("changed later", 1)
    await activity.log("waits", "sari", 1)
    await activity.take_over("taken over", "budi", 7)
    await activity.serve("card", "budi", datetime(2026, 3, 4, tzinfo=UTC))
    await activity.ask("70")


async def _lost(activity: Activity) -> None:
    """What happens after the copy was made, and is lost: seven facts of streams and two of states."""
    await activity.amend("changed later", "sari", 50)
    await activity.verify("changed later", 3)
    await activity.log("new", "sari", 40)
    await activity.verify("new", 1)
    await activity.withdraw("kept", "sari")
    await activity.log("of a newcomer", "budi", 3)
    await activity.serve("card", "budi", datetime(2026, 3, 19, tzinfo=UTC))
    await activity.ask("90")
    digest = EmployeeDigest(entries=1, digest="00" * 8)
    sealed = PeriodSealed(
        period="2026-02", part=1, parts=1, sealed_by=name("head"), employees={str(name("sari")): digest}
    )
    await activity.publish("seal", sealed)


async def _after(activity: Activity) -> None:
    """Life goes on: versions that lost facts had are given again."""
    await activity.amend("changed later", "sari", 6)
    await activity.log("afterwards", "budi", 4)
    await activity.verify("afterwards", 1)


class Town:
    """Activity, those who hear it, and the road between them."""

    def __init__(self, road: Client, databases: Databases, postgres: Postgres) -> None:
        self.road, self.databases, self.postgres = road, databases, postgres
        self.activity = Activity(databases("activity"))
        self.hearers = [(service, Database(databases(service.name).url("worker"))) for service in HEARERS]

    async def begin(self) -> None:
        """The directory and the plans are known to whoever hears."""
        js = self.road.jetstream()
        for stream in await js.streams_info():  # another test's: it knows these ids, and would drop them as repeats
            await js.delete_stream(stream.config.name or "")
        subscriptions = [each for service, _ in self.hearers for each in service.subscriptions]
        await apply(js, sorted({"activity", *(each.stream.lower() for each in subscriptions)}), subscriptions)
        for service, db in self.hearers:
            await tell_people(service, db)

    async def carry(self) -> list[Received[Any]]:
        """The relay sends all, and each durable of the hearers hears all; returns what the first one heard."""
        url = self.activity.db.driver_url()

        async def nothing(*_: Any) -> int:
            return 0

        async def sent() -> bool:
            async with self.activity.db.transaction() as conn:
                return not await fetch(conn, "SELECT 1 FROM outbox LIMIT 1")

        relay = asyncio.create_task(Relay("activity", url, self.road, nothing).run())
        try:
            await until(sent, 60)
        finally:
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)
        heard = [
            await self._hear(service, db, subscription)
            for service, db in self.hearers
            for subscription in service.subscriptions
            if subscription.stream == "ACTIVITY"
        ]
        return heard[0]

    async def _hear(self, service: Whole, db: Database, subscription: Any) -> list[Received[Any]]:
        heard: list[Received[Any]] = []
        js = self.road.jetstream()
        pulled = await js.pull_subscribe_bind(subscription.durable, subscription.stream)
        while (await js.consumer_info(subscription.stream, subscription.durable)).num_pending:
            batch = await pulled.fetch(7, timeout=20)
            received = [decode(each.data, each.subject, subscription.messages) for each in batch]
            await deliver(db, subscription, received)
            heard += received
            for each in batch:
                await each.ack_sync()
        await pulled.unsubscribe()
        return heard

    async def restore(self, copy: str) -> tuple[int, Road]:
        """Put the copy in the place of the database, and do what `kinerja restored activity` does."""
        made = self.activity.made
        await self.activity.db.close()
        await drop(self.postgres.url(), made.name)
        await provision(self.postgres.url(), made, copy)
        db = Database(made.url("worker"))
        seen = await look(db, _bodies(self.road))
        await db.close()
        epoch = await new_epoch(made.url("owner"), seen)
        self.activity = Activity(made)
        await Republisher(self.activity.db, ACTIVITY.slices, Publisher(self.road), f"r{epoch}").send()
        await mark(self.activity.db, "activity", epoch, seen)
        return epoch, seen

    async def close(self) -> None:
        for db in (self.activity.db, *(db for _, db in self.hearers)):
            await db.close()


async def _bodies(road: Client) -> AsyncIterator[bytes]:
    js = road.jetstream()  # this server has no accounts, and so no reader
    state = (await js.stream_info("ACTIVITY")).state
    for number in range(state.first_seq, state.last_seq + 1):
        yield (await js.get_msg("ACTIVITY", number, direct=True)).data or b""


async def tell_people(service: Whole, db: Database) -> None:
    people = next(each for each in service.subscriptions if each.durable.endswith("--directory--people"))
    told = [world.instansi(), world.unit("puskesmas", "chief"), world.position("officer")]
    told += [*world.person("sari", "officer", "head"), *world.person("budi", "officer", "head")]
    await deliver(db, people, told)
    if service is APPRAISAL:
        for who in ("sari", "budi"):
            await plan(db, who, [indicator(), indicator("ikm", 80, measure="satisfaction")])


async def known(service: Whole, db: Database) -> dict[str, list[Any]]:
    """Everything a hearer keeps of activity and makes of it; not the epochs, nor reviews of nobody."""
    tables = {
        "appraisal": {
            "heard_entry": "true",
            "heard_service_record": "true",
            "heard_satisfaction": "true",
            "heard_seal": "true",
            "review": "expected",
        },
        "notification": {"heard_waiting": "true"},
        "portal": {"heard_entry": "true"},
    }[service.name]
    marks = "- 'epoch' - 'version' - 'changed_at' - 'band_changes' - 'plan_revision' - 'listed'"
    async with db.transaction() as conn:
        return {
            table: [
                row[0]
                for row in await fetch(
                    conn, f"SELECT (to_jsonb(t) {marks})::text FROM {table} t WHERE {which} ORDER BY 1"
                )
            ]
            for table, which in tables.items()
        }


@pytest.fixture
async def town(
    nats_server: Nats, databases: Databases, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    monkeypatch.setattr(streams, "DUPLICATE_WINDOW_SECONDS", 1)
    road = await connect(nats_server.url)
    made = Town(road, databases, postgres)
    await made.begin()
    yield made
    await made.close()
    await road.close()


async def test_everybody_ends_with_the_restored_record_and_the_lost_facts_are_listed(
    town: Town, databases: Databases, postgres: Postgres
) -> None:
    await _before(town.activity)
    await town.carry()
    await town.activity.db.close()
    copy = replace(town.activity.made, name=f"{town.activity.made.name}_copy")
    await provision(postgres.url(), copy, town.activity.made.name)
    town.activity = Activity(town.activity.made)
    await _lost(town.activity)
    void = await town.carry()

    epoch, seen = await town.restore(copy.name)
    assert epoch == 2
    assert {(fact.source, fact.version) for fact in seen.lost} == {
        *((name("changed later"), version) for version in (3, 4)),
        *((name("new"), version) for version in (1, 2)),
        (name("kept"), 3),
        (name("of a newcomer"), 1),
        (name("card"), 2),
        (name("ikm"), 2),
        (name("seal"), 1),
    }
    assert all(isinstance(fact, Fact) and fact.instansi == "medan" for fact in seen.lost)
    await town.carry()
    await _equal_to_a_system_that_only_saw(town, databases, _before)

    # What was lost comes once more, late, to the durable that heard it: it stays void.
    [(service, db), *_] = town.hearers
    entries = next(each for each in service.subscriptions if each.durable == "appraisal--activity--entries")
    await deliver(db, entries, void)
    await _equal_to_a_system_that_only_saw(town, databases, _before)

    await drop(postgres.url(), copy.name)


async def _equal_to_a_system_that_only_saw(town: Town, databases: Databases, *history: Any) -> None:
    """The same messages as a fresh record of these facts gives, heard by hearers that know nothing else."""
    fresh = Activity(databases("activity"))
    for part in history:
        await part(fresh)
    async with fresh.db.transaction() as conn:
        rows = await fetch(conn, "SELECT subject, body FROM outbox ORDER BY id")
    for service, db in town.hearers:
        other = Database(databases(service.name).url("worker"))
        await tell_people(service, other)
        for subscription in service.subscriptions:
            subjects = {kind.subject("medan") for kind in subscription.messages}
            told = [decode(body.encode(), to, subscription.messages) for to, body in rows if to in subjects]
            if told and subscription.kind == "state":
                await deliver(other, subscription, told)
        assert await known(service, db) == await known(service, other)
        await other.close()
    await fresh.db.close()


async def test_life_after_a_restore_counts_though_it_has_the_versions_of_what_was_lost(
    town: Town, databases: Databases, postgres: Postgres
) -> None:
    await _before(town.activity)
    await town.activity.db.close()
    copy = replace(town.activity.made, name=f"{town.activity.made.name}_copy")
    await provision(postgres.url(), copy, town.activity.made.name)
    town.activity = Activity(town.activity.made)
    await _lost(town.activity)
    await town.carry()
    await town.restore(copy.name)
    # The road would still take these versions for repeats of the lost ones; `kinerja restored` waits until it forgets.
    await asyncio.sleep(2 * streams.DUPLICATE_WINDOW_SECONDS)
    await _after(town.activity)
    await town.carry()
    await _equal_to_a_system_that_only_saw(town, databases, _before, _after)
    await drop(postgres.url(), copy.name)


async def test_a_service_at_work_is_not_given_a_new_epoch(town: Town) -> None:
    async with town.activity.db.transaction() as conn:
        await fetch(conn, "SELECT 1")
        with pytest.raises(StillRunning):
            await new_epoch(town.activity.made.url("owner"), Road())


def test_a_lost_fact_is_one_line_of_json() -> None:
    source = UUID("01955091-1800-7000-8000-000000000001")
    fact = Fact("medan", source, 3, NOW, "id.go.kinerja.activity.entry.logged.v1", "an-id")
    assert fact.as_json() == (
        '{"instansi":"medan","source":"01955091-1800-7000-8000-000000000001","version":3,'
        '"recorded_at":"2026-03-20T05:00:00+00:00","type":"id.go.kinerja.activity.entry.logged.v1","id":"an-id"}'
    )
