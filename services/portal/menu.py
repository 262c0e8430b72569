"""Which pages a person has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.portal.account.store import Signed
from services.portal.texts import N_
from shared.people.queries import reports_of
from shared.web.tokens import Role


@dataclass(frozen=True, slots=True)
class Menu:
    """Pages with their names, in the order they are shown; `leads` whether anybody's work is for this person to judge."""

    pages: Sequence[tuple[str, str]] = ()
    leads: bool = False


_STAFF = (
    ("hari-ini", N_("Hari ini")),
    ("kinerja", N_("Kinerja saya")),
    ("skp", N_("SKP")),
    ("pengembangan", N_("Pengembangan")),
)
_SUPERIOR = (("verifikasi", N_("Verifikasi")), ("tim", N_("Tim")))
_HR = (("kepegawaian", N_("Kepegawaian")), ("pemantauan", N_("Pemantauan")), ("periode", N_("Kalender periode")))
_EVERYBODY = (("kotak-masuk", N_("Kotak masuk")),)


async def menu_of(conn: AsyncConnection, instansi: str, signed: Signed | None, day: date) -> Menu:
    """The pages of whoever is signed in; none for a guest."""
    if signed is None:
        return Menu()
    leads = bool(await reports_of(conn, instansi, signed.employee, day))
    staff = _STAFF if Role.STAFF in signed.roles else ()
    hr = _HR if Role.HR in signed.roles else ()
    return Menu((*staff, *(_SUPERIOR if leads else ()), *hr, *_EVERYBODY), leads)
