"""The pairs on either side of the threshold are explained."""

import random
from dataclasses import replace

from hub.matching.evaluate import study
from hub.matching.people_files import KnownPerson
from hub.matching.weights import frozen_weights
from tests.matching.people import two_files


def test_the_pairs_next_to_the_threshold_come_with_their_waterfalls() -> None:
    """Those that just reach it, then those that just miss it, each adding up to its score."""
    left, right = two_files(60)
    found = study(
        [KnownPerson(f"a{place}", person) for place, person in enumerate(left)],
        [KnownPerson(f"b{place}", person) for place, person in enumerate(right)],
        {(f"a{place}", f"b{place}") for place in range(60)},
        nearest=2,
        weights=replace(frozen_weights(), certain=17_000),
        randomness=random.Random(1).randbytes,
    )
    reached = found.sweep.at(found.weights.certain).pairs
    assert 0 < reached < len(found.sweep.scores)
    scores = [one.verdict.millibits for one in found.nearest]
    assert scores == found.sweep.scores[reached - 2 : reached + 2].tolist()
    assert scores[1] >= found.weights.certain > scores[2]
    for one in found.nearest:
        assert one.true is (one.left.id[1:] == one.right.id[1:])
        assert (
            sum(bar.millibits for bar in one.verdict.waterfall) - found.weights.prior == one.verdict.millibits
        )


def test_no_pair_is_explained_unless_asked_for() -> None:
    """Clear text is shown to nobody by accident."""
    left, _ = two_files(3)
    people = [KnownPerson(str(place), person) for place, person in enumerate(left)]
    found = study(people, people, set(), randomness=random.Random(1).randbytes)
    assert found.nearest == ()
