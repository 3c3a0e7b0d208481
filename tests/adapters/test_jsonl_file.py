"""JSON lines: what is printed is read back, and a bad line costs itself alone."""

import io
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.columns import Field, guess_mapping
from adapters.jsonl_file import LINE_BYTES, read_headers, read_moves, write_line
from adapters.move import (
    FURTHER_PARTS,
    PARTS,
    Address,
    Contact,
    Establishment,
    Found,
    Move,
    Parent,
    Problem,
    UnusableFile,
    Wishes,
)

ASHA = '{"given":"Asha","family":"Sample","dob":"2009-10-04"}'
BEN = '{"given":"Ben","family":"Sample","dob":"2009-02-18"}'


def read(text: str | bytes) -> list[Move | Problem]:
    """Read a whole file with the mapping that is guessed from its names."""
    data = text.encode() if isinstance(text, str) else text
    mapping = guess_mapping(read_headers(io.BytesIO(data)), "new_arrival")
    return list(read_moves(io.BytesIO(data), mapping))


def test_lines_are_moves_with_their_line_as_place(tmp_path: Path) -> None:
    """One object a line; blank lines and a byte order mark are nothing."""
    path = tmp_path / "moves.jsonl"
    path.write_text(f"\ufeff{ASHA}\n\n{BEN}\n", encoding="utf-8")
    found = list(read_moves(path, guess_mapping(read_headers(path))))
    assert found == [
        Move(place="line 1", given="Asha", family="Sample", dob=date(2009, 10, 4)),
        Move(place="line 3", given="Ben", family="Sample", dob=date(2009, 2, 18)),
    ]


def test_names_that_only_later_lines_have_are_placed_too() -> None:
    """The names of the first hundred lines make up the headers."""
    (_, ben) = read(f'{ASHA}\n{BEN[:-1]},"uln":1000000051,"from_address":["1 Example Road","Chatham"]}}\n')
    assert isinstance(ben, Move)
    assert ben.uln == "1000000051"
    assert ben.from_address == Address(("1 Example Road", "Chatham"), None)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"given":"Cara","given":"Dan","family":"Sample","dob":"2009-02-18"}',
        '{"given":{"first":"Cara"},"family":"Sample","dob":"2009-02-18"}',
        '{"given":"Cara","family":"Sample","dob":NaN}',
        '{"given":["Cara",["Dan"]],"family":"Sample","dob":"2009-02-18"}',
        "[" * 30_000,
        '{"given":"' + "\\ud800" + '","family":7',
        '{"uln":' + "9" * 5000 + "}",
    ],
)
def test_a_line_that_is_no_flat_object_costs_itself_alone(line: str) -> None:
    """Broken, nested, doubled, not a number, too deep, too long a number: named, and the rest is read."""
    found = read(f"{ASHA}\n{line}\n{BEN}\n")
    assert [getattr(said, "code", "good") for said in found] == ["good", "line-unreadable", "good"]
    assert found[1].place == "line 2"


def test_what_a_line_says_wrongly_is_named_by_its_field() -> None:
    """The same checks as for a table."""
    found = read(f'{ASHA}\n{BEN[:-1]},"shield":"perhaps"}}\n')
    assert [(p.place, p.column, p.code) for p in found if isinstance(p, Problem)] == [
        ("line 2", "shield", "yes-no-unreadable")
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "headers-missing"),
        ("not json\n", "headers-missing"),
        ('{"shoe size":7}\n', "headers-missing"),
        ('{"given":"Asha"}\n', "columns-missing"),
        ("{" + " " * LINE_BYTES + "}\n", "line-too-long"),
        ("{" + ",".join(f'"c{n}":1' for n in range(300)) + ',"dob":1}\n', "columns-many"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_before_any_line(text: str, code: str) -> None:
    """No names, unknown names, missing ones, endless lines."""
    with pytest.raises(UnusableFile) as refused:
        read(text)
    assert refused.value.problem.code == code


def test_reading_stops_at_the_line_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines up to the limit are given, then one problem says so."""
    monkeypatch.setattr(sys.modules["adapters.jsonl_file"], "ROWS", 2)
    found = read(f"{ASHA}\n{BEN}\n{ASHA}\n")
    assert [getattr(said, "code", "good") for said in found] == ["good", "good", "rows-many"]


words = st.text(st.characters(categories=["L"]), min_size=2, max_size=12).filter(
    lambda text: text.casefold() not in {"na", "nil", "tbc", "none", "null", "unknown"}
)
maybe = st.none() | words
postcodes = st.none() | st.sampled_from(["ME4 4TR", "SE15 3AB", "ZZ99 9ZZ"])
some_lines = st.lists(words, max_size=3).map(tuple)
addresses = st.builds(Address, some_lines, postcodes).filter(lambda a: bool(a.lines or a.postcode))
maybe_days = st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1))
parts = st.frozensets(st.sampled_from(PARTS))
moves = st.builds(
    Move,
    place=st.just("line 1"),
    given=words,
    family=words,
    dob=st.dates(date(2000, 1, 1), date(2015, 1, 1)),
    middle=maybe,
    former_family=some_lines,
    sex=st.none() | st.sampled_from("FMUW"),
    from_address=st.none() | addresses,
    to_address=st.none() | addresses,
    upn=st.none() | st.just("F886499920001"),
    uln=st.none() | st.from_regex(r"[1-9][0-9]{9}", fullmatch=True),
    local_ref=maybe,
    establishment=st.none() | st.builds(Establishment, words, maybe, st.just("10000001")),
    activity=st.none() | st.sampled_from(["210", "810"]),
    start=maybe_days,
    end=maybe_days,
    event_date=st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    verified=maybe_days,
    to_authority=st.none() | st.just("887"),
    found=st.frozensets(st.sampled_from(Found)),
    wishes=st.builds(Wishes, parts, parts, parts, parts),
    contact=st.none() | st.builds(Contact, words, maybe),
    parent=st.none() | st.builds(Parent, words, st.none() | addresses),
)


@given(moves)
def test_every_move_reads_back_from_the_line_it_was_written_as(move: Move) -> None:
    """What `hub read --json` prints is the same move again, whatever it was read from."""
    assert read(write_line(move)) == [move]


def test_every_field_of_a_file_has_a_place_in_a_move() -> None:
    """No column is read and then forgotten: each field, given alone, changes the move or its problems."""
    special = {
        "Y": (Field.SEN, Field.SEN_SUPPORT, Field.EHC_PLAN, Field.LOOKED_AFTER, Field.CARE_LEAVER),
        "yes": (Field.SHIELD, Field.TWIN),
        "contact": (Field.INSTRUCTION, Field.OBJECTION, Field.CONSENT, Field.FROM_DWP),
        "ME4 4TR": (Field.POSTCODE, Field.FROM_POSTCODE, Field.TO_POSTCODE, Field.PARENT_POSTCODE),
        "110": (Field.CHARACTERISTICS,),
        "F": (Field.SEX,),
    }
    value = dict.fromkeys(Field, "Example") | {f: text for text, fields in special.items() for f in fields}
    nothing = read(ASHA)
    for field in set(Field) - {Field.GIVEN, Field.FAMILY, Field.DOB}:
        assert read(f'{ASHA[:-1]},"{field}":"{value[field]}"}}') != nothing, field
    assert set(PARTS) > FURTHER_PARTS


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    """No line, however hostile, fails in another way."""
    found = read(f"{ASHA}\n".encode() + data)
    assert found[0].place == "line 1"
