"""Makes a newer range table for routing, from the ONS Postcode Directory as it is published (CSV).

Each postcode is brought to its education authority (districts to their county), postcodes are put in
order, and only the first of each run is kept. A directory that is only part of the country, or that has
districts which the list of authorities does not know, is refused: a gap would send one area's children
to its neighbour. Ended postcodes stay, since people still give them. Northern Ireland's are reduced to
one mark; their licence does not allow more. Some 200 bytes of memory a postcode: half a gigabyte in all.
"""

import csv
import gzip
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.authorities import authority_of_gss
from adapters.member.errors import GatewayFault
from adapters.member.routing import normalise, postcode_letters

_POSTCODE_COLUMNS: Final = ("pcds", "pcd8", "pcd", "pcd7")
_DISTRICT_COLUMN: Final = re.compile(r"oslaua|lad\d\dcd")
_NAME: Final = re.compile(r"ONSPD_([A-Z]{3})[A-Z]*_(20\d\d)", re.IGNORECASE)
_MONTHS: Final = {
    month[:3].upper(): month
    for month in (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    )
}
_MARKS: Final = {"N": "NI", "L": "CI", "M": "IM"}
_OWN_CODES: Final = ("W06", "S12")
_UNKNOWN_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Made:
    """A table that was made: its name, how many postcodes were read, how many runs were kept."""

    name: str
    postcodes: int
    runs: int


def name_of(path: Path) -> str | None:
    """Read the name of a directory's edition from its file name, None where it does not say."""
    found = _NAME.search(path.name)
    if found is None or found[1].upper() not in _MONTHS:
        return None
    return f"ONSPD {_MONTHS[found[1].upper()]} {found[2]}"


def make_table(directory: Path, out: Path, name: str, letters: Collection[str] | None = None) -> Made:
    """Write a range table; raise `GatewayFault` where the directory cannot be relied on.

    `letters` are those with which postcodes must begin, all of them; else those of the table in use.
    """
    with directory.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        placed = sorted(_placed(csv.reader(text)))
    found = {_letters(line) for line in placed}
    lacking = sorted(set(postcode_letters() if letters is None else letters) - found)
    if lacking:
        raise GatewayFault(
            "directory-part",
            f"the directory lacks postcodes that begin with {', '.join(lacking[:_UNKNOWN_NAMED])}; "
            "take the file of the whole United Kingdom",
        )
    runs = list(_runs(placed))
    _write(out, name, runs)
    return Made(name, len(placed), len(runs))


def _placed(rows: Iterator[list[str]]) -> Iterator[str]:
    """Each postcode with its area, as one text: a list of pairs would take three times the memory."""
    at_postcode, at_district = _columns(next(rows, []))
    areas: dict[str, str] = {}
    unknown: set[str] = set()
    for row in rows:
        if len(row) <= max(at_postcode, at_district) or not row[at_district]:
            continue
        code, district = normalise(row[at_postcode]), row[at_district].strip()
        if district not in areas:
            areas[district] = _area(district)
            if not areas[district]:
                unknown.add(district)
        if code is not None:
            yield f"{code} {areas[district]}"
    if unknown:
        raise GatewayFault(
            "districts-unknown",
            "these districts are not in the list of authorities: "
            f"{', '.join(sorted(unknown)[:_UNKNOWN_NAMED])}; take a newer version of this software",
        )


def _columns(header: list[str]) -> tuple[int, int]:
    names = [name.strip().casefold() for name in header]
    postcode = next((names.index(name) for name in _POSTCODE_COLUMNS if name in names), None)
    district = next((at for at, name in enumerate(names) if _DISTRICT_COLUMN.fullmatch(name)), None)
    if postcode is None or district is None:
        raise GatewayFault(
            "directory-columns",
            "this is no ONS Postcode Directory: it has no columns of postcodes (pcds) and districts (oslaua)",
        )
    return postcode, district


def _area(district: str) -> str:
    """The code that routing answers with; empty where the district is not known."""
    if district[:1] in _MARKS:
        return _MARKS[district[:1]]
    return district if district.startswith(_OWN_CODES) else authority_of_gss(district) or ""


def _letters(line: str) -> str:
    return line[:2] if line[1].isalpha() else line[:1]


def _runs(placed: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The first postcode of each run of one area."""
    before = ""
    for line in placed:
        code, area = line.split(" ")
        if area != before:
            yield code, area
        before = area


def _write(out: Path, name: str, runs: list[tuple[str, str]]) -> None:
    lines = [f"from_postcode,la,{name}", *(f"{code},{area}" for code, area in runs)]
    unfinished = out.with_name(out.name + ".tmp")
    unfinished.write_bytes(gzip.compress("\n".join(lines).encode("ascii") + b"\n", mtime=0))
    unfinished.replace(out)
