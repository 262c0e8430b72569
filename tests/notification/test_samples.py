"""What other services promise to send is understood here: their golden samples, as they lie in the repository."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid5

from services.notification.app import SERVICE
from services.notification.notice.catalogue import LANGUAGES, render
from services.notification.notice.rules import owed
from shared.messaging.delivery import deliver
from shared.messaging.envelope import decode
from tests.notification.conftest import Notification

_SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "contracts" / "samples"


async def test_every_message_heard_is_handled_as_its_owner_writes_it(empty: Notification) -> None:
    for subscription in SERVICE.subscriptions:
        for kind in subscription.messages:
            payload = (_SAMPLES / f"{kind.TYPE}.v{kind.VERSION}.json").read_bytes()
            message = decode(payload, kind.subject("medan"), subscription.messages)
            # Samples of one subject share an id, and an event is handled once.
            message = replace(message, event_id=uuid5(message.event_id, kind.TYPE))
            await deliver(empty.worker, subscription, [message])
            if subscription.kind == "event":
                for notice in owed(message.event_id, message.data):
                    for language in LANGUAGES:
                        assert render(notice.template, notice.params, language).body
    rows = await empty.rows("SELECT template, outcome FROM owed")
    # The samples are of March 2026: what they owe is on record, and nobody is told of it now.
    assert {row[1] for row in rows} == {"stale"}
    assert {row[0] for row in rows} == {
        "competency.confirmed", "development-plan.approved", "development-plan.proposed",
        "development-plan.proposed.superior", "development-plan.returned", "enrolment.cancelled", "enrolment.completed",
        "enrolment.completed.superior", "enrolment.enrolled", "entry.lapsed", "entry.lapsed.superior", "entry.returned",
        "gap.found.threshold", "gap.found.threshold.superior", "period.closed", "plan.agreed", "plan.proposed.superior",
        "plan.returned", "rating.set", "review.adjusted", "review.closed", "webhook.failing",
    }  # fmt: skip
    assert await empty.notices() == set()


def test_durables_keep_their_names_because_they_are_positions() -> None:
    assert {subscription.durable for subscription in SERVICE.subscriptions} == {
        "notification--directory--people",
        "notification--activity--notices",
        "notification--activity--waiting",
        "notification--appraisal--notices",
        "notification--feed--notices",
        "notification--training--notices",
    }
