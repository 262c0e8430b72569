"""What the feed tells: webhooks that were stopped, so that somebody looks after their receivers."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Message, Renewed


class RecordRenewed(Renewed):
    """The feed's record was restored."""

    TYPE = "feed.record.renewed"


class WebhookChanged(Message):
    """A webhook was stopped because its receiver failed or wants nothing more, or runs again after that."""

    TYPE = "feed.webhook.changed"
    REGENERATOR = "row"

    webhook: UUID
    status: Literal["active", "paused", "disabled"]
    cause: Literal["failing", "refused", "gone"] | None = Field(
        description="failing: it took nothing for a day; refused: too many events wait; gone: it answered 410"
    )
    owner: UUID | None = Field(description="the employee who made it; none where a system did")
