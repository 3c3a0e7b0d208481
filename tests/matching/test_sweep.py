"""Figures at every threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.matching.sweep import Bin, Figures, Sweep


def sweep(scores: list[int], is_true: list[bool], true_pairs: int) -> Sweep:
    """A sweep over these pairs, best first."""
    return Sweep(np.array(scores, dtype=np.int64), np.array(is_true, dtype=bool), true_pairs)


FOUR = sweep([9_000, 8_000, 8_000, 2_500], [True, True, False, True], 4)


def test_a_pair_counts_where_its_score_reaches_the_threshold() -> None:
    """Equal scores stand or fall together."""
    assert FOUR.at(8_500) == Figures(8_500, 1, 1, 0.25, 0.4)
    assert FOUR.at(8_000) == Figures(8_000, 3, 2 / 3, 0.5, 4 / 7)
    assert FOUR.at(10_000) == Figures(10_000, 0, 0, 0, 0)


def test_the_best_threshold_is_that_of_the_best_f1() -> None:
    """All four here; of nothing, nought."""
    assert FOUR.best() == Figures(2_500, 4, 0.75, 0.75, 0.75)
    assert sweep([], [], 0).best() == Figures(0, 0, 0, 0, 0)


def test_recall_at_a_precision_is_the_most_that_is_so_precise() -> None:
    """Half way through equal scores is no threshold."""
    assert FOUR.recall_at_precision(0.999) == 0.25
    assert FOUR.recall_at_precision(0.75) == 0.75
    assert sweep([1_000, 1_000], [True, False], 1).recall_at_precision(0.999) == 0
    assert sweep([], [], 3).recall_at_precision(0.5) == 0


def test_points_and_bins_go_bit_by_bit() -> None:
    """From the lowest score to the highest, gaps included, below nought too."""
    assert [one.millibits for one in FOUR.points()] == list(range(2_000, 10_000, 1_000))
    assert FOUR.histogram()[0] == Bin(2, 1, 0)
    assert FOUR.histogram()[-2] == Bin(8, 1, 1)
    assert FOUR.histogram()[1] == Bin(3, 0, 0)
    assert [one.bits for one in sweep([-500], [True], 1).histogram()] == [-1]
    assert not sweep([], [], 0).points()
    assert not sweep([], [], 0).histogram()


@given(st.lists(st.tuples(st.integers(-9_000, 9_000), st.booleans()), max_size=30))
def test_no_threshold_beats_the_best_and_none_gains_recall(pairs: list[tuple[int, bool]]) -> None:
    """Whatever the pairs."""
    pairs.sort(key=lambda pair: -pair[0])
    found = sweep([score for score, _ in pairs], [true for _, true in pairs], 1 + sum(t for _, t in pairs))
    recalls = [one.recall for one in found.points()]
    assert recalls == sorted(recalls, reverse=True)
    assert all(one.f1 <= found.best().f1 + 1e-9 for one in found.points())
    assert sum(one.true + one.false for one in found.histogram()) == len(pairs)
    assert found.recall_at_precision(0) == pytest.approx(max([0, *recalls]))
