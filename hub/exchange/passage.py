"""One notice on its way to one recipient: begin, decide and go on, release, close.

Every step begins by deciding again with the terms of this unit of work, and ends in exactly one
of: a key request, a release, a task for a named officer, a refusal. Each is recorded before it
is put into an inbox.
"""

from dataclasses import replace

from hub.consent.question import EvidenceClass
from hub.exchange import disclosure_log, expire, request_key, withdraw
from hub.exchange.decide import Terms, decide_identity, decide_rest, decide_task
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
from hub.protocols.delivery import ground_json
from hub.protocols.names import DisclosureId, MatchId, MemberId, NoticeId, new_id


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


def begun(notice: StoredNotice, recipient: MemberId, work: Work) -> bool:
    """Whether a notice is on its way to this recipient already."""
    return any(
        passage.notice == notice.notice and passage.recipient == recipient
        for passage in work.passages.of_notice(notice.notice)
    )


def go_on(passage: Passage, terms: Terms, work: Work, hub: Hub, *, over_quota: bool = False) -> None:
    """Decide about the identity part, record what was decided, and do it."""
    notice, counter = both(passage, work)
    decided = decide_identity(passage, notice, counter, terms, over_quota=over_quota)
    if isinstance(decided, Refused):
        _refuse(decided, terms, work, hub)
    elif isinstance(decided, KeyWanted):
        _ask_for_key(decided, work, hub)
    else:
        _hand_on(decided, PassageState.AWAITING_SAME, work, hub)


def release_rest(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    """After a signed `same`: decide about the other nine parts and release what is permitted."""
    notice, counter = both(passage, work)
    decided = decide_rest(passage, notice, counter, terms)
    if isinstance(decided, Refused):
        disclosure_log.record_refusal(decided, work, hub, tell={passage.sender})
        work.passages.save(passage.moved(state=PassageState.RELEASED))
    else:
        _hand_on(decided, PassageState.RELEASED, work, hub)


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


def end(notice: StoredNotice, state: NoticeState, work: Work, hub: Hub) -> None:
    """End a notice: one disposition entry, and nothing of it can be opened or found any more."""
    facts: dict[str, Json] = {
        "notice": notice.notice,
        "state": state.value,
        "how": expire.disposition(notice, work),
    }
    index = disclosure_log.record_event(
        "disposition", facts, {notice.sender}, work, hub, notice=notice.notice
    )
    for passage in work.passages.of_notice(notice.notice):
        withdraw.stop_passage(passage, index, work, hub)
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


def _refuse(refused: Refused, terms: Terms, work: Work, hub: Hub) -> None:
    """Record a refusal with every reason; where officers could permit, ask the next of them."""
    passage = refused.passage
    tell = {passage.sender} if passage.counter is None else ()
    disclosure_log.record_refusal(refused, work, hub, tell=tell)
    if not refused.held:
        work.passages.save(passage.moved(state=PassageState.REFUSED))
        return
    work.passages.save(passage.moved(state=PassageState.AWAITING_OFFICER))
    _ask_officer(refused, terms, work, hub)


def _ask_officer(refused: Refused, terms: Terms, work: Work, hub: Hub) -> None:
    """Ask a named officer of the next side whose approval is missing; the task names no other side.

    Being asked is itself to learn of a match, so it needs a permit and an entry. Who is asked
    first is decided by `_asking_order`; the second side is asked when the first has approved.
    """
    passage = refused.passage
    notice, counter = both(passage, work)
    if counter is None:
        return
    for own, other in _asking_order(notice, counter, refused):
        if own.sender in passage.approved_by:
            continue
        decision = decide_task(passage, other, own, own.sender, terms)
        if not _asked_before(passage, own.sender, work) and decision.permitted:
            ground = ground_json(ground_of(decision))
            facts: dict[str, Json] = {"notice": own.notice, "member": own.sender, "fact": ground}
            index = disclosure_log.record_event(
                "officer_task", facts, {own.sender}, work, hub, notice=own.notice
            )
            codes: list[Json] = [
                *sorted({reason.code.value for d in refused.decisions for reason in d.reasons})
            ]
            _put_task(own, passage, {"notice": own.notice, "codes": codes, "fact": ground}, index, work, hub)
        return


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


def _put_task(own: StoredNotice, passage: Passage, body: Json, log_index: int, work: Work, hub: Hub) -> None:
    put_item(own.sender, ItemKind.OFFICER_TASK, passage, own.notice, body, log_index, work, hub)


def put_item(
    member: MemberId,
    kind: ItemKind,
    passage: Passage,
    about: NoticeId,
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
            passage=passage.passage,
            body=body,
            log_index=log_index,
            put_at=hub.now(),
        )
    )


def with_approval(passage: Passage, member: MemberId) -> Passage:
    """The passage with one more side's approval."""
    return replace(passage, approved_by=passage.approved_by | {member})
