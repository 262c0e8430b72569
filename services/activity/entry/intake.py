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
from shared.eventstore.rows import fetch
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

    context: Context
    entry: UUID
    employee: UUID
    body: EntryContent
    command: Callable[[Content, Receipt], Command]
    unit: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An entry that `by` logs."""

    context: Context
    by: UUID
    body: LoggedEntry


async def log(conn: AsyncConnection, claims: Sequence[Claim]) -> list[Result | Refusal]:
    """Log entries of people of one instansi; what somebody claims for another is refused."""
    drafts: list[_Draft | Refusal] = []
    for context, by, body in ((each.context, each.by, each.body) for each in claims):
        if body.employee not in (None, by):
            drafts.append(Forbidden("Hanya pekerjaan sendiri yang dapat dicatat. / Only one's own work can be logged."))
        else:
            drafts.append(_Draft(context=context, entry=body.id, employee=by, body=body, command=_logging(by)))
    newest = max((each.context for each in claims), key=lambda context: context.now)
    return await _receive(conn, newest, drafts)


async def amend(conn: AsyncConnection, context: Context, by: UUID, entry: UUID, body: AmendedEntry) -> Result:
    """Correct an entry of `by`."""

    def command(content: Content, receipt: Receipt) -> Command:
        return Amend(by=by, content=content, receipt=receipt, seen=body.version)

    [done] = await _receive(
        conn, context, [_Draft(context=context, entry=entry, employee=by, body=body, command=command)]
    )
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
            command = _importing(item)
            drafts.append(
                _Draft(
                    context=context, entry=item.id, employee=item.employee, body=item, command=command, unit=item.unit
                )
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
    checked = [
        draft if isinstance(draft, Refusal) else checked_id(draft, draft.entry, draft.context.now) for draft in drafts
    ]
    good = [draft for draft in checked if isinstance(draft, _Draft)]
    people = {draft.employee for draft in good}
    known = await known_employees(conn, context.instansi, people)
    planned = [draft.employee for draft in good if draft.body.indicator is not None]
    indicators = await known_indicators(conn, context.instansi, planned) if planned else set()
    receipts = _receipts(desk, good, known, indicators)
    tasks = [_task(draft, receipt) for draft, receipt in zip(good, receipts, strict=True)]
    done = iter(await carry_out(conn, context, tasks))
    return [draft if isinstance(draft, Refusal) else next(done) for draft in checked]


def _receipts(
    desk: Desk, drafts: Sequence[_Draft], known: Collection[UUID], indicators: Collection[tuple[UUID, UUID]]
) -> list[Receipt]:
    rules = desk.rules
    today = {now: (rules.local_date(now), rules.local_date(now + LEEWAY)) for now in {d.context.now for d in drafts}}
    # Days outside are refused by the rules; neither calendar nor period can be asked for the year 9999.
    last = max((last for _, last in today.values()), default=date.min)
    days = {draft.body.day for draft in drafts if rules.first_day <= draft.body.day <= last}
    judged = {day: (desk.period_of(day), rules.punctual_until(day)) for day in days}
    receipts = []
    for draft in drafts:
        received, last_day = today[draft.context.now]
        period, punctual_until = judged.get(draft.body.day, ("", received))
        indicator = draft.body.indicator
        receipts.append(
            Receipt(
                at=draft.context.now,
                period=period,
                first_day=rules.first_day,
                last_day=last_day,
                shut=desk.shut,
                late=received > punctual_until,
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

    return Task(
        entry=draft.entry,
        person=draft.employee,
        words=body.description,
        command=command,
        at=body.done_at,
        context=draft.context,
    )


async def _tell_again(conn: AsyncConnection, instansi: str, done: Sequence[Result | Refusal]) -> None:
    """Imports are exempt from closing: what was told about a closed period must be told anew."""
    periods = {o.state.period for o in done if not isinstance(o, Refusal) and o.changed and o.state is not None}
    if periods:
        await fetch(conn, _TELL_AGAIN, instansi, list(periods))
