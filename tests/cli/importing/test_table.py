"""A file is read as a table whatever program wrote it, or refused with one sentence."""

import gzip
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from cli.importing import table

COLUMNS = ("nip", "day", "quantity")
TEXT = "nip,day,quantity\n198507152010011001,2026-03-01,2\n"


def _file(folder: Path, content: bytes | str, name: str = "work.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _workbook(folder: Path, *rows: tuple[object, ...]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    book.save(folder / "work.xlsx")
    return folder / "work.xlsx"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode(),
        gzip.compress(TEXT.encode(), mtime=0),
        b"\n".join([*TEXT.encode().split(b"\n"), b",,", b""]),
        b"extra, nip ,day,quantity\n,198507152010011001, 2026-03-01 ,2\n",
        b'nip;day;quantity;"a, b, c, d"\n198507152010011001;2026-03-01;2\n',
    ],
    ids=["plain", "semicolon", "tab", "bom", "utf-16", "crlf", "gzip", "empty-rows", "spaces", "commas-in-heading"],
)
def test_the_same_rows_come_out_of_every_way_to_write_a_csv(tmp_path: Path, content: bytes) -> None:
    (row,) = table.read(_file(tmp_path, content), COLUMNS)
    assert (row.number, row["nip"], row["day"], row["quantity"]) == (2, "198507152010011001", "2026-03-01", "2")
    assert row["no such column"] == ""


def test_a_row_is_numbered_as_a_spreadsheet_shows_it(tmp_path: Path) -> None:
    rows = table.read(_file(tmp_path, 'nip,day,quantity\n1,"two\nlines",1\n\n2,x,1\n'), COLUMNS)
    assert [(row.number, row["nip"]) for row in rows] == [(2, "1"), (4, "2")]
    assert rows[0]["day"] == "two\nlines"


def test_a_workbook_gives_what_its_cells_show(tmp_path: Path) -> None:
    path = _workbook(
        tmp_path,
        COLUMNS,
        ("198507152010011001", date(2026, 3, 1), 2),
        (1.98507152010011e17, datetime.fromisoformat("2026-03-01T08:30:00"), 1.234),
        (None, None, 3.0),
    )
    assert [tuple(row[name] for name in COLUMNS) for row in table.read(path, COLUMNS)] == [
        ("198507152010011001", "2026-03-01", "2"),
        ("1.98507152010011E+17", "2026-03-01T08:30:00", "1.2340"),
        ("", "", "3"),
    ]


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "file-empty", "the first row must name the columns (nip, day, quantity)"),
        (b"\n1,2,3\n", "file-empty", "the first row must name the columns"),
        (b"nip;day\n1;2\n", "columns-missing", "lacks the columns quantity; it has: nip, day"),
        (b"nip,day,quantity,day\n", "columns-doubled", "names the columns day twice"),
        (b"nip,day,quantity\n1,2026-03-01,2,more\n", "row-too-long", "row 2: 4 cells under 3 columns"),
        (b'nip,day,quantity\n1,"2026,2\n', "csv-malformed", "line 2"),
        (b"nip,day,quantity\n1,2026-03-01,caf\xe9\n", "encoding-not-utf8", "line 2: not UTF-8"),
        (b"\xff\xfen", "encoding-not-utf8", "not UTF-8"),
        (b"nip,day,quantity\n\n1,2,a\0b\n", "nul-character", "line 3: holds a NUL"),
        (gzip.compress(TEXT.encode() * 50, mtime=0)[:-12], "gzip-damaged", "truncated gzip"),
        (b"\x1f\x8bnothing", "gzip-damaged", "damaged"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_to_change(
    tmp_path: Path, content: bytes, code: str, says: str
) -> None:
    with pytest.raises(table.FileRefused) as refused:
        table.read(_file(tmp_path, content), COLUMNS)
    assert refused.value.code == code
    assert str(refused.value).startswith(f"{code}: ")
    assert says in str(refused.value)


@pytest.mark.parametrize("content", [b"no workbook", b"PK\x03\x04broken", b""])
def test_a_workbook_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(table.FileRefused, match="workbook-unreadable"):
        table.read(_file(tmp_path, content, "work.xlsx"), COLUMNS)


@pytest.mark.parametrize("name", ["none.csv", "none.xlsx", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(table.FileRefused, match="file-unreadable"):
        table.read(tmp_path / name, COLUMNS)
    with pytest.raises(table.FileRefused, match="file-unreadable"):
        table.digest(tmp_path / name)


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    # sha256sum of the three bytes "abc", FIPS 180-2
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert table.digest(_file(tmp_path, b"abc")) == known


@pytest.mark.parametrize("name", ["new.csv", "new.xlsx"])
def test_what_is_written_can_be_read_again(tmp_path: Path, name: str) -> None:
    table.write(tmp_path / name, COLUMNS, [("198507152010011001", "1; 2, 3", 'a "b"')])
    (row,) = table.read(tmp_path / name, COLUMNS)
    assert [row[column] for column in COLUMNS] == ["198507152010011001", "1; 2, 3", 'a "b"']


def test_the_columns_of_a_written_workbook_hold_text(tmp_path: Path) -> None:
    table.write(tmp_path / "new.xlsx", COLUMNS)
    sheet = load_workbook(tmp_path / "new.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert {sheet.column_dimensions[letter].number_format for letter in "ABC"} == {"@"}


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(table.FileRefused, match="file-unwritable"):
        table.write(tmp_path / "no" / "new.csv", COLUMNS)
