"""HTTP of the course catalogue."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, ValidationError

from services.training.course.catalogue import CourseBody, write
from services.training.course.view import find_courses
from services.training.fields import Body, Code
from shared.errors import Invalid, Refusal
from shared.web.auth import CallerDep, requires
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep
from shared.web.problem import field_errors, refused_item

router = APIRouter(prefix="/courses", tags=["courses"])


class Batch(Body):
    """Up to 500 courses, each checked by itself."""

    items: Annotated[list[Any], Field(min_length=1, max_length=500)]


@router.post("/batch", dependencies=[Depends(requires("hr", "system"))])
async def write_courses(
    request: Request,
    body: Batch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    dry_run: Annotated[bool, Query(description="say what would change, and change nothing")] = False,
) -> dict[str, Any]:
    """Each course by its code: `outcome` new, changed or unchanged, or why it was refused."""
    parsed = [_parse(request, item) for item in body.items]
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


def _parse(request: Request, item: Any) -> CourseBody | Refusal:
    try:
        return CourseBody.model_validate(item)
    except ValidationError as error:
        wrong = field_errors(error.errors(include_url=False), request.headers.get("accept-language", ""))
        return Invalid("Perbaiki isian yang disebut dalam errors. / Correct the fields named in errors.", errors=wrong)


def _result(request: Request, item: Any, news: Any) -> dict[str, Any]:
    code = item.get("code") if isinstance(item, dict) else None
    course = {"course": code if isinstance(code, str) else None}
    if isinstance(news, Refusal):
        return course | refused_item(request, news)
    id, outcome = news
    return course | {"id": str(id), "status": 201 if outcome == "new" else 200, "outcome": outcome}
