"""Until when an activity counts as known: the currency rules of the NCCIS return, one file a year.

A lapsed activity counts as not known, so that somebody who moved and is due to lapse comes first.
Where a record states its lapse date, that counts; else the rule of the activity's code is used, on
the day on which the activity was last verified. A file `activities-YYYY.csv` holds from 1 September
of its year until there is a newer one. The rules of 2019 were inferred from the published behaviour
of a checker: the department's text was not seen. No rule here decides what is sent.
"""

import csv
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from adapters.move import Move

WARNING_DAYS: Final = 28
"""Days before its lapse on which an activity is said to be due."""

AFTER_REVIEW: Final = timedelta(days=28)
"""What custody, gap years and temporary work have after their review."""

_YEAR_BEGINS: Final = 9
_MONTHS: Final = re.compile(r"(\d{1,2})m")
_FILE: Final = re.compile(r"activities-(20\d\d)\.csv")
_DATA: Final = files("adapters") / "data"


class Standing(StrEnum):
    """What an activity is worth on a day."""

    CURRENT = "current"
    DUE_TO_LAPSE = "due_to_lapse"
    LAPSED = "lapsed"
    DOES_NOT_LAPSE = "does_not_lapse"
    """NEET, not known, or no activity at all."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity code: its label, its group, when it lapses, and whether its end caps that."""

    code: str
    label: str
    group: str
    lapses: str
    capped: bool


def activity(code: str, on: date) -> Activity | None:
    """Give what an activity code means on a day; None for a code that the year does not know."""
    return activities(_rules_of(academic_year(on))).get(code)


def academic_year(on: date) -> int:
    """Give the year in which the academic year of a day begins: on 1 September."""
    return on.year if on.month >= _YEAR_BEGINS else on.year - 1


def lapse_day(move: Move, on: date) -> date | None:
    """Give the day from which the activity of a record counts as not known; None where it never does."""
    if move.due_to_lapse is not None:
        return move.due_to_lapse
    known_on = move.verified or move.ascertained or move.start
    found = None if move.activity is None else activity(move.activity, on)
    if found is None or known_on is None:
        return None
    day = _by_rule(found.lapses, known_on, move.review)
    if day is not None and found.capped and move.predicted_end is not None:
        return min(day, move.predicted_end)
    return day


def standing(move: Move, on: date, within: int = WARNING_DAYS) -> Standing:
    """Say what the activity of a record is worth on a day, and whether it lapses within so many days."""
    day = lapse_day(move, on)
    if move.lapsed or (day is not None and day < on):
        return Standing.LAPSED
    if day is None:
        return Standing.DOES_NOT_LAPSE
    return Standing.DUE_TO_LAPSE if day <= on + timedelta(days=within) else Standing.CURRENT


def _by_rule(lapses: str, known_on: date, review: date | None) -> date | None:
    if months := _MONTHS.fullmatch(lapses):
        return _months_after(known_on, int(months[1]))
    if lapses == "year_end":
        return date(academic_year(known_on) + 1, 8, 31)
    if lapses == "review+28d":
        return None if review is None else review + AFTER_REVIEW
    return None


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or the last one of it."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def _years() -> tuple[int, ...]:
    named = (_FILE.fullmatch(one.name) for one in _DATA.iterdir())
    return tuple(sorted(int(name[1]) for name in named if name is not None))


def _rules_of(year: int) -> int:
    """The year of the newest rules that hold in an academic year; the oldest for years before them."""
    return max((one for one in _years() if one <= year), default=_years()[0])


@cache
def activities(year: int) -> dict[str, Activity]:
    """Give the activity codes by the rules of one year's file."""
    with (_DATA / f"activities-{year}.csv").open(encoding="utf-8") as text:
        return {
            row["code"]: Activity(
                row["code"],
                row["label"],
                row["group"],
                row["lapses"],
                row["capped_by_predicted_end"] == "1",
            )
            for row in csv.DictReader(text)
        }
