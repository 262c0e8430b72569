"""From a gap to a confirmed level on the pages of the person and of the superior; and with a service away."""

import os
import signal
from typing import Any

import pytest

from tests.e2e.town import until
from tests.portal.conftest import Office

COMPETENCY, TITLE = "komunikasi-publik", "Komunikasi pelayanan publik"


@pytest.fixture(scope="module")
def hers(office: Office) -> str:
    """Ani is at level 1 of 3 in a competency that two courses raise."""
    agency = office.agency
    course: dict[str, Any] = {"provider": "BPSDM", "kind": "klasikal", "competencies": {COMPETENCY: 3}}
    first = course | {"code": "KOM-01", "title": TITLE, "jp": 16}
    other = course | {"code": "KOM-02", "title": "Menulis untuk warga", "jp": 18}
    agency.do("hana", "training", "POST", "/courses/batch", {"items": [first, other]})
    post = {"code": "PENYULUH", "title": "PENYULUH", "kind": "JF", "level": "Ahli Muda", "requires": {COMPETENCY: 3}}
    agency.do("hana", "directory", "POST", "/positions/batch", {"items": [post]})
    level = {"employee": agency.people["ani"], "competency": COMPETENCY, "level": 1}
    level |= {"effective": str(agency.last_month.first_day), "source": {"system": "uji", "file_hash": "a" * 64}}
    agency.do("hana", "appraisal", "POST", "/imports/competencies", {"items": [level]})
    return agency.people["ani"]


def test_a_gap_becomes_a_plan_a_course_learning_hours_and_a_confirmed_level(office: Office, hers: str) -> None:
    ani, camat = office.sign_in("ani"), office.sign_in("camat")
    until(lambda: "Menunggu persetujuan atasan" in ani.get("pengembangan").text)
    assert f"{COMPETENCY} Tingkat sekarang: 1. Standar jabatan: tingkat 3." in ani.text
    assert "Di bawah standar jabatan" in ani.text
    assert "Kurang 20 JP dari paling sedikit 20 JP setahun. Dasar: PP 11/2017" in ani.text

    [need] = office.agency.do("ani", "training", "GET", "/needs")["items"]
    [_, other] = office.agency.do("ani", "training", "GET", "/courses", params={"competency": COMPETENCY})["items"]
    camat.get(f"pengembangan/{hers}")
    ani.post(do="choose", **{f"course-{need['id']}": other["id"]})
    assert "Pilihan pelatihan tersimpan" in ani.text

    camat.post(status=412, do="return", reason="Pilih yang lain")
    assert "Seseorang mengubahnya sejak Anda membukanya" in camat.text
    assert "Pilih yang lain</textarea>" in camat.html, "what was typed is still there"
    camat.post(do="approve")
    assert "Rencana pengembangan disetujui." in camat.text

    ani.get("pengembangan")
    assert "Menulis untuk warga Terdaftar, jadwal belum ada." in ani.text
    [seat] = office.agency.do("ani", "training", "GET", "/enrolments")["items"]
    held = {"of": seat["id"], "seen": str(seat["version"])}
    ani.post(do="complete", **held, on=str(office.agency.today), certificate="SERT/1")
    assert "18 JP Kurang 2 JP dari paling sedikit 20 JP" in ani.text

    camat.get(f"pengembangan/{hers}")
    seen = {"of": seat["id"], "seen": str(seat["version"] + 1)}
    camat.post(do="confirm", **seen, competency=COMPETENCY, level="3", reason="Melayani dengan baik")
    assert f"{COMPETENCY}: tingkat 3." in camat.text
    until(lambda: "Tidak ada kesenjangan" in ani.get("pengembangan").text)


def test_the_development_of_others_is_not_shown(office: Office, hers: str) -> None:
    assert COMPETENCY not in office.sign_in("budi").get(f"pengembangan/{hers}", 404).text


@pytest.mark.parametrize(
    ("away", "there"), [("training", "Kesenjangan kompetensi"), ("appraisal", "Rencana pengembangan")]
)
def test_what_one_service_knows_is_shown_while_another_is_away(
    office: Office, hers: str, away: str, there: str
) -> None:
    browser = office.sign_in("ani")
    process = office.town.system.processes()[away]
    os.kill(process["pid"], signal.SIGKILL)
    assert f"Bagian {away} sedang tidak dapat dihubungi" in browser.get("pengembangan").text
    assert there in browser.text
    until(lambda: office.town.system.processes()[away]["pid"] != process["pid"] and office.town.system.ready())
    assert "sedang tidak dapat dihubungi" not in browser.get("pengembangan").text
