"""Deadlines count working days, and a bank holiday is none."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hub.protocols.names import NoticeType
from hub.protocols.notice_types import TYPES
from hub.protocols.working_days import BANK_HOLIDAYS, COMPLETE, after_working_days, is_working_day


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        ("2026-11-20T23:00", 1, "2026-11-23"),
        ("2026-11-21T09:00", 1, "2026-11-23"),
        ("2026-11-23T09:00", 5, "2026-11-30"),
        ("2026-12-24T09:00", 1, "2026-12-29"),
        ("2026-12-23T09:00", 3, "2026-12-30"),
        ("2026-12-31T09:00", 1, "2027-01-04"),
        ("2027-03-25T09:00", 1, "2027-03-30"),
        ("2027-12-24T09:00", 1, "2027-12-29"),
        ("2026-05-22T09:00", 1, "2026-05-26"),
    ],
)
def test_the_last_day_counts_to_its_end(start: str, days: int, last: str) -> None:
    """From the next working day on; over Christmas with its substitute days, New Year, Easter, Whitsun."""
    ends = datetime.combine(date.fromisoformat(last) + timedelta(days=1), datetime.min.time(), UTC)
    assert after_working_days(datetime.fromisoformat(start).replace(tzinfo=UTC), days) == ends


def test_a_plan_that_moves_before_easter_has_its_fifteen_days() -> None:
    """SEND Regulations 2014 reg. 15: fifteen working days, which Good Friday and Easter Monday are not."""
    days = TYPES[NoticeType.EHCP_MOVE].working_days
    assert days == 15
    assert after_working_days(datetime(2027, 3, 19, 9, tzinfo=UTC), days) == datetime(2027, 4, 14, tzinfo=UTC)


def easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian algorithm: a second way to Good Friday."""
    a, b, c = year % 19, year // 100, year % 100
    g = (8 * b + 13) // 25
    h = (19 * a + b - b // 4 - g + 15) % 30
    m = (a + 11 * h) // 319
    r = (2 * (b % 4) + 2 * (c // 4) - c % 4 - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


def test_the_table_is_whole_for_its_years() -> None:
    """Eight days a year, none of them on a weekend, Good Friday and Easter Monday where Easter puts them."""
    for year in COMPLETE:
        days = {day for day in BANK_HOLIDAYS if day.year == year}
        assert len(days) == 8
        assert all(day.weekday() < 5 for day in days)
        assert {easter(year) - timedelta(days=2), easter(year) + timedelta(days=1)} < days
    assert {day.year for day in BANK_HOLIDAYS} == set(COMPLETE)


def test_beyond_the_table_a_clock_may_run_out_early_and_never_late() -> None:
    """Christmas Day counts there like any Monday to Friday: people look a day too soon."""
    assert is_working_day(date(2029, 12, 25))
    assert not is_working_day(date(2029, 12, 29))
