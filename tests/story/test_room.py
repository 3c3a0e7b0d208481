"""Officers are asked as fast as notices come, and the log grows as if nobody had ever been asked."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.move import Move
from hub.exchange.stages import ItemKind
from hub.exchange.store.memory import MemoryStore
from hub.protocols.names import NoticeType
from tests.simulators.town import NullGuard, Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

PAIRS = 12
"""More doubtful pairs than an empty slot has room for, which is five."""

GIVENS = ("Petra", "Wilhelmina", "Hugo", "Kwame")


def person(number: int) -> Move:
    """One of many whose names and birthdays have nothing in common."""
    chance = random.Random(number)
    family = "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(5))
    born = ADA.dob + timedelta(days=37 * number % 500)
    return replace(ADA_KNOWN_BY_NAME, given=f"Ada{number}", family=family.title(), dob=born)


@pytest.fixture(scope="module")
def founded() -> Callable[[], Town]:
    """Kent, Medway and Lambeth, with agreements between Kent and each of the others: as often as wanted."""
    town = Town()
    for member, area in (("mbr_kent", "886"), ("mbr_medway", "887"), ("mbr_lambeth", "208")):
        town.admits(member, area=area)
    town.agrees("kent-medway-movers")
    town.agrees("kent-lambeth-movers")
    state, signed = town.store._state, town.hub.guard.last()  # type: ignore[attr-defined]  # the reference store's own

    def again() -> Town:
        town.store = MemoryStore()
        town.store._state = state.copy()
        town.hub = replace(town.hub, guard=NullGuard(signed))
        return town

    return again


def test_a_burst_of_doubtful_pairs_is_asked_in_the_slot_in_which_it_comes(
    founded: Callable[[], Town],
) -> None:
    """Nobody waits for hours because others are looked for on the same day."""
    town = founded()
    for number in range(PAIRS):
        town.members["mbr_kent"].publishes(person(number), NoticeType.MOVED_OUT)
    town.slot()
    for number in range(PAIRS):
        doubtful = replace(person(number), given=GIVENS[number % 4])
        town.members["mbr_medway"].publishes(doubtful, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert len(town.members["mbr_kent"].looks()) == PAIRS
    assert town.members["mbr_medway"].sees(ItemKind.OFFICER_TASK) == []


GUESSES = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["home", "name and birthday", "doubtful"]),
    st.sampled_from(["mbr_kent", "mbr_medway", "mbr_lambeth"]),
    st.sampled_from([NoticeType.NEW_ARRIVAL, NoticeType.MOVED_OUT]),
)
"""Who is meant, how well they are known, who publishes it, and as what."""


def guessed(number: int, known: str) -> Move:
    """What somebody publishes who knows this much of one of four."""
    return {
        "home": replace(person(number), from_address=ADA.from_address),
        "name and birthday": person(number),
        "doubtful": replace(person(number), given=GIVENS[number]),
    }[known]


@settings(max_examples=8)
@given(slots=st.lists(st.lists(GUESSES, max_size=9), min_size=1, max_size=3))
def test_the_log_grows_alike_whatever_is_met(
    founded: Callable[[], Town], slots: list[list[tuple[int, str, str, NoticeType]]]
) -> None:
    """I9: two histories that differ only in what matches have trees of one size after every slot.

    In one of them each guess is about somebody of whom others have spoken: certain, weak or doubtful
    matches, duplicates, second claimants, later competitors. In the other, each is about nobody.
    """
    grown = []
    for met in (True, False):
        town, sizes, nobody = founded(), list[int](), 100
        for slot in [*slots, [], []]:
            for number, known, member, kind in slot:
                nobody += 1
                town.members[member].publishes(guessed(number, known) if met else person(nobody), kind)
            sizes.append(town.slot().size)
        grown.append(sizes)
    assert grown[0] == grown[1]
