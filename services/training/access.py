"""Who may read and who may decide: from dated reporting lines; roles only open hr's, leaders' and auditors' doors."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from shared.errors import Forbidden, Refusal
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.people.queries import authorities, led_units, reports_of, units_below
from shared.web.auth import Caller, Role


class NotTheSuperior(Refusal):
    """The reporting lines give the caller no right over this employee."""

    code = "not-the-superior"
    status = 403


class TextRequired(Refusal):
    """A decision that hr takes for want of a superior needs a reason."""

    code = "text-required"
    status = 422


async def readable(conn: AsyncConnection, context: Context, caller: Caller) -> set[UUID] | None:
    """The employees whose training the caller may read; None: everybody of the instansi."""
    if caller.roles & {Role.HR, Role.AUDITOR}:
        return None
    if caller.employee is None:
        raise _forbidden()
    day = await today(conn, context)
    employees = {caller.employee, *await reports_of(conn, context.instansi, caller.employee, day)}
    if Role.LEADER in caller.roles:
        led = await led_units(conn, context.instansi, caller.employee, day)
        employees |= await _members(conn, context.instansi, await units_below(conn, context.instansi, led), day)
    return employees


async def demand_readable(conn: AsyncConnection, context: Context, caller: Caller, employee: UUID) -> None:
    """Forbidden unless the caller may read the training of `employee`."""
    if caller.employee == employee:
        return
    employees = await readable(conn, context, caller)
    if employees is not None and employee not in employees:
        raise _forbidden()


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
            raise TextRequired(
                "HR memutuskan sebagai pengganti atasan: tuliskan alasannya. / "
                "HR decides in place of the superior: give the reason."
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


async def _members(conn: AsyncConnection, instansi: str, units: Collection[UUID], day: date) -> set[UUID]:
    sql = """
        SELECT employee FROM heard_assignment WHERE instansi = $1 AND unit = ANY($2::uuid[]) AND NOT void
          AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)
    """
    return {row[0] for row in await fetch(conn, sql, instansi, list(units), day)}


def _forbidden() -> Forbidden:
    return Forbidden(
        "Data ini hanya untuk pegawai itu sendiri, atasannya, dan HR. / "
        "This is for the employee, their superior and HR only."
    )
