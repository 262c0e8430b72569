"""The daily summary: at the chosen hour, once, only for who has something to verify."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notification.notice.summary import summarise
from shared.contracts.activity import EntryAmended, EntryLogged, EntryVerified, EntryWithdrawn, VerificationWithdrawn
from tests.notification import world
from tests.notification.conftest import Notification
from tests.notification.world import BUDI, COUNTER, HADI, HEAD, LEO, RINA, SITI, assignment, entry

_PAST = "00:00"


async def summaries(service: Notification) -> dict[Any, dict[str, Any]]:
    """What each superior's summary says."""
    rows = await service.rows(
        "SELECT person, params FROM notice WHERE template = 'summary.daily' AND channel = 'inbox'"
    )
    return {row[0]: row[1] for row in rows}


async def test_a_superior_is_told_once_how_much_waits_and_from_whom(service: Notification) -> None:
    day = date(2026, 3, 2)
    await service.hear(world.instansi(version=2, daily_summary_at=_PAST))
    await service.hear(
        *(entry(EntryLogged, f"s{n}", SITI, day=day + timedelta(days=n)) for n in range(3)),
        entry(EntryLogged, "b1", BUDI, day=day),
        entry(EntryLogged, "h1", HADI, day=day),
    )
    await summarise(service.worker)
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat()
    told = await summaries(service)
    assert told[RINA] == {
        "day": today,
        "count": 4,
        "people": [
            {"employee": str(who), "count": n, "oldest": "2026-03-02"} for who, n in sorted([(SITI, 3), (BUDI, 1)])
        ],
    }
    assert told[LEO]["people"] == [{"employee": str(HADI), "count": 1, "oldest": "2026-03-02"}]
    assert told.keys() == {RINA, LEO}
    await service.hear(entry(EntryLogged, "b2", BUDI, day=day))
    await summarise(service.worker)
    assert await summaries(service) == told


async def test_entries_that_no_longer_wait_are_not_counted_whatever_order_they_come_in(service: Notification) -> None:
    await service.hear(world.instansi(version=2, daily_summary_at=_PAST))
    histories = {
        "verified": [EntryLogged, EntryVerified],
        "withdrawn": [EntryLogged, EntryWithdrawn],
        "again": [EntryLogged, EntryVerified, EntryAmended],
        "undone": [EntryLogged, EntryVerified, VerificationWithdrawn],
    }
    messages = [entry(kind, name, version=n) for name, kinds in histories.items() for n, kind in enumerate(kinds, 1)]
    for message in reversed(messages):
        await service.hear(message)
    await summarise(service.worker)
    assert (await summaries(service))[RINA]["count"] == 2


async def test_nothing_is_told_where_nothing_waits_nor_before_the_hour(service: Notification) -> None:
    await service.hear(world.instansi(version=2, daily_summary_at="23:59:59.999999"))
    await service.hear(entry(EntryLogged, "e1"))
    await summarise(service.worker)
    assert await service.rows("SELECT 1 FROM summary_run") == []
    await service.hear(world.instansi(version=3, daily_summary_at=_PAST), entry(EntryWithdrawn, "e1", version=2))
    await summarise(service.worker)
    assert await summaries(service) == {}


async def test_an_hour_chosen_anew_today_is_kept_and_still_nobody_is_told_twice(service: Notification) -> None:
    await service.hear(world.instansi(version=2, daily_summary_at=_PAST), entry(EntryLogged, "e1", SITI))
    await summarise(service.worker)
    await service.hear(world.instansi(version=3, daily_summary_at="00:00:01"))
    await service.hear(entry(EntryLogged, "e2", SITI), entry(EntryLogged, "h1", HADI))
    await summarise(service.worker)
    told = await summaries(service)
    assert (told[RINA]["count"], told[LEO]["count"]) == (1, 1)


async def test_who_acts_for_the_superior_gets_the_summary(service: Notification) -> None:
    left = date(2026, 2, 1)
    await service.hear(
        world.instansi(version=2, daily_summary_at=_PAST),
        assignment(RINA, COUNTER, HEAD, LEO, version=2, valid_to=left),
        assignment(HADI, COUNTER, HEAD, LEO, kind="plh", valid_from=left + timedelta(days=1)),
    )
    await service.hear(entry(EntryLogged, "e1", SITI, day=date(2026, 1, 20)))
    await summarise(service.worker)
    assert (await summaries(service)).keys() == {HADI}


async def test_the_hour_is_that_of_the_instansi(service: Notification) -> None:
    now = datetime.now(UTC)
    clocks = {zone: now.astimezone(ZoneInfo(zone)) for zone in ("Asia/Jakarta", "Asia/Jayapura")}
    # Two hours apart, so one clock shows the later time of day, whatever the time is when this runs.
    earlier, later = sorted(clocks, key=lambda zone: clocks[zone].time())
    between = (clocks[later] - timedelta(hours=1)).time().isoformat()
    await service.hear(entry(EntryLogged, "e1", SITI))
    await service.hear(world.instansi(version=2, zone=earlier, daily_summary_at=between))
    await summarise(service.worker)
    assert await summaries(service) == {}
    await service.hear(world.instansi(version=3, zone=later, daily_summary_at=between))
    await summarise(service.worker)
    assert (await summaries(service)).keys() == {RINA}
