"""What counters and kiosks send."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.web.fields import Body, Moment, Whole


class Answer(Body):
    """One citizen's scores of 1 to 4 for U1 to U9, under a UUIDv7 that the device made."""

    id: UUID
    unit: UUID
    given_at: Moment
    scores: Annotated[list[Whole], Field(max_length=9)]
