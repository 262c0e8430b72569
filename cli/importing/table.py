"""Rows out of a CSV (also gzipped) or XLSX file, whatever program wrote it; or one sentence that says what to mend."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MAX_FIELD = 100_000
_WORKBOOKS = {".xlsx", ".xlsm"}
_DELIMITERS = (",", ";", "\t", "|")


class FileRefused(Exception):
    """The file cannot be read as a table; the text begins with a stable code and says what to change."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file (the heading is 1) and its values by column, stripped; '' for an empty cell."""

    number: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


def digest(path: Path) -> str:
    """The SHA-256 of the file's bytes, by which an import names its source. FileRefused: it cannot be read."""
    try:
        with path.open("rb") as file:
            found = sha256()
            while block := file.read(1 << 20):
                found.update(block)
    except OSError as error:
        raise _unreadable(path, error) from error
    return found.hexdigest()


def read(path: Path, required: Sequence[str]) -> list[Row]:
    """All rows of the file; its first row must name the columns, with those of `required` among them.

    FileRefused: unreadable, truncated, wrong encoding, columns missing or doubled, cells without a column.
    """
    rows = _workbook(path) if path.suffix.lower() in _WORKBOOKS else _csv(path, required)
    heading = next(rows, [])
    if not any(heading):
        raise FileRefused(
            "file-empty", f"{path.name} is empty: the first row must name the columns ({', '.join(required)})."
        )
    names = _names(path, heading, required)
    found = []
    for number, cells in enumerate(rows, 2):
        if any(cell.strip() for cell in cells[len(names) :]):
            raise FileRefused(
                "row-too-long",
                f"{path.name}, row {number}: {len(cells)} cells under {len(names)} columns; quote text that holds the"
                " separator.",
            )
        values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        if any(values.values()):
            found.append(Row(number, values))
    return found


def _names(path: Path, heading: Sequence[str], required: Sequence[str]) -> list[str]:
    names = [name.strip() for name in heading]
    missing = [name for name in required if name not in names]
    if missing:
        raise FileRefused(
            "columns-missing",
            f"{path.name} lacks the columns {', '.join(missing)}; it has: {', '.join(names)[:300]}. `--template` writes a"
            " file with the right heading; with --mapping, correct that.",
        )
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise FileRefused(
            "columns-doubled", f"{path.name} names the columns {', '.join(doubled)} twice: keep one of each."
        )
    return names


def _csv(path: Path, required: Sequence[str]) -> Iterator[list[str]]:
    text = _decoded(path)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, required), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise FileRefused(
            "csv-malformed", f"{path.name}, line {reader.line_num}: not readable as CSV ({error})."
        ) from error


def _delimiter(text: str, required: Sequence[str]) -> str:
    """The separator under which the heading names most of the required columns, and most columns at all."""

    def found(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader(text.splitlines()[:1], delimiter=delimiter), [])
        return len({name.strip() for name in names} & set(required)), len(names)

    return max(_DELIMITERS, key=found)


def _decoded(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileRefused(
                "gzip-damaged", f"{path.name} is a damaged or truncated gzip file ({error}): copy it again."
            ) from error
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FileRefused(
            "encoding-not-utf8", f"{path.name}, line {line}: not UTF-8. Save it as 'CSV UTF-8' and try again."
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise FileRefused("nul-character", f"{path.name}, line {line}: holds a NUL character (U+0000): remove it.")
    return text


def _workbook(path: Path) -> Iterator[list[str]]:
    try:
        book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
        rows = [[_cell(value) for value in cells] for cells in book.worksheets[0].iter_rows(values_only=True)]
    except OSError as error:
        raise _unreadable(path, error) from error
    except (InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError, LookupError, ValueError) as error:
        raise FileRefused(
            "workbook-unreadable", f"{path.name} is no readable XLSX workbook ({error}): save it as .xlsx again."
        ) from error
    yield from rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        # An 18-digit NIP kept as a number has lost its last digits and must show it (1.98E+17). The zero behind a
        # fraction tells 1.234 from a thousand.
        text = repr(value).upper()
        return text if "E" in text else f"{text}0"
    return str(value)


def _unreadable(path: Path, error: OSError) -> FileRefused:
    return FileRefused("file-unreadable", f"{path} cannot be read: {error.strerror or error}.")


def write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[object]] = ()) -> None:
    """Write a table that spreadsheets open as it is: CSV, or XLSX by the file's suffix with all cells as text.

    FileRefused: it cannot be written.
    """
    try:
        if path.suffix.lower() in _WORKBOOKS:
            book = Workbook(write_only=False)
            sheet = book.worksheets[0]
            for number, name in enumerate(heading, 1):
                cell = sheet.cell(1, number, name)
                # Text: a spreadsheet would keep only 15 of the 18 digits of a NIP.
                sheet.column_dimensions[cell.column_letter].number_format = "@"
            for row in rows:
                sheet.append([str(value) for value in row])
            book.save(path)
            return
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file)
            out.writerow(heading)
            out.writerows(rows)
    except OSError as error:
        raise FileRefused("file-unwritable", f"{path} cannot be written: {error.strerror or error}.") from error
