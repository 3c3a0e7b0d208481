"""Reads moves from a CSV file, as trackers and spreadsheets write it.

Streaming: one record is held at a time. The encoding is found by its byte order mark, else line
by line (UTF-8, and Windows-1252 where a line is not UTF-8), so that a file of any length needs
one pass. The delimiter and the header row are those under which most headers are known. A
record whose quotes never close costs that row and no other. Rows are counted as a spreadsheet
shows them: the header row counts, and so do blank rows. No cell is ever evaluated.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from adapters.columns import COLUMNS, HEADER_CHARACTERS, Mapping, check_headers, known_headers
from adapters.move import Move, Problem, UnusableFile
from adapters.rows import ROWS, read_row

Source: TypeAlias = Path | BinaryIO

LINE_CHARACTERS: Final = 65_536
"""Longest line in characters: 200 columns of 300; a file without line ends stops here."""

RECORD_LINES: Final = 20
"""Most lines of one record: a quoted address has five or six."""

HEADER_ROWS: Final = 20
"""Rows in which the header row is looked for: titles and notes stand above it."""

_DELIMITERS: Final = ",;\t|"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_START_BYTES: Final = 4
_NOT_TEXT: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")


@dataclass(frozen=True, slots=True)
class _Record:
    """One record with its row number; `cells` is None where its quotes do not close.

    `closed` tells that a line end follows: a file that was cut short lacks the last one.
    """

    number: int
    cells: list[str] | None
    closed: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """A file whose delimiter and header row are found: the headers, and the rows after them."""

    headers: tuple[str, ...]
    rows: Iterator[_Record]


def read_headers(source: Source) -> tuple[str, ...]:
    """Give the headers of a file; raise `UnusableFile` where it has none that are known."""
    with _lines(source) as lines:
        return _find_table(lines).headers


def read_moves(source: Source, mapping: Mapping) -> Iterator[Move | Problem]:
    """Give what each row says, in the order of the file.

    Raises `UnusableFile` before any row where the file as a whole cannot be read with this
    mapping. What goes wrong later is a `Problem` of its row.
    """
    with _lines(source) as lines:
        table = _find_table(lines)
        check_headers(table.headers, mapping)
        yield from _read_rows(table, mapping)


def _read_rows(table: _Table, mapping: Mapping) -> Iterator[Move | Problem]:
    sources = mapping.sources()
    for record in table.rows:
        place = f"row {record.number}"
        if record.number > ROWS:
            yield Problem(place, None, "rows-many", f"the file is read up to row {ROWS}; split it")
            return
        if problem := _damage(record, len(table.headers)):
            yield Problem(place, None, *problem)
        elif record.cells is not None and any(cell.strip() for cell in record.cells):
            yield from read_row(record.cells, mapping, place, sources)


def _damage(record: _Record, width: int) -> tuple[str, str] | None:
    """Name what is wrong with the shape of a record: code and reason."""
    if record.cells is None:
        return "quotes-open", "a quotation mark is not closed, or stands inside a cell; write the row again"
    if any(cell.strip() for cell in record.cells[width:]):
        return "cells-many", "there are more cells than headers; a cell with a comma in it needs quotes"
    if len(record.cells) < width and not record.closed:
        return "file-cut-short", "the file ends in the middle of this row; make the file again"
    return None


@contextmanager
def _lines(source: Source) -> Iterator[Iterator[str]]:
    """Open a source and give its lines as text, with their ends; a stream is left open."""
    if isinstance(source, Path):
        with source.open("rb") as stream, _decoded(stream) as lines:
            yield lines
    else:
        with _decoded(source) as lines:
            yield lines


@contextmanager
def _decoded(stream: BinaryIO) -> Iterator[Iterator[str]]:
    start = _first_bytes(stream)
    if start.startswith(_NOT_TEXT):
        raise UnusableFile("file-not-csv", "this is not a CSV file; save it as CSV or as XLSX")
    wide = start.startswith(_UTF16)
    # Latin-1 carries every byte through unchanged, so that each line can be decoded by itself.
    text = io.TextIOWrapper(stream, encoding="utf-16" if wide else "latin-1", errors="replace", newline="")
    try:
        yield _bounded(text) if wide else map(_decode_line, _bounded(text))
    finally:
        text.detach()


def _first_bytes(stream: BinaryIO) -> bytes:
    """Look at the start of a stream and leave it where it was; standard input can only be peeked."""
    if isinstance(stream, io.BufferedReader):
        return stream.peek(_START_BYTES)[:_START_BYTES]
    at = stream.tell()
    start = stream.read(_START_BYTES)
    stream.seek(at)
    return start


def _decode_line(line: str) -> str:
    data = line.encode("latin-1")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _bounded(text: io.TextIOBase) -> Iterator[str]:
    while line := text.readline(LINE_CHARACTERS + 1):
        if len(line) > LINE_CHARACTERS:
            reason = f"a line is longer than {LINE_CHARACTERS} characters; this does not look like a CSV file"
            raise UnusableFile("line-too-long", reason)
        yield line


def _find_table(lines: Iterator[str]) -> _Table:
    """Find the delimiter and the header row under which most headers are known."""
    first = list(islice(lines, HEADER_ROWS))
    if not any(line.strip() for line in first):
        raise UnusableFile("file-empty", "the file is empty")
    known, at, delimiter = max(_possible_headers(first))
    if known == 0:
        reason = "no row of headers was found; the first row must name the columns (Forename, Surname, DOB …)"
        raise UnusableFile("headers-missing", reason)
    records = _records(chain(first, lines), delimiter)
    header = next(islice(records, -at, None))
    return _Table(_headers(header.cells or []), records)


def _possible_headers(first: list[str]) -> Iterator[tuple[int, int, str]]:
    """Count the known headers in each early row under each delimiter; earlier rows compare higher."""
    for delimiter in _DELIMITERS:
        for at, record in enumerate(_records(iter(first), delimiter)):
            yield known_headers(record.cells or []), -at, delimiter


def _headers(cells: list[str]) -> tuple[str, ...]:
    headers = tuple(" ".join(cell.split()) for cell in cells)
    while headers and not headers[-1]:
        headers = headers[:-1]
    if len(headers) > COLUMNS:
        raise UnusableFile("columns-many", f"the file has more than {COLUMNS} columns")
    if any(len(header) > HEADER_CHARACTERS for header in headers):
        raise UnusableFile("header-too-long", f"a header is longer than {HEADER_CHARACTERS} characters")
    return headers


def _records(lines: Iterator[str], delimiter: str) -> Iterator[_Record]:
    """Split lines into records, numbered as a spreadsheet numbers its rows."""
    returned: deque[str] = deque()
    number = 0
    while (line := _next_line(returned, lines)) is not None:
        number += 1
        taken = [line]
        cells = _cells(line, delimiter)
        while cells is None and len(taken) < RECORD_LINES:
            more = _next_line(returned, lines)
            if more is None:
                break
            taken.append(more)
            cells = _cells("".join(taken), delimiter)
        if cells is None:
            # The quote never closed: give up this line, and read those after it again. Nothing else is
            # waiting then, because no attempt leaves more lines than the next one takes.
            returned.extend(taken[1:])
        yield _Record(number, cells, taken[-1].endswith(("\n", "\r")))


def _next_line(returned: "deque[str]", lines: Iterator[str]) -> str | None:
    return returned.popleft() if returned else next(lines, None)


def _cells(text: str, delimiter: str) -> list[str] | None:
    """Give the cells of one record, None where its quotes are not closed by the end."""
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
