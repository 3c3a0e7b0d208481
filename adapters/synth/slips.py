"""What one office writes down of one person, with the slips that offices make.

Decides a row of a file: name, birthday, postcode, numbers, each right or wrong by the rates given.
It counts each slip and the rows in which it could have been made. Which slips there are, and how
often, follows the published comparison of linkage tools; the kinds of people they cannot happen
to (no middle name, no short form) are left alone, as in life.
"""

import json
import unicodedata
from calendar import monthrange
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from functools import cache
from importlib.resources import files
from operator import attrgetter
from random import Random
from typing import Final

from adapters.synth.names import Draw
from adapters.synth.numbers import FIRST_SCHOOL, SCHOOLS, TEMPORARY_ULN, temporary_upn
from adapters.synth.people import YoungPerson
from adapters.synth.rates import NAMES, Rates, Side
from adapters.synth.typing_errors import SHORTEST, mistyped

SHORT_FORMS: Final = "short-forms-1.json"

_ONE_DAY_OUT: Final = 0.5
_ONE_YEAR_OUT: Final = 0.7
_JOINTS: Final = Draw.of({" ": 60, "-": 25, "": 15})
"""How a middle name is joined to the first one."""

_MARKLESS: Final = str.maketrans({"ł": "l", "Ł": "L"})


@dataclass(slots=True)
class Row:
    """One row of a file, in the order of its columns; "" where nothing is written.

    `postcode`: where the person lives as far as the office knows; `former_postcode`: where before a move,
    in a file of after it and where it is told.
    """

    id: str
    first_name: str
    last_name: str
    dob: str
    postcode: str
    former_postcode: str
    sex: str
    upn: str
    uln: str
    authority: str
    school: str
    name_origin: str
    moved: str


COLUMNS: Final = tuple(one.name for one in fields(Row))
cells: Final[Callable[[Row], tuple[str, ...]]] = attrgetter(*COLUMNS)
"""The cells of a row."""


@dataclass(slots=True)
class Office:
    """One side's way of writing people down. The same seed gives the same slips."""

    side: Side
    rates: Rates
    chance: Random
    possible: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    made: Counter[str] = field(default_factory=Counter)
    _rate: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self._rate = asdict(self.rates)

    def write_down(self, person: YoungPerson, row_id: str) -> tuple[Row, tuple[str, ...]]:
        """Give the row of a person, and the names of the slips in it."""
        slips: list[str] = []
        first, last = self._names(person, slips)
        after = self.side is Side.RIGHT
        row = Row(
            id=row_id,
            first_name=first,
            last_name=last,
            dob=self._birthday(person.dob, slips),
            postcode=self._kept(
                "no_postcode", person.current_postcode if after else person.former_postcode, slips
            ),
            former_postcode=self._former_postcode(person, slips) if after else "",
            sex=self._kept("no_sex", person.sex, slips),
            upn=self._pupil_number(person, slips),
            uln=self._learner_number(person, slips),
            authority=person.current_authority if after else person.former_authority,
            school=person.current_school if after else person.former_school,
            name_origin=person.origin,
            moved="yes" if person.moved else "no",
        )
        self.made.update(slips)
        return row, tuple(slips)

    def _names(self, person: YoungPerson, slips: list[str]) -> tuple[str, str]:
        first, last = self._first_name(person, slips), self._last_name(person, slips)
        if self._slips("names_swapped", slips, can=bool(first)):
            first, last = last, first
        bare = _without_marks(first), _without_marks(last)
        if self._slips("marks_dropped", slips, can=bare != (first, last)):
            return bare
        return first, last

    def _first_name(self, person: YoungPerson, slips: list[str]) -> str:
        first, short = person.first, short_forms().get(person.first, ())
        slip = self._one_of(
            slips,
            ("no_first_name", True),
            ("nickname", bool(short)),
            ("first_name_typo", len(first) >= SHORTEST),
            ("initial_only", len(first) > 1),
            ("middle_name_joined", bool(person.middle)),
        )
        match slip:
            case "no_first_name":
                return ""
            case "nickname":
                return short[int(self.chance.random() * len(short))]
            case "first_name_typo":
                return mistyped(first, self.chance)
            case "initial_only":
                return first[0]
            case "middle_name_joined":
                return _joined(first, person.middle, _JOINTS.one(self.chance))
        return first

    def _last_name(self, person: YoungPerson, slips: list[str]) -> str:
        last, halves = person.last, _halves(person.last)
        slip = self._one_of(
            slips,
            ("half_of_double_barrel", len(halves) == 2),
            ("surname_change", person.other_last != last),
            ("surname_typo", len(last) >= SHORTEST),
        )
        match slip:
            case "half_of_double_barrel":
                return halves[int(self.chance.random() * 2)]
            case "surname_change":
                return person.other_last
            case "surname_typo":
                return mistyped(last, self.chance)
        return last

    def _birthday(self, born: date, slips: list[str]) -> str:
        exchangeable = born.day <= 12 and born.day != born.month
        slip = self._one_of(
            slips,
            ("no_dob", True),
            ("day_month_exchanged", exchangeable),
            ("day_wrong", True),
            ("year_wrong", True),
        )
        match slip:
            case "no_dob":
                return ""
            case "day_month_exchanged":
                born = born.replace(month=born.day, day=born.month)
            case "day_wrong":
                born = self._another_day(born)
            case "year_wrong":
                born = self._another_year(born)
        return born.isoformat()

    def _another_day(self, born: date) -> date:
        """One day out, or any other day of the month."""
        days = monthrange(born.year, born.month)[1]
        day = born.day
        if self.chance.random() < _ONE_DAY_OUT:
            day += 1 if day == 1 or (day < days and self.chance.random() < 0.5) else -1
        else:
            day = 1 + (born.day + int(self.chance.random() * (days - 1))) % days
        return born.replace(day=day)

    def _another_year(self, born: date) -> date:
        """One year out, or two."""
        years = 1 if self.chance.random() < _ONE_YEAR_OUT else 2
        year = born.year + (years if self.chance.random() < 0.5 else -years)
        return born.replace(year=year, day=min(born.day, monthrange(year, born.month)[1]))

    def _former_postcode(self, person: YoungPerson, slips: list[str]) -> str:
        return self._kept("no_former_postcode", person.former_postcode, slips) if person.moved else ""

    def _pupil_number(self, person: YoungPerson, slips: list[str]) -> str:
        match self._one_of(slips, ("no_upn", True), ("temporary_upn", True)):
            case "no_upn":
                return ""
            case "temporary_upn":
                school = FIRST_SCHOOL + int(self.chance.random() * SCHOOLS)
                serial = int(self.chance.random() * 1_000)
                return temporary_upn(person.current_authority, school, person.dob.year + 11, serial)
        return person.upn

    def _learner_number(self, person: YoungPerson, slips: list[str]) -> str:
        match self._one_of(slips, ("no_uln", True), ("temporary_uln", True)):
            case "no_uln":
                return ""
            case "temporary_uln":
                return TEMPORARY_ULN
        return person.uln

    def _kept(self, slip: str, value: str, slips: list[str]) -> str:
        return "" if self._slips(slip, slips, can=True) else value

    def _slips(self, slip: str, slips: list[str], *, can: bool) -> bool:
        """Draw whether a slip of its own is made."""
        drawn = self.chance.random()
        if not can:
            return False
        self.possible[slip] += 1
        if drawn < self._rate[slip]:
            slips.append(slip)
            return True
        return False

    def _one_of(self, slips: list[str], *choices: tuple[str, bool]) -> str | None:
        """Draw at most one slip of those that can be made here, each as often as its rate says."""
        drawn, reached, found = self.chance.random(), 0.0, None
        for slip, can in choices:
            if can:
                self.possible[slip] += 1
                reached += self._rate[slip]
                if found is None and drawn < reached:
                    found = slip
        if found:
            slips.append(found)
        return found


@cache
def short_forms() -> dict[str, tuple[str, ...]]:
    """Read the makers' own table: a first name and what its bearer is called."""
    text = (files("adapters.synth") / "data" / SHORT_FORMS).read_text("utf-8")
    return {name: tuple(forms.split()) for name, forms in json.loads(text)["forms"].items()}


def _halves(name: str) -> list[str]:
    return name.replace("-", " ").split(" ")


def _joined(first: str, middle: str, joint: str) -> str:
    return first + joint + (middle if joint else middle.lower())


def _without_marks(name: str) -> str:
    if name.isascii():
        return name
    apart = unicodedata.normalize("NFKD", name.translate(_MARKLESS))
    return "".join(mark for mark in apart if not unicodedata.combining(mark))
