"""Kinerja saya: what this period's score is, what it is made of, and what still waits for whom."""

import asyncio
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal import charts, texts
from services.portal.visit import Visit, VisitDep
from shared.calendar import Period, PeriodKind
from shared.errors import NotFound

_PAST = 6


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/kinerja", show, methods=["GET"])
    router.add_api_route("/kinerja/{period}", show_period, methods=["GET"])


async def show(visit: VisitDep) -> Response:
    """The current period."""
    return await _page(visit, visit.rules.period_of(visit.rules.local_date(visit.now)))


async def show_period(period: str, visit: VisitDep) -> Response:
    """One period. NotFound for what is none."""
    try:
        wanted = Period.parse(period)
    except ValueError:
        raise NotFound("Periode ditulis seperti 2026-03. / A period is written as 2026-03.") from None
    return await _page(visit, wanted)


async def _page(visit: Visit, period: Period) -> Response:
    periods = _periods(visit, period)
    me, *found = await asyncio.gather(
        visit.part("directory", "/me"), *(visit.part("appraisal", f"/reviews/{visit.me}/{each}") for each in periods)
    )
    reviews = dict(zip(map(str, periods), found, strict=True))
    review = reviews[str(period)]
    past = [(str(each), reviews[str(each)]) for each in periods]
    return visit.page(
        "performance/page.html",
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
