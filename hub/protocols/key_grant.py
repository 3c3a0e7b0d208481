"""Key request and key grant: how a box comes to exist when the recipient was not known before.

Until a match nobody but the sender can open anything. The hub then *asks* the sender for a key:
that tells the sender that its notice matches, so it is itself a release, with its own permit and
log entry. The request carries the counter-notice's signed manifest and its `name_birth` and
`evidence` tokens, so that the sender's gateway can check the signature, run the match and the
decision again with its own copy of the agreements, and need not believe the hub. The answer is a
signed grant that names both notices, the recipient's key and the box, or a signed no with reasons.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import MANIFEST_BYTES
from hub.protocols.names import Digest, EpochId, KeyId, MemberId, NoticeId, RequestId, parse_id
from hub.protocols.notice import WORDS, read_digest
from hub.protocols.signing import Typ
from hub.protocols.token_record import TokenDigests, TokenRecord

REASON: Final = r"R-[A-Z]{3,20}"
"""A reason code. Words of any other kind have no place in a grant: it is entered into the log."""

MOST_REASONS: Final = 32


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The hub asks `sender` for a box over `notice`, to be opened by `recipient`."""

    request: RequestId
    sender: MemberId
    notice: NoticeId
    manifest: Digest
    counter_manifest: str
    counter_tokens: Json
    recipient: MemberId
    recipient_key: KeyId
    approved_by: tuple[MemberId, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """The sender's answer: a box for that recipient, or reasons why there will be none.

    `box` is the digest of the box, or None where `refused` says why; `officer` names the person
    who decided, or None where the gateway answered by itself.
    """

    request: RequestId
    manifest: Digest
    counter_manifest: Digest
    recipient: MemberId
    recipient_key: KeyId
    box: Digest | None
    refused: tuple[str, ...]
    officer: str | None
    granted_at: datetime


def sign_request(request: KeyRequest, key: SigningKey) -> str:
    """Sign a key request with the hub's key."""
    return signing.sign(
        canonical.encode(
            {
                "request": request.request,
                "sender": request.sender,
                "notice": request.notice,
                "manifest": request.manifest,
                "counter_manifest": request.counter_manifest,
                "counter_tokens": request.counter_tokens,
                "recipient": request.recipient,
                "recipient_key": request.recipient_key,
                "approved_by": list(request.approved_by),
                "asked_at": canonical.instant(request.asked_at),
            }
        ),
        Typ.KEY_REQUEST,
        key,
    )


def read_request(jws: str, hub: VerifyingKey) -> KeyRequest:
    """Verify and read a key request; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.KEY_REQUEST, hub)), "key request")
    request = KeyRequest(
        request=RequestId(reader.id("request", "req")),
        sender=MemberId(reader.id("sender", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        manifest=read_digest(reader, "manifest"),
        counter_manifest=reader.text("counter_manifest", max=MANIFEST_BYTES),
        counter_tokens=reader.value("counter_tokens"),
        recipient=MemberId(reader.id("recipient", "mbr")),
        recipient_key=KeyId(read_digest(reader, "recipient_key")),
        approved_by=tuple(MemberId(parse_id(member, "mbr")) for member in reader.items("approved_by", 2)),
        asked_at=reader.instant("asked_at"),
    )
    reader.done()
    return request


def counter_tokens(tokens: TokenRecord, renewed: str | None = None) -> Json:
    """The two groups of a record that a key request may carry: never the group `other`.

    `renewed` is what the sender signed where it made them anew for a later epoch than the manifest's.
    """
    groups: dict[str, Json] = {
        "epoch": tokens.epoch,
        "name_birth": canonical.b64u(tokens.name_birth),
        "evidence": canonical.b64u(tokens.evidence),
    }
    return groups if renewed is None else {**groups, "renewed": renewed}


def renewal_of(value: Json) -> str | None:
    """What the sender signed of these tokens besides the manifest, not verified; None for the first ones."""
    reader = Reader(value, "counter tokens")
    return reader.text("renewed", max=MANIFEST_BYTES) if reader.has("renewed") else None


def read_counter_tokens(value: Json, signed: TokenDigests) -> TokenRecord:
    """Read a counter-notice's tokens and hold them to the digests its sender signed."""
    reader = Reader(value, "counter tokens")
    if reader.has("renewed"):
        reader.text("renewed", max=MANIFEST_BYTES)
    record = TokenRecord.without_other(
        epoch=EpochId(reader.id("epoch", "ep")),
        name_birth=canonical.unb64u(reader.text("name_birth", max=65_536)),
        evidence=canonical.unb64u(reader.text("evidence", max=65_536)),
    )
    reader.done()
    digests = record.digests
    if (digests.name_birth, digests.evidence) != (signed.name_birth, signed.evidence):
        raise Untrusted("token-digest", "the counter-notice's tokens are not those that its sender signed")
    return record


def sign_grant(grant: KeyGrant, key: SigningKey) -> str:
    """Sign a grant, or a refusal to grant, with the sender's signing key."""
    return signing.sign(
        canonical.encode(
            {
                "request": grant.request,
                "manifest": grant.manifest,
                "counter_manifest": grant.counter_manifest,
                "recipient": grant.recipient,
                "recipient_key": grant.recipient_key,
                "box": grant.box,
                "refused": list(grant.refused),
                "officer": grant.officer,
                "granted_at": canonical.instant(grant.granted_at),
            }
        ),
        Typ.KEY_GRANT,
        key,
    )


def read_grant(jws: str, sender: VerifyingKey) -> KeyGrant:
    """Verify and read a grant; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.KEY_GRANT, sender)), "key grant")
    box = reader.nullable_text("box", max=43)
    grant = KeyGrant(
        request=RequestId(reader.id("request", "req")),
        manifest=read_digest(reader, "manifest"),
        counter_manifest=read_digest(reader, "counter_manifest"),
        recipient=MemberId(reader.id("recipient", "mbr")),
        recipient_key=KeyId(read_digest(reader, "recipient_key")),
        box=None if box is None else Digest(canonical.b64u(canonical.unb64u(box, 32))),
        refused=read_reasons(reader),
        officer=reader.nullable_text("officer", pattern=WORDS),
        granted_at=reader.instant("granted_at"),
    )
    reader.done()
    if (grant.box is None) == (not grant.refused):
        raise MalformedMessage("grant-unclear", "a grant has a box, or reasons why there is none")
    return grant


def read_reasons(reader: Reader) -> tuple[str, ...]:
    """Read the reason codes of a no: none of them twice, none where it is a yes."""
    reasons = reader.list_of_text("refused", pattern=REASON)
    if len(set(reasons)) != len(reasons) or len(reasons) > MOST_REASONS:
        raise MalformedMessage("grant-reasons", f"at most {MOST_REASONS} reasons, none of them twice")
    return tuple(reasons)


def check_grant(grant: KeyGrant, request: KeyRequest, box: str | None) -> None:
    """Hold a grant to the request it answers; raise `Untrusted` where it answers another."""
    asked = (request.request, request.manifest, request.recipient, request.recipient_key)
    if (grant.request, grant.manifest, grant.recipient, grant.recipient_key) != asked:
        raise Untrusted("grant-other-request", "this grant answers another key request")
    if grant.counter_manifest != canonical.digest(request.counter_manifest.encode()):
        raise Untrusted("grant-other-notice", "this grant names another counter-notice")
    if grant.box != (None if box is None else canonical.digest(box.encode())):
        raise Untrusted("grant-other-box", "the key box is not the one that the grant names")
