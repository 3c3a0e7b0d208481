"""One notice on its way to one recipient: begin, decide and go on, release, close.

Every step begins by deciding again with the terms of this unit of work, and ends in exactly one
of: a key request, a release, a task for a named officer, a refusal. Each is recorded before it
is put into an inbox.
"""

from dataclasses import dataclass, replace

from hub.consent.question import EvidenceClass
from hub.exchange import disclosure_log, expire, request_key, withdraw
from hub.exchange.decide import (
    Terms,
    decide_again,
    decide_identity,
    decide_rest,
    decide_task,
    refuse_without_key,
)
from hub.exchange.errors import HubFault
from hub.exchange.match import DEPARTURES
from hub.exchange.ports import Hub, Work
from hub.exchange.release import hand_over, prepare_release
from hub.exchange.stages import (
    InboxItem,
    ItemKind,
    KeyWanted,
    Match,
    Passage,
    Permitted,
    Refused,
    StoredNotice,
    ground_of,
)
from hub.exchange.states import NoticeState, PassageState
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.canonical import Json
from hub.protocols.delivery import Stage, ground_json
from hub.protocols.names import DisclosureId, MatchId, MemberId, NoticeId, new_id

_NOT_LEFT = frozenset(
    {
        PassageState.REFUSED,
        PassageState.AWAITING_OFFICER,
        PassageState.SECOND_LOOK,
        PassageState.AWAITING_KEY,
        PassageState.AWAITING_SAME,
    }
)
"""Where a passage of a notice stops when the notice has arrived elsewhere or its time is over."""

_NOT_ASKED = {
    NoticeState.CLOSED: _NOT_LEFT - {PassageState.AWAITING_KEY, PassageState.AWAITING_SAME},
    NoticeState.EXPIRED: _NOT_LEFT - {PassageState.AWAITING_SAME},
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
    strength = EvidenceClass.RECIPIENT_NAMED if match is None else EvidenceClass(match.verdict.strength.value)
    passage = Passage(
        passage=MatchId(new_id("mat", hub.now(), hub.chance(10))),
        match=None if match is None else match.match,
        notice=notice.notice,
        counter=None if counter is None else counter.notice,
        sender=notice.sender,
        recipient=recipient,
        state=PassageState.REFUSED,
        strength=strength,
        box=notice.box if counter is None else None,
    )
    work.passages.add(passage)
    return passage


def begun(notice: StoredNotice, recipient: MemberId, counter: NoticeId | None, work: Work) -> bool:
    """Whether a notice is on its way to this recipient already, or was for the same counter-notice."""
    return any(
        passage.notice == notice.notice
        and passage.recipient == recipient
        and (passage.state is not PassageState.STOPPED or passage.counter == counter)
        for passage in work.passages.of_notice(notice.notice)
    )


def go_on(
    passage: Passage, terms: Terms, work: Work, hub: Hub, *, over_quota: bool = False, again: bool = False
) -> None:
    """Decide about the identity part, record what was decided, and do it.

    Where a notice was withdrawn or its time is over nothing is done: its stop is on its way. Where
    it is decided `again` and the answer stays no, the reasons are noted and nothing is entered: a
    sender that asks for it must not see the log grow with each match that it was not told of (I9).
    """
    notice, counter = both(passage, work)
    if not withdraw.stand(notice, counter):
        return
    sealed = request_key.box_stands(passage, work)
    if not sealed and counter is not None:
        passage, sealed = passage.moved(box=None), True  # the sender is asked anew, for another key
    decided = decide_identity(passage, notice, counter, terms, over_quota=over_quota)
    wanted = isinstance(decided, KeyWanted)
    if not sealed or (wanted and not request_key.sealing_keys(passage.recipient, work, hub)):
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
    if not withdraw.stand(notice, counter):
        return
    decided = decide_rest(passage, notice, counter, terms)
    if not request_key.box_stands(passage, work):
        decided = refuse_without_key(passage)
    if isinstance(decided, Refused):
        disclosure_log.record_refusal(decided, work, hub, tell={passage.sender})
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
    if sealed and withdraw.stand(notice, counter) and not _lies(passage, stage, work):
        decided = decide_again(passage, stage, notice, counter, terms)
        if isinstance(decided, Permitted):
            _hand_on(decided, passage.state, work, hub)


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
    been closed before (`again`: it has its disposition). One that has arrived, or whose time is over,
    stops where it has not left, and where nobody has been asked on the strength of it.
    """
    facts: dict[str, Json] = {"notice": notice.notice, "state": state.value}
    if not again:
        facts["how"] = expire.disposition(notice, work)
    kind = "withdrawal" if again else "disposition"
    index = disclosure_log.record_event(kind, facts, {notice.sender}, work, hub, notice=notice.notice)
    for passage in work.passages.of_notice(notice.notice):
        if state is NoticeState.WITHDRAWN:
            withdraw.stop_passage(passage, index, work, hub)
        elif passage.state in (_NOT_LEFT if passage.notice == notice.notice else _NOT_ASKED[state]):
            withdraw.stop_passage(passage, index, work, hub, recalled=False)
    expire.forget(notice, state, work)


def both(passage: Passage, work: Work) -> tuple[StoredNotice, StoredNotice | None]:
    """The notice a passage carries, and its counter-notice."""
    return _stored(passage.notice, work), None if passage.counter is None else _stored(passage.counter, work)


def of_same_match(passage: Passage, work: Work) -> list[Passage]:
    """Both directions of a match, this one first."""
    others = [
        other
        for other in work.passages.of_notice(passage.notice)
        if other.match == passage.match and other.match is not None and other.passage != passage.passage
    ]
    return [passage, *others]


def _stored(notice: NoticeId, work: Work) -> StoredNotice:
    found = work.notices.get(notice)
    if found is None:
        raise HubFault("notice-missing", "a passage names a notice that is not kept")
    return found


def _ask_for_key(wanted: KeyWanted, work: Work, hub: Hub) -> None:
    prepared = request_key.ask(wanted, work, hub)
    recorded = disclosure_log.record_request(prepared, work, hub)
    request_key.send_request(recorded, work, hub)
    work.passages.save(wanted.passage.moved(state=PassageState.AWAITING_KEY, request=prepared.request))


def _hand_on(permitted: Permitted, state: PassageState, work: Work, hub: Hub) -> None:
    release = prepare_release(permitted, hub)
    recorded = disclosure_log.record_release(release, work, hub)
    hand_over(recorded, work, hub)
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
    work.passages.save(passage.moved(state=state))
    if refused.held:
        _ask_officer(refused, terms, work, hub)


def _ask_officer(refused: Refused, terms: Terms, work: Work, hub: Hub) -> None:
    """Ask a named officer of the next side whose approval is missing; the task names no other side.

    Being asked is itself to learn of a match, so it needs a permit and an entry. Who is asked
    first is decided by `_asking_order`; the second side is asked when the first has approved.
    """
    passage = refused.passage
    notice, counter = both(passage, work)
    if counter is None:
        order = [_Side(passage.sender, notice, None), _Side(passage.recipient, notice, notice)]
    else:
        order = [_Side(own.sender, own, other) for own, other in _asking_order(notice, counter, refused)]
    missing = [side for side in order if side.member not in passage.approved_by]
    if missing and not _asked_before(passage, missing[0].member, work):
        _put_task(missing[0], refused, terms, work, hub)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a match, or of a notice to a named recipient, whose officer may be asked."""

    member: MemberId
    own: StoredNotice
    """The notice that the task is about: the side's own, or the one that is addressed to it."""
    learned: StoredNotice | None
    """The notice of which being asked tells that it is there; None where that is known."""


def _asking_order(
    notice: StoredNotice, counter: StoredNotice, refused: Refused
) -> list[tuple[StoredNotice, StoredNotice]]:
    """Who is asked first: whoever could only be fishing must not be.

    Weak evidence: the side whose notice was there first, since a prober's comes second. A shield:
    the side that knows where the young person is now. Where the two rules disagree nobody is
    asked, and the match stays refused.
    """
    codes = {reason.code.value for decision in refused.decisions for reason in decision.reasons}
    older, newer = sorted((notice, counter), key=lambda kept: (kept.log_index or 0, kept.notice))
    departure, arrival = (notice, counter) if notice.manifest.type in DEPARTURES else (counter, notice)
    by_evidence, by_shield = [(older, newer), (newer, older)], [(arrival, departure), (departure, arrival)]
    if codes == {"R-EVIDENCE"}:
        return by_evidence
    if codes == {"R-SHIELD"} or by_evidence == by_shield:
        return by_shield
    return []


def _asked_before(passage: Passage, member: MemberId, work: Work) -> bool:
    return any(
        item.kind is ItemKind.OFFICER_TASK and item.member == member
        for one in of_same_match(passage, work)
        for item in work.inboxes.of_passage(one.passage)
    )


def _put_task(side: _Side, refused: Refused, terms: Terms, work: Work, hub: Hub) -> None:
    passage, fact = refused.passage, None
    if side.learned is not None:
        counter = None if side.learned is side.own else side.own
        decision = decide_task(passage, side.learned, counter, terms)
        if not decision.permitted:
            return
        fact = ground_json(ground_of(decision))
    notice = side.own.notice
    facts: dict[str, Json] = {"notice": notice, "member": side.member, "fact": fact}
    index = disclosure_log.record_event("officer_task", facts, {side.member}, work, hub, notice=notice)
    codes: list[Json] = [*sorted({reason.code.value for d in refused.decisions for reason in d.reasons})]
    body: Json = {"notice": notice, "codes": codes, "fact": fact}
    put_item(side.member, ItemKind.OFFICER_TASK, passage, notice, body, index, work, hub)


def put_item(
    member: MemberId,
    kind: ItemKind,
    passage: Passage | None,
    about: NoticeId | None,
    body: Json,
    log_index: int,
    work: Work,
    hub: Hub,
) -> None:
    """Put a recorded thing into a member's inbox; it shows once the checkpoint is signed."""
    work.inboxes.put(
        InboxItem(
            item=DisclosureId(new_id("dis", hub.now(), hub.chance(10))),
            member=member,
            kind=kind,
            about=about,
            passage=None if passage is None else passage.passage,
            body=body,
            log_index=log_index,
            put_at=hub.now(),
        )
    )


def with_approval(passage: Passage, member: MemberId) -> Passage:
    """The passage with one more side's approval."""
    return replace(passage, approved_by=passage.approved_by | {member})
