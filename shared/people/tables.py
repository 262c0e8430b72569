"""A service's own copy of what the directory tells: newest version of each row, no names."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, MetaData
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class _Heard(SQLModel, registry=registry()):
    metadata = MetaData()


class HeardInstansi(_Heard, table=True):
    """An agency and its rules."""

    __tablename__ = "heard_instansi"

    instansi: str = Field(primary_key=True)
    epoch: int
    version: int
    zone: str
    first_day: date
    holidays: list[date] = Field(sa_type=ARRAY(Date))
    policy: dict[str, Any] = Field(sa_type=JSONB)
    suspended: bool


class HeardUnit(_Heard, table=True):
    """A node of the unit tree."""

    __tablename__ = "heard_unit"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    epoch: int
    version: int
    code: str
    parent: UUID | None
    head_position: UUID | None
    last_day: date | None


class HeardPosition(_Heard, table=True):
    """A position and the competency levels it requires."""

    __tablename__ = "heard_position"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    epoch: int
    version: int
    code: str
    kind: str
    level: str
    requires: dict[str, int] = Field(sa_type=JSONB)


class HeardEmployee(_Heard, table=True):
    """A person, by opaque id."""

    __tablename__ = "heard_employee"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    epoch: int
    version: int
    kind: str
    active: bool


class HeardAssignment(_Heard, table=True):
    """Who works where, in which position, under whom, from when to when."""

    __tablename__ = "heard_assignment"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    epoch: int
    version: int
    employee: UUID
    unit: UUID
    position: UUID
    superior: UUID | None
    kind: str
    valid_from: date
    valid_to: date | None
    void: bool
