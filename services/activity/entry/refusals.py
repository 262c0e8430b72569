"""How the rules of an entry alone say no."""

from shared.errors import Refusal


class UnknownIndicator(Refusal):
    """No plan of the employee has this indicator."""

    code = "unknown-indicator"
    status = 422


class EntryClosed(Refusal):
    """Withdrawn, lapsed and imported entries stay as they are."""

    code = "entry-closed"
    status = 409


class OwnEntry(Refusal):
    """Nobody decides about their own work."""

    code = "own-entry"
    status = 403


class NotWaiting(Refusal):
    """Only what waits can be verified or returned."""

    code = "not-waiting"
    status = 409


class NotVerified(Refusal):
    """Only a verification that stands can be withdrawn."""

    code = "not-verified"
    status = 409


class TextRequired(Refusal):
    """Below expectation, a return, and a decision by hr need a reason."""

    code = "reason-required"
    status = 422
