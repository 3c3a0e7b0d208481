"""A notice: the signed manifest, the identifier tokens and the ten sealed parts it speaks of.

The manifest is one compact JWS by the sender. It names, for each part, the SHA-256 of the
ciphertext and a salted SHA-256 of the plaintext, and one digest for each group of identifier
tokens. Who is given only some of the parts can therefore verify all that it got and see what it
was not given; and a sender cannot show two recipients different facts from one ciphertext.

Nothing here opens a part, reads a token or decides anything. Flags and scope are carried as
the sender's word; what they mean is `hub.consent`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import MANIFEST_BYTES, NOTICE_AGE, NOTICE_BYTES
from hub.protocols.names import Digest, EpochId, KeyId, MemberId, NoticeId, NoticeType, Part
from hub.protocols.notice_types import TYPES, Place
from hub.protocols.sealing import SealedPart, check_box_form, check_part_form, part_digest
from hub.protocols.signing import Typ
from hub.protocols.suites import suite
from hub.protocols.token_record import TokenDigests, TokenRecord

FORM: Final = 1
"""Version of the manifest's form. A new field is a new form; readers refuse forms they do not know."""


class Source(StrEnum):
    """Who the facts of a notice come from."""

    SELF = "self"
    PARENT = "parent"
    SCHOOL = "school"
    COLLEGE = "college"
    OFFICER = "officer"
    DWP = "dwp"


class Confidence(StrEnum):
    """How sure the sender is that the event took place."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Contact:
    """The team to ring about a notice; never a young person's own contact."""

    team: str
    telephone: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """What the hub cannot see and takes on the sender's signature, safe for the next 30 days.

    `scope` is the young person's age and status group, `flags` the flags derived from their and
    their parents' instructions: JSON as `hub.consent.flags` writes it. No date that follows from
    a birthday is ever part of it.
    """

    scope: str
    flags: Json
    asserted_at: datetime


@dataclass(frozen=True, slots=True)
class PartEntry:
    """What the manifest says of one sealed part."""

    part: Part
    cipher_digest: Digest
    plain_digest: Digest


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts about a notice that the hub may see."""

    notice: NoticeId
    type: NoticeType
    sender: MemberId
    acts_for: MemberId | None
    recipient: MemberId | None
    purpose: str
    suite: str
    issued_at: datetime
    expires_at: datetime
    event_on: date
    ascertained_on: date
    source: Source
    confidence: Confidence
    contact: Contact
    officer: str
    refers_to: NoticeId | None
    assertion: Assertion
    epoch: EpochId
    tokens: TokenDigests
    parts: tuple[PartEntry, ...]

    def entry(self, part: Part) -> PartEntry:
        """What the manifest says of `part`."""
        return self.parts[_PART_ORDER[part]]


@dataclass(frozen=True, slots=True)
class Box:
    """A key box made for one member."""

    recipient: MemberId
    jwe: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a gateway publishes, read but not yet verified."""

    manifest: str
    tokens: TokenRecord
    parts: Mapping[Part, str]
    box: Box | None


@dataclass(frozen=True, slots=True)
class SignedNotice:
    """A notice whose signature, digests and forms hold."""

    manifest: Manifest
    jws: str
    digest: Digest
    signed_by: KeyId
    tokens: TokenRecord
    parts: Mapping[Part, str]
    box: Box | None


_PART_ORDER: Final = {part: place for place, part in enumerate(Part)}
WORDS: Final = r"[^\x00-\x1f\x7f]{1,120}"
"""The name of a team, an officer, a mailbox: one line, short."""

_CODE: Final = r"[a-z0-9][a-z0-9_:().-]{1,60}"


def sign_manifest(manifest: Manifest, key: SigningKey) -> str:
    """Sign a manifest with its sender's signing key."""
    return signing.sign(canonical.encode(manifest_json(manifest)), Typ.NOTICE, key)


def write_envelope(envelope: Envelope) -> bytes:
    """The bytes a gateway publishes."""
    box = envelope.box
    return canonical.encode(
        {
            "manifest": envelope.manifest,
            "tokens": envelope.tokens.to_json(),
            "parts": {part.value: jwe for part, jwe in envelope.parts.items()},
            "box": None if box is None else {"recipient": box.recipient, "jwe": box.jwe},
        }
    )


def read_envelope(data: bytes) -> Envelope:
    """Read published bytes; raise `MalformedMessage` where the form is not exactly right."""
    if len(data) > NOTICE_BYTES:
        raise MalformedMessage("notice-too-large", f"a notice has at most {NOTICE_BYTES} bytes")
    reader = Reader(canonical.decode(data), "notice")
    manifest = reader.text("manifest", max=MANIFEST_BYTES)
    tokens = TokenRecord.from_json(reader.value("tokens"))
    parts = _read_parts(reader.object("parts"))
    box = _read_box(reader.nullable_object("box"))
    reader.done()
    return Envelope(manifest, tokens, parts, box)


def _read_parts(reader: Reader) -> dict[Part, str]:
    parts = {part: reader.text(part.value, max=4096) for part in Part}
    reader.done()
    return parts


def _read_box(reader: Reader | None) -> Box | None:
    if reader is None:
        return None
    box = Box(MemberId(reader.id("recipient", "mbr")), reader.text("jwe", max=8192))
    reader.done()
    return box


def read_manifest(jws: str, key: VerifyingKey) -> Manifest:
    """Verify a manifest's signature and read it; raise `Untrusted` or `MalformedMessage`."""
    return _parse_manifest(canonical.decode(signing.verify(jws, Typ.NOTICE, key)))


def verify_notice(envelope: Envelope, key: VerifyingKey) -> SignedNotice:
    """Check that an envelope is what its sender signed: signature, digests, sizes and suite.

    Raises `Untrusted` where the signature or a digest does not hold, `MalformedMessage` where a
    sealed part or the key box does not have the form of its suite.
    """
    manifest = read_manifest(envelope.manifest, key)
    if envelope.tokens.digests != manifest.tokens or envelope.tokens.epoch != manifest.epoch:
        raise Untrusted("token-digest", "the identifier tokens are not those that were signed")
    for entry in manifest.parts:
        jwe = envelope.parts[entry.part]
        check_part_form(entry.part, jwe)
        if part_digest(jwe) != entry.cipher_digest:
            raise Untrusted("part-digest", f"the sealed part {entry.part} is not the one that was signed")
    _check_box(envelope.box, manifest)
    return SignedNotice(
        manifest=manifest,
        jws=envelope.manifest,
        digest=manifest_digest(envelope.manifest),
        signed_by=key.key_id,
        tokens=envelope.tokens,
        parts=envelope.parts,
        box=envelope.box,
    )


def _check_box(box: Box | None, manifest: Manifest) -> None:
    if (box.recipient if box else None) != manifest.recipient:
        raise MalformedMessage("box-recipient", "a key box goes with a named recipient, and with none other")
    if box is not None:
        check_box_form(box.jwe, suite(manifest.suite))


def manifest_digest(jws: str) -> Digest:
    """The digest by which every later document names a notice: SHA-256 of its manifest's JWS."""
    return canonical.digest(jws.encode())


def part_entries(sealed: Mapping[Part, SealedPart]) -> tuple[PartEntry, ...]:
    """The manifest's list of parts, in the order of `Part`."""
    return tuple(PartEntry(part, sealed[part].cipher_digest, sealed[part].plain_digest) for part in Part)


def manifest_json(manifest: Manifest) -> Json:
    """A manifest as the JSON that is signed."""
    return {
        "form": FORM,
        "notice": manifest.notice,
        "type": manifest.type.value,
        "sender": manifest.sender,
        "acts_for": manifest.acts_for,
        "recipient": manifest.recipient,
        "purpose": manifest.purpose,
        "suite": manifest.suite,
        "issued_at": canonical.instant(manifest.issued_at),
        "expires_at": canonical.instant(manifest.expires_at),
        "event_on": manifest.event_on.isoformat(),
        "ascertained_on": manifest.ascertained_on.isoformat(),
        "source": manifest.source.value,
        "confidence": manifest.confidence.value,
        "contact": {
            "team": manifest.contact.team,
            "telephone": manifest.contact.telephone,
            "mailbox": manifest.contact.mailbox,
        },
        "officer": manifest.officer,
        "refers_to": manifest.refers_to,
        "assertion": assertion_json(manifest.assertion),
        "epoch": manifest.epoch,
        "tokens": digests_json(manifest.tokens),
        "parts": [
            {"part": entry.part.value, "cipher": entry.cipher_digest, "plain": entry.plain_digest}
            for entry in manifest.parts
        ],
    }


def digests_json(tokens: TokenDigests) -> Json:
    """The digests of the three groups of identifier tokens as JSON."""
    return {"name_birth": tokens.name_birth, "evidence": tokens.evidence, "other": tokens.other}


def assertion_json(assertion: Assertion) -> Json:
    """An assertion as JSON."""
    return {
        "scope": assertion.scope,
        "flags": assertion.flags,
        "asserted_at": canonical.instant(assertion.asserted_at),
    }


def read_assertion(reader: Reader) -> Assertion:
    """Read an assertion; what its scope and flags mean is not judged here."""
    assertion = Assertion(
        scope=reader.text("scope", pattern=_CODE),
        flags=reader.value("flags"),
        asserted_at=reader.instant("asserted_at"),
    )
    reader.done()
    return assertion


def reread_manifest(jws: str) -> Manifest:
    """Read a manifest that was verified when it was kept; this verifies nothing.

    For the store alone, which has its rows from nobody else. Raises `MalformedMessage`.
    """
    return _parse_manifest(canonical.decode(signing.kept_payload(jws)))


def _parse_manifest(value: Json) -> Manifest:
    reader = Reader(value, "manifest")
    if reader.integer("form") != FORM:
        raise MalformedMessage("form-unknown", f"this hub reads manifests of form {FORM}")
    manifest = Manifest(
        notice=NoticeId(reader.id("notice", "ntc")),
        type=reader.choice("type", NoticeType),
        sender=MemberId(reader.id("sender", "mbr")),
        acts_for=_optional_member(reader, "acts_for"),
        recipient=_optional_member(reader, "recipient"),
        purpose=reader.text("purpose", pattern=_CODE),
        suite=suite(reader.text("suite", max=40)).id,
        issued_at=reader.instant("issued_at"),
        expires_at=reader.instant("expires_at"),
        event_on=reader.day("event_on"),
        ascertained_on=reader.day("ascertained_on"),
        source=reader.choice("source", Source),
        confidence=reader.choice("confidence", Confidence),
        contact=_read_contact(reader.object("contact")),
        officer=reader.text("officer", pattern=WORDS),
        refers_to=_optional_notice(reader),
        assertion=read_assertion(reader.object("assertion")),
        epoch=EpochId(reader.id("epoch", "ep")),
        tokens=read_digests(reader.object("tokens")),
        parts=_read_part_entries(reader.objects("parts")),
    )
    reader.done()
    _check_sense(manifest)
    return manifest


def _check_sense(manifest: Manifest) -> None:
    if (manifest.refers_to is not None) != (TYPES[manifest.type].place is Place.POINTS_BACK):
        raise MalformedMessage(
            "refers-to", "corrections, withdrawals and recalls name an earlier notice; no other type does"
        )
    if TYPES[manifest.type].place is Place.DIRECTED and manifest.recipient is None:
        raise MalformedMessage("recipient-missing", "this type of notice names its recipient")
    if not manifest.issued_at < manifest.expires_at <= manifest.issued_at + NOTICE_AGE:
        raise MalformedMessage("expiry", f"a notice ends after it begins and within {NOTICE_AGE.days} days")


def _optional_member(reader: Reader, name: str) -> MemberId | None:
    text = reader.nullable_id(name, "mbr")
    return None if text is None else MemberId(text)


def _optional_notice(reader: Reader) -> NoticeId | None:
    text = reader.nullable_id("refers_to", "ntc")
    return None if text is None else NoticeId(text)


def _read_contact(reader: Reader) -> Contact:
    contact = Contact(*(reader.text(name, pattern=WORDS) for name in ("team", "telephone", "mailbox")))
    reader.done()
    return contact


def read_digests(reader: Reader) -> TokenDigests:
    """Read what `digests_json` writes."""
    digests = TokenDigests(*(read_digest(reader, name) for name in ("name_birth", "evidence", "other")))
    reader.done()
    return digests


def read_digest(reader: Reader, name: str) -> Digest:
    """Read a SHA-256 digest in base64url."""
    return reader.digest(name)


def _read_part_entries(readers: list[Reader]) -> tuple[PartEntry, ...]:
    entries = tuple(_read_part_entry(reader) for reader in readers)
    if tuple(entry.part for entry in entries) != tuple(Part):
        raise MalformedMessage("parts-incomplete", "a manifest lists all ten parts, in their order")
    return entries


def _read_part_entry(reader: Reader) -> PartEntry:
    entry = PartEntry(
        reader.choice("part", Part), read_digest(reader, "cipher"), read_digest(reader, "plain")
    )
    reader.done()
    return entry
