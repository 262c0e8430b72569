"""Records in and out of the tables, and out to everybody else."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.contract import message
from services.directory.rules.records import Assignment, Employee, Known, Position, Record, Unit
from shared.errors import Refusal
from shared.eventstore.decider import Context
from shared.eventstore.outbox import Publication, publish_state
from shared.eventstore.rows import fetch, to_json

_UNITS = "SELECT id, code, name, parent, head_position, last_day FROM units WHERE instansi = $1"
_POSITIONS = """
SELECT id, code, title, kind, level, requires FROM positions
WHERE instansi = $1 AND (code = ANY($2::text[]) OR id = ANY($3::uuid[]))
"""
_EMPLOYEES = """
WITH named AS (
    SELECT id FROM employees WHERE instansi = $1 AND (nip = ANY($2::text[]) OR id = ANY($3::uuid[]))
    UNION
    SELECT o.employee FROM outside_ids o JOIN unnest($4::text[], $5::text[]) AS w(system, outside) USING (system, outside)
    WHERE o.instansi = $1
)
SELECT e.id, e.kind, e.nip, e.name, e.email, e.phone, e.language, e.active,
       coalesce((SELECT jsonb_object_agg(o.system, o.outside) FROM outside_ids o
                 WHERE o.instansi = $1 AND o.employee = e.id), '{}') AS outside
FROM employees e JOIN named USING (id) WHERE e.instansi = $1
"""
#: The assignments of these people and of everybody above them.
_ASSIGNMENTS = """
WITH RECURSIVE people(id) AS (
    SELECT unnest($2::uuid[])
    UNION
    SELECT a.superior FROM people p JOIN heard_assignment a ON a.employee = p.id AND NOT a.void AND a.superior IS NOT NULL
    WHERE a.instansi = $1
)
SELECT a.id, a.employee, a.unit, a.position, a.superior, a.kind, a.valid_from, a.valid_to, a.void, a.version
FROM people p JOIN heard_assignment a ON a.employee = p.id WHERE a.instansi = $1
"""


class InstansiUnknown(Refusal):
    """The agency itself has not been entered."""

    code = "unknown-instansi"
    status = 409


@dataclass(slots=True)
class Names:
    """How a batch calls what it speaks of."""

    nips: set[str] = field(default_factory=set)
    ids: set[UUID] = field(default_factory=set)
    outside: set[tuple[str, str]] = field(default_factory=set)
    positions: set[str] = field(default_factory=set)

    def person(self, nip: str | None, outside: Mapping[str, str], id: UUID | None = None) -> None:
        """Note one person."""
        self.nips |= {nip} if nip else set()
        self.ids |= {id} if id else set()
        self.outside |= set(outside.items())


async def hold(conn: AsyncConnection, instansi: str) -> None:
    """Let nobody else change this instansi until the transaction ends; InstansiUnknown."""
    if not await fetch(conn, "SELECT 1 FROM instansi WHERE instansi = $1 FOR NO KEY UPDATE", instansi):
        raise InstansiUnknown(
            "Instansi belum terdaftar: jalankan kinerja instansi add. / "
            "The instansi is not registered: run kinerja instansi add.",
        )


async def units_of(conn: AsyncConnection, instansi: str) -> dict[UUID, Unit]:
    """The whole tree."""
    rows = await fetch(conn, _UNITS, instansi)
    return {
        row[0]: Unit(id=row[0], code=row[1], name=row[2], parent=row[3], head_position=row[4], last_day=row[5])
        for row in rows
    }


async def positions_of(
    conn: AsyncConnection, instansi: str, codes: Collection[str] = (), ids: Collection[UUID] = ()
) -> dict[UUID, Position]:
    """The positions with these codes or ids."""
    rows = await fetch(conn, _POSITIONS, instansi, list(codes), list(ids))
    return {
        row[0]: Position(id=row[0], code=row[1], title=row[2], kind=row[3], level=row[4], requires=row[5])
        for row in rows
    }


async def employees_of(conn: AsyncConnection, instansi: str, names: Names) -> dict[UUID, Employee]:
    """The people called so."""
    pairs = sorted(names.outside)
    systems, outside = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows = await fetch(conn, _EMPLOYEES, instansi, list(names.nips), list(names.ids), systems, outside)
    return {
        row[0]: Employee(
            id=row[0],
            kind=row[1],
            nip=row[2],
            name=row[3],
            email=row[4],
            phone=row[5],
            language=row[6],
            active=row[7],
            outside=row[8],
        )
        for row in rows
    }


async def assignments_of(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> dict[UUID, Assignment]:
    """The newest version of the assignments of these people and of everybody above them."""
    rows = await fetch(conn, _ASSIGNMENTS, instansi, list(employees))
    return {row[0]: assignment(row) for row in rows}


def assignment(row: Sequence[Any]) -> Assignment:
    """The assignment in a row (id, employee, unit, position, superior, kind, valid_from, valid_to, void, version)."""
    return Assignment(
        id=row[0],
        employee=row[1],
        unit=row[2],
        position=row[3],
        superior=row[4],
        kind=row[5],
        valid_from=row[6],
        valid_to=row[7],
        void=row[8],
        version=row[9],
    )


async def known(conn: AsyncConnection, instansi: str, names: Names) -> Known:
    """What the directory holds about these names."""
    employees = await employees_of(conn, instansi, names)
    return Known(
        instansi=instansi,
        units=await units_of(conn, instansi),
        positions=await positions_of(conn, instansi, names.positions),
        employees=employees,
        assignments=await assignments_of(conn, instansi, employees),
    )


async def write(conn: AsyncConnection, context: Context, records: Iterable[Record]) -> None:
    """Keep these records, which are new or changed, and tell everybody who listens."""
    unique = {record.id: record for record in records}
    by_kind: dict[type[Record], list[dict[str, Any]]] = {Position: [], Unit: [], Employee: [], Assignment: []}
    for record in unique.values():
        by_kind[type(record)].append(asdict(record) | {"instansi": context.instansi})
    who = changed_by(context)
    for kind, sql in _WRITE.items():
        if by_kind[kind]:
            await fetch(conn, sql, to_json(by_kind[kind]), who)
    if by_kind[Employee]:
        ids = [row["id"] for row in by_kind[Employee]]
        await fetch(conn, _FORGET_OUTSIDE, context.instansi, ids)
        pairs = [
            {"system": system, "outside": outside, "employee": row["id"]}
            for row in by_kind[Employee]
            for system, outside in row["outside"].items()
        ]
        await fetch(conn, _KEEP_OUTSIDE, context.instansi, to_json(pairs))
    publications = [Publication(context.instansi, record.id, message(record)) for record in unique.values()]
    await publish_state(conn, context, publications)


def changed_by(context: Context) -> str:
    """Who acts, for audit columns: the employee, else the role of a system."""
    return str(context.actor or context.role)


def _upsert(table: str, *columns: str) -> str:
    names = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return (
        f"INSERT INTO {table} (instansi, id, {names}, created_by, changed_by)"
        f" SELECT instansi, id, {names}, $2, $2 FROM jsonb_populate_recordset(null::{table}, $1::jsonb)"
        f" ON CONFLICT (instansi, id) DO UPDATE"
        f" SET {changes}, changed_at = now(), changed_by = excluded.changed_by RETURNING 1"
    )


_WRITE: Mapping[type[Record], str] = {
    Position: _upsert("positions", "code", "title", "kind", "level", "requires"),
    Unit: _upsert("units", "code", "name", "parent", "head_position", "last_day"),
    Employee: _upsert("employees", "kind", "nip", "name", "email", "phone", "language", "active"),
    Assignment: """
        INSERT INTO assignments
            (instansi, id, version, employee, unit, position, superior, kind, valid_from, valid_to, void, recorded_by)
        SELECT instansi, id, version + 1, employee, unit, position, superior, kind, valid_from, valid_to, void, $2
        FROM jsonb_populate_recordset(null::assignments, $1::jsonb) RETURNING 1
    """,
}
_FORGET_OUTSIDE = "DELETE FROM outside_ids WHERE instansi = $1 AND employee = ANY($2::uuid[]) RETURNING 1"
_KEEP_OUTSIDE = """
INSERT INTO outside_ids (instansi, system, outside, employee)
SELECT $1, system, outside, employee FROM jsonb_to_recordset($2::jsonb) AS n(system text, outside text, employee uuid)
RETURNING 1
"""
