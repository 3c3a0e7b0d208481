"""Who of those found may mean the same person: the verdicts of `judge`, with few filters opened."""

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.matching import shortlist
from hub.matching.evidence import Rows
from hub.matching.shortlist import judge_found
from hub.matching.tokens import Person, TokenMaker, random_linkage_key
from hub.matching.verdict import Outcome, Scores, judge, score_pairs
from hub.matching.weights import Weights, frozen_weights
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import EpochId
from hub.protocols.token_record import TokenRecord

CHANCE = random.Random(7)
MAKER = TokenMaker(random_linkage_key(CHANCE.randbytes), EpochId("ep_" + "0" * 26), CHANCE.randbytes)
BORN = date(2009, 3, 14)
ADA = MAKER.make(Person("Ada", "Blackwood", BORN, former_postcode="ME4 4TT"))

ADA_AGAIN = Person("Ada", "Blackwood", BORN, former_postcode="ME4 4TT")
STRANGERS = (
    Person("Adah", "Blackwod", BORN),
    Person("Ada", "Blackwood", date(2008, 7, 1)),
    Person("Eve", "Blackwood", BORN, former_postcode="ME4 4TT"),
    Person("Eve", "Stone", BORN),
)

people = st.builds(
    Person,
    first_name=st.sampled_from(["Ada", "Adah", "Eve", "Blackwood", ""]),
    last_name=st.sampled_from(["Blackwood", "Blackwod", "Stone", "Ada", ""]),
    dob=st.sampled_from([BORN, date(2009, 3, 15), date(2008, 7, 1), None]),
    former_postcode=st.sampled_from(["ME4 4TT", "CT1 2AB", ""]),
    upn=st.sampled_from(["H801200001001", ""]),
)


def found(record: TokenRecord, others: list[TokenRecord]) -> tuple[list[tuple[int, object]], list[int]]:
    """Places and verdicts, and whose filters were opened."""
    opened = list[int]()

    def filters(place: int) -> bytes:
        opened.append(place)
        return others[place].filters

    return [*judge_found(record, [other.tokens for other in others], filters)], opened


@given(st.lists(people.map(MAKER.make), max_size=6), people.map(MAKER.make))
def test_the_verdicts_are_those_of_judge(others: list[TokenRecord], record: TokenRecord) -> None:
    """However many are judged at once, each stands as it would alone; strangers are left out."""
    alone = [(place, judge(record, other)) for place, other in enumerate(others)]
    expected = [(place, verdict) for place, verdict in alone if verdict.outcome is not Outcome.NONE]
    assert found(record, others)[0] == expected


def test_only_filters_of_equal_birthdays_are_opened() -> None:
    """Opening one costs as much as finding its record."""
    typo = MAKER.make(Person("Adah", "Blackwod", BORN))
    namesake = MAKER.make(Person("Ada", "Blackwood", date(2008, 7, 1)))
    judged, opened = found(ADA, [namesake, typo])
    assert opened == [1]
    assert [place for place, _ in judged] == [1]


def test_a_pattern_seen_before_is_not_scored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same verdict, and other weights than the frozen ones are not answered from memory."""
    typo = MAKER.make(Person("Adah", "Blackwod", BORN, former_postcode="ME4 4TT"))
    scored = list[int]()

    def count(left: Rows, right: Rows, weights: Weights) -> Scores:
        scored.append(len(right))
        return score_pairs(left, right, weights)

    monkeypatch.setattr(shortlist, "_memory", shortlist._Memory())
    monkeypatch.setattr(shortlist, "score_pairs", count)
    first = found(ADA, [typo, typo])
    assert (found(ADA, [typo, typo]), scored) == (first, [1])
    harsh = replace(frozen_weights(), second_look=10**6, certain=10**6)
    assert judge_found(ADA, [typo.tokens], lambda _: typo.filters, harsh) == []
    assert first[0][0][1] == judge(ADA, typo)


def test_twins_and_steps_of_rarity_are_part_of_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs with the same tokens equal are told apart by what their heads say."""
    monkeypatch.setattr(shortlist, "_memory", shortlist._Memory())
    plain = MAKER.make(replace(ADA_AGAIN, twin=False))
    twin = MAKER.make(replace(ADA_AGAIN, twin=True))
    assert [verdict for _, verdict in found(ADA, [plain, twin])[0]] == [judge(ADA, plain), judge(ADA, twin)]
    assert judge(ADA, plain) != judge(ADA, twin)


def test_filters_are_part_of_a_pattern_where_birthdays_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs with the same tokens equal are told apart by how far their names overlap."""
    monkeypatch.setattr(shortlist, "_memory", shortlist._Memory())
    apart = MAKER.make(Person("Eve", "Blackwood", BORN, former_postcode="ME4 4TT"))
    near = TokenRecord.from_stored(apart.epoch, apart.tokens, ADA.filters)
    judged, _ = found(ADA, [apart, near])
    assert judged == [(0, judge(ADA, apart)), (1, judge(ADA, near))]
    assert judge(ADA, apart) != judge(ADA, near)


def test_a_full_memory_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never grows without end, and no verdict depends on it."""
    monkeypatch.setattr(shortlist, "MOST_PATTERNS", 2)
    monkeypatch.setattr(shortlist, "_memory", memory := shortlist._Memory())
    others = [MAKER.make(person) for person in (ADA_AGAIN, *STRANGERS)]
    sizes = list[int]()
    for _ in range(3):
        for other in others:
            judged, _ = found(ADA, [other])
            alone = judge(ADA, other)
            assert judged == ([] if alone.outcome is Outcome.NONE else [(0, alone)])
            sizes.append(len(memory.judged()))
    assert max(sizes) <= 3
    assert 0 in sizes


def test_nobody_found_is_nobody_judged() -> None:
    """Most notices meet nobody at first."""
    assert found(ADA, []) == ([], [])


def test_tokens_of_another_length_are_refused() -> None:
    """A row that was cut is no record of a stranger."""
    with pytest.raises(MalformedMessage, match="tokens-size"):
        judge_found(ADA, [ADA.tokens, ADA.tokens[:-8]], lambda _: ADA.filters)
