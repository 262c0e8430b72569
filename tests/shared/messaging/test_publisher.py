"""The publisher on a real server: each message is answered for itself, and a server that says nothing is not waited for."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.client import Client
from nats.errors import BadSubjectError
from nats.js.errors import BadRequestError, NoStreamResponseError

from deploy.embedded.nats import Nats
from shared.ids import fresh_id
from shared.messaging import publisher
from shared.messaging.publisher import Posting, Publisher
from shared.messaging.streams import apply, connect

SUBJECT = "kinerja.medan.bare.counter.counted.v1"


def posting(body: str = "{}", subject: str = SUBJECT) -> Posting:
    return Posting(subject, body, str(fresh_id()), None)


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url, max_reconnect_attempts=-1)
    await apply(client.jetstream(), ["bare"], [])
    yield client
    await client.jetstream().delete_stream("BARE")
    await client.close()


async def test_many_more_messages_than_the_window_get_their_sequences_in_order(road: Client) -> None:
    answers = await Publisher(road, window=4).send([posting() for _ in range(100)])
    assert answers == list(range(1, 101))


async def test_a_refusal_is_the_answer_to_its_message_alone(road: Client) -> None:
    config = (await road.jetstream().stream_info("BARE")).config
    await road.jetstream().update_stream(config.evolve(max_msg_size=500))
    sender = Publisher(road, window=2)
    for _ in range(3):
        first, large, second, nowhere, third = await sender.send(
            [posting(), posting("x" * 1000), posting(), posting(subject="not a subject"), posting()]
        )
        assert isinstance(large, BadRequestError)
        assert isinstance(nowhere, BadSubjectError)
        assert isinstance(first, int)
        assert (second, third) == (first + 1, first + 2), "refusals take no place in the window for long"


async def test_the_same_message_twice_is_stored_once(road: Client) -> None:
    again = posting()
    assert await Publisher(road).send([again, again]) == [1, 1]


async def test_a_traceparent_travels_as_a_header(road: Client) -> None:
    traced = posting()._replace(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    await Publisher(road).send([traced])
    headers = (await road.jetstream().get_msg("BARE", 1)).headers or {}
    assert headers["traceparent"] == traced.traceparent


async def test_nobody_listens_on_a_subject_without_stream(road: Client) -> None:
    answers = await Publisher(road).send([posting(subject="elsewhere"), posting()])
    assert isinstance(answers[0], NoStreamResponseError)
    assert answers[1] == 1


@pytest.mark.parametrize(
    "body", ["{}", "x" * 200_000], ids=["small", "larger than what the client keeps for the server"]
)
async def test_a_frozen_server_is_given_up_and_tried_again(
    road: Client, nats_server: Nats, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(publisher, "ACK_SECONDS", 0.5)
    sender = Publisher(road)
    assert await sender.send([posting()]) == [1]
    nats_server.freeze()
    try:
        async with asyncio.timeout(30):
            answers = await sender.send([posting(body) for _ in range(60)])
    finally:
        nats_server.thaw()
    assert all(isinstance(answer, TimeoutError) for answer in answers)
    monkeypatch.setattr(publisher, "ACK_SECONDS", 5)
    [after] = await sender.send([posting()])
    assert isinstance(after, int)


async def test_a_caller_that_is_cancelled_leaves_nothing_behind(road: Client, nats_server: Nats) -> None:
    sender = Publisher(road)
    await sender.send([posting()])
    nats_server.freeze()
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await sender.send([posting() for _ in range(10)])
    finally:
        nats_server.thaw()
    [after] = await sender.send([posting()])
    assert isinstance(after, int)
