"""A delivery: logged, for this recipient, of what its sender signed, or it is not opened."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub.protocols.canonical import Json, decode, digest, encode, unb64u
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.delivery import (
    CheckedDelivery,
    Delivery,
    ReleasedPart,
    ReleaseRecord,
    Stage,
    check_delivery,
    read_delivery,
    read_release,
    release_json,
    write_delivery,
)
from hub.protocols.entry import Opening
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.keys import SealingKey, SigningKey, VerifyingKey
from hub.protocols.merkle import Frontier, leaf_hash
from hub.protocols.names import Digest, MemberId, NoticeId, Part
from hub.protocols.proof import LogProof, encode_proof
from hub.protocols.sealing import open_box, open_part
from hub.protocols.signed_note import NoteKey, NoteKind
from hub.protocols.suites import CLASSICAL
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_bytes_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/delivery.json").read_text(encoding="utf-8")
)
DATA = unb64u(VECTOR["delivery"])
KENT = generate.kent_key().public
LOG = NoteKey(generate.ORIGIN, NoteKind.LOG, generate.hub_key().public)
RECIPIENT = SealingKey.from_seed(CLASSICAL.id, unb64u(VECTOR["recipient"]["seed"]))
RELEASE = generate.release()
DELIVERED = generate.delivered(VECTOR["box"])


def checked(delivery: Delivery, member: MemberId = generate.MEDWAY, log: NoteKey = LOG) -> CheckedDelivery:
    """What a recipient does before it opens anything."""
    return check_delivery(delivery, member, KENT, log)


def logged(record: ReleaseRecord | Json, **changes: Any) -> Delivery:  # noqa: ANN401 - fields of a delivery
    """A delivery whose entry says this, truly in the log."""
    value = release_json(record) if isinstance(record, ReleaseRecord) else record
    opening = Opening(value, generate.seed("salt"))
    frontier, _ = Frontier().append(leaf_hash(sha256(opening.encode()).digest()))
    note = sign_checkpoint(
        Checkpoint(generate.ORIGIN, 1, frontier.root()), generate.hub_key(), generate.ORIGIN
    )
    return replace(DELIVERED, opening=opening, proof=encode_proof(LogProof(0, (), note)), **changes)


def test_the_published_delivery_checks_and_opens() -> None:
    """A stranger verifies log, recipient, sender and parts with the published keys, then opens it."""
    log = NoteKey(VECTOR["log"], NoteKind.LOG, VerifyingKey.from_jwk(VECTOR["hub"]["jwk"]))
    sender = VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])
    found = check_delivery(read_delivery(DATA), VECTOR["member"], sender, log)
    assert release_json(found.record) == VECTOR["record"]
    keys = open_box(found.box, found.manifest.notice, RECIPIENT)
    plain = found.manifest.entry(Part.IDENTITY).plain_digest
    assert (
        open_part(Part.IDENTITY, found.parts[Part.IDENTITY], keys[Part.IDENTITY], plain) == VECTOR["identity"]
    )
    assert write_delivery(DELIVERED) == DATA


def test_a_checked_delivery_says_where_it_is_logged() -> None:
    """Index and checkpoint are what an acknowledgement will name."""
    found = checked(DELIVERED)
    assert (found.log_index, found.checkpoint.size, found.record) == (0, 1, RELEASE)
    assert found.manifest == generate.manifest()


def test_a_record_reads_back() -> None:
    """With a ground for the fact of the match, or with none where the sender named its recipient."""
    for record in (RELEASE, replace(RELEASE, fact=None, stage=Stage.REST, parts=())):
        assert read_release(release_json(record)) == record


def test_every_cut_and_every_changed_byte_is_refused() -> None:
    """I3: nothing of a delivery can be changed after it was logged; the box fails when it is opened."""

    def read(data: bytes) -> None:
        found = checked(read_delivery(data))
        open_box(found.box, found.manifest.notice, RECIPIENT)

    assert_bytes_guarded(DATA, read)


def test_every_field_of_a_delivery_is_checked() -> None:
    """A missing, unknown or odd field is refused; a box is judged by who opens it."""
    assert_fields_guarded(
        decode(DATA),
        lambda changed: checked(read_delivery(encode(changed))),
        {"box": ["", "\n", *LINES]},
        # The record of the entry is held to the log: anything else in it is not what was logged.
        opaque={"record"},
    )
    value = decode(DATA)
    assert isinstance(value, dict)
    assert isinstance(value["opening"], dict)
    odd: list[Json] = [None, {}, [], "x", {"kind": "release"}]
    for record in odd:
        changed: dict[str, Json] = value | {"opening": value["opening"] | {"record": record}}
        with pytest.raises(ProtocolError):
            checked(read_delivery(encode(changed)))


def test_every_field_of_a_record_is_checked() -> None:
    """A missing, unknown or odd field of a logged record is refused although the log has it."""
    assert_fields_guarded(
        release_json(RELEASE),
        read_release,
        {
            "fact": [None],
            "parts": [[]],
            "version": [0, 2**53 - 1],
            "clause": ["", "\n", *LINES],
            "basis": ["", "\n", *LINES],
            "rules": ["", "\n", *LINES],
        },
    )


def test_a_delivery_that_is_not_in_the_log_is_refused() -> None:
    """I3: a checkpoint by another key, or one that does not cover the entry, proves nothing."""
    stranger = NoteKey(generate.ORIGIN, NoteKind.LOG, SigningKey.generate().public)
    with pytest.raises(Untrusted, match="note-signature"):
        checked(DELIVERED, log=stranger)
    other = logged(replace(RELEASE, rules="rules-2026.2"))
    with pytest.raises(Untrusted, match="log-inclusion"):
        checked(replace(DELIVERED, proof=other.proof))


def test_a_delivery_to_another_member_is_refused() -> None:
    """I7: what the log records for Medway is nothing for Lambeth."""
    with pytest.raises(Untrusted, match="delivery-other-recipient"):
        checked(DELIVERED, MemberId("mbr_lambeth"))


def test_an_entry_of_another_kind_is_no_release() -> None:
    """A key request or a filler in the log does not stand for a release."""
    record = release_json(RELEASE)
    assert isinstance(record, dict)
    odd: list[Json] = [record | {"kind": "key_request"}, {"kind": "filler"}, None, []]
    for value in odd:
        with pytest.raises(ProtocolError):
            checked(logged(value))


@pytest.mark.parametrize(
    ("record", "changes", "code"),
    [
        (replace(RELEASE, manifest=digest(b"another")), {}, "delivery-other-notice"),
        (RELEASE, {"manifest": generate.manifest_jws("Medway")}, "delivery-other-notice"),
        (replace(RELEASE, notice=NoticeId(generate.COUNTER)), {}, "delivery-other-sender"),
        (replace(RELEASE, sender=MemberId("mbr_lambeth")), {}, "delivery-other-sender"),
        (replace(RELEASE, parts=()), {}, "delivery-other-parts"),
        (RELEASE, {"parts": {}}, "delivery-other-parts"),
    ],
)
def test_what_the_entry_does_not_say_is_refused(
    record: ReleaseRecord, changes: dict[str, Any], code: str
) -> None:
    """The manifest, its sender and the parts are exactly those that the log records."""
    with pytest.raises(Untrusted) as fault:
        checked(logged(record, **changes))
    assert fault.value.code == code


def test_a_part_more_than_the_entry_lists_is_refused() -> None:
    """A hub that hands over more than it records is found out by its recipient."""
    sealed = generate.sealed_parts("Kent")
    more = {part: sealed[part].jwe for part in (Part.IDENTITY, Part.ADDRESS)}
    with pytest.raises(Untrusted, match="delivery-other-parts"):
        checked(replace(DELIVERED, parts=more))


def test_a_part_that_the_sender_did_not_sign_is_refused() -> None:
    """A record that names a foreign ciphertext does not make it the sender's."""
    foreign = generate.sealed_parts("Medway")[Part.IDENTITY]
    ground = RELEASE.parts[0].ground
    record = replace(RELEASE, parts=(ReleasedPart(Part.IDENTITY, Digest(foreign.cipher_digest), ground),))
    with pytest.raises(Untrusted, match="part-digest"):
        checked(logged(record, parts={Part.IDENTITY: foreign.jwe}))


def test_a_manifest_by_somebody_else_is_refused() -> None:
    """The sender's key comes from the directory, not from the delivery."""
    with pytest.raises(Untrusted, match="key-unexpected"):
        check_delivery(DELIVERED, generate.MEDWAY, generate.medway_key().public, LOG)
