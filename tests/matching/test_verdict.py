"""A verdict is the sum of its bars, the same from either side, and cautious where it must be."""

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.matching.evidence import rows_of
from hub.matching.levels import EvidenceStrength, Field
from hub.matching.tokens import Person
from hub.matching.verdict import (
    Outcome,
    against_strangers,
    judge,
    judge_each,
    score_block,
    score_pairs,
    verdicts,
)
from hub.matching.weights import frozen_weights
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import EpochId
from hub.protocols.token_record import TokenRecord, rekey
from tests.matching.people import AMELIA, NAME_AND_BIRTH, PEOPLE, STRANGER, record

WEIGHTS = frozen_weights()


def outcome(one: Person, other: Person, runner_up: int | None = None) -> Outcome:
    """What is said of two people."""
    return judge(record(one, 1), record(other, 2), runner_up=runner_up).outcome


def shown(one: TokenRecord) -> TokenRecord:
    """What a key request carries of a record."""
    return TokenRecord.without_other(one.epoch, one.name_birth, one.evidence)


def test_same_person_is_certain_and_strangers_are_nobody() -> None:
    """The two plain cases."""
    assert outcome(AMELIA, AMELIA) is Outcome.CERTAIN
    assert outcome(AMELIA, STRANGER) is Outcome.NONE


def test_waterfall_adds_up_and_says_what_was_seen() -> None:
    """The bars, less the prior, are the sum: an officer can follow it."""
    verdict = judge(record(AMELIA, 1), record(replace(AMELIA, first_name="Millie"), 2))
    assert sum(bar.millibits for bar in verdict.waterfall) - WEIGHTS.prior == verdict.millibits
    assert [bar.field for bar in verdict.waterfall] == list(Field)
    assert (verdict.waterfall[0].level, verdict.waterfall[0].words) == (
        "nick",
        "a short form of the same first name",
    )
    assert verdict.bits == verdict.millibits / 1000
    assert verdict.weights_version == "2026-3"
    assert verdict.strength is EvidenceStrength.STRONG


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"first_name": "Benedict"}, Outcome.SECOND_LOOK),
        ({"first_name": "Benedict", "dob": date(2011, 8, 2)}, Outcome.NONE),
        ({"dob": date(2011, 8, 2)}, Outcome.CERTAIN),
    ],
)
def test_a_brother_or_sister_has_the_last_name_and_the_home_too(
    change: dict[str, Any], expected: Outcome
) -> None:
    """Both say nothing then: a twin is for people to look at, another birthday is another child's."""
    one = replace(AMELIA, upn="", uln="")
    verdict = judge(record(one, 1), record(replace(one, **change), 2))
    family = verdict.waterfall[-1]
    assert (verdict.outcome, family.field) == (expected, Field.FAMILY)
    assert (family.millibits < 0) == (family.level == "family")


def test_a_family_counts_only_at_one_home() -> None:
    """The same last name elsewhere is a stranger's; what is known beyond names and home still tells."""
    twin = replace(AMELIA, first_name="Benedict", sex="M")
    elsewhere = replace(twin, former_postcode="SE1 9RT", current_postcode="SW9 8AA")
    for other in (elsewhere, replace(elsewhere, upn="", uln="")):
        assert judge(record(AMELIA, 1), record(other, 2)).waterfall[-1].millibits == 0
    numbered, unnumbered = (
        judge(record(AMELIA, 1), record(other, 2)) for other in (twin, replace(twin, upn="", uln=""))
    )
    assert numbered.millibits - unnumbered.millibits > WEIGHTS.bits[Field.UPN][0]


@given(one=PEOPLE, other=PEOPLE)
def test_any_pair_is_worth_no_more_than_against_two_strangers(one: Person, other: Person) -> None:
    """What a family explains is taken off, never given."""
    scores = score_pairs(rows_of([record(one, 1)]), rows_of([record(other, 2)]))
    assert scores.millibits[0] <= against_strangers(scores.agreement, WEIGHTS)[0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"first_name": "Millie"}, Outcome.CERTAIN),
        ({"last_name": "Quill"}, Outcome.CERTAIN),
        ({"first_name": "Benedict"}, Outcome.SECOND_LOOK),
        ({"first_name": ""}, Outcome.SECOND_LOOK),
        ({"first_name": "Thornbury", "last_name": "Amelia"}, Outcome.CERTAIN),
        ({"first_name": "Thornbury", "last_name": "Benedict"}, Outcome.SECOND_LOOK),
        ({"twin": True}, Outcome.SECOND_LOOK),
    ],
)
def test_never_certain_where_the_first_name_is_unlike_or_a_twin_is_known(
    change: dict[str, Any], expected: Outcome
) -> None:
    """Twins share all but the first name, numbers may be mixed up: a person decides (I10)."""
    assert outcome(AMELIA, replace(AMELIA, **change)) is expected
    assert outcome(replace(AMELIA, **change), AMELIA) is expected


def test_brothers_and_sisters_whose_names_begin_alike_go_to_a_person() -> None:
    """Where no birthday is seen to agree, a first name that only begins alike is not enough."""
    one = replace(AMELIA, upn="", uln="", first_name="Zephyrine", last_name="Quillfeather")
    assert outcome(one, replace(one, dob=None)) is Outcome.CERTAIN
    begins_alike = judge(record(one, 1), record(replace(one, first_name="Zephaniah", dob=None), 2))
    assert begins_alike.waterfall[0].level == "start"
    assert begins_alike.outcome is Outcome.SECOND_LOOK


def test_names_and_two_parts_of_a_birthday_go_to_a_person() -> None:
    """However rare the names: without the whole birthday a place or a number must agree."""
    one = Person("Zephyrine", "Quillfeather", date(2009, 3, 14))
    other = replace(one, dob=date(2009, 3, 15))
    verdict = judge(record(one, 1), record(other, 2))
    assert verdict.millibits >= WEIGHTS.certain
    assert verdict.outcome is Outcome.SECOND_LOOK
    assert outcome(replace(one, former_postcode="ME7 4AB"), replace(other, former_postcode="ME7 4AB")) is (
        Outcome.CERTAIN
    )


def test_certain_needs_a_margin_over_the_next_best() -> None:
    """Two candidates nearly as good are for a person to tell apart."""
    sum_ = judge(record(AMELIA, 1), record(AMELIA, 2)).millibits
    assert outcome(AMELIA, AMELIA, runner_up=sum_ - WEIGHTS.margin) is Outcome.CERTAIN
    assert outcome(AMELIA, AMELIA, runner_up=sum_ - WEIGHTS.margin + 1) is Outcome.SECOND_LOOK


def test_what_is_certain_only_by_the_group_other_goes_to_a_person() -> None:
    """The gateway that is asked for a key is not shown `other` and must come to the same answer."""
    one = replace(
        NAME_AND_BIRTH,
        first_name="Jack",
        last_name="Smith",
        dob=date(2009, 1, 1),
        current_postcode="CT1 2XY",
        sex="F",
    )
    verdict = judge(record(one, 1), record(one, 2))
    assert verdict.millibits >= WEIGHTS.certain
    assert verdict.outcome is Outcome.SECOND_LOOK


@given(PEOPLE, PEOPLE)
def test_certain_here_is_certain_at_the_gateway(one: Person, other: Person) -> None:
    """Judged again with the counter-notice's two groups alone, a certain match stays certain."""
    left, right = record(one, 1), record(other, 2)
    if judge(rekey(left, b"k"), rekey(right, b"k")).outcome is Outcome.CERTAIN:
        assert judge(left, shown(right)).outcome is Outcome.CERTAIN
        assert judge(right, shown(left)).outcome is Outcome.CERTAIN


@given(PEOPLE, PEOPLE)
def test_verdict_is_the_same_from_either_side(one: Person, other: Person) -> None:
    """Whichever notice comes first, and under the hub's own key, the verdict is one."""
    left, right = record(one, 1), record(other, 2)
    there = judge(left, right)
    assert there == judge(right, left)
    assert there == judge(rekey(left, b"k"), rekey(right, b"k"))


@given(PEOPLE, st.lists(PEOPLE, max_size=6))
def test_a_block_is_scored_as_one_by_one(one: Person, others: list[Person]) -> None:
    """Scoring many rows at once is judging each."""
    left, block = record(one, 1), [record(other, 2 + place) for place, other in enumerate(others)]
    scores = score_block(left, rows_of(block))
    single = [judge(left, other) for other in block]
    assert scores.millibits.tolist() == [verdict.millibits for verdict in single]
    assert verdicts(scores, [None] * len(block)) == single


@given(PEOPLE, st.lists(PEOPLE, min_size=2, max_size=4))
def test_candidates_are_judged_alike_in_any_order(one: Person, others: list[Person]) -> None:
    """The order in which candidates come does not change what is said of each."""
    left, block = record(one, 1), [record(other, 2 + place) for place, other in enumerate(others)]
    expected = dict(zip(block, judge_each(left, block), strict=True))
    for order in permutations(block):
        assert dict(zip(order, judge_each(left, order), strict=True)) == expected


def test_best_candidate_is_judged_beside_the_second() -> None:
    """Of two equal candidates neither is certain; a far one does not matter."""
    left, same, twice = record(AMELIA, 1), record(AMELIA, 2), record(AMELIA, 3)
    far = record(STRANGER, 4)
    assert [verdict.outcome for verdict in judge_each(left, [same, twice])] == [Outcome.SECOND_LOOK] * 2
    assert [verdict.outcome for verdict in judge_each(left, [same, far])] == [Outcome.CERTAIN, Outcome.NONE]
    assert [verdict.outcome for verdict in judge_each(left, [same])] == [Outcome.CERTAIN]
    assert judge_each(left, []) == []


def test_records_of_two_epochs_are_not_compared() -> None:
    """Their tokens are under two keys: equality would mean nothing, and its absence too."""
    old = replace(record(AMELIA), epoch=EpochId("ep_06avt5zbkhqf0000000000000z"))
    with pytest.raises(MalformedMessage) as raised:
        judge(record(AMELIA), old)
    assert raised.value.code == "epoch-differs"
    with pytest.raises(MalformedMessage):
        judge_each(record(AMELIA), [record(AMELIA, 2), old])


def test_other_weights_give_another_verdict() -> None:
    """The version in force is the caller's to choose."""
    strict = replace(WEIGHTS, certain=1_000_000, version="strict")
    verdict = judge(record(AMELIA, 1), record(AMELIA, 2), weights=strict)
    assert (verdict.outcome, verdict.weights_version) == (Outcome.SECOND_LOOK, "strict")


def test_sums_are_whole_numbers() -> None:
    """Thousandths of a bit add up alike on every machine."""
    assert score_block(record(AMELIA, 1), rows_of([record(AMELIA, 2)])).millibits.dtype == np.int64
