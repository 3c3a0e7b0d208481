"""What a sender signs about its own notice afterwards: an assertion made anew, or a withdrawal.

An assertion says again what the hub cannot see (scope and flags), safe for the next 30 days; a
withdrawal says that the notice no longer stands. Both are acts, signed with the signing key, and
name the notice they are about. What follows from them is not decided here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Reader
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import NoticeId
from hub.protocols.notice import Assertion, assertion_json, read_assertion
from hub.protocols.signing import Typ

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
