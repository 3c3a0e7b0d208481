"""A crowd of made-up young people with names, birthdays and postcodes about as uneven as in England.

What an index costs depends on how many people share a token, so that is what is imitated: the commonest
names from the matcher's own frequency lists, falling off by rank; behind them a long tail of names put
together from syllables; birthdays spread over twelve years; postcode districts of uneven size. It knows
nothing of households or moves: it loads an index, it does not judge the matching.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.resources import files
from itertools import accumulate
from typing import Final

from hub.matching.rarity import TABLE
from hub.matching.tokens import Person

_LISTED_FIRST, _LISTED_LAST = 0.80, 0.42
"""Shares of people whose name is on the list: young people's first names, last names in England."""
_TAIL_FIRST, _TAIL_LAST = 12_000, 80_000
"""Further names, each rarer than any listed one."""
_BIRTHDAYS: Final = 12 * 365
_DISTRICTS: Final = 2_300
_AREAS: Final = tuple(
    (  # noqa: SIM905 - readable
        "AL B BA BB BD BH BL BN BR BS CA CB CH CM CO CR CT CV CW DA DE DH DL DN DT DY E EC EN EX FY GL "
        "GU HA HD HG HP HR HU HX IG IP KT L LA LE LN LS LU M ME MK N NE NG NN NR NW OL OX PE PL PO PR RG "
        "RH RM S SE SG SK SL SM SN SO SP SR SS ST SW SY TA TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS "
        "WV YO"
    ).split()
)
_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_UNIT_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
_ONSETS: Final = tuple("b br c ch cl d f g gr h j k kr l m n p pr r s sh st t th tr v w z".split())  # noqa: SIM905 - readable
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "ee", "ou", "ia")
_ENDS: Final = tuple("d k l ll m n nd r rs s t th ton wick ska ic ez an".split())  # noqa: SIM905 - readable


@dataclass(frozen=True, slots=True)
class _Names:
    names: Sequence[str]
    totals: Sequence[float]

    def draw(self, chance: random.Random) -> str:
        return chance.choices(self.names, cum_weights=self.totals)[0]


class Crowd:
    """People drawn one after the other; the same seed gives the same people."""

    def __init__(self, seed: int = 1) -> None:
        chance = random.Random(f"names {seed}")
        listed = _listed()
        self._first = _names(listed["first"], _LISTED_FIRST, _TAIL_FIRST, 30.0, chance)
        self._last = _names(listed["last"], _LISTED_LAST, _TAIL_LAST, 8.0, chance)
        self._districts = [f"{area}{number}" for area in _AREAS for number in range(1, 26)][:_DISTRICTS]
        self._weights = list(accumulate(chance.uniform(0.2, 1.8) for _ in self._districts))
        self._seed = seed

    def people(self, start: int, end: int) -> Iterator[Person]:
        """Give the people numbered from `start` up to but not including `end`."""
        for number in range(start, end):
            yield self.person(number)

    def person(self, number: int) -> Person:
        """Give one person: with a postcode and most of the numbers, as a tracker's file has them."""
        chance = random.Random(f"{self._seed} {number}")
        born = date(2001, 9, 2) + timedelta(days=chance.randrange(_BIRTHDAYS))
        person = Person(
            first_name=self._first.draw(chance),
            last_name=self._last.draw(chance),
            dob=born if chance.random() < 0.99 else None,
            former_postcode=self._postcode(chance) if chance.random() < 0.95 else "",
            sex=chance.choice("MF"),
            upn=_upn(number, born) if chance.random() < 0.75 else "",
        )
        return replace(person, current_postcode=self._postcode(chance)) if chance.random() < 0.6 else person

    def as_told_by_another(self, person: Person, number: int) -> Person:
        """Give the same person as another authority has them: mistyped now and then, numbers missing."""
        chance = random.Random(f"other {self._seed} {number}")
        return replace(
            person,
            first_name=_mistyped(person.first_name, chance) if chance.random() < 0.08 else person.first_name,
            last_name=_mistyped(person.last_name, chance) if chance.random() < 0.06 else person.last_name,
            former_postcode=person.former_postcode if chance.random() < 0.6 else "",
            current_postcode=person.current_postcode or self._postcode(chance),
            upn=person.upn if chance.random() < 0.5 else "",
        )

    def _postcode(self, chance: random.Random) -> str:
        district = chance.choices(self._districts, cum_weights=self._weights)[0]
        unit = "".join(chance.choices(_UNIT_LETTERS, k=2))
        return f"{district} {chance.randrange(1, 7)}{unit}"


def _listed() -> dict[str, list[str]]:
    """The matcher's list of common names, the commonest first as far as it tells."""
    lists = json.loads(files("hub.matching").joinpath(TABLE).read_text(encoding="utf-8"))
    return {
        field: [name for step in ("common", "known") for line in lists[field][step] for name in line.split()]
        for field in ("first", "last")
    }


def _names(listed: Sequence[str], share: float, further: int, flat: float, chance: random.Random) -> _Names:
    """Names with their weights: by rank within the list, and again within the tail."""
    tail: dict[str, None] = {}
    while len(tail) < further:
        tail[_invented(chance)] = None
    weights = [*_falling(len(listed), share, flat), *_falling(further, 1 - share, 200.0)]
    return _Names([*listed, *tail], list(accumulate(weights)))


def _falling(count: int, share: float, flat: float) -> list[float]:
    raw = [1 / (rank + flat) for rank in range(count)]
    whole = sum(raw)
    return [share * weight / whole for weight in raw]


def _invented(chance: random.Random) -> str:
    middle = "".join(chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(chance.randrange(1, 3)))
    return middle + chance.choice(_ONSETS) + chance.choice(_VOWELS) + chance.choice(_ENDS)


def _mistyped(name: str, chance: random.Random) -> str:
    place = chance.randrange(len(name))
    return name[:place] + chance.choice("aeinorst") + name[place + 1 :]


def _upn(number: int, born: date) -> str:
    """A permanent pupil number that nobody else of the crowd has, with its check letter."""
    digits = (
        f"{201 + number // 10_000_000:03}{number // 1000 % 10_000:04}{born.year % 100:02}{number % 1000:03}"
    )
    total = sum(int(digit) * weight for weight, digit in enumerate(digits, start=2))
    return _UPN_LETTERS[total % 23] + digits
