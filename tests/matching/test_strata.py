"""Recall by group of young people."""

from dataclasses import replace

import pytest

from hub.matching.people_files import KnownPerson
from hub.matching.strata import LEAST, Pair, Stratum, recall_by_stratum, worst_against_mean
from hub.matching.tokens import Person
from tests.matching.people import AMELIA, STRANGER

AT_HOME = replace(AMELIA, current_postcode="")


def recall(left: KnownPerson, right: KnownPerson, said: dict[str, str] | None = None) -> dict[str, str]:
    """The groups of one pair."""
    pair = (left.id, right.id)
    return {
        one.group: one.value for one in recall_by_stratum({pair: (left, right)}, {pair: said or {}}, (), ())
    }


def known(person: Person = AMELIA, **about: str) -> KnownPerson:
    """A record of somebody."""
    return KnownPerson("1", person, **about)


def test_the_truth_file_counts_before_the_records_and_these_before_what_follows() -> None:
    """Origin and moved as said; sex and the rest from the records."""
    told = recall(known(name_origin="welsh", moved="1"), known(), {"name_origin": "polish", "twin": "no"})
    assert told == {
        "name origin": "polish",
        "sex": "female",
        "moved": "yes",
        "twin": "no",
        "identifiers": "on both sides",
    }


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (AT_HOME, "no"),
        (replace(AT_HOME, former_postcode="CT1 2XY"), "yes"),
        (replace(AT_HOME, current_postcode="CT1 2XY"), "yes"),
        (replace(AT_HOME, former_postcode="", current_postcode="ME7 4AB"), "no"),
        (replace(AT_HOME, former_postcode="ME7"), None),
    ],
)
def test_who_moved_follows_from_two_postcodes(right: Person, expected: str | None) -> None:
    """One row may hold both; where a side has none nothing follows, and a group of nobody is left out."""
    assert recall(known(AT_HOME), known(right)).get("moved") == expected


def test_numbers_count_where_both_sides_have_the_same_kind() -> None:
    """A UPN here and a ULN there help nobody."""
    upn, uln = replace(AMELIA, uln=""), replace(AMELIA, upn="")
    assert recall(known(upn), known(uln))["identifiers"] == "missing on a side"
    assert recall(known(uln), known(uln))["identifiers"] == "on both sides"


def test_recall_is_counted_group_by_group() -> None:
    """The largest group first; what is not known is a group of its own beside known ones."""
    people = {
        ("1", "1"): (known(), known()),
        ("2", "2"): (known(replace(AMELIA, sex="")), known(replace(AMELIA, sex="x"))),
        ("3", "3"): (known(STRANGER), known(STRANGER)),
        ("4", "4"): (known(STRANGER), known(STRANGER)),
    }
    found: set[Pair] = {("1", "1"), ("3", "3"), ("9", "9")}
    strata = recall_by_stratum(people, {}, found, {("3", "3"), ("4", "4")})
    assert [one for one in strata if one.group == "sex"] == [
        Stratum("sex", "male", 2, 0.5, 1),
        Stratum("sex", "female", 1, 1, 0),
        Stratum("sex", "not known", 1, 0, 0),
    ]


def test_the_worst_group_is_held_against_the_mean() -> None:
    """Small groups say too little."""
    large, small = Stratum("sex", "male", LEAST, 0.9, 0.9), Stratum("sex", "female", LEAST - 1, 0.1, 0.1)
    assert worst_against_mean([large, small], 0.95) == pytest.approx(-0.05)
    assert worst_against_mean([small], 0.95) == 0
