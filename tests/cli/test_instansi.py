"""Agencies are added once, changed, and listed."""

import json
from pathlib import Path

import pytest

from tests.cli.office import SAMPLES, Office


def test_an_agency_is_added_once_changed_and_listed(empty: Office) -> None:
    file = Path("agency.yaml")
    text = (SAMPLES / "instansi.yaml").read_text().replace("kota-contoh", empty.code)
    file.write_text(text)
    assert empty.run("instansi", "add", file).stdout == f"{empty.code}: unchanged\n"
    file.write_text(text.replace("gap_threshold_percent: 80", "gap_threshold_percent: 75"))
    again = empty.run("instansi", "add", file)
    assert (again.exit_code, "instansi-exists" in again.stderr) == (3, True)
    assert empty.run("instansi", "set", file).stdout == f"{empty.code}: changed\n"
    assert empty.run("instansi", "set", file).stdout == f"{empty.code}: unchanged\n"
    [shown] = json.loads(empty.run("instansi", "list", empty.code, "--json").stdout)
    assert (shown["name"], shown["rules"]["zone"], shown["rules"]["version"]) == (
        "Pemerintah Kota Contoh",
        "Asia/Jakarta",
        2,
    )
    assert empty.code in [each["instansi"] for each in json.loads(empty.run("instansi", "list", "--json").stdout)]
    table = empty.run("instansi", "list", empty.code).stdout
    assert empty.code in table
    assert "Asia/Jakarta" in table


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("- instansi: Kota Besar\n", 2, "file-malformed"),
        ("just words", 2, "file-malformed"),
        ("a: [", 2, "file-malformed"),
        ("instansi: kota-baru\nname: Baru\n", 3, "instansi-incomplete"),
        ("instansi: kota-baru\nname: Baru\nzone: Medan\nfirst_day: 2026-01-01\n", 3, "invalid-input"),
        ("instansi: kota-baru\nname: Baru\nzone: WIB\nfirst_day: 2026-01-01\ncolour: red\n", 3, "invalid-input"),
    ],
)
def test_a_wrong_agency_is_refused_with_what_to_change(empty: Office, text: str, code: int, says: str) -> None:
    Path("agency.yaml").write_text(text)
    done = empty.run("instansi", "add", "agency.yaml")
    assert (done.exit_code, says in done.stderr) == (code, True), done.stderr
    missing = empty.run("instansi", "set", "none.yaml")
    assert (missing.exit_code, "file-unreadable" in missing.stderr) == (2, True)


def test_an_agency_that_is_not_there_cannot_be_changed(empty: Office) -> None:
    Path("agency.yaml").write_text("instansi: kota-tiada\nname: Tiada\n")
    done = empty.run("instansi", "set", "agency.yaml")
    assert (done.exit_code, "unknown-instansi" in done.stderr) == (3, True)
