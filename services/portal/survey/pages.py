"""Survei: nine questions to whoever was served at a unit's counter, without an account; and the poster that leads there."""

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from services.portal.account.secrets import keyed
from services.portal.backend import Unanswered
from services.portal.survey import store
from services.portal.texts import N_
from services.portal.visit import GuestDep, Visit
from shared.errors import NotFound
from shared.ids import fresh_id

#: The elements U1 to U9 of PermenPANRB 14/2017, each with what is asked about it.
QUESTIONS = (
    (N_("Persyaratan"), N_("Apakah syarat layanan mudah dipahami dan sesuai dengan yang diumumkan?")),
    (N_("Prosedur"), N_("Apakah alur layanan mudah diikuti?")),
    (N_("Waktu penyelesaian"), N_("Apakah layanan selesai dalam waktu yang dijanjikan?")),
    (N_("Biaya"), N_("Apakah biaya sesuai dengan yang diumumkan?")),
    (N_("Hasil layanan"), N_("Apakah hasil yang Anda terima sesuai dengan yang dijanjikan?")),
    (N_("Kemampuan petugas"), N_("Apakah petugas menguasai pekerjaannya?")),
    (N_("Sikap petugas"), N_("Apakah petugas sopan dan ramah?")),
    (N_("Sarana"), N_("Apakah tempat dan peralatannya memadai?")),
    (N_("Pengaduan"), N_("Apakah keluhan dan saran ditanggapi dengan baik?")),
)
ANSWERS = (N_("Tidak baik"), N_("Kurang baik"), N_("Baik"), N_("Sangat baik"))


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    # Codes of units may hold a slash.
    router.add_api_route("/survei/{unit:path}/poster", poster, methods=["GET"])
    router.add_api_route("/survei/{unit:path}", show, methods=["GET"])
    router.add_api_route("/survei/{unit:path}", take, methods=["POST"])


async def show(unit: str, visit: GuestDep) -> Response:
    """The questions. NotFound for a unit that does not exist or is closed."""
    await _unit(visit, unit)
    thanks = "terima-kasih" in visit.request.query_params
    return _page(visit, unit, thanks=thanks)


async def take(unit: str, visit: GuestDep) -> Response:
    """Pass the nine scores on under the id that the form was given: sent twice they count once."""
    id = await _unit(visit, unit)
    typed = {key: str(value) for key, value in (await visit.form()).items()}
    given = [typed.get(f"u{number}", "") for number in range(1, len(QUESTIONS) + 1)]
    if not all(each in ("1", "2", "3", "4") for each in given):
        return _page(visit, unit, typed, visit.t("Masih ada pertanyaan yang belum dijawab."), 422)
    await _count(visit, unit)
    item = {
        "id": typed.get("id"),
        "unit": id,
        "given_at": visit.now.isoformat(),
        "scores": [int(each) for each in given],
    }
    try:
        told = await visit.ask_as_portal("POST", "activity", "/surveys", body={"items": [item]})
    except Unanswered as error:
        return _page(visit, unit, typed, visit.reason(error), error.status)
    [result] = told["results"]
    # Sent again it was given at another moment: the first counts.
    if "code" in result and result["code"] != "id-used-with-other-content":
        return _page(visit, unit, typed, str(result["title"]), 422)
    return visit.back(f"survei/{unit}?terima-kasih")


async def poster(unit: str, visit: GuestDep) -> Response:
    """A page to print and put up at the counter."""
    await _unit(visit, unit)
    address = visit.origin + visit.path(f"survei/{unit}")
    code = segno.make(address, error="m").svg_inline(omitsize=True, svgclass="qr", lineclass=None, title=address)
    return visit.page("survey/poster.html", unit=unit, address=address, code=Markup(code))


async def _unit(visit: Visit, code: str) -> str:
    async with visit.db.transaction(visit.instansi) as conn:
        id = await store.unit_of(conn, visit.instansi, code, visit.rules.local_date(visit.now))
    if id is None:
        raise NotFound("Unit ini tidak ada atau sudah ditutup. / This unit does not exist or is closed.")
    return id


async def _count(visit: Visit, unit: str) -> None:
    """SurveyPaused for too many in an hour. Of addresses only a hash is kept that nobody else can make."""
    key = visit.request.app.state.portal_key
    async with visit.db.transaction(visit.instansi) as conn:
        for parts, most in (((visit.address, unit), store.FROM_ONE_ADDRESS), ((unit,), store.OF_ONE_UNIT)):
            await store.count(conn, visit.instansi, keyed(key, "survey", *parts), visit.now, most)


def _page(
    visit: Visit,
    unit: str,
    typed: dict[str, str] | None = None,
    problem: str = "",
    status: int = 200,
    *,
    thanks: bool = False,
) -> Response:
    return visit.page(
        "survey/page.html",
        status,
        unit=unit,
        id=(typed or {}).get("id") or str(fresh_id()),
        typed=typed or {},
        questions=QUESTIONS,
        answers=ANSWERS,
        problem=problem,
        thanks=thanks,
    )
