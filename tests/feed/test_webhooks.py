"""Every event reaches its receiver under one id, whatever the receiver does; and nobody waits for somebody else's receiver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from services.feed.webhook import courier, endpoints, sending, store
from services.feed.webhook.address import Rules
from services.feed.webhook.courier import Courier
from services.feed.webhook.keyring import Keyring
from services.feed.webhook.plan import DOWN, WAITS, State
from services.feed.webhook.sending import Sender
from shared.ids import fresh_id
from shared.testing.waiting import until
from tests.feed.conftest import GAP, RENEWED, SCORE, VERIFIED, Feed, ago
from tests.feed.receiver import Receiver

ALL = [VERIFIED, SCORE, GAP]


@pytest.fixture
async def open_receiver() -> AsyncIterator[Callable[..., Any]]:
    """Makes receivers that are closed at the end."""
    made: list[Receiver] = []

    async def make(**manners: Any) -> Receiver:
        made.append(Receiver(**manners))
        await made[-1].open()
        return made[-1]

    yield make
    for each in made:
        assert each.problems == []
        await each.close()


@asynccontextmanager
async def delivering(feed: Feed, key: str) -> AsyncIterator[None]:
    """The job at work."""
    job = Courier(feed.worker, feed.road, Sender(Rules(local_http=True)), Keyring([key]))
    running = asyncio.create_task(job.run())
    try:
        yield
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def register(feed: Feed, receiver: Receiver, types: list[str] | None = None, **more: Any) -> UUID:
    """A webhook of hr's (or of `subject`'s) to the receiver, which verifies with its secret."""
    id, body = fresh_id(), {"url": receiver.url, "types": types or ALL} | more.pop("body", {})
    made = await feed.call("PUT", f"/webhooks/{id}", json=body, **more)
    assert made.status_code == 201, made.text
    receiver.secrets.append((await feed.ok("GET", f"/webhooks/{id}/secret", **more))["secret"])
    return id


async def took(receiver: Receiver, ids: list[str]) -> None:
    """Wait until the receiver has taken them all."""

    async def all_there() -> bool:
        return set(ids) <= set(receiver.took)

    await until(all_there, seconds=120)


async def hurry(feed: Feed) -> None:
    """What is tried again later is tried again now."""
    await feed.rows("UPDATE delivery SET due_at = now() WHERE status = 'waiting'")


async def shown(feed: Feed, id: UUID, **expected: Any) -> dict[str, Any]:
    """The webhook, once it is as expected."""
    found: dict[str, Any] = {}

    async def so() -> bool:
        found.update(await feed.ok("GET", f"/webhooks/{id}"))
        return {name: found[name] for name in expected} == expected

    await until(so, seconds=120)
    return found


async def test_each_event_comes_once_and_none_of_another_agency_or_type(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    mine, theirs = await open_receiver(), await open_receiver()
    await feed.tell(VERIFIED, 5)
    await register(feed, mine, [VERIFIED, SCORE])
    await register(feed, theirs, instansi="jambi")
    async with delivering(feed, secrets_key):
        told = await feed.tell(VERIFIED, 250) + await feed.tell(SCORE, 5)
        await feed.tell(GAP, 5)
        others = await feed.tell(SCORE, 5, instansi="jambi")
        await took(mine, told)
        await took(theirs, others)
    assert (sorted(mine.took), sorted(theirs.took)) == (sorted(told), sorted(others))
    assert mine.most_at_once <= sending.AT_ONCE
    assert await feed.rows("SELECT 1 FROM delivery") == [], "what goes well leaves no rows"


async def test_a_receiver_that_breaks_and_refuses_gets_everything_and_holds_up_nobody(
    feed: Feed, secrets_key: str, open_receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 1.0)

    def moody(event: dict[str, Any], time: int) -> int | str:
        manners: list[int | str] = ["crash", 204, "hang", 204, 500, 204, 302, 204]
        return manners[(int(event["id"][:4], 16) + time) % 8]

    bad, good = await open_receiver(manner=moody), await open_receiver()
    id = await register(feed, bad)
    await register(feed, good)
    stuck = await open_receiver(manner=lambda _event, _time: "hang")
    await register(feed, stuck)
    async with delivering(feed, secrets_key):
        told = await feed.tell(VERIFIED, 40)
        await took(good, told)
        assert stuck.took == []
        for _ in range(60):
            if len(set(bad.took)) == len(told):
                break
            await hurry(feed)
            await asyncio.sleep(1)
        await took(bad, told)
        await shown(feed, id, waiting=0)
    assert set(bad.took) == set(told)
    items = (await feed.ok("GET", f"/webhooks/{id}/deliveries?limit=200"))["items"]
    assert {each["status"] for each in items} == {"delivered"}
    assert {each["event"] for each in items} <= set(told)


async def _down(feed: Feed) -> bool:
    return bool(await feed.rows(f"SELECT 1 FROM endpoint WHERE failures >= {DOWN}"))


async def test_a_receiver_that_was_away_gets_what_came_meanwhile_when_it_is_back(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    id = await register(feed, receiver)
    await receiver.close()
    async with delivering(feed, secrets_key):
        told = await feed.tell(SCORE, 60)
        await until(lambda: _down(feed), seconds=120)
        down = await feed.ok("GET", f"/webhooks/{id}")
        assert down["waiting"] == down["failures"] < DOWN + sending.AT_ONCE, "no more is tried of one that is down"
        await receiver.open()
        await feed.rows("UPDATE endpoint SET looked_at = now() - interval '10 minutes'")
        await took(receiver, told)
    assert sorted(receiver.took) == sorted(told)


async def test_gone_disables_and_a_day_in_vain_pauses_and_the_owner_is_told(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    gone = await open_receiver(manner=lambda _event, _time: 410)
    deaf = await open_receiver(manner=lambda _event, _time: 503)
    ids = await register(feed, gone), await register(feed, deaf)
    async with delivering(feed, secrets_key):
        told = await feed.tell(GAP)
        await shown(feed, ids[0], status="disabled", reason="gone", waiting=1)
        await shown(feed, ids[1], failures=1)
        await feed.rows("UPDATE delivery SET tries = :t, due_at = now() WHERE endpoint = :e", t=len(WAITS), e=ids[1])
        await shown(feed, ids[1], status="paused", reason="failing", waiting=1)
        later = await feed.tell(GAP, 3)
        gone.manner = deaf.manner = lambda _event, _time: 200
        for id in ids:
            await feed.ok("POST", f"/webhooks/{id}/resume")
        await took(gone, told + later)
        await took(deaf, told + later)
    sql = "SELECT content->>'status', content->>'cause', version FROM published ORDER BY 2"
    assert await feed.rows(sql) == [("active", None, 2), ("active", None, 2)]
    assert {row[0] for row in await feed.rows("SELECT body::jsonb->'data'->>'status' FROM outbox")} >= {
        "paused",
        "disabled",
    }


async def test_what_one_receiver_never_takes_is_given_up_after_a_day_while_others_go_on(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    poison: list[str] = []
    receiver = await open_receiver(manner=lambda event, _time: 400 if event["id"] in poison else 200)
    id = await register(feed, receiver)
    poison += [str(fresh_id())]
    async with delivering(feed, secrets_key):
        await feed.tell(SCORE, id=poison[0])
        await shown(feed, id, waiting=1)
        await took(receiver, await feed.tell(SCORE, 3))
        await feed.rows("UPDATE delivery SET tries = :tries, due_at = now()", tries=len(WAITS))
        await shown(feed, id, waiting=0, status="active")
    [row] = (await feed.ok("GET", f"/webhooks/{id}/deliveries?status=failed"))["items"]
    assert (row["event"], row["outcome"], row["tries"]) == (poison[0], "http-400", len(WAITS) + 1)


async def test_what_was_given_up_is_seen_at_its_webhook_until_a_replay_brought_it(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    bad = {str(fresh_id()), str(fresh_id())}
    receiver = await open_receiver(manner=lambda event, _time: 422 if event["id"] in bad else 200)
    id = await register(feed, receiver)
    none = {"given_up": 0, "given_up_since": None, "last_given_up": None, "last_given_up_reason": None}
    async with delivering(feed, secrets_key):
        for each in sorted(bad):
            await feed.tell(SCORE, id=each)
            await shown(feed, id, waiting=1, **none)
            await took(receiver, await feed.tell(SCORE))
            await feed.rows("UPDATE delivery SET tries = :t, due_at = now() WHERE status = 'waiting'", t=len(WAITS))
            await shown(feed, id, waiting=0, given_up=1, last_given_up=each, last_given_up_reason="http-422")
            await feed.rows("UPDATE delivery SET outcome = 'not-granted' WHERE event_id = :e", e=sorted(bad)[0])
        [failed] = (await feed.ok("GET", f"/webhooks/{id}/deliveries?status=failed&limit=1"))["items"]
        assert (await feed.ok("GET", f"/webhooks/{id}"))["given_up_since"] == failed["first_at"]
        told = sorted(bad)
        bad.clear()
        await feed.ok("POST", f"/webhooks/{id}/replay", json={"since": ago(hours=1)})
        await took(receiver, told)
        await shown(feed, id, waiting=0, status="active", **none)
    listed = (await feed.ok("GET", f"/webhooks/{id}/deliveries"))["items"]
    assert {each["event"]: each["status"] for each in listed} == dict.fromkeys(told, "delivered")


async def test_while_a_secret_is_rotated_both_verify_and_then_only_the_new_one(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    id = await register(feed, receiver)
    [old] = receiver.secrets
    new = (await feed.ok("POST", f"/webhooks/{id}/rotate-secret", json={}))["secret"]
    assert new != old
    assert (await feed.ok("GET", f"/webhooks/{id}/secret"))["secret"] == new
    receiver.secrets = [old, new]
    async with delivering(feed, secrets_key):
        await took(receiver, await feed.tell(SCORE, 3))
        await feed.rows("UPDATE endpoint SET old_secret_until = now()")
        receiver.secrets = [new]
        last = await feed.tell(SCORE, 3)
        await took(receiver, last)
        assert receiver.problems == []
        receiver.secrets = [old]
        await feed.tell(SCORE)
        await shown(feed, id, waiting=1)
        assert receiver.problems == ["No matching signature found"]
        receiver.problems.clear()
    kept = await feed.rows("SELECT secret FROM endpoint")
    assert new.removeprefix("whsec_").encode() not in kept[0][0]


async def test_a_replay_brings_everything_since_its_moment_under_the_same_ids(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    before = await feed.tell(SCORE, 4)
    await asyncio.sleep(0.1)
    moment = ago()
    told = await feed.tell(SCORE, 6)
    id = await register(feed, receiver, body={"since": moment})
    async with delivering(feed, secrets_key):
        await took(receiver, told)
        await shown(feed, id, delivered=6)
        await feed.ok("POST", f"/webhooks/{id}/replay", json={"since": moment})
        await shown(feed, id, delivered=12)
        await feed.ok("POST", f"/webhooks/{id}/replay", json={"since": ago(hours=1)})
        await shown(feed, id, delivered=22)
    assert receiver.came == dict.fromkeys(told, 3) | dict.fromkeys(before, 1)


async def test_after_the_road_was_lost_it_goes_on_with_what_is_sent_again_and_new(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    await register(feed, receiver)
    async with delivering(feed, secrets_key):
        told = await feed.tell(SCORE, 20)
        await took(receiver, told)
        await feed.wipe_road()
        await asyncio.sleep(1)
        await feed.lay_road()
        refilled = await feed.tell(SCORE, 30, run="1")
        ancient = await feed.tell(SCORE, 50, run="1", recordedat=ago(days=8))
        new = await feed.tell(SCORE, 5)
        await took(receiver, refilled + new)
        await asyncio.sleep(2)
    assert receiver.came == dict.fromkeys([*told, *refilled, *new], 1), "once each: nothing begins anew for ever"
    assert not set(ancient) & set(receiver.took), "what was on the road a week before is not history to push"


async def test_a_restored_record_is_pushed_whole_and_its_marker_ends_that(
    feed: Feed, secrets_key: str, open_receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "_EVENTS", 10)
    receiver = await open_receiver()
    id = await register(feed, receiver, [SCORE, RENEWED])
    ancient = ago(days=400)
    async with delivering(feed, secrets_key):
        told = await feed.tell(SCORE, 5)
        await took(receiver, told)
        repeated = await feed.tell(SCORE, 15, run="1", recordedat=ancient)
        restored = await feed.tell(SCORE, 35, run="2", recordedat=ancient, epoch=2)
        [marker] = await feed.tell(RENEWED, epoch=2, data={"epoch": 2})
        await shown(feed, id, delivered=5 + 35 + 1)
        # Whoever lost what they had begins again before the restore, and gets it whole once more.
        await feed.ok("POST", f"/webhooks/{id}/replay", json={"since": ago(hours=1)})
        await shown(feed, id, delivered=2 * (5 + 35 + 1))
        await feed.tell(SCORE, 35, run="3", recordedat=ancient, epoch=2)
        new = await feed.tell(SCORE, 3, epoch=2)
        await took(receiver, new)
        await asyncio.sleep(2)
    assert receiver.came == dict.fromkeys([*told, *restored, marker], 2) | dict.fromkeys(new, 1)
    assert not set(repeated) & set(receiver.took), "without a later epoch it is history"


async def test_a_lost_grant_stops_what_is_pushed_and_a_new_one_goes_on_where_it_was(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    await feed.ok("PUT", "/grants/tpp", json={"types": [SCORE]})
    body = {"url": receiver.url, "types": [SCORE, GAP]}
    assert (await feed.call("PUT", f"/webhooks/{fresh_id()}", json=body, subject="tpp")).json()["code"] == "not-granted"
    id = await register(feed, receiver, [SCORE], subject="tpp")
    for subject, found in (("tpp", [str(id)]), ("other", []), ("", [str(id)])):
        assert [each["id"] for each in (await feed.ok("GET", "/webhooks", subject=subject))["items"]] == found
    for path in ("", "/secret", "/deliveries"):
        assert (await feed.call("GET", f"/webhooks/{id}{path}", subject="other")).status_code == 404
    async with delivering(feed, secrets_key):
        first = await feed.tell(SCORE, 3)
        await took(receiver, first)
        await feed.ok("DELETE", "/grants/tpp")
        unseen = await feed.tell(SCORE, 3)
        await asyncio.sleep(2)
        assert sorted(receiver.took) == sorted(first)
        await feed.ok("PUT", "/grants/tpp", json={"types": [SCORE]})
        await feed.rows("UPDATE endpoint SET looked_at = now() - interval '10 minutes'")
        await took(receiver, unseen)


async def test_what_waits_to_be_tried_again_is_given_up_with_the_grant(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver(manner=lambda _event, _time: 500)
    await feed.ok("PUT", "/grants/tpp", json={"types": [SCORE]})
    id = await register(feed, receiver, [SCORE], subject="tpp")
    async with delivering(feed, secrets_key):
        [told] = await feed.tell(SCORE)
        waiting = "SELECT status, outcome, body IS NULL FROM delivery"
        await until(lambda: feed.rows(waiting))
        await feed.ok("DELETE", "/grants/tpp")
        receiver.manner = lambda _event, _time: 204
        await feed.rows("UPDATE delivery SET due_at = now()")
        await feed.rows("UPDATE endpoint SET looked_at = now() - interval '10 minutes'")

        async def given_up() -> bool:
            return bool(await feed.rows(waiting) == [("failed", "not-granted", True)])

        await until(given_up)
    assert told not in receiver.took
    [row] = (await feed.ok("GET", f"/webhooks/{id}/deliveries"))["items"]
    assert (row["event"], row["outcome"]) == (told, "not-granted")


async def test_a_suspended_agency_and_a_paused_or_deleted_webhook_are_left_alone(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    id = await register(feed, receiver)
    assert (await feed.ok("POST", f"/webhooks/{id}/pause"))["reason"] == "asked"
    async with delivering(feed, secrets_key):
        told = await feed.tell(SCORE, 3)
        await asyncio.sleep(1.5)
        await feed.rows("UPDATE heard_instansi SET suspended = true")
        await feed.ok("POST", f"/webhooks/{id}/resume")
        await asyncio.sleep(1.5)
        assert receiver.took == []
        await feed.rows("UPDATE heard_instansi SET suspended = false")
        await took(receiver, told)
        await feed.ok("DELETE", f"/webhooks/{id}")
        await feed.tell(SCORE, 3)
        await asyncio.sleep(1.5)
    assert len(receiver.took) == 3
    assert await feed.rows("SELECT 1 FROM place") == []


async def test_a_worker_that_lost_its_lease_writes_nothing(feed: Feed, open_receiver: Any) -> None:
    await register(feed, await open_receiver())
    await feed.tell(SCORE)
    extents = await feed.road.extents(["APPRAISAL"])
    async with feed.worker.transaction() as conn:
        [mine] = await store.claim(conn, extents, 10)
    async with feed.worker.transaction() as conn:
        assert await store.claim(conn, extents, 10) == [], "one worker at a time"
    await feed.rows("UPDATE endpoint SET leased_until = now()")
    async with feed.worker.transaction() as conn:
        assert len(await store.claim(conn, extents, 10)) == 1
    async with feed.worker.transaction() as conn:
        state = State(3, None, "paused", "failing")
        assert await store.keep(conn, mine, state, [], {}, {}, None, []) is None
    assert await feed.rows("SELECT failures, status FROM endpoint") == [(0, "active")]


async def test_of_many_made_at_once_an_agency_keeps_its_share(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "_MOST", 3)
    body = {"url": "https://example.test/hook", "types": [SCORE]}
    made = await asyncio.gather(*(feed.call("PUT", f"/webhooks/{fresh_id()}", json=body) for _ in range(8)))
    assert sorted(each.status_code for each in made) == [201] * 3 + [409] * 5
    assert {each.json()["code"] for each in made if each.status_code == 409} == {"too-many-endpoints"}
    assert (await feed.call("PUT", f"/webhooks/{fresh_id()}", json=body, instansi="jambi")).status_code == 201


async def test_where_webhooks_may_go_and_who_may_make_them(feed: Feed) -> None:
    for url in ("http://example.test/", "https://10.1.2.3/", "https://u:p@example.test/", "ftp://example.test/", "x"):
        refused = await feed.call("PUT", f"/webhooks/{fresh_id()}", json={"url": url, "types": [SCORE]})
        assert refused.json()["code"] == "url-not-allowed", url
    good = {"url": "https://example.test/hook", "types": [f"id.go.kinerja.{SCORE}"]}
    id = fresh_id()
    assert [(await feed.call("PUT", f"/webhooks/{id}", json=good)).status_code for _ in range(2)] == [201, 200]
    assert (await feed.call("PUT", f"/webhooks/{id}", json=good, instansi="binjai")).json()[
        "code"
    ] == "unknown-instansi"
    assert (await feed.call("GET", f"/webhooks/{id}", instansi="jambi")).status_code == 404
    for roles in (("staff",), ("auditor",), ("staff", "leader")):
        assert (await feed.call("GET", "/webhooks", *roles)).status_code == 403
