"""A later claim on a match that was clear: hold it, take back what was asked, have people asked anew.

Nobody is served while two claim one young person and nobody has looked (I10). But a claim is cheap: so
the claims of one member hold up a match that people have confirmed only once, and the hub's operator
hears of a member that contests much (docs/decisions/0010).
"""

from datetime import timedelta
from typing import Final

import structlog

from hub.exchange.ports import Hub, Work
from hub.exchange.second_look import LEFT, NOT_LEFT, wanted
from hub.exchange.stages import Look, Passage, StoredNotice
from hub.exchange.states import PassageState
from hub.exchange.tasks import of_same_match, tasks_of
from hub.protocols.names import MemberId

CONTESTED: Final = frozenset({Look.CLAIMANTS, Look.COMPETITOR})
"""Where people look, or have looked, in the knowledge that somebody else claims the same."""

MANY_CONTESTS: Final = 5
"""Contested notices of one member, of late, from which on each match that it holds up is an alarm."""

CONTESTS_COUNT_FOR: Final = timedelta(days=28)
"""How long a contested notice counts: as long as the days that a member's quota is taken from."""


def hold(passage: Passage, rival: StoredNotice, work: Work, hub: Hub) -> None:
    """A later claim competes with this match: nothing more of it leaves until people have looked.

    What they confirmed before, they confirmed of a match that nobody else claimed: what they were
    asked is taken back, and they are asked anew. Once only about the claims of any one member: else a
    claim that is taken back and made again would hold a match for ever.
    """
    if passage.state not in NOT_LEFT | LEFT or _looked_at_contest(passage, rival, work):
        return
    _alarm(rival, passage, work, hub)
    left = any(one.state in LEFT for one in of_same_match(passage, work))
    for task in tasks_of(passage, work):
        work.inboxes.stop(task.item)
    for one in of_same_match(passage, work):
        if one.state in NOT_LEFT | LEFT:
            state = one.state if one.state in LEFT else PassageState.SECOND_LOOK
            look = Look.COMPETITOR if left else Look.CLAIMANTS
            nobody = frozenset[MemberId]()
            held = one.moved(look=look, state=state, approved_by=nobody, looked_by=frozenset[str]())
            work.passages.save(held.moved(named=False))
    wanted(passage, work, hub)


def _alarm(rival: StoredNotice, passage: Passage, work: Work, hub: Hub) -> None:
    """Tell the hub's operator of a member that contests much; the member would learn of matches (I9)."""
    count = work.passages.claims_contested(rival.sender, hub.now() - CONTESTS_COUNT_FOR) + 1
    if count >= MANY_CONTESTS:
        structlog.get_logger("hub.contest").critical(
            "contests-many", member=rival.sender, passage=passage.passage, count=count
        )


def _looked_at_contest(passage: Passage, rival: StoredNotice, work: Work) -> bool:
    """Whether people look at this as contested already, or have, knowing of a claim by the same member."""
    if passage.look not in CONTESTED:
        return False
    ends = [passage.notice] if passage.counter is None else [passage.notice, passage.counter]
    others = [one for end in ends for one in work.passages.of_notice(end) if one.match != passage.match]
    known = any(
        rival.sender in {one.sender, one.recipient} and rival.notice not in {one.notice, one.counter}
        for one in others
    )
    return passage.pending or known
