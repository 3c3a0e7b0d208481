"""CSV as trackers write it: read as a stream, good rows kept, bad ones named."""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import rows
from adapters.columns import guess_mapping
from adapters.csv_file import LINE_CHARACTERS, read_headers, read_moves
from adapters.move import Move, Problem, UnusableFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SAMPLES = Path(__file__).parents[1] / "data"
HEADER = "Forename,Surname,DOB,Postcode"
ASHA = "Asha,Sample,04/10/2009,ME14 1XQ"
BEN = "Ben,Sample,18/02/2009,ME4 4TR"


def read(data: bytes | str, notice_type: str = "moved_out") -> list[Move | Problem]:
    """Read a whole file with the mapping that is guessed from its headers."""
    source = data.encode() if isinstance(data, str) else data
    mapping = guess_mapping(read_headers(io.BytesIO(source)), notice_type)
    return list(read_moves(io.BytesIO(source), mapping))


def names(found: list[Move | Problem]) -> list[str]:
    """Give the given names of the moves."""
    return [move.given for move in found if isinstance(move, Move)]


def codes(found: list[Move | Problem]) -> list[tuple[str, str]]:
    """Give place and code of the problems."""
    return [(problem.place, problem.code) for problem in found if isinstance(problem, Problem)]


def refusal(data: bytes | str) -> str:
    """Give the code by which a file as a whole is refused."""
    with pytest.raises(UnusableFile) as refused:
        read(data)
    return refused.value.problem.code


@pytest.mark.parametrize(
    ("sample", "people"),
    [("education_starters_leavers.csv", ["Farah", "Gwen"]), ("training_starters_leavers.csv", ["Hal"])],
)
def test_the_one_iyss_samples_are_read(sample: str, people: list[str]) -> None:
    """Both import templates go from file to moves without a word of set-up."""
    path = SAMPLES / sample
    found = list(read_moves(path, guess_mapping(read_headers(path), "cross_border_enrolment")))
    assert names(found) == people
    assert codes(found) == []


def test_places_are_the_rows_that_a_spreadsheet_shows() -> None:
    """The header is row 1, blank rows count, and a cell of several lines is in one row."""
    found = read(f'{HEADER}\r\n{ASHA}\r\n\r\n"Anne\r\nMarie",Sample,04/10/2009,ME14 1XQ\r\n{BEN}\r\n')
    assert [(move.place, move.given) for move in found if isinstance(move, Move)] == [
        ("row 2", "Asha"),
        ("row 4", "Anne Marie"),
        ("row 5", "Ben"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be"])
def test_letters_arrive_in_every_encoding(encoding: str) -> None:
    """Byte order mark or none, UTF-8, Windows-1252 and what Excel calls Unicode text."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = f"{mark}{HEADER}\r\nZoë,Muñoz,04/10/2009,ME14 1XQ\r\n{ASHA}\r\n"
    assert names(read(text.encode(encoding))) == ["Zoë", "Asha"]


def test_lost_letters_cost_their_row_alone() -> None:
    """A byte that is no letter in any encoding is said, and the next row is read."""
    found = read(f"{HEADER}\n".encode() + b"Jo\x81\xff,Sample,04/10/2009,ME14 1XQ\n" + f"{ASHA}\n".encode())
    assert (codes(found), names(found)) == ([("row 2", "letters-lost")], ["Asha"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_delimiter_and_line_end_is_found(delimiter: str, line_end: str) -> None:
    """Commas, semicolons, tabs and bars; lines of Unix, Windows and old Macs."""
    text = line_end.join([HEADER, ASHA, BEN, ""]).replace(",", delimiter)
    assert names(read(text)) == ["Asha", "Ben"]


def test_a_title_above_the_headers_is_passed_over() -> None:
    """The header row is the one whose words are known."""
    found = read(f"Leavers, October\n\nFor: the tracking team\n{HEADER}\n{ASHA}\n")
    assert [move.place for move in found if isinstance(move, Move)] == ["row 5"]


def test_a_bad_row_is_named_and_the_good_ones_go_on() -> None:
    """Row, column and reason; nothing of the cell."""
    found = read(f"{HEADER}\n{ASHA}\nBen,Sample,1902/2009,ME4 4TR\nCara,,18/02/2009,ME4 4TR\n{BEN}\n")
    assert names(found) == ["Asha", "Ben"]
    assert codes(found) == [("row 3", "date-unreadable"), ("row 4", "name-missing")]
    assert "1902" not in str(found)


def test_a_quote_that_never_closes_costs_its_row_alone() -> None:
    """The rows after it are read again as if it had not been opened."""
    many = "\n".join([ASHA] * 30)
    found = read(f'{HEADER}\n{BEN}\n"Cara,Sample,18/02/2009,ME4 4TR\n{many}\n')
    assert codes(found) == [("row 3", "quotes-open")]
    assert names(found) == ["Ben"] + ["Asha"] * 30


def test_two_open_quotes_in_a_row_cost_two_rows() -> None:
    """What was read ahead is read again in its order."""
    found = read(
        f'{HEADER}\n"Cara,Sample,18/02/2009,ME4 4TR\n{ASHA}\n"D"an,Sample,18/02/2009,ME4 4TR\n{BEN}\n'
    )
    assert codes(found) == [("row 2", "quotes-open"), ("row 4", "quotes-open")]
    assert names(found) == ["Asha", "Ben"]


def test_a_comma_that_shifts_the_cells_stops_the_row() -> None:
    """A row with more cells than headers would put facts under the wrong heads."""
    found = read(f"{HEADER}\nAsha,Sample,04/10/2009,1 Example Road, Chatham,ME4 4TR\n{BEN}\n")
    assert (codes(found), names(found)) == ([("row 2", "cells-many")], ["Ben"])


def test_blank_cells_at_the_end_are_nothing() -> None:
    """Spreadsheets write more separators than headers, or leave the last ones out."""
    assert names(read(f"{HEADER},,\n{ASHA},,,,\nBen,Sample,18/02/2009\n")) == ["Asha", "Ben"]


def test_a_file_cut_short_does_not_send_its_last_row() -> None:
    """A date of which the end is missing would be another date."""
    whole = f"{HEADER}\n{ASHA}\nBen,Sample,18/02/2009,ME4 4TR\n".encode()
    cut = whole[: whole.rindex(b"09,ME4")]
    assert names(read(whole)) == ["Asha", "Ben"]
    assert (codes(read(cut)), names(read(cut))) == ([("row 3", "file-cut-short")], ["Asha"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "file-empty"),
        ("\r\n\r\n \r\n", "file-empty"),
        ("Asha;Sample;2009\n", "headers-missing"),
        (f"{HEADER},DOB\n{ASHA},x\n", "header-twice"),
        ("Forename,Postcode\nAsha,ME4 4TR\n", "columns-missing"),
        (b"PK\x03\x04rest", "file-not-csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file-not-csv"),
        (b"%PDF-1.7\n", "file-not-csv"),
        ("x" * (LINE_CHARACTERS + 1), "line-too-long"),
        (b"\x00" * 70_000, "line-too-long"),
        (HEADER + "," + ",".join(f"c{n}" for n in range(300)) + "\n", "columns-many"),
        (f"{HEADER},{'x' * 201}\n{ASHA},y\n", "header-too-long"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_before_any_row(data: bytes | str, code: str) -> None:
    """Empty, other kinds of file, no headers, missing or doubled ones, and what is no table."""
    assert refusal(data) == code


def test_reading_stops_at_the_row_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows up to the limit are given, then one problem says so."""
    monkeypatch.setattr(sys.modules["adapters.csv_file"], "ROWS", 3)
    found = read(f"{HEADER}\n{ASHA}\n{BEN}\n{ASHA}\n{BEN}\n")
    assert (names(found), codes(found)) == (["Asha", "Ben"], [("row 4", "rows-many")])
    assert rows.ROWS > 38_780, "the largest authority's cohort must fit"


class _Endless(io.RawIOBase):
    """A file that is still being written: rows for ever."""

    given = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Give the header once and then one row after another, never more than asked for."""
        data = f"{HEADER if self.given == 0 else ASHA}\n".encode()
        assert size >= len(data)
        self.given += len(data)
        return data

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a buffer with what `read` gives."""
        room = memoryview(buffer).cast("B")
        data = self.read(len(room))
        room[: len(data)] = data
        return len(data)


def test_rows_are_given_while_the_file_is_still_coming() -> None:
    """Reading is a stream: the first move is there long before the end, and standard input will do."""
    endless = _Endless()
    source = io.BufferedReader(endless)
    found = read_moves(source, guess_mapping(HEADER.split(","), "moved_out"))
    assert [next(found).place for _ in range(3)] == ["row 2", "row 3", "row 4"]
    assert endless.given < 200_000
    del found
    assert not source.closed


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    """No file, however hostile, fails in another way."""
    file = f"{HEADER}\n{ASHA}\n".encode() + data
    try:
        found = read(file)
    except UnusableFile as refused:
        assert refused.problem.code in {"line-too-long", "headers-missing"}  # noqa: PT017 - either outcome is right
    else:
        assert found[0].place == "row 2"


@given(st.integers(0, 200))
def test_any_truncation_keeps_only_whole_rows(keep: int) -> None:
    """However a file is cut, no move appears that the whole file does not have."""
    whole = f"{HEADER}\n{ASHA}\n{BEN}\n".encode()
    everything = {(m.given, m.dob) for m in read(whole) if isinstance(m, Move)}
    try:
        found = read(whole[:keep])
    except UnusableFile:
        return
    assert {(m.given, m.dob) for m in found if isinstance(m, Move)} <= everything
