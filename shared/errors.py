"""How a rule says no. A rule's own Refusal subclass lives beside the rule; here are only the general ones."""

from typing import ClassVar


class Refusal(Exception):
    """A request that is understood and refused.

    `code` is the stable kebab-case name callers may depend on, `status` the HTTP status it is answered with,
    `detail` one sentence for people that says what to change, `facts` JSON-able values that help (ids,
    versions, limits); never names, NIP, mail addresses or free text.
    """

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class NotFound(Refusal):
    """What was asked for does not exist, or not for this caller."""

    code = "not-found"
    status = 404


class Forbidden(Refusal):
    """The caller is known but has no right to this."""

    code = "forbidden"
    status = 403


class StaleVersion(Refusal):
    """The caller decided on a version that is no longer the newest: read again, then decide again."""

    code = "stale-version"
    status = 412


class ContentDiffers(Refusal):
    """The client-made id is already in use with other content."""

    code = "id-used-with-other-content"
    status = 409


class Invalid(Refusal):
    """The input is well-formed but breaks a rule on values."""

    code = "invalid-input"
    status = 422
