"""Kepegawaian: everybody of the instansi, searched and paged, with how their account stands."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal import xlsx
from services.portal.backend import Unanswered
from services.portal.hr.access import HrDep
from services.portal.hr.accounts import AccountState, states
from services.portal.texts import N_
from services.portal.verify.reading import whole
from services.portal.visit import Visit

_PAGE = 25

#: How an account stands, in words.
WORDS = {
    "none": N_("Belum ada akun"),
    "invited": N_("Tautan menunggu dipakai"),
    "active": N_("Akun aktif"),
    "paused": N_("Dijeda: terlalu banyak sandi salah"),
    "shut": N_("Perlu tautan baru"),
}
_HEADING = (N_("NIP"), N_("Nama"), N_("Jenis"), N_("Unit"), N_("Atasan"), N_("Pegawai aktif"), N_("Akun"))


def add(router: APIRouter) -> None:
    """The list, and what is asked of it: a search is sent as a form, so that no name or NIP stands in an address."""
    router.add_api_route("/kepegawaian", show, methods=["GET"])
    router.add_api_route("/kepegawaian", search, methods=["POST"])


async def show(visit: HrDep) -> Response:
    """The first people of the list; of one unit and those below it with `unit`."""
    return await _page(visit, {"unit": visit.request.query_params.get("unit", "")})


async def search(visit: HrDep) -> Response:
    """Those who fit, another page of them, or all of them as XLSX."""
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    if typed.get("do") == "xlsx":
        return await _file(visit, typed)
    return await _page(visit, typed)


def _asked(typed: Mapping[str, str]) -> dict[str, str]:
    """What directory is asked; a NIP may be typed with spaces."""
    q = typed.get("q", "")
    plain = "".join(q.split())
    asked = {"q": plain if plain.isdecimal() else q, "unit": typed.get("unit", "")}
    return {key: value for key, value in asked.items() if value}


async def _page(visit: Visit, typed: Mapping[str, str]) -> Response:
    cursor = {"cursor": typed["cursor"]} if typed.get("cursor") else {}
    error = None
    found: dict[str, Any] = {"items": [], "next": None}
    try:
        found = await visit.ask("GET", "directory", "/employees", params=_asked(typed) | cursor | {"limit": _PAGE})
    except Unanswered as problem:
        error = problem
    people = found["items"]
    units = await units_by_id(visit)
    return visit.page(
        "hr/roster.html",
        error.status if error else 200,
        error=error,
        people=people,
        next=found["next"],
        accounts=await _accounts(visit, people),
        names=await visit.names({person["superior"] for person in people} - {None}),
        units=units,
        near=_near(units, typed.get("unit", "")),
        typed={"q": "", "unit": "", "cursor": "", **typed},
        words=WORDS,
    )


async def _accounts(visit: Visit, people: list[dict[str, Any]]) -> dict[str, AccountState]:
    async with visit.db.transaction(visit.instansi) as conn:
        return await states(conn, visit.instansi, [person["id"] for person in people], visit.now)


async def units_by_id(visit: Visit) -> dict[str, dict[str, Any]]:
    """Every unit that is not closed; none while directory is away."""
    today = str(visit.rules.local_date(visit.now))
    found = await whole(visit, "directory", "/units") or []
    return {unit["id"]: unit for unit in found if unit["last_day"] is None or unit["last_day"] >= today}


def _near(units: Mapping[str, dict[str, Any]], unit: str) -> list[dict[str, Any]]:
    """What there is to choose from: the units above the chosen one, itself, and those right below."""
    above: list[dict[str, Any]] = []
    at = units.get(unit)
    while at is not None and at not in above:
        above.insert(0, at)
        at = units.get(at["parent"] or "")
    parent = unit if above else None
    return above + [each for each in units.values() if (each["parent"] if each["parent"] in units else None) == parent]


async def _file(visit: Visit, typed: Mapping[str, str]) -> Response:
    try:
        people = await whole(visit, "directory", "/employees", **_asked(typed))
    except Unanswered:
        people = None
    if people is None:
        return await _page(visit, typed)  # which says why, with what was typed
    units, accounts = await units_by_id(visit), await _accounts(visit, people)
    names = await visit.names({person["superior"] for person in people} - {None})
    yes, no = visit.t("Ya"), visit.t("Tidak")

    def row(person: dict[str, Any]) -> list[xlsx.Value]:
        account = accounts.get(person["id"])
        state = account.state if account else "none"
        unit, superior = units.get(person["unit"] or ""), names.get(person["superior"] or "", "")
        return [
            *(person["nip"], person["name"], person["kind"], unit["name"] if unit else "", superior),
            yes if person["active"] else no,
            visit.t(WORDS[state]),
        ]

    return await xlsx.download("kepegawaian", [visit.t(each) for each in _HEADING], [row(each) for each in people])
