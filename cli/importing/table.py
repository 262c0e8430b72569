"""Rows out of a CSV (also gzipped) or XLSX file, whatever program wrote it; or one sentence that says what to mend."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MAX_FIELD = 100_000


class FileRefused(Exception):
    """The file cannot be read as a table; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file (the heading is 1) and its values by column, stripped; '' for an empty cell."""

    number: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


def digest(path: Path) -> str:
    """The hash of the file's bytes, by which an import names its source."""
    found = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def read(path: Path, required: Sequence[str]) -> list[Row]:
    """All rows of the file. FileRefused: unreadable, truncated, wrong encoding, or columns of `required` missing."""
    rows = _workbook(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else _csv(path)
    heading = next(rows, None)
    if heading is None:
        raise FileRefused(f"{path.name} is empty: the first row must name the columns ({', '.join(required)}).")
    names = [name.strip().strip("\ufeff") for name in heading]
    missing = [name for name in required if name not in names]
    if missing:
        raise FileRefused(
            f"{path.name} lacks the columns {', '.join(missing)}; it has: {', '.join(names)[:300]}."
            " `--template` writes a file with the right heading."
        )
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise FileRefused(f"{path.name} names the columns {', '.join(doubled)} twice: keep one of each.")
    found = []
    for number, cells in enumerate(rows, 2):
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            raise FileRefused(
                f"{path.name}, row {number}: {len(cells)} cells under {len(names)} columns; quote the text."
            )
        values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        if any(values.values()):
            found.append(Row(number, values))
    return found


def _csv(path: Path) -> Iterator[list[str]]:
    text = _decoded(path)
    csv.field_size_limit(MAX_FIELD)
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t", "|"), key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise FileRefused(f"{path.name}, line {reader.line_num}: not readable as CSV ({error}).") from error


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileRefused(f"{path.name} is a damaged or truncated gzip file ({error}): copy it again.") from error
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FileRefused(f"{path.name}, line {line}: not UTF-8. Save it as 'CSV UTF-8' and try again.") from error
    if "\0" in text:
        raise FileRefused(f"{path.name}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: holds a NUL character.")
    return text


def _workbook(path: Path) -> Iterator[list[str]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        raise FileRefused(f"{path.name} is no readable XLSX workbook ({error}).") from error
    sheet = book.worksheets[0]
    for cells in sheet.iter_rows(values_only=True):
        yield [_cell(value) for value in cells]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # A whole number comes back as 3.0; an 18-digit NIP kept as a number has lost its last digits and must show it.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).upper()
    return str(value)


def write(path: Path, heading: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV that spreadsheets open as it is."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow(heading)
        out.writerows(rows)


def chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """`items` in lists of at most `size`."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part
