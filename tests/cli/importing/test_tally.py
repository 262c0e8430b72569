"""What became of the rows is counted, said and written to a file."""

import json
from pathlib import Path

import pytest

from cli.importing import table
from cli.importing.tally import Tally, refused_file, report


def filled(*, dry_run: bool = False) -> Tally:
    tally = Tally(rows=4, dry_run=dry_run)
    tally.note("people", "new")
    tally.note("entries", "new", [2])
    tally.note("entries", "unchanged", [3])
    tally.note("entries", "changed", [4])
    tally.note("records", "unchanged", [2])
    tally.refuse("records", [5], "ends-before-start", "Correct it.")
    tally.refuse("records", [3], "future-date", "Wait, or correct it.")
    return tally


def test_a_row_is_accepted_when_anything_of_it_was_new(tmp_path: Path) -> None:
    summary = filled().summary()
    assert isinstance(summary.pop("seconds"), float)
    assert summary == {
        "rows": 4,
        "accepted": 2,
        "unchanged": 1,
        "refused": 2,
        "facts": {
            "people": {"new": 1},
            "entries": {"new": 1, "unchanged": 1, "changed": 1},
            "records": {"unchanged": 1, "refused": 2},
        },
    }


def test_a_dry_run_adds_what_would_be(tmp_path: Path) -> None:
    tally = filled(dry_run=True)
    tally.absent = 7
    summary = tally.summary()
    assert [summary[name] for name in ("dry_run", "new", "changed", "absent")] == [True, 2, 1, 7]


def test_refused_rows_are_written_with_number_code_and_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    report(filled(), Path("elsewhere/log.csv.gz"), as_json=True)
    out = capsys.readouterr()
    assert json.loads(out.out.splitlines()[-1])["refused"] == 2
    assert "4 rows: 2 accepted, 1 unchanged, 2 refused" in out.err
    assert "row 3: future-date: Wait, or correct it." in out.err
    rows = table.read(tmp_path / "log.refused.csv", ("row", "code", "reason"))
    assert [tuple(row.values.values()) for row in rows] == [
        ("3", "future-date", "Wait, or correct it."),
        ("5", "ends-before-start", "Correct it."),
    ]


def test_a_dry_run_and_an_import_without_refusals_write_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report(filled(dry_run=True), Path("log.csv"), as_json=False)
    report(Tally(rows=1), Path("log.csv"), as_json=False)
    assert list(tmp_path.iterdir()) == []
    assert refused_file(Path("far/away/log.csv.gz")) == Path("log.refused.csv")
