"""The hub's signed word, given only after the commit, that a notice will be in its log."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocols import canonical, signing
from hub.protocols.canonical import Reader
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import Digest, NoticeId
from hub.protocols.notice import read_digest
from hub.protocols.signing import Typ


@dataclass(frozen=True, slots=True)
class Promise:
    """This manifest was kept at `kept_at` and will be in the log not later than `in_log_by`."""

    notice: NoticeId
    manifest: Digest
    kept_at: datetime
    in_log_by: datetime


def sign_promise(promise: Promise, key: SigningKey) -> str:
    """Sign a promise with the hub's key."""
    return signing.sign(
        canonical.encode(
            {
                "notice": promise.notice,
                "manifest": promise.manifest,
                "kept_at": canonical.instant(promise.kept_at),
                "in_log_by": canonical.instant(promise.in_log_by),
            }
        ),
        Typ.PROMISE,
        key,
    )


def read_promise(jws: str, hub: VerifyingKey) -> Promise:
    """Verify and read a promise; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.PROMISE, hub)), "promise")
    promise = Promise(
        notice=NoticeId(reader.id("notice", "ntc")),
        manifest=read_digest(reader, "manifest"),
        kept_at=reader.instant("kept_at"),
        in_log_by=reader.instant("in_log_by"),
    )
    reader.done()
    return promise
