"""Directory entries: whose key, for what, from when to when, on the word of the identity key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.protocols.canonical import Json, decode, encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import (
    DirectoryEntry,
    DocumentKey,
    KeyUse,
    SealingKey,
    SigningKey,
    entry_for,
    read_entry,
    sign_entry,
)
from hub.protocols.names import KeyId, MemberId
from hub.protocols.signing import Typ, sign_document, verify_document
from tests.protocols.mutations import assert_document_guarded

IDENTITY = DocumentKey.from_seeds(bytes(range(32)), bytes(range(32)))
KENT = MemberId("mbr_kent")
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
LAST = FIRST + timedelta(days=457)
SIGNING = SigningKey.from_seed(bytes(range(32)))
SEALING = SealingKey.from_seed("MN-2026B", bytes(range(32)))


def signing_entry() -> DirectoryEntry:
    """Return the entry of Kent's made-up signing key."""
    return entry_for(KENT, KeyUse.SIGNING, SIGNING.public, FIRST, LAST)


def sealing_entry() -> DirectoryEntry:
    """Return the entry of Kent's made-up sealing key."""
    return entry_for(KENT, KeyUse.SEALING, SEALING.public, FIRST, LAST)


@pytest.mark.parametrize(
    "entry", [signing_entry(), sealing_entry(), replace(signing_entry(), use=KeyUse.ACCESS)]
)
def test_an_entry_reads_back_under_its_identity_key(entry: DirectoryEntry) -> None:
    """What the identity key signed reads back whole, for every use."""
    assert read_entry(sign_entry(entry, IDENTITY), IDENTITY.public) == entry


def test_an_entry_gives_the_key_of_its_use() -> None:
    """An entry for signing gives a verifying key, one for sealing a sealing key, and not the other."""
    assert signing_entry().verifying_key() == SIGNING.public
    assert sealing_entry().sealing_key() == SEALING.public
    with pytest.raises(MalformedMessage):
        sealing_entry().verifying_key()
    with pytest.raises(ProtocolError):
        signing_entry().sealing_key()


def test_the_wire_names_the_code_points_of_a_sealing_key() -> None:
    """A suite's name stands beside its code points, which no draft has renumbered."""
    payload = decode(verify_document(sign_entry(sealing_entry(), IDENTITY), Typ.DIRECTORY, [IDENTITY.public]))
    assert isinstance(payload, dict)
    assert payload["suite"] == {"id": "MN-2026B", "kem": 16, "kdf": 1, "aead": 2}


def test_a_key_is_in_force_from_its_first_moment_up_to_its_last() -> None:
    """The first moment counts, the end does not."""
    entry = signing_entry()
    moments = (FIRST - timedelta(seconds=1), FIRST, LAST - timedelta(seconds=1), LAST)
    assert [entry.in_force(moment) for moment in moments] == [False, True, True, False]


def test_an_entry_by_another_identity_key_is_refused() -> None:
    """Nobody else can put a key under a member's name."""
    with pytest.raises(Untrusted, match="signature-missing"):
        read_entry(sign_entry(signing_entry(), DocumentKey.generate()), IDENTITY.public)


def test_an_entry_whose_facts_do_not_agree_is_not_made() -> None:
    """Key, id, suite, use and period agree or there is no entry."""
    with pytest.raises(MalformedMessage):
        entry_for(KENT, KeyUse.SIGNING, SEALING.public, FIRST, LAST)
    with pytest.raises(ProtocolError):
        entry_for(KENT, KeyUse.SEALING, SIGNING.public, FIRST, LAST)
    with pytest.raises(MalformedMessage, match="period-empty"):
        entry_for(KENT, KeyUse.SIGNING, SIGNING.public, LAST, LAST)
    for changed, code in (
        (replace(signing_entry(), key_id=SEALING.key_id), "key-differs"),
        (replace(signing_entry(), suite="MN-2026B"), "suite-differs"),
        (replace(sealing_entry(), suite="MN-2026A"), "suite-differs"),
        (replace(sealing_entry(), suite=None), "suite-differs"),
    ):
        with pytest.raises(MalformedMessage, match=code):
            sign_entry(changed, IDENTITY)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": 2}, "form-unknown"),
        ({"member": "kent"}, "id-malformed"),
        ({"use": "anything"}, "field-choice"),
        ({"key": SIGNING.key_id}, "key-differs"),
        ({"key": "AAAA"}, "binary-size"),
        ({"suite": None}, "suite-differs"),
        ({"suite": {"id": "MN-2026B", "kem": 25722, "kdf": 1, "aead": 2}}, "suite-differs"),
        ({"suite": {"id": "MN-1999Z"}}, "suite-unknown"),
        ({"suite": "MN-2026B"}, "field-type"),
        ({"valid_until": "2026-09-01T00:00:00Z"}, "period-empty"),
        ({"valid_from": "2026-09-01"}, "instant-malformed"),
        ({"more": 1}, "field-unknown"),
    ],
)
def test_a_signed_entry_of_another_form_is_refused(change: dict[str, Json], code: str) -> None:
    """A right signature does not make up for facts that are malformed or contradict each other."""
    payload = decode(verify_document(sign_entry(sealing_entry(), IDENTITY), Typ.DIRECTORY, [IDENTITY.public]))
    assert isinstance(payload, dict)
    document = sign_document(encode({**payload, **change}), Typ.DIRECTORY, IDENTITY)
    with pytest.raises(ProtocolError, match=code):
        read_entry(document, IDENTITY.public)


def test_an_entry_that_is_not_canonical_is_refused() -> None:
    """The signed bytes are the one form of the entry, so that its digest is one too."""
    document = sign_document(b'{"form": 1}', Typ.DIRECTORY, IDENTITY)
    with pytest.raises(MalformedMessage, match="json-not-canonical"):
        read_entry(document, IDENTITY.public)


def test_every_cut_and_every_changed_byte_of_an_entry_is_refused() -> None:
    """No truncation and no flipped byte of a directory entry goes unnoticed."""
    document = sign_entry(signing_entry(), IDENTITY)
    assert_document_guarded(document, lambda changed: read_entry(changed, IDENTITY.public))


def test_the_id_of_an_entry_is_never_a_name() -> None:
    """A key is called by its thumbprint."""
    assert signing_entry().key_id == KeyId(SIGNING.key_id)
    assert len(signing_entry().key_id) == 43
