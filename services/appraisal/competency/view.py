"""Competency levels as they were recorded, and gaps as they are now."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.appraisal.tables import AppraisalTable


class CompetencyLevelRow(AppraisalTable, table=True):
    """One recorded level 1-5 of a person; rows are only added. The newest by `effective`, then `recorded_at`, counts.

    `origin` is "confirmed" (by the superior, in training) or "import" (`source` and `file_hash` say from where).
    """

    __tablename__ = "competency_level"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    employee: UUID
    competency: str
    level: int
    origin: str
    effective: date
    recorded_at: datetime
    recorded_by: UUID | None
    source: str | None
    file_hash: str | None
    epoch: int = 1


class GapRow(AppraisalTable, table=True):
    """The gap of one person in one competency. `opened` counts its openings; a closed one keeps its last numbers."""

    __tablename__ = "gap"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    employee: UUID
    competency: str
    open: bool
    opened: int
    required: int | None
    level: int | None
    causes: list[dict[str, Any]] = Field(sa_type=JSONB)
    since: date
