"""Workbooks as councils keep them: read as a stream, nothing evaluated, bombs refused."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from adapters import xlsx_file
from adapters.columns import COLUMNS, guess_mapping
from adapters.move import Address, Found, Move, Problem, UnusableFile
from adapters.xlsx_file import read_headers, read_moves

HEADERS = (
    "First name",
    "Family name",
    "Date of birth",
    "Home post code",
    "Former postcode",
    "ULN",
    "EHC plan",
    "Moved in",
)
ASHA = ("Asha", "Sample", date(2009, 10, 4), "SE15 3AB", "ME14 1XQ", 1000000051, "Y", date(2026, 11, 2))
BEN = ("Ben", "Sample", "18/02/2009", "SE16 4AB", None, None, None, "03/11/2026")


def workbook(*rows: Sequence[object], sheet: str = "NEET", mac: bool = False) -> bytes:
    """Build a NEET spreadsheet with these rows, as a council would keep it."""
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    page = book.worksheets[0]
    page.title = sheet
    for row in rows:
        page.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """Give the bytes of a workbook."""
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def repacked(data: bytes, part: str, content: bytes) -> bytes:
    """Give a workbook in which one part is another."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return packed.getvalue()


def read(data: bytes) -> list[Move | Problem]:
    """Read a whole workbook with the mapping that is guessed from its headers."""
    mapping = guess_mapping(read_headers(io.BytesIO(data)), "new_arrival")
    return list(read_moves(io.BytesIO(data), mapping))


def refusal(data: bytes) -> str:
    """Give the code by which a workbook as a whole is refused."""
    with pytest.raises(UnusableFile) as refused:
        read(data)
    return refused.value.problem.code


def test_a_neet_spreadsheet_is_read() -> None:
    """Real dates and typed ones, numbers and blanks, under the council's own headers."""
    asha, ben = read(workbook(("NEET list",), (), HEADERS, ASHA, BEN))
    assert asha == Move(
        place="row 4",
        given="Asha",
        family="Sample",
        dob=date(2009, 10, 4),
        from_address=Address((), "ME14 1XQ"),
        to_address=Address((), "SE15 3AB"),
        uln="1000000051",
        found=frozenset({Found.EHC_PLAN}),
        event_date=date(2026, 11, 2),
    )
    assert isinstance(ben, Move)
    assert (ben.place, ben.dob, ben.from_address, ben.event_date) == (
        "row 5",
        date(2009, 2, 18),
        None,
        date(2026, 11, 3),
    )


def test_a_path_is_read_like_a_stream(tmp_path: Path) -> None:
    """The gateway gives a path, a web form a stream."""
    path = tmp_path / "neet.xlsx"
    path.write_bytes(workbook(HEADERS, ASHA))
    assert [m.place for m in read_moves(path, guess_mapping(read_headers(path)))] == ["row 2"]


def test_a_formula_is_text_and_its_remembered_result_is_not_believed() -> None:
    """A name that is computed is the text of its formula; a computed date is refused with the way out."""
    computed = ("=CONCATENATE(A9,B9)", "Sample", "=DATE(2009,10,4)", *ASHA[3:])
    data = workbook(HEADERS, computed, ASHA)
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    with_result = re.sub(rb"(<f>DATE\(2009,10,4\)</f>)<v ?/>", rb"\1<v>40090</v>", sheet)
    assert with_result != sheet
    problem, asha = read(repacked(data, "xl/worksheets/sheet1.xml", with_result))
    assert isinstance(problem, Problem)
    assert (problem.place, problem.column, problem.code) == ("row 2", "Date of birth", "date-formula")
    assert isinstance(asha, Move)
    (named,) = read(workbook(HEADERS, ("=CONCATENATE(A9,B9)", *ASHA[1:])))
    assert isinstance(named, Move)
    assert named.given == "=CONCATENATE(A9,B9)"


def test_bare_day_numbers_are_counted_as_the_workbook_counts() -> None:
    """An unformatted date is a number, of 1900 or, in some workbooks from Apple machines, of 1904."""
    (of_1900,) = read(workbook(HEADERS, ("Asha", "Sample", 40090, *ASHA[3:])))
    (of_1904,) = read(workbook(HEADERS, ("Asha", "Sample", 40090 - 1462, *ASHA[3:]), mac=True))
    assert isinstance(of_1900, Move)
    assert isinstance(of_1904, Move)
    assert of_1900.dob == of_1904.dob == date(2009, 10, 4)
    assert of_1904.uln == "1000000051"


def test_cells_of_other_kinds_are_problems_of_their_row() -> None:
    """A time of day, an error and a truth value where a date or a name belongs."""
    found = read(
        workbook(
            HEADERS,
            ("Asha", "Sample", time(9, 30), *ASHA[3:]),
            ("#N/A", "Sample", *ASHA[2:]),
            ("Asha", "Sample", True, *ASHA[3:]),
            BEN,
        )
    )
    assert [(p.place, p.code) for p in found if isinstance(p, Problem)] == [
        ("row 2", "date-unreadable"),
        ("row 3", "cell-error"),
        ("row 4", "date-unreadable"),
    ]
    assert isinstance(found[-1], Move)


def test_the_first_visible_sheet_with_known_headers_is_read() -> None:
    """Lists for drop-downs, cover sheets and hidden sheets are passed over."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["How to fill in this workbook"])
    for title, person, state in (("old", BEN, "hidden"), ("now", ASHA, "visible"), ("later", BEN, "visible")):
        page = book.create_sheet(title)
        page.sheet_state = state
        page.append(list(HEADERS))
        page.append(list(person))
    (only,) = read(saved(book))
    assert isinstance(only, Move)
    assert only.given == "Asha"


def test_a_bad_row_is_named_and_the_good_ones_go_on() -> None:
    """Blank rows count, as the spreadsheet shows them."""
    found = read(workbook(HEADERS, ASHA, (), ("Cara", "", "31/02/2009"), BEN))
    assert [str(p.place) for p in found] == ["row 2", "row 4", "row 4", "row 5"]
    assert [p.code for p in found if isinstance(p, Problem)] == ["name-missing", "date-unreadable"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-not-xlsx"),
        (b"Forename,Surname,DOB\n", "file-not-xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook-locked"),
        (workbook(HEADERS, ASHA)[:-30], "file-not-xlsx"),
        (workbook(("just", "words")), "headers-missing"),
        (workbook(), "headers-missing"),
        (workbook(("First name", "Home post code"), ("Asha", "SE15 3AB")), "columns-missing"),
        (workbook((*HEADERS, "ULN"), (*ASHA, 1)), "header-twice"),
        (workbook((*HEADERS, *(f"c{n}" for n in range(COLUMNS)))), "columns-many"),
        (workbook((*HEADERS, "x" * 201)), "header-too-long"),
    ],
)
def test_a_workbook_that_cannot_be_read_says_why_before_any_row(data: bytes, code: str) -> None:
    """Not a workbook, locked, cut short, no headers, missing, doubled or too many."""
    assert refusal(data) == code


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    """Any other zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusal(packed.getvalue()) == "workbook-damaged"


@pytest.mark.parametrize(
    ("part", "limit"), [("xl/worksheets/sheet1.xml", "SHEET_BYTES"), ("xl/styles.xml", "WHOLE_PART_BYTES")]
)
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, part: str, limit: str
) -> None:
    """Measured before anything is unpacked."""
    monkeypatch.setattr(xlsx_file, limit, 1_000_000)
    bomb = repacked(workbook(HEADERS, ASHA), part, b"<a>" + b" " * 1_000_001)
    assert len(bomb) < 20_000
    assert refusal(bomb) == "workbook-unpacks-large"


def test_an_archive_of_very_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts are counted before any is opened."""
    monkeypatch.setattr(xlsx_file, "ARCHIVE_PARTS", 5)
    assert refusal(workbook(HEADERS, ASHA)) == "workbook-unpacks-large"


def test_a_workbook_larger_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size on disk, before it is opened."""
    data = workbook(HEADERS, ASHA)
    monkeypatch.setattr(xlsx_file, "FILE_BYTES", len(data))
    assert len(read(data)) == 1
    monkeypatch.setattr(xlsx_file, "FILE_BYTES", len(data) - 1)
    assert refusal(data) == "workbook-large"


def test_a_size_that_the_archive_states_falsely_is_not_believed() -> None:
    """A sheet that is longer than its directory entry says is damaged, not unpacked."""
    data = bytearray(workbook(HEADERS, *([ASHA] * 500)))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    at = data.rindex(size)
    data[at : at + 4] = (500).to_bytes(4, "little")
    assert refusal(bytes(data)) in {"headers-missing", "workbook-damaged"}


ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_entities_are_never_expanded(part: str) -> None:
    """A workbook that declares entities is refused, whichever of its parts does."""
    data = workbook(HEADERS, ASHA)
    content = zipfile.ZipFile(io.BytesIO(data)).read(part)
    declaration, _, rest = content.partition(b"?>") if content.startswith(b"<?xml") else (b"", b"", content)
    head = declaration + b"?>" if declaration else b""
    assert refusal(repacked(data, part, head + ENTITIES + rest)) in {"workbook-damaged", "headers-missing"}


def test_a_sheet_that_breaks_off_gives_its_good_rows_and_says_where() -> None:
    """What could be read is read; from the damage on the officer is asked for another copy."""
    data = workbook(HEADERS, *([ASHA] * 3000))
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    found = read(repacked(data, "xl/worksheets/sheet1.xml", sheet[: len(sheet) // 2]))
    *good, last = found
    assert len(good) > 100
    assert all(isinstance(move, Move) for move in good)
    assert isinstance(last, Problem)
    assert (last.code, last.place) == ("sheet-damaged", f"row {len(good) + 2}")


def test_reading_stops_at_the_row_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows up to the limit are given, then one problem says so."""
    monkeypatch.setattr(xlsx_file, "ROWS", 3)
    found = read(workbook(HEADERS, ASHA, BEN, ASHA, BEN))
    assert [type(said) for said in found] == [Move, Move, Problem]
    assert isinstance(found[-1], Problem)
    assert (found[-1].place, found[-1].code) == ("row 4", "rows-many")


SMALL = workbook(HEADERS, ASHA, BEN)


@settings(max_examples=60)
@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_any_flipped_byte_is_read_or_refused_and_nothing_else(at: int, flip: int) -> None:
    """However a workbook is damaged, reading fails in its own words or not at all."""
    data = bytearray(SMALL)
    data[at] ^= flip
    try:
        found = read(bytes(data))
    except UnusableFile as refused:
        assert refused.problem.code  # noqa: PT017 - either outcome is right
    else:
        assert all(said.place.startswith("row ") for said in found)
