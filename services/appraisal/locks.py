"""Who computes about whom: the order in which derived rows are locked.

Everything this service derives about a person (reviews, gaps) is computed while that person's row in `person` is locked,
from facts read after the lock. Facts about many (directory, satisfaction) find their people only while no recompute of the
instansi is under way, or they would miss those whose first fact is not committed yet.
"""

from collections.abc import Collection, Mapping
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


_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('appraisal ' || i, 0)) FROM unnest($1::text[]) AS i"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('appraisal ' || $1::text, 0))"
# The update is never done, but ON CONFLICT locks the row all the same, in the order given.
_HOLD = """
INSERT INTO person AS p (instansi, employee) SELECT i, e FROM unnest($1::text[], $2::uuid[]) AS k(i, e) ORDER BY i, e
ON CONFLICT (instansi, employee) DO UPDATE SET employee = excluded.employee WHERE p.employee IS NULL
"""


async def hold(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> None:
    """Lock these people until the transaction ends; others wait their turn."""
    await hold_each(conn, {instansi: employees})


async def hold_each(conn: AsyncConnection, people: Mapping[str, Collection[UUID]]) -> None:
    """Lock people of several instansi."""
    await fetch(conn, _SHARED, sorted(people))
    keys = [(instansi, employee) for instansi, employees in people.items() for employee in set(employees)]
    await fetch(conn, _HOLD, [key[0] for key in keys], [key[1] for key in keys])


async def alone(conn: AsyncConnection, instansi: str) -> None:
    """Wait until nobody computes in this instansi, and let nobody begin until the transaction ends."""
    await fetch(conn, _ALONE, instansi)
