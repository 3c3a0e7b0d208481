"""A cell is read as its column needs it, or refused in words that do not quote it."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cells import (
    CELL_CHARACTERS,
    Cell,
    UnreadableCell,
    read_day,
    read_known,
    read_parts,
    read_text,
    read_yes_no,
)
from adapters.move import FURTHER_PARTS, PARTS

NOVEMBER = date(2008, 11, 12)


@pytest.mark.parametrize(
    "cell",
    [
        "12/11/2008",
        " 12/11/2008 ",
        "12.11.2008",
        "12-11-2008",
        "12/11/08",
        "2008-11-12",
        "2008/11/12",
        "20081112",
        20081112,
        "12 November 2008",
        "12 Nov 2008",
        "12-nov-08",
        "12th November, 2008",
        "12/11/2008 00:00",
        "2008-11-12T00:00:00",
        "2008-11-12 00:00:00.000",
        39764,
        39764.0,
        "39764",
        date(2008, 11, 12),
        datetime(2008, 11, 12, 9, 30),  # noqa: DTZ001 - workbooks know no zones
    ],
)
def test_a_day_is_read_in_every_form_that_files_use(cell: Cell) -> None:
    """Days first, ISO, month names, serial numbers and workbook dates are one day."""
    assert read_day(cell) == NOVEMBER


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("11/25/2008", "date-unreadable"),
        ("31/02/2009", "date-unreadable"),
        ("2008", "date-unreadable"),
        ("12 Foo 2008", "date-unreadable"),
        ("soon", "date-unreadable"),
        (17, "date-unreadable"),
        ("18:30", "date-unreadable"),
        ("12/11/1008", "date-out-of-range"),
        (date(1799, 1, 1), "date-out-of-range"),
        ("=DATE(2008,11,12)", "date-formula"),
        ("#REF!", "cell-error"),
        (9_999_999_999, "date-unreadable"),
        (float("inf"), "date-unreadable"),
        (float("nan"), "date-unreadable"),
    ],
)
def test_what_is_no_day_is_refused_and_not_quoted(cell: Cell, code: str) -> None:
    """A month in front, an impossible day or a formula is refused by a stable code."""
    with pytest.raises(UnreadableCell) as refused:
        read_day(cell)
    assert refused.value.code == code
    assert str(cell) not in refused.value.reason


@pytest.mark.parametrize("cell", [None, "", "  ", "-", "n/a", "Not known"])
def test_a_blank_day_is_no_day(cell: Cell) -> None:
    """Blank, or a word for it, is None and no problem."""
    assert read_day(cell) is None


@given(st.dates(date(1930, 1, 1), date(2069, 12, 31)))
def test_every_day_reads_back_from_every_form(day: date) -> None:
    """Day first, ISO and serial number give the day that was written."""
    serial = (day - date(1899, 12, 30)).days
    for written in (day.strftime("%d/%m/%Y"), day.isoformat(), day.strftime("%d %B %Y"), serial):
        assert read_day(written) == day


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.dates()))
def test_any_cell_is_read_or_refused_and_nothing_else(cell: Cell) -> None:
    """No value of a file, however strange, makes reading fail in another way."""
    for read in (read_text, read_known, read_day, read_yes_no, partial(read_parts, yes=None)):
        with suppress(UnreadableCell):
            read(cell)


def test_text_is_trimmed_to_one_line() -> None:
    """Line ends, no-break spaces and marks that nobody sees do not make another name."""
    assert read_text("  Anne\u00a0\n Marie\u200b ") == "Anne Marie"
    assert read_text("\ufeffAsha") == "Asha"
    assert read_text(1000000051.0) == "1000000051"
    assert read_text(cell=True) == "yes"
    assert read_text(datetime(2008, 11, 12)) == "2008-11-12"  # noqa: DTZ001 - workbooks know no zones


def test_names_that_look_like_nothing_stay_names() -> None:
    """Null and Na are family names; only columns that are not names take them for nothing."""
    assert read_text("Null") == "Null"
    assert read_known("Null") is None
    assert read_known("Na") is None


def test_a_formula_is_the_text_that_it_is() -> None:
    """Nothing is evaluated, nothing is removed."""
    assert read_text('=HYPERLINK("https://example.org")') == '=HYPERLINK("https://example.org")'


@pytest.mark.parametrize(
    ("cell", "code"),
    [("#N/A", "cell-error"), ("M\ufffdller", "letters-lost"), ("A\x07", "cell-control")],
)
def test_spoilt_text_is_refused(cell: str, code: str) -> None:
    """A spreadsheet error, a lost letter and a control character are named."""
    with pytest.raises(UnreadableCell) as refused:
        read_text(cell)
    assert refused.value.code == code


def test_a_cell_of_any_length_up_to_the_limit_is_read() -> None:
    """One character more than the limit is refused."""
    assert read_text("x" * CELL_CHARACTERS) == "x" * CELL_CHARACTERS
    with pytest.raises(UnreadableCell, match=str(CELL_CHARACTERS)):
        read_text("x" * (CELL_CHARACTERS + 1))


@pytest.mark.parametrize(
    ("cell", "says"), [("Y", True), ("yes", True), (True, True), (1, True), ("N", False), ("", False)]
)
def test_yes_and_no_are_read(cell: Cell, says: bool) -> None:
    """The usual words for yes and no."""
    assert read_yes_no(cell) is says
    assert read_yes_no(cell, protects=True) is says


def test_a_mark_that_protects_is_never_guessed() -> None:
    """Where it protects somebody, "unknown" does not pass for no, and no odd word is either."""
    assert read_yes_no("unknown") is False
    with pytest.raises(UnreadableCell):
        read_yes_no("unknown", protects=True)
    with pytest.raises(UnreadableCell):
        read_yes_no("ask Sam")


def test_parts_are_named_or_meant_by_yes() -> None:
    """A list of parts in any of the usual separators, or a plain yes where that has a meaning."""
    assert read_parts("Participation; contact", yes=FURTHER_PARTS) == {"participation", "contact"}
    assert read_parts("equality health|send", yes=None) == {"equality_health", "send"}
    assert read_parts("Y", yes=FURTHER_PARTS) == FURTHER_PARTS
    assert read_parts("no", yes=FURTHER_PARTS) == frozenset()
    assert read_parts(None, yes=None) == frozenset()


@pytest.mark.parametrize("cell", ["everything", "contact; shoe size", ";", "yes"])
def test_a_wish_that_cannot_be_understood_is_refused(cell: str) -> None:
    """An unknown part, or a yes that says nothing of what, is not taken for no wish."""
    with pytest.raises(UnreadableCell, match="write N, or the parts"):
        read_parts(cell, yes=None)


def test_an_instruction_leaves_names_and_addresses_free() -> None:
    """The further parts are all but those that flow under the Act."""
    assert set(PARTS) - FURTHER_PARTS == {"identity", "address", "parent"}


def test_serial_days_count_as_spreadsheets_do() -> None:
    """Day 39764 is 12 November 2008 in every spreadsheet."""
    assert date(1899, 12, 30) + timedelta(days=39764) == NOVEMBER
