"""What comes in about work done: logged or corrected by people, or taken over from another system."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.entry.bodies import AmendedEntry, EntryContent, ImportedEntry, LoggedEntry
from services.activity.entry.commands import Amend, Command, Import, Log, Receipt, Withdraw
from services.activity.entry.events import Content
from services.activity.entry.run import Result, Task, accepted, carry_out
from services.activity.hears_appraisal.handlers import known_indicators
from services.activity.known import checked_id, known_units
from services.activity.period.gate import LEEWAY, Desk, open_desk
from services.activity.refusals import unknown_unit
from shared.errors import Forbidden, Refusal
from shared.eventstore.decider import Context
from shared.eventstore.texts import Text
from shared.people.queries import known_employees

_TELL_AGAIN = """
UPDATE activity_period p SET stale = true
FROM (SELECT period FROM activity_period WHERE instansi = $1 AND period = ANY($2::text[]) AND status = 'sealed'
      ORDER BY period FOR UPDATE) l
WHERE p.instansi = $1 AND p.period = l.period
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """One item on its way to a command."""

    entry: UUID
    employee: UUID
    body: EntryContent
    command: Callable[[Content, Receipt], Command]
    unit: UUID | None = None


async def log(
    conn: AsyncConnection, context: Context, by: UUID, items: Sequence[LoggedEntry]
) -> list[Result | Refusal]:
    """Log entries of `by`; anybody else's are refused."""
    drafts: list[_Draft | Refusal] = []
    for item in items:
        if item.employee not in (None, by):
            drafts.append(Forbidden("Hanya pekerjaan sendiri yang dapat dicatat. / Only one's own work can be logged."))
        else:
            drafts.append(_Draft(entry=item.id, employee=by, body=item, command=_logging(by)))
    return await _receive(conn, context, drafts)


async def amend(conn: AsyncConnection, context: Context, by: UUID, entry: UUID, body: AmendedEntry) -> Result:
    """Correct an entry of `by`."""

    def command(content: Content, receipt: Receipt) -> Command:
        return Amend(by=by, content=content, receipt=receipt, seen=body.version)

    [done] = await _receive(conn, context, [_Draft(entry=entry, employee=by, body=body, command=command)])
    return accepted(done)


async def withdraw(conn: AsyncConnection, context: Context, by: UUID, entry: UUID, seen: int | None) -> Result:
    """Take back an entry of `by`."""
    desk = await open_desk(conn, context.instansi, context.now)

    def command(_: Text | None) -> Command:
        return Withdraw(by=by, shut=desk.shut, seen=seen)

    [done] = await carry_out(conn, context, [Task(entry=entry, person=by, words=None, command=command)])
    return accepted(done)


async def take_over(conn: AsyncConnection, context: Context, items: Sequence[ImportedEntry]) -> list[Result | Refusal]:
    """Take over facts of another system."""
    units = await known_units(conn, context.instansi, {item.unit for item in items if item.unit is not None})
    drafts: list[_Draft | Refusal] = []
    for item in items:
        if item.unit is not None and item.unit not in units:
            drafts.append(unknown_unit(item.unit))
        else:
            drafts.append(
                _Draft(entry=item.id, employee=item.employee, body=item, command=_importing(item), unit=item.unit)
            )
    done = await _receive(conn, context, drafts)
    await _tell_again(conn, context.instansi, done)
    return done


def _logging(by: UUID) -> Callable[[Content, Receipt], Command]:
    return lambda content, receipt: Log(employee=by, content=content, receipt=receipt)


def _importing(item: ImportedEntry) -> Callable[[Content, Receipt], Command]:
    source = item.source.as_source()
    return lambda content, receipt: Import(employee=item.employee, content=content, receipt=receipt, source=source)


async def _receive(
    conn: AsyncConnection, context: Context, drafts: Sequence[_Draft | Refusal]
) -> list[Result | Refusal]:
    desk = await open_desk(conn, context.instansi, context.now)
    checked = [draft if isinstance(draft, Refusal) else checked_id(draft, draft.entry, context.now) for draft in drafts]
    good = [draft for draft in checked if isinstance(draft, _Draft)]
    people = {draft.employee for draft in good}
    known = await known_employees(conn, context.instansi, people)
    planned = [draft.employee for draft in good if draft.body.indicator is not None]
    indicators = await known_indicators(conn, context.instansi, planned) if planned else set()
    receipts = _receipts(desk, context, good, known, indicators)
    tasks = [_task(draft, receipt) for draft, receipt in zip(good, receipts, strict=True)]
    done = iter(await carry_out(conn, context, tasks))
    return [draft if isinstance(draft, Refusal) else next(done) for draft in checked]


def _receipts(
    desk: Desk,
    context: Context,
    drafts: Sequence[_Draft],
    known: Collection[UUID],
    indicators: Collection[tuple[UUID, UUID]],
) -> list[Receipt]:
    last_day = desk.rules.local_date(context.now + LEEWAY)
    # Days outside are refused by the rules; neither calendar nor period can be asked for the year 9999.
    days = {draft.body.day for draft in drafts if desk.rules.first_day <= draft.body.day <= last_day}
    judged: dict[date, tuple[str, bool]] = {
        day: (desk.period_of(day), desk.rules.is_late(day, context.now)) for day in days
    }
    receipts = []
    for draft in drafts:
        period, late = judged.get(draft.body.day, ("", False))
        indicator = draft.body.indicator
        receipts.append(
            Receipt(
                at=context.now,
                period=period,
                first_day=desk.rules.first_day,
                last_day=last_day,
                shut=desk.shut,
                late=late,
                employee_known=draft.employee in known,
                indicator_known=indicator is None or (draft.employee, indicator) in indicators,
            )
        )
    return receipts


def _task(draft: _Draft, receipt: Receipt) -> Task:
    body = draft.body

    def command(text: Text | None) -> Command:
        content = Content(
            day=body.day,
            indicator=body.indicator,
            quantity=body.quantity,
            minutes=body.minutes,
            activity=body.activity,
            description=text,
            done_at=body.done_at,
            unit=draft.unit,
        )
        return draft.command(content, receipt)

    return Task(entry=draft.entry, person=draft.employee, words=body.description, command=command, at=body.done_at)


async def _tell_again(conn: AsyncConnection, instansi: str, done: Sequence[Result | Refusal]) -> None:
    """Imports are exempt from closing: what was told about a closed period must be told anew."""
    periods = {o.state.period for o in done if not isinstance(o, Refusal) and o.changed and o.state is not None}
    if periods:
        await conn.exec_driver_sql(_TELL_AGAIN, (instansi, list(periods)))
