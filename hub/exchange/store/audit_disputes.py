"""Disputes, for an audit: each thread is whole, signed, and what the log says of it."""

from collections.abc import Iterator, Sequence

from hub.exchange.errors import HubFault
from hub.exchange.stages import Dispute, Letter
from hub.exchange.states import DisputeState
from hub.exchange.store.check import Finding
from hub.exchange.store.evidence import Evidence
from hub.protocols.dispute import Act, DisputeMessage, digest_of, read_message, reread_message
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import Digest
from hub.protocols.signing import Typ, key_id_of


def audit_disputes(evidence: Evidence) -> Iterator[Finding]:
    """Every thread: its messages in order, by its two parties, entered; its state follows from them."""
    for dispute in evidence.work.disputes.all():
        letters = evidence.work.disputes.letters(dispute.dispute)
        try:
            messages = [_signed(letter, evidence) for letter in letters]
        except (HubFault, ProtocolError) as fault:
            yield Finding("dispute-altered", dispute.dispute, fault.detail)
            continue
        yield from _audit_thread(dispute, letters, messages)
        yield from _audit_entries(dispute, letters, evidence)


def _signed(letter: Letter, evidence: Evidence) -> DisputeMessage:
    """A message, signed with a registered key of its writer, and the words that it names."""
    key = evidence.work.members.key(key_id_of(letter.jws, Typ.DISPUTE))
    if key is None or key.member != reread_message(letter.jws).sender:
        raise Untrusted("dispute-key", "a message is signed with no key of its writer")
    message = read_message(letter.jws, VerifyingKey.from_jwk(key.jwk))
    if digest_of(letter.text) != message.text:
        raise Untrusted("dispute-text", "the sealed words are not those that the message names")
    return message


def _audit_thread(
    dispute: Dispute, letters: Sequence[Letter], messages: Sequence[DisputeMessage]
) -> Iterator[Finding]:
    name, before = dispute.dispute, None
    whole = bool(messages) and [one.number for one in letters] == [*range(1, len(letters) + 1)]
    for letter, message in zip(letters, messages, strict=True):
        about = message.dispute, message.entry, message.notice, message.grievance, message.follows
        ends = frozenset({message.sender, message.recipient})
        expected: tuple[object, ...] = (name, dispute.entry, dispute.notice, dispute.grievance, before)
        whole = whole and about == expected and ends == dispute.parties
        before = _digest(letter)
    if not whole or messages[0].sender != dispute.opener:
        yield Finding("dispute-thread", name, "the thread is not whole, or is about something else")
        return
    closed = messages[-1].act is Act.CLOSE
    if closed is not (dispute.state is DisputeState.CLOSED) or messages[-1].result is not dispute.result:
        yield Finding("dispute-state", name, "it says that it ended otherwise than its thread does")
    if (dispute.due_at is not None) is not (dispute.state is DisputeState.OPEN):
        yield Finding("dispute-clock", name, "a clock runs for one that is not open, or none for one that is")


def _audit_entries(dispute: Dispute, letters: Sequence[Letter], evidence: Evidence) -> Iterator[Finding]:
    """Each message was entered, unless it waits to be, or what the log said of the notice was erased."""
    if dispute.dispute in evidence.waiting or evidence.closed(dispute.entry):
        return
    if any(_digest(letter) not in evidence.ledger.disputes for letter in letters):
        yield Finding("dispute-unlogged", dispute.dispute, "a message of the thread is not in the log")
    escalated = dispute.state is DisputeState.ESCALATED
    if escalated and dispute.dispute not in evidence.ledger.escalated:
        yield Finding("dispute-unlogged", dispute.dispute, "it is escalated, and the log does not say so")


def _digest(letter: Letter) -> Digest:
    return digest_of(letter.jws)
