"""An activity that was not verified for long enough counts as not known."""

from dataclasses import replace
from datetime import date

import pytest

from adapters.currency import Standing, academic_year, activities, activity, lapse_day, standing
from adapters.move import Move

VERIFIED = date(2026, 10, 12)
ASHA = Move("row 2", "Asha", "Sample", date(2009, 10, 4), activity="230", verified=VERIFIED)
TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("230", date(2027, 8, 31)),
        ("110", date(2027, 8, 31)),
        ("310", date(2027, 10, 12)),
        ("330", date(2027, 4, 12)),
        ("450", date(2027, 4, 12)),
        ("530", date(2027, 1, 12)),
        ("619", None),
        ("810", None),
        ("260", None),
        ("999", None),
        (None, None),
    ],
)
def test_an_activity_lapses_by_its_kind(code: str | None, day: date | None) -> None:
    """Education at the end of its year, work after six months, apprenticeships after twelve."""
    assert lapse_day(replace(ASHA, activity=code), TODAY) == day


def test_a_review_gives_some_weeks_more() -> None:
    """Gap years, custody and temporary work: 28 days after the review."""
    assert lapse_day(replace(ASHA, activity="350", review=date(2026, 12, 1)), TODAY) == date(2026, 12, 29)


def test_nothing_is_current_after_its_predicted_end() -> None:
    """Where the kind is capped; an apprenticeship is not."""
    short = replace(ASHA, predicted_end=date(2027, 7, 16))
    assert lapse_day(short, TODAY) == date(2027, 7, 16)
    assert lapse_day(replace(short, activity="310"), TODAY) == date(2027, 10, 12)


def test_what_the_record_states_counts() -> None:
    """The tracker's own lapse date, and its flag."""
    stated = replace(ASHA, due_to_lapse=date(2026, 12, 24))
    assert lapse_day(stated, TODAY) == date(2026, 12, 24)
    assert standing(replace(ASHA, lapsed=True), TODAY) is Standing.LAPSED


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (date(2027, 8, 2), Standing.CURRENT),
        (date(2027, 8, 3), Standing.DUE_TO_LAPSE),
        (date(2027, 8, 31), Standing.DUE_TO_LAPSE),
        (date(2027, 9, 1), Standing.LAPSED),
    ],
)
def test_what_lapses_within_four_weeks_is_due(on: date, found: Standing) -> None:
    """The last day still counts."""
    assert standing(ASHA, on) is found


def test_what_never_lapses_is_said_to_be_so() -> None:
    """NEET and not known are states that somebody is to change."""
    assert standing(replace(ASHA, activity="619"), TODAY) is Standing.DOES_NOT_LAPSE
    assert standing(replace(ASHA, verified=None), TODAY) is Standing.DOES_NOT_LAPSE


def test_six_months_after_a_long_month_are_the_last_day_of_a_short_one() -> None:
    """31 August and six months are 28 February."""
    assert lapse_day(replace(ASHA, activity="330", verified=date(2026, 8, 31)), TODAY) == date(2027, 2, 28)


def test_an_academic_year_begins_in_september() -> None:
    """On its first day."""
    assert [academic_year(day) for day in (date(2026, 8, 31), date(2026, 9, 1))] == [2025, 2026]


def test_a_code_is_looked_up_in_the_rules_of_its_year() -> None:
    """The rules of 2019 hold until there are newer ones, and for the years before them."""
    found = activity("310", TODAY)
    assert found == activities(2019)["310"] == activity("310", date(2015, 9, 1))
    assert found is not None
    assert (found.label, len(activities(2019))) == ("Apprenticeship", 46)
    assert activity("999", TODAY) is None
