"""Learning needs (kebutuhan pengembangan): what the newest state of each competency gap asks for.

A need is its gap as last heard, so any order, repetition or splitting of the messages leaves the same needs.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.tables import TrainingTable
from shared.eventstore.rows import fetch


class Need(TrainingTable, table=True):
    """The need of one gap; a new opening of the gap is a new need (`id`)."""

    __tablename__ = "need"

    instansi: str = Field(primary_key=True)
    gap: UUID = Field(primary_key=True)
    epoch: int
    version: int
    id: UUID
    employee: UUID
    competency: str
    opened: int
    open: bool
    required: int | None
    level: int | None
    since: date
    causes: list[dict[str, Any]] = Field(sa_type=JSONB)


@dataclass(frozen=True, slots=True)
class OpenNeed:
    """What planning must know of a need."""

    id: UUID
    employee: UUID
    competency: str
    required: int | None
    level: int | None
    since: date


def need_id(employee: UUID, competency: str, opened: int) -> UUID:
    """The same for the same employee, competency and opening of the gap, for ever."""
    return uuid5(employee, f"need:{competency}:{opened}")


async def lock(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> None:
    """Let nobody else plan for these people until the transaction ends; read their needs only after it."""
    await fetch(
        conn,
        "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended('plan:' || $1::text || e, 0) AS key"
        " FROM unnest($2::text[]) AS e ORDER BY 1) AS keys",
        instansi,
        [str(employee) for employee in employees],
    )


async def open_needs(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> list[OpenNeed]:
    """What these people need to learn now."""
    sql = """
        SELECT id, employee, competency, required, level, since FROM need
        WHERE instansi = $1 AND employee = ANY($2::uuid[]) AND open ORDER BY id
    """
    return [OpenNeed(*row) for row in await fetch(conn, sql, instansi, list(employees))]


async def learners_of(conn: AsyncConnection, instansi: str, competencies: Collection[str]) -> list[UUID]:
    """People with an open need in one of these competencies."""
    sql = "SELECT DISTINCT employee FROM need WHERE instansi = $1 AND competency = ANY($2::text[]) AND open ORDER BY 1"
    return [row[0] for row in await fetch(conn, sql, instansi, list(competencies))]


async def needs_above(
    conn: AsyncConnection, instansi: str, needs: Collection[str], competency: str, level: int
) -> list[UUID]:
    """Those of the open needs in this competency that ask for more than `level`."""
    sql = """
        SELECT id FROM need WHERE instansi = $1 AND id = ANY($2::text[]::uuid[]) AND competency = $3 AND open AND required > $4
    """
    return [row[0] for row in await fetch(conn, sql, instansi, list(needs), competency, level)]
