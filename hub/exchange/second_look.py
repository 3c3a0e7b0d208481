"""The second look: people on both sides decide about what no machine may (I10).

Opened where a comparison leaves doubt, a twin is known, several claim the same notice, two members
count the same young person, or a later claim competes with a match that was clear. Nobody is asked
without a permit for the fact of the match to the named officers of *both* sides. A task shows how
names and birthday agree, level by level, in bits and plain words: no value, no postcode, no number.
Both sides confirm, one after the other; then the identity part goes its usual way, and the
receiving officer says whether it is the one. Nothing here goes on because time has passed.

What is asked is entered in the room that a slot fills up anyway: `LEAVES` at most for one errand.
So the log grows alike, whether a published notice has brought a second look about or not (I9).
"""

from typing import Final

from hub.exchange import disclosure_log
from hub.exchange.decide import Terms, kept_back
from hub.exchange.errors import HubFault
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, Look, Passage, Refused, StoredNotice
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.tasks import (
    Side,
    asking_order,
    both,
    decide_side,
    of_same_match,
    outshone,
    put_task,
    tasks_of,
)
from hub.matching.levels import Field
from hub.matching.verdict import Verdict, judge
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

LEAVES: Final = 3
"""Entries that one errand can make: the look itself each way, and the first task; or a refusal each way."""

SHOWN: Final = (Field.FIRST, Field.LAST, Field.ORDER, Field.BIRTH)
"""What an officer sees of a comparison: names and birthday. Never postcode, sex or a number."""

NOT_LEFT: Final = frozenset(
    {PassageState.REFUSED, PassageState.AWAITING_OFFICER, PassageState.AWAITING_KEY, PassageState.SECOND_LOOK}
)
"""Where nothing of a passage has left."""

LEFT: Final = frozenset({PassageState.AWAITING_SAME, PassageState.RELEASED})
"""Where something has, and more may follow."""


def wanted(passage: Passage, work: Work, hub: Hub, *, over_quota: bool = False, first: bool = True) -> None:
    """Promise that officers are asked about this match, as soon as a slot has room.

    `first`: people have not been wanted for it before, or not for this reason: that is entered.
    """
    body: Json = {"over_quota": over_quota, "first": first}
    work.outbox.add(Errand(ErrandKind.LOOK, passage.passage, body), hub.now())


def carry(passage: Passage, terms: Terms, work: Work, hub: Hub, *, over_quota: bool, first: bool) -> None:
    """Ask whoever has to be asked now, or record why nobody may be; twice is as once."""
    notice, counter = both(passage, work)
    if not _waits(passage) or counter is None or not _stand(passage, notice, counter, work):
        return
    refused = _refusals(passage, notice, counter, terms, over_quota=over_quota)
    ways = [one for one in of_same_match(passage, work) if one.pending and one.state in NOT_LEFT]
    if refused is not None:
        for way in ways:
            _refuse(way, refused, work, hub, first=first)
    elif passage.look is Look.COMPETITOR:
        for side in _order(notice, counter) or asking_order(notice, counter, {"R-EVIDENCE"}):
            _ask(side, passage, notice, counter, terms, work, hub)
    else:
        for way in ways:
            _open(way, work, hub, first=first)
        ask_next(passage, terms, work, hub)


def reconsider(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    """Officers may be asked by now who could not be before: they will be; nothing is entered yet (I9)."""
    notice, counter = both(passage, work)
    if not _waits(passage) or counter is None or not _stand(passage, notice, counter, work):
        return
    if _refusals(passage, notice, counter, terms, over_quota=False) is None:
        wanted(passage, work, hub, first=False)


def met_again(notice: StoredNotice, counter: StoredNotice, work: Work, hub: Hub) -> None:
    """A pair has met before and meets again, in the next epoch: ask now, if it could not be shown before."""
    for passage in work.passages.of_notice(notice.notice):
        if counter.notice in {passage.notice, passage.counter} and _waits(passage):
            wanted(passage, work, hub, first=False)
            return


def ask_next(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    """Ask the first side that has not confirmed; the second only when the first has."""
    notice, counter = both(passage, work)
    if counter is None or not _stand(passage, notice, counter, work):
        return
    missing = [side for side in _order(notice, counter) if side.member not in passage.approved_by]
    if missing and not _tells(passage, terms, work, hub):
        _ask(missing[0], passage, notice, counter, terms, work, hub)


def _tells(passage: Passage, terms: Terms, work: Work, hub: Hub) -> bool:
    """Whether to ask the other side would name one that may not be named: then nobody is asked."""
    # What officers have said holds for both ways, also for the one that is not saved yet.
    said = {"approved_by": passage.approved_by, "named": passage.named}
    ways = [one.moved(**said) for one in of_same_match(passage, work) if one.state in NOT_LEFT]
    refused = [_kept_back(way, terms, work) for way in ways]
    if not ways or not all(refused):
        return False
    for no in refused:
        if no is not None:
            _refuse(no.passage, no, work, hub, first=False)
    return True


def _kept_back(way: Passage, terms: Terms, work: Work) -> Refused | None:
    notice, counter = both(way, work)
    return None if counter is None else kept_back(way, notice, counter, terms)


def still_asked(passage: Passage, member: MemberId, terms: Terms, work: Work) -> bool:
    """Whether a task that lies in an inbox may still be shown: decided again, like everything (I6)."""
    notice, counter = both(passage, work)
    if not passage.pending or counter is None or not _stand(passage, notice, counter, work):
        return False
    if passage.state not in LEFT | {PassageState.SECOND_LOOK}:
        return False
    own, other = (notice, counter) if member == notice.sender else (counter, notice)
    decision = decide_side(Side(member, own, other), passage, terms)
    return member not in passage.approved_by and decision is not None and decision.permitted


def levels(verdict: Verdict) -> list[Json]:
    """What a task shows of a comparison: field, level, plain words, thousandths of a bit."""
    return [
        {"field": bar.field.value, "level": bar.level, "words": bar.words, "millibits": bar.millibits}
        for bar in verdict.waterfall
        if bar.field in SHOWN
    ]


def _order(notice: StoredNotice, counter: StoredNotice) -> list[Side]:
    """Whoever was there first holds the record and looks first; under a shield, the arrival."""
    flags = (notice.flags, counter.flags)
    shielded = any(one.shield or one.restricted for one in flags)
    return asking_order(notice, counter, {"R-EVIDENCE", "R-SHIELD"} if shielded else {"R-EVIDENCE"})


def _refusals(
    passage: Passage, notice: StoredNotice, counter: StoredNotice, terms: Terms, *, over_quota: bool
) -> Refused | None:
    """Why officers of both sides may not be asked; None where they may."""
    sides = (Side(notice.sender, notice, counter), Side(counter.sender, counter, notice))
    asked = [decide_side(side, passage, terms, over_quota=over_quota) for side in sides]
    refusals = tuple(one for one in asked if one is not None and not one.permitted)
    return Refused(passage, refusals, held=False) if refusals else None


def _refuse(passage: Passage, refused: Refused, work: Work, hub: Hub, *, first: bool) -> None:
    here = Refused(passage, refused.decisions, held=False)
    if first or passage.state is not PassageState.REFUSED:
        disclosure_log.record_refusal(here, work, hub)
        work.passages.save(passage.moved(state=PassageState.REFUSED))
    else:
        disclosure_log.note_refusal(here, work, hub)


def _open(passage: Passage, work: Work, hub: Hub, *, first: bool) -> None:
    """Enter that people look at this way of a match; nobody may read it before they are asked."""
    if passage.state is PassageState.SECOND_LOOK and not first:
        return
    why = None if passage.look is None else passage.look.value
    facts: dict[str, Json] = {"notice": passage.notice, "why": why}
    disclosure_log.record_event("second_look", facts, (), work, hub, notice=passage.notice)
    work.passages.save(passage.moved(state=PassageState.SECOND_LOOK))


def _ask(
    side: Side,
    passage: Passage,
    notice: StoredNotice,
    counter: StoredNotice,
    terms: Terms,
    work: Work,
    hub: Hub,
) -> None:
    if passage.look is None:
        raise HubFault("look-missing", "officers were to be asked about a match that needs no look")
    why = passage.look.value
    open_tasks = [task for task in tasks_of(passage, work) if task.member == side.member and not task.stopped]
    if any(isinstance(task.body, dict) and task.body.get("look") == why for task in open_tasks):
        return
    decision = decide_side(side, passage, terms)
    if decision is None or decision.permit is None:
        return
    shown = _seen(passage, notice, counter, work)
    if shown is None:
        return
    says: dict[str, Json] = {"look": why, "levels": shown}
    put_task(side, passage, decision, says, terms, work, hub)


def _seen(passage: Passage, notice: StoredNotice, counter: StoredNotice, work: Work) -> list[Json] | None:
    """The levels that were shown of this pair before, or else of a comparison now.

    None while they cannot be compared: the task waits until both have tokens of one epoch, made anew,
    and meet again. Whoever is asked meanwhile must see what the other side saw, and nobody sees nothing.
    """
    for task in tasks_of(passage, work):
        shown = task.body.get("levels") if isinstance(task.body, dict) else None
        if isinstance(shown, list):
            return shown
    if notice.keyed.epoch != counter.keyed.epoch or _dropped(notice) or _dropped(counter):
        return None
    return levels(judge(notice.keyed, counter.keyed))


def _dropped(notice: StoredNotice) -> bool:
    """Whether a notice has lost its tokens, because their epoch is over."""
    return not any(notice.keyed.filters)


def _waits(passage: Passage) -> bool:
    """People have still to look, and nothing has stopped it since."""
    return passage.pending and passage.state in NOT_LEFT | LEFT


def _stand(passage: Passage, notice: StoredNotice, counter: StoredNotice, work: Work) -> bool:
    """Both are open, and doubt about them has not been settled by a clear match beside it."""
    doubtful = passage.look in {Look.UNCERTAIN, Look.CLAIMANTS}
    settled = doubtful and outshone(notice, counter, work)
    return notice.state is counter.state is NoticeState.OPEN and not settled
