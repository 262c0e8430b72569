"""One person for HR: their place, and their account with what may be done about it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.account import secrets, store
from services.portal.account.api import only_operators
from services.portal.hr.access import HrDep
from services.portal.hr.accounts import states
from services.portal.hr.roster import WORDS, units_by_id
from services.portal.visit import Visit
from shared.errors import Invalid, NotFound
from shared.web.auth import Caller


def add(router: APIRouter) -> None:
    """The page of a person, and what it sends."""
    router.add_api_route("/kepegawaian/{person}", show, methods=["GET"])
    router.add_api_route("/kepegawaian/{person}", act, methods=["POST"])


async def show(person: UUID, visit: HrDep) -> Response:
    """Who it is, and how their account stands."""
    found = await visit.ask("GET", "directory", f"/employees/{person}")
    async with visit.db.transaction(visit.instansi) as conn:
        account = (await states(conn, visit.instansi, [str(person)], visit.now)).get(str(person))
    return visit.page(
        "hr/person.html",
        person=found,
        account=account,
        mine=account is None or not account.roles & {"hr", "auditor"},
        unit=(await units_by_id(visit)).get(found["unit"] or ""),
        names=await visit.names({found["superior"]} - {None}),
        words=WORDS,
    )


async def act(person: UUID, visit: HrDep) -> Response:
    """Make an account, a link or a leader; sign out everywhere; lock. Never for those who see everybody."""
    sent = await visit.form()
    leader = {"leader"} if sent.get("leader") else set()
    match sent.get("do"):
        case "make":
            return await _make(visit, person, leader)
        case "link":
            return await _link(visit, person)
        case "roles":
            await _roles(visit, person, leader)
            return visit.back(f"kepegawaian/{person}", "account-changed")
        case "sign-out" | "lock" as what:
            await _shut(visit, person, forget=what == "lock")
            return visit.back(f"kepegawaian/{person}", "account-locked" if what == "lock" else "account-signed-out")
    raise NotFound("Buka halamannya lagi. / Open the page again.")


async def _make(visit: Visit, person: UUID, roles: set[str]) -> Response:
    """An account, unless there is one, and a link to hand over."""
    found = await _active(visit, person)
    login = secrets.keyed(visit.request.app.state.portal_key, "login", visit.instansi, found["nip"])
    token = secrets.new_token()
    async with visit.db.transaction(visit.instansi) as conn:
        held = await store.held_roles(conn, visit.instansi, person)
        only_operators(_caller(visit), held)
        await store.put(conn, visit.instansi, person, login, held | roles, str(visit.me))
        until = await store.invite(conn, visit.instansi, person, secrets.digest(token), str(visit.me), visit.now)
    return _handed_over(visit, found, token, until)


async def _link(visit: Visit, person: UUID) -> Response:
    """A new link to hand over; those made before are void."""
    found = await _active(visit, person)
    token = secrets.new_token()
    async with visit.db.transaction(visit.instansi) as conn:
        only_operators(_caller(visit), await store.held_roles(conn, visit.instansi, person))
        until = await store.invite(conn, visit.instansi, person, secrets.digest(token), str(visit.me), visit.now)
    return _handed_over(visit, found, token, until)


async def _roles(visit: Visit, person: UUID, roles: set[str]) -> None:
    found = await _active(visit, person)
    login = secrets.keyed(visit.request.app.state.portal_key, "login", visit.instansi, found["nip"])
    async with visit.db.transaction(visit.instansi) as conn:
        only_operators(_caller(visit), await store.held_roles(conn, visit.instansi, person))
        if await store.find(conn, visit.instansi, employee=person):
            await store.put(conn, visit.instansi, person, login, roles, str(visit.me))


async def _shut(visit: Visit, person: UUID, *, forget: bool) -> None:
    async with visit.db.transaction(visit.instansi) as conn:
        only_operators(_caller(visit), await store.held_roles(conn, visit.instansi, person))
        if forget:
            await store.lock(conn, visit.instansi, person, str(visit.me))
        else:
            await store.sign_out_everywhere(conn, visit.instansi, person)


async def _active(visit: Visit, person: UUID) -> dict[str, Any]:
    """The person, as directory tells this visitor. Refused for a stranger, Invalid for whoever cannot sign in at all."""
    found: dict[str, Any] = await visit.ask("GET", "directory", f"/employees/{person}")
    if not found["active"] or not found["nip"]:
        raise Invalid(
            "Akun hanya untuk pegawai aktif yang mempunyai NIP. / Accounts are for active employees who have a NIP."
        )
    return found


def _handed_over(visit: Visit, person: dict[str, Any], token: str, until: Any) -> Response:
    """The link is shown this once: it is not kept, and stands in no address of a page."""
    settings = visit.request.app.state.settings
    scheme = visit.request.url.scheme if settings.environment == "embedded" else "https"
    address = f"{scheme}://{visit.request.url.netloc}{visit.path(f'sandi/{token}')}"
    return visit.page("hr/link.html", person=person, address=address, until=until)


def _caller(visit: Visit) -> Caller:
    caller: Caller = visit.request.state.caller
    return caller
