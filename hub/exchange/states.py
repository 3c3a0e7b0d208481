"""The states of a notice and of a passage, and every move that is allowed between them.

A *passage* is the way of one notice to one recipient: what it waits for, and what has left. The
two tables are the whole state machine; a move that is not in them is a `HubFault`.
"""

from enum import StrEnum
from typing import Final

from hub.exchange.errors import HubFault


class NoticeState(StrEnum):
    """What has become of a published notice."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CLOSED = "closed"


class PassageState(StrEnum):
    """What one notice waits for on its way to one recipient."""

    REFUSED = "refused"
    AWAITING_OFFICER = "awaiting_officer"
    AWAITING_KEY = "awaiting_key"
    AWAITING_SAME = "awaiting_same"
    SECOND_LOOK = "second_look"
    RELEASED = "released"
    CLOSED = "closed"
    STOPPED = "stopped"


N, P = NoticeState, PassageState

NOTICE_MOVES: Final[dict[NoticeState, frozenset[NoticeState]]] = {
    N.OPEN: frozenset({N.WITHDRAWN, N.EXPIRED, N.CLOSED}),
    N.CLOSED: frozenset({N.WITHDRAWN, N.EXPIRED}),
    N.WITHDRAWN: frozenset(),
    N.EXPIRED: frozenset(),
}

PASSAGE_MOVES: Final[dict[PassageState, frozenset[PassageState]]] = {
    # A refusal is decided again when an agreement comes into force or a flag falls away.
    P.REFUSED: frozenset({P.AWAITING_OFFICER, P.AWAITING_KEY, P.AWAITING_SAME, P.SECOND_LOOK, P.STOPPED}),
    P.AWAITING_OFFICER: frozenset({P.AWAITING_KEY, P.AWAITING_SAME, P.REFUSED, P.SECOND_LOOK, P.STOPPED}),
    # A flag that was set while the sender was asked holds the answer for officers.
    P.AWAITING_KEY: frozenset({P.AWAITING_SAME, P.AWAITING_OFFICER, P.REFUSED, P.SECOND_LOOK, P.STOPPED}),
    P.AWAITING_SAME: frozenset({P.RELEASED, P.SECOND_LOOK, P.STOPPED}),
    P.SECOND_LOOK: frozenset({P.STOPPED}),
    P.RELEASED: frozenset({P.CLOSED, P.STOPPED}),
    P.CLOSED: frozenset(),
    P.STOPPED: frozenset(),
}


def check_notice_move(old: NoticeState, new: NoticeState) -> NoticeState:
    """Return `new` if a notice may go there; raise `HubFault` otherwise."""
    if new not in NOTICE_MOVES[old]:
        raise HubFault("state-notice", f"a notice does not go from {old} to {new}")
    return new


def check_passage_move(old: PassageState, new: PassageState) -> PassageState:
    """Return `new` if a passage may go there; raise `HubFault` otherwise."""
    if new != old and new not in PASSAGE_MOVES[old]:
        raise HubFault("state-passage", f"a passage does not go from {old} to {new}")
    return new
