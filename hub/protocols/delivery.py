"""A delivery: what the one matched member receives, and how its gateway checks it.

A delivery carries the sender's manifest, the released parts, the key box made for this
recipient, the opening of the log entry that records the release, and the proof that this entry
is in the log. A recipient refuses a delivery whose proof does not hold: what is not logged cannot
be used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.protocols import canonical, entry
from hub.protocols.canonical import Json, Reader
from hub.protocols.checkpoint import Checkpoint
from hub.protocols.entry import Opening
from hub.protocols.errors import Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.limits import MANIFEST_BYTES
from hub.protocols.names import AgreementId, Digest, DisclosureId, MemberId, NoticeId, Part
from hub.protocols.notice import Manifest, manifest_digest, read_digest, read_manifest
from hub.protocols.proof import parse_proof, verify_proof
from hub.protocols.sealing import part_digest
from hub.protocols.signed_note import NoteKey


class Stage(StrEnum):
    """A release is staged: first who it is, then, after a signed `same`, everything else."""

    IDENTITY = "identity"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Ground:
    """The clause of an agreement, and its legal basis, on which something was told."""

    agreement: AgreementId
    version: int
    clause: str
    basis: str


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """One part as the log records its release: its ciphertext and the clause that permits it."""

    part: Part
    cipher_digest: Digest
    ground: Ground


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """The log's record of one release: from whom, to whom, what, under which clauses."""

    delivery: DisclosureId
    stage: Stage
    notice: NoticeId
    manifest: Digest
    sender: MemberId
    recipient: MemberId
    fact: Ground | None
    """On what ground the recipient learns that there is a match; None where the sender named it."""
    parts: tuple[ReleasedPart, ...]
    rules: str
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it travels; nothing in it is believed before `check_delivery`."""

    manifest: str
    parts: Mapping[Part, str]
    box: str
    opening: Opening
    proof: str


@dataclass(frozen=True, slots=True)
class CheckedDelivery:
    """A delivery whose entry is in the log and whose parts are what its sender signed."""

    record: ReleaseRecord
    manifest: Manifest
    parts: Mapping[Part, str]
    box: str
    log_index: int
    checkpoint: Checkpoint


def ground_json(ground: Ground) -> Json:
    """A ground as records carry it."""
    return {
        "agreement": ground.agreement,
        "version": ground.version,
        "clause": ground.clause,
        "basis": ground.basis,
    }


def release_json(record: ReleaseRecord) -> Json:
    """A release as the record that the log commits to."""
    return {
        "kind": "release",
        "delivery": record.delivery,
        "stage": record.stage.value,
        "notice": record.notice,
        "manifest": record.manifest,
        "sender": record.sender,
        "recipient": record.recipient,
        "fact": None if record.fact is None else ground_json(record.fact),
        "parts": [
            {"part": part.part.value, "cipher": part.cipher_digest, "ground": ground_json(part.ground)}
            for part in record.parts
        ],
        "rules": record.rules,
        "at": canonical.instant(record.released_at),
    }


def read_release(value: Json) -> ReleaseRecord:
    """Read a release record; raise `MalformedMessage` where it is another kind of record."""
    reader = Reader(value, "release record")
    reader.text("kind", pattern="release")
    record = ReleaseRecord(
        delivery=DisclosureId(reader.id("delivery", "dis")),
        stage=reader.choice("stage", Stage),
        notice=NoticeId(reader.id("notice", "ntc")),
        manifest=read_digest(reader, "manifest"),
        sender=MemberId(reader.id("sender", "mbr")),
        recipient=MemberId(reader.id("recipient", "mbr")),
        fact=_read_fact(reader.nullable_object("fact")),
        parts=tuple(_read_released_part(part) for part in reader.objects("parts")),
        rules=reader.text("rules", max=40),
        released_at=reader.instant("at"),
    )
    reader.done()
    return record


def _read_released_part(reader: Reader) -> ReleasedPart:
    part = ReleasedPart(
        part=reader.choice("part", Part),
        cipher_digest=read_digest(reader, "cipher"),
        ground=read_ground(reader.object("ground")),
    )
    reader.done()
    return part


def _read_fact(reader: Reader | None) -> Ground | None:
    return None if reader is None else read_ground(reader)


def read_ground(reader: Reader) -> Ground:
    """Read what `ground_json` writes."""
    ground = Ground(
        agreement=AgreementId(reader.id("agreement", "agr")),
        version=reader.integer("version"),
        clause=reader.text("clause", max=40),
        basis=reader.text("basis", max=120),
    )
    reader.done()
    return ground


def write_delivery(delivery: Delivery) -> bytes:
    """The bytes a recipient fetches."""
    return canonical.encode(
        {
            "manifest": delivery.manifest,
            "parts": {part.value: jwe for part, jwe in delivery.parts.items()},
            "box": delivery.box,
            "opening": {"record": delivery.opening.record, "salt": canonical.b64u(delivery.opening.salt)},
            "proof": delivery.proof,
        }
    )


def read_delivery(data: bytes) -> Delivery:
    """Read a delivery's bytes; raise `MalformedMessage` where the form is not exactly right."""
    reader = Reader(canonical.decode(data), "delivery")
    parts = reader.object("parts")
    delivery = Delivery(
        manifest=reader.text("manifest", max=MANIFEST_BYTES),
        parts={part: parts.text(part.value, max=4096) for part in Part if parts.has(part.value)},
        box=reader.text("box", max=8192),
        opening=read_opening(reader.object("opening")),
        proof=reader.text("proof", max=16_384),
    )
    parts.done()
    reader.done()
    return delivery


def read_opening(reader: Reader) -> Opening:
    """Read the opening of a log entry."""
    opening = Opening(reader.value("record"), reader.binary("salt", 32))
    reader.done()
    return opening


def check_delivery(
    delivery: Delivery, recipient: MemberId, sender_key: VerifyingKey, log: NoteKey
) -> CheckedDelivery:
    """Verify a delivery before anything in it is opened.

    1. the entry is in the log, under a checkpoint that the log signed
    2. the entry records a release to this recipient
    3. the manifest is the one the entry names, signed by its sender
    4. the parts handed over are exactly those the entry lists and the manifest digests

    Raises `Untrusted` or `MalformedMessage`. Opening the box and the parts is the caller's step.
    """
    # 1
    leaf = entry.commit(delivery.opening.record, delivery.opening.salt)
    proof = parse_proof(delivery.proof)
    checkpoint = verify_proof(proof, leaf, log)
    # 2
    record = read_release(delivery.opening.record)
    if record.recipient != recipient:
        raise Untrusted("delivery-other-recipient", "the log records this release to another member")
    # 3
    if manifest_digest(delivery.manifest) != record.manifest:
        raise Untrusted("delivery-other-notice", "the log records the release of another notice")
    manifest = read_manifest(delivery.manifest, sender_key)
    if (manifest.notice, manifest.sender) != (record.notice, record.sender):
        raise Untrusted("delivery-other-sender", "the log names another notice or sender than the manifest")
    # 4
    listed = {part.part: part.cipher_digest for part in record.parts}
    if listed != {part: part_digest(jwe) for part, jwe in delivery.parts.items()}:
        raise Untrusted("delivery-other-parts", "the parts handed over are not those that the log records")
    if any(manifest.entry(part).cipher_digest != digest for part, digest in listed.items()):
        raise Untrusted("part-digest", "a sealed part is not the one that its sender signed")
    return CheckedDelivery(record, manifest, delivery.parts, delivery.box, proof.index, checkpoint)
