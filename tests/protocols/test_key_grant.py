"""Key request and grant: asked after the match, answered for exactly this question."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.canonical import b64u, decode, digest, encode, unb64u
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.key_grant import (
    MOST_REASONS,
    KeyGrant,
    check_grant,
    counter_tokens,
    read_counter_tokens,
    read_grant,
    read_request,
    renewal_of,
    sign_grant,
    sign_request,
)
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import KeyId, MemberId, RequestId
from hub.protocols.notice import read_manifest
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/key-grant.json").read_text(encoding="utf-8")
)
HUB, KENT = generate.hub_key(), generate.kent_key()
REQUEST = generate.request()
BOX: str = VECTOR["box"]
GRANT = generate.grant(BOX)


def test_the_published_request_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    assert read_request(VECTOR["request"], VerifyingKey.from_jwk(VECTOR["hub"]["jwk"])) == REQUEST
    assert sign_request(REQUEST, HUB) == VECTOR["request"]


@pytest.mark.parametrize(("name", "made"), [("grant", GRANT), ("no_grant", generate.no_grant())])
def test_the_published_answers_read_and_are_made_again_alike(name: str, made: KeyGrant) -> None:
    """A grant with a box, and a no with reasons."""
    assert read_grant(VECTOR[name], VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])) == made
    assert sign_grant(made, KENT) == VECTOR[name]


def test_the_published_request_carries_what_the_sender_can_check() -> None:
    """The counter-notice verifies under its sender's key, and its tokens are those that were signed."""
    medway = VerifyingKey.from_jwk(VECTOR["recipient"]["jwk"])
    counter = read_manifest(REQUEST.counter_manifest, medway)
    tokens = read_counter_tokens(REQUEST.counter_tokens, counter.tokens)
    shown = generate.token_record("Medway")
    assert (tokens.name_birth, tokens.evidence, tokens.other) == (shown.name_birth, shown.evidence, b"")


@pytest.mark.parametrize("name", ["request", "grant", "no_grant"])
def test_every_cut_and_every_changed_byte_is_refused(name: str) -> None:
    """No truncation and no flipped byte of a request or of its answer goes unnoticed."""
    read, key = (read_request, HUB) if name == "request" else (read_grant, KENT)
    assert_text_guarded(VECTOR[name], lambda jws: read(jws, key.public))


def test_every_field_of_a_request_is_checked() -> None:
    """A missing, unknown or odd field is refused although the hub signed it."""
    payload = decode(signing.verify(VECTOR["request"], Typ.KEY_REQUEST, HUB.public))
    assert_fields_guarded(
        payload,
        lambda changed: read_request(signing.sign(encode(changed), Typ.KEY_REQUEST, HUB), HUB.public),
        {"counter_manifest": ["", "\n", *LINES], "approved_by": [[]]},
        opaque={"counter_tokens"},
    )


def test_at_most_both_sides_have_approved() -> None:
    """A match has two sides; a third approval is nobody's."""
    three = replace(REQUEST, approved_by=(generate.KENT, generate.MEDWAY, MemberId("mbr_lambeth")))
    with pytest.raises(MalformedMessage, match="field-long"):
        read_request(sign_request(three, HUB), HUB.public)


@pytest.mark.parametrize("name", ["grant", "no_grant"])
def test_every_field_of_a_grant_is_checked(name: str) -> None:
    """A missing, unknown or odd field is refused although the sender signed it."""
    payload = decode(signing.verify(VECTOR[name], Typ.KEY_GRANT, KENT.public))
    assert_fields_guarded(
        payload,
        lambda changed: read_grant(signing.sign(encode(changed), Typ.KEY_GRANT, KENT), KENT.public),
        {"officer": [None, *LINES]},
    )


@pytest.mark.parametrize(
    "reasons",
    [
        ("Ada Exampleton has moved",),
        ("r-stale",),
        ("R-STALE ",),
        ("R-STALE", "R-STALE"),
        tuple(f"R-ABC{chr(65 + one)}{chr(65 + two)}" for one in range(26) for two in range(2)),
    ],
)
def test_a_no_gives_codes_and_no_words(reasons: tuple[str, ...]) -> None:
    """I1: reasons go into the log; free text could hold a name. None twice, and not without end."""
    no = replace(generate.no_grant(), refused=reasons)
    with pytest.raises(MalformedMessage):
        read_grant(sign_grant(no, KENT), KENT.public)
    assert MOST_REASONS < 52


@pytest.mark.parametrize(
    "unclear",
    [replace(GRANT, refused=("R-STALE",)), replace(GRANT, box=None)],
)
def test_an_answer_is_a_box_or_a_no(unclear: KeyGrant) -> None:
    """Neither both nor neither."""
    with pytest.raises(MalformedMessage, match="grant-unclear"):
        read_grant(sign_grant(unclear, KENT), KENT.public)


def test_a_grant_answers_its_request() -> None:
    """What names this request, both notices, this recipient, its key and this box holds."""
    check_grant(GRANT, REQUEST, BOX)
    check_grant(generate.no_grant(), REQUEST, None)


@pytest.mark.parametrize(
    ("changed", "box", "code"),
    [
        (replace(GRANT, request=RequestId(generate.REQUEST[:-1] + "1")), BOX, "grant-other-request"),
        (replace(GRANT, manifest=digest(b"another notice")), BOX, "grant-other-request"),
        (replace(GRANT, recipient=generate.KENT), BOX, "grant-other-request"),
        (replace(GRANT, recipient_key=KeyId(digest(b"another key"))), BOX, "grant-other-request"),
        (replace(GRANT, counter_manifest=digest(b"another notice")), BOX, "grant-other-notice"),
        (GRANT, BOX + "A", "grant-other-box"),
        (GRANT, None, "grant-other-box"),
        (generate.no_grant(), BOX, "grant-other-box"),
    ],
)
def test_a_grant_for_anything_else_is_refused(changed: KeyGrant, box: str | None, code: str) -> None:
    """A grant cannot be replayed for another request, notice, counter-notice, recipient, key or box."""
    with pytest.raises(Untrusted) as fault:
        check_grant(changed, REQUEST, box)
    assert fault.value.code == code


def test_another_signer_is_not_believed() -> None:
    """A request that the hub did not sign, a grant that the sender did not sign."""
    stranger = SigningKey.generate().public
    for read, name in ((read_request, "request"), (read_grant, "grant")):
        with pytest.raises(Untrusted, match="key-unexpected"):
            read(VECTOR[name], stranger)


def test_a_request_shows_no_token_beyond_name_birth_and_evidence() -> None:
    """The group `other` (where somebody lives now) is never shown to the other side."""
    shown = encode(counter_tokens(generate.token_record("Medway"))).decode()
    assert b64u(generate.token_record("Medway").other) not in shown
    assert generate.token_record("Medway").digests.other not in shown


def test_tokens_made_anew_come_with_the_word_that_signed_them() -> None:
    """The asked gateway verifies that word by itself; the first tokens of a notice come without one."""
    tokens, signed = generate.token_record("Medway"), generate.manifest("Medway").tokens
    anew = counter_tokens(tokens, renewed="a signed renewal")
    assert renewal_of(anew) == "a signed renewal"
    assert renewal_of(counter_tokens(tokens)) is None
    assert read_counter_tokens(anew, signed) == read_counter_tokens(counter_tokens(tokens), signed)
    assert isinstance(anew, dict)
    for read in (renewal_of, lambda shown: read_counter_tokens(shown, signed)):
        with pytest.raises(MalformedMessage):
            read(anew | {"renewed": 1})


def test_tokens_that_were_not_signed_are_refused() -> None:
    """The hub cannot invent a match: tokens are held to the digests of the signed counter-notice."""
    signed = generate.manifest("Medway").tokens
    theirs = counter_tokens(generate.token_record("somebody else"))
    with pytest.raises(Untrusted, match="token-digest"):
        read_counter_tokens(theirs, signed)


def test_every_field_of_the_tokens_is_checked() -> None:
    """A missing, unknown or odd field of the shown tokens is refused, and so is any flipped bit."""
    signed, shown = generate.manifest("Medway").tokens, counter_tokens(generate.token_record("Medway"))
    # The epoch is signed in the manifest itself, so another epoch of right form is not seen here.
    assert_fields_guarded(shown, lambda changed: read_counter_tokens(changed, signed))
    assert isinstance(shown, dict)
    for name in ("name_birth", "evidence"):
        data = unb64u(str(shown[name]))
        for place in range(len(data)):
            flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            with pytest.raises(ProtocolError):
                read_counter_tokens(shown | {name: b64u(flipped)}, signed)
