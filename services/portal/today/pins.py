"""Entries that a person wants at hand, to log the like again: here only their ids, what they say is read from activity."""

from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.portal.visit import Visit, VisitDep
from shared.errors import Invalid, Refusal
from shared.eventstore.rows import fetch

MOST = 8

_PIN = f"""
INSERT INTO pin (instansi, employee, entry) SELECT $1, $2, $3
WHERE (SELECT count(*) FROM pin WHERE instansi = $1 AND employee = $2 AND entry <> $3) < {MOST}
ON CONFLICT (instansi, employee, entry) DO UPDATE SET pinned_at = pin.pinned_at RETURNING 1
"""
_UNPIN = "DELETE FROM pin WHERE instansi = $1 AND employee = $2 AND entry = $3"
_PINNED = "SELECT entry FROM pin WHERE instansi = $1 AND employee = $2 ORDER BY pinned_at, entry LIMIT $3"


class TooManyPins(Refusal):
    """A few fit on the first screen of a phone."""

    code = "too-many-pins"
    status = 409


async def pinned(visit: Visit) -> list[dict[str, Any]]:
    """What is pinned, in the order in which it was, as activity has it now; what it does not tell is left out."""
    async with visit.db.transaction(visit.instansi) as conn:
        ids = [str(row[0]) for row in await fetch(conn, _PINNED, visit.instansi, visit.me, MOST)]
    found = await visit.part("activity", "/entries", employee=str(visit.me), ids=ids) if ids else None
    entries = {item["id"]: item for item in found["items"]} if found else {}
    return [entries[id] for id in ids if id in entries]


async def change_pins(visit: VisitDep) -> Response:
    """Pin an entry of one's own, or unpin it; sent twice it is done once."""
    form = await visit.form()
    pins = "sematkan" in form
    try:
        entry = UUID(str(form.get("sematkan" if pins else "lepas", "")))
    except ValueError:
        raise Invalid("Buka halamannya lagi, lalu pilih lagi. / Open the page again, then choose again.") from None
    if pins:
        found = await visit.ask("GET", "activity", f"/entries/{entry}")
        if found["employee"] != str(visit.me):
            raise Invalid("Sematkan catatan Anda sendiri. / Pin an entry of your own.")
    async with visit.db.transaction(visit.instansi) as conn:
        if not pins:
            await fetch(conn, _UNPIN, visit.instansi, visit.me, entry)
        elif not await fetch(conn, _PIN, visit.instansi, visit.me, entry):
            raise TooManyPins(
                f"Paling banyak {MOST} catatan dapat disematkan: lepas satu dahulu. / "
                f"At most {MOST} entries can be pinned: unpin one first."
            )
    return visit.back("hari-ini", "pinned" if pins else "unpinned")
