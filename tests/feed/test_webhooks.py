"""Every event reaches its receiver under one id, whatever the receiver does; and nobody waits for somebody else's receiver."""

import asyncio
from typing import Any

import pytest

from services.feed.webhook import courier, sending
from services.feed.webhook.plan import DOWN, WAITS
from shared.ids import fresh_id
from shared.testing.waiting import until
from tests.feed.conftest import GAP, RENEWED, SCORE, VERIFIED, Feed, ago
from tests.feed.webhooks import delivering, hurry, register, shown, took


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


async def test_what_was_dropped_before_it_came_is_pushed_when_it_is_sent_again(
    feed: Feed, secrets_key: str, open_receiver: Any
) -> None:
    receiver = await open_receiver()
    id = await register(feed, receiver, body={"since": ago(days=60)})
    async with delivering(feed, secrets_key):
        await took(receiver, await feed.tell(SCORE))
        await feed.rows("UPDATE endpoint SET missed_before = now() - interval '30 days'")  # it was away so long
        again = {days: await feed.tell(SCORE, 3, run="1", recordedat=ago(days=days)) for days in (80, 40, 20)}
        new = await feed.tell(SCORE)
        await took(receiver, again[40] + new)
        await asyncio.sleep(2)
        assert not {*again[80], *again[20]} & set(receiver.took), "it was not owed, or was told already"
        await feed.ok("POST", f"/webhooks/{id}/replay", json={"since": ago(hours=1)})  # all of it is mended
        await shown(feed, id, missed_before=None)
        late = await feed.tell(SCORE, run="2", recordedat=ago(days=40))
        await took(receiver, await feed.tell(SCORE))
        await asyncio.sleep(2)
    assert not set(late) & set(receiver.took)
