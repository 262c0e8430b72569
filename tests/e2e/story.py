"""One health officer's way from work that falls short to a gap that is closed, played over public HTTP only."""

from dataclasses import dataclass, field
from typing import Any

from shared.ids import fresh_id
from tests.e2e.town import Agency, Town, entry, until

#: Every name, number, address and text that people enter in the story: none may leave the services that keep them.
NAMES = {
    "sekda": ("Bonar Simanjuntak", "196801011993011001"),
    "kepala": ("Dumasari Nainggolan", "197502022000022002"),
    "rosma": ("Rosmalina Hutabarat", "198503032010032003"),
    "toga": ("Togarma Pardede", "198604042011041004"),
    "ketua": ("Marangkup Lumbantobing", "197405051999051005"),
    "parlin": ("Parlindungan Sihotang", "198806062014061006"),
    "hana": ("Hanariah Tampubolon", "198007072005072007"),
    "audi": ("Audiria Panggabean", "197908082003082008"),
}
WORDS = (
    "Memeriksa balita di posyandu Mawar",
    "Jumlah salah ketik, mohon dihitung ulang",
    "Pelayanan kesehatan ibu dan anak meningkat",
    "Balita yang diperiksa tiap bulan",
    "Pertolongan lalu lintas pagi hari",
    "Hasil jauh dari harapan, perlu pendampingan",
    "SERT/KOM/2026/0417",
    "Kini percaya diri berbicara di depan warga",
    "Silakan ikut pelatihan bulan ini",
)
(DONE, RETURNED, RESULT, INDICATOR, TRAFFIC, RATED, CERTIFICATE, CONFIRMED, APPROVED) = WORDS
CODE, COMPETENCY, CORRELATION = "kota-rantai", "komunikasi", "e2e-verify-0001"

_POSTS = {
    "sekda": ("SETDA", None, "SEKDA", "JPT", "Pratama", None),
    "kepala": ("PUSK", "SETDA", "KAPUS", "JA", "Pengawas", "sekda"),
    "rosma": ("PUSK", "SETDA", "BIDAN", "JF", "Ahli Pertama", "kepala"),
    "toga": ("PUSK", "SETDA", "PERAWAT", "JF", "Terampil", "kepala"),
    "ketua": ("DISHUB", "SETDA", "KABID", "JA", "Administrator", "sekda"),
    "parlin": ("DISHUB", "SETDA", "PETUGAS", "JF", "Mahir", "ketua"),
    "hana": ("BKPSDM", "SETDA", "ANALIS", "JF", "Ahli Muda", "sekda"),
    "audi": ("INSP", "SETDA", "AUDITOR", "JF", "Ahli Madya", "sekda"),
}
_HEADS = {"SEKDA", "KAPUS", "KABID"}


def mail_of(who: str) -> str | None:
    """The person's address; the auditor has none."""
    return None if who == "audi" else f"{NAMES[who][0].split()[1].lower()}@rantai.example"


@dataclass(slots=True)
class Story:
    """The agency, and by name what the story made: ids, and answers worth looking at."""

    agency: Agency
    indicator: str = field(default_factory=lambda: str(fresh_id()))
    entries: list[str] = field(default_factory=list)
    lapsed: str = ""
    hers: dict[str, Any] = field(default_factory=dict)
    his: dict[str, Any] = field(default_factory=dict)
    score: dict[str, Any] = field(default_factory=dict)
    gap: dict[str, Any] = field(default_factory=dict)

    @property
    def period(self) -> str:
        """The period the story is about."""
        return str(self.agency.last_month)


def play(town: Town) -> Story:
    """The whole chain, up to the closed gap."""
    story = Story(Agency(town, CODE))
    _found(story.agency)
    _agree(story)
    _work(story)
    _other_office(story)
    _judge(story)
    _close(story)
    _learn(story)
    _ids(story)
    town.settle()
    return story


def _found(agency: Agency) -> None:
    agency.roles |= {"sekda": ("staff", "leader"), "ketua": ("staff", "leader")}
    agency.roles |= {"hana": ("staff", "hr"), "audi": ("auditor",)}
    rows = {}
    for who, (unit, parent, post, kind, level, superior) in _POSTS.items():
        name, nip = NAMES[who]
        rows[who] = {
            "name": name,
            "nip": nip,
            "email": mail_of(who),
            "unit_code": unit,
            "unit_name": unit,
            "unit_parent_code": parent,
            "unit_head": True if post in _HEADS else None,
            "position_code": post,
            "position_title": post,
            "position_kind": kind,
            "position_level": level,
            "superior_nip": NAMES[superior][1] if superior else None,
        }
    policy = {"verification_grace_working_days": 0, "daily_summary_at": "23:59"}
    agency.found({"name": "Kota Rantai", "policy": policy}, rows)
    standard = [{"code": post, "requires": {COMPETENCY: 3}} for post in ("BIDAN", "PETUGAS")]
    agency.do("hana", "directory", "POST", "/positions/batch", {"items": standard})
    heard = {"hr_contacts": [agency.people["hana"]]}
    until(lambda: agency.ask("hana", "notification", "PUT", "/settings", heard).is_success)
    course = {"code": "KOM-01", "title": "Komunikasi pelayanan publik", "provider": "BPSDM", "kind": "klasikal"}
    body = {"items": [course | {"jp": 16, "competencies": {COMPETENCY: 3}}]}
    agency.do("hana", "training", "POST", "/courses/batch", body)


def plan(indicator: str, target: str = "20") -> dict[str, Any]:
    """A plan (SKP) with one indicator: a number to reach each period."""
    measured = {
        "id": indicator,
        "title": INDICATOR,
        "aspect": "kuantitas",
        "direction": "higher",
        "measure": "quantity",
    }
    aim = {"target": {"kind": "number", "value": target}, "unit_label": "balita", "competency": COMPETENCY}
    return {"results": [{"id": str(fresh_id()), "title": RESULT, "indicators": [measured | aim]}]}


def _agree(story: Story) -> None:
    """The superior proposes, the officer agrees; what others agreed elsewhere is imported."""
    agency = story.agency
    path = f"/plans/{agency.people['rosma']}/{agency.last_month.year}"
    until(lambda: agency.ask("kepala", "appraisal", "PUT", path, plan(story.indicator)).is_success)
    agency.do("rosma", "appraisal", "POST", f"{path}/agree", {"revision": 1})
    source = {"source": {"system": "e-kinerja", "file_hash": "a" * 64}}
    him = {"employee": agency.people["parlin"]} | source
    skp = plan(str(fresh_id()), "2") | {"year": agency.last_month.year}
    agency.do("hana", "appraisal", "POST", "/imports/plans", {"items": [him | skp]})
    levels = [(agency.people["rosma"], 3), (agency.people["parlin"], 2)]
    effective = agency.last_month.first_day.isoformat()
    items = [
        {"employee": id_, "competency": COMPETENCY, "level": level, "effective": effective} | source
        for id_, level in levels
    ]
    agency.do("hana", "appraisal", "POST", "/imports/competencies", {"items": items})


def _work(story: Story) -> None:
    """12 of 20 examinations: one entry with a slip that is returned and amended; the last verified by itself."""
    agency, day = story.agency, story.agency.last_month.first_day
    items = [entry(day, quantity, story.indicator, description=DONE) for quantity in ("5", "30", "3")]
    story.entries = [item["id"] for item in items]
    log = ("rosma", "activity", "POST", "/entries/batch", {"items": items})
    until(lambda: "unknown-indicator" not in agency.ask(*log).text)
    agency.do(*log)
    first, slip, last = story.entries
    agency.do("kepala", "activity", "POST", f"/entries/{slip}/return", {"version": 1, "text": RETURNED})
    right = {"day": str(day), "quantity": "4", "indicator": story.indicator, "description": DONE, "version": 2}
    agency.do("rosma", "activity", "POST", f"/entries/{slip}/amend", right)
    seen = [{"entry": first, "version": 1}, {"entry": slip, "version": 3}]
    agency.do("kepala", "activity", "POST", "/verifications", {"items": seen})
    review = f"/reviews/{agency.people['rosma']}/{story.period}"
    until(lambda: agency.do("rosma", "appraisal", "GET", f"{review}?wait={slip}@4")["percent"] == "45")
    traced = {"X-Correlation-ID": CORRELATION}
    agency.do("kepala", "activity", "POST", f"/entries/{last}/verify", {"version": 1}, headers=traced)
    until(lambda: agency.do("rosma", "appraisal", "GET", f"{review}?wait={last}@2")["percent"] == "60")
    silent = entry(day, "1", description=DONE)
    story.lapsed = silent["id"]
    agency.do("toga", "activity", "POST", "/entries/batch", {"items": [silent]})
    served = {"product": "imunisasi", "started": f"{day}T01:00:00Z", "completed": f"{day}T02:00:00Z"}
    officers = [agency.people["rosma"], agency.people["parlin"]]
    records = [{"id": str(fresh_id()), "officer": officer, **served} for officer in officers]
    agency.do("system", "activity", "PUT", "/service-records", {"items": records})


def _other_office(story: Story) -> None:
    """Another unit has its own people, work, gap and training, which the first unit has no right to see."""
    agency, day = story.agency, story.agency.last_month.first_day
    done = entry(day, "2", description=TRAFFIC)
    agency.do("parlin", "activity", "POST", "/entries/batch", {"items": [done]})
    agency.do("ketua", "activity", "POST", f"/entries/{done['id']}/verify", {"version": 1})
    story.his = {"entry": done["id"], **_approve(agency, "ketua", "parlin")}


def _approve(agency: Agency, superior: str, who: str) -> dict[str, str]:
    """The superior approves the plan that waits for them: its id and that of the enrolment that follows."""
    mine = {"waiting": "true", "employee": agency.people[who]}
    [waits] = until(lambda: agency.do(superior, "training", "GET", "/development-plans", params=mine)["items"])
    seen = {"If-Match": f'"{waits["version"]}"'}
    path = f"/development-plans/{waits['id']}/approve"
    agency.do(superior, "training", "POST", path, {"reason": APPROVED}, headers=seen)
    [seat] = agency.do(who, "training", "GET", "/enrolments")["items"]
    return {"plan": waits["id"], "enrolment": seat["id"]}


def _judge(story: Story) -> None:
    """The superior sets both ratings; the score stays beside them."""
    path = f"/reviews/{story.agency.people['rosma']}/{story.period}"
    body = {"work_result": "below", "behaviour": "meets", "text": RATED}
    story.agency.do("kepala", "appraisal", "POST", f"{path}/rating", body)
    story.score = story.agency.do("rosma", "appraisal", "GET", path)


def _close(story: Story) -> None:
    """Sealed where the facts are, closed where they are judged."""
    agency, path = story.agency, f"/periods/{story.period}"
    sealed = agency.do("hana", "activity", "POST", f"{path}/seal")
    assert (sealed["status"], sealed["lapsed"]) == ("sealed", 1)
    until(lambda: agency.ask("hana", "appraisal", "POST", f"{path}/close").is_success)
    until(lambda: agency.do("hana", "appraisal", "GET", path)["status"] == "closed")


def _learn(story: Story) -> None:
    """Gap, need, plan, approval, course, certificate, confirmation: only that closes the gap."""
    agency, her = story.agency, story.agency.people["rosma"]
    [story.gap] = until(lambda: agency.do("rosma", "appraisal", "GET", f"/gaps?employee={her}")["items"])
    story.hers = _approve(agency, "kepala", "rosma")
    path = f"/enrolments/{story.hers['enrolment']}"
    body = {"on": str(agency.today), "certificate": CERTIFICATE}
    agency.do("rosma", "training", "POST", f"{path}/complete", body)
    level = {"competency": COMPETENCY, "level": 3, "reason": CONFIRMED}
    agency.do("kepala", "training", "POST", f"{path}/confirm", level)
    until(lambda: not agency.do("rosma", "appraisal", "GET", f"/gaps?employee={her}")["items"])


def _ids(story: Story) -> None:
    """What belongs to the officer and to the one of the other office, by the names that paths give it."""
    agency = story.agency
    story.hers["entry"] = story.entries[0]
    for who, owned in (("rosma", story.hers), ("parlin", story.his)):
        me = agency.do(who, "directory", "GET", "/me")
        notices = until(lambda who=who: agency.do(who, "notification", "GET", "/notices")["items"])  # type: ignore[misc]
        owned |= {"employee": me["employee"]["id"], "assignment": me["assignments"][0]["id"]}
        owned |= {"notice": notices[0]["id"], "period": story.period, "year": agency.last_month.year}
        owned |= {"competency": COMPETENCY}
