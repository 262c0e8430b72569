"""Who may decide: from dated reporting lines; the role hr only opens the door where there is no superior."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from shared.errors import Forbidden, Refusal
from shared.eventstore.decider import Context
from shared.people.queries import authorities
from shared.people.refusals import NotTheSuperior
from shared.web.auth import Caller, Role


class ReasonRequired(Refusal):
    """A decision that hr takes for want of a superior needs a reason."""

    code = "reason-required"
    status = 422


async def demand_superior(
    conn: AsyncConnection, context: Context, caller: Caller, employee: UUID, reason: str | None
) -> UUID:
    """The caller, who decides as today's superior of `employee`, or as hr with a reason when there is none."""
    day = await today(conn, context)
    right = (await authorities(conn, context.instansi, [(employee, day)], day))[employee, day]
    if caller.employee is not None and caller.employee in right.verifiers:
        return caller.employee
    if right.hr_may and Role.HR in caller.roles and caller.employee not in (None, employee):
        if reason is None:
            raise ReasonRequired(
                "HR memutuskan sebagai pengganti atasan: tuliskan alasannya. / "
                "HR decides in place of the superior: give the reason.",
                field="reason",
            )
        return caller.employee
    raise NotTheSuperior("Hanya atasan pegawai ini yang dapat memutuskan. / Only this employee's superior can decide.")


async def demand_involved(conn: AsyncConnection, context: Context, caller: Caller, employee: UUID) -> UUID:
    """The caller, who is `employee`, their superior of today, or hr; Forbidden otherwise."""
    if caller.employee is not None:
        if caller.employee == employee or Role.HR in caller.roles:
            return caller.employee
        day = await today(conn, context)
        right = (await authorities(conn, context.instansi, [(employee, day)], day))[employee, day]
        if caller.employee in right.verifiers:
            return caller.employee
    raise _forbidden()


def _forbidden() -> Forbidden:
    return Forbidden(
        "Data ini hanya untuk pegawai itu sendiri, atasannya, dan HR. / "
        "This is for the employee, their superior and HR only."
    )
