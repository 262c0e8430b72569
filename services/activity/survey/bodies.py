"""What counters and kiosks send."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.activity.bodies import Body
from services.activity.fields import Moment


class Answer(Body):
    """One citizen's scores of 1 to 4 for U1 to U9, under a UUIDv7 that the device made."""

    id: UUID
    unit: UUID
    given_at: Moment
    scores: Annotated[list[Annotated[int, Field(strict=True)]], Field(max_length=9)]
