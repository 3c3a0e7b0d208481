"""Columns are guessed by exact words, confirmed once, and remembered."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.columns import (
    COLUMNS,
    Field,
    Home,
    Mapping,
    check_headers,
    guess_mapping,
    known_headers,
    load_mapping,
    save_mapping,
)
from adapters.move import UnusableFile


def words(text: str) -> tuple[str, ...]:
    """Split a list of headers."""
    return tuple(text.split())


ONE_IYSS = words("Forename Surname DOB Postcode UPN DfENo StartDate EndDate GoalLevel GoalDescription")
NCCIS = words(
    """
    YoungPersonsID CohortStatus GivenName MiddleName FamilyName AddressLine1 AddressLine2 AddressLine3
    AddressLine4 Town County Postcode Gender DOB Ethnicity LeadLEA TransferredToLACode UniqueLearnerNo
    UniquePupilNumber PreviousYPIDIdentifier LevelOfNeedCode SENDFlag SENSupportFlag CharacteristicCode
    ActivityCode StartDate DateAscertained DateVerified EstablishmentNumber EstablishmentName
    UKProviderReferenceNumber PredictedEndDate
    """
)
SPREADSHEET = (
    "First name",
    "Family name",
    "Date of birth",
    "Home post code",
    "New address",
    "Moved to",
    "Notes",
)


def test_the_one_iyss_headers_are_known() -> None:
    """Each header of the template that a notice can use is placed; the rest is named."""
    mapping = guess_mapping(ONE_IYSS)
    assert dict(zip(mapping.headers, mapping.fields, strict=True)) == {
        "Forename": Field.GIVEN,
        "Surname": Field.FAMILY,
        "DOB": Field.DOB,
        "Postcode": Field.POSTCODE,
        "UPN": Field.UPN,
        "DfENo": Field.ESTABLISHMENT_NUMBER,
        "StartDate": Field.START,
        "EndDate": Field.END,
        "GoalLevel": None,
        "GoalDescription": None,
    }
    assert mapping.not_placed == ("GoalLevel", "GoalDescription")
    assert mapping.missing == ()


def test_every_nccis_name_that_a_notice_uses_is_known() -> None:
    """The flat form of the return needs no placing by hand."""
    assert guess_mapping(NCCIS).not_placed == ()


def test_a_spreadsheet_of_ones_own_is_understood() -> None:
    """Spaces, capitals and other words for the same do not matter."""
    mapping = guess_mapping(SPREADSHEET)
    assert mapping.not_placed == ("Notes",)
    assert mapping.sources()["to_address"] == "New address, Moved to"
    assert mapping.home is Home.FORMER


@pytest.mark.parametrize(
    ("more", "notice_type", "home", "guessed"),
    [
        ([], None, Home.PRESENT, True),
        ([], "moved_out", Home.FORMER, False),
        ([], "new_arrival", Home.PRESENT, False),
        ([], "cross_border_enrolment", Home.PRESENT, False),
        (["New postcode"], None, Home.FORMER, False),
        (["New postcode"], "new_arrival", Home.FORMER, False),
        (["Former postcode"], "moved_out", Home.PRESENT, False),
        (["Former postcode", "New postcode"], "moved_out", Home.PRESENT, False),
    ],
)
def test_a_plain_postcode_is_the_home_that_the_rest_leaves(
    more: list[str], notice_type: str | None, home: Home, guessed: bool
) -> None:
    """Beside a new one it is the former home, beside a former one the present; else the notice says."""
    mapping = guess_mapping([*ONE_IYSS, *more], notice_type)
    assert (mapping.home, mapping.home_guessed) == (home, guessed)


def test_a_file_without_any_home_leaves_nothing_to_guess() -> None:
    """Where there is no address at all there is no doubt about which."""
    assert not guess_mapping(["Forename", "Surname", "DOB"]).home_guessed


def test_the_first_of_two_headers_for_one_thing_is_taken_and_the_other_named() -> None:
    """Surname and Family name cannot both be the family name."""
    mapping = guess_mapping(["Forename", "Surname", "Family name", "DOB"])
    assert mapping.not_placed == ("Family name",)
    check_headers(mapping.headers, mapping)


def test_a_header_that_stands_twice_stops_the_file() -> None:
    """Nobody can say which of two columns with one name is meant."""
    mapping = guess_mapping(["Forename", "Surname", "DOB", "DOB"])
    with pytest.raises(UnusableFile) as refused:
        check_headers(mapping.headers, mapping)
    assert (refused.value.problem.code, refused.value.problem.column) == ("header-twice", "DOB")


def test_headers_that_are_not_used_may_stand_twice() -> None:
    """Two columns of notes, or two without a header, hurt nobody."""
    mapping = guess_mapping(["Forename", "Surname", "DOB", "Notes", "Notes", "", ""])
    check_headers(mapping.headers, mapping)


def test_missing_columns_are_named_before_any_row() -> None:
    """Without a family name and a date of birth no row can be read."""
    mapping = guess_mapping(["Forename", "Postcode"])
    assert mapping.missing == (Field.FAMILY, Field.DOB)
    with pytest.raises(UnusableFile, match="family, dob") as refused:
        check_headers(mapping.headers, mapping)
    assert refused.value.problem.code == "columns-missing"


def test_a_mapping_for_other_headers_is_refused() -> None:
    """A mapping made for one file is not laid over another, whose columns have moved."""
    mapping = guess_mapping(ONE_IYSS)
    with pytest.raises(UnusableFile) as refused:
        check_headers(ONE_IYSS[::-1], mapping)
    assert refused.value.problem.code == "columns-changed"


def test_too_many_columns_are_refused() -> None:
    """The limit itself is allowed, one more is not."""
    headers = [*ONE_IYSS, *(f"Extra {n}" for n in range(COLUMNS - len(ONE_IYSS)))]
    check_headers(headers, guess_mapping(headers))
    with pytest.raises(UnusableFile) as refused:
        check_headers([*headers, "More"], guess_mapping([*headers, "More"]))
    assert refused.value.problem.code == "columns-many"


def test_a_person_places_what_could_not_be_guessed() -> None:
    """A header is given a field, or none; two for one field are refused when the file is read."""
    mapping = guess_mapping(["Forename", "Known as", "DOB"]).placed("Known as", Field.FAMILY)
    check_headers(mapping.headers, mapping)
    assert mapping.placed("Forename", None).missing == (Field.GIVEN,)
    with pytest.raises(UnusableFile) as refused:
        check_headers(mapping.headers, mapping.placed("DOB", Field.GIVEN))
    assert refused.value.problem.code == "field-twice"
    with pytest.raises(KeyError):
        mapping.placed("Elsewhere", None)


def test_a_mapping_is_remembered_in_the_members_home(tmp_path: Path) -> None:
    """What was placed once is recalled for the same headers, also in another order."""
    mapping = guess_mapping([*ONE_IYSS, "Known as"]).placed("Known as", Field.MIDDLE)
    kept = save_mapping(tmp_path, mapping, "moved_out")
    assert kept.parent.parent == tmp_path
    assert load_mapping(tmp_path, mapping.headers, "moved_out") == mapping
    turned = load_mapping(tmp_path, mapping.headers[::-1], "moved_out")
    assert turned is not None
    assert (turned.headers, turned.fields) == (mapping.headers[::-1], mapping.fields[::-1])


def test_nothing_is_remembered_for_other_headers_or_another_notice(tmp_path: Path) -> None:
    """The home that a plain postcode means depends on the notice, so the memory does too."""
    save_mapping(tmp_path, guess_mapping(ONE_IYSS, "moved_out"), "moved_out")
    assert load_mapping(tmp_path, ONE_IYSS, "new_arrival") is None
    assert load_mapping(tmp_path, SPREADSHEET, "moved_out") is None


@pytest.mark.parametrize(
    "spoilt", ["", "{", "[]", '{"columns": [["DOB", "shoe size"]], "home": "former"}', "null"]
)
def test_a_spoilt_memory_is_said_and_not_used(tmp_path: Path, spoilt: str) -> None:
    """A mapping that a hand has spoilt stops with the way out, and nothing is guessed over it."""
    save_mapping(tmp_path, guess_mapping(ONE_IYSS)).write_text(spoilt, encoding="utf-8")
    with pytest.raises(UnusableFile, match="delete the file"):
        load_mapping(tmp_path, ONE_IYSS)


@given(st.lists(st.text(max_size=12) | st.sampled_from(ONE_IYSS + NCCIS + SPREADSHEET), max_size=20))
def test_any_mapping_survives_being_written_down(headers: list[str]) -> None:
    """From JSON and back is the same mapping, whatever the headers are."""
    mapping = guess_mapping(headers, "leaver")
    assert Mapping.from_json(json.loads(json.dumps(mapping.to_json()))) == mapping


def test_the_header_row_is_known_by_its_words() -> None:
    """Cells that are known headers are counted; numbers, dates and titles are not."""
    assert known_headers(["Forename", "SURNAME", "d.o.b.", 7, None, "Our list"]) == 3
