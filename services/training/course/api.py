"""HTTP of the course catalogue."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from services.training.course.catalogue import CourseBody, write
from services.training.course.view import find_courses
from shared.errors import Refusal
from shared.web.auth import CallerDep, requires
from shared.web.batch import Batch, DryRun, parse
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Code
from shared.web.paging import Page, PagingDep
from shared.web.problem import refused_item

router = APIRouter(prefix="/courses", tags=["courses"])


@router.post("/batch", dependencies=[Depends(requires("hr", "system"))])
async def write_courses(
    request: Request,
    body: Batch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    dry_run: DryRun = False,
) -> dict[str, Any]:
    """Each course by its code: `outcome` new, changed or unchanged, or why it was refused."""
    parsed = parse(request, CourseBody, body.items)
    done = await db.run(lambda conn: write(conn, context, parsed, caller.id, dry_run), context.instansi)
    return {"results": [_result(request, item, news) for item, news in zip(body.items, done, strict=True)]}


@router.get("")
async def list_courses(
    context: ContextDep,
    db: DbDep,
    asked: PagingDep,
    competency: Code | None = None,
    active: bool | None = True,
) -> Page[dict[str, Any]]:
    """The catalogue in the order of codes; `competency` limits it to courses that raise it."""
    after = asked.after(str)
    async with db.transaction(context.instansi) as conn:
        rows = await find_courses(
            conn, context.instansi, competency, active, after[0] if after else None, asked.limit + 1
        )
    return asked.page(rows, lambda row: (row["code"],))


def _result(request: Request, item: Any, news: Any) -> dict[str, Any]:
    code = item.get("code") if isinstance(item, dict) else None
    course = {"course": code if isinstance(code, str) else None}
    if isinstance(news, Refusal):
        return course | refused_item(request, news)
    id, outcome = news
    return course | {"id": str(id), "status": 201 if outcome == "new" else 200, "outcome": outcome}
