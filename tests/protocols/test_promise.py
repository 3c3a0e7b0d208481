"""A promise: the hub's word that a notice will be in its log."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.canonical import Json, decode, encode
from hub.protocols.errors import Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.promise import read_promise, sign_promise
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
HUB = generate.hub_key()


def resigned(payload: Json) -> str:
    """A payload signed by the hub, whatever it says."""
    return signing.sign(encode(payload), Typ.PROMISE, HUB)


def test_the_published_promise_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    assert read_promise(VECTOR["promise"], VerifyingKey.from_jwk(VECTOR["hub"]["jwk"])) == generate.promise()
    assert sign_promise(generate.promise(), HUB) == VECTOR["promise"]


def test_every_cut_and_every_changed_byte_is_refused() -> None:
    """No truncation and no flipped byte goes unnoticed."""
    assert_text_guarded(VECTOR["promise"], lambda jws: read_promise(jws, HUB.public))


def test_every_field_is_checked() -> None:
    """A missing, unknown or odd field is refused although the hub signed it."""
    payload = decode(signing.verify(VECTOR["promise"], Typ.PROMISE, HUB.public))
    assert_fields_guarded(payload, lambda changed: read_promise(resigned(changed), HUB.public))


def test_another_hub_is_not_believed() -> None:
    """A promise by anybody else is worth nothing."""
    with pytest.raises(Untrusted, match="key-unexpected"):
        read_promise(VECTOR["promise"], SigningKey.generate().public)
