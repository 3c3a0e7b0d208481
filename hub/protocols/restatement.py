"""What a sender signs about its own notice afterwards: assertion or tokens made anew, or a withdrawal.

An assertion says again what the hub cannot see (scope and flags), safe for the next 30 days; a
withdrawal says that the notice no longer stands; a renewal says which identifier tokens the notice
has in a later linkage epoch. All are acts, signed with the signing key, and name the notice they
are about. What follows from them is not decided here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import EpochId, NoticeId
from hub.protocols.notice import Assertion, assertion_json, digests_json, read_assertion, read_digests
from hub.protocols.signing import Typ
from hub.protocols.token_record import TokenDigests

REASON: Final = r"[a-z_]{1,40}"
"""A word of a list, never a sentence: a sentence could hold a name."""


@dataclass(frozen=True, slots=True)
class Restatement:
    """What the sender of a notice asserts anew."""

    notice: NoticeId
    assertion: Assertion


@dataclass(frozen=True, slots=True)
class Retraction:
    """The sender's signed word that its notice no longer stands."""

    notice: NoticeId
    reason: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Renewal:
    """The tokens of a notice, made anew under a later epoch's key: their digests, as a manifest has them."""

    notice: NoticeId
    epoch: EpochId
    tokens: TokenDigests
    signed_at: datetime


def sign_renewal(renewal: Renewal, key: SigningKey) -> str:
    """Sign the digests of tokens made anew with the sender's signing key."""
    word: Json = {
        "notice": renewal.notice,
        "epoch": renewal.epoch,
        "tokens": digests_json(renewal.tokens),
        "signed_at": canonical.instant(renewal.signed_at),
    }
    return signing.sign(canonical.encode(word), Typ.RENEWAL, key)


def read_renewal(jws: str, sender: VerifyingKey) -> Renewal:
    """Verify and read a renewal; raise `Untrusted` or `MalformedMessage`."""
    return _parse_renewal(signing.verify(jws, Typ.RENEWAL, sender))


def reread_renewal(jws: str) -> Renewal:
    """Read a renewal that was verified when it was kept, for the store alone; this verifies nothing."""
    return _parse_renewal(signing.kept_payload(jws))


def _parse_renewal(payload: bytes) -> Renewal:
    reader = Reader(canonical.decode(payload), "renewal")
    renewal = Renewal(
        notice=NoticeId(reader.id("notice", "ntc")),
        epoch=EpochId(reader.id("epoch", "ep")),
        tokens=read_digests(reader.object("tokens")),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    return renewal


def sign_restatement(restatement: Restatement, key: SigningKey) -> str:
    """Sign an assertion made anew with the sender's signing key."""
    assertion = assertion_json(restatement.assertion)
    return signing.sign(
        canonical.encode({"notice": restatement.notice, "assertion": assertion}), Typ.ASSERTION, key
    )


def read_restatement(jws: str, sender: VerifyingKey) -> Restatement:
    """Verify and read an assertion made anew; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.ASSERTION, sender)), "assertion")
    restatement = Restatement(
        notice=NoticeId(reader.id("notice", "ntc")), assertion=read_assertion(reader.object("assertion"))
    )
    reader.done()
    return restatement


def sign_retraction(retraction: Retraction, key: SigningKey) -> str:
    """Sign a withdrawal with the sender's signing key."""
    signed_at = canonical.instant(retraction.signed_at)
    return signing.sign(
        canonical.encode({"notice": retraction.notice, "reason": retraction.reason, "signed_at": signed_at}),
        Typ.WITHDRAWAL,
        key,
    )


def read_retraction(jws: str, sender: VerifyingKey) -> Retraction:
    """Verify and read a withdrawal; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.WITHDRAWAL, sender)), "withdrawal")
    retraction = Retraction(
        notice=NoticeId(reader.id("notice", "ntc")),
        reason=reader.text("reason", pattern=REASON),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    return retraction
