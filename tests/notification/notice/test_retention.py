"""What was told is forgotten after two years, what was owed for it too, and nothing younger."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.notification.notice.proof import prove_notices
from services.notification.notice.retention import forget_notices
from shared.contracts import activity, training
from shared.ids import new_id
from tests.notification.conftest import Notification
from tests.notification.world import BUDI, SITI, development_plan, entry


def id_of(age: int) -> UUID:
    return new_id(datetime.now(UTC) - timedelta(days=age), b"0123456789")


async def test_notices_and_what_was_owed_for_them_go_after_two_years(service: Notification) -> None:
    await service.hear(
        entry(activity.EntryReturned, "old", SITI, version=2),
        entry(activity.EntryReturned, "young", BUDI, version=2),
        development_plan(training.DevelopmentPlanProposed, version=1),
    )
    before = await service.notices()
    assert (SITI, "inbox", "entry.returned") in before
    old = "(SELECT event_id FROM owed WHERE employee = :siti OR recipient = :name)"
    aged = {"siti": SITI, "name": str(SITI)}
    await service.rows(f"UPDATE owed SET at = at - interval '729 days' WHERE event_id IN {old}", **aged)
    await forget_notices(service.worker)
    assert await service.notices() == before, "not yet"
    await service.rows(f"UPDATE owed SET at = at - interval '2 days' WHERE event_id IN {old}", **aged)
    await forget_notices(service.worker)
    assert {person for person, _, _ in await service.notices()} == {BUDI}
    assert {row[0] for row in await service.rows("SELECT recipient FROM owed")} == {str(BUDI)}
    assert await prove_notices(service.worker, None) == []


async def test_what_is_owed_and_not_told_yet_is_kept(empty: Notification) -> None:
    await empty.hear(development_plan())
    await empty.rows("UPDATE owed SET at = at - interval '800 days'")
    owed = await empty.rows("SELECT * FROM owed")
    assert owed
    await forget_notices(empty.worker)
    assert await empty.rows("SELECT * FROM owed") == owed


@pytest.mark.parametrize(
    ("days", "left"), [("", [50, 729, 800]), ("100", [50, 800])], ids=["two years", "as it is set"]
)
async def test_entries_decided_long_ago_are_forgotten_and_those_that_wait_are_not(
    service: Notification, monkeypatch: pytest.MonkeyPatch, days: str, left: list[int]
) -> None:
    monkeypatch.setenv("KINERJA_NOTICES_KEPT_DAYS", days)
    ages = {id_of(age): age for age in (50, 729, 731, 800)}
    for id, age in ages.items():
        values = {"id": id, "who": SITI, "waiting": age == 800}
        await service.rows(
            "INSERT INTO heard_waiting VALUES ('medan', :id, 1, 2, :who, '2026-01-01', :waiting)", **values
        )
    await forget_notices(service.worker)
    assert sorted(ages[row[0]] for row in await service.rows("SELECT id FROM heard_waiting")) == left
