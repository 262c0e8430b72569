"""Verifikasi: what waits for a superior's decision, decided for a whole day at once or one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.texts import said
from services.portal.verify.reading import histories, indicators, waiting
from services.portal.visit import Visit, VisitDep
from shared.errors import Invalid, NotFound

#: What a button asks of the service: the path behind the entry, the verdict, and what the page says afterwards.
_DECISIONS = {
    "meets": ("verify", "meets", "entry-verified"),
    "below": ("verify", "below", "entry-verified"),
    "return": ("return", None, "entry-returned"),
    "withdraw": ("withdraw-verification", None, "verification-withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose entries a list shows: everybody's of a day, or one person's."""

    day: date | None = None
    person: UUID | None = None

    @property
    def asked(self) -> dict[str, str]:
        """What is asked of the queue."""
        return {"day": str(self.day)} if self.day else {"person": str(self.person)}

    @property
    def address(self) -> str:
        """The page below `verifikasi`."""
        return f"hari/{self.day}" if self.day else f"orang/{self.person}"


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/verifikasi", queue, methods=["GET"])
    router.add_api_route("/verifikasi/hari/{day}", show_day, methods=["GET"])
    router.add_api_route("/verifikasi/hari/{day}", verify_day, methods=["POST"])
    router.add_api_route("/verifikasi/orang/{person}", show_person, methods=["GET"])
    router.add_api_route("/verifikasi/orang/{person}", verify_person, methods=["POST"])
    router.add_api_route("/verifikasi/catatan/{entry}", show_entry, methods=["GET"])
    router.add_api_route("/verifikasi/catatan/{entry}", decide, methods=["POST"])


async def queue(visit: VisitDep) -> Response:
    """All that waits: by day, and by person."""
    people = await waiting(visit)
    days: dict[str, dict[str, int]] = {}
    for person in people or ():
        for each in person["days"]:
            so_far = days.setdefault(each["day"], {"entries": 0, "people": 0, "late": 0})
            so_far["entries"] += each["entries"]
            so_far["people"] += 1
            so_far["late"] += each["late"]
    names = await visit.names({person["employee"] for person in people or ()})
    return visit.page(
        "verify/queue.html",
        known=people is not None,
        days=sorted(days.items()),
        people=sorted(people or (), key=lambda person: names.get(person["employee"], "~")),
        names=names,
    )


async def show_day(day: date, visit: VisitDep) -> Response:
    """What everybody did on a day."""
    return await _list(visit, Shown(day=day))


async def show_person(person: UUID, visit: VisitDep) -> Response:
    """What waits of one person."""
    return await _list(visit, Shown(person=person))


async def verify_day(day: date, visit: VisitDep) -> Response:
    """Verify what was chosen of a day."""
    return await _verify(visit, Shown(day=day))


async def verify_person(person: UUID, visit: VisitDep) -> Response:
    """Verify what was chosen of a person."""
    return await _verify(visit, Shown(person=person))


async def show_entry(entry: UUID, visit: VisitDep) -> Response:
    """One entry, what happened to it, and what may be decided."""
    return await _entry(visit, entry, {**visit.request.query_params})


async def decide(entry: UUID, visit: VisitDep) -> Response:
    """Verify, return, or take a verification back; the version seen stands in the form."""
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    if typed.get("do") not in _DECISIONS:
        raise NotFound("Buka halamannya lagi. / Open the page again.")
    path, verdict, notice = _DECISIONS[typed["do"]]
    body: dict[str, Any] = {"version": _version(typed.get("version", "")), "text": typed.get("text") or None}
    if verdict:
        body["verdict"] = verdict
    try:
        await visit.ask("POST", "activity", f"/entries/{entry}/{path}", body=body)
    except Unanswered as error:
        return await _entry(visit, entry, typed, error)
    return visit.back(_whence(typed), notice)


def _whence(typed: Mapping[str, str]) -> str:
    """The list from which the entry was opened, and nothing else."""
    kind, _, which = typed.get("dari", "").partition("/")
    try:
        match kind:
            case "hari":
                return f"verifikasi/{Shown(day=date.fromisoformat(which)).address}"
            case "orang":
                return f"verifikasi/{Shown(person=UUID(which)).address}"
    except ValueError:
        pass
    return "verifikasi"


async def _verify(visit: Visit, shown: Shown) -> Response:
    chosen = _chosen(await visit.form())
    if not chosen:
        nothing = Invalid("Pilih paling sedikit satu catatan. / Choose at least one entry.")
        return await _list(visit, shown, {}, status=nothing.status, problem=visit.wording(nothing))
    items = [{"entry": entry, "version": version, "action": "verify"} for entry, version in chosen.items()]
    try:
        told = await visit.ask("POST", "activity", "/verifications", body={"items": items})
    except Unanswered as error:
        return await _list(visit, shown, chosen, status=error.status, problem=visit.reason(error))
    refused = {entry: result for entry, result in zip(chosen, told["results"], strict=True) if "code" in result}
    if not refused:
        return visit.back("verifikasi", "entries-verified")
    return await _list(visit, shown, chosen, refused, status=409)


def _chosen(form: Any) -> dict[str, int]:
    """Entries with the versions that were seen. Invalid for what our forms do not send."""
    try:
        pairs = [str(value).split(".") for value in form.getlist("e")]
        return {str(UUID(entry)): int(version) for entry, version in pairs}
    except ValueError:
        raise Invalid("Buka halamannya lagi, lalu pilih lagi. / Open the page again, then choose again.") from None


async def _list(
    visit: Visit,
    shown: Shown,
    chosen: Mapping[str, int] | None = None,
    refused: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    *,
    status: int = 200,
    problem: str = "",
) -> Response:
    """A list to decide about; after a decision (`chosen`) with what could not be done, told entry by entry."""
    people = await waiting(visit, **shown.asked)
    rows = [(each["employee"], on) for each in people or () for on in each["days"]]
    plans = {(who, int(on["day"][:4])) for who, on in rows if any(item["indicator"] for item in on["items"])}
    changed = await histories(visit, refused)
    asked = {who for who, _ in rows} | ({str(shown.person)} if shown.person else set())
    for entry in changed.values():
        asked |= {entry["employee"], *(step["by"] for step in entry["history"] if step["by"])}
    names = await visit.names(asked)
    return visit.page(
        "verify/list.html",
        status,
        known=people is not None,
        on_day=shown.day,
        person=str(shown.person) if shown.person else None,
        here=shown.address,
        rows=sorted(rows, key=lambda row: (names.get(row[0], "~"), row[0], row[1]["day"])),
        shown=sum(len(on["items"]) for _, on in rows),
        waits=sum(on["entries"] for _, on in rows),
        names=names,
        indicators=await indicators(visit, plans),
        chosen=chosen,
        done=len(chosen or ()) - len(refused),
        refused=[
            (id, f"{result['title']}. {said(result, visit.language)}", changed.get(id), (chosen or {})[id])
            for id, result in refused.items()
        ],
        problem=problem,
    )


async def _entry(visit: Visit, id: UUID, typed: Mapping[str, str], error: Unanswered | None = None) -> Response:
    entry: dict[str, Any] | None = None
    if error is None:
        entry = await visit.ask("GET", "activity", f"/entries/{id}")
    else:
        entry = (await histories(visit, [str(id)])).get(str(id))
    names, called, mine = {}, {}, False
    if entry:
        names = await visit.names({entry["employee"], *(step["by"] for step in entry["history"] if step["by"])})
        called = await indicators(visit, {(entry["employee"], int(entry["day"][:4]))} if entry["indicator"] else ())
        people = await waiting(visit, person=entry["employee"], day=entry["day"])
        mine = entry["status"] == "waiting" and _holds(people or (), str(id))
    return visit.page(
        "verify/entry.html",
        error.status if error else 200,
        id=id,
        entry=entry,
        names=names,
        indicator=called.get(entry["indicator"]) if entry else None,
        mine=mine,
        typed={"text": "", "dari": "", "version": "", **typed},
        seen=_version(typed.get("version", "")),
        error=error,
    )


def _holds(people: Sequence[Mapping[str, Any]], entry: str) -> bool:
    """Whether the entry is among those that wait for the person's decision."""
    return any(item["id"] == entry for person in people for day in person["days"] for item in day["items"])


def _version(written: str) -> int:
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else 0
