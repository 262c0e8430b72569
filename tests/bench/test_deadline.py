"""The load of a deadline day on the running system: what it counts is what the system keeps, and a loss is seen."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.country import Country, Refused
from bench.deadline import Deadline
from bench.figure import Untrue
from bench.probes import freshness, reading
from bench.watch import Watch, used
from shared.ids import fresh_id
from shared.testing.system import EmbeddedSystem


@pytest.fixture
async def country(running_system: EmbeddedSystem) -> AsyncIterator[Country]:
    made = Country(running_system)
    await made.settle(2, 1, 3, prefix=f"bench-{fresh_id().hex[-8:]}")
    yield made
    await made.close()


async def test_all_that_was_logged_and_verified_is_kept_and_one_lost_entry_is_noticed(country: Country) -> None:
    deadline, watch = Deadline(country), Watch(country.embedded)
    before = watch.cpu()
    async with deadline.logging():
        await asyncio.sleep(0.5)
    only_logged = deadline.logged
    async with deadline.chain(), reading(country, 5) as times:
        first = await deadline.stand()
        await asyncio.sleep(1)
    count, fresh = await freshness(country, country.teams, 40, 0.5)
    deadline.logged += count
    deadline.verified += count
    await country.drained(60)
    await deadline.check()
    assert only_logged > 0
    assert deadline.verified == deadline.logged - only_logged
    assert (await deadline.stand()).scored == deadline.verified >= first.scored
    assert len(fresh) == 1  # one batch of 20 in half a second, and every second one is followed
    assert set(times) == {"entries", "queue", "review"}
    assert used(before, watch.cpu())["activity"] > 0
    assert watch.memory()["appraisal"] > 10
    deadline.logged += 1
    with pytest.raises(Untrue, match="stored in activity"):
        await deadline.check()


async def test_a_refusal_ends_the_benchmark_with_the_words_of_the_service(country: Country) -> None:
    [team, other] = country.teams
    entries = await country.log(team.staff[0], 1)
    with pytest.raises(Refused, match="not-found"):
        await country.verify(other.superior, entries)
