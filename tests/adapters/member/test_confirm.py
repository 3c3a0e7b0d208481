"""The comparison in clear text: doubt is never `same`, and `different` is plain to anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.member.confirm import compare
from hub.protocols.acknowledgement import Answer
from hub.protocols.canonical import Json

AMY: dict[str, Json] = {"given": "Amelia", "family": "Hartwell", "dob": "2009-05-12"}


def person(**changes: Json) -> dict[str, Json]:
    """Amelia, with some facts otherwise."""
    return {**AMY, **changes}


@pytest.mark.parametrize(
    "ours",
    [
        person(),
        person(given="AMELIA", family="hartwell"),
        person(given="Amellia"),
        person(family="Hartwel"),
        person(family="Price", former_family=["Hartwell"]),
    ],
    ids=["equal", "capitals", "a letter twice", "a letter lost", "married since"],
)
def test_one_person_in_two_spellings_is_the_same(ours: dict[str, Json]) -> None:
    """Names that differ as spellings do, with an equal birthday, are `same`."""
    assert compare(AMY, ours) is Answer.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bob", "Robert"), ("Sam", "Samuel"), ("Sam", "Samantha"), ("Kate", "Catherine"), ("Bob", "Rob")],
)
def test_a_known_nickname_is_the_same(one: str, other: str) -> None:
    """A known short form of a given name, with equal family name and birthday, is `same`."""
    assert compare(person(given=one), person(given=other)) is Answer.SAME
    assert compare(person(given=other), person(given=one)) is Answer.SAME


def test_a_nickname_beside_another_spelling_of_the_family_name_is_unsure() -> None:
    """A nickname counts only where the family names are equal: two liberties are one too many."""
    assert compare(person(given="Bob"), person(given="Robert", family="Hartwel")) is Answer.UNSURE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Daniel", "Daniela"),
        ("Ali", "Alia"),
        ("Christian", "Christina"),
        ("Alexander", "Alexandra"),
        ("Oliver", "Olivia"),
        ("Samuel", "Samantha"),
    ],
)
def test_twins_with_names_alike_are_never_the_same(one: str, other: str) -> None:
    """Given names that differ as a brother's and a sister's do are doubt, whatever else agrees."""
    assert compare(person(given=one), person(given=other)) is Answer.UNSURE


@pytest.mark.parametrize(
    "ours",
    [
        person(given="Hartwell", family="Amelia"),
        person(dob="2009-12-05"),
        person(given="Hartwell", family="Amelia", dob="2009-12-05"),
        person(given="Hartwell", family="Amelia", dob="2003-01-27"),
        person(given="Zoe", family="Quirk", dob="2009-12-05"),
        person(dob="2009-05-13"),
        person(dob="2003-11-27"),
        person(given="Zoe"),
        person(given="Zoe", family="Quirk"),
    ],
    ids=[
        "names exchanged",
        "day and month exchanged",
        "both exchanged",
        "names exchanged, another birthday",
        "other names, day and month exchanged",
        "a slip in the birthday",
        "another birthday",
        "another given name",
        "both names other",
    ],
)
def test_what_could_be_a_slip_is_unsure(ours: dict[str, Json]) -> None:
    """Exchanged names, exchanged day and month, and one fact that differs are for a person."""
    assert compare(AMY, ours) is Answer.UNSURE
    assert compare(ours, AMY) is Answer.UNSURE


def test_other_names_and_another_birthday_are_different() -> None:
    """Where names and birthday plainly contradict, nobody has to be asked."""
    assert compare(AMY, person(given="Zoe", family="Quirk", dob="2003-11-27")) is Answer.DIFFERENT


@pytest.mark.parametrize("field", ["given", "family", "dob"])
@pytest.mark.parametrize("value", [None, "", "unknown", 7])
def test_a_missing_fact_is_like_nothing(field: str, value: Json) -> None:
    """What is missing on both sides agrees with nothing: it is never `same` and never `different`."""
    assert compare(person(**{field: value}), person(**{field: value})) is Answer.UNSURE


@pytest.mark.parametrize("dob", ["2009-01-01", "1900-01-01", "not a day"])
def test_a_birthday_that_stands_for_not_known_proves_nothing(dob: str) -> None:
    """The first of January is what registers write where the day is not known."""
    assert compare(person(dob=dob), person(dob=dob)) is Answer.UNSURE


@pytest.mark.parametrize("side", [None, [], "Amelia Hartwell"])
def test_a_part_that_is_no_identity_is_unsure(side: Json) -> None:
    """Something else than an identity part is left to a person."""
    assert compare(side, AMY) is Answer.UNSURE
    assert compare(AMY, side) is Answer.UNSURE


NAMES = st.sampled_from(
    ["Amelia", "Amy", "Bob", "Robert", "Daniel", "Daniela", "Mohammed", "Li", "O'Neil", "Zoë", "", "unknown"]
)
PEOPLE = st.fixed_dictionaries(
    {"given": NAMES, "family": NAMES, "dob": st.sampled_from(["2009-05-12", "2009-12-05", "2003-11-27", ""])}
)


@given(one=PEOPLE, other=PEOPLE)
def test_the_order_of_the_sides_does_not_count(one: dict[str, Json], other: dict[str, Json]) -> None:
    """Whoever compares gets the same answer."""
    assert compare(one, other) is compare(other, one)


@given(one=PEOPLE, other=PEOPLE)
def test_another_birthday_is_never_the_same(one: dict[str, Json], other: dict[str, Json]) -> None:
    """No likeness of names makes up for a birthday that is not equal."""
    if one["dob"] != other["dob"]:
        assert compare(one, other) is not Answer.SAME
