"""What needs somebody's answer: told by the services with that person's rights, each with its deadline and where it is answered."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.portal import texts
from services.portal.texts import N_
from services.portal.verify.reading import each, waiting, whole
from services.portal.visit import Visit
from shared.calendar import Period, WorkingCalendar
from shared.people.queries import Rules, reports_of
from shared.people.sight import SEE_ALL


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day; not `firm` while HR has not closed the period: then it is the earliest that the day can be.
    `left`: working days from tomorrow up to that day."""

    day: date
    firm: bool
    left: int


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to answer: a sentence, the page where that is done, and until when (None: no rule says so)."""

    text: str
    page: str
    until: Deadline | None = None


async def tasks_of(visit: Visit) -> list[Task]:
    """All tasks, those that end first in front; those of a service that is away are missing, and the page says so."""
    today = visit.rules.local_date(visit.now)
    async with visit.db.transaction(visit.instansi) as conn:
        reports = [str(person) for person in await reports_of(conn, visit.instansi, visit.me, today)]
    told = await visit.part("activity", "/periods")
    sealing = {period["period"]: period for period in (told["items"] if told else ())}
    found = await asyncio.gather(
        _entries(visit, sealing), _ratings(visit, sealing, reports), _plans(visit), _development(visit, reports)
    )
    tasks = [task for some in found for task in some]
    return sorted(tasks, key=lambda task: task.until.day if task.until else date.max)


def deadline(rules: Rules, period: Period, today: date, sealing: Mapping[str, Any] | None) -> Deadline | None:
    """Until when work of a period may be verified, corrected and rated; None once the period is sealed.

    HR closes a period when it is over; what waits then stays open for the working days of the instansi's policy.
    """
    if sealing and sealing["status"] == "sealed":
        return None
    if sealing:
        last = date.fromisoformat(sealing["verifiable_until"])
    else:
        closed = max(today, period.last_day + timedelta(days=1))
        last = rules.working_days_after(closed, rules.policy.verification_grace_working_days)
    return Deadline(last, sealing is not None, _working_days(rules, today, last))


def _working_days(rules: Rules, after: date, until: date) -> int:
    calendar = WorkingCalendar(rules.holidays)
    return sum(calendar.is_working_day(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))


async def _entries(visit: Visit, sealing: Mapping[str, Any]) -> list[Task]:
    """Entries to verify and one's own that were returned, together for each period."""
    queue, returned = await asyncio.gather(
        waiting(visit), whole(visit, "activity", "/entries", employee=str(visit.me), status="returned")
    )
    verify = Counter[Period]()
    for day in (day for person in queue or () for day in person["days"]):
        verify[visit.rules.period_of(date.fromisoformat(day["day"]))] += day["entries"]
    mend = Counter(visit.rules.period_of(date.fromisoformat(entry["day"])) for entry in returned or ())
    counted = [(verify, N_("%(count)s catatan menunggu verifikasi Anda (%(period)s)"), "verifikasi")]
    counted.append((mend, N_("%(count)s catatan Anda dikembalikan untuk diperbaiki (%(period)s)"), "hari-ini"))
    return [
        _counted(visit, text, number, period, page, until)
        for counts, text, page in counted
        for period, number in counts.items()
        if (until := _until(visit, period, sealing))
    ]


async def _ratings(visit: Visit, sealing: Mapping[str, Any], reports: Sequence[str]) -> list[Task]:
    """People whose rating of a period that is over has not been set."""
    last = visit.rules.period_of(visit.rules.local_date(visit.now)).previous()
    tasks = []
    for period in (last.previous(), last) if reports else ():
        until = _until(visit, period, sealing) if period.last_day >= visit.rules.first_day else None
        if until and (unrated := await _unrated(visit, period, reports)):
            text = N_("%(count)s pegawai belum mendapat rating (%(period)s)")
            tasks.append(_counted(visit, text, unrated, period, f"tim?periode={period}", until))
    return tasks


def _until(visit: Visit, period: Period, sealing: Mapping[str, Any]) -> Deadline | None:
    return deadline(visit.rules, period, visit.rules.local_date(visit.now), sealing.get(str(period)))


def _counted(visit: Visit, text: str, number: int, period: Period, page: str, until: Deadline) -> Task:
    return Task(visit.t(text, count=number, period=texts.month(str(period), visit.language)), page, until)


async def _unrated(visit: Visit, period: Period, reports: Sequence[str]) -> int:
    if _sees_all(visit):
        reviews = await each(lambda who: visit.part("appraisal", f"/reviews/{who}/{period}"), reports)
        return sum(1 for review in reviews if review and review["state"] == "open" and review["rating"] is None)
    listed = await whole(visit, "appraisal", "/reviews", period=str(period))
    left = [review for review in listed or () if review["state"] == "open" and review["predicate"] is None]
    return sum(1 for review in left if review["employee"] in reports)


async def _plans(visit: Visit) -> list[Task]:
    """SKP that the other side proposed."""
    plans = await whole(visit, "appraisal", "/plans", waiting=True) or []
    names = await visit.names({plan["employee"] for plan in plans} - {str(visit.me)})
    tasks = []
    for plan in plans:
        text = N_("SKP %(year)s %(name)s menunggu persetujuan Anda")
        if plan["employee"] == str(visit.me):
            text = N_("SKP Anda %(year)s menunggu persetujuan Anda")
        page = f"skp/{plan['employee']}/{plan['year']}"
        tasks.append(Task(visit.t(text, year=plan["year"], name=_name(visit, names, plan)), page))
    return tasks


async def _development(visit: Visit, reports: Sequence[str]) -> list[Task]:
    """Development plans to approve, levels to confirm, and one's own plan that came back."""
    own = whole(visit, "training", "/development-plans", employee=str(visit.me), status="returned")
    if not reports:
        proposed, done, returned = None, [], await own
    else:
        proposed, done, returned = await asyncio.gather(
            whole(visit, "training", "/development-plans", waiting=True), _to_confirm(visit, reports), own
        )
    told = [(plan, N_("Rencana pengembangan %(name)s menunggu persetujuan Anda")) for plan in proposed or ()]
    told += [(seat, N_("Tingkat kompetensi %(name)s setelah pelatihan menunggu konfirmasi Anda")) for seat in done]
    names = await visit.names({item["employee"] for item, _ in told})
    tasks = [
        Task(visit.t(text, name=_name(visit, names, item)), f"pengembangan/{item['employee']}") for item, text in told
    ]
    if returned:
        tasks.append(Task(visit.t("Rencana pengembangan Anda dikembalikan: pilih pelatihan lain"), "pengembangan"))
    return tasks


async def _to_confirm(visit: Visit, reports: Sequence[str]) -> list[Any]:
    asked = {"status": "completed"}
    if _sees_all(visit):
        some = await each(lambda who: whole(visit, "training", "/enrolments", employee=who, **asked), reports)
        return [seat for seats in some for seat in seats or ()]
    seats = await whole(visit, "training", "/enrolments", **asked)
    return [seat for seat in seats or () if seat["employee"] in reports]


def _sees_all(visit: Visit) -> bool:
    """Whose lists would name the whole instansi: then each report is asked for."""
    return visit.signed is not None and bool(visit.signed.roles & SEE_ALL)


def _name(visit: Visit, names: Mapping[str, str], item: Mapping[str, Any]) -> str:
    return names.get(item["employee"]) or visit.t("seorang pegawai")
