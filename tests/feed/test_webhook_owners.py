"""Who may have webhooks, how many and where to; what a secret, a grant and a lease are worth."""

import asyncio
from typing import Any

import pytest

from services.feed.webhook import endpoints, store
from services.feed.webhook.address import Rules
from services.feed.webhook.courier import Courier
from services.feed.webhook.keyring import Keyring
from services.feed.webhook.plan import State
from services.feed.webhook.sending import Sender
from shared.ids import fresh_id
from shared.testing.waiting import until
from tests.feed.conftest import GAP, SCORE, Feed
from tests.feed.webhooks import delivering, register, shown, took


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


async def test_of_many_made_at_once_no_more_are_kept_than_an_agency_may_have(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "_MOST", 3)
    body = {"url": "https://example.test/hook", "types": [SCORE]}
    made = await asyncio.gather(*(feed.call("PUT", f"/webhooks/{fresh_id()}", json=body) for _ in range(8)))
    assert sorted(each.status_code for each in made) == [201] * 3 + [409] * 5
    assert {each.json()["code"] for each in made if each.status_code == 409} == {"too-many-endpoints"}
    elsewhere = await feed.call("PUT", f"/webhooks/{fresh_id()}", json=body, instansi="jambi")
    assert elsewhere.status_code == 201, "each agency has its own"


async def test_who_is_told_to_stop_at_the_moment_of_waking_stops(feed: Feed, secrets_key: str) -> None:
    for steps in range(5):  # of the loop between the two; at one of them Python 3.11 forgets the cancellation
        job = Courier(feed.worker, feed.road, Sender(Rules(local_http=True)), Keyring([secrets_key]))
        running = asyncio.create_task(job.run())
        await asyncio.sleep(0.3)
        job._wake.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running}, timeout=30)
        assert running.cancelled(), steps


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
