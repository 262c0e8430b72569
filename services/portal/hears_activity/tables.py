"""What is kept of entries: whose, of which day, and how they stand; nothing of what was written."""

from datetime import date
from uuid import UUID

from sqlmodel import Field

from services.portal.tables import PortalTable


class HeardEntry(PortalTable, table=True):
    """One entry, by its newest message."""

    __tablename__ = "heard_entry"

    instansi: str = Field(primary_key=True)
    entry: UUID = Field(primary_key=True)
    epoch: int
    version: int
    employee: UUID
    day: date
    status: str
