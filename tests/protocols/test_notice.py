"""A notice: what its sender signed, to the byte, and nothing else."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.canonical import Json, b64u, decode, digest, encode, unb64u
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import SealingKey, SigningKey, VerifyingKey
from hub.protocols.limits import MANIFEST_BYTES, NOTICE_AGE, NOTICE_BYTES
from hub.protocols.names import MemberId, NoticeId, NoticeType, Part
from hub.protocols.notice import (
    Box,
    Envelope,
    SignedNotice,
    manifest_digest,
    manifest_json,
    read_envelope,
    read_manifest,
    reread_manifest,
    sign_manifest,
    verify_notice,
    write_envelope,
)
from hub.protocols.sealing import open_box, open_part, seal_box
from hub.protocols.signing import Typ
from hub.protocols.suites import CLASSICAL, HYBRID
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_bytes_guarded, assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/notice.json").read_text(encoding="utf-8")
)
KEY = generate.kent_key()
MANIFEST = generate.manifest()
RECIPIENT = SealingKey.from_seed(CLASSICAL.id, unb64u(VECTOR["recipient"]["seed"]))


def checked(data: bytes, key: VerifyingKey = KEY.public) -> SignedNotice:
    """What a reader does with published bytes."""
    return verify_notice(read_envelope(data), key)


def resigned(payload: Json) -> str:
    """A payload signed by the sender, whatever it says."""
    return signing.sign(encode(payload), Typ.NOTICE, KEY)


@pytest.mark.parametrize("name", ["open", "addressed"])
def test_the_published_notices_verify(name: str) -> None:
    """A stranger reads the published bytes with the published key alone, and finds the published facts."""
    data, key = unb64u(VECTOR[name]), VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])
    signed = checked(data, key)
    assert signed.signed_by == VECTOR["sender"]["kid"]
    assert manifest_json(signed.manifest) == VECTOR["manifest"] | {"recipient": signed.manifest.recipient}
    assert write_envelope(Envelope(signed.jws, signed.tokens, signed.parts, signed.box)) == data


def test_the_published_box_opens_to_the_keys_of_the_published_parts() -> None:
    """The addressed notice opens for its recipient: two parts with content, eight closed."""
    signed = checked(unb64u(VECTOR["addressed"]))
    assert signed.box is not None
    keys = open_box(signed.box.jwe, signed.manifest.notice, RECIPIENT)
    opened = {
        part: open_part(part, signed.parts[part], key, signed.manifest.entry(part).plain_digest)
        for part, key in keys.items()
    }
    assert opened == {part: generate.FACTS[part] for part in (Part.IDENTITY, Part.ADDRESS)}


def test_a_notice_reads_back_as_it_was_written() -> None:
    """Every field of manifest, tokens and parts survives the wire."""
    signed = checked(write_envelope(generate.envelope()))
    assert signed.manifest == MANIFEST
    assert (signed.tokens, signed.parts) == (generate.envelope().tokens, generate.envelope().parts)
    assert signed.box is None
    assert signed.digest == manifest_digest(signed.jws) == digest(signed.jws.encode()) == VECTOR["digest"]


def test_a_reader_of_our_own_rows_reads_the_same() -> None:
    """The store reads what was verified when it was kept; another form is a fault all the same."""
    assert reread_manifest(generate.manifest_jws()) == MANIFEST
    with pytest.raises(MalformedMessage, match="jws-malformed"):
        reread_manifest("a.b")


@pytest.mark.parametrize("name", ["open", "addressed"])
def test_every_cut_and_every_changed_byte_is_refused(name: str) -> None:
    """No truncation and no flipped byte of a notice goes unnoticed; of a box, by who opens it."""

    def read(data: bytes) -> None:
        signed = checked(data)
        if signed.box is not None:
            open_box(signed.box.jwe, signed.manifest.notice, RECIPIENT)

    assert_bytes_guarded(unb64u(VECTOR[name]), read)


def test_every_cut_and_every_changed_byte_of_a_manifest_is_refused() -> None:
    """A manifest travels alone in key requests and deliveries: it stands by itself."""
    assert_text_guarded(generate.manifest_jws(), lambda jws: read_manifest(jws, KEY.public))


def test_every_field_of_a_manifest_is_checked() -> None:
    """A missing, unknown or odd field is refused although its sender signed it."""
    assert_fields_guarded(
        manifest_json(MANIFEST),
        lambda payload: read_manifest(resigned(payload), KEY.public),
        {
            "acts_for": [None],
            "recipient": [None],
            "refers_to": [None],
            **dict.fromkeys(("officer", "team", "telephone", "mailbox"), LINES),
            # Codes: closed lists are held by those who read them, not here.
            "purpose": ["2026-02-30", "ntc_01k0000000000000000000000"],
            "scope": ["2026-02-30", "ntc_01k0000000000000000000000"],
        },
        opaque={"flags"},
    )


def test_every_field_of_an_envelope_is_checked() -> None:
    """A missing, unknown or odd field is refused."""
    envelope = decode(write_envelope(generate.envelope(Box(generate.MEDWAY, VECTOR["box"]))))
    assert_fields_guarded(envelope, lambda changed: checked(encode(changed)))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": 2}, "form-unknown"),
        ({"suite": "MN-1999"}, "suite-unknown"),
        ({"type": "correction"}, "refers-to"),
        ({"refers_to": generate.COUNTER}, "refers-to"),
        ({"type": "ehcp_move"}, "recipient-missing"),
        ({"type": "care_leaver_move"}, "recipient-missing"),
        ({"expires_at": "2026-11-21T09:00:00Z"}, "expiry"),
        ({"expires_at": "2028-01-31T00:00:00Z"}, "expiry"),
        ({"contact": {"team": "a\nb", "telephone": "01", "mailbox": "a@b"}}, "field-form"),
        ({"officer": "a" * 121}, "field-form"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(change: dict[str, Json], code: str) -> None:
    """A right signature does not make up for nonsense."""
    payload = manifest_json(MANIFEST)
    assert isinstance(payload, dict)
    with pytest.raises(ProtocolError) as fault:
        read_manifest(resigned(payload | change), KEY.public)
    assert fault.value.code == code


def test_parts_are_all_there_in_their_order() -> None:
    """A manifest names all ten parts once: neither fewer, nor twice, nor in another order."""
    payload = manifest_json(MANIFEST)
    assert isinstance(payload, dict)
    parts = payload["parts"]
    assert isinstance(parts, list)
    for changed in (parts[:-1], parts[::-1], [*parts, parts[-1]], [parts[0], *parts[:-1]], []):
        with pytest.raises(MalformedMessage, match="parts-incomplete"):
            read_manifest(resigned(payload | {"parts": changed}), KEY.public)


def test_a_notice_that_points_back_names_what_it_points_to() -> None:
    """A correction names an earlier notice and reads back."""
    correction = replace(MANIFEST, type=NoticeType.CORRECTION, refers_to=NoticeId(generate.COUNTER))
    assert read_manifest(sign_manifest(correction, KEY), KEY.public) == correction


def test_the_longest_notice_ends_by_the_january_that_follows() -> None:
    """The farthest expiry is taken, a second later is not."""
    last = replace(MANIFEST, expires_at=MANIFEST.issued_at + NOTICE_AGE)
    assert read_manifest(sign_manifest(last, KEY), KEY.public) == last
    later = replace(last, expires_at=last.expires_at + timedelta(seconds=1))
    with pytest.raises(MalformedMessage, match="expiry"):
        read_manifest(sign_manifest(later, KEY), KEY.public)


def test_another_signer_is_not_believed() -> None:
    """A notice signed with another key than the sender's is untrusted."""
    with pytest.raises(Untrusted, match="key-unexpected"):
        checked(write_envelope(generate.envelope()), SigningKey.generate().public)


def test_tokens_and_parts_of_another_notice_are_refused() -> None:
    """Digests hold tokens and parts to the manifest: nothing can be exchanged behind the signature."""
    envelope = generate.envelope()
    with pytest.raises(Untrusted, match="token-digest"):
        verify_notice(replace(envelope, tokens=generate.token_record("Medway")), KEY.public)
    foreign = {part: sealed.jwe for part, sealed in generate.sealed_parts("Medway").items()}
    for part in Part:
        with pytest.raises(Untrusted, match="part-digest"):
            verify_notice(replace(envelope, parts={**envelope.parts, part: foreign[part]}), KEY.public)


def test_tokens_of_another_epoch_are_refused() -> None:
    """The epoch is signed too."""
    other = replace(generate.token_record("Kent"), epoch=type(generate.EPOCH)(generate.EPOCH[:-1] + "1"))
    with pytest.raises(Untrusted, match="token-digest"):
        verify_notice(replace(generate.envelope(), tokens=other), KEY.public)


def test_a_part_of_another_size_is_refused() -> None:
    """I1: all parts of a kind have one size; a longer one would tell something."""
    envelope = generate.envelope()
    long = {**envelope.parts, Part.IDENTITY: envelope.parts[Part.PARTICIPATION]}
    with pytest.raises(MalformedMessage):
        verify_notice(replace(envelope, parts=long), KEY.public)


def test_a_box_goes_with_the_recipient_that_was_signed() -> None:
    """No box without a named recipient, no recipient without a box, and no box for somebody else."""
    named, box = generate.envelope(Box(generate.MEDWAY, VECTOR["box"])), Box(generate.MEDWAY, VECTOR["box"])
    for changed in (
        replace(named, box=None),
        replace(named, box=Box(MemberId("mbr_lambeth"), VECTOR["box"])),
        replace(generate.envelope(), box=box),
    ):
        with pytest.raises(MalformedMessage, match="box-recipient"):
            verify_notice(changed, KEY.public)


def test_a_box_of_another_suite_than_the_manifest_says_is_refused() -> None:
    """A sender cannot say one suite and use another."""
    hybrid = SealingKey.from_seed(HYBRID.id, generate.seed("another suite"))
    box = Box(generate.MEDWAY, seal_box({}, generate.NOTICE, hybrid.public))
    with pytest.raises(ProtocolError):
        verify_notice(generate.envelope(box), KEY.public)


def test_a_notice_longer_than_the_limit_is_not_read() -> None:
    """Size is looked at before anything else."""
    data = write_envelope(generate.envelope())
    with pytest.raises(MalformedMessage, match="notice-too-large"):
        read_envelope(data + b" " * (NOTICE_BYTES + 1 - len(data)))
    longer = replace(generate.envelope(), manifest="a" * (MANIFEST_BYTES + 1))
    with pytest.raises(MalformedMessage, match="field-long"):
        read_envelope(write_envelope(longer))


def test_no_refusal_repeats_what_the_message_said() -> None:
    """Faults name the place, never a value: it may be personal."""
    payload = manifest_json(MANIFEST)
    assert isinstance(payload, dict)
    for name in payload:
        with pytest.raises(ProtocolError) as fault:
            read_manifest(resigned(payload | {name: {"Exampleton": "Exampleton"}}), KEY.public)
        assert "Exampleton" not in str(fault.value)


def test_a_document_of_another_kind_is_no_notice() -> None:
    """A promise, an acknowledgement or an approval signed by the same key is not taken for a notice."""
    payload = encode(manifest_json(MANIFEST))
    for typ in set(Typ) - {Typ.NOTICE}:
        with pytest.raises(Untrusted, match="typ-unexpected"):
            read_manifest(signing.sign(payload, typ, KEY), KEY.public)
    assert b64u(payload) in generate.manifest_jws()
