"""Weights are learnt without labels, from people and not from households, and only where files show."""

import json
import random
from dataclasses import replace
from hashlib import sha256

import pytest

from hub.matching.levels import LEVELS, Field
from hub.matching.tokens import Person
from hub.matching.training import ROUNDS, Files, stated_weights, train, unshown_fields
from hub.matching.weights import Weights
from tests.matching.people import AMELIA, two_files

LEFT, RIGHT = two_files(400)
FILES = Files(LEFT, RIGHT)
EVERY = frozenset(Field)
"""Fields whose u is kept where only m is asked about: strangers take most of the time."""


def trained(
    files: list[Files],
    keep_u: frozenset[Field] = frozenset(),
    keep_m: frozenset[Field] = frozenset(),
) -> Weights:
    """Weights from files under a seed."""
    return train(
        files,
        replace(stated_weights(), version="test", trained_on="made-up people"),
        randomness=random.Random(1).randbytes,
        keep_u=keep_u,
        keep_m=keep_m,
    )


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Weights from the two files."""
    return trained([FILES])


def test_shares_make_a_whole(weights: Weights) -> None:
    """Of every field, among pairs of one person and among strangers."""
    for shares in (weights.m, weights.u):
        for field, levels in LEVELS.items():
            assert set(shares[field]) == set(levels)
            assert sum(shares[field].values()) == pytest.approx(1, abs=1e-6)
    for field, of_families in weights.family.items():
        assert tuple(of_families) == LEVELS[field]
        assert sum(of_families.values()) == pytest.approx(1, abs=1e-6)
    assert (weights.version, weights.trained_on) == ("test", "made-up people")


def test_same_people_are_learnt_and_not_their_households(weights: Weights) -> None:
    """Brothers and sisters share last name and postcode; first names and birthdays must still count."""
    assert weights.m[Field.FIRST]["exact"] > 0.8
    assert weights.m[Field.BIRTH]["exact"] > 0.85
    assert weights.bits[Field.FIRST][0] > 5_000


def test_strangers_are_learnt_from_one_file(weights: Weights) -> None:
    """1,400 birthdays, evenly spread: two strangers share one in about 1,400 cases."""
    assert weights.u[Field.BIRTH]["exact"] == pytest.approx(1 / 1_400, rel=0.4)
    assert weights.u[Field.SEX]["same"] == pytest.approx(0.5, abs=0.05)
    assert weights.u[Field.LAST]["exact"] < 0.01


def test_what_files_cannot_show_stays_as_stated(weights: Weights) -> None:
    """No numbers in the files: their shares are those that training started from."""
    for field in (Field.UPN, Field.ULN):
        assert weights.m[field] == stated_weights().m[field]
        assert weights.u[field] == stated_weights().u[field]
    nameless = [replace(one, first_name="", sex="") for one in LEFT[:30]]
    kept = trained([Files(nameless, nameless)])
    assert kept.m[Field.FIRST] == stated_weights().m[Field.FIRST]
    assert kept.u[Field.SEX] == stated_weights().u[Field.SEX]


def test_u_of_another_country_is_kept(weights: Weights) -> None:
    """How often strangers share a thing is not learnt from files of other people."""
    kept = trained([FILES], EVERY - {Field.SEX}, frozenset({Field.RARITY}))
    assert kept.u[Field.BIRTH] == stated_weights().u[Field.BIRTH] != weights.u[Field.BIRTH]
    assert kept.u[Field.SEX] != stated_weights().u[Field.SEX]
    assert kept.m[Field.RARITY] == stated_weights().m[Field.RARITY] != weights.m[Field.RARITY]
    assert kept.m[Field.BIRTH] != stated_weights().m[Field.BIRTH]


def test_same_seed_gives_the_same_weights() -> None:
    """A weights file can be made again."""
    few = Files(LEFT[:60], RIGHT[:60])
    assert trained([few]).to_json() == trained([few]).to_json() != stated_weights().to_json()


def test_a_training_on_record_can_be_repeated_to_the_byte() -> None:
    """Made-up people and a seed that stay as they are, the same weights on any machine.

    Another digest means that tokens, levels or training have changed: the frozen weights are then of
    an earlier state, and `docs/matching.md` says how far they are from what training gives now.
    """
    left, right = two_files(150, seed=20_261)
    made = json.dumps(trained([Files(left, right)]).to_json(), indent=2)
    digest = "3449fccc14164a861c5c69ee35430b9dcb056df9eb646ecc1031d7205ebdc9a4"
    assert sha256(made.encode()).hexdigest() == digest


def test_how_far_training_is_can_be_told() -> None:
    """Each stage to its end: the fields of strangers, the pairs of files, the rounds."""
    told: list[tuple[str, int, int]] = []
    few = Files(LEFT[:20], RIGHT[:20])
    train(
        [few, few],
        stated_weights(),
        randomness=random.Random(1).randbytes,
        keep_u=EVERY,
        progress=lambda *stage: told.append(stage),
    )
    ends = {"strangers": len(LEVELS), "pairs of files": 2, "rounds": ROUNDS}
    assert told == [(stage, done, end) for stage, end in ends.items() for done in range(1, end + 1)]


def test_no_pair_of_files_outvotes_another() -> None:
    """Files of very different size count alike once there are enough pairs; few pairs leave the priors."""
    few = trained([Files(LEFT[:3], RIGHT[:3])], EVERY)
    assert few.m[Field.LAST]["exact"] == pytest.approx(stated_weights().m[Field.LAST]["exact"], abs=0.01)


def test_namesakes_of_one_file_make_common_names_count_less() -> None:
    """The u of rarity is the share of namesakes: here all of them have the commonest names."""
    smiths = [replace(one, first_name="Jack", last_name="Smith") for one in LEFT[:100]]
    common = trained([Files([*smiths, *LEFT], [*smiths, *RIGHT])], EVERY - {Field.RARITY})
    assert common.u[Field.RARITY]["common"] > 0.8
    assert common.u[Field.RARITY]["rarest"] < 0.01


def test_unshown_fields_are_those_one_file_never_has() -> None:
    """A column that is absent on one side shows nothing."""
    one = [AMELIA, Person("", "")]
    assert unshown_fields(one, one) == frozenset()
    assert unshown_fields(one, [Person("Amelia", "Thornbury")]) == {
        Field.BIRTH,
        Field.POSTCODE,
        Field.SEX,
        Field.UPN,
        Field.ULN,
    }


def test_stated_weights_are_whole() -> None:
    """The starting point has every level of every field, and its shares make a whole."""
    stated = stated_weights()
    for shares in (stated.m, stated.u):
        assert all(sum(shares[field].values()) == pytest.approx(1) for field in LEVELS)


def test_pairs_that_are_more_likely_strangers_teach_nothing() -> None:
    """Two files without anybody in common leave the stated m as it was."""
    left, right = two_files(300, seed=2)[0], two_files(300, seed=3)[0]
    kept = trained([Files(left, right)], EVERY)
    assert kept.m[Field.FIRST]["exact"] == pytest.approx(stated_weights().m[Field.FIRST]["exact"], abs=0.03)
