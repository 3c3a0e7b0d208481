"""What is left of a notice that has ended: how it ended, in a word that tells nothing new."""

from dataclasses import replace

import pytest

from hub.exchange import expire
from hub.exchange.errors import HubFault
from hub.exchange.stages import Passage
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.store.memory import MemoryStore
from hub.protocols.names import MatchId, Part
from tests.stores.made_up import checked, notice_id, passage

P = PassageState


def way(state: PassageState, *, own: bool = True) -> Passage:
    """A passage in this state, of notice 1, or towards it."""
    made = passage(1, carried=1 if own else 2, counter=2 if own else 1)
    return replace(made, state=state, passage=MatchId(made.passage))


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (P.CLOSED, "closed"),
        (P.RELEASED, "released"),
        (P.AWAITING_SAME, "released"),
        (P.AWAITING_KEY, "unanswered"),
        (P.AWAITING_OFFICER, "unanswered"),
        (P.SECOND_LOOK, "unanswered"),
        (P.REFUSED, "unanswered"),
        (P.STOPPED, "unanswered"),
    ],
)
def test_a_disposition_says_what_its_sender_was_told(state: PassageState, word: str) -> None:
    """I4: a refusal, a held match and a second look read like no match."""
    store = MemoryStore()
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.passages.add(way(state))
        stored = work.notices.get(notice_id(1))
        assert stored is not None
        assert expire.disposition(stored, stored.state, work) == word


def test_no_match_and_what_others_were_told_are_no_disposition() -> None:
    """Only the notice's own ways count, not those in which it was the other side."""
    store = MemoryStore()
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        stored = work.notices.get(notice_id(1))
        assert stored is not None
        assert expire.disposition(stored, stored.state, work) == "unanswered"
        work.passages.add(way(P.CLOSED, own=False))
        assert expire.disposition(stored, stored.state, work) == "unanswered"


@pytest.mark.parametrize("before", [NoticeState.OPEN, NoticeState.WITHDRAWN])
def test_what_is_forgotten_cannot_be_opened_or_found(before: NoticeState) -> None:
    """Parts and tokens are gone; the state says how it ended; twice is as once."""
    store = MemoryStore()
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        if before is not NoticeState.OPEN:
            work.notices.set_state(notice_id(1), before)
        stored = work.notices.get(notice_id(1))
        assert stored is not None
        expire.forget(stored, NoticeState.WITHDRAWN, work)
        ended = work.notices.get(notice_id(1))
        assert ended is not None
        assert (ended.state, ended.counter_tokens) == (NoticeState.WITHDRAWN, None)
        assert work.notices.parts(notice_id(1), list(Part)) == {}
        expire.forget(ended, NoticeState.WITHDRAWN, work)


def test_what_has_ended_does_not_end_otherwise() -> None:
    """A withdrawn notice is not closed afterwards."""
    store = MemoryStore()
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.notices.set_state(notice_id(1), NoticeState.WITHDRAWN)
        stored = work.notices.get(notice_id(1))
        assert stored is not None
        with pytest.raises(HubFault, match="state-notice"):
            expire.forget(stored, NoticeState.CLOSED, work)
