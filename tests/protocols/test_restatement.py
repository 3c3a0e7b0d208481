"""What a sender says of its own notice afterwards: asserted anew, or withdrawn."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.canonical import decode, encode
from hub.protocols.errors import Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.restatement import read_restatement, read_retraction, sign_restatement, sign_retraction
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
KENT = generate.kent_key()


def test_the_published_assertion_and_withdrawal_read_and_are_made_again_alike() -> None:
    """A stranger reads them with the published key; we write them to the byte."""
    key = VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])
    assert read_restatement(VECTOR["assertion"], key) == generate.restatement()
    assert read_retraction(VECTOR["withdrawal"], key) == generate.retraction()
    assert sign_restatement(generate.restatement(), KENT) == VECTOR["assertion"]
    assert sign_retraction(generate.retraction(), KENT) == VECTOR["withdrawal"]


def test_every_cut_and_every_changed_byte_is_refused() -> None:
    """No truncation and no flipped byte goes unnoticed."""
    assert_text_guarded(VECTOR["assertion"], lambda jws: read_restatement(jws, KENT.public))
    assert_text_guarded(VECTOR["withdrawal"], lambda jws: read_retraction(jws, KENT.public))


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


def test_neither_stands_for_the_other_and_neither_is_anybody_elses() -> None:
    """An assertion is no withdrawal, and only the sender's own key counts."""
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_retraction(VECTOR["assertion"], KENT.public)
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_restatement(VECTOR["withdrawal"], KENT.public)
    for read, name in ((read_restatement, "assertion"), (read_retraction, "withdrawal")):
        with pytest.raises(Untrusted, match="key-unexpected"):
            read(VECTOR[name], SigningKey.generate().public)
