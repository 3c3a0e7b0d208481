"""Writes tables for other people's spreadsheets so that no cell can act.

A cell that begins as a formula does (=, +, -, @, a tab, a line end, or their full-width forms)
runs when a spreadsheet opens the file, and names and addresses come from strangers. Such a text
gets an apostrophe in front; every cell is quoted, so that no separator splits one open.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, TextIO, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

Value: TypeAlias = str | int | float | bool | date | None

_ACTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
_ACTS_TOO: Final = ("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")

_XLSX_LACKS: Final = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")
"""What a workbook cannot hold."""


def neutral(value: Value) -> str:
    """Give a cell's text as a spreadsheet may have it: with an apostrophe where it could act.

    Spaces in front do not hide a formula from every spreadsheet, so they are looked past.
    Numbers and days are what they are; days are written dd/mm/yyyy.
    """
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if not isinstance(value, str):
        return str(value)
    begins_as_formula = value.startswith(_ACTS) or value.lstrip().startswith(_ACTS + _ACTS_TOO)
    return f"'{value}" if begins_as_formula else value


def write_csv(rows: Iterable[Sequence[Value]], stream: TextIO) -> int:
    """Write rows, each cell neutral and quoted, and give their number.

    Open the stream with `newline=""`, and with encoding "utf-8-sig" where a spreadsheet is to
    open it.
    """
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    count = 0
    for row in rows:
        writer.writerow([neutral(value) for value in row])
        count += 1
    return count


def write_xlsx(rows: Iterable[Sequence[Value]], title: str = "Records") -> bytes:
    """Give rows as a workbook of one sheet in which every cell is text, and none can act.

    A text cell does not run by itself, but it would once somebody saves the sheet as CSV: so texts
    are neutral here too.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, "")
            cell.value = _XLSX_LACKS.sub(" ", neutral(value))
            cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
            cells.append(cell)
        sheet.append(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
