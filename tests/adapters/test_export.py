"""No exported cell can act in the spreadsheet that opens it."""

import csv
import io
import itertools
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.export import neutral, write_csv, write_xlsx

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the look-alikes are the point


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+44 7700 900123", "'+44 7700 900123"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'\t=1+1"),
        ("\tAsha", "'\tAsha"),
        ("  =1+1", "'  =1+1"),
        ("\N{FULLWIDTH EQUALS SIGN}1+1", "'\N{FULLWIDTH EQUALS SIGN}1+1"),
        ("O'Brien", "O'Brien"),
        ("Anne-Marie", "Anne-Marie"),
        ("", ""),
    ],
)
def test_a_text_that_would_act_gets_an_apostrophe(text: str, written: str) -> None:
    """Names with signs inside them stay as they are."""
    assert neutral(text) == written


def test_numbers_and_days_are_what_they_are() -> None:
    """A negative number is no formula, a day is written as councils write it."""
    assert [neutral(value) for value in (-5, 1.5, True, None, date(2009, 10, 4))] == [
        "-5",
        "1.5",
        "True",
        "",
        "04/10/2009",
    ]


def test_a_table_is_written_with_every_cell_quoted() -> None:
    """So that no separator, of this country or another, splits a cell open."""
    stream = io.StringIO(newline="")
    assert write_csv([("Forename", "Notes"), ("=cmd", 'a;=b,"c"')], stream) == 2
    assert stream.getvalue() == '"Forename","Notes"\r\n"\'=cmd","a;=b,""c"""\r\n'


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=5))
def test_no_cell_of_any_table_begins_a_formula(rows: list[list[str]]) -> None:
    """Read back, every cell is the text or the text behind an apostrophe, and none can act."""
    stream = io.StringIO(newline="")
    write_csv(rows, stream)
    read = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert len(read) == len(rows)
    pairs = zip(itertools.chain.from_iterable(rows), itertools.chain.from_iterable(read), strict=True)
    for text, cell in pairs:
        assert cell in {text, f"'{text}"}
        assert not cell.lstrip(" ").startswith(FORMULA_STARTS)


def test_a_workbook_holds_texts_that_cannot_act() -> None:
    """A formula that came from a stranger is a text with an apostrophe, and so is what looks like one."""
    data = write_xlsx([("Forename", "DOB"), ("=1+1", date(2009, 10, 4)), ("A\x07sha", None)])
    (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
    assert cells[1] == [("'=1+1", "s"), ("04/10/2009", "s")]
    assert cells[2][0] == ("A sha", "s")
    assert "f" not in {kind for row in cells for _, kind in row}
