"""`kinerja demo` on a machine of its own: the five places' stories, as the services tell them afterwards.

Every number is worked out by hand from what the places say (12 of 20 examinations), none is asked of the demo's code.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from shared.testing.system import EmbeddedSystem, kinerja
from tests.portal.conftest import Browser

MEDAN, JAMBI, MAMUJU = "kota-medan", "provinsi-jambi", "kab-mamuju"
SELATAN, KASUARI = "kab-lampung-selatan", "btn-teluk-kasuari"
#: Hours ahead of UTC.
ZONES = {MEDAN: 7, JAMBI: 7, MAMUJU: 8, SELATAN: 7, KASUARI: 9}


class Visitor:
    """Looks at the system as hr of an agency."""

    def __init__(self, system: EmbeddedSystem, counts: dict[str, Any], said: str) -> None:
        self.system, self.counts, self.said = system, counts, said
        now = datetime.fromisoformat(json.loads((system.data.root / "demo.json").read_text())["now"])
        self.today = (now.astimezone(UTC) + timedelta(hours=7)).date()
        self.current = self.today.replace(day=1)
        self.last = (self.current - timedelta(days=1)).replace(day=1)
        self._clients: dict[tuple[str, str], httpx.Client] = {}
        self._told: list[dict[str, Any]] = []

    def get(self, service: str, instansi: str, path: str, **params: Any) -> Any:
        key = service, instansi
        if key not in self._clients:
            self._clients[key] = self.system.client(service, instansi, "hr")
        answer = self._clients[key].get(path, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    def all(self, service: str, instansi: str, path: str, **params: Any) -> list[dict[str, Any]]:
        page = self.get(service, instansi, path, limit=200, **params)
        assert page["next"] is None
        return list(page["items"])

    def who(self, instansi: str, name: str) -> str:
        [found] = self.all("directory", instansi, "/employees", q=name)
        return str(found["id"])

    def head(self, instansi: str, unit: str) -> str:
        [found] = self.all("directory", instansi, "/units", code=unit)
        return str(found["head"])

    def review(self, instansi: str, name: str, month: date) -> dict[str, Any]:
        found: dict[str, Any] = self.get("appraisal", instansi, f"/reviews/{self.who(instansi, name)}/{month:%Y-%m}")
        return found

    def entries(self, instansi: str, name: str, **params: Any) -> list[dict[str, Any]]:
        return self.all("activity", instansi, "/entries", employee=self.who(instansi, name), **params)

    def history(self, instansi: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.get("activity", instansi, f"/entries/{entry['id']}")["history"])

    def feed(self) -> list[dict[str, Any]]:
        done = kinerja("events", "--data", self.system.data.root, "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def told(self, type_: str) -> list[dict[str, Any]]:
        """What the feed told of a type when the tests began."""
        self._told = self._told or self.feed()
        return [document for document in self._told if document["type"].startswith(f"id.go.kinerja.{type_}")]

    def mails(self, address: str) -> list[EmailMessage]:
        read: Callable[[bytes], Any] = lambda raw: message_from_bytes(raw, policy=policy.default)  # noqa: E731
        mails = [read(path.read_bytes()) for path in sorted(self.system.data.mails.glob("*.eml"))]
        return [mail for mail in mails if address in mail["X-Envelope-To"]]


def run_demo(system: EmbeddedSystem, *options: object) -> tuple[dict[str, Any], str]:
    """The counts, and what it said besides."""
    done = kinerja("demo", "--once", "--json", "--data", system.data.root, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    system = EmbeddedSystem(tmp_path_factory.mktemp("demo") / "data")
    system.up()
    try:
        yield Visitor(system, *run_demo(system, "--employees", 60, "--days", 20))
    finally:
        system.down()


def only(items: list[dict[str, Any]]) -> dict[str, Any]:
    [item] = items
    return item


def test_the_last_line_counts_what_the_services_hold(place: Visitor) -> None:
    counts = place.counts
    assert (counts["instansi"], counts["employees"], counts["dead_letters"]) == (5, 60, 0)
    entries = [document["subject"] for document in place.told("activity.entry.logged")]
    assert counts["entries"] == len(entries) == len(set(entries))
    assert counts["verified"] == len({document["subject"] for document in place.told("activity.entry.verified")})
    assert counts["gaps"] == len({document["subject"] for document in place.told("appraisal.gap.found")})
    assert counts["development_plans"] == len(
        {document["subject"] for document in place.told("training.development-plan.proposed")}
    )
    assert counts["enrolments"] == len({document["subject"] for document in place.told("training.enrolment.enrolled")})
    # The daily summary of superiors may come at any time after the demo has counted.
    assert 100 < counts["mails"] <= len(list(place.system.data.mails.glob("*.eml")))
    assert counts["notices"] > counts["mails"]
    assert counts["scores"] >= 60


def test_medan_12_of_20_examinations_open_a_gap_and_20_of_20_follow_the_course(place: Visitor) -> None:
    then = place.review(MEDAN, "Rahmawati Siregar", place.last)
    exam = only(then["indicators"])
    assert (exam["realisation"], exam["target"]["value"], exam["rounded"]) == ("12", "20", 60)
    assert exam["entries"]["verified"]["total"] == 12
    assert exam["legal_source"].startswith("PermenPANRB 8/2021")
    assert (then["state"], then["recommendation"], then["rating"]["predicate"]) == (
        "closed",
        "below",
        "butuh_perbaikan",
    )
    assert "[simulasi]" in then["rating"]["text"]

    nurse = place.who(MEDAN, "Rahmawati Siregar")
    told = [document for document in place.told("appraisal.gap") if document["data"]["employee"] == nurse]
    assert [document["type"].split(".")[-2] for document in told] == ["found", "closed"]
    cause = only(told[0]["data"]["causes"])
    assert told[0]["data"]["competency"] == "komunikasi"
    assert (cause["kind"], cause["percent"], cause["period"]) == ("below_threshold", "60", f"{place.last:%Y-%m}")

    seat = only(place.all("training", MEDAN, "/enrolments", employee=nurse))
    courses = {course["id"]: course["title"] for course in place.all("training", MEDAN, "/courses")}
    assert (seat["status"], courses[seat["course"]]) == ("confirmed", "Komunikasi Efektif dalam Pelayanan Publik")
    assert place.all("appraisal", MEDAN, "/gaps", employee=nurse) == []

    now = place.review(MEDAN, "Rahmawati Siregar", place.current)
    assert (only(now["indicators"])["realisation"], float(now["percent"]), now["recommendation"]) == (
        "20",
        100,
        "meets",
    )


def test_medan_the_ikm_of_the_counter_rises_from_c_to_b(place: Visitor) -> None:
    # 25 × 2.75 and 25 × 3.5; of a target of 80 that is 85.9375 % and 109.375 %.
    unit = only(place.all("directory", MEDAN, "/units", code="kec-medan-marelan"))["id"]
    told = {x["period"]: (x["index"], x["quality"]) for x in place.all("activity", MEDAN, "/satisfaction", unit=unit)}
    assert told == {f"{place.last:%Y-%m}": ("68.75", "C"), f"{place.current:%Y-%m}": ("87.50", "B")}
    for month, percent in ((place.last, 86), (place.current, 109)):
        indicators = place.review(MEDAN, "Hotma Simbolon", month)["indicators"]
        assert [i["rounded"] for i in indicators if i["measure"] == "satisfaction"] == [percent]


def test_medan_a_returned_entry_is_corrected_and_verified(place: Visitor) -> None:
    entry = only([e for e in place.entries(MEDAN, "Dian Pulungan") if e["description"] == "Pemutakhiran data"])
    assert (entry["status"], entry["quantity"]) == ("verified", "30")
    steps = [(step["what"], step["quantity"]) for step in place.history(MEDAN, entry)]
    assert steps == [("logged", "3000"), ("returned", None), ("amended", "30"), ("verified", None)]
    assert "[simulasi]" in place.history(MEDAN, entry)[1]["text"]


def test_medan_the_officer_reads_in_indonesian_what_happened(place: Visitor) -> None:
    mails = place.mails("rahmawati.siregar")
    subjects = [str(mail["Subject"]) for mail in mails]
    for wanted in ("Kompetensi yang perlu dikembangkan: Komunikasi", "Pelatihan selesai: Komunikasi"):
        assert wanted in subjects
    body = next(mail for mail in mails if mail["Subject"] == "Kompetensi yang perlu dikembangkan: Komunikasi")
    assert "Rahmawati Siregar" in body.get_content()
    assert {str(mail["Content-Language"]) for mail in mails} == {"id"}


def test_jambi_what_is_done_today_is_verified_today(place: Visitor) -> None:
    found = place.entries(JAMBI, "Nurhayati Effendi", **{"from": place.today, "to": place.today})
    seen = [e for e in found if e["description"] == "Pendampingan e-kinerja seketika"]
    assert [e["status"] for e in seen] == ["verified"] * 3
    days = {
        (datetime.fromisoformat(step["at"]).astimezone(UTC) + timedelta(hours=7)).date()
        for e in seen
        for step in place.history(JAMBI, e)
    }
    assert days == {place.today}


def test_jambi_an_it_course_is_completed_and_the_gap_waits_for_the_superior(place: Visitor) -> None:
    planner = place.who(JAMBI, "Syahrial Marzuki")
    gap = only(
        [
            g
            for g in place.all("appraisal", JAMBI, "/gaps", employee=planner)
            if g["competency"] == "teknologi-informasi"
        ]
    )
    assert (gap["level"], gap["required"], only(gap["causes"])["kind"]) == (1, 2, "below_standard")
    seats = place.all("training", JAMBI, "/enrolments", employee=planner)
    seat = only([s for s in seats if s["competencies"] == ["teknologi-informasi"]])
    assert (seat["status"], seat["jp"]) == ("completed", 24)


def test_mamuju_a_teachers_gap_becomes_a_seat_in_a_training(place: Visitor) -> None:
    modules, _ = place.review(MAMUJU, "Hasnah Pasande", place.last)["indicators"]
    assert (modules["realisation"], modules["target"]["value"], float(modules["percent"])) == ("5", "8", 62.5)
    teacher = place.who(MAMUJU, "Hasnah Pasande")
    gap = only([g for g in place.all("appraisal", MAMUJU, "/gaps", employee=teacher) if g["competency"] == "pedagogik"])
    assert only(gap["causes"])["percent"] == "62.5"
    plan = only(place.all("training", MAMUJU, "/development-plans", employee=teacher))
    seat = only(place.all("training", MAMUJU, "/enrolments", employee=teacher))
    assert (plan["status"], seat["status"]) == ("approved", "enrolled")
    assert seat["starts"] == str(place.today + timedelta(days=14))


def test_mamuju_the_transport_officer_is_far_above_target(place: Visitor) -> None:
    review = place.review(MAMUJU, "Syarif Mandala", place.last)
    assert (only(review["indicators"])["realisation"], only(review["indicators"])["rounded"]) == ("78", 130)
    assert (float(review["percent"]), review["recommendation"]) == (120, "above")
    assert review["rating"]["predicate"] == "sangat_baik"


def test_mamuju_who_acts_for_the_retired_head_verifies_also_what_was_done_before(place: Visitor) -> None:
    acting = place.who(MAMUJU, "Marlina Tahir")
    month = {"from": place.last, "to": place.current - timedelta(days=1)}
    entries = place.entries(MAMUJU, "Syarif Mandala", **month)
    assert {e["day"] < str(place.last.replace(day=16)) for e in entries} == {True, False}
    assert {(e["status"], e["decided_by"]) for e in entries} == {("verified", acting)}
    own = [e for e in place.entries(MAMUJU, "Marlina Tahir", **month) if e["status"] == "verified"]
    before = [e for e in own if e["day"] < str(place.last.replace(day=16))]
    assert {step["role"] for e in before for step in place.history(MAMUJU, e)[1:]} == {"hr"}
    assert before


def test_mamuju_work_synchronised_late_is_kept_marked_and_counted(place: Visitor) -> None:
    entries = place.entries(MAMUJU, "Yunus Karim")
    late = [e for e in entries if e["late"]]
    assert [(e["description"], e["status"]) for e in late] == [("Kunjungan tanpa sinyal", "verified")] * 2
    assert all(e["done_at"] < e["received_at"][:10] for e in late)
    assert len(entries) > len(late)


def test_lampung_selatan_certificates_take_five_days_and_then_a_quarter_of_one(place: Visitor) -> None:
    # (1 + (1 − 5 / 3)) × 100 % = 33 %, (1 + (1 − 0.25 / 3)) × 100 % = 192 %; none of 12 and all of 8 on time.
    for month, expected in (
        (place.last, [("5.00", 33, 12), ("0", 0, 12)]),
        (place.current, [("0.25", 192, 8), ("100.00", 111, 8)]),
    ):
        indicators = place.review(SELATAN, "Ayu Permata Ratu", month)["indicators"]
        found = [(str(i["realisation"]), i["rounded"], i["counted"]) for i in indicators]
        assert [(float(r), p, n) for r, p, n in found] == [(float(r), p, n) for r, p, n in expected]


def test_lampung_selatan_who_is_silent_is_not_measured_and_never_zero(place: Visitor) -> None:
    review = place.review(SELATAN, "Hendri Sanjaya", place.last)
    assert (review["state"], review["percent"], review["recommendation"]) == ("closed", None, None)
    assert (review["measured"], review["not_measured"]) == (0, 2)


def test_lampung_selatan_a_superior_who_never_verifies_is_named_as_the_cause(place: Visitor) -> None:
    superior = place.head(SELATAN, "seksi-pelayanan")
    month = {"from": place.last, "to": place.current - timedelta(days=1)}
    for name in ("Laila Kesuma", "Doni Hidayat"):
        entries = place.entries(SELATAN, name, **month)
        assert entries
        assert {(e["status"], e["lapsed_by"]) for e in entries} == {("lapsed", superior)}
        review = place.review(SELATAN, name, place.last)
        assert review["percent"] is None
        assert sum(indicator["lapsed"] for indicator in review["indicators"]) == len(
            [e for e in entries if e["indicator"]]
        )


def test_kasuari_nights_count_on_the_day_it_is_in_papua(place: Visitor) -> None:
    eve = place.current - timedelta(days=1)
    nights = [e for e in place.entries(KASUARI, "Yosep Wanggai") if e["done_at"]]
    told = {datetime.fromisoformat(e["done_at"]).astimezone(UTC): (e["day"], e["period"]) for e in nights}
    at = datetime(eve.year, eve.month, eve.day, 14, 40, tzinfo=UTC)
    assert told == {
        at: (str(eve), f"{place.last:%Y-%m}"),
        at + timedelta(minutes=40): (str(place.current), f"{place.current:%Y-%m}"),
    }
    officer = place.who(KASUARI, "Yosep Wanggai")
    records = place.all("activity", KASUARI, "/service-records", officer=officer)
    periods = {datetime.fromisoformat(r["completed"]).astimezone(UTC): r["period"] for r in records}
    assert periods == {at: f"{place.last:%Y-%m}", at + timedelta(minutes=40): f"{place.current:%Y-%m}"}


def test_every_place_has_closed_the_last_month(place: Visitor) -> None:
    for instansi in ZONES:
        period = place.get("appraisal", instansi, f"/periods/{place.last:%Y-%m}")
        assert period["status"] == "closed"
        assert period["expected"] == period["rated"] + period["not_rated"] > 0


def test_five_people_of_medan_sign_in_at_the_portal_as_the_demo_says(place: Visitor) -> None:
    [(portal, password)] = set(re.findall(r"^Portal: (\S+)/i/kota-medan/masuk .*: (\S+)$", place.said, re.MULTILINE))
    people = dict(re.findall(r"^  (\d{18})  ([^:]+): ", place.said, re.MULTILINE))
    assert list(people.values()) == ["pegawai", "atasan", "kepegawaian (HR)", "pimpinan", "auditor"]
    for nip in people:
        browser = Browser(portal, MEDAN).get("masuk").post(nip=nip, password=password)
        assert browser.page != "masuk", people[nip]
    browser = Browser(portal, MEDAN).get("masuk").post(nip=next(iter(people)), password=password)
    assert "Jumlah pemeriksaan kesehatan" in browser.get("hari-ini").text
    assert Browser(portal, MEDAN).get("masuk").post("masuk", status=401, nip=next(iter(people)), password="bukan ini")


def test_the_numbers_are_proven_and_a_second_demo_changes_nothing(place: Visitor) -> None:
    proof = kinerja("prove", "--data", place.system.data.root)
    assert proof.returncode == 0, proof.stdout + proof.stderr
    before = [document["id"] for document in place.feed()]
    journal = place.system.data.root / "demo.json"
    kept = json.loads(journal.read_text())
    journal.write_text(json.dumps(kept | {"done": []}))  # as if it had been killed before it could note anything
    again, _ = run_demo(place.system)
    timed = {"seconds", "phases", "notices", "mails"}  # a daily summary may have come meanwhile
    assert {n: again[n] for n in again.keys() - timed} == {n: place.counts[n] for n in place.counts.keys() - timed}
    assert sorted(document["id"] for document in place.feed()) == sorted(before)
    assert json.loads(journal.read_text())["done"] == kept["done"]


def test_other_sizes_on_the_same_data_are_refused(place: Visitor) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--once", "--days", "30", "--data", str(place.system.data.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--days 20" in done.stderr
