"""HTTP of learning needs."""

from uuid import UUID

from fastapi import APIRouter

from services.training.listing import Row, visible_page
from services.training.need.view import Need
from shared.web.auth import CallerDep
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(prefix="/needs", tags=["needs"])


@router.get("")
async def list_needs(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    asked: PagingDep,
    employee: UUID | None = None,
    competency: str | None = None,
    open: bool | None = True,
) -> Page[Row]:
    """Needs the caller may read, with what caused them; those still open unless `open` is false."""
    async with db.transaction(context.instansi) as conn:
        return await visible_page(conn, Need, context, caller, asked, employee, competency=competency, open=open)
