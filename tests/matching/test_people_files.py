"""Files of an evaluation are read as they are, and faults named by file and row, never by value."""

from datetime import date
from pathlib import Path

import pytest

from hub.matching.people_files import KnownPerson, read_people, read_said, read_truth
from hub.matching.tokens import Person
from hub.protocols.errors import MalformedMessage


def file(folder: Path, text: str, name: str = "left.csv") -> Path:
    """A file of this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def fault(folder: Path, text: str) -> MalformedMessage:
    """What is wrong with a file of people."""
    with pytest.raises(MalformedMessage) as raised:
        read_people(file(folder, text))
    return raised.value


def test_columns_in_any_order_and_some_absent(tmp_path: Path) -> None:
    """Columns that are not known are left alone; a byte order mark is no letter."""
    text = "\ufeffdob,id,shoe,last_name,postcode\n2009-03-14, 7 ,41, Thornbury ,ME7 4AB\n"
    person = Person("", "Thornbury", date(2009, 3, 14), "ME7 4AB")
    assert read_people(file(tmp_path, text)) == [KnownPerson("7", person)]


@pytest.mark.parametrize(
    ("cells", "former", "current"),
    [
        ("ME7 4AB,,", "ME7 4AB", ""),
        ("CT1 2XY,ME7 4AB,", "ME7 4AB", "CT1 2XY"),
        (",ME7 4AB,", "ME7 4AB", ""),
        ("ME7 4AB,,CT1 2XY", "ME7 4AB", "CT1 2XY"),
        ("SE1 9ZZ,ME7 4AB,CT1 2XY", "ME7 4AB", "CT1 2XY"),
        (",,", "", ""),
    ],
)
def test_the_only_postcode_is_the_former_one(tmp_path: Path, cells: str, former: str, current: str) -> None:
    """Two records of a mover have the former one in common; beside a former one a plain one is of now."""
    text = f"id,postcode,former_postcode,current_postcode\n1,{cells}\n"
    person = read_people(file(tmp_path, text))[0].person
    assert (person.former_postcode, person.current_postcode) == (former, current)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2009-03-14", date(2009, 3, 14)),
        ("20090314", date(2009, 3, 14)),
        ("14/03/2009", date(2009, 3, 14)),
        ("20093114", None),
        ("", None),
        ("March", None),
    ],
)
def test_dates_in_three_forms_and_others_as_missing(tmp_path: Path, text: str, expected: date | None) -> None:
    """A date that is none is a missing one: a fault of the data, not of the file."""
    assert read_people(file(tmp_path, f"id,dob\n1,{text}\n"))[0].person.dob == expected


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("name\nAmelia\n", "people-id", "left.csv has no column id"),
        ("", "people-id", "left.csv has no column id"),
        ("id,first_name\n1,Amelia\n,Jack\n", "people-id", "left.csv row 3: the id is empty or not the first"),
        (
            "id,first_name\n1,Amelia\n1,Jack\n",
            "people-id",
            "left.csv row 3: the id is empty or not the first",
        ),
    ],
)
def test_fault_names_file_and_row(tmp_path: Path, text: str, code: str, detail: str) -> None:
    """Which file and which row, and nothing that stands in it."""
    found = fault(tmp_path, text)
    assert (found.code, found.detail) == (code, detail)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Not there, or not text."""
    for path in (tmp_path / "absent.csv", tmp_path / "bytes.csv"):
        (tmp_path / "bytes.csv").write_bytes(b"id\n\xff\xfe\n")
        with pytest.raises(MalformedMessage) as raised:
            read_people(path)
        assert (raised.value.code, raised.value.detail) == (
            "people-file",
            f"{path.name} cannot be read as CSV in UTF-8",
        )


def test_cells_beyond_the_header_are_left_alone(tmp_path: Path) -> None:
    """A row longer or shorter than the header is read as far as it goes."""
    people = read_people(file(tmp_path, "id,first_name,last_name\n1,Amelia\n2,Jack,Smith,more,still\n"))
    assert [(one.person.first_name, one.person.last_name) for one in people] == [
        ("Amelia", ""),
        ("Jack", "Smith"),
    ]


def test_a_file_may_say_more_about_a_record(tmp_path: Path) -> None:
    """Group of the name, whether the person moved, whose record it is, and where the person lives now."""
    text = "id,first_name,current_postcode,name_origin,moved,member\n1,Ada,CT1 2XY,polish,yes,kent\n"
    person = Person("Ada", "", current_postcode="CT1 2XY")
    assert read_people(file(tmp_path, text)) == [KnownPerson("1", person, "polish", "yes", "kent")]
    assert read_people(file(tmp_path, "id,authority\n1,886\n"))[0].member == "886"


def test_a_truth_file_may_say_more_of_a_pair(tmp_path: Path) -> None:
    """Columns that it lacks are empty."""
    path = file(tmp_path, "left_id,right_id,sex\na,b,F\n")
    assert read_said(path, ("sex", "moved")) == {("a", "b"): {"sex": "F", "moved": ""}}


def test_truth_is_pairs_of_known_people(tmp_path: Path) -> None:
    """Each row names one person of either file."""
    left, right = [KnownPerson("a", Person("", ""))], [KnownPerson("b", Person("", ""))]
    assert read_truth(file(tmp_path, "left_id,right_id\na,b\n"), left, right) == {("a", "b")}


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("left_id\na\n", "people-id", "truth.csv has no column right_id"),
        (
            "left_id,right_id\na,b\nx,b\n",
            "truth-unknown-id",
            "truth.csv row 3: left_id names nobody of that file",
        ),
        (
            "left_id,right_id\na,a\n",
            "truth-unknown-id",
            "truth.csv row 2: right_id names nobody of that file",
        ),
    ],
)
def test_truth_that_names_nobody_is_refused(tmp_path: Path, text: str, code: str, detail: str) -> None:
    """A truth of other files would make figures that mean nothing."""
    left, right = [KnownPerson("a", Person("", ""))], [KnownPerson("b", Person("", ""))]
    with pytest.raises(MalformedMessage) as raised:
        read_truth(file(tmp_path, text, "truth.csv"), left, right)
    assert (raised.value.code, raised.value.detail) == (code, detail)
