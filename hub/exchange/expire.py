"""Retention: forget what has ended, keep that it was.

A notice whose time is over loses its sealed parts, its tokens and its at-rest keys; its log entry
stays, and says how it ended: once, whatever happened to it.
"""

from hub.exchange.ports import Work
from hub.exchange.stages import Passage, StoredNotice
from hub.exchange.states import NoticeState, PassageState


def forget(notice: StoredNotice, state: NoticeState, work: Work) -> None:
    """End a notice: nothing of it can be opened or found any more."""
    if notice.state is not state:
        work.notices.set_state(notice.notice, state)
    work.notices.forget(notice.notice)


def disposition(notice: StoredNotice, state: NoticeState, work: Work) -> str:
    """In one word, how a notice ended: `closed`, `merged`, `released` or `unanswered`.

    Its sender may read this, so it says nothing that the sender has not been told: a refusal, a
    held match and a second look read as no match does (I4, I9).
    """
    if state is NoticeState.MERGED:
        return "merged"
    states = {passage.state for passage in _own(notice, work)}
    if PassageState.CLOSED in states:
        return "closed"
    return "released" if states & {PassageState.RELEASED, PassageState.AWAITING_SAME} else "unanswered"


def _own(notice: StoredNotice, work: Work) -> list[Passage]:
    return [passage for passage in work.passages.of_notice(notice.notice) if passage.notice == notice.notice]
