"""A birthday that says nothing is not hashed."""

from datetime import date

import pytest

from hub.protocols.birthdays import ZERO_DAYS, Birthday, read_birthday


def test_a_birthday_has_its_parts() -> None:
    """Whole, in its parts, and with day and month the other way."""
    assert read_birthday(date(2008, 3, 14)) == Birthday(
        "20080314", "2008", "200803", "2008-14", "0314", "20081403"
    )


def test_day_and_month_alike_are_not_exchanged() -> None:
    """Two equal tokens in one record would tell that day and month are the same."""
    assert read_birthday(date(2008, 5, 5)).exchanged == ""


def test_first_of_january_keeps_its_year_alone() -> None:
    """It stands for "the day is not known" wherever a day must be entered."""
    assert read_birthday(date(2008, 1, 1)) == Birthday(year="2008")


@pytest.mark.parametrize("dob", [None, *sorted(ZERO_DAYS)])
def test_an_empty_cell_in_disguise_says_nothing(dob: date | None) -> None:
    """What a spreadsheet makes of an empty cell has not even a year."""
    assert read_birthday(dob) == Birthday()
