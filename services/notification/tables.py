"""The tables of the notification service."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class NotificationTable(SQLModel, registry=registry()):
    """Keeps this service's tables apart from those of other services in one process."""

    metadata = MetaData()


class OwedRow(NotificationTable, table=True):
    """A notice owed to a recipient who is a person's id, `superior` (of `employee`) or `hr`.

    `outcome`: open, told, nobody (there is none to tell), stale, import, or expired (the directory never told who).
    """

    __tablename__ = "owed"

    instansi: str = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    employee: UUID | None
    at: datetime = Field(sa_type=_AT)
    template: str
    params: dict[str, Any] = Field(sa_type=JSONB)
    mail: bool
    outcome: str
    traceparent: str | None
    created_at: datetime = Field(sa_type=_AT)
    settled_at: datetime | None = Field(sa_type=_AT)


class NoticeRow(NotificationTable, table=True):
    """What one person is told of one event over one channel; there is never a second row.

    `status`: shown (channel inbox); waiting, sent, failed (with `reason`) or off (unwanted) for channel mail.
    """

    __tablename__ = "notice"

    instansi: str = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    person: UUID = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    id: UUID
    template: str
    params: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=_AT)
    read_at: datetime | None = Field(sa_type=_AT)
    status: str
    due_at: datetime | None = Field(sa_type=_AT)
    claimed_until: datetime | None = Field(sa_type=_AT)
    tries: int
    reason: str | None
    sent_at: datetime | None = Field(sa_type=_AT)
    traceparent: str | None


class PreferenceRow(NotificationTable, table=True):
    """What one person chose; quiet hours are in the zone of the instansi and may pass midnight."""

    __tablename__ = "preference"

    instansi: str = Field(primary_key=True)
    employee: UUID = Field(primary_key=True)
    language: str
    mail: bool
    quiet_from: time | None
    quiet_to: time | None
    updated_at: datetime = Field(sa_type=_AT)


class SettingRow(NotificationTable, table=True):
    """What an instansi chose."""

    __tablename__ = "setting"

    instansi: str = Field(primary_key=True)
    notify_imports: bool
    updated_by: UUID | None
    updated_at: datetime = Field(sa_type=_AT)


class HrContactRow(NotificationTable, table=True):
    """Who gets the notices meant for hr."""

    __tablename__ = "hr_contact"

    instansi: str = Field(primary_key=True)
    employee: UUID = Field(primary_key=True)
    updated_by: UUID | None
    updated_at: datetime = Field(sa_type=_AT)


class HeardWaiting(NotificationTable, table=True):
    """Whether an entry waits to be verified, by its newest message."""

    __tablename__ = "heard_waiting"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    epoch: int
    version: int
    employee: UUID
    day: date
    waiting: bool


class SummaryRun(NotificationTable, table=True):
    """The summaries of a day were made at this time of day."""

    __tablename__ = "summary_run"

    instansi: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    at: str = Field(primary_key=True)
