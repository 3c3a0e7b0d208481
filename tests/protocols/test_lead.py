"""Who leads, where two members count one young person."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.canonical import Json, decode, encode
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.lead import read_lead, sign_lead
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
KENT = generate.kent_key()


def test_the_published_word_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    assert read_lead(VECTOR["lead"], VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])) == generate.lead()
    assert sign_lead(generate.lead(), KENT) == VECTOR["lead"]


def test_either_side_may_be_named() -> None:
    """We lead, or they do."""
    for ours in (True, False):
        word = replace(generate.lead(), ours=ours)
        assert read_lead(sign_lead(word, KENT), KENT.public) == word


def test_every_cut_and_every_changed_byte_is_refused() -> None:
    """No truncation and no flipped byte goes unnoticed."""
    assert_text_guarded(VECTOR["lead"], lambda jws: read_lead(jws, KENT.public))


def test_every_field_is_checked() -> None:
    """A missing, unknown or odd field is refused although its member signed it."""
    payload = decode(signing.verify(VECTOR["lead"], Typ.LEAD, KENT.public))

    def read_changed(changed: Json) -> None:
        read_lead(signing.sign(encode(changed), Typ.LEAD, KENT), KENT.public)

    assert_fields_guarded(payload, read_changed, {"ours": [True, False], "officer": [*LINES]})


def test_another_signer_and_another_kind_are_not_believed() -> None:
    """Not a stranger's word, and no approval for it, though the two look alike."""
    with pytest.raises(Untrusted, match="key-unexpected"):
        read_lead(VECTOR["lead"], SigningKey.generate().public)
    payload = signing.verify(VECTOR["lead"], Typ.LEAD, KENT.public)
    for other in set(Typ) - {Typ.LEAD}:
        with pytest.raises(Untrusted, match="typ-unexpected"):
            read_lead(signing.sign(payload, other, KENT), KENT.public)


def test_an_officer_is_named_in_one_short_line() -> None:
    """A word without a name, or with more than a line, is refused."""
    for officer in ("", "a" * 121, "A. Officer\nand a second line"):
        with pytest.raises(MalformedMessage, match="field-form"):
            read_lead(sign_lead(replace(generate.lead(), officer=officer), KENT), KENT.public)
