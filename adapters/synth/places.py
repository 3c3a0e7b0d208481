"""Where families live and move to: real authorities and postcode sectors, with an invented unit.

An authority is drawn by the size of its cohort of 16 and 17 year-olds, a move mostly within the
region. Whether an invented postcode lies where it is meant to is asked of the same range table
that routes notices. Sources of the two tables: NOTICE.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final

from adapters.member.routing import authority_of
from adapters.synth.names import Draw

WITHIN_REGION: Final = 0.6
"""Share of moves between authorities that stay in the region: an assumption, no figure is published."""

_UNIT_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
"""Letters of the second half: all but C, I, K, M, O, V (Royal Mail)."""

_TRIES: Final = 1_000
"""Draws after which the tables must contradict each other: nine in ten succeed at once."""

_DATA: Final = files("adapters.synth") / "data"


@dataclass(frozen=True, slots=True)
class Country:
    """England's authorities by DfE code: how many live there, in which sectors, in which region."""

    anywhere: Draw
    of_region: Mapping[str, Draw]
    region: Mapping[str, str]
    sectors: Mapping[str, tuple[str, ...]]

    def home(self, chance: Random) -> str:
        """Draw the authority of a family."""
        return self.anywhere.one(chance)

    def goal(self, home: str, chance: Random) -> str:
        """Draw another authority that somebody moves to."""
        near = self.of_region[self.region[home]] if chance.random() < WITHIN_REGION else self.anywhere
        while True:
            goal = near.one(chance)
            if goal != home:
                return goal

    def postcode(self, authority: str, chance: Random) -> str:
        """Give a postcode in this authority, with an invented unit; LookupError where none is found."""
        sectors = self.sectors[authority]
        for _ in range(_TRIES):
            sector = sectors[int(chance.random() * len(sectors))]
            unit = _letter(chance) + _letter(chance)
            if authority_of(sector + unit).authority == authority:
                return f"{sector[:-1]} {sector[-1]}{unit}"
        raise LookupError(f"the range table places none of the sectors of authority {authority} in it")


@cache
def england() -> Country:
    """Read the tables."""
    cohorts = {row["dfe_la_code"]: float(row["cohort_16_17"]) for row in _rows("cohorts-2025.csv")}
    region = {code: name for code, name in _regions() if code in cohorts}
    by_region: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for code, name in region.items():
        by_region[name][code] = cohorts[code]
    return Country(
        Draw.of(cohorts),
        {name: Draw.of(members) for name, members in by_region.items()},
        region,
        {row["dfe_la_code"]: tuple(row["sectors"].split(";")) for row in _rows("sectors-2025.csv.gz")},
    )


def _letter(chance: Random) -> str:
    return _UNIT_LETTERS[int(chance.random() * len(_UNIT_LETTERS))]


def _regions() -> Iterator[tuple[str, str]]:
    with (files("adapters") / "data" / "la_england_dfe_ons.csv").open(encoding="utf-8") as text:
        for row in csv.DictReader(text):
            if not row["end_date"]:
                yield row["dfe_la_code"], row["region"]


def _rows(name: str) -> list[dict[str, str]]:
    packed = (_DATA / name).read_bytes()
    text = gzip.decompress(packed) if name.endswith(".gz") else packed
    return list(csv.DictReader(text.decode("ascii").splitlines()))
