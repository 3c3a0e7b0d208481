"""What a recipient signs back: confirmation, acknowledgement, outcome; and an officer's approval.

A confirmation says whether the identity part is the person the recipient means: compared in
clear text, in its gateway. Only `same` lets anything further leave. An acknowledgement lists what
was received, by digest. An outcome says what became of it. An approval is a named officer's
signed word that a doubtful or shielded match may go on; it never names the other side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import Digest, DisclosureId, MemberId, NoticeId, Part
from hub.protocols.notice import WORDS, read_digest
from hub.protocols.signing import Typ


class Answer(StrEnum):
    """Is this the person the recipient means?"""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


class Level(StrEnum):
    """How far a delivery has come at its recipient."""

    DELIVERED = "delivered"
    OPENED = "opened"
    ACTIONED = "actioned"
    ERASED = "erased"
    """It was recalled, and what was opened of it has been destroyed."""


class OutcomeKind(StrEnum):
    """What became of the young person's case at the recipient."""

    IN_CASELOAD = "in_caseload"
    ALREADY_KNOWN = "already_known"
    NOT_OURS = "not_ours"
    DATA_DIFFER = "data_differ"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The recipient's comparison in clear text; `officer` where a person decided."""

    delivery: DisclosureId
    manifest: Digest
    answer: Answer
    officer: str | None
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What was received: the digest of each part's ciphertext, and how far it has come."""

    delivery: DisclosureId
    manifest: Digest
    parts: Mapping[Part, Digest]
    log_index: int
    log_size: int
    level: Level
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    delivery: DisclosureId
    manifest: Digest
    outcome: OutcomeKind
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A named officer of `member` lets a match of `notice` go on, or does not.

    `named`: the other side may be told which member this is. It counts where somebody is shielded and
    `notice` is the arrival's; without it the arrival's side is named to nobody.
    """

    task: DisclosureId
    member: MemberId
    notice: NoticeId
    approve: bool
    officer: str
    signed_at: datetime
    named: bool = False


def sign_confirmation(value: Confirmation, key: SigningKey) -> str:
    """Sign a confirmation with the recipient's signing key."""
    body: dict[str, Json] = {"answer": value.answer.value, "officer": value.officer}
    return _sign_answer(value, body, Typ.CONFIRMATION, key)


def read_confirmation(jws: str, recipient: VerifyingKey) -> Confirmation:
    """Verify and read a confirmation; raise `Untrusted` or `MalformedMessage`."""
    reader = _open(jws, Typ.CONFIRMATION, recipient)
    confirmation = Confirmation(
        *_subject(reader),
        reader.choice("answer", Answer),
        reader.nullable_text("officer", pattern=WORDS),
        _signed_at(reader),
    )
    reader.done()
    return confirmation


def sign_acknowledgement(value: Acknowledgement, key: SigningKey) -> str:
    """Sign an acknowledgement with the recipient's signing key."""
    body: dict[str, Json] = {
        "parts": {part.value: digest for part, digest in value.parts.items()},
        "log_index": value.log_index,
        "log_size": value.log_size,
        "level": value.level.value,
    }
    return _sign_answer(value, body, Typ.ACKNOWLEDGEMENT, key)


def read_acknowledgement(jws: str, recipient: VerifyingKey) -> Acknowledgement:
    """Verify and read an acknowledgement; raise `Untrusted` or `MalformedMessage`."""
    reader = _open(jws, Typ.ACKNOWLEDGEMENT, recipient)
    acknowledgement = Acknowledgement(
        *_subject(reader),
        _read_part_digests(reader.object("parts")),
        reader.integer("log_index"),
        reader.integer("log_size"),
        reader.choice("level", Level),
        _signed_at(reader),
    )
    reader.done()
    if acknowledgement.log_index >= acknowledgement.log_size:
        raise MalformedMessage("log-size", "an entry lies below the size of the log that it was proved in")
    return acknowledgement


def sign_outcome(value: Outcome, key: SigningKey) -> str:
    """Sign an outcome with the recipient's signing key."""
    return _sign_answer(value, {"outcome": value.outcome.value}, Typ.OUTCOME, key)


def read_outcome(jws: str, recipient: VerifyingKey) -> Outcome:
    """Verify and read an outcome; raise `Untrusted` or `MalformedMessage`."""
    reader = _open(jws, Typ.OUTCOME, recipient)
    outcome = Outcome(*_subject(reader), reader.choice("outcome", OutcomeKind), _signed_at(reader))
    reader.done()
    return outcome


def sign_approval(value: Approval, key: SigningKey) -> str:
    """Sign an officer's approval with the member's signing key."""
    body: Json = {
        "task": value.task,
        "member": value.member,
        "notice": value.notice,
        "approve": value.approve,
        "named": value.named,
        "officer": value.officer,
        "signed_at": canonical.instant(value.signed_at),
    }
    return signing.sign(canonical.encode(body), Typ.APPROVAL, key)


def read_approval(jws: str, member: VerifyingKey) -> Approval:
    """Verify and read an approval; raise `Untrusted` or `MalformedMessage`."""
    reader = _open(jws, Typ.APPROVAL, member)
    approval = Approval(
        task=DisclosureId(reader.id("task", "dis")),
        member=MemberId(reader.id("member", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        approve=reader.boolean("approve"),
        officer=reader.text("officer", pattern=WORDS),
        signed_at=_signed_at(reader),
        named=reader.boolean("named"),
    )
    reader.done()
    return approval


def _sign_answer(
    value: Confirmation | Acknowledgement | Outcome, body: dict[str, Json], typ: Typ, key: SigningKey
) -> str:
    subject: dict[str, Json] = {
        "delivery": value.delivery,
        "manifest": value.manifest,
        "signed_at": canonical.instant(value.signed_at),
    }
    return signing.sign(canonical.encode(subject | body), typ, key)


def _open(jws: str, typ: Typ, key: VerifyingKey) -> Reader:
    return Reader(canonical.decode(signing.verify(jws, typ, key)), typ.value)


def _subject(reader: Reader) -> tuple[DisclosureId, Digest]:
    return DisclosureId(reader.id("delivery", "dis")), read_digest(reader, "manifest")


def _signed_at(reader: Reader) -> datetime:
    return reader.instant("signed_at")


def _read_part_digests(reader: Reader) -> dict[Part, Digest]:
    present = [part for part in Part if reader.has(part.value)]
    digests = {part: read_digest(reader, part.value) for part in present}
    reader.done()
    return digests
