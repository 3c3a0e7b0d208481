"""One notice on its way to one recipient: begin, decide and go on, release, close.

Every step begins by deciding again with the terms of this unit of work, and ends in exactly one
of: a key request, a release, a task for a named officer, a refusal. Each is recorded before it
is put into an inbox.
"""

from collections.abc import Iterable

from hub.consent.decision import Decision
from hub.consent.question import EvidenceClass
from hub.exchange import disclosure_log, expire, request_key, withdraw
from hub.exchange.decide import (
    Terms,
    decide_again,
    decide_identity,
    decide_rest,
    refuse_without_key,
)
from hub.exchange.ports import Hub, Work
from hub.exchange.release import hand_over, prepare_release
from hub.exchange.stages import (
    ItemKind,
    KeyWanted,
    Match,
    Passage,
    Permitted,
    Refused,
    StoredNotice,
)
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.tasks import ask_for_approval, both, of_same_match, put_item
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.canonical import Json
from hub.protocols.delivery import Stage
from hub.protocols.names import MatchId, MemberId, NoticeId, new_id

_NOT_LEFT = frozenset(
    {
        PassageState.REFUSED,
        PassageState.AWAITING_OFFICER,
        PassageState.SECOND_LOOK,
        PassageState.AWAITING_KEY,
        PassageState.AWAITING_SAME,
    }
)
"""Where a passage has not left, or no more than the names have."""

_STOPS = {
    NoticeState.CLOSED: _NOT_LEFT,
    NoticeState.EXPIRED: _NOT_LEFT,
    NoticeState.MERGED: _NOT_LEFT,
    NoticeState.WITHDRAWN: frozenset(PassageState),
}
"""Where a passage stops whose own notice has so ended."""

_STOPS_TOO = {
    NoticeState.CLOSED: _NOT_LEFT - {PassageState.AWAITING_KEY, PassageState.AWAITING_SAME},
    NoticeState.EXPIRED: _NOT_LEFT - {PassageState.AWAITING_SAME},
    NoticeState.MERGED: _NOT_LEFT,
    NoticeState.WITHDRAWN: frozenset(PassageState) - {PassageState.CLOSED},
}
"""Where a passage stops whose counter-notice has so ended: its tokens are forgotten with it."""


def begin(
    notice: StoredNotice,
    counter: StoredNotice | None,
    recipient: MemberId,
    match: Match | None,
    work: Work,
    hub: Hub,
) -> Passage:
    """Begin the way of a notice to a recipient; nothing is told to anybody yet."""
    look = None if match is None else match.look
    strength = EvidenceClass.RECIPIENT_NAMED if match is None else EvidenceClass(match.verdict.strength.value)
    passage = Passage(
        passage=MatchId(new_id("mat", hub.now(), hub.chance(10))),
        match=None if match is None else match.match,
        notice=notice.notice,
        counter=None if counter is None else counter.notice,
        sender=notice.sender,
        recipient=recipient,
        state=PassageState.REFUSED if look is None else PassageState.SECOND_LOOK,
        strength=strength,
        box=notice.box if counter is None else None,
        look=look,
    )
    work.passages.add(passage)
    return passage


def begun(notice: StoredNotice, recipient: MemberId, counter: NoticeId | None, work: Work) -> bool:
    """Whether a notice is on its way to this recipient already, or was for the same counter-notice.

    Another claim that people have still to look at is no way yet: it must not stand in a clear one's.
    """
    return any(
        passage.notice == notice.notice
        and passage.recipient == recipient
        and (passage.counter == counter or not (passage.pending or passage.state is PassageState.STOPPED))
        for passage in work.passages.of_notice(notice.notice)
    )


def go_on(
    passage: Passage, terms: Terms, work: Work, hub: Hub, *, over_quota: bool = False, again: bool = False
) -> None:
    """Decide about the identity part, record what was decided, and do it.

    Where a notice was withdrawn or its time is over nothing is done: its stop is on its way; nor
    where people have still to look. Where it is decided `again` and the answer stays no, the reasons
    are noted and nothing is entered: a sender that asks for it must not see the log grow with each
    match that it was not told of (I9).
    """
    notice, counter = both(passage, work)
    if passage.pending or not withdraw.stand(notice, counter):
        return
    sealed = request_key.box_stands(passage, work)
    if not sealed and counter is not None and not passage.hides:
        passage, sealed = passage.moved(box=None), True  # the sender is asked anew, for another key
    decided = decide_identity(passage, notice, counter, terms, over_quota=over_quota)
    if not sealed or (isinstance(decided, KeyWanted) and not request_key.askable(decided, work, hub)):
        decided = refuse_without_key(passage)
    if isinstance(decided, Refused):
        _refuse(decided, terms, work, hub, again=again)
    elif isinstance(decided, KeyWanted):
        _ask_for_key(decided, work, hub)
    else:
        _hand_on(decided, PassageState.AWAITING_SAME, work, hub)


def release_rest(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    """After a signed `same`: decide about the other nine parts and release what is permitted."""
    notice, counter = both(passage, work)
    if passage.pending or not withdraw.stand(notice, counter):
        return
    decided = decide_rest(passage, notice, counter, terms)
    if not request_key.box_stands(passage, work):
        decided = refuse_without_key(passage)
    if isinstance(decided, Refused):
        tell = () if passage.hides else {passage.sender}
        disclosure_log.record_refusal(decided, work, hub, tell=tell)
        _alarm(passage, decided.decisions, work, hub)
        work.passages.save(passage.moved(state=PassageState.RELEASED))
    else:
        _hand_on(decided, PassageState.RELEASED, work, hub)


def resume(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    """Release again what was stopped at its hand-over, as far as it is permitted now.

    Nothing is recorded where it still is not: the stop was.
    """
    stage = Stage.IDENTITY if passage.state is PassageState.AWAITING_SAME else Stage.REST
    notice, counter = both(passage, work)
    sealed = request_key.box_stands(passage, work)
    if passage.pending:
        return
    if sealed and withdraw.stand(notice, counter) and not _lies(passage, stage, work):
        decided = decide_again(passage, stage, notice, counter, terms)
        if isinstance(decided, Permitted):
            _hand_on(decided, passage.state, work, hub)


def looked_at(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    """People on both sides have looked: go on from where it was held."""
    if passage.state is PassageState.AWAITING_SAME and passage.same:
        release_rest(passage, terms, work, hub)
    elif passage.state in {PassageState.AWAITING_SAME, PassageState.RELEASED}:
        resume(passage, terms, work, hub)
    elif passage.state is PassageState.SECOND_LOOK:
        go_on(passage, terms, work, hub)


def close(passage: Passage, outcome: OutcomeKind, log_index: int, work: Work, hub: Hub) -> None:
    """End a passage by what its recipient says became of it; forget the notice when it has arrived."""
    if outcome in {OutcomeKind.NOT_OURS, OutcomeKind.CONTRADICTED}:
        withdraw.stop_passage(passage, log_index, work, hub)
        return
    if passage.state is not PassageState.RELEASED:
        return
    work.passages.save(passage.moved(state=PassageState.CLOSED))
    notice, _ = both(passage, work)
    if notice.state is NoticeState.OPEN:
        end(notice, NoticeState.CLOSED, work, hub)


def end(notice: StoredNotice, state: NoticeState, work: Work, hub: Hub, *, again: bool = False) -> None:
    """End a notice: one disposition entry, and nothing of it can be opened or found any more.

    A withdrawn notice stops in both directions and is recalled from who has it, also when it had
    been closed before (`again`: it has its disposition). What its own sender has said to have arrived
    with it stays there: that is of its caseload now, whatever it says of its own notice. One that has
    arrived, or whose time is over, stops where it has not left, and where nobody has been asked on the
    strength of it.
    """
    facts: dict[str, Json] = {"notice": notice.notice, "state": state.value}
    if not again:
        facts["how"] = expire.disposition(notice, state, work)
    kind = "withdrawal" if again else "disposition"
    index = disclosure_log.record_event(kind, facts, {notice.sender}, work, hub, notice=notice.notice)
    for passage in work.passages.of_notice(notice.notice):
        if passage.state in (_STOPS if passage.notice == notice.notice else _STOPS_TOO)[state]:
            recalled = state is NoticeState.WITHDRAWN
            withdraw.stop_passage(passage, index, work, hub, recalled=recalled)
    expire.forget(notice, state, work)


def _ask_for_key(wanted: KeyWanted, work: Work, hub: Hub) -> None:
    prepared = request_key.ask(wanted, work, hub)
    recorded = disclosure_log.record_request(prepared, work, hub)
    request_key.send_request(recorded, work, hub)
    asked, *others = of_same_match(wanted.passage, work)
    blind = bool(wanted.alike)
    work.passages.save(
        asked.moved(state=PassageState.AWAITING_KEY, request=prepared.request, blind=asked.blind or blind)
    )
    for other in others:
        work.passages.save(other.moved(blind=other.blind or blind))


def _hand_on(permitted: Permitted, state: PassageState, work: Work, hub: Hub) -> None:
    release = prepare_release(permitted, hub)
    recorded = disclosure_log.record_release(release, work, hub)
    hand_over(recorded, work, hub)
    _alarm(permitted.passage, permitted.withheld.values(), work, hub)
    work.passages.save(permitted.passage.moved(state=state))


def _lies(passage: Passage, stage: Stage, work: Work) -> bool:
    """Whether a delivery of this stage lies in the inbox, or was handed over."""
    return any(
        item.kind is ItemKind.DELIVERY and item.stage is stage and not item.stopped
        for item in work.inboxes.of_passage(passage.passage)
    )


def _refuse(refused: Refused, terms: Terms, work: Work, hub: Hub, *, again: bool) -> None:
    """Record a refusal with every reason; where officers could permit, ask the next of them."""
    passage = refused.passage
    state = PassageState.AWAITING_OFFICER if refused.held else PassageState.REFUSED
    if again and state is passage.state:
        disclosure_log.note_refusal(refused, work, hub)
        return
    tell = {passage.sender} if passage.counter is None else ()
    disclosure_log.record_refusal(refused, work, hub, tell=tell)
    if tell:
        _alarm(passage, refused.decisions, work, hub)
    work.passages.save(passage.moved(state=state))
    if refused.held:
        ask_for_approval(refused, terms, work, hub)


def _alarm(passage: Passage, decisions: Iterable[Decision], work: Work, hub: Hub) -> None:
    """Alarm the sender's officers where the rules could not be evaluated: a person looks at this case.

    Called only where the sender knows of the passage: of a match that nobody may be told of (I4) the
    operator's figures alone say that something failed. So they do where the sender may not know who the
    recipient is: what failed can depend on that, and when it failed says when the recipient answered.
    """
    if not passage.hides and any(decision.fault is not None for decision in decisions):
        sender, notice = passage.sender, passage.notice
        facts: dict[str, Json] = {"member": sender, "what": "decision_fault", "notice": notice}
        index = disclosure_log.record_event("alarm", facts, {sender}, work, hub, notice=notice)
        put_item(sender, ItemKind.ALARM, None, notice, {**facts}, index, work, hub)
