"""What an attacker is after, and the floor."""

from dataclasses import replace

import numpy as np

from hub.matching.attacks.facts import Target, commonest, facts_of, number_facts, share_right
from tests.matching.people import AMELIA, STRANGER

PEOPLE = [AMELIA, STRANGER, replace(AMELIA, last_name="O'THORNBURY", upn=""), replace(AMELIA, dob=None)]


def test_the_same_value_is_the_same_number_and_a_missing_one_below_nought() -> None:
    """Names in the form in which they are hashed; a number that is none is missing."""
    facts = number_facts(PEOPLE)
    assert facts[Target.FIRST].tolist() == [0, 1, 0, 0]
    assert facts[Target.LAST].tolist() == [0, 1, 2, 0]
    assert facts[Target.BIRTH].tolist() == [0, 1, 0, -1]
    assert facts[Target.FORMER].tolist() == [0, 1, 0, 0]
    assert facts[Target.CURRENT].tolist() == [0, 1, 0, 0]
    assert facts[Target.UPN].tolist() == [0, 1, -1, 0]
    assert facts[Target.ULN].tolist() == [0, 1, 0, 0]
    assert facts_of(facts, np.array([2, 1]))[Target.LAST].tolist() == [2, 1]


def test_the_floor_is_the_commonest_value_of_those_alike() -> None:
    """By mark where marks are given; nothing is said where nobody public has the mark."""
    public, marks = np.array([4, 4, 7, 7, 7, -1]), np.array([0, 0, 0, 1, 1, 2])
    guess = commonest(public, marks, np.array([0, 1, 2, 3]))
    assert guess.codes.tolist() == [4, 7, -1, -1]
    assert guess.chance.tolist() == [2 / 3, 1, 0, 0]


def test_missing_facts_are_not_counted() -> None:
    """A guess at nothing is neither right nor wrong."""
    truth, everybody = np.array([1, 2, -1]), np.ones(3, dtype=bool)
    assert share_right(np.array([1, 1, -1]), truth, everybody) == 0.5
    assert share_right(np.array([1, 1, 1]), truth, np.array([False, False, True])) == 0
