"""The base of this service's tables, and who may sign in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, MetaData, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

AT = DateTime(timezone=True)


class PortalTable(SQLModel, registry=registry()):
    """Keeps this service's tables apart from those of other services in one process."""

    metadata = MetaData()


class AccountRow(PortalTable, table=True):
    """Who may sign in, with which roles; `login` is a keyed hash of the NIP, which itself stays with the directory."""

    __tablename__ = "account"

    instansi: str = Field(primary_key=True)
    employee: UUID = Field(primary_key=True)
    login: bytes
    password: str | None
    roles: list[str] = Field(sa_type=ARRAY(String))
    failures: int = 0
    locked_until: datetime | None = Field(sa_type=AT)
    created_at: datetime = Field(sa_type=AT)
    changed_at: datetime = Field(sa_type=AT)
    changed_by: str


class InvitationRow(PortalTable, table=True):
    """A link that sets a password once; of the link itself only the hash is kept."""

    __tablename__ = "invitation"

    instansi: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    employee: UUID
    expires_at: datetime = Field(sa_type=AT)
    created_by: str


class SessionRow(PortalTable, table=True):
    """A browser that signed in; of its cookie only the hash is kept."""

    __tablename__ = "session"

    instansi: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    employee: UUID
    created_at: datetime = Field(sa_type=AT)
    seen_at: datetime = Field(sa_type=AT)
    expires_at: datetime = Field(sa_type=AT)
