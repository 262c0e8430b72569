"""Kinerja saya: what this period's score is, what it is made of, and what still waits for whom."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal import charts, texts
from services.portal.backend import Unanswered
from services.portal.performance import skp
from services.portal.visit import Visit, VisitDep
from shared.calendar import Period, PeriodKind
from shared.errors import NotFound

_PAST = 6


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/kinerja", show, methods=["GET"])
    router.add_api_route("/kinerja/{period}", show_period, methods=["GET"])
    router.add_api_route("/kinerja/{period}", state, methods=["POST"])
    router.add_api_route("/skp", skp.show, methods=["GET"])
    router.add_api_route("/skp/{year}", skp.show_year, methods=["GET"])
    router.add_api_route("/skp/{year}", skp.decide, methods=["POST"])


async def show(visit: VisitDep) -> Response:
    """The current period."""
    return await _page(visit, visit.rules.period_of(visit.rules.local_date(visit.now)))


async def show_period(period: str, visit: VisitDep) -> Response:
    """One period. NotFound for what is none."""
    return await _page(visit, _period(period))


async def state(period: str, visit: VisitDep) -> Response:
    """State the realisation of an indicator that the plan leaves to the employee; sent twice it is stated once."""
    of, typed = _period(period), {key: str(value).strip() for key, value in (await visit.form()).items()}
    body = {"indicator": typed.get("indicator"), "value": texts.plain(typed.get("value", ""), visit.language)}
    try:
        note = {"note": typed.get("note") or None}
        await visit.ask("POST", "appraisal", f"/reviews/{visit.me}/{of}/realisation", body=body | note)
    except Unanswered as error:
        return await _page(visit, of, typed, error)
    return visit.back(f"kinerja/{of}", "realisation-stated")


def _period(written: str) -> Period:
    try:
        return Period.parse(written)
    except ValueError:
        raise NotFound("Periode ditulis seperti 2026-03. / A period is written as 2026-03.") from None


async def _page(
    visit: Visit, period: Period, typed: Mapping[str, str] | None = None, error: Unanswered | None = None
) -> Response:
    periods = _periods(visit, period)
    me, review, before = await asyncio.gather(
        visit.part("directory", "/me"),
        visit.part("appraisal", f"/reviews/{visit.me}/{period}"),
        visit.part("appraisal", f"/reviews/{visit.me}", periods=[str(each) for each in periods]),
    )
    scores = {each["period"]: each for each in before or ()}
    past = [(str(each), scores.get(str(each))) for each in periods]
    return visit.page(
        "performance/page.html",
        error.status if error else 200,
        error=error,
        typed={"indicator": "", "value": "", "note": "", **(typed or {})},
        period=str(period),
        review=review,
        past=past,
        superior=(me or {}).get("superior"),
        achieved=[_bar(visit, each) for each in review["indicators"]] if review else [],
        trend=charts.line(_trend(visit, past), visit.t("Skor per periode")) if any(each for _, each in past) else None,
    )


def _periods(visit: Visit, period: Period) -> list[Period]:
    """The period that is shown with those before it, oldest first, and up to today's."""
    kind = PeriodKind(visit.rules.policy.period_kind)
    last = max(period, Period.of(visit.rules.local_date(visit.now), kind)) if period.kind is kind else period
    found = [last]
    while len(found) < _PAST or period not in found:
        before = found[0].previous()
        if before.last_day < visit.rules.first_day or len(found) > 36:
            break
        found.insert(0, before)
    return found if period in found else [period]


def _bar(visit: Visit, indicator: dict[str, Any]) -> Any:
    if indicator["percent"] is None:
        return None
    percent = Decimal(indicator["percent"])
    return charts.share_bar(percent, indicator["title"] or "", f"{texts.number(percent, visit.language)} %")


def _trend(visit: Visit, past: list[tuple[str, Any]]) -> list[tuple[str, Decimal | None]]:
    return [
        (
            texts.short_month(period, visit.language),
            Decimal(review["percent"]) if review and review["percent"] else None,
        )
        for period, review in past
    ]
