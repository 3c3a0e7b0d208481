"""Reads moves from an XLSX workbook, as spreadsheets are kept by hand.

Streaming, in openpyxl's read-only mode. A formula is taken as the text that it is and never
evaluated, nor is the result that the spreadsheet remembered believed. The first visible sheet
in which headers are known is read; titles may stand above them. Before anything is parsed the
archive is measured: a small file that unpacks to a very large one is refused. Macros, links and
embedded things are never touched.
"""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel

from adapters.cells import Cell
from adapters.columns import COLUMNS, DAYS, HEADER_CHARACTERS, Mapping, check_headers, known_headers
from adapters.move import Move, Problem, UnusableFile
from adapters.rows import ROWS, read_row

Source: TypeAlias = Path | BinaryIO

FILE_BYTES: Final = 64 * 1024 * 1024
"""Largest workbook as it lies on disk: 40,000 rows of 60 columns take about 12 MiB."""

SHEET_BYTES: Final = 256 * 1024 * 1024
"""Largest sheet after unpacking, in bytes: 100,000 rows of 40 columns take about 180 MiB."""

WHOLE_PART_BYTES: Final = 64 * 1024 * 1024
"""Largest part that openpyxl holds in memory as a whole (strings, styles), after unpacking."""

ARCHIVE_PARTS: Final = 2_000
"""Most parts of the archive: a sheet, its settings and its pictures each take one."""

SHEETS: Final = 20
"""Sheets that are looked into for headers."""

HEADER_ROWS: Final = 20
"""Rows in which the header row is looked for: titles and notes stand above it."""

_OLD_OR_LOCKED: Final = b"\xd0\xcf\x11\xe0"
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    OSError,
    EOFError,
    NotImplementedError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What openpyxl and zipfile raise, as they please, on a file that is not as it must be."""

_Row: TypeAlias = tuple[Any, ...]

if not (openpyxl.DEFUSEDXML or openpyxl.LXML):
    # openpyxl falls back to a parser that expands entities where defusedxml is not installed.
    raise ImportError("install defusedxml: workbooks are parsed through it alone")


def read_headers(source: Source) -> tuple[str, ...]:
    """Give the headers of a workbook; raise `UnusableFile` where it has none that are known."""
    with _opened(source) as workbook:
        return _find_table(workbook)[0]


def read_moves(source: Source, mapping: Mapping) -> Iterator[Move | Problem]:
    """Give what each row says, in the order of the sheet.

    Raises `UnusableFile` before any row where the workbook as a whole cannot be read with this
    mapping. What goes wrong later is a `Problem` of its row.
    """
    with _opened(source) as workbook:
        headers, rows = _find_table(workbook)
        check_headers(headers, mapping)
        sources = mapping.sources()
        apple_days = workbook.epoch == CALENDAR_MAC_1904
        for number, row in rows:
            place = f"row {number}"
            if row is None:
                reason = "the workbook is damaged from here on; open it, save it again and send it again"
                yield Problem(place, None, "sheet-damaged", reason)
                return
            if number > ROWS:
                yield Problem(place, None, "rows-many", f"the sheet is read up to row {ROWS}; split it")
                return
            cells = [_as_cell(value) for value in row]
            if any(cell not in (None, "") for cell in cells):
                if apple_days:
                    cells = _counted_from_1904(cells, mapping)
                yield from read_row(cells, mapping, place, sources)


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    """Open a workbook once its archive has been measured; close it at the end."""
    data = source.open("rb") if isinstance(source, Path) else source
    with io.BytesIO(data.read(FILE_BYTES + 1)) as whole:
        if isinstance(source, Path):
            data.close()
        _check_archive(whole)
        workbook = _loaded(whole)
        try:
            yield workbook
        finally:
            workbook.close()


def _loaded(whole: io.BytesIO) -> Any:  # noqa: ANN401 - the stubs know no read-only workbook
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(whole, read_only=True, data_only=False, keep_links=False)
    except _DAMAGE:
        raise UnusableFile(
            "workbook-damaged", "the workbook cannot be opened; save it again as XLSX"
        ) from None


def _check_archive(whole: io.BytesIO) -> None:
    """Refuse what is not a workbook, or would not fit into memory when it is unpacked."""
    start = whole.getbuffer()[:4].tobytes()
    if whole.getbuffer().nbytes > FILE_BYTES:
        raise UnusableFile("workbook-large", f"the workbook is larger than {FILE_BYTES >> 20} MiB; split it")
    if start == _OLD_OR_LOCKED:
        reason = "the workbook has a password or is of the old XLS kind; save it as XLSX without a password"
        raise UnusableFile("workbook-locked", reason)
    try:
        with zipfile.ZipFile(whole) as archive:
            parts = archive.infolist()
    except _DAMAGE:
        raise UnusableFile("file-not-xlsx", "this is not an XLSX workbook; save it as XLSX or CSV") from None
    # zipfile itself stops at the size that the directory states, so the statement can be relied on.
    if len(parts) > ARCHIVE_PARTS or any(part.file_size > _most_bytes(part.filename) for part in parts):
        raise UnusableFile("workbook-unpacks-large", "the workbook unpacks to far more than a list needs")


def _most_bytes(part: str) -> int:
    return SHEET_BYTES if part.startswith("xl/worksheets/") else WHOLE_PART_BYTES


def _find_table(workbook: Any) -> tuple[tuple[str, ...], Iterator[tuple[int, _Row | None]]]:  # noqa: ANN401 - as above
    """Find the first visible sheet with known headers: its headers, and the rows after them."""
    for sheet in islice(workbook.worksheets, SHEETS):
        if sheet.sheet_state != "visible":
            continue
        known, at, header = max(_possible_headers(_rows(sheet, COLUMNS + 1)), default=(0, 0, ()))
        if known:
            headers = _headers(header)
            return headers, islice(_rows(sheet, len(headers)), 1 - at, None)
    reason = "no row of headers was found; the first row must name the columns (Forename, Surname, DOB …)"
    raise UnusableFile("headers-missing", reason)


def _possible_headers(rows: Iterator[tuple[int, _Row | None]]) -> Iterator[tuple[int, int, _Row]]:
    """Count the known headers in each early row; earlier rows compare higher."""
    for at, (_, row) in enumerate(islice(rows, HEADER_ROWS)):
        yield known_headers(row or ()), -at, tuple(str(_as_cell(value) or "") for value in row or ())


def _rows(sheet: Any, width: int) -> Iterator[tuple[int, _Row | None]]:  # noqa: ANN401 - as above
    """Number the rows of a sheet; None stands for the place from which it cannot be read."""
    rows = sheet.iter_rows(min_row=1, max_row=ROWS + 1, max_col=width, values_only=True)
    number = 0
    while True:
        number += 1
        try:
            with warnings.catch_warnings():
                # openpyxl warns of a date outside its calendar, and quotes it.
                warnings.simplefilter("ignore")
                row = next(rows, None)
        except _DAMAGE:
            yield number, None
            return
        if row is None:
            return
        yield number, row


def _headers(row: _Row) -> tuple[str, ...]:
    headers = tuple(" ".join(header.split()) for header in row)
    while not headers[-1]:
        headers = headers[:-1]
    if len(headers) > COLUMNS:
        raise UnusableFile("columns-many", f"the sheet has more than {COLUMNS} columns")
    if any(len(header) > HEADER_CHARACTERS for header in headers):
        raise UnusableFile("header-too-long", f"a header is longer than {HEADER_CHARACTERS} characters")
    return headers


def _as_cell(value: Any) -> Cell:  # noqa: ANN401 - whatever openpyxl gives
    """Give a value that a cell may hold; a formula of a range is the text that it is."""
    if value is None or isinstance(value, str | int | float | date):
        return value
    return str(getattr(value, "text", None) or value)


def _counted_from_1904(cells: list[Cell], mapping: Mapping) -> list[Cell]:
    """Turn bare day numbers into days, in workbooks that count them from 1904."""
    return [
        _day_of_1904(cell) if field in DAYS else cell
        for cell, field in zip(cells, mapping.fields, strict=False)
    ]


def _day_of_1904(cell: Cell) -> Cell:
    bare_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return from_excel(cell, CALENDAR_MAC_1904) if bare_number else cell
