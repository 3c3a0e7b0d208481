"""What a sender says of its own notice afterwards: asserted anew, or withdrawn."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.canonical import decode, digest, encode
from hub.protocols.errors import Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import EpochId
from hub.protocols.restatement import (
    Renewal,
    read_renewal,
    read_restatement,
    read_retraction,
    reread_renewal,
    sign_renewal,
    sign_restatement,
    sign_retraction,
)
from hub.protocols.signing import Typ
from hub.protocols.token_record import TokenDigests
from tests.protocols.bad_fields import assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
KENT = generate.kent_key()
RENEWAL = Renewal(
    generate.retraction().notice,
    EpochId("ep_01k00000000000000000000001"),
    TokenDigests(digest(b"names"), digest(b"evidence"), digest(b"other")),
    generate.retraction().signed_at,
)
SIGNED = sign_renewal(RENEWAL, KENT)


def test_the_published_assertion_and_withdrawal_read_and_are_made_again_alike() -> None:
    """A stranger reads them with the published key; we write them to the byte."""
    key = VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])
    assert read_restatement(VECTOR["assertion"], key) == generate.restatement()
    assert read_retraction(VECTOR["withdrawal"], key) == generate.retraction()
    assert sign_restatement(generate.restatement(), KENT) == VECTOR["assertion"]
    assert sign_retraction(generate.retraction(), KENT) == VECTOR["withdrawal"]


def test_a_renewal_reads_back_and_is_reread_by_the_store() -> None:
    """What was verified when it was kept is read again without the key."""
    assert read_renewal(SIGNED, KENT.public) == RENEWAL
    assert reread_renewal(SIGNED) == RENEWAL


def test_every_cut_and_every_changed_byte_is_refused() -> None:
    """No truncation and no flipped byte goes unnoticed."""
    assert_text_guarded(VECTOR["assertion"], lambda jws: read_restatement(jws, KENT.public))
    assert_text_guarded(VECTOR["withdrawal"], lambda jws: read_retraction(jws, KENT.public))
    assert_text_guarded(SIGNED, lambda jws: read_renewal(jws, KENT.public))


def test_every_field_is_checked() -> None:
    """A missing, unknown or odd field is refused although the sender signed it."""
    assertion = decode(signing.verify(VECTOR["assertion"], Typ.ASSERTION, KENT.public))
    assert_fields_guarded(
        assertion,
        lambda changed: read_restatement(signing.sign(encode(changed), Typ.ASSERTION, KENT), KENT.public),
        {"scope": ["2026-02-30", "ntc_01k0000000000000000000000"]},
        opaque={"flags"},
    )
    withdrawal = decode(signing.verify(VECTOR["withdrawal"], Typ.WITHDRAWAL, KENT.public))
    assert_fields_guarded(
        withdrawal,
        lambda changed: read_retraction(signing.sign(encode(changed), Typ.WITHDRAWAL, KENT), KENT.public),
        {"reason": ["x"]},
    )
    renewal = decode(signing.verify(SIGNED, Typ.RENEWAL, KENT.public))
    assert_fields_guarded(
        renewal,
        lambda changed: read_renewal(signing.sign(encode(changed), Typ.RENEWAL, KENT), KENT.public),
    )


def test_neither_stands_for_the_other_and_neither_is_anybody_elses() -> None:
    """An assertion is no withdrawal, and only the sender's own key counts."""
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_retraction(VECTOR["assertion"], KENT.public)
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_restatement(VECTOR["withdrawal"], KENT.public)
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_renewal(VECTOR["assertion"], KENT.public)
    stranger = SigningKey.generate().public
    for read, jws in (
        (read_restatement, VECTOR["assertion"]),
        (read_retraction, VECTOR["withdrawal"]),
        (read_renewal, SIGNED),
    ):
        with pytest.raises(Untrusted, match="key-unexpected"):
            read(jws, stranger)
