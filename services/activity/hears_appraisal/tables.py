"""What this service keeps of the appraisal service."""

from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.activity.tables import ActivityTable


class HeardPlan(ActivityTable, table=True):
    """The indicators of an employee's plan, agreed or still discussed: work may be logged for them."""

    __tablename__ = "heard_plan"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    epoch: int
    version: int
    employee: UUID
    indicators: list[UUID] = Field(sa_type=ARRAY(Uuid))
