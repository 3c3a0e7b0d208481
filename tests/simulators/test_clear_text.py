"""`tests.simulators.clear_text`: the search that I1 is held to finds what is there, and nothing else."""

from datetime import date

import pytest

from tests.simulators.clear_text import dates, facts_in

BIRTHDAY = frozenset(dates(date(2010, 7, 29)))


@pytest.mark.parametrize(
    "text",
    [
        b'{"dob":"2010-07-29"}',
        b"born 29/07/2010",
        b"at 2026-11-22T09:00:00Z: 29 July 2010",
        b"2010-07-29T00:00:00Z",
        b"29 07 2010 11:12:13.5",
    ],
)
def test_a_birthday_is_found_in_every_form(text: bytes) -> None:
    """Also as a date of an instant, and beside one."""
    assert {*facts_in(text, BIRTHDAY)} != set()


@pytest.mark.parametrize("text", [b'"2026-11-22T07:29:20.101Z"', b"2026-11-22 07:29:20.1012"])
def test_the_time_of_day_of_an_entry_is_nobodys_birthday(text: bytes) -> None:
    """Else the search would fail by the clock, some milliseconds on some days."""
    assert {*facts_in(text, BIRTHDAY)} == set()
