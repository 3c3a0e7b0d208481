"""Keys that sign: how they are written, what they are called, what they refuse."""

import json
from pathlib import Path

import pytest

from hub.protocols.canonical import Json, b64u, unb64u
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.signature_keys import (
    ED25519,
    ML_DSA_65,
    DocumentKey,
    DocumentPublicKey,
    SigningKey,
    VerifyingKey,
    thumbprint,
)

VECTORS = Path(__file__).parents[1] / "vectors"
KEY = SigningKey.from_seed(bytes(range(32)))
PAIR = DocumentKey.from_seeds(bytes(range(32)), bytes(range(32, 64)))
LATTICE_JWK: dict[str, Json] = {"alg": "ML-DSA-65", "kty": "AKP", "pub": b64u(PAIR.public.lattice)}


def test_the_published_key_has_the_published_thumbprint_and_signature() -> None:
    """RFC 8037 appendix A: the example key, its thumbprint, and its signature byte for byte."""
    example = json.loads((VECTORS / "jose-cookbook" / "curve25519_jws.json").read_text())
    public = {name: example["input"]["key"][name] for name in ("kty", "crv", "x", "use")}
    key = VerifyingKey.from_jwk(public)
    assert key.key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    private = SigningKey.from_seed(unb64u(example["input"]["key"]["d"]))
    assert private.public == key
    assert b64u(private.sign(example["signing"]["sig-input"].encode())) == example["signing"]["sig"]


def test_what_a_key_signed_verifies_and_nothing_else_does() -> None:
    """A signature holds for these bytes and this key alone."""
    signature = KEY.sign(b"moved")
    KEY.public.verify(signature, b"moved")
    for signed, message, key in (
        (signature, b"mowed", KEY.public),
        (signature, b"moved", SigningKey.generate().public),
        (signature[:-1], b"moved", KEY.public),
        (b"", b"moved", KEY.public),
    ):
        with pytest.raises(Untrusted, match="signature-invalid"):
            key.verify(signed, message)


def test_a_public_key_reads_back_from_its_jwk() -> None:
    """The JWK has the required members alone and gives the same key, marks or not."""
    assert KEY.public.jwk == {"crv": "Ed25519", "kty": "OKP", "x": b64u(KEY.public.raw)}
    assert VerifyingKey.from_jwk(KEY.public.jwk) == KEY.public
    marked: Json = {**KEY.public.jwk, "alg": "Ed25519", "use": "sig", "kid": KEY.key_id}
    assert VerifyingKey.from_jwk(marked) == KEY.public


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"d": b64u(KEY.seed)}, "field-unknown"),
        ({"jku": "https://example.org/keys"}, "field-unknown"),
        ({"use": "enc"}, "key-marks"),
        ({"alg": "EdDSA"}, "key-marks"),
        ({"alg": "HS256"}, "key-marks"),
        ({"kid": "kent"}, "key-marks"),
        ({"kty": "EC"}, "key-kind"),
        ({"kty": "oct", "k": "AAAA"}, "key-kind"),
        ({"crv": "Ed448"}, "key-kind"),
        ({"crv": "X25519"}, "key-kind"),
        ({"x": b64u(bytes(31))}, "binary-size"),
        ({"x": b64u(bytes(32)) + "="}, "base64url-malformed"),
    ],
)
def test_a_jwk_of_another_kind_or_purpose_is_refused(change: dict[str, Json], code: str) -> None:
    """Private members, other families, other uses and names as ids are refused."""
    with pytest.raises(MalformedMessage, match=code):
        VerifyingKey.from_jwk({**KEY.public.jwk, **change})


def test_keys_of_another_size_are_refused() -> None:
    """Seeds and public keys have one size."""
    for make in (
        lambda: VerifyingKey(bytes(33)),
        lambda: SigningKey.from_seed(bytes(31)),
        lambda: DocumentKey.from_seeds(bytes(32), bytes(33)),
        lambda: DocumentPublicKey(KEY.public, bytes(1951)),
    ):
        with pytest.raises(MalformedMessage, match="key-size"):
            make()


def test_generated_keys_differ_and_repeat_from_their_seeds() -> None:
    """A key from fresh randomness is a new one; from its seed it is the same one."""
    assert SigningKey.generate() != SigningKey.generate()
    assert SigningKey.from_seed(KEY.seed) == KEY
    pair = DocumentKey.generate()
    assert pair.key_id != DocumentKey.generate().key_id
    assert DocumentKey.from_seeds(*pair.seeds) == pair


def test_no_private_key_shows_in_a_representation() -> None:
    """What a log line or a traceback could print holds no seed."""
    for shown in (repr(KEY), repr(PAIR)):
        assert "seed" not in shown
        assert repr(KEY.seed) not in shown


def test_a_pair_has_one_id_over_both_keys() -> None:
    """Changing either half changes the id: neither half can be exchanged behind it."""
    other = DocumentKey.generate()
    ids = {
        PAIR.key_id,
        DocumentPublicKey(other.public.classical, PAIR.public.lattice).key_id,
        DocumentPublicKey(PAIR.public.classical, other.public.lattice).key_id,
    }
    assert len(ids) == 3
    assert PAIR.key_id == thumbprint({ED25519: KEY.key_id, ML_DSA_65: thumbprint(LATTICE_JWK)})


def test_both_halves_of_a_pair_sign_and_verify() -> None:
    """Each half verifies its own signatures and not the other's."""
    for alg, other in ((ED25519, ML_DSA_65), (ML_DSA_65, ED25519)):
        signature = PAIR.sign(alg, b"agreed")
        PAIR.public.verify(alg, signature, b"agreed")
        for name, message in ((alg, b"greed"), (other, b"agreed")):
            with pytest.raises(Untrusted, match="signature-invalid"):
                PAIR.public.verify(name, signature, message)


def test_a_pair_reads_back_from_its_key_set() -> None:
    """The key set gives the same pair."""
    assert PAIR.public.jwks == {"keys": [KEY.public.jwk, LATTICE_JWK]}
    assert DocumentPublicKey.from_jwks(PAIR.public.jwks) == PAIR.public


@pytest.mark.parametrize(
    ("jwks", "code"),
    [
        ({"keys": [KEY.public.jwk]}, "key-pair"),
        ({"keys": [KEY.public.jwk, LATTICE_JWK, LATTICE_JWK]}, "key-pair"),
        ({"keys": [LATTICE_JWK, KEY.public.jwk]}, "field-missing"),
        ({"keys": [KEY.public.jwk, KEY.public.jwk]}, "field-missing"),
        ({"keys": [KEY.public.jwk, {**LATTICE_JWK, "alg": "ML-DSA-44"}]}, "key-kind"),
        ({"keys": [KEY.public.jwk, {**LATTICE_JWK, "kty": "OKP"}]}, "key-kind"),
        ({"keys": [KEY.public.jwk, {**LATTICE_JWK, "priv": "AAAA"}]}, "field-unknown"),
        ({"keys": [KEY.public.jwk, {**LATTICE_JWK, "use": "enc"}]}, "key-marks"),
        ({"keys": [KEY.public.jwk, {**LATTICE_JWK, "pub": "AAAA"}]}, "binary-size"),
        ({"keys": [KEY.public.jwk, LATTICE_JWK], "more": 1}, "field-unknown"),
    ],
)
def test_a_key_set_that_is_no_pair_is_refused(jwks: Json, code: str) -> None:
    """One key, three keys, the wrong order, other parameters and private members are refused."""
    with pytest.raises(MalformedMessage, match=code):
        DocumentPublicKey.from_jwks(jwks)
