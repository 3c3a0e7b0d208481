"""The state machine is the two tables: nothing moves otherwise."""

import itertools

import pytest

from hub.exchange.errors import HubFault
from hub.exchange.states import (
    NOTICE_MOVES,
    PASSAGE_MOVES,
    NoticeState,
    PassageState,
    check_notice_move,
    check_passage_move,
)


def test_every_state_is_in_its_table() -> None:
    """No state is without its moves, even where it has none."""
    assert set(NOTICE_MOVES) == set(NoticeState)
    assert set(PASSAGE_MOVES) == set(PassageState)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(NoticeState, NoticeState)))
def test_a_notice_moves_as_the_table_says_and_never_back(old: NoticeState, new: NoticeState) -> None:
    """A move that is not in the table is a fault of ours."""
    if new in NOTICE_MOVES[old]:
        assert check_notice_move(old, new) is new
    else:
        with pytest.raises(HubFault, match="state-notice"):
            check_notice_move(old, new)
    assert NoticeState.OPEN not in NOTICE_MOVES[old]


@pytest.mark.parametrize(("old", "new"), list(itertools.product(PassageState, PassageState)))
def test_a_passage_moves_as_the_table_says_or_stays(old: PassageState, new: PassageState) -> None:
    """Staying is no move; anything else that is not in the table is a fault of ours."""
    if new is old or new in PASSAGE_MOVES[old]:
        assert check_passage_move(old, new) is new
    else:
        with pytest.raises(HubFault, match="state-passage"):
            check_passage_move(old, new)


def test_stopping_is_always_allowed_before_the_end() -> None:
    """I6: whatever a passage waits for, it can be stopped; also where it has arrived. Then it stays so."""
    stopped = PassageState.STOPPED
    assert all(stopped in PASSAGE_MOVES[state] for state in set(PassageState) - {stopped})
    assert PASSAGE_MOVES[PassageState.CLOSED] == {stopped}
    assert PASSAGE_MOVES[stopped] == frozenset()


def test_a_second_look_never_skips_the_identity_stage() -> None:
    """I10: what people let go on begins with a key request, or with names; never with the rest."""
    ways = PASSAGE_MOVES[PassageState.SECOND_LOOK]
    assert ways == {
        PassageState.AWAITING_KEY,
        PassageState.AWAITING_SAME,
        PassageState.REFUSED,
        PassageState.STOPPED,
    }


def test_a_merged_notice_can_only_be_withdrawn() -> None:
    """It is over; a sender that takes it back has it recalled from whoever was told."""
    assert NOTICE_MOVES[NoticeState.MERGED] == {NoticeState.WITHDRAWN}


def test_nothing_is_released_without_the_identity_stage() -> None:
    """Only what awaits `same` becomes released: no state leads round it."""
    ways = {state for state, moves in PASSAGE_MOVES.items() if PassageState.RELEASED in moves}
    assert ways == {PassageState.AWAITING_SAME}
