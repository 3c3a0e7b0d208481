"""Evidence adds up to one guess a record."""

import numpy as np
import pytest

from hub.matching.attacks.facts import Guess
from hub.matching.attacks.votes import Votes, ask_holders, elect, how_telling
from tests.matching.attacks.indexes import groups

FLOOR = Guess(np.array([9, 9, 9]), np.array([0.1, 0.1, 0.1]))


def votes(*cast: tuple[int, int, float]) -> Votes:
    """Votes written as (record, value, chance)."""
    records, codes, chance = zip(*cast, strict=True)
    return Votes(np.array(records), np.array(codes), np.array(chance))


def test_without_evidence_the_commonest_is_guessed() -> None:
    """Of everybody."""
    assert elect([], FLOOR).tolist() == [9, 9, 9]


def test_the_likelier_value_wins_and_weak_ones_add_up() -> None:
    """Two at four in ten beat one at a half; what is less likely than the floor is not said."""
    cast = [votes((0, 3, 0.5), (0, 4, 0.4)), votes((0, 4, 0.4), (2, 5, 0.05))]
    assert elect(cast, FLOOR).tolist() == [4, 9, 9]


def test_what_is_sure_is_still_a_number() -> None:
    """A chance of one outweighs everything and breaks nothing."""
    assert elect([votes((1, 2, 1.0), (1, 3, 0.99))], FLOOR).tolist() == [9, 2, 9]


def test_known_holders_speak_for_the_others_of_their_group() -> None:
    """Each value once; of an unknown value nothing is said; known records are not asked."""
    shared = groups([0, 1, 2, 3], [3, 4], [5, 6])
    codes = np.array([7, 7, 8, 8, 1, -1, 2])
    known = np.array([True, True, False, True, True, False, True, False])
    said = ask_holders(shared, known, codes, 0.25)
    assert list(zip(said.records.tolist(), said.codes.tolist(), strict=True)) == [(2, 7), (2, 8), (4, 8)]
    assert set(said.chance.tolist()) == {0.25}


def test_groups_tell_as_much_as_their_pairs_agree() -> None:
    """Three pairs of four agree; those without the fact are no pairs."""
    shared = groups([0, 1, 2], [3, 4], [5, 6])
    codes = np.array([1, 1, 1, 2, 3, -1, 4])
    assert how_telling(shared, codes) == pytest.approx(3.5 / 5)
