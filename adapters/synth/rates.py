"""How often each slip is made, and the reading of a rate that somebody gives instead.

A rate is the share of the rows in which the slip can be made: nobody without a short form is
written down under one. Slips of one field (two names, the birthday) exclude each other, so that
each is made as often as its rate says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final


class Side(StrEnum):
    """Who keeps the file: the office of before the move, or that of after it."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Rates:
    """From 0 to 1 each. The slips of names and birthdays are those of the published comparison."""

    nickname: float = 0.08
    first_name_typo: float = 0.04
    initial_only: float = 0.01
    middle_name_joined: float = 0.02
    surname_change: float = 0.03
    surname_typo: float = 0.04
    half_of_double_barrel: float = 0.30
    names_swapped: float = 0.01
    day_month_exchanged: float = 0.01
    day_wrong: float = 0.01
    year_wrong: float = 0.005
    no_dob: float = 0.005
    no_first_name: float = 0.002
    no_postcode: float = 0.03
    no_sex: float = 0.02
    no_upn: float = 0.25
    temporary_upn: float = 0.02
    no_uln: float = 0.35
    temporary_uln: float = 0.05
    marks_dropped: float = 0.5
    """Accents and the like left out, as many systems do."""
    no_former_postcode: float = 0.5
    """Of those who have moved, right.csv alone. An assumption, nobody publishes a share: a college's ILR
    must hold a postcode prior to enrolment (DfE, ILR specification, PostcodePrior), and forms for admission
    and housing ask for the previous address; not all do, and not all is answered."""


MOVED: Final = 0.6
"""Share of the people who have moved."""

EXCLUSIVE: Final = (
    ("no_first_name", "nickname", "first_name_typo", "initial_only", "middle_name_joined"),
    ("half_of_double_barrel", "surname_change", "surname_typo"),
    ("no_dob", "day_month_exchanged", "day_wrong", "year_wrong"),
    ("no_upn", "temporary_upn"),
    ("no_uln", "temporary_uln"),
)
"""Slips of one field, of which a row has at most one."""

NAMES: Final = tuple(one.name for one in fields(Rates))


class UnusableRate(ValueError):
    """A rate that is none; the text says which, and what would be one."""


def read_rates(given: Iterable[str]) -> Mapping[Side, Rates]:
    """Read `NAME=SHARE` for both files, `left.NAME=SHARE` or `right.NAME=SHARE` for one.

    Raises `UnusableRate` for an unknown name, for a share that is none, and where the slips of one
    field would be made in more rows than there are.
    """
    changes: dict[Side, dict[str, float]] = {side: {} for side in Side}
    for text in given:
        name, _, share = text.partition("=")
        sides, name = _sides(name.strip())
        for side in sides:
            changes[side][name] = _share(name, share)
    rates = {side: replace(Rates(), **changed) for side, changed in changes.items()}
    for one in rates.values():
        _check(one)
    return rates


def _sides(name: str) -> tuple[tuple[Side, ...], str]:
    first, dot, rest = name.partition(".")
    sides = (Side(first),) if dot and first in set(Side) else tuple(Side)
    name = rest if dot and first in set(Side) else name
    if name not in NAMES:
        raise UnusableRate(f"no slip is called {name!r}; there are {', '.join(NAMES)}")
    return sides, name


def _share(name: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise UnusableRate(f"the rate of {name} is to be a share from 0 to 1, as in {name}=0.05")
    return share


def _check(rates: Rates) -> None:
    for group in EXCLUSIVE:
        total = sum(getattr(rates, name) for name in group)
        if total > 1 + 1e-9:
            raise UnusableRate(f"{', '.join(group)}: together at most 1, these are {total:g}")
