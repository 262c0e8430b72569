"""A subscriber outside gets what it is granted, live, from the beginning and where it stopped; and nothing else."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NothingCame
from nats.js.client import JetStreamContext

from deploy.nats import grants
from deploy.nats.access import PREFIX
from deploy.nats.description import Subscriber
from shared.messaging.streams import apply
from tests.deploy.nats.conftest import Guarded, People

SCORE, RATING, VERIFIED = "appraisal.score.changed.v1", "appraisal.rating.set.v1", "activity.entry.verified.v1"
STREAMS = ("ACTIVITY", "APPRAISAL")


def subscriber(*types: str, instansi: Sequence[str] = ("medan",), **more: Any) -> Subscriber:
    return Subscriber.model_validate({"types": list(types), "instansi": list(instansi), **more})


async def tell(admin: Client, type_: str, *bodies: str, instansi: str = "medan") -> None:
    for body in bodies:
        await admin.jetstream().publish(f"kinerja.{instansi}.{type_}", body.encode())


async def grant(guarded: Guarded, admin: Client, **subscribers: Subscriber) -> list[str]:
    """What the command does: durables first, then who may connect."""
    guarded.subscribers = subscribers
    lines = await grants.apply(admin, STREAMS, subscribers)
    await reload(guarded, admin)
    return lines


async def reload(guarded: Guarded, admin: Client) -> None:
    """Twice: what a new account may call is there after the second time."""
    guarded.configure()
    for _ in range(2):
        begun = reloads(guarded)
        os.kill(guarded.process.pid, signal.SIGHUP)
        await until(lambda: reloads(guarded) > begun)  # noqa: B023
    await admin.flush()


def reloads(guarded: Guarded) -> int:
    return guarded.log.read_text().count("Reloaded server configuration")


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def pull(client: Client, user: str, stream: str = "APPRAISAL") -> JetStreamContext.PullSubscription:
    return await client.jetstream(prefix=PREFIX).pull_subscribe_bind(f"outside-{user}", stream=stream)


async def take(sub: JetStreamContext.PullSubscription, wanted: int, *, ack: bool = True) -> list[str]:
    """So many messages, and no more than that within a moment."""
    got: list[Any] = []
    while len(got) < wanted:
        got += await sub.fetch(100, timeout=20)
    with pytest.raises(NothingCame):
        got += await sub.fetch(1, timeout=0.3)
    if ack:
        for message in got:
            await message.ack_sync(timeout=10)
    return [message.data.decode() for message in got]


async def test_a_subscriber_gets_history_and_what_comes_of_its_grants_only_and_resumes_where_it_stopped(
    guarded: Guarded, people: People, admin: Client
) -> None:
    await tell(admin, SCORE, "1", "2")
    await tell(admin, SCORE, "of another agency", instansi="jambi")
    await tell(admin, RATING, "of another type")
    await tell(admin, VERIFIED, "of another service")
    await grant(guarded, admin, payroll=subscriber(SCORE), town=subscriber(RATING, VERIFIED))
    first = await people.connect("payroll")
    assert await take(await pull(first, "payroll"), 2) == ["1", "2"]
    coming = asyncio.create_task((await pull(first, "payroll")).fetch(1, timeout=20))
    await asyncio.sleep(0.1)
    await tell(admin, SCORE, "live")
    [live] = await coming
    assert live.data == b"live"
    await live.nak()  # taken and not kept: it died
    await first.close()
    await tell(admin, SCORE, "while it was away")
    await tell(admin, "appraisal.record.renewed.v1", "marker")
    second = await people.connect("payroll")
    assert sorted(await take(await pull(second, "payroll"), 3)) == ["live", "marker", "while it was away"]
    town = await people.connect("town")
    assert await take(await pull(town, "town"), 2) == ["of another type", "marker"]
    assert await take(await pull(town, "town", "ACTIVITY"), 1) == ["of another service"]


async def test_a_subscriber_reaches_nothing_of_services_or_other_subscribers(
    guarded: Guarded, people: People, admin: Client
) -> None:
    await admin.jetstream().add_consumer("APPRAISAL", durable_name="training-gaps", ack_policy="explicit")
    await grant(guarded, admin, payroll=subscriber(SCORE), town=subscriber(SCORE))
    await tell(admin, SCORE, "1")
    town = await people.connect("town")
    tried = {f"kinerja.medan.{SCORE}", "$SYS.REQ.SERVER.PING", "$SYS.REQ.ACCOUNT.PING.CONNZ", "_INBOX.town"}
    for prefix in (PREFIX, "$JS.API"):
        for durable in ("training-gaps", "outside-payroll"):
            for what in ("INFO", "MSG.NEXT", "DELETE", "CREATE", "DURABLE.CREATE", "PAUSE", "RESET"):
                tried.add(f"{prefix}.CONSUMER.{what}.APPRAISAL.{durable}")
        for what in ("DIRECT.GET", "STREAM.INFO", "STREAM.DELETE", "STREAM.PURGE", "STREAM.MSG.GET", "CONSUMER.LIST"):
            tried.add(f"{prefix}.{what}.APPRAISAL")
        for what in ("CREATE", "DELETE"):
            tried.add(f"{prefix}.CONSUMER.{what}.APPRAISAL.outside-town")
        tried |= {f"{prefix}.STREAM.CREATE.MINE", f"{prefix}.STREAM.NAMES", f"{prefix}.INFO"}
    tried |= {"$JS.ACK.APPRAISAL.training-gaps.1.1.1.1.0", "$JS.ACK.APPRAISAL.outside-payroll.1.1.1.1.0"}
    for subject in tried:
        await town.publish(subject, b"{}", reply=town.new_inbox())
    for subject in (">", "kinerja.>", "$JS.>", "_INBOX_payroll.>"):
        await town.subscribe(subject)
    await town.flush()
    await town.flush()
    said = set(re.findall(r'violation for \w+ to "([^"]+)"', " ".join(people.refused["town"]), re.IGNORECASE))
    assert {each.lower() for each in said} == {each.lower() for each in tried} | {
        *(">", "kinerja.>", "$js.>", "_inbox_payroll.>")
    }
    # The server itself sends a reply, to any subject named: outside it stays outside.
    before = (await admin.jetstream().stream_info("APPRAISAL")).state.last_seq
    for reply in (f"kinerja.medan.{SCORE}", "$JS.API.CONSUMER.DELETE.APPRAISAL.training-gaps", "_INBOX_payroll.1"):
        for asked in ("INFO", "MSG.NEXT"):
            await town.publish(f"{PREFIX}.CONSUMER.{asked}.APPRAISAL.outside-town", b"", reply=reply)
    await town.flush()
    await asyncio.sleep(0.2)
    assert (await admin.jetstream().stream_info("APPRAISAL")).state.last_seq == before
    assert (await admin.jetstream().consumer_info("APPRAISAL", "training-gaps")).num_pending == 1


async def test_what_is_withdrawn_ends_at_once_and_what_is_granted_comes_from_the_beginning(
    guarded: Guarded, people: People, admin: Client
) -> None:
    both = subscriber(SCORE, RATING)
    assert await grant(guarded, admin, payroll=both) == ["outside-payroll on APPRAISAL: granted"]
    assert await grants.apply(admin, STREAMS, {"payroll": both}) == []
    await tell(admin, SCORE, "s1", "s2")
    await tell(admin, RATING, "r1", "r2")
    client = await people.connect("payroll")
    given = [each for _ in range(2) for each in await (await pull(client, "payroll")).fetch(1, timeout=20)]
    await given[0].ack_sync(timeout=10)  # s2 is in hand
    [r1] = await (await pull(client, "payroll")).fetch(1, timeout=20)
    assert r1.data == b"r1"

    assert await grant(guarded, admin, payroll=subscriber(SCORE)) == ["outside-payroll on APPRAISAL: less than before"]
    assert await take(await pull(client, "payroll"), 1) == ["s2"]  # neither r1, which was in hand, nor r2
    assert await grant(guarded, admin, payroll=subscriber(SCORE, RATING)) == [
        "outside-payroll on APPRAISAL: more than before, all from the beginning"
    ]
    assert await take(await pull(client, "payroll"), 4) == ["s1", "s2", "r1", "r2"]
    wider = subscriber(SCORE, VERIFIED, instansi=["medan", "jambi"])
    await tell(admin, SCORE, "j1", instansi="jambi")
    assert len(await grant(guarded, admin, payroll=wider)) == 2
    assert await take(await pull(client, "payroll"), 3) == ["s1", "s2", "j1"]

    assert await grant(guarded, admin) == [f"outside-payroll on {stream}: withdrawn" for stream in STREAMS]
    with pytest.raises(NatsError, match=r"(?i)authorization"):
        await people.connect("payroll", allow_reconnect=False)


async def test_who_applies_while_another_does_so_too_is_not_refused(people: People, admin: Client) -> None:
    other = await people.connect("admin")
    more, less = ({"payroll": subscriber(*types)} for types in ((SCORE, RATING), (SCORE,)))
    for _ in range(20):
        await grants.apply(admin, STREAMS, more)
        await tell(admin, SCORE, "1")
        pull = await admin.jetstream().pull_subscribe_bind("outside-payroll", stream="APPRAISAL")
        for message in await pull.fetch(100, timeout=10):
            await message.ack_sync()  # less begins behind this, a new durable at the beginning
        await asyncio.gather(*(grants.apply(client, STREAMS, less) for client in (admin, other)))
        kept = await admin.jetstream().consumer_info("APPRAISAL", "outside-payroll")
        marker = "kinerja.medan.appraisal.record.renewed.v1"
        assert kept.config.filter_subjects == [marker, f"kinerja.medan.{SCORE}"]
        await grants.apply(admin, STREAMS, {})


async def test_a_change_of_grants_or_passwords_disconnects_nobody_else(
    guarded: Guarded, people: People, admin: Client
) -> None:
    lost: list[str] = []

    async def connect(user: str, password: str | None = None) -> Client:
        async def gone() -> None:
            lost.append(user)

        return await people.connect(user, password, disconnected_cb=gone)

    await grant(guarded, admin, payroll=subscriber(SCORE), town=subscriber(SCORE))
    service, payroll, town = [await connect(user) for user in ("appraisal", "payroll", "town")]
    guarded.passwords["town"] = "new"
    await grant(guarded, admin, payroll=subscriber(SCORE), town=subscriber(SCORE), new=subscriber(RATING))
    await service.jetstream().publish(f"kinerja.medan.{SCORE}", b"1", timeout=10)
    assert await take(await pull(payroll, "payroll"), 1) == ["1"]
    assert await take(await pull(await people.connect("new"), "new"), 0) == []
    assert await take(await pull(await connect("town", "new"), "town"), 1) == ["1"]
    await until(lambda: bool(lost))
    assert set(lost) == {"town"}
    assert not town.is_connected


async def test_connections_subscriptions_payload_and_requests_have_an_end(
    guarded: Guarded, people: People, admin: Client
) -> None:
    await grant(guarded, admin, payroll=subscriber(SCORE, connections=2))
    await tell(admin, SCORE, *map(str, range(1100)))
    one, two = [await people.connect("payroll", allow_reconnect=False) for _ in range(2)]
    with pytest.raises(NatsError, match=r"(?i)maximum account active connections"):
        await people.connect("payroll", allow_reconnect=False)
    sub = await pull(one, "payroll")
    asked = f"{PREFIX}.CONSUMER.MSG.NEXT.APPRAISAL.outside-payroll"
    for request, refusal in ((b"501", "batch"), (b'{"batch":1,"expires":31000000000}', "expires")):
        answer = await one.request(asked, request, timeout=10)
        assert f"exceeded maxrequest{refusal}" in (answer.headers or {})["Description"].lower()
    got = [each for _ in range(10) for each in await sub.fetch(100, timeout=20)]
    with pytest.raises(NothingCame):
        await sub.fetch(1, timeout=0.3)  # a thousand are in hand
    await asyncio.gather(*(each.ack_sync(timeout=20) for each in got[:100]))
    assert len(await sub.fetch(100, timeout=20)) == 100
    with contextlib.suppress(NatsError):
        for number in range(60):
            await one.subscribe(f"_INBOX.{number}")
        await one.flush()
    with contextlib.suppress(NatsError):
        await two.publish(asked, b" " * 20_000)
        await two.flush()
    await until(lambda: one.is_closed and two.is_closed)
    assert "maximum subscriptions exceeded" in str(one.last_error).lower()
    assert "maximum payload" in str(two.last_error).lower()


async def test_a_lost_road_is_laid_again_for_subscribers_too(guarded: Guarded, people: People, admin: Client) -> None:
    who = {"payroll": subscriber(SCORE)}
    await grant(guarded, admin, **who)
    await tell(admin, SCORE, "1", "2")
    client = await people.connect("payroll")
    sub = await pull(client, "payroll")
    assert await take(sub, 2) == ["1", "2"]
    await admin.jetstream().delete_stream("APPRAISAL")
    await apply(admin.jetstream(), ["appraisal"], [])
    assert await grants.apply(admin, STREAMS, who) == ["outside-payroll on APPRAISAL: granted"]
    await tell(admin, SCORE, "2", "3")  # as the relay does: from a while ago on
    assert await take(sub, 2) == ["2", "3"]
    await grants.replay(admin, "APPRAISAL", "payroll", who["payroll"], None)
    assert await take(sub, 2) == ["2", "3"]
