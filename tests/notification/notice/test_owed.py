"""Notices owed: in whatever order, how often and in whatever batches facts come, the same people are told the same."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notification.notice.owed import settle_everywhere
from services.notification.notice.proof import prove_notices
from shared.contracts import activity, appraisal, training
from shared.messaging.envelope import Received
from tests.notification import facts, world
from tests.notification.conftest import Notification
from tests.notification.world import (
    BUDI,
    COUNTER,
    HADI,
    HEAD,
    LEO,
    OFFICER,
    RINA,
    SITI,
    assignment,
    development_plan,
    employee,
    entry,
    known,
    score,
)

_REVIEW = known(f"review {SITI}")
_numbers = count(1)


def story() -> list[Received[Any]]:
    """Facts of all three services about Siti and Budi, some of them several versions of one source."""
    march = date(2026, 3, 2)
    scores: list[tuple[int, appraisal.Rating, int]] = [
        (1, "meets", 1),
        (2, "below", 2),
        (3, "below", 2),
        (4, "above", 3),
    ]
    return [
        entry(activity.EntryReturned, "e1", version=2, day=march),
        *(entry(activity.EntryLapsed, name, who, lapsed_by=RINA, day=march) for name, who in (("e2", SITI), ("e3", SITI), ("e4", BUDI))),
        *(score(band, band_changes=n, version=v) for v, band, n in scores),
        score("below", band_changes=2, who=BUDI, imported=True),
        facts.gap("below_threshold", opened=1, version=1),
        facts.gap("below_threshold", opened=1, version=2),
        facts.gap("below_standard", opened=2, version=4),
        development_plan(training.DevelopmentPlanProposed, version=1),
        development_plan(training.DevelopmentPlanApproved, version=2),
        facts.enrolment(training.EnrolmentCompleted, version=2),
        facts.plan(appraisal.PlanProposed, waits_for=RINA, version=1),
        facts.plan(appraisal.PlanReturned, version=2),
        replace(facts.rating(), origin="import"),
    ]  # fmt: skip


def expected() -> Counter[tuple[UUID, str, str]]:
    """Who is told what over which channel because of the story: written by hand."""
    both = {
        (SITI, "entry.returned"): 1,
        (SITI, "entry.lapsed"): 1,
        (BUDI, "entry.lapsed"): 1,
        (RINA, "entry.lapsed.superior"): 1,
        (SITI, "score.below"): 1,
        (SITI, "gap.found.threshold"): 1,
        (RINA, "gap.found.threshold.superior"): 1,
        (SITI, "gap.found.standard"): 1,
        (RINA, "gap.found.standard.superior"): 1,
        (SITI, "development-plan.proposed"): 1,
        (RINA, "development-plan.proposed.superior"): 1,
        (SITI, "development-plan.approved"): 1,
        (SITI, "enrolment.completed"): 1,
        (RINA, "enrolment.completed.superior"): 1,
        (RINA, "plan.proposed.superior"): 1,
        (SITI, "plan.returned"): 1,
    }
    told = Counter(
        {(who, template, channel): n for (who, template), n in both.items() for channel in ("inbox", "mail")}
    )
    told[SITI, "score.above", "inbox"] = 1
    return told


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Received[Any]]]:
    """The story and the directory's facts, shuffled, some twice, cut into batches."""
    messages = [*story(), *world.office()]
    again = draw(st.lists(st.sampled_from(range(len(messages))), max_size=12))
    order = draw(st.permutations([*range(len(messages)), *again]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=8)))
    return [[messages[n] for n in order[a:b]] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


@given(batches=deliveries())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_any_duplication_any_split_gives_the_same_notices(
    empty: Notification, batches: list[list[Received[Any]]]
) -> None:
    # Every example is an instansi of its own, with streams of its own, in one database.
    code = f"kota-{next(_numbers)}"
    for batch in batches:
        await empty.hear(*(moved(message, code) for message in batch))
    await settle_everywhere(empty.worker)
    rows = await empty.rows("SELECT person, template, channel FROM notice WHERE instansi = :code", code=code)
    assert Counter((row[0], row[1], row[2]) for row in rows) == expected()
    events = await empty.rows(
        "SELECT DISTINCT event_id FROM notice WHERE instansi = :code AND template LIKE 'score%'", code=code
    )
    assert {row[0] for row in events} == {uuid5(_REVIEW, "band:2"), uuid5(_REVIEW, "band:3")}
    assert await prove_notices(empty.worker, code) == []


def moved(message: Received[Any], code: str) -> Received[Any]:
    """The message as another instansi would have it; the inbox knows events by their id alone."""
    return replace(message, instansi=code, event_id=uuid5(message.event_id, code))


async def test_two_workers_at_once_tell_everybody_once(empty: Notification) -> None:
    for seed in range(4):
        code = f"kota-{next(_numbers)}"
        messages = [moved(message, code) for message in [*story(), *world.office()]]

        async def work(messages: Sequence[Received[Any]], seed: int) -> None:
            mine = random.Random(seed).sample(messages, len(messages))
            for start in range(0, len(mine), 6):
                await empty.hear(*mine[start : start + 6])

        await asyncio.gather(work(messages, seed), work(messages, seed + 100))
        await settle_everywhere(empty.worker)
        rows = await empty.rows("SELECT person, template, channel FROM notice WHERE instansi = :code", code=code)
        assert Counter((row[0], row[1], row[2]) for row in rows) == expected()


async def test_what_is_owed_to_people_not_yet_known_waits_for_the_directory(empty: Notification) -> None:
    await empty.hear(development_plan())
    assert await empty.notices() == set()
    await empty.hear(world.instansi(), employee(SITI))
    assert {person for person, _, _ in await empty.notices()} == {SITI}
    await empty.hear(assignment(SITI, COUNTER, OFFICER, RINA))
    assert {person for person, _, _ in await empty.notices()} == {SITI}, "the superior is not known yet"
    await empty.hear(employee(RINA), assignment(RINA, COUNTER, HEAD, LEO))
    assert {person for person, _, _ in await empty.notices()} == {SITI, RINA}


async def test_whoever_acts_for_the_superior_is_told_and_a_superior_who_left_is_not(service: Notification) -> None:
    now = datetime.now(UTC)
    left = now.date() - timedelta(days=40)
    await service.hear(
        assignment(RINA, COUNTER, HEAD, LEO, version=2, valid_to=left),
        assignment(HADI, COUNTER, HEAD, LEO, kind="plt", valid_from=left + timedelta(days=1)),
    )
    # It happened under Rina and is heard of today.
    await service.hear(replace(development_plan(), occurred_at=now - timedelta(days=50)))
    await service.hear(facts.plan(appraisal.PlanProposed, waits_for=RINA))
    told = {(person, template) for person, _, template in await service.notices() if template.endswith("superior")}
    assert told == {(HADI, "development-plan.proposed.superior"), (HADI, "plan.proposed.superior")}


async def test_where_nobody_is_above_hr_is_told(service: Notification) -> None:
    await service.hear(development_plan(who=LEO))
    assert {person for person, _, _ in await service.notices()} == {LEO}
    await service.call("PUT", "/settings", HADI, "hr", json={"hr_contacts": [str(HADI)]})
    await service.hear(development_plan(who=LEO, version=2))
    assert {(person, template) for person, _, template in await service.rows("SELECT person, channel, template FROM notice")} == {
        (LEO, "development-plan.proposed"),
        (HADI, "development-plan.proposed.superior"),
    }  # fmt: skip


async def test_a_closed_period_is_told_to_those_who_speak_for_hr(service: Notification) -> None:
    await service.call("PUT", "/settings", HADI, "hr", json={"hr_contacts": [str(HADI), str(LEO)]})
    await service.hear(facts.period_closed())
    assert await service.notices() == {
        (who, channel, "period.closed") for who in (HADI, LEO) for channel in ("inbox", "mail")
    }


async def test_old_facts_are_kept_but_nobody_is_told(service: Notification) -> None:
    await service.hear(development_plan(at=datetime.now(UTC) - timedelta(days=8)))
    assert await service.notices() == set()
    rows = await service.rows("SELECT recipient, outcome FROM owed")
    assert {(row[0], row[1]) for row in rows} == {(str(SITI), "stale"), ("superior", "stale")}


async def test_imported_facts_are_told_only_where_the_instansi_asked_for_it(service: Notification) -> None:
    # In a batch with what people did, only the score itself says that an import moved it.
    imported: dict[str, Any] = {"band_changes": 2, "imported": True, "origin": "reaction"}
    await service.hear(development_plan(origin="import"), score("below", **imported))
    assert await service.notices() == set()
    await service.call("PUT", "/settings", HADI, "hr", json={"notify_imports": True, "hr_contacts": []})
    await service.hear(development_plan(who=BUDI, origin="import"))
    assert {person for person, _, _ in await service.notices()} == {BUDI, RINA}
    await service.hear(score("below", who=BUDI, **imported))
    assert (BUDI, "mail", "score.below") in await service.notices()


async def test_an_old_score_does_not_silence_a_fresh_one_of_the_same_band_in_either_order(
    service: Notification,
) -> None:
    old = datetime.now(UTC) - timedelta(days=8)
    for who, versions in ((SITI, (1, 2)), (BUDI, (2, 1))):
        for version in versions:
            at = old if version == 1 else None
            await service.hear(score("below", band_changes=2, who=who, version=version, at=at))
    assert {(person, channel) for person, channel, _ in await service.notices()} == {
        (SITI, "inbox"), (SITI, "mail"), (BUDI, "inbox"), (BUDI, "mail"),
    }  # fmt: skip


async def test_what_the_directory_never_explains_is_given_up_after_the_horizon_and_stays_on_record(
    service: Notification,
) -> None:
    stranger = known("stranger")
    await service.hear(score("below", band_changes=2, who=stranger))
    await service.rows("UPDATE owed SET created_at = created_at - interval '6 days'")
    await settle_everywhere(service.worker)
    assert [row[0] for row in await service.rows("SELECT outcome FROM owed")] == ["open"]
    await service.rows("UPDATE owed SET created_at = created_at - interval '2 days'")
    await settle_everywhere(service.worker)
    assert [row[0] for row in await service.rows("SELECT outcome FROM owed")] == ["expired"]
    await service.hear(employee(stranger))
    assert await service.notices() == set()


async def test_someone_who_left_the_service_is_still_told_their_result(service: Notification) -> None:
    await service.hear(employee(SITI, version=2, active=False))
    await service.hear(facts.review_closed("baik"))
    assert {person for person, _, _ in await service.notices()} == {SITI}


async def test_more_than_a_page_of_open_notices_is_told_whole(empty: Notification) -> None:
    messages = [
        world.received(development_plan().data.model_copy(update={"development_plan": known(f"p{n}")}), known(f"p{n}"))
        for n in range(300)
    ]
    await empty.hear(*messages)
    await empty.hear(*world.office())
    [row] = await empty.rows("SELECT count(*), count(DISTINCT event_id) FROM notice")
    assert (row[0], row[1]) == (1200, 300)


async def test_the_proof_sees_what_is_missing_and_what_was_made_up(service: Notification) -> None:
    await service.hear(development_plan(), score("below", band_changes=2))
    assert await prove_notices(service.worker, None) == []
    await service.rows("DELETE FROM notice WHERE person = :who AND channel = 'inbox'", who=RINA)
    await service.rows(
        "INSERT INTO notice (instansi, event_id, person, channel, id, template, params, status)"
        " VALUES ('medan', :event, :who, 'inbox', :event, 'score.below', '{}', 'shown')",
        event=known("nothing"),
        who=BUDI,
    )
    assert sorted(difference.what for difference in await prove_notices(service.worker, "medan")) == [
        "a mail without its notice in the inbox",
        "a notice that nobody was owed",
        "owed and told, but there is no notice",
    ]
    assert await prove_notices(service.worker, "jambi") == []
