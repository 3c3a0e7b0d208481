"""Which authority a postcode lies in, by the shipped range table of a stated date.

Decides where a college's notice goes and whether an enrolment crosses a border at all. England
answers with the DfE's three-digit code of the education authority, Wales and Scotland with the
ONS code of the council, the rest with a nation alone. What is no home (a placeholder, no fixed
address, a forces post office) or not a postcode is never routed: a person decides. A postcode in a
sector that several authorities share is answered, and the others are named with it, because a
postcode newer than the table may lie on either side. Which home of a move counts is decided here too.

The table is the shipped one, or the one that HUB_POSTCODE_TABLE names (`hub route refresh` makes it).

Source: ONS Postcode Directory; the wording of its licence is in NOTICE.
"""

import csv
import gzip
import os
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from adapters.move import Move, Problem, Told

TABLE: Final = "ONSPD November 2025"
"""The version of the shipped range table; what answered is kept beside every answer."""

VARIABLE: Final = "HUB_POSTCODE_TABLE"
"""Names a newer range table, as `hub route refresh` writes it."""

_POSTCODE: Final = re.compile(r"(([A-Z]{1,2})[0-9][A-Z0-9]?[0-9])[A-Z]{2}")
_UNIT_LETTERS: Final = 2
_EARLY_UNIT: Final = "AD"
"""A run that begins in a sector no later than here begins with it: measured on all 12,018 sectors of
the table, no shared sector is missed, and 123 that are not shared are called so."""

_PLACEHOLDER: Final = "ZZ99"
_FORCES: Final = "BF"
_DEPARTURES: Final = frozenset({"moved_out", "care_leaver_move", "ehcp_move"})
_NATION_OF_MARK: Final = {"NI": "northern_ireland", "CI": "channel_islands", "IM": "isle_of_man"}
_NATION_OF_LETTER: Final = {"W": "wales", "S": "scotland"}
_DATA: Final = files("adapters") / "data"


class Outcome(StrEnum):
    """How a postcode was answered."""

    FOUND = "found"
    OUTSIDE_ENGLAND = "outside_england"
    NO_HOME = "no_home"
    FORCES = "forces"
    """A forces post office (BFPO): Service Children's Education, DfE code 702, or where the family lives."""
    NOT_A_POSTCODE = "not_a_postcode"


@dataclass(frozen=True, slots=True)
class Route:
    """The answer for one postcode.

    `authority` is the DfE code in England and the ONS code in Wales and Scotland; `shared_with`
    names the other authorities of the same postcode sector; `before` is the authority of the home
    before this one, where the file has it and it is another.
    """

    outcome: Outcome
    authority: str | None = None
    nation: str | None = None
    shared_with: tuple[str, ...] = ()
    table: str = TABLE
    before: str | None = None

    @property
    def doubtful(self) -> bool:
        """Tell whether a person should look: several authorities share the sector, or two homes differ."""
        return bool(self.shared_with) or self.before is not None

    @property
    def needs_person(self) -> bool:
        """Tell whether no machine may send anything by this answer."""
        return self.doubtful or self.authority is None

    @property
    def why(self) -> str:
        """Say in an officer's words why a person must look; empty where nobody must."""
        if self.outcome in _WHY:
            return _WHY[self.outcome]
        if self.authority is None:
            return "the postcode lies outside England"
        if self.before is not None:
            return "the postcode before enrolment lies in another authority"
        return "several authorities share this part of the postcode" if self.shared_with else ""

    def lives_in(self, area: str) -> bool:
        """Tell whether this says, without a second home elsewhere, that somebody lives in an area."""
        return self.authority == area and self.before is None


_WHY: Final = {
    Outcome.NO_HOME: "there is no fixed address, or the postcode may be no home",
    Outcome.NOT_A_POSTCODE: "there is no postcode that can be read",
    Outcome.FORCES: "a forces post office tells no council",
}


def normalise(postcode: str) -> str | None:
    """Give a postcode in capitals without spaces; None where it does not have the form of one."""
    text = "".join(postcode.split()).upper()
    return text if _POSTCODE.fullmatch(text) else None


def authority_of(postcode: str) -> Route:
    """Say which authority a postcode lies in. Placeholders and nonsense are said to be such."""
    read = _POSTCODE.fullmatch("".join(postcode.split()).upper())
    if read is None:
        return _NONE[Outcome.NOT_A_POSTCODE]
    table, (code, sector, letters) = _table(), read.group(0, 1, 2)
    if letters not in table.letters:
        return _NONE[_unplaced(code, letters)]
    area = table.areas[bisect_right(table.starts, code) - 1]
    return _answer(area, sector)


def _unplaced(code: str, letters: str) -> Outcome:
    if code.startswith(_PLACEHOLDER):
        return Outcome.NO_HOME
    return Outcome.FORCES if letters == _FORCES else Outcome.NOT_A_POSTCODE


_NONE: Final = {outcome: Route(outcome) for outcome in Outcome}


def route_of(move: Move) -> Route:
    """Say which authority an enrolment or leaver belongs to: the one of the present home.

    A home that may be none is not looked up. Where a college's return has two homes in different
    authorities (PostcodePrior is not kept up to date) the answer names both, and a person decides.
    """
    if move.home_unsure:
        return _NONE[Outcome.NO_HOME]
    home, former = move.to_address or move.from_address, move.from_address
    route = authority_of(home.postcode if home and home.postcode else "")
    if move.told is not Told.COLLEGE or former is None or former.postcode is None or route.authority is None:
        return route
    before = authority_of(former.postcode).authority
    return route if before in {None, route.authority} else replace(route, before=before)


def settle_home(move: Move, kind: str | None, place: str) -> tuple[Move, list[Problem]]:
    """Take the only home of somebody who left as the new one where it lies in the authority they went to.

    Returns lists of movers often have the new address already. That is said, not done silently.
    """
    home = move.from_address
    if kind not in _DEPARTURES or move.to_authority is None or move.to_address is not None or home is None:
        return move, []
    if authority_of(home.postcode or "").authority != move.to_authority:
        return move, []
    reason = "the postcode lies in the authority that the young person went to: taken as the new home"
    noted = Problem(place, move.sources.get("postcode"), "home-is-new", reason, row_kept=True)
    return replace(move, from_address=None, to_address=home), [noted]


@lru_cache(maxsize=32_768)
def _answer(area: str, sector: str) -> Route:
    others = tuple(sorted(_areas_of_sector(sector) - {area}))
    if area in _NATION_OF_MARK:
        return Route(Outcome.OUTSIDE_ENGLAND, None, _NATION_OF_MARK[area], others, _table().name)
    if nation := _NATION_OF_LETTER.get(area[0]):
        return Route(Outcome.OUTSIDE_ENGLAND, area, nation, others, _table().name)
    return Route(Outcome.FOUND, area, "england", others, _table().name)


def _letters(postcode: str) -> str:
    return postcode[:2] if postcode[1].isalpha() else postcode[:1]


def _areas_of_sector(sector: str) -> frozenset[str]:
    """Name the areas with postcodes in a sector: those of its runs, and of the run that leads in."""
    table = _table()
    first = bisect_right(table.starts, f"{sector}AA") - 1
    after = bisect_right(table.starts, f"{sector}ZZ")
    within = [at for at in range(max(first, 0), after) if table.starts[at][:-_UNIT_LETTERS] == sector]
    areas = {table.areas[at] for at in within}
    if first >= 0 and (not within or table.starts[within[0]][-_UNIT_LETTERS:] > _EARLY_UNIT):
        areas.add(table.areas[first])
    return frozenset(areas)


@dataclass(frozen=True, slots=True)
class _Table:
    """The range table: its name, the first postcode of each run, its area, and the letters in use."""

    name: str
    starts: tuple[str, ...]
    areas: tuple[str, ...]
    letters: frozenset[str]


@cache
def _table() -> _Table:
    named = os.environ.get(VARIABLE)
    where = Path(named) if named else _DATA / "postcode_ranges_la.csv.gz"
    with where.open("rb") as packed, gzip.open(packed, "rt", encoding="ascii") as text:
        rows = list(csv.reader(text))
    # The first row is the header; a table that was made here names its source in it.
    name = rows[0][2] if len(rows[0]) > 2 else TABLE
    starts = tuple(row[0] for row in rows[1:])
    return _Table(name, starts, tuple(row[1] for row in rows[1:]), frozenset(map(_letters, starts)))


def postcode_letters() -> frozenset[str]:
    """Give the letters with which postcodes of the table begin: a new table must have them all."""
    return _table().letters
