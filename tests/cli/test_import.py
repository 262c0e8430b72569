"""Files come in through the command line, once."""

import csv
import gzip
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from cli.importing.sender import BATCH
from shared.testing.system import EmbeddedSystem
from tests.cli.office import HEAD, NURSE, ROSTER, SAMPLES, Office, outcome, refused, said, written
from tests.e2e import permit_office

MAPPING = SAMPLES / "permit-office.yaml"


@pytest.mark.parametrize("kind", ["roster", "plans", "competencies", "courses", "activity"])
def test_every_sample_comes_in_once_and_again_changes_nothing(office: Office, kind: str) -> None:
    rows = len((SAMPLES / f"{kind}.csv").read_text().splitlines()) - 1
    tried = said(office.bring(kind, SAMPLES / f"{kind}.csv", "--dry-run"))
    assert (tried["new"], tried["changed"], tried["unchanged"]) == (0, 0, rows)
    assert outcome(office.bring(kind, SAMPLES / f"{kind}.csv")) == (0, rows, 0)


def test_the_samples_say_what_the_services_then_answer(office: Office) -> None:
    nurse = office.person(NURSE)
    assert (nurse["name"], nurse["superior"]) == ("Contoh Perawat", office.person("198406102009011002")["id"])
    plan = office.get("appraisal", f"/plans/{nurse['id']}/2026")
    titles = [indicator["title"] for indicator in plan["agreed"][0]["indicators"]]
    assert titles == ["Jumlah pemeriksaan pasien", "Layanan selesai tepat waktu"]
    assert [c["code"] for c in office.get("training", "/courses")["items"]] == ["KOM-DASAR", "PELAYANAN-1"]
    assert len(office.get("training", "/courses")["items"][0]["runs"]) == 2
    levels = office.get("appraisal", f"/competencies/{nurse['id']}")["levels"]
    assert {level["competency"]: level["level"] for level in levels} == {"komunikasi": 2, "pelayanan-publik": 3}
    until = time.monotonic() + 30
    while True:
        review = office.get("appraisal", f"/reviews/{nurse['id']}/2026-03")
        done = review["indicators"][0] if review["indicators"] else {}
        if done.get("realisation") == "12" or time.monotonic() > until:
            break
        time.sleep(0.1)
    assert (done["realisation"], done["percent"]) == ("12", "60")


@pytest.mark.parametrize("kind", ["roster", "plans", "competencies", "courses", "activity"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_template_is_an_empty_file_that_comes_in_as_nothing(office: Office, kind: str, suffix: str) -> None:
    file = f"new.{suffix}"
    assert office.run("import", kind, file, "--template").exit_code == 0
    assert outcome(office.bring(kind, Path(file))) == (0, 0, 0)
    again = office.run("import", kind, file, "--template")
    assert (again.exit_code, "file-exists" in again.stderr) == (2, True)


def test_a_workbook_comes_in_like_the_csv_and_a_number_for_a_nip_is_refused(office: Office) -> None:
    book = Workbook()
    with (SAMPLES / "roster.csv").open() as file:
        for row in csv.reader(file):
            book.worksheets[0].append(row)
    row = ["199001012020121004", "Contoh Baru", "PNS", "", "", "PKM-1", "", "", "", "PERAWAT", "", "", "", HEAD, ""]
    book.worksheets[0].append([*row, date(2026, 2, 1)])
    book.worksheets[0].append([1.99001012020121e17, *row[1:], date(2026, 2, 1)])
    book.save("roster.xlsx")
    absent = said(office.bring("roster", SAMPLES / "roster.csv", "--dry-run"))["absent"]  # whom other tests entered
    tried = said(office.bring("roster", Path("roster.xlsx"), "--dry-run"), 3)
    assert [tried[name] for name in ("new", "changed", "unchanged", "refused", "absent")] == [1, 0, 3, 1, absent]
    assert not Path("roster.refused.csv").exists()
    assert said(office.bring("roster", SAMPLES / "roster.csv", "--dry-run"))["absent"] == absent
    assert outcome(office.bring("roster", Path("roster.xlsx")), 3) == (1, 3, 1)
    assert refused("roster.refused.csv") == [(6, "nip-damaged-by-spreadsheet")]
    assert office.person("199001012020121004")["superior"] == office.person(HEAD)["id"]
    assert said(office.bring("roster", SAMPLES / "roster.csv", "--dry-run"))["absent"] == absent + 1


def test_a_roster_with_semicolons_bom_and_days_first_is_the_same_roster(office: Office) -> None:
    text = (SAMPLES / "roster.csv").read_text().replace(",", ";").replace("2026-01-01", "01/01/2026")
    Path("roster.csv.gz").write_bytes(gzip.compress(text.encode("utf-8-sig")))
    assert outcome(office.bring("roster", Path("roster.csv.gz"))) == (0, 3, 0)


def test_a_superior_may_stand_anywhere_in_the_file(empty: Office) -> None:
    nips = [f"1985010120{n:05}101" for n in range(1100)]
    # Everybody reports to somebody 450 rows below, in another batch; unit and post are described in the last row.
    rows = [
        [nip, f"Pegawai {n}", "PNS", "U", "", "P", "", "", "", above, "", "2026-01-01", ""]
        for n, (nip, above) in enumerate(zip(nips, [*nips[450:], *[""] * 450], strict=True))
    ]
    rows[-1][4:9] = ["Unit", "P", "Pelaksana", "JA", "Pelaksana"]
    file = written("roster.csv", ROSTER, *rows)
    tried = said(empty.bring("roster", file, "--dry-run"))
    assert (tried["new"], tried["refused"]) == (1100, 0)
    assert outcome(empty.bring("roster", file)) == (1100, 0, 0)
    assert outcome(empty.bring("roster", file)) == (0, 1100, 0)
    assert empty.person(nips[0])["superior"] == empty.person(nips[450])["id"]


def test_a_killed_import_goes_on_where_it_stopped(running_system: EmbeddedSystem, tmp_path: Path) -> None:
    office = Office(running_system, "kantor-terputus")
    log = tmp_path / "log.csv.gz"
    permit_office.write_small(log, cases=900)
    wanted = permit_office.read(log)
    where = ["--instansi", office.code, "--mapping", str(MAPPING), "--data", str(running_system.data.root)]
    command = [sys.executable, "-m", "cli.main", "import", "activity", str(log), *where]
    journals = running_system.data.root / "imports"
    for batches in (2, 5):
        killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while sum(path.read_bytes().count(b"\n") for path in journals.glob("*.jsonl")) < batches:
            assert killed.poll() is None, "the import ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.001)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    # A batch that was taken when its import died before noting that is known to the service already.
    accepted, known, refused_rows = outcome(office.bring("activity", log, "--mapping", MAPPING), 3)
    assert (accepted + known, refused_rows) == (len(wanted.rows), 2)
    assert known <= 2 * BATCH
    assert not list(journals.glob("*.jsonl"))
    assert outcome(office.bring("activity", log, "--mapping", MAPPING), 3) == (0, len(wanted.rows), 2)
    page = office.get("activity", "/figures", limit=200)
    figures = page["items"]
    while page["next"]:
        page = office.get("activity", "/figures", limit=200, cursor=page["next"])
        figures += page["items"]
    assert sum(figure["entries"] for figure in figures) == len(wanted.rows)
    assert sum(figure["ended"] for figure in figures) == sum(month.ended for month in wanted.months.values())
