"""The directory's tables. Names, NIP and contacts of people are here and nowhere else in the system."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, MetaData
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from sqlmodel import Uuid as UuidType


class DirectoryTable(SQLModel, registry=registry()):
    """A table of the directory service."""

    metadata = MetaData()

    instansi: str = Field(primary_key=True)


class _Audited(DirectoryTable):
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


class InstansiRow(_Audited, table=True):
    """An agency."""

    __tablename__ = "instansi"

    name: str


class RulesRow(DirectoryTable, table=True):
    """What an agency's rules are from a day on; never changed, only followed by a newer version."""

    __tablename__ = "instansi_rules"

    version: int = Field(primary_key=True)
    effective_from: date
    effective_at: datetime
    zone: str
    first_day: date
    holidays: list[date] = Field(sa_type=ARRAY(Date))
    policy: dict[str, Any] = Field(sa_type=JSONB)
    recorded_at: datetime
    recorded_by: str


class SuspensionRow(DirectoryTable, table=True):
    """When no more commands were accepted of an agency, and when they were again; never changed."""

    __tablename__ = "suspensions"

    version: int = Field(primary_key=True)
    suspended: bool
    recorded_at: datetime
    recorded_by: str


class PositionRow(_Audited, table=True):
    """A position."""

    __tablename__ = "positions"

    id: UUID = Field(primary_key=True)
    code: str
    title: str
    kind: str
    level: str
    requires: dict[str, int] = Field(sa_type=JSONB)


class UnitRow(_Audited, table=True):
    """A node of the unit tree."""

    __tablename__ = "units"

    id: UUID = Field(primary_key=True)
    code: str
    name: str
    parent: UUID | None
    head_position: UUID | None
    last_day: date | None


class EmployeeRow(_Audited, table=True):
    """A person."""

    __tablename__ = "employees"

    id: UUID = Field(primary_key=True)
    kind: str
    nip: str | None
    name: str
    email: str | None
    phone: str | None
    language: str
    active: bool


class OutsideIdRow(DirectoryTable, table=True):
    """What another system calls a person."""

    __tablename__ = "outside_ids"

    system: str = Field(primary_key=True)
    outside: str = Field(primary_key=True)
    employee: UUID


class AssignmentRow(DirectoryTable, table=True):
    """An assignment as it was known from `recorded_at` on; never changed, only followed by a newer version."""

    __tablename__ = "assignments"

    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    employee: UUID
    unit: UUID
    position: UUID
    superior: UUID | None
    kind: str
    valid_from: date
    valid_to: date | None
    void: bool
    recorded_at: datetime
    recorded_by: str


class LookupRow(DirectoryTable, table=True):
    """Who asked for people's names, numbers or addresses, when, why, and whose."""

    __tablename__ = "lookups"

    id: UUID = Field(primary_key=True)
    at: datetime
    caller: str
    action: str
    purpose: str
    asked: int
    employees: list[UUID] = Field(sa_type=ARRAY(UuidType))
