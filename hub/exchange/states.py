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
    MERGED = "merged"
    """A duplicate: another member leads (NCCIS cohort status M)."""


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


class DisputeState(StrEnum):
    """How a dispute stands between its two parties."""

    OPEN = "open"
    """The one that opened it waits for an answer, on the agreement's clock."""
    ANSWERED = "answered"
    ESCALATED = "escalated"
    """The clock ran out without an answer: people above the two officers are to be asked."""
    CLOSED = "closed"


N, P = NoticeState, PassageState

NOTICE_MOVES: Final[dict[NoticeState, frozenset[NoticeState]]] = {
    N.OPEN: frozenset({N.WITHDRAWN, N.EXPIRED, N.CLOSED, N.MERGED}),
    N.CLOSED: frozenset({N.WITHDRAWN, N.EXPIRED}),
    N.MERGED: frozenset({N.WITHDRAWN}),
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
    # Two people's word leads on, and nothing else does: not a machine's, not time (I10).
    P.SECOND_LOOK: frozenset({P.AWAITING_KEY, P.AWAITING_SAME, P.REFUSED, P.STOPPED}),
    P.RELEASED: frozenset({P.CLOSED, P.STOPPED}),
    # What has arrived is recalled as well, where its notice is withdrawn or people find that it is another's.
    P.CLOSED: frozenset({P.STOPPED}),
    P.STOPPED: frozenset(),
}


DISPUTE_MOVES: Final[dict[DisputeState, frozenset[DisputeState]]] = {
    DisputeState.OPEN: frozenset({DisputeState.ANSWERED, DisputeState.ESCALATED, DisputeState.CLOSED}),
    # A further question starts the clock again.
    DisputeState.ANSWERED: frozenset({DisputeState.OPEN, DisputeState.CLOSED}),
    # Once escalated it stays so until people end it: an answer that comes late does not undo that (I10).
    DisputeState.ESCALATED: frozenset({DisputeState.CLOSED}),
    DisputeState.CLOSED: frozenset(),
}


def check_dispute_move(old: DisputeState, new: DisputeState) -> DisputeState:
    """Return `new` if a dispute may go there; raise `HubFault` otherwise."""
    if new != old and new not in DISPUTE_MOVES[old]:
        raise HubFault("state-dispute", f"a dispute does not go from {old} to {new}")
    return new


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
