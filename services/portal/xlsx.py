"""Lists as XLSX files, for a desk. What begins like a formula is text there too."""

import asyncio
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from starlette.responses import Response

Value = str | int | Decimal | date | None

_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@")


async def download(name: str, heading: Sequence[str], rows: Iterable[Sequence[Value]]) -> Response:
    """A sheet as a file that the browser keeps under `name`."""
    content = await asyncio.to_thread(_written, heading, rows)
    return Response(content, media_type=_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})


def _written(heading: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Kinerja")
    assert isinstance(sheet, WriteOnlyWorksheet)
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, text, Font(bold=True)) for text in heading])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: WriteOnlyWorksheet, value: Any, font: Font | None = None) -> Any:
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value)
    if isinstance(value, str):
        cell.data_type = "s"
        # The mark that a person sets with an apostrophe: text also after somebody edited the cell.
        cell.quotePrefix = value.startswith(_FORMULA)
    if font:
        cell.font = font
    return cell
