"""A move holds what a file says, and shows none of it by accident."""

from dataclasses import replace
from datetime import date

from adapters.move import Address, Contact, Move, Parent, Problem, UnusableFile

ASHA = Move(
    place="row 4",
    given="Asha",
    family="Sample",
    dob=date(2009, 10, 4),
    from_address=Address(("1 Example Road",), "ME14 1XQ"),
    contact=Contact("07700 900123", "asha@example.org"),
    parent=Parent("Pat Sample"),
)


def test_a_move_in_a_log_line_shows_its_place_alone() -> None:
    """The text of a move, an address, a contact and a parent holds nothing personal."""
    shown = " ".join(
        [repr(ASHA), str(ASHA), repr(ASHA.from_address), repr(ASHA.contact), repr(ASHA.parent), f"{[ASHA]}"]
    )
    assert "row 4" in shown
    for personal in ("Asha", "Sample", "2009", "Example", "ME14", "07700", "asha", "Pat"):
        assert personal not in shown


def test_moves_are_equal_by_what_they_say_not_by_their_columns() -> None:
    """The same facts under other headers are the same move."""
    named = replace(ASHA, sources={"given": "Forename"})
    other = replace(ASHA, sources={"given": "First name"})
    assert named == other


def test_a_problem_reads_as_one_line_with_its_place() -> None:
    """An officer is told where to look and what to do."""
    problem = Problem("row 3", "DOB", "date-unreadable", "write the day first")
    assert str(problem) == "row 3, column DOB: write the day first"
    assert str(Problem("row 3", None, "quotes-open", "write the row again")) == "row 3: write the row again"
    assert not problem.row_kept


def test_an_unusable_file_says_why() -> None:
    """The error of a file is a problem with the place "file"."""
    error = UnusableFile("file-empty", "the file is empty")
    assert error.problem == Problem("file", None, "file-empty", "the file is empty")
    assert str(error) == "file: the file is empty"
