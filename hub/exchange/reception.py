"""What members bring to the hub: check it, keep it, promise the work, answer.

Every function here checks a signed document, changes what must change at once, and leaves the
rest to the sequencer as an errand in the same unit of work. Bringing the same thing twice has one
effect (I5). Handing over a delivery decides once more, at that very instant (I6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.consent.flags import Flags
from hub.consent.question import Scope
from hub.exchange import acknowledge, agree, lead, renew, request_key, second_look, withdraw
from hub.exchange.accede import accede, binding, change_accession, joined
from hub.exchange.agree import countersign, propose
from hub.exchange.decide import Terms, decide_again, decide_identity, read_terms, stand_apart
from hub.exchange.disclosure_log import opening_and_proof
from hub.exchange.dispute import receive_message, thread
from hub.exchange.enrol import redeem, register_key
from hub.exchange.errors import Declined, NotYours
from hub.exchange.lodge import lodge, open_epoch
from hub.exchange.naming import asked_openly, keeps_back
from hub.exchange.ports import Hub, Store, Work
from hub.exchange.publish import Admission, check_notice, promise_for, read_admission
from hub.exchange.release import pack_delivery, still_permitted
from hub.exchange.stages import (
    CheckedNotice,
    Errand,
    ErrandKind,
    InboxItem,
    ItemKind,
    KeyWanted,
    Paper,
    Permitted,
    Refused,
)
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.trust import signing_key
from hub.exchange.witnessing import offered, policy_of, receive_cosignature, witnessed_proof
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.delivery import Stage
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import DisclosureId, MemberId, NoticeId, RequestId
from hub.protocols.notice import Assertion
from hub.protocols.signing import Typ

__all__ = [
    "Admission",
    "Keepable",
    "Terms",
    "accede",
    "binding",
    "change_agreement",
    "check_in",
    "countersign",
    "fetch_delivery",
    "joined",
    "keep",
    "lodge",
    "note_stopped",
    "offered",
    "open_epoch",
    "opening_and_proof",
    "policy_of",
    "proof_of",
    "propose",
    "read_admission",
    "read_terms",
    "receive_acknowledgement",
    "receive_approval",
    "receive_assertion",
    "receive_blind_grant",
    "receive_confirmation",
    "receive_cosignature",
    "receive_grant",
    "receive_lead",
    "receive_message",
    "receive_notice",
    "receive_outcome",
    "receive_renewal",
    "receive_withdrawal",
    "redeem",
    "register_key",
    "shown",
    "stand_apart",
    "thread",
]
"""What the routes may use: a notice and its answers from here, papers and keys from their verbs."""

_LEAVING = frozenset({PassageState.AWAITING_SAME, PassageState.RELEASED})
"""Where a passage has something to hand over; one that a person must look at has nothing."""


@dataclass(frozen=True, slots=True)
class Keepable:
    """A notice ready to be kept, with the promise that may be given once it is."""

    checked: CheckedNotice
    promise: str


def check_in(data: bytes, caller: MemberId, admission: Admission, hub: Hub) -> Keepable:
    """Check published bytes and write the promise, which is not given yet."""
    checked = check_notice(data, caller, admission, hub)
    return Keepable(checked, promise_for(checked, hub))


def keep(keepable: Keepable, work: Work) -> str:
    """Keep a checked notice; return the promise to give: the first one, if it was kept before."""
    return work.notices.keep(keepable.checked, keepable.promise) or keepable.promise


def receive_notice(data: bytes, caller: MemberId, admission: Admission, store: Store, hub: Hub) -> str:
    """Check a notice, keep it, and return the promise after the commit.

    Raises `MalformedMessage`, `Untrusted` or `Declined`; then nothing is kept.
    """
    keepable = check_in(data, caller, admission, hub)
    with store.write() as work:
        kept = keep(keepable, work)
    return kept  # noqa: RET504 - the promise may be given only after the commit, so not from inside the block


def change_agreement(name: str, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """One party's signed word on an agreement: for everybody by a party of the document, else for itself."""
    if joined(name, caller, work) is not None:
        return change_accession(name, document, caller, work, hub)
    return agree.change_agreement(name, document, caller, work, hub)


def receive_grant(
    request: RequestId, jws: str, box: str | None, caller: MemberId, work: Work, hub: Hub
) -> None:
    """A sender's gateway answers a key request with a box, or with reasons why there is none."""
    passage = work.passages.by_request(request)
    if passage is None or passage.sender != caller:
        raise NotYours
    key = signing_key(jws, Typ.KEY_GRANT, caller, work, hub)
    grant = request_key.check_answer(jws, box, passage, key, work)
    if passage.state is PassageState.AWAITING_KEY:
        body: Json = {"box": box, "refused": list(grant.refused), "officer": grant.officer}
        _promise(ErrandKind.GRANTED, passage.passage, body, work, hub)


def receive_blind_grant(
    request: RequestId, jws: str, boxes: Sequence[str], caller: MemberId, work: Work, hub: Hub
) -> None:
    """A sender's gateway answers a blind key request: one of its boxes is kept, the others dropped."""
    passage = work.passages.by_request(request)
    if passage is None or passage.sender != caller:
        raise NotYours
    key = signing_key(jws, Typ.BLIND_KEY_GRANT, caller, work, hub)
    grant, box = request_key.check_blind_answer(jws, boxes, passage, key, work)
    signed = canonical.digest(jws.encode())
    body: Json = {"box": box, "refused": list(grant.refused), "officer": grant.officer, "grant": signed}
    _promise(ErrandKind.GRANTED, passage.passage, body, work, hub)


def receive_confirmation(item: DisclosureId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A recipient's gateway compared in clear text: `same`, `unsure` or `different`."""
    delivery = acknowledge.own_item(item, caller, ItemKind.DELIVERY, work)
    confirmation = acknowledge.check_confirmation(jws, delivery, work, hub)
    passage = acknowledge.passage_of(delivery, work)
    body: Json = {"delivery": item, "answer": confirmation.answer.value, "officer": confirmation.officer}
    _promise(ErrandKind.CONFIRMED, passage.passage, body, work, hub)


def receive_acknowledgement(item: DisclosureId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A recipient's gateway acknowledges what it received, by digest."""
    delivery = acknowledge.own_item(item, caller, ItemKind.DELIVERY, work)
    acknowledgement = acknowledge.check_acknowledgement(jws, delivery, work, hub)
    _answer(delivery, ItemKind.ACKNOWLEDGEMENT, acknowledgement.level.value, jws, work, hub)


def receive_outcome(item: DisclosureId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A recipient says what became of it."""
    delivery = acknowledge.own_item(item, caller, ItemKind.DELIVERY, work)
    outcome = acknowledge.check_outcome(jws, delivery, work, hub)
    _answer(delivery, ItemKind.OUTCOME, outcome.outcome.value, jws, work, hub)


def receive_approval(item: DisclosureId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A named officer lets a held match go on, or does not."""
    task = acknowledge.own_item(item, caller, ItemKind.OFFICER_TASK, work)
    approval = acknowledge.check_approval(jws, task, work, hub)
    passage = acknowledge.passage_of(task, work)
    body: Json = {
        "task": item,
        "member": approval.member,
        "officer": approval.officer,
        "approve": approval.approve,
        "named": approval.named,
    }
    _promise(ErrandKind.APPROVED, passage.passage, body, work, hub)


def receive_lead(item: DisclosureId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A member says who leads, where it and another count one young person."""
    task = acknowledge.own_item(item, caller, ItemKind.OFFICER_TASK, work)
    passage = acknowledge.passage_of(task, work)
    word = lead.check_word(jws, task, passage, work, hub)
    body: Json = {"member": word.member, "ours": word.ours, "officer": word.officer, "signed": jws}
    _promise(ErrandKind.LEAD, passage.passage, body, work, hub)


def receive_assertion(notice: NoticeId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A sender asserts anew what is safe for the next 30 days; binds at once, for inboxes too."""
    own = withdraw.own_notice(notice, caller, work)
    assertion = withdraw.check_assertion(jws, own, work, hub)
    _check_assertion(assertion, hub)
    work.notices.assert_again(notice, assertion)
    _promise(ErrandKind.ASSERTED, notice, None, work, hub)


def receive_renewal(notice: NoticeId, jws: str, tokens: Json, caller: MemberId, work: Work, hub: Hub) -> None:
    """A sender made a notice's identifier tokens anew, for the next linkage epoch."""
    renew.renew_tokens(withdraw.own_notice(notice, caller, work), jws, tokens, work, hub)


def receive_withdrawal(notice: NoticeId, jws: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """A sender withdraws its notice: nothing further leaves from this instant (I6)."""
    own = withdraw.own_notice(notice, caller, work)
    withdraw.check_retraction(jws, own, work, hub)
    if own.state in {NoticeState.OPEN, NoticeState.CLOSED, NoticeState.MERGED}:
        withdraw.retire(own, NoticeState.WITHDRAWN, work, hub)
        for passage in work.passages.of_notice(notice):
            for item in work.inboxes.of_passage(passage.passage):
                work.inboxes.stop(item.item)


def fetch_delivery(item: DisclosureId, caller: MemberId, work: Work, hub: Hub) -> bytes:
    """Hand over a delivery: decide again now, then pack manifest, parts, box, opening and proof.

    Raises `Declined("delivery-stopped")` where anything that the entry lists may leave no longer;
    the stop is recorded. Raises `Declined("delivery-unwitnessed")` for a second stage that too few
    other members have witnessed: it stays in the inbox. Raises `NotYours` for what is not the caller's.
    """
    delivery = acknowledge.own_item(item, caller, ItemKind.DELIVERY, work)
    permitted = _permitted_now(delivery, work, hub)
    if permitted is None:
        raise Declined(
            "delivery-stopped", "this delivery was stopped: a flag, an agreement or the notice has changed"
        )
    if delivery.stage is Stage.IDENTITY:
        return pack_delivery(delivery, permitted, work)
    proof = witnessed_proof(delivery.log_index, permitted.passage.candidates, work, hub)
    return pack_delivery(delivery, permitted, work, proof)


def note_stopped(item: DisclosureId, caller: MemberId, work: Work, hub: Hub) -> None:
    """Record that a delivery was stopped at its hand-over; called when `fetch_delivery` declined.

    Decided once more: what is permitted again by now is left as it is.
    """
    delivery = acknowledge.own_item(item, caller, ItemKind.DELIVERY, work)
    if not delivery.stopped and _permitted_now(delivery, work, hub) is None:
        work.inboxes.stop(item)
        body: Json = {"what": "stopped", "notice": delivery.about}
        work.outbox.add(Errand(ErrandKind.RECORD, item, body), hub.now())


def shown(items: Sequence[InboxItem], work: Work, hub: Hub) -> list[InboxItem]:
    """Inbox items as their member may see them now: to be asked is to be told, so it is decided again (I6).

    A key request, or an officer's task, that may be put no longer is shown as stopped, without its body.
    """
    asking = {ItemKind.KEY_REQUEST, ItemKind.OFFICER_TASK}
    if not any(item.kind in asking for item in items):
        return list(items)
    terms = read_terms(work, hub.now())
    return [
        replace(item, stopped=True, body=None)
        if item.kind in asking and not _still_asked(item, terms, work)
        else item
        for item in items
    ]


def proof_of(item: InboxItem, work: Work) -> tuple[Json, str]:
    """Opening and proof of the entry that stands behind an inbox item, where its member is a party (I7)."""
    entry = work.log.entry(item.log_index)
    if entry is None or item.member not in entry.parties:
        raise NotYours
    return opening_and_proof(item.log_index, work)


def _answer(delivery: InboxItem, kind: ItemKind, says: str, jws: str, work: Work, hub: Hub) -> None:
    body: Json = {"kind": kind.value, "says": says, "signed": jws}
    _promise(ErrandKind.CLOSE, delivery.item, body, work, hub)


def _promise(kind: ErrandKind, subject: str, body: Json, work: Work, hub: Hub) -> None:
    work.outbox.add(Errand(kind, subject, body), hub.now())


def _permitted_now(delivery: InboxItem, work: Work, hub: Hub) -> Permitted | None:
    """The permits for all that a delivery lists, at this instant; None where anything may leave no longer."""
    passage = acknowledge.passage_of(delivery, work)
    notice = acknowledge.notice_of(passage, work)
    counter = None if passage.counter is None else work.notices.get(passage.counter)
    leaving = passage.state in _LEAVING and not passage.pending and not delivery.stopped
    if not leaving or not withdraw.stand(notice, counter) or not request_key.box_stands(passage, work):
        return None
    decided = decide_again(passage, delivery.stage, notice, counter, read_terms(work, hub.now()))
    return decided if isinstance(decided, Permitted) and still_permitted(delivery, decided) else None


def _still_asked(item: InboxItem, terms: Terms, work: Work) -> bool:
    passage = acknowledge.passage_of(item, work)
    notice = acknowledge.notice_of(passage, work)
    counter = None if passage.counter is None else work.notices.get(passage.counter)
    if item.stopped or not withdraw.stand(notice, counter):
        return False
    decided = decide_identity(passage, notice, counter, terms)
    if item.kind is ItemKind.KEY_REQUEST:
        names = asked_openly(passage)
        asked_so = isinstance(decided, KeyWanted) and bool(decided.alike) is not names
        kept_back = names and keeps_back(passage, notice, counter)  # a shield came before this was fetched
        return passage.state is PassageState.AWAITING_KEY and asked_so and not kept_back
    if passage.look is not None and item.kind is ItemKind.OFFICER_TASK:
        return second_look.still_asked(passage, item.member, terms, work)
    held = isinstance(decided, Refused) and decided.held
    return passage.state is PassageState.AWAITING_OFFICER and held


def _check_assertion(assertion: Assertion, hub: Hub) -> None:
    Flags.from_json(assertion.flags)
    if assertion.scope not in set(Scope):
        raise Declined("scope-unknown", "the scope asserted is not one of the published ones")
    if assertion.asserted_at > hub.now() + CLOCK_SKEW:
        raise Declined(
            "notice-from-the-future", "the assertion is dated ahead of the hub: check the gateway's clock"
        )
