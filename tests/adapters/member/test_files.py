"""A member's own files: columns guessed, corrected, remembered; bad rows beside good ones."""

import io
from pathlib import Path

import pytest

from adapters.columns import Field, Home
from adapters.jsonl_file import write_line
from adapters.member.errors import GatewayFault
from adapters.member.files import open_rows, read_placings, remember, stream_rows
from adapters.move import Sureness, UnusableFile

CSV = "Forename,Surname,DOB,Where from,Postcode\nAda,Exampleton,12/11/2009,x,ME14 1XQ\nBen,,1/2/2010,y,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two rows, the second without a surname."""
    path = tmp_path / "leavers.csv"
    path.write_text(CSV)
    return path


def test_good_rows_are_given_on_and_bad_ones_are_named(file: Path) -> None:
    """By row, column and reason."""
    rows = open_rows(file, kind="moved_out")
    assert [move.given for move in rows] == ["Ada"]
    assert [(one.place, one.column, one.code) for one in rows.problems] == [
        ("row 3", "Surname", "name-missing")
    ]
    assert rows.left_out == 1
    assert (rows.read, rows.columns.home) == (1, Home.FORMER)


def test_a_row_is_left_out_once_however_much_is_wrong_with_it(tmp_path: Path) -> None:
    """Three problems in two rows are two rows; a row that is sent without a spoilt extra is none."""
    path = tmp_path / "leavers.csv"
    path.write_text(
        "Forename,Surname,DOB,ULN\n,Exampleton,31/02/2009,\n,Sample,12/11/2009,\nAda,Exampleton,12/11/2009,x\n",
        "utf-8",
    )
    rows = open_rows(path)
    assert len(list(rows)) == 1
    assert [problem.place for problem in rows.problems] == ["row 2", "row 2", "row 3", "row 4"]
    assert rows.left_out == 2


def test_a_hand_places_what_could_not_be_guessed(file: Path) -> None:
    """And leaves out what was guessed wrongly."""
    rows = open_rows(file, placed={"Where from": "local_ref", "Postcode": ""})
    assert rows.columns.fields[3:] == (Field.LOCAL_REF, None)
    assert [move.local_ref for move in rows] == ["x"]


def test_what_was_placed_is_remembered_for_the_next_file(file: Path, tmp_path: Path) -> None:
    """With the same headers and the same kind of notice, and for no other."""
    rows = open_rows(file, home=tmp_path, kind="moved_out", placed={"Where from": "local_ref"})
    remember(rows, tmp_path, "moved_out")
    assert open_rows(file, home=tmp_path, kind="moved_out").columns.fields[3] is Field.LOCAL_REF
    assert open_rows(file, home=tmp_path, kind="new_arrival").columns.fields[3] is None
    assert open_rows(file).columns.fields[3] is None


def test_a_stream_is_read_like_a_file(tmp_path: Path) -> None:
    """Told by its first bytes."""
    rows = stream_rows(io.BytesIO(CSV.encode()), tmp_path, "moved_out")
    assert ([move.given for move in rows], rows.format.name) == (["Ada"], "csv")
    line = b'{"given":"Ada","family":"Exampleton","dob":"2009-11-12"}\n'
    rows = stream_rows(io.BytesIO(line), tmp_path, "moved_out")
    assert ([move.given for move in rows], rows.format.name) == (["Ada"], "jsonl")


def test_a_format_can_be_forced(file: Path) -> None:
    """And a wrong one is refused before any row."""
    with pytest.raises(UnusableFile):
        open_rows(file, format_name="xlsx")
    with pytest.raises(GatewayFault, match="format-unknown"):
        open_rows(file, format_name="pdf")


@pytest.mark.parametrize(
    ("placed", "code"), [({"No such": "given"}, "map-column"), ({"Postcode": "no_such"}, "map-field")]
)
def test_a_placing_that_names_nothing_is_refused(file: Path, placed: dict[str, str], code: str) -> None:
    """With the words that exist."""
    with pytest.raises(GatewayFault, match=code):
        open_rows(file, placed=placed)


def test_placings_are_read_from_words() -> None:
    """A header may hold an equals sign; a field never does."""
    assert read_placings(["A=given", "B = C=family", "D="]) == {"A": "given", "B = C": "family", "D": ""}
    for word in ("A", "=given", ""):
        with pytest.raises(GatewayFault, match="map-form"):
            read_placings([word])


DATA = Path(__file__).parents[2] / "data"
RETURN, ILR = DATA / "nccis_sample_synthetic.xml", DATA / "ILR-10000001-2526-20251006-090000-01.xml"


def test_a_return_gives_those_who_moved_and_nobody_who_stays() -> None:
    """Three of five stay: nothing is sent of them, and they are counted."""
    rows = open_rows(RETURN, kind="moved_out")
    assert [move.given for move in rows] == ["Ben", "Eli"]
    assert (rows.read, rows.elsewhere, rows.left_out) == (2, 3, 0)
    assert len(list(open_rows(RETURN))) == 5


def test_the_only_home_of_somebody_who_was_transferred_is_the_new_one() -> None:
    """Ben's postcode lies in Herefordshire, where he went: said, and the former home stays unknown."""
    rows = open_rows(RETURN, kind="moved_out")
    ben = next(iter(rows))
    assert (ben.from_address, ben.to_address and ben.to_address.postcode) == (None, "HR4 0LE")
    assert [problem.code for problem in rows.problems] == ["home-is-new"]


def test_a_candidate_is_held_back_until_a_person_names_it() -> None:
    """A withdrawal in a file is no ground for a notice under s.13 by itself."""
    rows = open_rows(ILR, kind="leaver")
    assert (list(rows), rows.elsewhere) == ([], 1)
    assert [(problem.code, problem.row_kept) for problem in rows.problems] == [("candidate", False)]
    (gwen,) = open_rows(ILR, kind="leaver", confirmed=["SAMPLE2"])
    assert (gwen.given, gwen.sureness) == ("Gwen", Sureness.CONFIRMED)
    assert list(open_rows(ILR, kind="leaver", confirmed=["SAMPLE1"])) == []


def test_what_was_read_once_keeps_what_it_is_ground_for(tmp_path: Path) -> None:
    """`hub read --json` of a return is no list of movers either."""
    path = tmp_path / "read.jsonl"
    path.write_text(
        "".join(write_line(move) + "\n" for move in (*open_rows(RETURN), *open_rows(ILR))), "utf-8"
    )
    assert [move.given for move in open_rows(path, kind="moved_out")] == ["Ben", "Eli"]
    assert list(open_rows(path, kind="leaver")) == []
