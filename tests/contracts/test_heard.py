"""A kind of fact that is new reaches everybody who keeps the records it is about."""

from services.appraisal.hears_activity.handlers import ENTRIES
from services.notification.hears_activity.handlers import WAITING
from shared.contracts import activity
from shared.contracts.schema_files import messages

FACTS = {message for message in messages() if issubclass(message, activity.EntryFact)}


def test_appraisal_hears_of_everything_that_happens_to_an_entry() -> None:
    # Periods close when both sides hold the same version of each entry: one that is not heard of keeps them open for ever.
    assert FACTS - set(ENTRIES.messages) == set(), "add it to ENTRIES"


def test_notification_hears_of_every_entry_that_may_wait() -> None:
    # What was imported never waits.
    assert FACTS - set(WAITING.messages) == {activity.EntryImported}, "add it to WAITING"
