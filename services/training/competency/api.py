"""HTTP of confirmed levels."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.access import demand_superior
from services.training.bodies import Reason
from services.training.competency.confirm import confirm
from services.training.competency.view import is_known
from shared.errors import Refusal
from shared.people.queries import known_employees
from shared.people.refusals import unknown_employee
from shared.web.auth import CallerDep
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Code, Whole

router = APIRouter(prefix="/competencies", tags=["competencies"])


class UnknownCompetency(Refusal):
    """No position requires it, no course raises it and nobody needs it."""

    code = "unknown-competency"
    status = 422


class LevelBody(Reason):
    """The level 1-5 and what shows it."""

    level: Whole


@router.post("/{employee}/{competency}/confirm")
async def confirm_after_coaching(
    employee: UUID, competency: Code, body: LevelBody, caller: CallerDep, context: ContextDep, db: DbDep
) -> dict[str, Any]:
    """The superior confirms a level without an enrolment, such as after coaching or mentoring."""

    async def work(conn: AsyncConnection) -> dict[str, Any]:
        if not await known_employees(conn, context.instansi, [employee]):
            raise unknown_employee(employee)
        by = await demand_superior(conn, context, caller, employee, body.reason)
        if not await is_known(conn, context.instansi, competency):
            raise UnknownCompetency(
                "Kompetensi ini tidak dikenal; periksa kodenya. / This competency is not known; check its code."
            )
        outcome = await confirm(
            conn, context, by=by, employee=employee, competency=competency, level=body.level, reason=body.reason
        )
        return {"id": outcome.stream, "version": outcome.version, "level": body.level, "changed": outcome.changed}

    return await db.run(work, context.instansi)
