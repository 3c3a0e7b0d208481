"""The hub's word in place of a recipient's: how far it has come, and never who signed it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.acknowledgement import Level, OutcomeKind
from hub.protocols.blind_answer import BlindAnswer, read_blind_answer, read_says, sign_blind_answer
from hub.protocols.canonical import decode, encode
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
JWS: str = VECTOR["blind_answer"]
HUB, ANSWER = generate.hub_key(), generate.blind_answer()


def test_the_published_answer_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    assert read_blind_answer(JWS, VerifyingKey.from_jwk(VECTOR["hub"]["jwk"])) == ANSWER
    assert sign_blind_answer(ANSWER, HUB) == JWS


@pytest.mark.parametrize("says", [*Level, *OutcomeKind])
def test_every_level_and_every_outcome_comes_back(says: Level | OutcomeKind) -> None:
    """No word stands for both a level and an outcome."""
    said = replace(ANSWER, says=says)
    read: BlindAnswer = read_blind_answer(sign_blind_answer(said, HUB), HUB.public)
    assert read == said
    assert type(read.says) is type(says)


def test_every_cut_and_every_changed_byte_is_refused() -> None:
    """No truncation and no flipped byte goes unnoticed."""
    assert_text_guarded(JWS, lambda jws: read_blind_answer(jws, HUB.public))


def test_every_field_is_checked() -> None:
    """A missing, unknown or odd field is refused although the hub signed it."""
    payload = decode(signing.verify(JWS, Typ.BLIND_ANSWER, HUB.public))
    assert_fields_guarded(
        payload,
        lambda changed: read_blind_answer(signing.sign(encode(changed), Typ.BLIND_ANSWER, HUB), HUB.public),
    )
    with pytest.raises(MalformedMessage, match="field-choice"):
        read_says("in Medway")


def test_a_recipients_own_answer_is_none_and_another_signer_is_not_believed() -> None:
    """Neither a thing of another kind nor a stranger's."""
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_blind_answer(VECTOR["acknowledgement"], generate.medway_key().public)
    with pytest.raises(Untrusted, match="key-unexpected"):
        read_blind_answer(JWS, SigningKey.generate().public)
