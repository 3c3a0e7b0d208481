"""Pupil and learner numbers with valid check characters, none given twice.

Pupil numbers are of establishments 9000 and above, which no school has; learner numbers are of
the lowest tenth of their range, far apart as real ones are. Rules: DfE, Unique Pupil Number 2.0;
DC-ILR validation service, DerivedData_01.
"""

from collections import defaultdict
from operator import mul
from typing import Final

UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Check letters of a pupil number, by the remainder of 23; serial letters of a temporary one."""

TEMPORARY_ULN: Final = "9999999999"

FIRST_SCHOOL: Final = 9_000
SCHOOLS: Final = 60
"""Invented establishments of an authority: primary schools, then as many secondary ones."""

_SERIALS: Final = 1_000
_LOWEST: Final = 100_000_000
_RANGE: Final = 99_999_989
"""A prime, so that steps of any size meet every number once."""

_STEP: Final = 61_803_397


def upn(authority: str, establishment: int, year: int, serial: int) -> str:
    """Give a permanent pupil number: weights 2 to 13, remainder of 23."""
    return _checked(f"{authority}{establishment:04}{year % 100:02}{serial:03}")


def temporary_upn(authority: str, establishment: int, year: int, serial: int) -> str:
    """Give a temporary pupil number, whose last character is a letter; two pupils may have the same."""
    letter = UPN_LETTERS[serial // 100 % len(UPN_LETTERS)]
    return _checked(f"{authority}{establishment:04}{year % 100:02}{serial % 100:02}{letter}")


def uln(serial: int) -> str | None:
    """Give a learner number with its check digit, None where a serial has none (remainder 0)."""
    digits = str(_LOWEST + serial % _RANGE)
    remainder = sum(map(mul, map(int, digits), range(10, 1, -1))) % 11
    return f"{digits}{10 - remainder}" if remainder else None


class PupilNumbers:
    """Gives pupil numbers as schools do: the next serial of the school and year."""

    def __init__(self) -> None:
        self._given: defaultdict[tuple[str, int, int], int] = defaultdict(int)

    def next(self, authority: str, establishment: int, year: int) -> str:
        """Give the next number; a school that has given all of a year's hands over to the school after it."""
        while self._given[authority, establishment, year] == _SERIALS:
            establishment += 1
        serial = self._given[authority, establishment, year]
        self._given[authority, establishment, year] += 1
        return upn(authority, establishment, year, serial)


class LearnerNumbers:
    """Gives learner numbers in an order in which neighbours are unlike."""

    def __init__(self, start: int) -> None:
        self._serial = start

    def next(self) -> str:
        """Give the next number that has a check digit."""
        while True:
            self._serial = (self._serial + _STEP) % _RANGE
            number = uln(self._serial)
            if number is not None:
                return number


def _checked(characters: str) -> str:
    values = (*map(int, characters[:-1]), _value(characters[-1]))
    total = sum(map(mul, values, range(2, 14)))
    return UPN_LETTERS[total % len(UPN_LETTERS)] + characters


def _value(character: str) -> int:
    return int(character) if character.isdigit() else UPN_LETTERS.index(character)
