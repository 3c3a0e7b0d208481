"""A dispute about a release: one thread between two members, every message signed, its words sealed.

Decides the bytes of a message and of the words in it. A message says to the hub who writes to whom,
about which release of which notice, and whether it opens, answers or closes; it names the message
that it follows, so that neither side nor the hub can leave one out. What is said lies beside it in a
JWE of one size, sealed to the other party, and the message names its digest. Who may write, and what
follows, is decided in `hub.exchange.dispute`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.jwe import open_jwe, read_jwe, seal_jwe
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import DISPUTE_TEXT_BYTES, DISPUTE_TEXT_CHARS
from hub.protocols.names import Digest, DisputeId, KeyId, MemberId, NoticeId
from hub.protocols.notice import WORDS
from hub.protocols.sealing_keys import SealingKey, SealingPublicKey
from hub.protocols.signing import Typ
from hub.protocols.suites import suite_of_alg

_TEXT: Final = rf"[^\x00-\x09\x0b-\x1f\x7f]{{1,{DISPUTE_TEXT_CHARS}}}"
"""Words of people: lines, without any other control character."""


class Act(StrEnum):
    """What a message does to its thread."""

    OPEN = "open"
    ANSWER = "answer"
    CLOSE = "close"


class Grievance(StrEnum):
    """What is contested about a release."""

    WITHHELD = "withheld"
    """A part did not come, or came too late, although the agreement allows it."""
    WRONGLY_USED = "wrongly_used"
    """What came was used, kept or passed on in a way that the agreement does not allow."""


class Result(StrEnum):
    """How a dispute ended; signed by the party that it goes against."""

    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DisputeMessage:
    """One signed message of a thread."""

    dispute: DisputeId
    act: Act
    entry: int
    """Place in the log of the release that is contested; both parties can open that entry."""
    notice: NoticeId
    sender: MemberId
    recipient: MemberId
    grievance: Grievance
    result: Result | None
    """Where the message closes the thread; None otherwise."""
    follows: Digest | None
    """Of the message before it, as it was signed; None where the message opens the thread."""
    text: Digest
    """Of the sealed words that go with it."""
    officer: str
    signed_at: datetime

    def __post_init__(self) -> None:
        """Raise `MalformedMessage` where act, result and place in the thread do not fit together."""
        if (self.act is Act.CLOSE) is (self.result is None):
            raise MalformedMessage("dispute-form", "a result closes a dispute, and nothing else does")
        if (self.act is Act.OPEN) is not (self.follows is None):
            raise MalformedMessage("dispute-form", "every message but the first follows another")
        if self.sender == self.recipient:
            raise MalformedMessage("dispute-form", "nobody has a dispute with itself")


def sign_message(message: DisputeMessage, key: SigningKey) -> str:
    """Sign a message with the member's signing key."""
    body: Json = {
        "dispute": message.dispute,
        "act": message.act.value,
        "entry": message.entry,
        "notice": message.notice,
        "from": message.sender,
        "to": message.recipient,
        "grievance": message.grievance.value,
        "result": None if message.result is None else message.result.value,
        "follows": message.follows,
        "text": message.text,
        "officer": message.officer,
        "signed_at": canonical.instant(message.signed_at),
    }
    return signing.sign(canonical.encode(body), Typ.DISPUTE, key)


def read_message(jws: str, sender: VerifyingKey) -> DisputeMessage:
    """Verify and read a message; raise `Untrusted` or `MalformedMessage`."""
    return _read(signing.verify(jws, Typ.DISPUTE, sender))


def reread_message(jws: str) -> DisputeMessage:
    """Read a message that was verified when it was kept; for a store alone. Raises `MalformedMessage`."""
    return _read(signing.kept_payload(jws))


def digest_of(jws: str) -> Digest:
    """Digest by which the next message of the thread names this one."""
    return canonical.digest(jws.encode())


def seal_text(
    text: str,
    dispute: DisputeId,
    recipient: SealingPublicKey,
    randomness: Callable[[int], bytes] = os.urandom,
) -> str:
    """Seal the words of a message to the other party, in one size whatever they are.

    Raises `MalformedMessage` where they are empty, too long or no plain lines.
    """
    plaintext = canonical.encode({"dispute": dispute, "text": text})
    _read_text(plaintext)
    if len(plaintext) > DISPUTE_TEXT_BYTES:
        raise MalformedMessage("dispute-long", f"words are sealed in {DISPUTE_TEXT_BYTES} bytes; be shorter")
    padded = plaintext.ljust(DISPUTE_TEXT_BYTES, b" ")
    return seal_jwe(padded, recipient.suite.jose_alg, recipient.key_id, recipient.library, randomness)


def open_text(sealed: str, dispute: DisputeId, key: SealingKey) -> str:
    """Return the words that were sealed for this thread and this key.

    Raises `MalformedMessage` for a wrong form; `Untrusted` for another key or thread, or where a
    byte was changed.
    """
    if text_key_id(sealed) != key.key_id:
        raise Untrusted("key-unexpected", "the words are sealed to another key")
    said, text = _read_text(open_jwe(read_jwe(sealed), key.library).rstrip(b" "))
    if said != dispute:
        raise Untrusted("dispute-other", "the words were sealed for another dispute")
    return text


def text_key_id(sealed: str) -> KeyId:
    """Return the id of the key that words are sealed to; raise a typed error for a wrong form."""
    jwe = read_jwe(sealed)
    if jwe.enc != suite_of_alg(jwe.alg).enc or len(jwe.ciphertext) != DISPUTE_TEXT_BYTES:
        raise MalformedMessage("dispute-text", "sealed words have one size and a suite of the registry")
    return jwe.key_id


def _read(payload: bytes) -> DisputeMessage:
    reader = Reader(canonical.decode(payload), Typ.DISPUTE.value)
    result, follows = reader.nullable_text("result"), reader.nullable_text("follows")
    message = DisputeMessage(
        dispute=DisputeId(reader.id("dispute", "dsp")),
        act=reader.choice("act", Act),
        entry=reader.integer("entry"),
        notice=NoticeId(reader.id("notice", "ntc")),
        sender=MemberId(reader.id("from", "mbr")),
        recipient=MemberId(reader.id("to", "mbr")),
        grievance=reader.choice("grievance", Grievance),
        result=None if result is None else reader.choice("result", Result),
        follows=None if follows is None else reader.digest("follows"),
        text=reader.digest("text"),
        officer=reader.text("officer", pattern=WORDS),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    return message


def _read_text(plaintext: bytes) -> tuple[DisputeId, str]:
    reader = Reader(canonical.decode_canonical(plaintext), "words")
    found = DisputeId(reader.id("dispute", "dsp")), reader.text("text", _TEXT, DISPUTE_TEXT_CHARS)
    reader.done()
    return found
