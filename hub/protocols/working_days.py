"""Working days in England and Wales: what a deadline in law or in an agreement counts.

A working day is neither a Saturday or Sunday nor a bank holiday (Banking and Financial Dealings
Act 1971, and Christmas Day and Good Friday by common law). The table is dated: it says for which
years it is complete. Outside them Monday to Friday are counted, so that a clock may run out a day
early and never late.

The days: gov.uk, bank holidays of England and Wales. Contains public sector information licensed
under the Open Government Licence v3.0.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

SATURDAY: Final = 5

COMPLETE: Final = range(2025, 2029)
"""The years of which every bank holiday is in the table, as far as proclaimed by November 2026."""

BANK_HOLIDAYS: Final = frozenset(
    date.fromisoformat(day)
    for day in (
        *("2025-01-01", "2025-04-18", "2025-04-21", "2025-05-05"),
        *("2025-05-26", "2025-08-25", "2025-12-25", "2025-12-26"),
        *("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04"),
        *("2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28"),
        *("2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03"),
        *("2027-05-31", "2027-08-30", "2027-12-27", "2027-12-28"),
        *("2028-01-03", "2028-04-14", "2028-04-17", "2028-05-01"),
        *("2028-05-29", "2028-08-28", "2028-12-25", "2028-12-26"),
    )
)
"""New Year, Good Friday, Easter Monday, early May, spring, summer, Christmas, Boxing Day, or substitutes."""


def is_working_day(day: date) -> bool:
    """Whether a day counts."""
    return day.weekday() < SATURDAY and day not in BANK_HOLIDAYS


def after_working_days(start: datetime, days: int) -> datetime:
    """The end, in UTC, of the working day that is so many after `start`, whose own day does not count."""
    day = start.astimezone(UTC).date()
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return datetime.combine(day + timedelta(days=1), time(), UTC)
