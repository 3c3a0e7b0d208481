"""What is signed back: confirmation, acknowledgement, outcome, approval."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.acknowledgement import (
    Answer,
    Level,
    OutcomeKind,
    read_acknowledgement,
    read_approval,
    read_confirmation,
    read_outcome,
    sign_acknowledgement,
    sign_approval,
    sign_confirmation,
    sign_outcome,
)
from hub.protocols.canonical import Json, decode, digest, encode
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import Part
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
MEDWAY, KENT = generate.medway_key(), generate.kent_key()

Read = Callable[[str, VerifyingKey], Any]
Sign = Callable[[Any, SigningKey], str]
Case = tuple[str, Typ, SigningKey, Any, Sign, Read]

CASES: list[Case] = [
    ("confirmation", Typ.CONFIRMATION, MEDWAY, generate.confirmation(), sign_confirmation, read_confirmation),
    (
        "acknowledgement",
        Typ.ACKNOWLEDGEMENT,
        MEDWAY,
        generate.acknowledgement(),
        sign_acknowledgement,
        read_acknowledgement,
    ),
    ("outcome", Typ.OUTCOME, MEDWAY, generate.outcome(), sign_outcome, read_outcome),
    ("approval", Typ.APPROVAL, KENT, generate.approval(), sign_approval, read_approval),
]
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])


@EACH
def test_the_published_answers_read_and_are_made_again_alike(case: Case) -> None:
    """A stranger reads each with the published key; we write each to the byte."""
    name, _, key, made, sign, read = case
    published = VECTOR["sender" if key is KENT else "recipient"]
    assert read(VECTOR[name], VerifyingKey.from_jwk(published["jwk"])) == made
    assert sign(made, key) == VECTOR[name]


@EACH
def test_every_cut_and_every_changed_byte_is_refused(case: Case) -> None:
    """No truncation and no flipped byte goes unnoticed."""
    name, _, key, _, _, read = case
    assert_text_guarded(VECTOR[name], lambda jws: read(jws, key.public))


@EACH
def test_every_field_is_checked(case: Case) -> None:
    """A missing, unknown or odd field is refused although its member signed it."""
    name, typ, key, _, _, read = case
    payload = decode(signing.verify(VECTOR[name], typ, key.public))
    may_be: dict[str, Any] = {"officer": [*LINES] if name == "approval" else [None, *LINES]}
    may_be["approve"] = may_be["named"] = [True]
    may_be["log_size"] = [2**53 - 1]
    may_be["parts"] = [{}]

    def read_changed(changed: Json) -> None:
        read(signing.sign(encode(changed), typ, key), key.public)

    if name == "acknowledgement":
        # A part that is left out is not acknowledged: that alone is no fault of form.
        assert isinstance(payload, dict)
        read_changed(payload | {"parts": {}})
        payload = payload | {"parts": {}}
    assert_fields_guarded(payload, read_changed, may_be)


@EACH
def test_another_signer_and_another_kind_are_not_believed(case: Case) -> None:
    """Not a stranger's word, and not one kind of word for another."""
    name, typ, key, _, _, read = case
    with pytest.raises(Untrusted, match="key-unexpected"):
        read(VECTOR[name], SigningKey.generate().public)
    payload = signing.verify(VECTOR[name], typ, key.public)
    for other in set(Typ) - {typ}:
        with pytest.raises(Untrusted, match="typ-unexpected"):
            read(signing.sign(payload, other, key), key.public)


@pytest.mark.parametrize("answer", list(Answer))
def test_every_answer_of_a_comparison_reads_back(answer: Answer) -> None:
    """`same`, `unsure`, `different`, by a machine or by a person."""
    for officer in (None, "A. Officer"):
        said = replace(generate.confirmation(), answer=answer, officer=officer)
        assert read_confirmation(sign_confirmation(said, MEDWAY), MEDWAY.public) == said


@pytest.mark.parametrize("level", list(Level))
def test_every_level_reads_back_with_all_parts(level: Level) -> None:
    """All ten digests, in any number."""
    parts = {part: digest(part.encode()) for part in Part}
    said = replace(generate.acknowledgement(), level=level, parts=parts)
    assert read_acknowledgement(sign_acknowledgement(said, MEDWAY), MEDWAY.public) == said


def test_an_acknowledgement_of_a_part_that_does_not_exist_is_refused() -> None:
    """Ten parts and no other; each with a digest of the right length."""
    payload = decode(signing.verify(VECTOR["acknowledgement"], Typ.ACKNOWLEDGEMENT, MEDWAY.public))
    assert isinstance(payload, dict)
    for parts in ({"school": digest(b"")}, {"identity": "AAAA"}, {"identity": None}):
        changed = signing.sign(encode(payload | {"parts": {**parts}}), Typ.ACKNOWLEDGEMENT, MEDWAY)
        with pytest.raises(MalformedMessage):
            read_acknowledgement(changed, MEDWAY.public)


def test_an_entry_lies_in_the_log_that_it_was_proved_in() -> None:
    """The index is below the size: the last place is, the next is not."""
    last = replace(generate.acknowledgement(), log_index=15, log_size=16)
    assert read_acknowledgement(sign_acknowledgement(last, MEDWAY), MEDWAY.public) == last
    with pytest.raises(MalformedMessage, match="log-size"):
        read_acknowledgement(sign_acknowledgement(replace(last, log_index=16), MEDWAY), MEDWAY.public)


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_every_outcome_reads_back(kind: OutcomeKind) -> None:
    """What can become of a delivery."""
    said = replace(generate.outcome(), outcome=kind)
    assert read_outcome(sign_outcome(said, MEDWAY), MEDWAY.public) == said


def test_an_officer_is_named_in_one_short_line() -> None:
    """An approval without a name, or with more than a line, is refused."""
    for officer in ("", "a" * 121, "A. Officer\nand a second line"):
        with pytest.raises(MalformedMessage, match="field-form"):
            read_approval(sign_approval(replace(generate.approval(), officer=officer), KENT), KENT.public)
        said = replace(generate.confirmation(), officer=officer)
        with pytest.raises(MalformedMessage, match="field-form"):
            read_confirmation(sign_confirmation(said, MEDWAY), MEDWAY.public)
