"""Every page of the portal, by its own routes, with somebody who may see it and something to see on it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from services.portal.site import _PAGES
from shared.ids import fresh_id
from tests.e2e.town import entry, until
from tests.portal.conftest import CODE, Office

#: Who looks at a page; for those not named here, the first of `_ANYBODY` who may. `None` is nobody.
_BY: dict[str, Sequence[str | None]] = {
    "/masuk": (None,),
    "/sandi/{token}": (None,),
    "/hari-ini": ("budi",),
    "/catatan/{entry}": ("budi",),
    "/kinerja": ("budi",),
    "/kinerja/{period}": ("budi",),
    "/pengembangan": ("ani",),
    "/skp/{employee}/{year}": ("ani",),
    "/verifikasi/catatan/{entry}": ("camat",),
    "/kotak-masuk": ("camat", "audi"),
    "/survei/{unit}": (None,),
}
_ANYBODY = ("camat", "hana", "audi")
#: What answers with something else than a page of its own: the way to the first page, what scripts ask, a file to keep, what is none.
_NO_PAGE = {"/", "/live", "/kotak-masuk/jumlah", "/{rest}", "/pemantauan/unduh"}
#: Pages that stand for no route: refusals, as people see them.
_REFUSALS = (("/tidak-ada", None), ("/kinerja/kapan", "budi"))


def routes() -> list[str]:
    """The address of each page behind the instansi, with the names of what it takes in braces."""
    router = APIRouter()
    for part in _PAGES:
        part.add(router)
    read = (
        each.path.replace(":path}", "}")
        for each in router.routes
        if isinstance(each, APIRoute) and "GET" in (each.methods or ())
    )
    return sorted(set(read) - _NO_PAGE)


class Scene:
    """The office on a day on which much happened."""

    def __init__(self, office: Office) -> None:
        self.office, agency = office, office.agency
        for who in ("budi", "ani", "camat", "hana", "audi"):
            office.sign_in(who)
        period, today = agency.last_month, agency.today
        plan = agency.do("budi", "appraisal", "GET", f"/plans/{agency.people['budi']}/{period.year}")
        indicator = plan["agreed"][0]["indicators"][0]["id"]
        days = (period.first_day, period.first_day, today, today)
        words = ("Posyandu Melati", "Kunjungan rumah lansia", _LONG, "Rapat koordinasi lintas sektor")
        done = [
            entry(day, quantity, indicator if day != today else None, description=description)
            for day, quantity, description in zip(days, ("12", "3", "1", "2.5"), words, strict=True)
        ]
        agency.do("budi", "activity", "POST", "/entries/batch", {"items": done})
        agency.do("camat", "activity", "POST", f"/entries/{done[0]['id']}/verify", {"version": 1})
        back = {"version": 1, "text": "Lampirkan daftar hadirnya, dan tulis berapa orang yang diperiksa."}
        agency.do("camat", "activity", "POST", f"/entries/{done[2]['id']}/return", back)
        self._develop()
        self._propose()
        known = {
            "entry": done[1]["id"],
            "day": period.first_day,
            "period": period,
            "year": today.year,
            "unit": "KEC",
            "step": "tutup",
        }
        known |= dict.fromkeys(("person", "employee"), agency.people["ani"])
        self._values = {name: str(value) for name, value in known.items()}
        until(lambda: "60 %" in office.sign_in("budi").get(f"kinerja/{period}").text)
        until(lambda: "Menunggu persetujuan atasan" in office.sign_in("ani").get("pengembangan").text)

    def _develop(self) -> None:
        """Ani is below the standard of her position in a competency that a course raises."""
        agency, competency = self.office.agency, "komunikasi-publik"
        course: dict[str, Any] = {"provider": "BPSDM", "kind": "klasikal", "competencies": {competency: 3}}
        course |= {"code": "KOM-01", "title": "Komunikasi pelayanan publik", "jp": 16}
        agency.do("hana", "training", "POST", "/courses/batch", {"items": [course]})
        post: dict[str, Any] = {"code": "PENYULUH", "title": "PENYULUH", "kind": "JF", "level": "Ahli Muda"}
        post |= {"requires": {competency: 3}}
        agency.do("hana", "directory", "POST", "/positions/batch", {"items": [post]})
        level = {"employee": agency.people["ani"], "competency": competency, "level": 1}
        level |= {"effective": str(agency.last_month.first_day), "source": {"system": "uji", "file_hash": "a" * 64}}
        agency.do("hana", "appraisal", "POST", "/imports/competencies", {"items": [level]})

    def _propose(self) -> None:
        """The superior proposes a plan (SKP) to Ani."""
        agency = self.office.agency
        measured: dict[str, Any] = {"id": str(fresh_id()), "title": "Kunjungan rumah", "aspect": "kuantitas"}
        measured |= {"direction": "higher", "measure": "quantity", "unit_label": "rumah"}
        measured |= {"target": {"kind": "number", "value": "30"}}
        body = {"results": [{"id": str(fresh_id()), "title": "Keluarga terlayani", "indicators": [measured]}]}
        agency.do("camat", "appraisal", "PUT", f"/plans/{agency.people['ani']}/{agency.today.year}", body)

    def address(self, route: str) -> str:
        """The page behind the instansi; a link to set a password is a new one each time. KeyError for what is unknown."""
        if "{token}" in route:
            return self.office.invite("audi").removeprefix(f"/i/{CODE}/")
        return route.format_map(self._values).removeprefix("/")

    def visits(self, route: str) -> list[tuple[str | None, str]]:
        """Who opens the page where. AssertionError when nobody may."""
        address = self.address(route)
        if route in _BY:
            return [(who, address) for who in _BY[route]]
        may = filter(partial(self._may, address), _ANYBODY)
        who = next(may, None)
        assert who, f"nobody of {_ANYBODY} may see {route}: name somebody who may in tests/browser/pages.py"
        return [(who, address)]

    def refusals(self) -> list[tuple[str | None, str]]:
        """Pages that say no."""
        return [(who, address.removeprefix("/")) for address, who in _REFUSALS]

    def _may(self, address: str, who: str) -> bool:
        return self.office.sign_in(who).http.get(f"/i/{CODE}/{address}").status_code == 200


_LONG = (
    "Penyuluhan pencegahan stunting bersama kader, bidan desa dan petugas gizi di balai warga; dokumentasi pada "
    "https://dokumentasi.kota-wajah.example/2026/penyuluhan/pencegahan-stunting-balai-warga-rw-07-kelurahan-melati"
)
