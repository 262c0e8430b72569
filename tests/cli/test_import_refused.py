"""What is wrong with a file is one clear error with a stable code, and leaves no trace."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from shared.web.development import new_signing_key
from tests.cli.office import HEAD, NURSE, ROSTER, SAMPLES, Office, outcome, refused, said, written

MAPPING = SAMPLES / "permit-office.yaml"

REFUSED_FILES = {
    "missing columns": (b"nip,name\n1,Siti\n", "columns-missing"),
    "empty": (b"", "file-empty"),
    "wrong encoding": ("nip,name,kind\n1,Andr\u00e9,PNS\n".encode("latin-1"), "encoding-not-utf8"),
    "truncated gzip": (gzip.compress(b"nip,name,kind\n" * 999, mtime=0)[:-9], "gzip-damaged"),
    "quote left open": (b'nip,"name\n', "csv-malformed"),
    "nul": (b"nip,name\n1,Si\0ti\n", "nul-character"),
    "columns twice": ((SAMPLES / "roster.csv").read_bytes().replace(b"email", b"name"), "columns-doubled"),
    "unquoted text": ((SAMPLES / "roster.csv").read_bytes().replace(b"Puskesmas Satu", b"P,S,x,y"), "row-too-long"),
}


@pytest.mark.parametrize("content", REFUSED_FILES.values(), ids=list(REFUSED_FILES))
def test_a_file_that_is_no_table_is_one_clear_error(office: Office, content: tuple[bytes, str]) -> None:
    before = office.traces()
    Path("roster.csv").write_bytes(content[0])
    done = office.bring("roster", Path("roster.csv"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {content[1]}: roster.csv")
    assert office.traces() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("roster", "none.csv"), "file-unreadable"),
        (("roster", "."), "file-unreadable"),
        (("activity", SAMPLES / "activity.csv", "--mapping", "none.yaml"), "file-unreadable"),
        (("activity", SAMPLES / "activity.csv", "--mapping", SAMPLES / "instansi.yaml"), "mapping-malformed"),
        (("activity", SAMPLES / "activity.csv", "--mapping", MAPPING), "columns-missing"),
        (("roster", SAMPLES / "roster.csv", "--mapping", MAPPING), "--mapping is for activity"),
        (("salaries", SAMPLES / "roster.csv"), "'salaries' is not one of"),
    ],
)
def test_a_command_that_cannot_be_meant_ends_with_2(office: Office, arguments: Any, says: str) -> None:
    done = office.bring(*arguments)
    assert (done.exit_code, says in done.stderr) == (2, True), done.stderr


def test_an_agency_is_named_and_known(office: Office) -> None:
    file = SAMPLES / "roster.csv"
    unnamed = office.run("import", "roster", file)
    assert (unnamed.exit_code, "--instansi says which agency" in unnamed.stderr) == (2, True)
    malformed = office.run("import", "roster", file, "--instansi", "Kota Medan")
    assert (malformed.exit_code, "is no code of an agency" in malformed.stderr) == (2, True)
    for kind in ("roster", "activity"):
        unknown = office.run("import", kind, SAMPLES / f"{kind}.csv", "--instansi", "kota-lain")
        assert (unknown.exit_code, "unknown-instansi" in unknown.stderr) == (2, True), unknown.stderr


def test_without_a_system_it_ends_with_4(tmp_path: Path) -> None:
    asked = ["import", "roster", str(SAMPLES / "roster.csv"), "--instansi", "medan"]
    nothing = CliRunner().invoke(main, [*asked, "--data", str(tmp_path)])
    assert (nothing.exit_code, "start it with `kinerja up`" in nothing.stderr) == (4, True)
    nobody = CliRunner().invoke(main, asked, env={"KINERJA_URL": "http://127.0.0.1:9"})
    assert (nobody.exit_code, "does not answer as Kinerja" in nobody.stderr) == (4, True)


@pytest.mark.parametrize(
    ("role", "claims", "code"),
    [
        (["hr"], {"signing_key": new_signing_key()}, "token-invalid"),
        (["hr"], {"lifetime": timedelta(hours=-1)}, "token-expired"),
        (["hr"], {"of": "kota-lain"}, "other-instansi"),
        (["auditor"], {}, "role-required"),
    ],
    ids=["forged", "expired", "other-instansi", "without-the-role"],
)
def test_a_token_that_gives_no_right_is_one_clear_error(
    office: Office, role: list[str], claims: dict[str, Any], code: str
) -> None:
    before, claims = office.traces(), dict(claims)
    token = office.system.token(claims.pop("of", office.code), *role, **claims)
    done = office.bring("roster", SAMPLES / "roster.csv", KINERJA_TOKEN=token)
    assert (done.exit_code, code in done.stderr) == (2, True), done.stderr
    assert office.traces() == before


def test_an_hr_token_is_enough_where_the_agency_is_registered(office: Office) -> None:
    token = office.system.token(office.code, "hr")
    for kind in ("roster", "plans", "competencies", "courses", "activity"):
        assert said(office.bring(kind, SAMPLES / f"{kind}.csv", KINERJA_TOKEN=token))["accepted"] == 0


def _person(nip: str, **more: str) -> list[str]:
    row = dict.fromkeys(ROSTER, "") | {"nip": nip, "name": f"Pegawai {nip[-3:]}", "kind": "PNS", "unit_code": "PKM-1"}
    row |= {"position_code": "PERAWAT", "superior_nip": HEAD, "valid_from": "2026-02-01", **more}
    return [row[column] for column in ROSTER]


A, B, NOBODY = (f"198501012010011{n:03}" for n in (1, 2, 3))
REFUSED_PEOPLE: dict[str, tuple[list[list[str]], list[tuple[int, str]]]] = {
    "nip as a float": ([_person("1.985E+17")], [(2, "nip-damaged-by-spreadsheet")]),
    "nip that lost digits": ([_person("198501012010010000")], [(2, "nip-damaged-by-spreadsheet")]),
    "nip too short": ([_person("19850101")], [(2, "nip-malformed")]),
    "two rows one nip": ([_person(A), _person(A, name="Orang lain")], [(2, "nip-twice"), (3, "nip-twice")]),
    "superior nowhere": ([_person(A, superior_nip=NOBODY)], [(2, "superior-unknown")]),
    "superior self": ([_person(A, superior_nip=A)], [(2, "superior-self")]),
    "circular": (
        [_person(A, superior_nip=B), _person(B, superior_nip=A)],
        [(2, "superior-circular"), (3, "superior-circular")],
    ),
    "overlapping posts": (
        [_person(A, valid_to="2026-06-30"), _person(A, unit_code="DINKES", valid_from="2026-06-01")],
        [(3, "definitive-posts-overlap")],
    ),
    "ends before it begins": ([_person(A, valid_to="2026-01-01")], [(2, "ends-before-it-begins")]),
    "unit unknown": ([_person(A, unit_code="X")], [(2, "unit-unknown")]),
    "position unknown": ([_person(A, position_code="X")], [(2, "position-unknown")]),
    "kind unknown": ([_person(A, kind="CEO")], [(2, "invalid-input")]),
    "no first day": ([_person(A, valid_from="")], [(2, "post-missing")]),
    "month first": ([_person(A, valid_from="02/28/2026")], [(2, "date-malformed")]),
}


@pytest.mark.parametrize("case", REFUSED_PEOPLE.values(), ids=list(REFUSED_PEOPLE))
def test_a_wrong_person_is_refused_and_the_others_come_in(
    office: Office, case: tuple[list[list[str]], list[tuple[int, str]]]
) -> None:
    rows, wanted = case
    before = office.traces()
    file = written("people.csv", ROSTER, *rows)
    assert said(office.bring("roster", file, "--dry-run"), 3)["refused"] == len(wanted)
    assert office.traces() == before
    known = _person("198406102009011002", superior_nip=HEAD, position_code="KAPUS", valid_from="2026-01-01")
    known[ROSTER.index("name")] = "Contoh Kepala Puskesmas"
    told = said(office.bring("roster", written("people.csv", ROSTER, *rows, known)), 3)
    assert refused("people.refused.csv") == wanted
    assert told["unchanged"] == 1
    assert told["accepted"] == len(rows) - len(wanted)


ACTIVITY = ("reference", "nip", "day", "quantity", "indicator", "unit_code", "minutes")
REFUSED_WORK = {
    "unknown person": (("r", NOBODY, "2026-03-04", "1"), "unknown-employee"),
    "damaged nip": (("r", "1.98E+17", "2026-03-04", "1"), "nip-damaged-by-spreadsheet"),
    "future": (("r", NURSE, "2199-01-01", "1"), "future-date"),
    "before the first day": (("r", NURSE, "2025-12-31", "1"), "before-first-day"),
    "not a number": (("r", NURSE, "2026-03-04", "NaN"), "number-malformed"),
    "negative": (("r", NURSE, "2026-03-04", "-1"), "invalid-input"),
    "absurd": (("r", NURSE, "2026-03-04", "1000000000"), "invalid-input"),
    "thousands or fraction": (("r", NURSE, "2026-03-04", "1.500"), "number-ambiguous"),
    "no quantity": (("r", NURSE, "2026-03-04", ""), "cell-empty"),
    "no reference": (("", NURSE, "2026-03-04", "1"), "cell-empty"),
    "day of nonsense": (("r", NURSE, "yesterday", "1"), "time-malformed"),
    "unknown indicator": (("r", NURSE, "2026-03-04", "1", "melamun"), "unknown-indicator"),
    "unknown unit": (("r", NURSE, "2026-03-04", "1", "", "X"), "unit-unknown"),
    "more than a day": (("r", NURSE, "2026-03-04", "1", "", "", "2000"), "invalid-input"),
    "same reference, other content": (("PKM1-0001", NURSE, "2026-03-02", "7"), "id-used-with-other-content"),
}


@pytest.mark.parametrize("case", REFUSED_WORK.values(), ids=list(REFUSED_WORK))
def test_wrong_work_is_refused_and_the_rest_comes_in(office: Office, case: tuple[tuple[str, ...], str]) -> None:
    row, code = case
    before = office.traces()
    good = ("PKM1-0002", NURSE, "03/03/2026", "6,0", "periksa", "PKM-1", "230")
    file = written(
        "work.csv", ("activity", "description", *ACTIVITY), ("", "", *row), ("pemeriksaan", "Pemeriksaan pagi", *good)
    )
    assert outcome(office.bring("activity", file), 3) == (0, 1, 1)
    assert refused("work.refused.csv") == [(2, code)]
    assert office.traces() == before
