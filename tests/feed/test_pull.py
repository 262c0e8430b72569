"""The pull feed gives each event of the instansi that the caller may have, page by page, and says when its cursor is void."""

import asyncio
from typing import Any

import pytest

from shared.contracts.schema_files import messages
from tests.feed.conftest import GAP, SCORE, VERIFIED, Feed, ids


async def _all(feed: Feed, path: str, after: str = "", **more: Any) -> tuple[list[str], str]:
    """Every event from a cursor on, by pages, and the cursor behind them."""
    found: list[str] = []
    while True:
        page = await feed.ok("GET", path + (f"&after={after}" if after else ""), **more)
        found += ids(page)
        after = page["next"]
        if not page["more"]:
            return found, after


async def test_pages_of_any_size_give_every_event_once_and_none_of_others(feed: Feed) -> None:
    mine: list[str] = []
    for _ in range(25):
        mine += await feed.tell(VERIFIED, 3)
        await feed.tell(VERIFIED, 2, instansi="jambi")
        mine += await feed.tell(SCORE)
        mine += await feed.tell(GAP)
    for limit in (7, 500):
        found, after = await _all(feed, f"/events?limit={limit}")
        assert found == mine, "in the order they were sent"
        assert (await _all(feed, "/events?limit=9", after))[0] == []
    later = await feed.tell(SCORE, 2)
    assert (await _all(feed, "/events?limit=1", after))[0] == later


async def test_types_narrow_the_feed_and_bind_the_cursor(feed: Feed) -> None:
    await feed.tell(VERIFIED, 5)
    scores = await feed.tell(SCORE, 3)
    gaps = await feed.tell(GAP, 3)
    assert (await _all(feed, f"/events?types=id.go.kinerja.{SCORE}&limit=2"))[0] == scores
    found, after = await _all(feed, f"/events?types={SCORE},{GAP}&limit=2")
    assert found == scores + gaps
    assert (await feed.call("GET", f"/events?types={GAP},{SCORE}&after={after}")).status_code == 200
    for path in (f"/events?types={SCORE}&after={after}", f"/events?after={after}"):
        assert (await feed.call("GET", path)).json()["code"] == "cursor-of-another-question"
    elsewhere = await feed.call("GET", f"/events?types={SCORE},{GAP}&after={after}", instansi="jambi")
    assert elsewhere.json()["code"] == "cursor-of-another-question"
    assert (await feed.call("GET", "/events?types=activity.entry.eaten.v1")).json()["code"] == "unknown-type"
    assert (await feed.call("GET", "/events?after=abc")).json()["code"] == "malformed-cursor"


async def test_a_system_gets_what_it_was_granted_and_nothing_else(feed: Feed) -> None:
    await feed.tell(VERIFIED)
    scores = await feed.tell(SCORE)
    assert (await feed.call("GET", "/events", subject="tpp")).json()["code"] == "not-granted"
    await feed.ok("PUT", "/grants/tpp", json={"types": [f"id.go.kinerja.{SCORE}"]})
    marker = "id.go.kinerja.appraisal.record.renewed.v1"
    assert (await feed.ok("GET", "/grants"))["items"] == [
        {"system": "tpp", "types": [marker, f"id.go.kinerja.{SCORE}"]}
    ]
    assert ids(await feed.ok("GET", "/events", subject="tpp")) == scores
    assert await feed.ok("GET", "/event-types", subject="tpp") == {"types": [marker, f"id.go.kinerja.{SCORE}"]}
    refused = await feed.call("GET", f"/events?types={SCORE},{VERIFIED}", subject="tpp")
    assert (refused.status_code, refused.json()["types"]) == (403, [VERIFIED])
    assert (await feed.call("GET", "/events", subject="tpp", instansi="jambi")).status_code == 403
    assert (await feed.call("PUT", "/grants/tpp", "system", json={"types": [VERIFIED]})).status_code == 403
    for roles in (("staff",), ("staff", "leader")):
        assert (await feed.call("GET", "/events", *roles)).status_code == 403
    told = (await feed.ok("GET", "/event-types"))["types"]
    assert len(told) == len([each for each in messages() if each.stream() != "FEED"]) < len(messages())
    await feed.ok("DELETE", "/grants/tpp")
    assert (await feed.call("GET", "/events", subject="tpp")).status_code == 403


async def test_a_cursor_into_a_rebuilt_road_is_gone_and_names_where_to_begin(feed: Feed) -> None:
    await feed.tell(SCORE, 4)
    after = (await feed.ok("GET", f"/events?types={SCORE}"))["next"]
    await feed.wipe_road()
    feed.road._extents.clear()
    assert (await feed.ok("GET", f"/events?types={SCORE}&after={after}"))["events"] == [], "there is no road"
    await feed.lay_road()
    refilled = await feed.tell(SCORE, 6, run="1")
    gone = await feed.call("GET", f"/events?types={SCORE}&after={after}")
    assert (gone.status_code, gone.json()["code"]) == (410, "cursor-gone")
    assert gone.json()["streams"] == {"APPRAISAL": "rebuilt"}
    assert gone.headers["content-type"] == "application/problem+json"
    bootstrap = gone.json()["bootstrap"].removeprefix("/api/v1/medan")
    assert ids(await feed.ok("GET", bootstrap)) == refilled


async def test_a_cursor_is_gone_once_what_follows_it_was_removed_unread(feed: Feed) -> None:
    await feed.tell(SCORE, 3)
    page = await feed.ok("GET", "/events?limit=1")
    await feed.nats.jetstream().purge_stream("APPRAISAL", keep=1)
    feed.road._extents.clear()
    gone = await feed.call("GET", f"/events?after={page['next']}")
    assert (gone.status_code, gone.json()["streams"]) == (410, {"APPRAISAL": "expired"})


async def test_what_is_no_event_of_this_instansi_is_passed_over(feed: Feed) -> None:
    js = feed.nats.jetstream()
    first = await feed.tell(SCORE)
    for body in (b"\x00", b"[]", b"{}", b'{"instansi": "medan"}'):
        await js.publish(f"kinerja.medan.{SCORE}", body)
    await feed.tell(SCORE, instansi="jambi")
    stolen = await js.get_msg("APPRAISAL", seq=6)
    await js.publish(f"kinerja.medan.{SCORE}", stolen.data or b"")
    last = await feed.tell(SCORE)
    assert (await _all(feed, "/events?limit=2"))[0] == first + last


async def test_who_waits_gets_the_event_when_it_comes(feed: Feed) -> None:
    after = (await feed.ok("GET", "/events"))["next"]
    waiting = [asyncio.create_task(feed.ok("GET", f"/events?after={after}&wait=20")) for _ in range(3)]
    await asyncio.sleep(1)
    assert not any(each.done() for each in waiting)
    told = await feed.tell(SCORE)
    assert [ids(page) for page in await asyncio.gather(*waiting)] == [told] * 3


@pytest.mark.parametrize("types", ["", f"&types={SCORE}"])
async def test_a_cursor_of_an_empty_road_misses_nothing(feed: Feed, types: str) -> None:
    page = await feed.ok("GET", f"/events?limit=5{types}")
    assert (page["events"], page["more"]) == ([], False)
    told = await feed.tell(SCORE, 2)
    assert ids(await feed.ok("GET", f"/events?after={page['next']}{types}")) == told
