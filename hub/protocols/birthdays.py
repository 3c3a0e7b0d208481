"""Dates of birth that say nothing, and the parts of those that do.

Decides which birthdays may be hashed. 1 January stands for "the day is not known" in every
register that must have a day; a spreadsheet's empty cell becomes one of its zero days. Such a
spike would join strangers and is what frequency attacks start from: the day counts as missing.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

ZERO_DAYS: Final = frozenset({date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1970, 1, 1)})
"""What an empty cell becomes in the day counts of spreadsheets and of Unix: not even the year is true."""


@dataclass(frozen=True, slots=True)
class Birthday:
    """A birthday's parts as text, "" where not known; `exchanged` has day and month the other way."""

    whole: str = ""
    year: str = ""
    year_month: str = ""
    year_day: str = ""
    month_day: str = ""
    exchanged: str = ""


def read_birthday(dob: date | None) -> Birthday:
    """Return what of a date of birth may be hashed: all of it, the year of a 1 January, nothing."""
    if dob is None or dob in ZERO_DAYS:
        return Birthday()
    year, month, day = f"{dob.year:04}", f"{dob.month:02}", f"{dob.day:02}"
    if (dob.month, dob.day) == (1, 1):
        return Birthday(year=year)
    return Birthday(
        whole=year + month + day,
        year=year,
        year_month=year + month,
        year_day=f"{year}-{day}",
        month_day=month + day,
        exchanged=year + day + month if day != month else "",
    )
