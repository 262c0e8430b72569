"""Periode: the calendar of periods, and closing one: what is missing, what it means, how far it is."""

from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.hr.access import HrDep
from services.portal.hr.closing import STAGES, Stage, stage, unrated_by_superior, waiting_by_superior
from services.portal.verify.reading import whole
from services.portal.visit import Visit
from shared.calendar import Period
from shared.errors import NotFound

#: What HR asks for, which service does it, under which name, and what is said then.
Step = Literal["kunci", "tutup"]
_STEPS = {"kunci": ("activity", "seal", "open"), "tutup": ("appraisal", "close", "sealed")}


def add(router: APIRouter) -> None:
    """The calendar, a period, and the two steps, each with a page that names what it means."""
    router.add_api_route("/periode", show, methods=["GET"])
    router.add_api_route("/periode/{period}", show_one, methods=["GET"])
    router.add_api_route("/periode/{period}/{step}", ask, methods=["GET"])
    router.add_api_route("/periode/{period}/{step}", do, methods=["POST"])


async def show(visit: HrDep, tahun: int | None = None) -> Response:
    """The periods of a year, newest first."""
    today = visit.rules.local_date(visit.now)
    first, last = visit.rules.first_day.year, today.year
    year = last if tahun is None else tahun
    if not first <= year <= last:
        raise NotFound("Tahun ini di luar catatan instansi. / This year lies outside the records of the instansi.")
    sealed, closed = await _told(visit)
    names = {Period.parse(each) for each in [*(sealed or ()), *(closed or ())]}
    at = visit.rules.period_of(today)
    while at.last_day >= visit.rules.first_day and at.year >= year:
        names.add(at)
        at = at.previous()
    shown = sorted((period for period in names if period.year == year), key=lambda p: p.first_day, reverse=True)
    return visit.page(
        "hr/periods.html",
        rows=[(period, _stage(visit, period, sealed, closed)) for period in shown],
        sealed=sealed or {},
        closed=closed or {},
        stages=STAGES,
        year=year,
        before=year - 1 if year > first else None,
        after=year + 1 if year < last else None,
    )


async def show_one(period: str, visit: HrDep) -> Response:
    """How far it is, who keeps it up, and the next step."""
    return await _page(visit, _known(visit, period), "hr/period.html")


async def ask(period: str, step: Step, visit: HrDep) -> Response:
    """What the step means, before it is taken."""
    return await _page(visit, _known(visit, period), "hr/confirm.html", step=step)


async def do(period: str, step: Step, visit: HrDep) -> Response:
    """Take the step; taken twice it is one."""
    of = _known(visit, period)
    service, path, _ = _STEPS[step]
    try:
        await visit.ask("POST", service, f"/periods/{of}/{path}")
    except Unanswered as error:
        return await _page(visit, of, "hr/confirm.html", error, step=step)
    return visit.back(f"periode/{of}", "period-sealing" if step == "kunci" else "period-closing")


async def _page(visit: Visit, period: Period, template: str, error: Unanswered | None = None, **more: Any) -> Response:
    sealed, closed = await _told(visit)
    at = _stage(visit, period, sealed, closed)
    told = await visit.part("appraisal", f"/periods/{period}") if at == "waiting" else None
    reviews = None if at == "closed" else await whole(visit, "appraisal", "/reviews", period=str(period))
    async with visit.db.transaction(visit.instansi) as conn:
        waiting = await waiting_by_superior(conn, visit.instansi, period)
        unrated = [] if reviews is None else await unrated_by_superior(conn, visit.instansi, reviews, period)
    grace = visit.rules.policy.verification_grace_working_days
    today = visit.rules.local_date(visit.now)
    return visit.page(
        template,
        error.status if error else 200,
        error=error,
        period=period,
        stage=at,
        stages=STAGES,
        sealing=(sealed or {}).get(str(period)),
        closing=(closed or {}).get(str(period)),
        differing=told["differing"] if told else None,
        reviews=reviews,
        done=sum(review["state"] == "closed" for review in reviews or ()),
        waiting=waiting,
        unrated=unrated,
        names=await visit.names({str(who) for who, *_ in [*waiting, *unrated] if who}),
        until=visit.rules.working_days_after(today, grace) if grace else None,
        fits={step: at == needs for step, (_, _, needs) in _STEPS.items()},
        **more,
    )


async def _told(visit: Visit) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What activity and appraisal say of periods, by their names; None while either is away."""
    sealed = await whole(visit, "activity", "/periods")
    closed = await whole(visit, "appraisal", "/periods")
    return _by_period(sealed), _by_period(closed)


def _by_period(told: list[Any] | None) -> dict[str, Any] | None:
    return None if told is None else {each["period"]: each for each in told}


def _stage(visit: Visit, period: Period, sealed: dict[str, Any] | None, closed: dict[str, Any] | None) -> Stage:
    if sealed is None or closed is None:
        return "unknown"
    running = visit.rules.local_date(visit.now) <= period.last_day
    return stage(running, sealed.get(str(period)), closed.get(str(period)))


def _known(visit: Visit, written: str) -> Period:
    """The period of this name. NotFound for what cannot be one of this instansi."""
    today = visit.rules.local_date(visit.now)
    try:
        period = Period.parse(written)
    except ValueError:
        period = None
    if period is None or period.first_day > today or period.last_day < visit.rules.first_day:
        raise NotFound("Periode ini tidak ada. / There is no such period.")
    return period
