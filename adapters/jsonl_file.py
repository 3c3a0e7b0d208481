"""Reads moves from JSON lines: one flat object a line, its names as `hub read --json` prints them.

For systems that write their own extract. Values are texts, numbers, true and false, or lists of
texts for what has several (address lines, former names, parts); anything nested is refused, and
so are doubled names. Names are placed by a mapping like the headers of a table. A line that
cannot be read costs that line and no other.
"""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, TypeAlias

from adapters.cells import Cell
from adapters.columns import COLUMNS, HEADER_CHARACTERS, Mapping, check_headers, known_headers
from adapters.move import Move, Problem, UnusableFile
from adapters.rows import ROWS, read_row

Source: TypeAlias = Path | BinaryIO

LINE_BYTES: Final = 65_536
"""Longest line in bytes: a record with every field takes 3,000."""

NAME_LINES: Final = 100
"""Lines whose names make up the headers: names that are seldom used may be missing from the first."""

_BETWEEN: Final = "; "


class _NotFlat(ValueError):
    """A line is JSON, but not one flat object."""


def read_headers(source: Source) -> tuple[str, ...]:
    """Give the names of the first lines; raise `UnusableFile` where none of them is known."""
    with _lines(source) as lines:
        return _names(list(islice(lines, NAME_LINES)))


def read_moves(source: Source, mapping: Mapping) -> Iterator[Move | Problem]:
    """Give what each line says, in the order of the file.

    Raises `UnusableFile` before any line where the file as a whole cannot be read with this
    mapping. What goes wrong later is a `Problem` of its line.
    """
    with _lines(source) as lines:
        first = list(islice(lines, NAME_LINES))
        _names(first)
        check_headers(mapping.headers, mapping)
        sources = mapping.sources()
        for number, line in enumerate(_all(first, lines), start=1):
            place = f"line {number}"
            if number > ROWS:
                yield Problem(place, None, "rows-many", f"the file is read up to line {ROWS}; split it")
                return
            if not line.strip():
                continue
            try:
                row = _flat(line)
            except (ValueError, RecursionError):
                reason = "this line is not one flat JSON object with each name once"
                yield Problem(place, None, "line-unreadable", reason)
                continue
            yield from read_row([row.get(name) for name in mapping.headers], mapping, place, sources)


@contextmanager
def _lines(source: Source) -> Iterator[Iterator[bytes]]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield _bounded(stream)
    else:
        yield _bounded(source)


def _bounded(stream: BinaryIO) -> Iterator[bytes]:
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    while line := buffered.readline(LINE_BYTES + 1):
        if len(line) > LINE_BYTES:
            reason = f"a line is longer than {LINE_BYTES} bytes; write one object a line"
            raise UnusableFile("line-too-long", reason)
        yield line


def _all(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from first
    yield from rest


def _names(lines: list[bytes]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for line in lines:
        try:
            names.update(dict.fromkeys(_flat(line)))
        except (ValueError, RecursionError):
            continue
    if not known_headers(names):
        raise UnusableFile("headers-missing", "no line has names that are known (given, family, dob …)")
    if len(names) > COLUMNS or any(len(name) > HEADER_CHARACTERS for name in names):
        raise UnusableFile("columns-many", f"the objects have more than {COLUMNS} names, or very long ones")
    return tuple(names)


def _flat(line: bytes) -> dict[str, Cell]:
    """Parse one line; raise ValueError where it is not one flat object."""
    value = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise _NotFlat
    return {name: _cell(found) for name, found in value.items()}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise _NotFlat
    return names


def _no_constant(_: str) -> NoReturn:
    raise _NotFlat


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _BETWEEN.join(value)
    raise _NotFlat
