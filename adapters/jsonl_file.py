"""Reads moves from JSON lines: one flat object a line, its names as `hub read --json` prints them.

For systems that write their own extract. Values are texts, numbers, true and false, or lists of
texts for what has several (address lines, former names, parts); anything nested is refused, and
so are doubled names. Names are placed by a mapping like the headers of a table. A line that
cannot be read costs that line and no other.
"""

import codecs
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, TypeAlias

from adapters.cells import Cell
from adapters.columns import COLUMNS, HEADER_CHARACTERS, SEVERAL, Field, Mapping, check_headers, known_headers
from adapters.move import Address, Contact, Establishment, Move, Parent, Problem, UnusableFile
from adapters.rows import CHARACTERISTICS, MARKS, ROWS, read_cells

Source: TypeAlias = Path | BinaryIO

LINE_BYTES: Final = 65_536
"""Longest line in bytes: a record with every field takes 3,000."""

NAME_LINES: Final = 100
"""Lines whose names make up the headers: names that are seldom used may be missing from the first."""

_BETWEEN: Final = "; "
_WISHES: Final = (Field.INSTRUCTION, Field.OBJECTION, Field.CONSENT, Field.FROM_DWP)
_PLAIN: Final = tuple(
    field for field in Field if field.value in Move.__dataclass_fields__ and field not in SEVERAL
)
"""Fields that a move has under the same name, as one text, day, word or yes."""


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
            yield from read_cells(_sorted(row, mapping), mapping.home, place, sources)


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
        yield line.removeprefix(codecs.BOM_UTF8)


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


def _flat(line: bytes) -> dict[str, list[Cell]]:
    """Parse one line; raise ValueError where it is not one flat object."""
    value = json.loads(line.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise _NotFlat
    return {name: _cells(found) for name, found in value.items()}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise _NotFlat
    return names


def _no_constant(_: str) -> NoReturn:
    raise _NotFlat


def _cells(value: object) -> list[Cell]:
    if value is None or isinstance(value, str | int | float):
        return [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise _NotFlat


def _sorted(row: dict[str, list[Cell]], mapping: Mapping) -> dict[Field, list[Cell]]:
    """Sort the values of a line under their fields; a list for a single field is one text."""
    cells: dict[Field, list[Cell]] = {}
    for name, field in zip(mapping.headers, mapping.fields, strict=True):
        if field is None or name not in row:
            continue
        found = row[name]
        if field not in SEVERAL and len(found) > 1:
            found = [_BETWEEN.join(str(cell) for cell in found)]
        cells.setdefault(field, []).extend(found)
    return cells


def write_line(move: Move) -> str:
    """Give a move as one line that `read_moves` reads as the same move; what is missing is left out."""
    facts = {field.value: value for field, value in _facts(move) if value}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _facts(move: Move) -> Iterator[tuple[Field, str | list[str] | None]]:
    for field in _PLAIN:
        value = getattr(move, field.value)
        if value is True:
            value = "Y"
        yield field, value.isoformat() if isinstance(value, date) else value
    yield Field.FORMER_FAMILY, list(move.former_family)
    yield Field.TELLS_OF, sorted(move.tells_of)
    yield from _home(move.from_address, Field.FROM_ADDRESS, Field.FROM_POSTCODE)
    yield from _home(move.to_address, Field.TO_ADDRESS, Field.TO_POSTCODE)
    place = move.establishment or Establishment()
    yield from ((Field.ESTABLISHMENT_NUMBER, place.number), (Field.ESTABLISHMENT_NAME, place.name))
    yield Field.UKPRN, place.ukprn
    yield from ((field, "Y") for field, mark in MARKS.items() if mark in move.found)
    yield Field.CHARACTERISTICS, [code for code, mark in CHARACTERISTICS.items() if mark in move.found]
    for field in _WISHES:
        yield field, sorted(getattr(move.wishes, field.value))
    contact, parent = move.contact or Contact(), move.parent or Parent()
    yield from ((Field.PHONE, contact.phone), (Field.EMAIL, contact.email), (Field.PARENT_NAME, parent.name))
    yield from _home(parent.address, Field.PARENT_ADDRESS, Field.PARENT_POSTCODE)


def _home(
    address: Address | None, lines: Field, postcode: Field
) -> Iterator[tuple[Field, str | list[str] | None]]:
    if address is not None:
        yield lines, list(address.lines)
        yield postcode, address.postcode
