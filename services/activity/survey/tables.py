"""Citizens' answers and what they add up to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.activity.tables import ActivityTable


class AnswerRow(ActivityTable, table=True):
    """One citizen's nine scores about a unit; nobody is named. `received_from` is the device or system."""

    __tablename__ = "survey_answer"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    unit: UUID
    period: str
    given_at: datetime
    scores: list[int] = Field(sa_type=ARRAY(SmallInteger))
    received_at: datetime
    received_from: str


class SatisfactionRow(ActivityTable, table=True):
    """The sums of the nine scores over a unit's answers of a period."""

    __tablename__ = "satisfaction"

    instansi: str = Field(primary_key=True)
    unit: UUID = Field(primary_key=True)
    period: str = Field(primary_key=True)
    respondents: int
    sums: list[int] = Field(sa_type=ARRAY(Integer))
    changed_at: datetime
