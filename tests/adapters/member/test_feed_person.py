"""Whether a local reference still names the same young person."""

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapters.member.feed_person import person_of, plain, still_one
from adapters.move import Move
from tests.story.people import ADA

NAMELESS = replace(ADA, upn=None)
MENDED: dict[str, Any] = {"given": "Adah", "family": "Examplton", "dob": date(2009, 12, 11)}


def one(before: Move, after: Move) -> bool:
    """Whether two nights' rows name one person, either way round."""
    there = still_one(person_of(before), person_of(after))
    assert still_one(person_of(after), person_of(before)) is there
    return there


@pytest.mark.parametrize("field", ["given", "family", "dob"])
def test_one_fact_that_is_better_known_makes_nobody_else(field: str) -> None:
    """Where a number says so too."""
    assert one(ADA, replace(ADA, **{field: MENDED[field]}))


@pytest.mark.parametrize(("field", "same"), [("given", False), ("family", True), ("dob", True)])
def test_without_a_number_another_given_name_may_be_a_twin_s(field: str, same: bool) -> None:
    """Who has the family name and the birthday too."""
    assert one(NAMELESS, replace(NAMELESS, **{field: MENDED[field]})) is same


def test_two_mended_facts_need_a_number() -> None:
    """And a number alone, beside three other facts, is a number in the wrong row."""
    both = {"family": MENDED["family"], "dob": MENDED["dob"]}
    assert one(ADA, replace(ADA, **both))
    assert not one(NAMELESS, replace(NAMELESS, **both))
    assert not one(ADA, replace(ADA, **MENDED))


def test_a_number_that_speaks_against_it_needs_all_the_rest() -> None:
    """A number is typed wrongly as well; a sibling has another name besides."""
    other = replace(ADA, upn="X884499921002")
    assert one(ADA, other)
    assert not one(ADA, replace(other, family="Examplton"))
    assert not one(ADA, replace(other, given="Ida"))


def test_a_number_that_becomes_known_says_nothing() -> None:
    """It was not known before."""
    assert one(NAMELESS, replace(ADA, family="Examplton"))
    assert not one(NAMELESS, replace(ADA, given="Ida"))


def test_an_accent_is_one_letter_however_it_is_stored() -> None:
    """Two exports of one name may compose it differently; that is no other name."""
    assert plain(unicodedata.normalize("NFD", "José ")) == plain("JOSÉ")
