"""Retention: forget what has ended, keep that it was.

A notice whose time is over loses its sealed parts, its tokens and its at-rest keys; its log entry
stays, and says how it ended: once, whatever happened to it.
"""

from hub.exchange.ports import Work
from hub.exchange.stages import Passage, StoredNotice
from hub.exchange.states import NoticeState, PassageState, check_notice_move


def forget(notice: StoredNotice, state: NoticeState, work: Work) -> None:
    """End a notice: nothing of it can be opened or found any more."""
    work.notices.set_state(notice.notice, check_notice_move(notice.state, state))
    work.notices.forget(notice.notice)


def disposition(notice: StoredNotice, work: Work) -> str:
    """In one word, how a notice ended: the furthest that any of its passages came."""
    states = {passage.state for passage in _own(notice, work)}
    for state in (PassageState.CLOSED, PassageState.RELEASED, PassageState.STOPPED, PassageState.REFUSED):
        if state in states:
            return state.value
    return "waiting" if states else "no_match"


def _own(notice: StoredNotice, work: Work) -> list[Passage]:
    return [passage for passage in work.passages.of_notice(notice.notice) if passage.notice == notice.notice]
