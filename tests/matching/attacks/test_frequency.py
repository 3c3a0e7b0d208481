"""What is common among tokens is common among people."""

import numpy as np

from hub.matching.attacks.frequency import commonest_known, lay_by_rank
from tests.matching.attacks.indexes import groups


def test_groups_are_laid_by_size_against_public_ones() -> None:
    """The largest of the one for the largest of the other; equal sizes share the chance."""
    held = groups([0, 1], [2, 3, 4, 5], [6, 7])
    public = groups([0, 1, 2, 3, 4], [5, 6], [7, 8])
    codes = np.array([1, 1, 1, 1, 2, 3, 3, 4, 4])
    said = lay_by_rank(held, public, codes)
    table = dict(
        zip(said.records.tolist(), zip(said.codes.tolist(), said.chance.tolist(), strict=True), strict=True)
    )
    assert table[2] == (1, 0.8)
    assert table[0] == (3, 0.5)
    assert table[6] == (4, 0.5)


def test_what_has_no_rank_on_the_other_side_is_not_guessed() -> None:
    """Nor is a public group of which nobody's value is known."""
    said = lay_by_rank(groups([0, 1, 2], [3, 4]), groups([0, 1]), np.array([5, 5]))
    assert said.records.tolist() == [0, 1, 2]
    assert not len(lay_by_rank(groups([0, 1]), groups([0, 1]), np.array([-1, -1])).records)


def test_a_leak_of_pairs_gives_away_one_holder_of_the_commonest() -> None:
    """As many groups as pairs, the largest first."""
    shared = groups([0, 1], [2, 3, 4], [5, 6, 7, 8])
    known = commonest_known(shared, 2, np.random.default_rng(1))
    assert sorted(shared.number[known].tolist()) == [1, 2]
    assert not commonest_known(groups(), 2, np.random.default_rng(1)).any()
