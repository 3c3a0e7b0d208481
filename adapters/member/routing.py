"""Which authority a postcode lies in, by the shipped range table of a stated date.

Decides where a college's notice goes and whether an enrolment crosses a border at all. England
answers with the DfE's three-digit code of the education authority, Wales and Scotland with the
ONS code of the council, the rest with a nation alone. What is no home (a placeholder, no fixed
address) or not a postcode is never routed: a person decides. A postcode in a sector that
several authorities share is answered, and the others are named with it, because a postcode
newer than the table may lie on either side.

Source: ONS Postcode Directory; the wording of its licence is in NOTICE.
"""

import csv
import gzip
import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

TABLE: Final = "ONSPD November 2025"
"""The version of the range table, to be kept beside every answer."""

_POSTCODE: Final = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_UNIT_LETTERS: Final = 2
_EARLY_UNIT: Final = "AD"
"""A run that begins in a sector no later than here begins with it: measured on all 12,018 sectors of
the table, no shared sector is missed, and 123 that are not shared are called so."""

_PLACEHOLDER: Final = "ZZ99"
_NATION_OF_MARK: Final = {"NI": "northern_ireland", "CI": "channel_islands", "IM": "isle_of_man"}
_NATION_OF_LETTER: Final = {"W": "wales", "S": "scotland"}
_DATA: Final = files("adapters") / "data"


class Outcome(StrEnum):
    """How a postcode was answered."""

    FOUND = "found"
    OUTSIDE_ENGLAND = "outside_england"
    NO_HOME = "no_home"
    NOT_A_POSTCODE = "not_a_postcode"


@dataclass(frozen=True, slots=True)
class Route:
    """The answer for one postcode.

    `authority` is the DfE code in England and the ONS code in Wales and Scotland; `shared_with`
    names the other authorities of the same postcode sector.
    """

    outcome: Outcome
    authority: str | None = None
    nation: str | None = None
    shared_with: tuple[str, ...] = ()
    table: str = TABLE

    @property
    def doubtful(self) -> bool:
        """Tell whether a person should look: several authorities share the sector."""
        return bool(self.shared_with)


@dataclass(frozen=True, slots=True)
class Authority:
    """An English education authority under one ONS code, and the days between which it stands."""

    code: str
    gss: str
    name: str
    since: date
    until: date | None


def normalise(postcode: str) -> str | None:
    """Give a postcode in capitals without spaces; None where it does not have the form of one."""
    text = "".join(postcode.split()).upper()
    return text if _POSTCODE.fullmatch(text) else None


def authority_of(postcode: str) -> Route:
    """Say which authority a postcode lies in. Placeholders and nonsense are said to be such."""
    code = normalise(postcode)
    if code is None:
        return Route(Outcome.NOT_A_POSTCODE)
    if code.startswith(_PLACEHOLDER):
        return Route(Outcome.NO_HOME)
    table = _table()
    if _letters(code) not in table.letters:
        return Route(Outcome.NOT_A_POSTCODE)
    area = table.areas[bisect_right(table.starts, code) - 1]
    return _answer(area, code[:-_UNIT_LETTERS])


@lru_cache(maxsize=32_768)
def _answer(area: str, sector: str) -> Route:
    others = tuple(sorted(_areas_of_sector(sector) - {area}))
    if area in _NATION_OF_MARK:
        return Route(Outcome.OUTSIDE_ENGLAND, None, _NATION_OF_MARK[area], others)
    if nation := _NATION_OF_LETTER.get(area[0]):
        return Route(Outcome.OUTSIDE_ENGLAND, area, nation, others)
    return Route(Outcome.FOUND, area, "england", others)


def authority(code: str, on: date) -> Authority | None:
    """Give the English authority that has this DfE code on a day; codes outlive their bounds."""
    standing = (
        a for a in _authorities() if a.code == code and a.since <= on and (a.until is None or on <= a.until)
    )
    return next(standing, None)


def authority_of_district(gss: str) -> str | None:
    """Give the DfE code of the education authority over a lower-tier district's ONS code."""
    return _districts().get(gss)


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
    """The range table: the first postcode of each run, its area, and the letters in use."""

    starts: tuple[str, ...]
    areas: tuple[str, ...]
    letters: frozenset[str]


@cache
def _table() -> _Table:
    with (
        (_DATA / "postcode_ranges_la.csv.gz").open("rb") as packed,
        gzip.open(packed, "rt", encoding="ascii") as text,
    ):
        rows = list(csv.reader(text))[1:]
    starts = tuple(start for start, _ in rows)
    return _Table(starts, tuple(area for _, area in rows), frozenset(map(_letters, starts)))


@cache
def _authorities() -> tuple[Authority, ...]:
    return tuple(
        Authority(
            row["dfe_la_code"],
            row["gss_code"],
            row["name"],
            date.fromisoformat(row["start_date"]),
            date.fromisoformat(row["end_date"]) if row["end_date"] else None,
        )
        for row in _rows("la_england_dfe_ons.csv")
    )


@cache
def _districts() -> dict[str, str]:
    return {row["lad_gss"]: row["dfe_la_code"] for row in _rows("lad_to_education_la.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))
