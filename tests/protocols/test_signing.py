"""Sign and verify: one algorithm, one typ, one key, and no way round them."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from hub.protocols.canonical import Json, b64u, encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import DocumentKey, SigningKey
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.signing import (
    Typ,
    countersign,
    key_id_of,
    sign,
    sign_document,
    signers,
    verify,
    verify_document,
)
from tests.protocols.mutations import assert_document_guarded, assert_text_guarded

KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(32))
PARTY = DocumentKey.from_seeds(bytes(range(32)), bytes(range(32)))
PARTNER = DocumentKey.from_seeds(bytes(32), bytes(32))
STRANGER = DocumentKey.from_seeds(b"s" * 32, b"s" * 32)
PAYLOAD = b'{"notice":"made up"}'
HEADER: dict[str, Json] = {"alg": "Ed25519", "kid": KEY.key_id, "typ": Typ.NOTICE.value}


def token_with(header: Json | bytes, payload: bytes = PAYLOAD, key: SigningKey = KEY) -> str:
    """Return a token whose signature is right whatever its header says."""
    protected = b64u(header if isinstance(header, bytes) else encode(header))
    signed = f"{protected}.{b64u(payload)}"
    return f"{signed}.{b64u(key.sign(signed.encode()))}"


@given(st.binary(max_size=200), st.sampled_from(Typ))
def test_what_was_signed_comes_back(payload: bytes, typ: Typ) -> None:
    """Any bytes signed as any kind verify as that kind under that key."""
    token = sign(payload, typ, KEY)
    assert verify(token, typ, KEY.public) == payload
    assert key_id_of(token, typ) == KEY.key_id


def test_every_kind_has_its_own_typ() -> None:
    """No signed kind verifies as another one."""
    for made in Typ:
        for read in Typ:
            token = sign(PAYLOAD, made, KEY)
            if made is read:
                assert verify(token, read, KEY.public) == PAYLOAD
            else:
                with pytest.raises(Untrusted, match="typ-unexpected"):
                    verify(token, read, KEY.public)


def test_another_key_is_refused_before_its_signature_counts() -> None:
    """A token by another key, or by another key under this one's name, is refused."""
    with pytest.raises(Untrusted, match="key-unexpected"):
        verify(sign(PAYLOAD, Typ.NOTICE, OTHER), Typ.NOTICE, KEY.public)
    with pytest.raises(Untrusted, match="signature-invalid"):
        verify(token_with(HEADER, key=OTHER), Typ.NOTICE, KEY.public)


@pytest.mark.parametrize(
    "alg", ["none", "None", "EdDSA", "HS256", "ES256", "RS256", "ML-DSA-65", "ed25519", ""]
)
def test_every_other_algorithm_is_refused(alg: str) -> None:
    """Only the fully specified Ed25519 signs an act, whatever else the header proposes."""
    with pytest.raises(Untrusted, match="signature-algorithm"):
        verify(token_with({**HEADER, "alg": alg}), Typ.NOTICE, KEY.public)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("crit", ["exp"]),
        ("crit", []),
        ("b64", False),
        ("jku", "https://example.org/keys"),
        ("x5u", "https://example.org/chain"),
        ("x5c", ["AAAA"]),
        ("jwk", KEY.public.jwk),
        ("cty", "json"),
        ("anything", None),
    ],
)
def test_every_other_header_member_is_refused(member: str, value: Json) -> None:
    """Extensions, keys and places to fetch keys from are refused though the signature is right."""
    with pytest.raises(MalformedMessage, match="field-unknown"):
        verify(token_with({**HEADER, member: value}), Typ.NOTICE, KEY.public)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"", "json-malformed"),
        (b"[]", "field-type"),
        (b"\xff", "json-malformed"),
        (b'{"alg":"Ed25519","alg":"none"}', "json-repeated"),
        ({"alg": "Ed25519", "typ": "mxh-notice+jws"}, "field-missing"),
        ({**HEADER, "typ": "JWT"}, "field-choice"),
        ({**HEADER, "typ": "MXH-NOTICE+JWS"}, "field-choice"),
        ({**HEADER, "kid": "../../etc/passwd"}, "base64url-malformed"),
        ({**HEADER, "kid": "AAAA"}, "binary-size"),
        ({**HEADER, "kid": None}, "field-type"),
        ({**HEADER, "alg": ["Ed25519"]}, "field-type"),
    ],
)
def test_a_header_of_another_form_is_refused(header: Json | bytes, code: str) -> None:
    """A header that is no object, lacks a member, or has one of another type is refused."""
    with pytest.raises(MalformedMessage, match=code):
        verify(token_with(header), Typ.NOTICE, KEY.public)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token + ".",
        lambda token: token.replace(".", "..", 1),
        lambda token: token.replace(".", "=.", 1),
        lambda token: token.replace(".", "\u2024", 1),
        lambda token: token[:-2] + "+" + token[-1],
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),
        lambda token: token.rsplit(".", 1)[0] + ".",
        lambda token: token.rsplit(".", 1)[0],
        lambda _: "",
        lambda _: "..",
        lambda _: "x" * (DOCUMENT_BYTES + 1),
    ],
)
def test_another_spelling_of_a_token_is_refused(change: Callable[[str], str]) -> None:
    """Padding, white space, spare bits and other numbers of segments are refused: one token, one text."""
    with pytest.raises(MalformedMessage):
        verify(change(sign(PAYLOAD, Typ.NOTICE, KEY)), Typ.NOTICE, KEY.public)


def test_every_cut_and_every_changed_byte_of_a_token_is_refused() -> None:
    """No truncation and no flipped byte of a signed act goes unnoticed."""
    token = sign(PAYLOAD, Typ.NOTICE, KEY)
    assert_text_guarded(token, lambda changed: verify(changed, Typ.NOTICE, KEY.public))


@given(st.text(max_size=80))
def test_random_text_is_refused_by_name(token: str) -> None:
    """No text makes verification fail in another way than by a typed refusal."""
    with pytest.raises(ProtocolError):
        verify(token, Typ.NOTICE, KEY.public)
    with pytest.raises(ProtocolError):
        key_id_of(token, Typ.NOTICE)


def test_the_order_of_header_members_is_the_senders() -> None:
    """A member's own library may write the header in another order; the bytes sent are what counts."""
    token = token_with(f'{{"typ":"mxh-notice+jws", "kid":"{KEY.key_id}", "alg":"Ed25519"}}'.encode())
    assert verify(token, Typ.NOTICE, KEY.public) == PAYLOAD


def test_a_second_library_takes_and_makes_our_tokens() -> None:
    """PyJWT, told that Ed25519 is the name of RFC 9864, agrees in both directions."""
    other = jwt.PyJWS()
    other.register_algorithm("Ed25519", OKPAlgorithm())
    private = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    token = sign(PAYLOAD, Typ.NOTICE, KEY)
    assert other.decode(token, private.public_key(), algorithms=["Ed25519"]) == PAYLOAD
    made = other.encode(
        PAYLOAD, private, algorithm="Ed25519", headers={"kid": KEY.key_id, "typ": Typ.NOTICE.value}
    )
    assert verify(made, Typ.NOTICE, KEY.public) == PAYLOAD


def test_a_document_holds_when_every_party_signed_with_both_algorithms() -> None:
    """Two parties countersign the same bytes; order of asking does not matter."""
    document = countersign(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY), Typ.AGREEMENT, PARTNER)
    assert verify_document(document, Typ.AGREEMENT, [PARTNER.public, PARTY.public]) == PAYLOAD
    assert verify_document(document, Typ.AGREEMENT, [PARTY.public]) == PAYLOAD
    assert signers(document) == {PARTY.key_id, PARTNER.key_id}


def test_a_document_without_a_wanted_signature_is_refused() -> None:
    """A party that has not signed is not spoken for; nor does a document hold for nobody."""
    document = sign_document(PAYLOAD, Typ.AGREEMENT, PARTY)
    for keys in ([PARTY.public, PARTNER.public], [PARTNER.public], []):
        with pytest.raises(Untrusted, match="signature-missing"):
            verify_document(document, Typ.AGREEMENT, keys)


def test_nobody_signs_a_document_twice() -> None:
    """A second pair by the same key is refused when made."""
    with pytest.raises(MalformedMessage, match="document-signed"):
        countersign(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY), Typ.AGREEMENT, PARTY)


def test_a_document_is_of_one_kind() -> None:
    """A document does not verify as another kind, nor can it be countersigned as one."""
    document = sign_document(PAYLOAD, Typ.AGREEMENT, PARTY)
    with pytest.raises(Untrusted, match="typ-unexpected"):
        verify_document(document, Typ.MANDATE, [PARTY.public])
    with pytest.raises(Untrusted, match="typ-unexpected"):
        countersign(document, Typ.MANDATE, PARTNER)


def _pieces(document: Json) -> tuple[str, list[Any]]:
    assert isinstance(document, dict)
    payload, signatures = document["payload"], document["signatures"]
    assert isinstance(payload, str)
    assert isinstance(signatures, list)
    return payload, signatures


def test_half_a_pair_is_refused() -> None:
    """A document with either algorithm missing is refused, even beside whole pairs."""
    payload, signatures = _pieces(
        countersign(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY), Typ.AGREEMENT, PARTNER)
    )
    for kept in ([0], [1], [0, 2], [0, 1, 2], [0, 1, 3], [1, 0], [0, 3, 2, 1], [0, 0], [0, 1, 0, 1], []):
        changed: Json = {"payload": payload, "signatures": [signatures[place] for place in kept]}
        with pytest.raises(MalformedMessage, match="document-pairs"):
            verify_document(changed, Typ.AGREEMENT, [PARTY.public])


def test_a_pair_whose_halves_name_two_keys_is_refused() -> None:
    """One key's Ed25519 beside another key's ML-DSA-65 is nobody's pair."""
    payload, first = _pieces(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY))
    _, second = _pieces(sign_document(PAYLOAD, Typ.AGREEMENT, PARTNER))
    mixed: Json = {"payload": payload, "signatures": [first[0], second[1], second[0], first[1]]}
    with pytest.raises(MalformedMessage, match="document-pairs"):
        verify_document(mixed, Typ.AGREEMENT, [PARTY.public])


def test_a_signature_over_other_bytes_is_refused_in_either_half() -> None:
    """Replacing the payload, or one half by a half over other bytes, is noticed."""
    payload, signatures = _pieces(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY))
    other_payload, others = _pieces(sign_document(b"{}", Typ.AGREEMENT, PARTY))
    changes: list[Json] = [
        {"payload": other_payload, "signatures": signatures},
        {"payload": payload, "signatures": [signatures[0], others[1]]},
        {"payload": payload, "signatures": [others[0], signatures[1]]},
    ]
    for changed in changes:
        with pytest.raises(Untrusted, match="signature-invalid"):
            verify_document(changed, Typ.AGREEMENT, [PARTY.public])


def test_pairs_by_strangers_do_not_count() -> None:
    """A stranger may add a pair; it speaks for nobody who was asked for."""
    document = countersign(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY), Typ.AGREEMENT, STRANGER)
    assert verify_document(document, Typ.AGREEMENT, [PARTY.public]) == PAYLOAD
    with pytest.raises(Untrusted, match="signature-missing"):
        verify_document(document, Typ.AGREEMENT, [PARTY.public, PARTNER.public])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"header": {}}, "field-unknown"),
        ({"payload": "A"}, "base64url-malformed"),
        ({"payload": "A" * (DOCUMENT_BYTES + 1)}, "field-long"),
        ({"signatures": {}}, "field-type"),
        ({"signatures": [{"protected": "e30"}]}, "field-missing"),
    ],
)
def test_a_document_of_another_form_is_refused(change: dict[str, Json], code: str) -> None:
    """Unknown members (an unprotected header among them), bad base64url and oversize are refused."""
    document = sign_document(PAYLOAD, Typ.AGREEMENT, PARTY)
    assert isinstance(document, dict)
    with pytest.raises(MalformedMessage, match=code):
        verify_document({**document, **change}, Typ.AGREEMENT, [PARTY.public])


def test_an_unprotected_header_beside_a_signature_is_refused() -> None:
    """What is not signed is not read."""
    payload, signatures = _pieces(sign_document(PAYLOAD, Typ.AGREEMENT, PARTY))
    changed: Json = {"payload": payload, "signatures": [{**signatures[0], "header": {}}, signatures[1]]}
    with pytest.raises(MalformedMessage, match="field-unknown"):
        verify_document(changed, Typ.AGREEMENT, [PARTY.public])


def test_every_cut_and_every_changed_byte_of_a_document_is_refused() -> None:
    """No truncation and no flipped byte of a signed document goes unnoticed."""
    document = sign_document(PAYLOAD, Typ.EPOCH, PARTY)
    assert_document_guarded(document, lambda changed: verify_document(changed, Typ.EPOCH, [PARTY.public]))
