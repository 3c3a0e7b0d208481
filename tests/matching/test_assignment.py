"""Pairs are kept one to one, the best first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hub.matching.assignment import assign_one_to_one

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-3, 3)), max_size=12)


def kept(pairs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The pairs that are kept, in their order."""
    left, right, millibits = (np.array([pair[place] for pair in pairs], dtype=np.int64) for place in range(3))
    return [pairs[place] for place in assign_one_to_one(left, right, millibits).tolist()]


def test_best_pair_takes_both_its_people() -> None:
    """What is left over goes to the next best."""
    assert kept([(0, 0, 5), (0, 1, 9), (1, 1, 7), (1, 0, 1)]) == [(0, 1, 9), (1, 0, 1)]


def test_equal_sums_go_in_the_order_of_the_records() -> None:
    """So that two runs give the same answer."""
    assert kept([(1, 1, 5), (0, 1, 5), (0, 0, 5)]) == [(0, 0, 5), (1, 1, 5)]


@given(PAIRS)
def test_nobody_is_kept_twice_and_nobody_is_left_over(pairs: list[tuple[int, int, int]]) -> None:
    """Of every pair not kept, at least one was taken by a pair as good."""
    chosen = kept(pairs)
    assert len({left for left, _, _ in chosen}) == len({right for _, right, _ in chosen}) == len(chosen)
    for left, right, millibits in pairs:
        assert any((left == one or right == other) and best >= millibits for one, other, best in chosen)
