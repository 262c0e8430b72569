"""Kotak masuk: what needs one's answer, and what notification told, read in one's own language."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.inbox.plan import decide_plan, show_plan
from services.portal.inbox.tasks import tasks_of
from services.portal.visit import Visit, VisitDep

_PAGE = 20


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/kotak-masuk", show, methods=["GET"])
    router.add_api_route("/kotak-masuk", mark, methods=["POST"])
    router.add_api_route("/skp/{employee}/{year}", show_plan, methods=["GET"])
    router.add_api_route("/skp/{employee}/{year}", decide_plan, methods=["POST"])


async def show(visit: VisitDep) -> Response:
    """The newest notices; further ones a page each."""
    return await _page(visit)


async def mark(visit: VisitDep) -> Response:
    """Mark one notice, or all, as read."""
    which = str((await visit.form()).get("which", ""))
    try:
        await visit.ask(
            "POST", "notification", "/notices/read", body={"all": True} if which == "all" else {"ids": [which]}
        )
    except Unanswered as error:
        return await _page(visit, error)
    return visit.back("kotak-masuk")


async def _page(visit: Visit, error: Unanswered | None = None) -> Response:
    cursor = visit.request.query_params.get("cursor")
    asked = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
    # What is older is only read: the tasks stand on the first page.
    tasks, notices = await asyncio.gather(
        tasks_of(visit) if cursor is None else _none(), visit.part("notification", "/notices", **asked)
    )
    return visit.page(
        "inbox/page.html",
        error.status if error else 200,
        error=error,
        tasks=tasks,
        notices=notices["items"] if notices else [],
        next=notices["next"] if notices else None,
    )


async def _none() -> None:
    return None
