"""Who computes about whom: the order in which derived rows are locked.

Everything this service derives about a person (reviews, gaps) is computed while that person's row in `person` is locked,
from facts read after the lock. Facts about many (directory, satisfaction) find their people only while no recompute of the
instansi is under way, or they would miss those whose first fact is not committed yet.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.appraisal.tables import AppraisalTable
from shared.eventstore.rows import fetch


class PersonRow(AppraisalTable, table=True):
    """A person about whom something was computed; never removed. `position`: the post their gaps were last judged by."""

    __tablename__ = "person"

    instansi: str = Field(primary_key=True)
    employee: UUID = Field(primary_key=True)
    position: UUID | None


_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('appraisal ' || $1::text, 0))"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('appraisal ' || $1::text, 0))"
# The update is never done, but ON CONFLICT locks the row all the same, in the order given.
_HOLD = """
INSERT INTO person AS p (instansi, employee) SELECT $1, e FROM unnest($2::uuid[]) AS e ORDER BY e
ON CONFLICT (instansi, employee) DO UPDATE SET employee = excluded.employee WHERE p.employee IS NULL
"""


async def hold(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> None:
    """Lock these people until the transaction ends; others wait their turn."""
    await fetch(conn, _SHARED, instansi)
    await conn.exec_driver_sql(_HOLD, (instansi, sorted(set(employees))))


async def alone(conn: AsyncConnection, instansi: str) -> None:
    """Wait until nobody computes in this instansi, and let nobody begin until the transaction ends."""
    await fetch(conn, _ALONE, instansi)
