"""How far a period is on its way from open to closed, and what is missing before that, by whose decision."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.portal.texts import N_
from shared.calendar import Period
from shared.eventstore.rows import fetch
from shared.people.queries import assigned, superior_of

#: In this order: HR seals what is `open` and closes what is `sealed`, the rest happens by itself (ADR 6).
Stage = Literal["running", "open", "sealing", "sealed", "waiting", "closing", "closed", "unknown"]

STAGES: Mapping[str, str] = {
    "running": N_("Sedang berjalan"),
    "open": N_("Berakhir, belum dikunci"),
    "sealing": N_("Dikunci, verifikasi masih berjalan"),
    "sealed": N_("Terkunci, siap ditutup"),
    "waiting": N_("Penutupan menunggu fakta"),
    "closing": N_("Sedang ditutup"),
    "closed": N_("Ditutup"),
    "unknown": N_("Belum diketahui"),
}

# The superior of the day of the work, whose name a lapsed entry bears.
_WAITING = """
SELECT a.superior, count(*), count(DISTINCT e.employee)
FROM heard_entry e LEFT JOIN LATERAL (
    SELECT h.superior FROM heard_assignment h
    WHERE h.instansi = e.instansi AND h.employee = e.employee AND NOT h.void
      AND e.day BETWEEN h.valid_from AND coalesce(h.valid_to, 'infinity')
    ORDER BY h.kind = 'definitif' DESC, h.valid_from DESC, h.id DESC LIMIT 1) a ON true
WHERE e.instansi = $1 AND e.status = 'waiting' AND e.day BETWEEN $2 AND $3
GROUP BY 1 ORDER BY 2 DESC, 1
"""


def stage(running: bool, sealing: Mapping[str, Any] | None, closing: Mapping[str, Any] | None) -> Stage:
    """Where a period is, by what activity and appraisal say of it; None where it is nothing."""
    status = closing["status"] if closing else None
    match status:
        case "waiting" | "closing" | "closed":
            return status  # type: ignore[no-any-return]
    if sealing:
        return "sealed" if sealing["status"] == "sealed" else "sealing"
    return "running" if running else "open"


async def waiting_by_superior(
    conn: AsyncConnection, instansi: str, period: Period
) -> list[tuple[UUID | None, int, int]]:
    """Entries of the period that wait, and of how many people, by the superior of their day; None: there was none."""
    rows = await fetch(conn, _WAITING, instansi, period.first_day, period.last_day)
    return [(row[0], row[1], row[2]) for row in rows]


async def unrated_by_superior(
    conn: AsyncConnection, instansi: str, reviews: Iterable[Mapping[str, Any]], period: Period
) -> list[tuple[UUID | None, int]]:
    """People without a rating, of all who had a post in the period, by their superior at its end; None: there was none.

    Reviews of a period that nobody worked in are made when it is closed: who has none yet has no rating either.
    """
    rated = {UUID(review["employee"]) for review in reviews if review["predicate"]}
    expected = await assigned(conn, instansi, period.first_day, period.last_day)
    people = [employee for employee in expected if employee not in rated]
    above = await superior_of(conn, instansi, people, period.last_day)
    counted = Counter(above[employee] for employee in people)
    return sorted(counted.items(), key=lambda row: (-row[1], str(row[0])))
