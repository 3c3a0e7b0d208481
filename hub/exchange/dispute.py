"""A party contests a release: one thread for the officers of both sides, on the agreement's clock.

Decides who may write into which thread, what a message does to it, and when the clock has run out.
What is contested is an entry of the log that both can open already: opening a dispute tells nobody of
a match, and one about anything else is answered like one about nothing (I4, I7, I9). The hub never
sees what is said, and it judges nothing: an outcome is signed by the side that it goes against, and
when the clock runs out the thread is marked as escalated and stays where it is (I10).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.exchange import disclosure_log
from hub.exchange.errors import Declined, HubFault, NotYours
from hub.exchange.ports import Entry, Hub, Work
from hub.exchange.stages import Dispute, Errand, ErrandKind, ItemKind, KeyUse, Letter, PaperKind
from hub.exchange.states import DisputeState
from hub.exchange.tasks import put_item
from hub.exchange.trust import in_force, signing_key
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import ReleaseRecord, read_release
from hub.protocols.dispute import (
    Act,
    DisputeMessage,
    Result,
    digest_of,
    read_message,
    reread_message,
    text_key_id,
)
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import DisputeId, MemberId
from hub.protocols.signing import Typ
from hub.protocols.working_days import after_working_days

MOST_LETTERS: Final = 60
"""Messages of one thread: officers who have written so often should ring each other."""

KEPT_CLOSED: Final = timedelta(days=365)
"""How long a closed thread stays at the hub: the members keep their own copies, the log its entries."""

ESCALATED: Final = "escalated"
"""What an entry and an item say where the clock ran out; no message stands behind them."""


_ENDED_BY_OPENER: Final = frozenset({Result.NOT_UPHELD, Result.WITHDRAWN})


def receive_message(
    name: DisputeId | None, act: Act, jws: str, text: str, caller: MemberId, work: Work, hub: Hub
) -> None:
    """Take a signed message and the sealed words with it; `name` is the thread that it must be for.

    Raises `NotYours` where the caller is no party, `Declined` where the thread does not allow it,
    `Untrusted` or `MalformedMessage` where the message does not hold.
    """
    message = _check_message(jws, text, caller, work, hub)
    if message.act is not act or name not in {None, message.dispute}:
        raise Untrusted("dispute-other", "the message is for another dispute, or does something else to it")
    number = (
        _open(message, jws, text, work, hub) if act is Act.OPEN else _go_on(message, jws, text, work, hub)
    )
    body: Json = {"number": number}
    work.outbox.add(Errand(ErrandKind.DISPUTE, message.dispute, body), hub.now())


def thread(name: DisputeId, caller: MemberId, work: Work) -> Dispute:
    """A dispute of which the caller is a party; raise `NotYours` for any other."""
    found = work.disputes.get(name)
    if found is None or caller not in found.parties:
        raise NotYours
    return found


def carry(errand: Errand, work: Work, hub: Hub) -> None:
    """Enter what happened to a thread, and tell whom it is for: the other side, or both."""
    name = DisputeId(errand.subject)
    dispute = work.disputes.get(name)
    if dispute is None:
        raise HubFault("dispute-missing", "an errand names a dispute that is not kept")
    facts, told = _facts(dispute, errand, work)
    index = disclosure_log.record_event("dispute", facts, dispute.parties, work, hub, notice=dispute.notice)
    for member in sorted(told):
        put_item(member, ItemKind.DISPUTE, None, dispute.notice, {**facts}, index, work, hub)


def sweep(limit: int, work: Work, hub: Hub) -> int:
    """Mark threads whose clock has run out, and forget those closed long ago; return how many ran out."""
    late = work.disputes.due(hub.now(), limit)
    for dispute in late:
        work.disputes.save(replace(dispute, state=DisputeState.ESCALATED, due_at=None))
        body: Json = {"number": None}
        work.outbox.add(Errand(ErrandKind.DISPUTE, dispute.dispute, body), hub.now())
    work.disputes.drop_closed(hub.now() - KEPT_CLOSED, limit)
    return len(late)


def _check_message(jws: str, text: str, caller: MemberId, work: Work, hub: Hub) -> DisputeMessage:
    """A message by the caller, dated by now, with the very words it names, sealed to whom it is for."""
    message = read_message(jws, signing_key(jws, Typ.DISPUTE, caller, work, hub))
    if message.sender != caller:
        raise Untrusted("dispute-other", "a member writes in its own name")
    if message.signed_at > hub.now() + CLOCK_SKEW:
        raise MalformedMessage("dispute-early", "the message is dated ahead of the hub: check your clock")
    key = work.members.key(text_key_id(text))
    if digest_of(text) != message.text:
        raise Untrusted("dispute-text", "these are not the sealed words that the message names")
    if key is None or key.use is not KeyUse.SEALING or not in_force(key, hub):
        raise Untrusted("dispute-text", "the words are sealed to no key of the directory that is in force")
    if key.member != message.recipient:
        raise Untrusted("dispute-text", "the words are sealed to another than the one they are for")
    return message


def _open(message: DisputeMessage, jws: str, text: str, work: Work, hub: Hub) -> int:
    """Begin a thread about a release between the two; one of its opener's about it at a time."""
    release = _contested(message, work)
    known = work.disputes.get(message.dispute)
    if known is not None and message.sender not in known.parties:
        raise NotYours
    standing = [one for one in work.disputes.of_entry(message.entry) if one.state is not DisputeState.CLOSED]
    if known is not None or any(one.opener == message.sender for one in standing):
        raise Declined("dispute-stands", "your dispute about this release is not closed: go on with that one")
    ground = release.fact if release.fact is not None else release.parts[0].ground
    days = _answer_days(ground.agreement, ground.version, work)
    dispute = Dispute(
        dispute=message.dispute,
        opener=message.sender,
        other=message.recipient,
        notice=message.notice,
        entry=message.entry,
        grievance=message.grievance,
        agreement=ground.agreement,
        version=ground.version,
        answer_days=days,
        state=DisputeState.OPEN,
        result=None,
        opened_at=hub.now(),
        due_at=after_working_days(hub.now(), days),
        closed_at=None,
    )
    work.disputes.add(dispute, Letter(message.dispute, 1, jws, text))
    return 1


def _go_on(message: DisputeMessage, jws: str, text: str, work: Work, hub: Hub) -> int:
    """Answer, ask further, or close."""
    dispute = thread(message.dispute, message.sender, work)
    letters = work.disputes.letters(dispute.dispute)
    _check_place(message, dispute, letters[-1].jws)
    if dispute.state is DisputeState.CLOSED:
        raise Declined("dispute-closed", "this dispute is closed; open another one if it was not settled")
    if len(letters) >= MOST_LETTERS and message.act is not Act.CLOSE:
        raise Declined(
            "dispute-full", "this thread is as long as one may be: talk to each other and close it"
        )
    work.disputes.append(Letter(dispute.dispute, len(letters) + 1, jws, text))
    work.disputes.save(_moved(dispute, message, hub.now()))
    return len(letters) + 1


def _contested(message: DisputeMessage, work: Work) -> ReleaseRecord:
    """The release that a message names, if both its sender and its recipient can open that entry now."""
    entry, signed = work.log.entry(message.entry), work.log.signed()
    covered = signed is not None and message.entry < signed[0]
    release = None if entry is None or not covered else _release(entry)
    ends = {message.sender, message.recipient}
    if release is None or entry is None or entry.parties != ends or release.notice != message.notice:
        raise NotYours
    return release


def _release(entry: Entry) -> ReleaseRecord | None:
    record = None if entry.opening is None else entry.opening.record
    is_release = isinstance(record, dict) and record.get("kind") == "release"
    return read_release(record) if is_release else None


def _answer_days(agreement: str, version: int, work: Work) -> int:
    """Working days for an answer, in the version of the agreement under which the release was made."""
    paper = work.papers.get(PaperKind.AGREEMENT, agreement, version)
    if paper is None:
        raise HubFault("paper-missing", "a release names an agreement that is not kept")
    service = Reader(paper.document, "agreement").object("service")
    return service.integer("dispute_answer_within_working_days", 1)


def _check_place(message: DisputeMessage, dispute: Dispute, last: str) -> None:
    """A message of this thread, between these two, written after reading the one before it."""
    about = message.entry, message.notice, message.grievance
    if (
        about != (dispute.entry, dispute.notice, dispute.grievance)
        or message.recipient not in dispute.parties
    ):
        raise Untrusted("dispute-other", "the message is about something else than its thread")
    if message.follows != digest_of(last):
        raise Declined("dispute-moved", "the other side has written meanwhile: read the thread, then answer")
    by_opener = message.sender == dispute.opener
    if message.result is not None and by_opener is not (message.result in _ENDED_BY_OPENER):
        raise Declined(
            "dispute-result",
            "who opened a dispute withdraws it or finds it not upheld; the other side says that it is upheld",
        )


def _moved(dispute: Dispute, message: DisputeMessage, now: datetime) -> Dispute:
    """The dispute after a message: closed, answered, or asked again with the clock started anew."""
    if message.act is Act.CLOSE:
        return replace(dispute, state=DisputeState.CLOSED, result=message.result, due_at=None, closed_at=now)
    asks = message.sender == dispute.opener
    if dispute.state is DisputeState.OPEN and not asks:
        return replace(dispute, state=DisputeState.ANSWERED, due_at=None)
    if dispute.state is DisputeState.ANSWERED and asks:
        due = after_working_days(now, dispute.answer_days)
        return replace(dispute, state=DisputeState.OPEN, due_at=due)
    return dispute


def _facts(dispute: Dispute, errand: Errand, work: Work) -> tuple[dict[str, Json], set[MemberId]]:
    """What the log says of this step, and who is told of it."""
    number = errand.body.get("number") if isinstance(errand.body, dict) else None
    facts: dict[str, Json] = {
        "dispute": dispute.dispute,
        "entry": dispute.entry,
        "notice": dispute.notice,
        "grievance": dispute.grievance.value,
        "agreement": dispute.agreement,
        "version": dispute.version,
    }
    if number is None:
        return {**facts, "act": ESCALATED, "result": None, "from": None, "message": None}, {*dispute.parties}
    (letter,) = [one for one in work.disputes.letters(dispute.dispute) if one.number == number]
    message = reread_message(letter.jws)
    said: dict[str, Json] = {
        "act": message.act.value,
        "result": None if message.result is None else message.result.value,
        "from": message.sender,
        "message": canonical.digest(letter.jws.encode()),
    }
    return {**facts, **said}, {message.recipient}
