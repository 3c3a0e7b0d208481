"""Small counts are hidden before they come near a drawing, a table or a sentence."""

import pytest

from adapters.demo.suppression import FEW, say, shown, suppress


@pytest.mark.parametrize("count", range(5))
def test_nought_to_four_are_one_and_the_same(count: int) -> None:
    """A zero tells as much as a one: that it is nobody."""
    assert shown(count) is None
    assert say(shown(count)) == FEW


@pytest.mark.parametrize(("count", "told"), [(5, 5), (9, 5), (10, 10), (14, 10), (99, 95)])
def test_larger_counts_are_rounded_down_to_fives(count: int, told: int) -> None:
    """Two figures whose difference is small give no small figure away."""
    assert shown(count) == told
    assert say(shown(count)) == f"{told} or more"


def test_a_cell_that_nobody_counted_is_hidden_like_a_small_one() -> None:
    """What is missing from the counts is a zero, and shows as one of the few."""
    cells = [("Kent", "Medway"), ("Medway", "Kent"), ("Kent", "Lambeth")]
    told = suppress({("Kent", "Medway"): 12, ("Medway", "Kent"): 3}, cells)
    assert told == {("Kent", "Medway"): 10, ("Medway", "Kent"): None, ("Kent", "Lambeth"): None}
