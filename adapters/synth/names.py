"""Which names a family and its children have, as common as such names are.

Draws from the stock of `data/name-stock-1.json`, one part for each origin of the last name; the
file says where it comes from and how its order is read. An origin stands for how names are built
and written, never for a person's nationality: it is there to measure whether the matching serves
everybody alike.
"""

import json
from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Any, Final

STOCK: Final = "name-stock-1.json"

_SKEW: Final = 0.9
_OFFSET: Final = 8
"""A name at place r is as common as 1/(r + offset)^skew: about the shape of published counts."""

_HYPHENATED: Final = 0.85
"""Share of double-barrelled last names that are written with a hyphen, not a space."""

_FEMININE: Final = (("Singh", "Kaur"), ("ski", "ska"), ("cki", "cka"))
"""Last names whose daughters bear another form."""

_FEMININE_SHARE: Final = 0.8
"""Of daughters in England who bear it: registrars here often give the father's form."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Values with their shares added up, so that one random number finds one."""

    values: tuple[str, ...]
    reached: tuple[float, ...]

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "Draw":
        """Make one from values with any positive weights."""
        total = sum(weights.values())
        sums = [part / total for part in accumulate(weights.values())]
        return cls(tuple(weights), (*sums[:-1], 1.0))

    def one(self, chance: Random) -> str:
        """Draw a value."""
        return self.values[bisect(self.reached, chance.random())]


@dataclass(frozen=True, slots=True)
class Tail:
    """Rare last names, joined from a stem and an ending."""

    share: float
    stems: tuple[str, ...]
    endings: tuple[str, ...]

    def one(self, chance: Random) -> str:
        """Join a name."""
        return _any(self.stems, chance) + _any(self.endings, chance)


@dataclass(frozen=True, slots=True)
class Origin:
    """The names of one origin. Shares are from 0 to 1, of people or of families."""

    name: str
    given: Mapping[str, Draw]
    """First names by sex, F or M."""
    last: Draw
    tail: Tail
    girls_own: Draw | None
    girls_own_share: float
    middle_share: float
    double_share: float
    borrowed_share: float
    """Of those who have an English first name."""

    def family_name(self, chance: Random) -> str:
        """Draw the last name of a family."""
        name = self._single(chance)
        if chance.random() >= self.double_share:
            return name
        return name + ("-" if chance.random() < _HYPHENATED else " ") + self._single(chance)

    def last_name(self, family: str, sex: str, chance: Random) -> str:
        """Give a child's last name: the family's, in the form of a daughter or one of her own."""
        if sex != "F":
            return family
        if self.girls_own and chance.random() < self.girls_own_share:
            return self.girls_own.one(chance)
        for ending, of_girls in _FEMININE:
            if family.endswith(ending) and chance.random() < _FEMININE_SHARE:
                return family.removesuffix(ending) + of_girls
        return family

    def _single(self, chance: Random) -> str:
        if chance.random() < self.tail.share:
            return self.tail.one(chance)
        return self.last.one(chance)


@dataclass(frozen=True, slots=True)
class Stock:
    """All origins, and how common each is."""

    origins: Mapping[str, Origin]
    shares: Draw

    def origin(self, chance: Random) -> Origin:
        """Draw the origin of a family's name."""
        return self.origins[self.shares.one(chance)]

    def first_name(self, origin: Origin, sex: str, chance: Random) -> str:
        """Draw a first name for a child of this family."""
        borrowed = chance.random() < origin.borrowed_share
        return (self.origins["english"] if borrowed else origin).given[sex].one(chance)

    def middle_name(self, origin: Origin, sex: str, chance: Random) -> str:
        """Draw a middle name, "" for those who have none; the middle name Singh or Kaur is as common."""
        if chance.random() >= origin.middle_share:
            return ""
        if origin.name == "sikh":
            return "Kaur" if sex == "F" else "Singh"
        return self.first_name(origin, sex, chance)


@cache
def stock() -> Stock:
    """Read the stock."""
    text = (files("adapters.synth") / "data" / STOCK).read_text("utf-8")
    told = json.loads(text)["origins"]
    origins = {name: _origin(name, parts) for name, parts in told.items()}
    return Stock(origins, Draw.of({name: parts["share"] for name, parts in told.items()}))


def _origin(name: str, parts: Mapping[str, Any]) -> Origin:
    tail = parts["tail"]
    own = parts.get("girls_own")
    return Origin(
        name=name,
        given={"F": Draw.of(_falling(parts["girls"])), "M": Draw.of(_falling(parts["boys"]))},
        last=_last_names(parts["head"], parts["last"], tail["share"]),
        tail=Tail(tail["share"], _words(tail["stems"]), _words(tail["endings"])),
        girls_own=Draw.of(_falling(own["last"])) if own else None,
        girls_own_share=own["share"] if own else 0,
        middle_share=parts["middle_name"],
        double_share=parts["double_barrelled"],
        borrowed_share=parts["borrows_english_first"],
    )


def _last_names(head: Mapping[str, float], lines: Iterable[str], tail_share: float) -> Draw:
    """Heads have their stated share of all families; the listed rest shares what tail and heads leave."""
    falling = _falling(lines)
    left = (1 - tail_share - sum(head.values())) / sum(falling.values())
    return Draw.of({**head, **{name: weight * left for name, weight in falling.items()}})


def _falling(lines: Iterable[str]) -> dict[str, float]:
    return {name: (place + _OFFSET) ** -_SKEW for place, name in enumerate(_words(lines))}


def _words(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.split())


def _any(values: tuple[str, ...], chance: Random) -> str:
    return values[int(chance.random() * len(values))]
