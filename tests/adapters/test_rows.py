"""One row becomes one move, or every reason why not."""

from datetime import date

import pytest

from adapters.cells import Cell
from adapters.columns import guess_mapping
from adapters.move import (
    FURTHER_PARTS,
    Address,
    Contact,
    Establishment,
    Event,
    Found,
    Move,
    Parent,
    Problem,
    Sureness,
    Told,
    Wishes,
)
from adapters.rows import read_row

GOOD: dict[str, Cell] = {"Forename": "Asha", "Surname": "Sample", "DOB": "04/10/2009"}


def said(more: dict[str, Cell] | None = None, notice_type: str | None = None) -> list[Move | Problem]:
    """Read one row with these cells beside (or instead of) the good ones."""
    row = GOOD | (more or {})
    mapping = guess_mapping(tuple(row), notice_type)
    return list(read_row(tuple(row.values()), mapping, "row 2", mapping.sources()))


def move(more: dict[str, Cell] | None = None, notice_type: str | None = None) -> Move:
    """Read one row that has nothing wrong with it."""
    (only,) = said(more, notice_type)
    assert isinstance(only, Move)
    return only


def problems(more: dict[str, Cell]) -> list[Problem]:
    """Give the problems of one row, in their order."""
    return [found for found in said(more) if isinstance(found, Problem)]


def test_names_and_birthday_are_enough() -> None:
    """A row with nothing more is a move, and everything else is missing."""
    assert move() == Move(place="row 2", given="Asha", family="Sample", dob=date(2009, 10, 4))


def test_every_fact_has_its_place() -> None:
    """The header of each fact can be looked up by the field's name."""
    assert move({"Mobile": "07700 900123"}).sources == {
        "given": "Forename",
        "family": "Surname",
        "dob": "DOB",
        "phone": "Mobile",
    }


def test_numbers_are_read_in_any_spelling() -> None:
    """Spaces, small letters and the numbers of a spreadsheet are the same number."""
    read = move({"UPN": "f886 4999 20001", "ULN": 1000000051.0, "UKPRN": 10000001, "Activity code": 810})
    assert (read.upn, read.uln, read.activity) == ("F886499920001", "1000000051", "810")
    assert read.establishment == Establishment(None, None, "10000001")


@pytest.mark.parametrize(
    ("header", "cell"),
    [("UPN", "F88649992000"), ("ULN", "1E+09"), ("Activity code", "NEET"), ("UKPRN", "1000001")],
)
def test_a_number_of_the_wrong_form_is_left_out_and_said(header: str, cell: str) -> None:
    """A wrong number does more harm than none; the row goes without it."""
    problem, read = said({header: cell})
    assert isinstance(problem, Problem)
    assert (problem.code, problem.column, problem.row_kept) == ("number-form", header, True)
    assert cell not in problem.reason
    assert isinstance(read, Move)
    assert (read.upn, read.uln, read.activity, read.establishment) == (None, None, None, None)


def test_the_former_and_the_present_home_are_told_apart() -> None:
    """A plain postcode is the home that the notice means; a named one is what its name says."""
    both = move({"Old postcode": "me4 4tr", "New postcode": "SE15 3AB", "New address": "2 Example Road"})
    assert both.from_address == Address((), "ME4 4TR")
    assert both.to_address == Address(("2 Example Road",), "SE15 3AB")
    assert move({"Postcode": "ME4 4TR"}, "moved_out").from_address == Address((), "ME4 4TR")
    assert move({"Postcode": "ME4 4TR"}, "new_arrival").to_address == Address((), "ME4 4TR")
    lines: dict[str, Cell] = {"Address line 1": "1 Example Road", "Address line 2": "", "Town": "Chatham"}
    assert move(lines, "moved_out").from_address == Address(("1 Example Road", "Chatham"), None)


def test_a_named_home_is_completed_by_the_plain_columns() -> None:
    """Where the address is called new and the postcode is plain, they are one home."""
    read = move({"Former postcode": "SE15 3AB", "New address": "2 Example Road", "Postcode": "ME4 4TR"})
    assert read.to_address == Address(("2 Example Road",), "ME4 4TR")
    assert read.from_address == Address((), "SE15 3AB")


def test_a_postcode_that_is_a_sentence_is_left_out() -> None:
    """What is too long for a postcode is not carried along as one."""
    (problem,) = problems({"Postcode": "somewhere in Chatham"})
    assert (problem.code, problem.row_kept) == ("postcode-form", True)


def test_the_event_is_the_day_that_is_named_else_the_end_else_the_start() -> None:
    """A leaver's row has an end, a starter's only a start, and a spreadsheet may name the day."""
    start, end, moved = "08/09/2025", "03/10/2025", "05/10/2025"
    assert move({"StartDate": start}).event_date == date(2025, 9, 8)
    assert move({"StartDate": start, "EndDate": end}).event_date == date(2025, 10, 3)
    assert move({"StartDate": start, "EndDate": end, "Date moved": moved}).event_date == date(2025, 10, 5)


def test_marks_and_characteristics_are_found() -> None:
    """Columns of yes and no, and the NCCIS codes with a known label."""
    read = move({"SEN": "Y", "EHC plan": "yes", "Care leaver": "N", "CharacteristicCode": "110; 180,200"})
    assert read.found == {Found.SEN, Found.EHC_PLAN, Found.LOOKED_AFTER, Found.PREGNANT}


def test_a_yes_and_no_that_cannot_be_read_is_left_out() -> None:
    """A mark that only adds something costs itself, not the row."""
    (problem,) = problems({"SEN": "ask Sam"})
    assert (problem.code, problem.row_kept) == ("yes-no-unreadable", True)


@pytest.mark.parametrize("header", ["Shield", "Twin", "Instruction", "Objection", "From DWP"])
def test_what_protects_somebody_stops_the_row_when_it_cannot_be_read(header: str) -> None:
    """Nobody's protection is lost because it was written unusually: the row is not sent."""
    (problem,) = said({header: "see file"})
    assert isinstance(problem, Problem)
    assert (problem.column, problem.row_kept) == (header, False)


def test_wishes_name_parts_or_mean_all_of_theirs() -> None:
    """An instruction binds the further parts, an objection all, consent only what it names."""
    assert move({"Instruction": "Y"}).wishes == Wishes(instruction=FURTHER_PARTS)
    assert len(move({"Objection": "Y"}).wishes.objection) == 10
    assert move({"Consent": "equality health"}).wishes.consent == {"equality_health"}
    assert move({"From DWP": "Y"}).wishes.from_dwp == {"participation"}
    consent, read = said({"Consent": "Y"})
    assert isinstance(consent, Problem)
    assert consent.row_kept
    assert isinstance(read, Move)
    assert read.wishes == Wishes()


def test_the_rest_is_read() -> None:
    """Sex, former names, contact, parent, references and authorities."""
    read = move(
        {
            "Gender": "female",
            "Former surname": "Example; Muster",
            "Telephone": "07700 900123",
            "Email": "asha@example.org",
            "Parent name": "Pat Sample",
            "Parent postcode": "ME4 4TR",
            "YPID": 8860000000001,
            "PreviousYPIDIdentifier": "8870000000001",
            "LeadLEA": "886",
            "TransferredToLACode": "887",
            "CohortStatus": "T",
            "School name": "Sample School",
            "LevelOfNeedCode": "3",
        }
    )
    assert (read.sex, read.former_family) == ("F", ("Example", "Muster"))
    assert read.contact == Contact("07700 900123", "asha@example.org")
    assert read.parent == Parent("Pat Sample", Address((), "ME4 4TR"))
    assert (read.local_ref, read.previous_ref) == ("8860000000001", "8870000000001")
    assert (read.lead_authority, read.to_authority, read.cohort_status) == ("886", "887", "T")
    assert read.establishment == Establishment(None, "Sample School", None)
    assert read.level_of_need == "3"


def test_a_word_for_sex_that_is_not_known_is_left_out() -> None:
    """The return knows F, M, U and W."""
    (problem,) = problems({"Sex": "7"})
    assert (problem.code, problem.row_kept) == ("sex-unreadable", True)


def test_every_problem_of_a_row_is_named() -> None:
    """An officer corrects a row once, not cell after cell."""
    found = problems({"Forename": "", "Surname": "12345", "DOB": "31/02/2009", "Shield": "?"})
    assert [(p.column, p.code) for p in found] == [
        ("Forename", "name-missing"),
        ("Surname", "name-unreadable"),
        ("DOB", "date-unreadable"),
        ("Shield", "yes-no-unreadable"),
    ]
    assert not any(p.row_kept for p in found)


def test_a_missing_birthday_and_a_name_like_a_letter_stop_the_row() -> None:
    """Without a date of birth, or with a page of text for a name, nobody can be meant."""
    assert [p.code for p in problems({"DOB": None})] == ["birth-date-missing"]
    assert [p.code for p in problems({"Surname": "x" * 101})] == ["name-unreadable"]


def test_a_formula_in_a_name_is_text() -> None:
    """Nothing is evaluated: the text goes on as it stands, and exports make it harmless."""
    assert move({"Forename": "=1+Asha"}).given == "=1+Asha"


def test_words_of_closed_lists_are_read() -> None:
    """In any spelling; who told it, what happened, how sure it is."""
    read = move({"Event": "Did not start", "Told by": "School", "Sureness": "Likely", "Lapsed": "Y"})
    assert (read.event, read.told, read.sureness, read.lapsed) == (
        Event.DID_NOT_START,
        Told.SCHOOL,
        Sureness.LIKELY,
        True,
    )


def test_another_word_is_left_out_and_said() -> None:
    """But for how sure it is: what may be a mere candidate stops the row."""
    (problem,) = problems({"Event": "Vanished"})
    assert (problem.code, problem.row_kept) == ("word-unknown", True)
    (problem,) = problems({"Sureness": "perhaps"})
    assert (problem.code, problem.row_kept) == ("word-unknown", False)


def test_what_a_row_is_ground_for_is_a_closed_list() -> None:
    """A word that is not known stops the row: it may have meant that nothing is to be sent."""
    assert move({"Tells of": "moved_out leaver"}).tells_of == {"moved_out", "leaver"}
    (problem,) = problems({"Tells of": "nothing"})
    assert (problem.code, problem.row_kept) == ("word-unknown", False)


def test_a_doubtful_home_stops_the_row_where_it_cannot_be_read() -> None:
    """A mark that keeps a machine from routing must not pass for no."""
    assert move({"No fixed address": "yes"}).home_unsure
    (problem,) = problems({"No fixed address": "not known"})
    assert not problem.row_kept
