"""One named person's story in Indonesian, each number with its cause as the services tell it."""

from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from cli.demo.client import Refusal, Voice
from cli.demo.story import Demo, Script
from cli.system import Unreachable
from shared.calendar import Period

HERO = "kesehatan"
_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober"),
    *("November", "Desember"),
)
_PLAN = {
    "proposed": "diusulkan, menunggu atasan",
    "approved": "disetujui atasan [simulasi]",
    "returned": "dikembalikan",
    "completed": "selesai",
}
_SEAT = {
    "enrolled": "terdaftar",
    "completed": "selesai, menunggu penegasan atasan",
    "confirmed": "selesai dan ditegaskan atasan [simulasi]",
    "cancelled": "batal",
}


class Mails:
    """The subjects of the mails that somebody received, oldest first; reads each file once."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder, self._address = folder, address
        self._seen: set[str] = set()
        self._parser = BytesHeaderParser(policy=policy.default)
        self.subjects: list[str] = []

    def look(self) -> list[str]:
        """All subjects so far."""
        for path in sorted(self._folder.glob("*.eml")):
            if path.name in self._seen:
                continue
            self._seen.add(path.name)
            with path.open("rb") as file:
                mail = self._parser.parse(file)
            if self._address in str(mail["X-Envelope-To"]):
                self.subjects.append(str(mail["Subject"]))
        return self.subjects


class Tale:
    """The health officer of Medan: what she did, what it was worth, what she lacked, learned, and did then."""

    def __init__(self, demo: Demo, script: Script, voice: Voice, mails: Path) -> None:
        self._demo, self._voice, self._agency = demo, voice, script.agency
        self.person = script.agency.people[HERO]
        self._mails = Mails(mails, self.person.email)

    async def lines(self) -> list[str]:
        """What can be told by now; empty before anybody knows her."""
        if HERO not in self._voice.ids:
            return []
        position = self._agency.position_of(HERO, self._demo.today)
        unit = next(unit for unit in self._agency.units if unit.code == self.person.post(self._demo.today).unit)
        told = [f"{self.person.name}, {position.title}, {unit.name}, {self._agency.name}"]
        told += [*await self._month(self._demo.last), *await self._learning(), *await self._month(self._demo.current)]
        return told + [f"Surat: “{subject}”" for subject in self._mails.look()[-9:]]

    async def _ask(self, service: str, path: str, **params: Any) -> Any:
        """As herself; None where there is nothing yet."""
        try:
            return await self._voice.call("GET", service, path, who=HERO, patient=False, **params)
        except (Refusal, Unreachable):
            return None

    async def _month(self, month: Period) -> list[str]:
        review = await self._ask("appraisal", f"/reviews/{self._voice.ids[HERO]}/{month}")
        if review is None:
            return []
        lines = [line for indicator in review["indicators"] for line in _explained(_named(month), indicator)]
        state = "ditutup" if review["state"] == "closed" else "berjalan"
        rating = review["rating"] or {}
        if review["recommendation_label"]:
            lines.append(f"  rekomendasi ({state}): {review['recommendation_label']}; {review['policy_source']}")
        if rating.get("predicate_label"):
            lines.append(f"  predikat dari atasan [simulasi]: {rating['predicate_label']}")
        return lines

    async def _learning(self) -> list[str]:
        employee = self._voice.ids[HERO]
        lines = [
            _need(need) for state in ("true", "false") for need in await self._list("/needs", employee, open=state)
        ]
        plans, seats = await self._list("/development-plans", employee), await self._list("/enrolments", employee)
        courses = {course["id"]: course for course in await self._list("/courses", None)}
        lines += [f"Rencana pengembangan {plan['year']}: {_PLAN[plan['status']]}" for plan in plans]
        return lines + [_seat(seat, courses[seat["course"]]) for seat in seats if seat["course"] in courses]

    async def _list(self, path: str, employee: Any, **params: Any) -> list[dict[str, Any]]:
        asked = params | ({"employee": employee} if employee else {})
        found = await self._ask("training", path, **asked)
        return list(found["items"]) if found else []


def _need(need: dict[str, Any]) -> str:
    causes = [
        f"capaian {cause['percent']} % pada {_named(Period.parse(cause['period']))}"
        for cause in need["causes"]
        if cause["kind"] == "below_threshold"
    ]
    why = f" karena {', '.join(causes)}" if causes else ""
    state = "terbuka" if need["open"] else "tertutup"
    return f"Kesenjangan kompetensi {need['competency']} sejak {need['since']}{why}: {state}"


def _seat(seat: dict[str, Any], course: dict[str, Any]) -> str:
    return f"Pelatihan {course['title']} ({course['jp']} JP, {course['provider']}): {_SEAT[seat['status']]}"


def _named(month: Period) -> str:
    return f"{_MONTHS[month.number - 1]} {month.year}"


def _explained(month: str, indicator: dict[str, Any]) -> list[str]:
    target = indicator["target"]["value"]
    if indicator["rounded"] is None:
        return [f"{month}: {indicator['title']}: belum terukur (target {target})"]
    entries = indicator["entries"].get("verified", {"total": 0, "entries": []})
    shown = ", ".join(str(each)[-12:] for each in entries["entries"][:3])
    return [
        f"{month}: {indicator['realisation']} dari {target} {indicator['unit_label']} = {indicator['rounded']} %",
        f"  bukti: {entries['total']} catatan terverifikasi (… {shown} …)",
        f"  rumus: {indicator['formula_text']} ({indicator['rounding'].split(' / ')[0]})",
        f"  aturan: {indicator['rule']} versi {indicator['rule_version']}; sumber: {indicator['legal_source']}",
    ]
