"""What is kept so that a page which was closed for a while is told what it missed."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from services.portal.tables import AT, PortalTable


class LiveChange(PortalTable, table=True):
    """The newest moment at which something about an employee changed, for the employee or for who judges their work."""

    __tablename__ = "live_change"

    instansi: str = Field(primary_key=True)
    employee: UUID = Field(primary_key=True)
    audience: str = Field(primary_key=True)
    changed_at: datetime = Field(sa_type=AT)
