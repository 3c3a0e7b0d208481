"""Blind key request and grant: a box for each candidate, or for none; nothing says which is meant."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import signing
from hub.protocols.blind_key import (
    MOST_CANDIDATES,
    BlindKeyGrant,
    Candidate,
    candidates_digest,
    check_blind_grant,
    read_blind_grant,
    read_blind_request,
    sign_blind_grant,
    sign_blind_request,
)
from hub.protocols.canonical import decode, digest, encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.key_grant import read_grant, read_request
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import KeyId, MemberId, RequestId
from hub.protocols.sealing import open_box
from hub.protocols.signing import Typ
from tests.protocols.bad_fields import LINES, assert_fields_guarded
from tests.protocols.mutations import assert_text_guarded
from tests.vectors import generate

OWN = Path(__file__).parents[1] / "vectors/own"
VECTOR: dict[str, Any] = json.loads((OWN / "blind-key.json").read_text(encoding="utf-8"))
OPEN_ONE: dict[str, Any] = json.loads((OWN / "key-grant.json").read_text(encoding="utf-8"))
HUB, KENT = generate.hub_key(), generate.kent_key()
REQUEST = generate.blind_request()
BOXES: list[str] = VECTOR["boxes"]
GRANT, NO_GRANT = generate.blind_grant(BOXES), generate.no_blind_grant()
LAMBETH, MEDWAY = REQUEST.candidates


def test_the_published_request_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    assert read_blind_request(VECTOR["request"], VerifyingKey.from_jwk(VECTOR["hub"]["jwk"])) == REQUEST
    assert sign_blind_request(REQUEST, HUB) == VECTOR["request"]


@pytest.mark.parametrize(("name", "made"), [("grant", GRANT), ("no_grant", NO_GRANT)])
def test_the_published_answers_read_and_are_made_again_alike(name: str, made: BlindKeyGrant) -> None:
    """A grant with every box, and a no with reasons."""
    assert read_blind_grant(VECTOR[name], VerifyingKey.from_jwk(VECTOR["sender"]["jwk"])) == made
    assert sign_blind_grant(made, KENT) == VECTOR[name]


def test_every_candidate_opens_its_own_box_alone() -> None:
    """Two suites, two boxes, the same keys in both."""
    opened = [
        open_box(box, generate.NOTICE, key)
        for box, (_, key) in zip(BOXES, generate.candidates(), strict=True)
    ]
    assert opened[0] == opened[1]
    with pytest.raises(ProtocolError):
        open_box(BOXES[0], generate.NOTICE, generate.candidates()[1][1])


@pytest.mark.parametrize("name", ["request", "grant", "no_grant"])
def test_every_cut_and_every_changed_byte_is_refused(name: str) -> None:
    """No truncation and no flipped byte of a request or of its answer goes unnoticed."""
    read, key = (read_blind_request, HUB) if name == "request" else (read_blind_grant, KENT)
    assert_text_guarded(VECTOR[name], lambda jws: read(jws, key.public))


def test_every_field_of_a_request_is_checked() -> None:
    """A missing, unknown or odd field is refused although the hub signed it."""
    payload = decode(signing.verify(VECTOR["request"], Typ.BLIND_KEY_REQUEST, HUB.public))
    assert_fields_guarded(
        payload,
        lambda changed: read_blind_request(
            signing.sign(encode(changed), Typ.BLIND_KEY_REQUEST, HUB), HUB.public
        ),
        {"clause": ["", "\n", *LINES], "basis": ["", "\n", *LINES], "version": [0, 2**53 - 1]},
    )


@pytest.mark.parametrize("name", ["grant", "no_grant"])
def test_every_field_of_a_grant_is_checked(name: str) -> None:
    """A missing, unknown or odd field is refused although the sender signed it."""
    payload = decode(signing.verify(VECTOR[name], Typ.BLIND_KEY_GRANT, KENT.public))
    assert_fields_guarded(
        payload,
        lambda changed: read_blind_grant(
            signing.sign(encode(changed), Typ.BLIND_KEY_GRANT, KENT), KENT.public
        ),
        {"officer": [None, *LINES]},
    )


def many(number: int) -> tuple[Candidate, ...]:
    """So many candidates, in order."""
    return tuple(
        Candidate(MemberId(f"mbr_made-up-{place:03}"), KeyId(digest(bytes([place % 256]))))
        for place in range(number)
    )


@pytest.mark.parametrize(
    ("candidates", "code"),
    [
        ((), "candidates-number"),
        ((MEDWAY,), "candidates-number"),
        (many(MOST_CANDIDATES + 1), "candidates-number"),
        ((MEDWAY, LAMBETH), "candidates-order"),
        ((LAMBETH, LAMBETH, MEDWAY), "candidates-order"),
        ((Candidate(generate.KENT, MEDWAY.key), LAMBETH), "candidates-order"),
        ((Candidate(generate.KENT, MEDWAY.key), MEDWAY), "candidates-order"),
    ],
)
def test_a_list_that_could_tell_is_refused(candidates: tuple[Candidate, ...], code: str) -> None:
    """One candidate is named; an order of their own, or one named twice, could say which is meant."""
    told = replace(REQUEST, candidates=candidates)
    with pytest.raises(MalformedMessage) as fault:
        read_blind_request(sign_blind_request(told, HUB), HUB.public)
    assert fault.value.code == code


def test_a_request_may_have_as_many_candidates_as_it_says() -> None:
    """All authorities and their companies fit, and a gateway can keep it."""
    full = replace(REQUEST, candidates=many(MOST_CANDIDATES))
    jws = sign_blind_request(full, HUB)
    assert read_blind_request(jws, HUB.public) == full
    assert len(jws) < 65_536


def test_an_open_request_is_no_blind_one_and_the_other_way_round() -> None:
    """Distinct kinds: neither is ever read as the other, and each says which it is."""
    assert signing.typ_of(VECTOR["request"]) is Typ.BLIND_KEY_REQUEST
    assert signing.typ_of(OPEN_ONE["request"]) is Typ.KEY_REQUEST
    for read, jws, key in (
        (read_request, VECTOR["request"], HUB),
        (read_blind_request, OPEN_ONE["request"], HUB),
        (read_grant, VECTOR["grant"], KENT),
        (read_blind_grant, OPEN_ONE["grant"], KENT),
    ):
        with pytest.raises(Untrusted, match="typ-unexpected"):
            read(jws, key.public)


@pytest.mark.parametrize("unclear", [replace(GRANT, refused=("R-STALE",)), replace(GRANT, boxes=())])
def test_an_answer_is_a_box_for_all_or_a_no_to_all(unclear: BlindKeyGrant) -> None:
    """Neither both nor neither."""
    with pytest.raises(MalformedMessage, match="grant-unclear"):
        read_blind_grant(sign_blind_grant(unclear, KENT), KENT.public)


def test_a_grant_answers_its_request() -> None:
    """What names this request, this notice, these candidates and these boxes holds."""
    check_blind_grant(GRANT, REQUEST, BOXES)
    check_blind_grant(NO_GRANT, REQUEST, [])


@pytest.mark.parametrize(
    ("changed", "boxes", "code"),
    [
        (replace(GRANT, request=RequestId(generate.REQUEST[:-1] + "1")), BOXES, "grant-other-request"),
        (replace(GRANT, manifest=digest(b"another notice")), BOXES, "grant-other-request"),
        (replace(GRANT, boxes=GRANT.boxes[:1]), BOXES[:1], "grant-other-candidates"),
        (replace(GRANT, boxes=GRANT.boxes[::-1]), BOXES[::-1], "grant-other-candidates"),
        (GRANT, BOXES[:1], "grant-other-box"),
        (GRANT, BOXES[::-1], "grant-other-box"),
        (GRANT, [BOXES[0], BOXES[1] + "A"], "grant-other-box"),
        (NO_GRANT, BOXES, "grant-other-box"),
    ],
)
def test_a_grant_for_some_or_for_others_is_refused(
    changed: BlindKeyGrant, boxes: list[str], code: str
) -> None:
    """A box for some of them would tell by what follows whether the one that is meant was among those."""
    with pytest.raises(Untrusted) as fault:
        check_blind_grant(changed, REQUEST, boxes)
    assert fault.value.code == code


def test_the_log_names_the_list_by_its_digest() -> None:
    """Another member, another key or another order is another list."""
    listed = candidates_digest(REQUEST.candidates)
    assert listed == candidates_digest((LAMBETH, MEDWAY))
    for other in ((LAMBETH,), (MEDWAY, LAMBETH), (LAMBETH, replace(MEDWAY, key=LAMBETH.key))):
        assert candidates_digest(other) != listed


def test_another_signer_is_not_believed() -> None:
    """A request that the hub did not sign, a grant that the sender did not sign."""
    stranger = SigningKey.generate().public
    for read, name in ((read_blind_request, "request"), (read_blind_grant, "grant")):
        with pytest.raises(Untrusted, match="key-unexpected"):
            read(VECTOR[name], stranger)


def test_nothing_in_a_request_depends_on_which_candidate_is_meant() -> None:
    """It has no field for it: the same bytes would be sent whoever of them it were."""
    payload = decode(signing.verify(VECTOR["request"], Typ.BLIND_KEY_REQUEST, HUB.public))
    assert isinstance(payload, dict)
    assert set(payload) == {"request", "sender", "notice", "manifest", "ground", "candidates", "asked_at"}
