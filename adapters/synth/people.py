"""One family after another, each with its young people of 13 to 25, as they really are.

Decides who exists: brothers and sisters under one name and roof, twins, schools, numbers, and who
has moved to another authority. What offices get wrong about them is `slips`'s. The same seed gives
the same people, whatever is written down of them. The shares below are round assumptions about
families, not counts.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from adapters.synth.names import Origin, stock
from adapters.synth.numbers import FIRST_SCHOOL, SCHOOLS, LearnerNumbers, PupilNumbers
from adapters.synth.places import Country, england

YOUNGEST, OLDEST = 13, 25

ON: Final = date(2026, 9, 1)
"""The day on which they have these ages, unless another is given."""

_SIZES: Final = (0.62, 0.91, 0.985, 1.0)
"""Shares of families with at most 1, 2, 3 and 4 births of young people of these ages."""

_TWIN_BIRTHS: Final = 0.015
_OWN_NAME: Final = 0.06
"""Of brothers and sisters with another last name than the first: half-brothers, stepchildren."""

_MOVES_ALONE: Final = 0.12
_STARTED_ELSEWHERE: Final = 0.2
"""Of those whose pupil number another authority gave."""

_SCHOOL_AGE: Final = 4
_GAP_DAYS: Final = 320
"""Between two births of one mother, at least."""


@dataclass(frozen=True, slots=True)
class YoungPerson:
    """Somebody invented. `former_...` is of before the move, `current_...` of today; alike without one.

    `other_last` is a name that he or she could come to bear or be entered under: the other parent's, a
    married one. Schools are DfE numbers, authority and establishment, of schools that do not exist.
    """

    household: int
    twin: bool
    origin: str
    first: str
    middle: str
    last: str
    other_last: str
    sex: str
    dob: date
    upn: str
    uln: str
    moved: bool
    former_authority: str
    former_postcode: str
    former_school: str
    current_authority: str
    current_postcode: str
    current_school: str


Household = tuple[YoungPerson, ...]


@dataclass(frozen=True, slots=True)
class _Home:
    authority: str
    postcode: str


@dataclass(slots=True)
class _Families:
    """What is drawn from, and the numbers given so far."""

    chance: Random
    moved_share: float
    first_day: int
    last_day: int
    country: Country = field(default_factory=england)
    pupils: PupilNumbers = field(default_factory=PupilNumbers)
    learners: LearnerNumbers = field(default_factory=lambda: LearnerNumbers(0))

    def household(self, number: int) -> Household:
        chance = self.chance
        origin = stock().origin(chance)
        family, other = origin.family_name(chance), origin.family_name(chance)
        former = self._home(self.country.home(chance))
        current = self._moved_from(former) if chance.random() < self.moved_share else former
        taken: set[str] = set()
        people: list[YoungPerson] = []
        for day, twin in self._births():
            name = other if people and chance.random() < _OWN_NAME else family
            goal = self._alone(former) if people and chance.random() < _MOVES_ALONE else current
            born = date.fromordinal(day)
            people.append(self._person(number, origin, (name, other), born, twin, (former, goal), taken))
        return tuple(people)

    def _births(self) -> Iterator[tuple[int, bool]]:
        """The days of birth in the window, each with whether it is a twin's."""
        days: list[int] = []
        for _ in range(bisect(_SIZES, self.chance.random()) + 1):
            day = self.first_day + int(self.chance.random() * (self.last_day - self.first_day + 1))
            if any(abs(day - other) < _GAP_DAYS for other in days):
                continue
            days.append(day)
            twins = self.chance.random() < _TWIN_BIRTHS
            yield day, twins
            if twins:
                yield day, True

    def _person(
        self,
        number: int,
        origin: Origin,
        names: tuple[str, str],
        born: date,
        twin: bool,
        homes: tuple[_Home, _Home],
        taken: set[str],
    ) -> YoungPerson:
        chance = self.chance
        sex = "F" if chance.random() < 0.49 else "M"
        first = self._untaken(origin, sex, taken)
        last, other = (origin.last_name(name, sex, chance) for name in names)
        former, current = homes
        started = self.country.home(chance) if chance.random() < _STARTED_ELSEWHERE else former.authority
        school = self._secondary_school(former)
        moved = former is not current
        return YoungPerson(
            household=number,
            twin=twin,
            origin=origin.name,
            first=first,
            middle=stock().middle_name(origin, sex, chance),
            last=last,
            other_last=other,
            sex=sex,
            dob=born,
            upn=self.pupils.next(started, self._establishment(), born.year + _SCHOOL_AGE),
            uln=self.learners.next(),
            moved=moved,
            former_authority=former.authority,
            former_postcode=former.postcode,
            former_school=school,
            current_authority=current.authority,
            current_postcode=current.postcode,
            current_school=self._secondary_school(current) if moved else school,
        )

    def _untaken(self, origin: Origin, sex: str, taken: set[str]) -> str:
        """A first name that no brother or sister has."""
        while True:
            name = stock().first_name(origin, sex, self.chance)
            if name not in taken:
                taken.add(name)
                return name

    def _home(self, authority: str) -> _Home:
        return _Home(authority, self.country.postcode(authority, self.chance))

    def _moved_from(self, former: _Home) -> _Home:
        return self._home(self.country.goal(former.authority, self.chance))

    def _alone(self, former: _Home) -> _Home:
        """Where somebody goes, or stays, whatever the family does."""
        return self._moved_from(former) if self.chance.random() < self.moved_share else former

    def _establishment(self) -> int:
        return FIRST_SCHOOL + int(self.chance.random() * SCHOOLS)

    def _secondary_school(self, home: _Home) -> str:
        return f"{home.authority}{self._establishment() + SCHOOLS}"


def births_of(on: date) -> tuple[date, date]:
    """Give the first and the last birthday of those who are 13 to 25 years old on a day."""
    return _years_before(on, OLDEST + 1) + timedelta(days=1), _years_before(on, YOUNGEST)


def households(chance: Random, moved_share: float, on: date = ON) -> Iterator[Household]:
    """Give families without end. On that day everybody in them is 13 to 25 years old."""
    first, last = births_of(on)
    families = _Families(chance, moved_share, first.toordinal(), last.toordinal())
    number = 0
    while True:
        number += 1
        yield families.household(number)


def _years_before(day: date, years: int) -> date:
    """The same day that many years earlier; 28 February for a leap day that is none."""
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year - years)
