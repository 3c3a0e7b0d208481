"""Filters laid beside each other tell equal birthdays."""

import numpy as np

from hub.matching.attacks.facts import Target, number_facts
from hub.matching.attacks.filters import BINS, guess_birthdays, learn_overlaps
from hub.matching.attacks.held import hold
from tests.matching.attacks.indexes import SoundMaker, crowd


def test_an_overlap_above_chance_speaks_for_the_birthday() -> None:
    """Full overlap says most; about what chance gives says little or the contrary."""
    people = [one.person for one in crowd(700, days=40)]
    days = number_facts(people)[Target.BIRTH]
    weights = learn_overlaps(hold([SoundMaker().make(people[0])]), days[:1], 1)
    assert weights.shape == (4, BINS)
    assert np.allclose(weights, weights[:, :1])
    maker = SoundMaker()
    weights = learn_overlaps(hold([maker.make(one) for one in people]), days, 600)
    assert weights[0, BINS - 1] > 3
    assert weights[0, 5] < 0.5


def test_birthdays_are_guessed_from_filters_alone() -> None:
    """Much more than one in forty of them, and nothing where nobody leaks."""
    people = [one.person for one in crowd(400, days=40)]
    days = number_facts(people)[Target.BIRTH]
    ours, theirs = SoundMaker(), SoundMaker()
    held = hold([ours.make(one) for one in people])
    weights = learn_overlaps(hold([theirs.make(one) for one in people]), days, 600)
    leaked = np.arange(400) < 200
    found = guess_birthdays(held, leaked, ~leaked, days, weights)
    assert found.records.tolist() == list(range(200, 400))
    right = (found.codes == days[found.records]).mean()
    assert right > 0.3
    assert abs(found.chance.mean() - right) < 0.25
    nobody = guess_birthdays(held, np.zeros(400, dtype=bool), ~leaked, days, weights)
    assert not len(nobody.records)
