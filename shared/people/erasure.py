"""What a person wrote, and what was written about them, erased on request or when it need no longer be kept."""

from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.eventstore.rows import fetch
from shared.people.refusals import unknown_employee
from shared.web.auth import requires
from shared.web.edge import AnytimeDbDep, ContextDep

_ACTIVE = "SELECT active FROM heard_employee WHERE instansi = $1 AND id = $2"
_ERASE = """
DELETE FROM texts WHERE instansi = $1 AND (person = $2 OR record = ANY ($3::uuid[])) RETURNING record
"""
# With the salt nobody can tell any more whether a guess at an erased text is right. A record that keeps texts of others
# keeps its salt: their hashes could not be checked without it.
_FORGET_SALTS = """
DELETE FROM text_salts s WHERE s.instansi = $1 AND s.record = ANY ($2::uuid[])
  AND NOT EXISTS (SELECT FROM texts t WHERE t.instansi = s.instansi AND t.record = s.record)
"""


class StillActive(Refusal):
    """The person is at work: their data are needed."""

    code = "still-active"
    status = 409


class Erased(BaseModel):
    """How many texts there were; 0 when it was done before."""

    texts: int


def still_active() -> StillActive:
    """The refusal of erasing somebody who is at work."""
    return StillActive("Pegawai ini masih aktif: nonaktifkan dulu. / This person is active: set them inactive first.")


def erasure(records: str) -> APIRouter:
    """The route by which a service erases a person's texts. `records` is SQL for the ids of records about person $2 of $1."""
    router = APIRouter(tags=["erasure"])

    @router.post("/employees/{employee}/erase-texts", dependencies=[Depends(requires("hr", "system"))])
    async def erase_texts(employee: UUID, context: ContextDep, db: AnytimeDbDep) -> Erased:
        """Erase what the person wrote and what was written in records about them; facts, numbers and dates stay."""

        async def work(conn: AsyncConnection) -> Erased:
            known = await fetch(conn, _ACTIVE, context.instansi, employee)
            if not known:
                raise unknown_employee(employee)
            if known[0][0]:
                raise still_active()
            about = {row[0] for row in await fetch(conn, records, context.instansi, employee)}
            erased = await fetch(conn, _ERASE, context.instansi, employee, sorted(about))
            await fetch(conn, _FORGET_SALTS, context.instansi, sorted(about | {row[0] for row in erased}))
            return Erased(texts=len(erased))

        return await db.run(work, context.instansi)

    return router
