"""Before an instansi is known: which one, and in which language."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from services.portal.visit import GuestDep, plain
from shared.errors import NotFound
from shared.eventstore.rows import fetch

router = APIRouter(include_in_schema=False)
_YEAR = 365 * 24 * 3600


def add(router: APIRouter) -> None:
    """The answer to addresses that are none, behind all others."""
    router.add_api_route("/{rest:path}", lost, methods=["GET"])


async def lost(visit: GuestDep, rest: str) -> Response:
    """NotFound, as a page."""
    raise NotFound(
        "Periksa alamatnya, atau mulai dari halaman pertama. / Check the address, or begin on the first page."
    )


@router.get("/")
async def front(request: Request) -> Response:
    """Which instansi. Their codes are public: they stand in every address."""
    async with request.app.state.db.transaction() as conn:
        [(codes,)] = await fetch(conn, "SELECT known_instansi()")
    if len(codes) == 1:
        return RedirectResponse(f"/i/{codes[0]}/", 303)
    return plain(request, "front/choose.html", codes=codes)


@router.post("/bahasa")
async def switch(request: Request, to: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
    """Another language, kept in a cookie; and back to where it was chosen."""
    there = urlsplit(back)
    answer = RedirectResponse(back if back.startswith("/i/") and not there.netloc else "/", 303)
    chosen = "en" if to == "en" else "id"
    secure = request.app.state.settings.environment != "embedded"
    answer.set_cookie("bahasa", chosen, max_age=_YEAR, secure=secure, httponly=True, samesite="lax")
    return answer
