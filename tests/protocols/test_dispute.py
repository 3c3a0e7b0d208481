"""A dispute's messages, and the words sealed beside them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols import signing
from hub.protocols.canonical import Json, decode, encode
from hub.protocols.dispute import (
    Act,
    Result,
    digest_of,
    open_text,
    read_message,
    reread_message,
    seal_text,
    sign_message,
    text_key_id,
)
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.jwe import seal_jwe
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import DISPUTE_TEXT_CHARS
from hub.protocols.names import DisputeId
from hub.protocols.sealing_keys import SealingKey
from hub.protocols.signing import Typ
from hub.protocols.suites import CLASSICAL, HYBRID
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/dispute.json").read_text(encoding="utf-8")
)
MEDWAY = generate.medway_key()
OPENED = generate.dispute_opened(VECTOR["text"])
KEY = generate.sealing_key(CLASSICAL.id)


def test_the_published_message_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    assert read_message(VECTOR["opened"], VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])) == OPENED
    assert sign_message(OPENED, MEDWAY) == VECTOR["opened"]
    assert reread_message(VECTOR["opened"]) == OPENED


def test_the_published_thread_closes_on_its_first_message() -> None:
    """The closing message names the one before it, so that none can be left out between."""
    closed = read_message(VECTOR["closed"], MEDWAY.public)
    assert (closed.act, closed.result) == (Act.CLOSE, Result.WITHDRAWN)
    assert closed.follows == digest_of(VECTOR["opened"])


def test_the_published_words_open() -> None:
    """With the key that they are sealed to."""
    assert open_text(VECTOR["text"], generate.DISPUTE, KEY) == VECTOR["words"]
    assert text_key_id(VECTOR["text"]) == KEY.key_id


@pytest.mark.parametrize("name", ["opened", "closed"])
def test_every_cut_and_every_changed_byte_of_a_message_is_refused(name: str) -> None:
    """No truncation and no flipped byte goes unnoticed."""
    assert_text_guarded(VECTOR[name], lambda jws: read_message(jws, MEDWAY.public))


def test_every_cut_and_some_changed_bytes_of_sealed_words_are_refused() -> None:
    """Every 41st byte: the words are long, and each is opened with a private key."""
    sealed = VECTOR["text"]
    for place in range(0, len(sealed), 41):
        flipped = chr(ord(sealed[place]) ^ 1)
        for changed in (sealed[:place], sealed[:place] + flipped + sealed[place + 1 :]):
            with pytest.raises((MalformedMessage, Untrusted)):
                open_text(changed, generate.DISPUTE, KEY)


@pytest.mark.parametrize("name", ["opened", "closed"])
def test_every_field_is_checked(name: str) -> None:
    """A missing, unknown or odd field is refused although its member signed it."""
    payload = decode(signing.verify(VECTOR[name], Typ.DISPUTE, MEDWAY.public))

    def read_changed(changed: Json) -> None:
        read_message(signing.sign(encode(changed), Typ.DISPUTE, MEDWAY), MEDWAY.public)

    may_be: Mapping[str, list[Json]] = {"entry": [0, 2**53 - 1], "officer": [*LINES]}
    assert_fields_guarded(payload, read_changed, may_be)


def test_act_result_and_place_fit_together() -> None:
    """Only closing has a result, only opening follows nothing, and nobody writes to itself."""
    for odd in (
        {"result": Result.UPHELD},
        {"act": Act.CLOSE, "follows": OPENED.text},
        {"act": Act.ANSWER},
        {"follows": OPENED.text},
        {"recipient": OPENED.sender},
    ):
        with pytest.raises(MalformedMessage, match="dispute-form"):
            replace(OPENED, **odd)


def test_another_signer_and_another_kind_are_not_believed() -> None:
    """Not a stranger's message, and no other document for it."""
    with pytest.raises(Untrusted, match="key-unexpected"):
        read_message(VECTOR["opened"], SigningKey.generate().public)
    payload = signing.verify(VECTOR["opened"], Typ.DISPUTE, MEDWAY.public)
    for other in set(Typ) - {Typ.DISPUTE}:
        with pytest.raises(Untrusted, match="typ-unexpected"):
            read_message(signing.sign(payload, other, MEDWAY), MEDWAY.public)


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=900))
def test_words_come_back_and_their_length_tells_nothing(words: str) -> None:
    """Whatever two officers write to each other, the hub sees as many characters."""
    sealed = seal_text(words, generate.DISPUTE, KEY.public)
    assert open_text(sealed, generate.DISPUTE, KEY) == words
    assert len(sealed) == len(VECTOR["text"])


def test_words_are_sealed_with_either_suite() -> None:
    """Two suites exist from the first day."""
    key = SealingKey.generate(HYBRID.id)
    assert open_text(seal_text("Why?", generate.DISPUTE, key.public), generate.DISPUTE, key) == "Why?"


@pytest.mark.parametrize("words", ["", "a\x00b", "tab\there", "a" * (DISPUTE_TEXT_CHARS + 1)])
def test_words_that_are_no_letter_are_not_sealed(words: str) -> None:
    """Plain lines, and not more than a page."""
    with pytest.raises(MalformedMessage):
        seal_text(words, generate.DISPUTE, KEY.public)


def test_words_that_take_too_many_bytes_are_not_cut() -> None:
    """Letters of three bytes each fill the page earlier: the writer is told."""
    with pytest.raises(MalformedMessage, match="dispute-long"):
        seal_text("\u20ac" * 1_400, generate.DISPUTE, KEY.public)


def test_words_open_in_their_own_thread_with_their_own_key_alone() -> None:
    """Moved to another thread, or shown to another key, they are refused."""
    other = DisputeId("dsp_01k00000000000000000000001")
    with pytest.raises(Untrusted, match="dispute-other"):
        open_text(VECTOR["text"], other, KEY)
    with pytest.raises(Untrusted, match="key-unexpected"):
        open_text(VECTOR["text"], generate.DISPUTE, SealingKey.generate(CLASSICAL.id))


def test_words_of_another_size_are_refused() -> None:
    """A size of its own would tell the hub something."""
    short = encode({"dispute": generate.DISPUTE, "text": "Why?"})
    sealed = seal_jwe(short, CLASSICAL.jose_alg, KEY.key_id, KEY.public.library, bytes)
    with pytest.raises(MalformedMessage, match="dispute-text"):
        text_key_id(sealed)
