"""Every service may do its work and nothing else, as the real server judges it."""

import asyncio
import json
import re

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from deploy.nats.access import PREFIX, READER
from deploy.nats.inside import inside
from deploy.services import load, service_names
from shared.messaging.streams import apply
from tests.deploy.nats.conftest import Guarded, People


async def refused(people: People, client: Client, user: str) -> set[str]:
    """The subjects that the server refused so far."""
    await client.flush(timeout=10)
    await client.flush(timeout=10)
    said = " ".join(people.refused[user])
    return {
        subject.lower() for subject in re.findall(r'permissions violation for \w+ to "([^"]+)"', said, re.IGNORECASE)
    }


async def declare_all(admin: Client) -> None:
    hears = [each for name in service_names() for each in load(name).subscriptions]
    await apply(admin.jetstream(), service_names(), hears)


async def test_no_service_may_publish_for_another_touch_its_durables_or_change_what_there_is(
    guarded: Guarded, people: People, admin: Client
) -> None:
    await declare_all(admin)
    durables = {durable: stream for each in inside().values() for durable, stream in each.durables.items()}
    for name, rights in inside().items():
        client = await people.connect(name)
        tried = {f"kinerja.medan.{other}.entry.verified.v1" for other in service_names() if other != name}
        for durable, stream in durables.items():
            if durable not in rights.durables:
                if stream != name.upper():  # who listens to it, it may look at
                    tried.add(f"$JS.API.CONSUMER.INFO.{stream}.{durable}")
                tried |= {
                    f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
                    f"$JS.ACK.{stream}.{durable}.1.1.1.1.0",
                    f"$JS.ACK._._.{stream}.{durable}.1.1.1.1.0",
                }
            for what in (
                f"CREATE.{stream}.{durable}",
                f"DURABLE.CREATE.{stream}.{durable}",
                f"DELETE.{stream}.{durable}",
            ):
                tried.add(f"$JS.API.CONSUMER.{what}")
            tried |= {f"$JS.API.CONSUMER.{what}.{stream}.{durable}" for what in ("PAUSE", "RESET", "UNPIN")}
        for stream in (each.upper() for each in service_names()):
            for what in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "MSG.GET", "RESTORE", "SNAPSHOT"):
                tried.add(f"$JS.API.STREAM.{what}.{stream}")
            tried |= {f"$JS.API.CONSUMER.CREATE.{stream}", f"$JS.API.CONSUMER.CREATE.{stream}.new"}
            if stream not in rights.reads:
                tried.add(f"$JS.API.DIRECT.GET.{stream}")
        tried |= {"$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$SYS.REQ.SERVER.PING", "_INBOX_other.1", "_INBOX.1"}
        for subject in tried:
            await client.publish(subject, b"{}")
        assert await refused(people, client, name) == {subject.lower() for subject in tried}
        before = len(people.refused[name])
        for subject in (">", "kinerja.>", "_INBOX.>", "_INBOX_other.>", "$JS.>"):
            await client.subscribe(subject)
        await refused(people, client, name)
        assert len(people.refused[name]) == before + 5
    for durable, stream in durables.items():
        assert (await admin.jetstream().consumer_info(stream, durable)).config.durable_name == durable


async def test_every_service_publishes_its_own_and_fetches_and_acknowledges_on_each_of_its_durables(
    guarded: Guarded, people: People, admin: Client
) -> None:
    await declare_all(admin)
    clients = {name: await people.connect(name) for name in service_names()}
    for name, client in clients.items():
        assert (await client.jetstream().stream_info(name.upper())).state.messages == 0
        await client.jetstream().consumers_info(name.upper())
    for name, client in clients.items():
        for heard in load(name).subscriptions:
            owner = clients[heard.stream.lower()]
            await owner.jetstream().publish(heard.messages[0].subject("medan"), b"{}", timeout=10)
            assert (await owner.jetstream().consumer_info(heard.stream, heard.durable)).name == heard.durable
            inbox = f"_INBOX_{name}.".encode()
            pull = await client.jetstream().pull_subscribe_bind(heard.durable, stream=heard.stream, inbox_prefix=inbox)
            [message, *_] = await pull.fetch(1, timeout=10)
            await message.ack_sync(timeout=10)
    assert people.refused == {"admin": [], **{name: [] for name in service_names()}}


async def test_who_reads_the_road_cannot_have_what_it_said_itself_told_in_the_name_of_another(
    guarded: Guarded, people: People, admin: Client
) -> None:
    await declare_all(admin)
    feed = await people.connect("feed")
    await feed.jetstream().publish("kinerja.medan.feed.webhook.changed.v1", b'{"what": "it likes"}', timeout=10)
    for stream in inside()["feed"].reads:
        assert await feed.jetstream().stream_info(stream)
    # An answer goes where the question says, by the server's own hand.
    forged = "kinerja.medan.appraisal.rating.set.v1"
    await feed.publish("$JS.API.DIRECT.GET.FEED", b'{"seq":1}', reply=forged)
    assert await refused(people, feed, "feed") == {"$js.api.direct.get.feed"}
    assert (await admin.jetstream().stream_info("APPRAISAL")).state.messages == 0


async def test_the_reader_reads_every_message_and_changes_nothing(people: People, admin: Client) -> None:
    await admin.jetstream().add_consumer("ACTIVITY", durable_name="kept", ack_policy="explicit")
    subject = "kinerja.medan.activity.entry.verified.v1"
    for body in (b"1", b"2"):
        await admin.jetstream().publish(subject, body)
    reader = await people.connect(READER)
    jetstream = reader.jetstream(prefix=PREFIX, timeout=10)
    read = [await jetstream.get_msg("ACTIVITY", n, "kinerja.*.activity.>", direct=True, next=True) for n in (1, 2)]
    assert [message.data for message in read] == [b"1", b"2"]
    assert (await jetstream.consumer_info("ACTIVITY", "kept")).num_pending == 2

    stolen = {
        "stream_name": "ACTIVITY",
        "config": {"name": "kept", "ack_policy": "explicit", "filter_subject": "kinerja.x"},
    }
    tried = {subject: b"3"}
    for prefix in (PREFIX, "$JS.API"):
        tried |= {
            f"{prefix}.CONSUMER.CREATE.ACTIVITY": json.dumps(stolen).encode(),
            f"{prefix}.CONSUMER.CREATE.ACTIVITY.kept": json.dumps(stolen).encode(),
            f"{prefix}.CONSUMER.MSG.NEXT.ACTIVITY.kept": b"1",
            f"{prefix}.CONSUMER.DELETE.ACTIVITY.kept": b"",
            f"{prefix}.STREAM.PURGE.ACTIVITY": b"",
        }
    for asked, body in tried.items():
        await reader.publish(asked, body, reply=reader.new_inbox())
    assert await refused(people, reader, READER) == {asked.lower() for asked in tried}
    # A reply goes where the request says, by the server's own hand: it must not come to be a message of ours.
    for asked in ("STREAM.INFO.ACTIVITY", "CONSUMER.INFO.ACTIVITY.kept"):
        await reader.publish(f"{PREFIX}.{asked}", b"", reply=subject)
    await reader.publish(f"{PREFIX}.DIRECT.GET.ACTIVITY", b'{"seq":1}', reply=subject)
    await reader.flush()
    await asyncio.sleep(0.2)
    kept = await admin.jetstream().consumer_info("ACTIVITY", "kept")
    assert (kept.config.filter_subject, kept.num_pending, kept.num_ack_pending) == (None, 2, 0)


async def test_nobody_connects_without_a_password(guarded: Guarded, people: People) -> None:
    for user, password in (("activity", "wrong"), ("nobody", "nobody")):
        with pytest.raises(NatsError, match=r"(?i)authorization"):
            await people.connect(user, password, allow_reconnect=False)
