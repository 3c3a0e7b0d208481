"""An evaluation counts what matching through hashes alone finds, against a known truth."""

import random
from dataclasses import asdict
from pathlib import Path

import pytest

from hub.matching.evaluate import BLOCK, Evaluation, evaluate
from hub.matching.people_files import KnownPerson, read_people, read_truth
from hub.matching.tokens import Person
from hub.matching.training import stated_weights
from tests.matching.people import AMELIA, STRANGER, two_files

DATA = Path(__file__).parents[2] / "bench" / "data"


def known(people: list[Person], side: str) -> list[KnownPerson]:
    """People with the ids of one file."""
    return [KnownPerson(f"{side}{place}", person) for place, person in enumerate(people)]


def evaluated(left: list[Person], right: list[Person], truth: set[tuple[str, str]]) -> Evaluation:
    """The figures of two files, by a clock of which every look is a second later."""
    ticks = iter(range(10))
    return evaluate(
        known(left, "a"),
        known(right, "b"),
        truth,
        randomness=random.Random(1).randbytes,
        clock=lambda: float(next(ticks)),
    )


def test_every_pair_found_and_nobody_else() -> None:
    """Two people on both sides: all is right, two records a side in one second."""
    found = evaluated([AMELIA, STRANGER], [STRANGER, AMELIA], {("a0", "b1"), ("a1", "b0")})
    assert (found.precision, found.recall, found.f1) == (1, 1, 1)
    assert (found.precision_label_free, found.recall_label_free, found.f1_label_free) == (1, 1, 1)
    assert (found.left, found.right, found.true_pairs, found.candidates, found.candidate_recall) == (
        2,
        2,
        2,
        2,
        1,
    )
    assert found.records_per_s == 4
    assert found.weights_version == "2026-3"
    assert found.index_bytes_a_record == 8 * 94 + 16 * 41


def test_a_pair_not_found_costs_recall_alone() -> None:
    """One true pair of two has nothing in common."""
    found = evaluated([AMELIA, AMELIA], [AMELIA, STRANGER], {("a0", "b0"), ("a1", "b1")})
    assert (found.precision, found.recall, found.candidate_recall) == (1, 0.5, 0.5)
    assert found.f1 == pytest.approx(2 / 3)


def test_a_wrong_pair_costs_precision_alone() -> None:
    """Two pairs as good as each other stand or fall together at any threshold."""
    other = Person("Dominic", "Ashgrove", STRANGER.dob, "SE1 9RT")
    found = evaluated([STRANGER, AMELIA], [other, AMELIA], {("a1", "b1")})
    assert (found.precision, found.recall) == (1, 1)
    assert found.precision_label_free == 0.5
    wrong = evaluated([other, other], [other, other], {("a0", "b0")})
    assert (wrong.precision, wrong.recall) == (0.5, 1)


def test_nothing_to_find_gives_noughts() -> None:
    """Empty files, and files without a true pair."""
    empty = evaluated([], [], set())
    assert (empty.precision, empty.recall, empty.f1, empty.f1_label_free, empty.candidates) == (0, 0, 0, 0, 0)
    strangers = evaluated([AMELIA], [STRANGER], set())
    assert (strangers.f1, strangers.candidate_recall) == (0, 0)


def test_a_clock_that_stands_still_breaks_nothing() -> None:
    """Speed has no upper bound then."""
    found = evaluate([], [], set(), randomness=random.Random(1).randbytes, clock=lambda: 0.0)
    assert found.records_per_s == float("inf")


def test_a_truth_that_names_groups_gives_recall_by_group() -> None:
    """One of two is found; precision is as good as can be for that one."""
    truth = {("a0", "b0"): {"name_origin": "english"}, ("a1", "b1"): {"name_origin": "polish"}}
    found = evaluate(
        known([AMELIA, AMELIA], "a"),
        known([AMELIA, STRANGER], "b"),
        truth,
        randomness=random.Random(1).randbytes,
    )
    origins = {one.value: one.recall for one in found.strata if one.group == "name origin"}
    assert origins == {"english": 1, "polish": 0}
    assert found.recall_at_precision_999 == 0.5
    assert found.worst_stratum_against_mean == 0


def test_progress_is_told_stage_by_stage() -> None:
    """Whoever waits sees what is being done and how much is left."""
    told: list[tuple[str, int, int]] = []
    people = [Person("Jack", "Smith")] * 201
    evaluate(
        known(people, "a"),
        known(people, "b"),
        set(),
        lambda *step: told.append(step),
        randomness=random.Random(1).randbytes,
    )
    pairs = 201 * 201
    assert told == [
        ("left tokens", 201, 201),
        ("right tokens", 201, 201),
        ("comparing", BLOCK, pairs),
        ("comparing", 2 * BLOCK, pairs),
        ("comparing", pairs, pairs),
    ]


def test_figures_are_the_same_under_any_linkage_key() -> None:
    """Only what is hashed counts, not the key; other weights may be tried."""
    left, right = two_files(60)
    truth = {(f"a{place}", f"b{place}") for place in range(60)}
    found = [
        evaluate(
            known(left, "a"),
            known(right, "b"),
            truth,
            weights=weights,
            randomness=random.Random(seed).randbytes,
            clock=lambda: 0.0,
        )
        for weights, seed in ((None, 1), (None, 2), (stated_weights(), 1))
    ]
    assert asdict(found[0]) == asdict(found[1])
    assert found[0].f1 == 1
    assert found[2].weights_version == "stated"


def test_historical_figures_reach_their_mark() -> None:
    """English people with errors, many without a birthday: F1 of .80 or better, on hashes alone.

    CLK filters with all pairs compared reach .765 on these files, rule tokens .478.
    """
    left, right = (read_people(DATA / f"historical_{side}.csv") for side in "ab")
    truth = read_truth(DATA / "historical_truth.csv", left, right)
    found = evaluate(left, right, truth, randomness=random.Random(1).randbytes)
    assert found.f1 >= 0.80
    assert found.f1_label_free >= 0.58
    assert found.precision_label_free >= 0.97
