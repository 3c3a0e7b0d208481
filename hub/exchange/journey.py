"""The life of a notice after it is kept, told in order.

    enter              record that a notice is kept
    carry_notice       match -> decide -> [ask the sender for a key]
    carry_look         ask officers of both sides, where a machine may not go on by itself
    carry_granted      decide again -> record -> hand over the identity part
    carry_confirmed    decide again -> record -> hand over the other permitted parts
    carry_closed       record the answer -> tell the sender -> forget the body

How a notice comes in is told in `reception`; who calls these functions, and in which unit of
work, in `sequencer`. An errand that is done twice has one effect, because each begins by looking
where its passage stands.
"""

from collections.abc import Callable
from typing import Final

from hub.exchange import (
    acknowledge,
    contest,
    disclosure_log,
    dispute,
    lead,
    naming,
    quota,
    register,
    renew,
    second_look,
    withdraw,
)
from hub.exchange import passage as passages
from hub.exchange.decide import Terms, read_terms
from hub.exchange.errors import Crowded, HubFault
from hub.exchange.match import find_matches
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import (
    Errand,
    ErrandKind,
    InboxItem,
    ItemKind,
    Look,
    Match,
    Passage,
    StoredNotice,
)
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.tasks import both, confirmed, of_same_match, outshone, people_for, put_item, still_put
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.blind_answer import BlindAnswer, read_says, sign_blind_answer
from hub.protocols.canonical import Json
from hub.protocols.names import DisclosureId, MatchId, MemberId, NoticeId

MATCH_LEAVES: Final = 3
"""Entries that a clear match can make: each way a refusal or a key request; one officer's task.

A second look makes none here: it has room of its own, which every notice makes for one (`sequencer.ask`).
"""

Step = Callable[[Errand, Terms, Work, Hub], Terms | None]


def enter(errand: Errand, _terms: Terms, work: Work, hub: Hub) -> None:
    """Fulfil the promise for a kept notice: it is in the log, whatever becomes of it after that.

    Done for all notices of a batch before any is matched, so that a fault in one match breaks no
    promise, and the place of an entry tells nothing about what the notice before it met (I9).
    """
    notice = work.notices.get(NoticeId(errand.subject))
    if notice is None:
        raise HubFault("notice-missing", "a notice to be carried is not kept")
    if notice.log_index is None:
        index = disclosure_log.record_published(notice, work, hub)
        work.notices.set_state(notice.notice, notice.state, index)


def carry_notice(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """Make a kept notice findable, and go on with whatever it matches.

    Match or not, it takes as many leaves of the log (I9). One whose tokens were made anew for the
    next epoch is carried a second time, and counted once; the sender's word on it is entered.
    """
    renewed, notice = errand.body is not None, work.notices.get(NoticeId(errand.subject))
    end = work.log.size() + MATCH_LEAVES + (renew.LEAVES if renewed else 0)
    if notice is not None and notice.state is NoticeState.OPEN:
        if renewed:
            renew.enter(notice, _body(errand), work, hub)
        count = quota.is_over if renewed else quota.count
        _meet(notice, terms, work, hub, over_quota=count(notice, terms, work, hub))
    disclosure_log.fill_to(end, work, hub)


def _meet(notice: StoredNotice, terms: Terms, work: Work, hub: Hub, *, over_quota: bool) -> None:
    matches = _matches(notice, work, hub)
    work.index.add(notice)
    named = notice.manifest.recipient
    begun = named is None or passages.begun(notice, named, None, work)
    if named is not None and not begun and withdraw.may_reach(notice, named, work):
        passages.go_on(passages.begin(notice, None, named, None, work, hub), terms, work, hub)
    for match in matches:
        _carry_match(match, terms, work, hub, over_quota=over_quota)


def _matches(notice: StoredNotice, work: Work, hub: Hub) -> list[Match]:
    """What a notice matches: nothing where it shares tokens with too many to look at.

    The log says so to nobody but the operator, since the sender would learn of others (I9). A later
    notice can still meet this one, and then people look.
    """
    try:
        return find_matches(notice, work, hub)
    except Crowded as crowd:
        facts: dict[str, Json] = {"notice": notice.notice, "why": crowd.code}
        disclosure_log.record_event("unmatched", facts, (), work, hub, notice=notice.notice)
        return []


def carry_granted(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """The sender answered a key request: decide again, hand over the identity part."""
    passage, body = _passage(errand, work), _body(errand)
    if passage.state is not PassageState.AWAITING_KEY:
        return
    box = body["box"]
    facts: dict[str, Json] = {
        "notice": passage.notice,
        "refused": body["refused"],
        "officer": body["officer"],
    }
    if "grant" in body:
        facts["grant"] = body[
            "grant"
        ]  # of a blind one the other boxes are dropped: this says which they were
    index = disclosure_log.record_event(
        "key_grant", facts, {passage.sender}, work, hub, notice=passage.notice
    )
    if isinstance(box, str):
        passages.go_on(passage.moved(box=box), terms, work, hub)
    else:
        withdraw.stop_passage(passage, index, work, hub)


def carry_look(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """People have to look at a match: ask whoever may be asked first, or record why nobody may be."""
    body = _body(errand)
    over_quota, first = body["over_quota"] is True, body["first"] is True
    second_look.carry(_passage(errand, work), terms, work, hub, over_quota=over_quota, first=first)


def carry_confirmed(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """The recipient compared in clear text: only a `same` lets the other parts leave.

    A `different` counts also after a `same`: a person may have looked again. Where people had to
    look, only a person's `same` counts, and a `different` undoes both directions.
    """
    passage, body = _passage(errand, work), _body(errand)
    answer = Answer(str(body["answer"]))
    second_thought = passage.state is PassageState.RELEASED and answer is Answer.DIFFERENT
    if passage.state is not PassageState.AWAITING_SAME and not second_thought:
        return
    by_person = body["officer"] is not None
    facts: dict[str, Json] = {
        "delivery": body["delivery"],
        "notice": passage.notice,
        "answer": answer.value,
    }
    own = {"officer": body["officer"]}
    index = disclosure_log.record_answer("confirmation", facts, own, passage, work, hub)
    if answer is Answer.DIFFERENT:
        for direction in [passage] if passage.look is None else of_same_match(passage, work):
            withdraw.stop_passage(direction, index, work, hub)
    elif answer is Answer.SAME and (by_person or passage.look in {None, Look.COMPETITOR}):
        same = passage.moved(same=True)
        work.passages.save(same)
        passages.release_rest(same, terms, work, hub)


def carry_approved(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """A named officer answered a task about a match: with both sides' approval it goes on.

    A no counts at any time before the notice has arrived; a yes where somebody waits for it, to the
    question that was put: not to one that was taken back because somebody else claims the same.
    """
    passage, body = _passage(errand, work), _body(errand)
    member, approve = MemberId(str(body["member"])), body["approve"] is True
    ended = passage.state in {PassageState.CLOSED, PassageState.STOPPED}
    waits = passage.state is PassageState.AWAITING_OFFICER or passage.pending
    waits = waits and member not in passage.approved_by and still_put(DisclosureId(str(body["task"])), work)
    if ended or (approve and not waits):
        return
    facts: dict[str, Json] = {
        "task": body["task"],
        "member": member,
        "officer": body["officer"],
        "approve": approve,
        "named": approve and body.get("named") is True,
    }
    index = disclosure_log.record_event("approval", facts, {member}, work, hub, notice=passage.notice)
    for direction in of_same_match(passage, work):
        if approve:
            _approve(direction, body, terms, work, hub)
        elif direction.state is not PassageState.CLOSED:
            withdraw.stop_passage(direction, index, work, hub)


def _approve(passage: Passage, body: dict[str, Json], terms: Terms, work: Work, hub: Hub) -> None:
    """One more officer has said yes: go on when enough have, or ask the other side about a second look."""
    if not passage.pending and passage.state not in {PassageState.AWAITING_OFFICER, PassageState.REFUSED}:
        return
    member, officer = MemberId(str(body["member"])), str(body["officer"])
    said = naming.approved_so(passage, member, *both(passage, work), named=body.get("named") is True)
    approved = confirmed(said, member, officer, people_for(DisclosureId(str(body["task"])), work))
    work.passages.save(approved)
    if member not in approved.approved_by:
        return
    if passage.look is None:
        passages.go_on(approved, terms, work, hub)
    elif approved.pending:
        second_look.ask_next(approved, terms, work, hub)
    else:
        passages.looked_at(approved, terms, work, hub)


def carry_closed(errand: Errand, _terms: Terms, work: Work, hub: Hub) -> None:
    """The recipient acknowledged, or says what became of it: record it, tell the sender, forget the body.

    What the sender has been told of this delivery before is not told twice.
    """
    item = work.inboxes.get(DisclosureId(errand.subject))
    if item is None:
        raise HubFault("item-missing", "an answer belongs to no inbox item")
    passage, body = acknowledge.passage_of(item, work), _body(errand)
    kind, says = ItemKind(str(body["kind"])), body["says"]
    if _told(item, kind, says, work):
        return
    facts: dict[str, Json] = {"delivery": item.item, "notice": passage.notice, "says": says}
    parties = {passage.sender, passage.recipient}
    index = disclosure_log.record_event(kind.value, facts, parties, work, hub, notice=passage.notice)
    signed = _blind_answer(passage, item, says, hub) if passage.hides else body["signed"]
    answer: Json = {"delivery": item.item, "notice": passage.notice, "says": says, "signed": signed}
    put_item(passage.sender, kind, passage, passage.notice, answer, index, work, hub)
    if kind is ItemKind.OUTCOME:
        passages.close(passage, OutcomeKind(str(says)), index, work, hub)


def carry_lead(errand: Errand, _terms: Terms, work: Work, hub: Hub) -> None:
    """A member said who leads a young person that two count; agreed, the other's notice is merged."""
    passage, body = _passage(errand, work), _body(errand)
    if not lead.stands(passage, work):
        return
    merged = lead.take_word(passage, MemberId(str(body["member"])), body, work, hub)
    if merged is not None:
        passages.end(merged, NoticeState.MERGED, work, hub)


def carry_dispute(errand: Errand, _terms: Terms, work: Work, hub: Hub) -> None:
    """A party wrote about a release it contests, or the time for an answer ran out: record it, tell them."""
    dispute.carry(errand, work, hub)


def carry_asserted(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """Its sender has asserted a notice anew: whatever comes of it is decided again.

    Matched or not, it takes as many leaves of the log: else who says no and yes in turn of a guess would
    see the log grow (I9).
    """
    end = work.log.size() + MATCH_LEAVES
    for passage in work.passages.of_notice(NoticeId(errand.subject)):
        _decide_again(passage, terms, work, hub)
    disclosure_log.fill_to(end, work, hub)


def carry_reconsidered(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
    """What was refused or stopped is decided again: an agreement came into force, a member has a new key."""
    _decide_again(_passage(errand, work), terms, work, hub)


def _decide_again(passage: Passage, terms: Terms, work: Work, hub: Hub) -> None:
    if passage.pending:
        second_look.reconsider(passage, terms, work, hub)
    elif passage.state in {PassageState.REFUSED, PassageState.AWAITING_OFFICER}:
        ends = [notice for notice in both(passage, work) if notice is not None]
        over_quota = passage.counter is not None and any(quota.is_over(one, terms, work, hub) for one in ends)
        passages.go_on(passage, terms, work, hub, over_quota=over_quota, again=True)
    elif passage.state in {PassageState.AWAITING_SAME, PassageState.RELEASED}:
        passages.resume(passage, terms, work, hub)


def carry_stopped(errand: Errand, _terms: Terms, work: Work, hub: Hub) -> None:
    """A notice was withdrawn, or its time is over: stop its passages, record how it ended, forget it."""
    notice, body = work.notices.get(NoticeId(errand.subject)), _body(errand)
    state, was = NoticeState(str(body["state"])), NoticeState(str(body["was"]))
    if notice is None or notice.state is not state:
        raise HubFault("notice-state", "a notice to be stopped is not in the state in which it was ended")
    passages.end(notice, state, work, hub, again=was in {NoticeState.CLOSED, NoticeState.MERGED})


def carry_record(errand: Errand, terms: Terms, work: Work, hub: Hub) -> Terms:
    """Enter an admission, a key, a paper or a stop; keys and papers bind from here on."""
    body = _body(errand)
    if body["what"] == "stopped":
        _record_stop(DisclosureId(errand.subject), terms, work, hub)
    else:
        register.enter(str(body["what"]), errand.subject, body, work, hub)
    return read_terms(work, hub.now())


CARRY: Final[dict[ErrandKind, Step]] = {
    ErrandKind.CARRY: carry_notice,
    ErrandKind.GRANTED: carry_granted,
    ErrandKind.CONFIRMED: carry_confirmed,
    ErrandKind.APPROVED: carry_approved,
    ErrandKind.LOOK: carry_look,
    ErrandKind.LEAD: carry_lead,
    ErrandKind.DISPUTE: carry_dispute,
    ErrandKind.CLOSE: carry_closed,
    ErrandKind.ASSERTED: carry_asserted,
    ErrandKind.RECONSIDER: carry_reconsidered,
    ErrandKind.STOP: carry_stopped,
    ErrandKind.RECORD: carry_record,
}
"""What is done for each kind of errand; a function may return new terms for those that follow."""


def _carry_match(match: Match, terms: Terms, work: Work, hub: Hub, *, over_quota: bool) -> None:
    """Each direction is decided by itself, under the union of both notices' flags."""
    both_ways = (match.notice, match.counter), (match.counter, match.notice)
    if all(passages.begun(one, other.sender, other.notice, work) for one, other in both_ways):
        second_look.met_again(match.notice, match.counter, work, hub)
        return
    for overtaken in match.overtaken:
        _hold(match.counter, overtaken, match.notice, work, hub)
    if match.look in {Look.UNCERTAIN, Look.CLAIMANTS} and outshone(match.notice, match.counter, work):
        return
    over_quota = over_quota or any(quota.is_over(one, terms, work, hub) for one in both_ways[0])
    for notice, counter in both_ways:
        if passages.begun(notice, counter.sender, counter.notice, work):
            continue
        passage = passages.begin(notice, counter, counter.sender, match, work, hub)
        if match.look is None:
            passages.go_on(passage, terms, work, hub, over_quota=over_quota)
    if match.look is not None and (begun := _of_match(match, work)):
        second_look.wanted(begun[0], work, hub, over_quota=over_quota)


def _hold(notice: StoredNotice, claimant: NoticeId, rival: StoredNotice, work: Work, hub: Hub) -> None:
    """A match that was clear is so no longer: nothing more of it leaves until people have looked."""
    for passage in work.passages.of_notice(notice.notice):
        if claimant in {passage.notice, passage.counter}:
            contest.hold(passage, rival, work, hub)
            return


def _of_match(match: Match, work: Work) -> list[Passage]:
    return [one for one in work.passages.of_notice(match.notice.notice) if one.match == match.match]


def _told(delivery: InboxItem, kind: ItemKind, says: Json, work: Work) -> bool:
    """Whether the sender has been told just this of a delivery."""
    if delivery.passage is None:
        return False
    return any(
        item.kind is kind
        and isinstance(item.body, dict)
        and (item.body["delivery"], item.body["says"]) == (delivery.item, says)
        for item in work.inboxes.of_passage(delivery.passage)
    )


def _blind_answer(passage: Passage, delivery: InboxItem, says: Json, hub: Hub) -> str:
    """The hub's own word in place of what the recipient signed, which names it by its key."""
    said = BlindAnswer(passage.notice, delivery.item, read_says(str(says)), hub.now())
    return sign_blind_answer(said, hub.key)


def _record_stop(delivery: DisclosureId, terms: Terms, work: Work, hub: Hub) -> None:
    """Enter that a delivery was stopped at its hand-over; release again what is still permitted of it."""
    item = work.inboxes.get(delivery)
    if item is None:
        raise HubFault("item-missing", "a stop belongs to no inbox item")
    passage = acknowledge.passage_of(item, work)
    facts: dict[str, Json] = {"delivery": delivery, "notice": passage.notice}
    parties = {passage.sender, passage.recipient}
    disclosure_log.record_event("stopped", facts, parties, work, hub, notice=passage.notice)
    if passage.state in {PassageState.AWAITING_SAME, PassageState.RELEASED}:
        passages.resume(passage, terms, work, hub)


def _passage(errand: Errand, work: Work) -> Passage:
    passage = work.passages.get(MatchId(errand.subject))
    if passage is None:
        raise HubFault("passage-missing", "an errand names a passage that is not kept")
    return passage


def _body(errand: Errand) -> dict[str, Json]:
    if not isinstance(errand.body, dict):
        raise HubFault("errand-body", "an errand without a body")
    return errand.body
