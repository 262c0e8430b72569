"""Logging without a connection: what the device keeps, and how it is sent when there is one again."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from services.portal import static_files
from services.portal.backend import Unanswered
from services.portal.today.form import content, entry_id, written
from services.portal.visit import GuestDep, VisitDep

#: Refusals that say nothing about the entry: it is sent again later.
_PASSING = (401, 429)
#: Further routes, without an instansi: a service worker rules what is below its own address.
front = APIRouter(include_in_schema=False)


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/luring", show, methods=["GET"])
    router.add_api_route("/hari-ini/kirim", send, methods=["POST"])


async def show(visit: GuestDep) -> Response:
    """What a device shows while it has no connection: nothing about anybody, so that it may keep it."""
    return visit.page("offline/page.html")


async def send(visit: VisitDep) -> Response:
    """Log an entry that waited on a device, under the id made there: sent again it is recorded once.

    200 `saved`, or `refused` with the reason; 503 while a service is away: then it waits on.
    """
    typed = await written(visit)
    if typed.get("person") != str(visit.me):
        return JSONResponse({"refused": visit.t("Catatan ini ditulis orang lain di perangkat ini.")})
    try:
        await visit.ask("PUT", "activity", f"/entries/{entry_id(typed)}", body=content(typed, visit.language))
    except Unanswered as error:
        passes = error.status in _PASSING or error.status >= 500 or error.problem.get("code") == "instansi-suspended"
        return JSONResponse({"waits" if passes else "refused": visit.reason(error)}, 503 if passes else 200)
    return JSONResponse({"saved": True})


@front.get("/sw.js")
async def worker(_request: Request) -> Response:
    """The service worker, at an address from which it may look after all pages."""
    return static_files.plain("sw.js")


@front.get("/manifest.webmanifest")
async def manifest(_request: Request) -> Response:
    """What a phone needs to know to put the portal on its first screen."""
    return static_files.plain("manifest.webmanifest")
