"""JWE with HPKE Key Encryption, held to the published vectors of both drafts."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey, MLKEM1024P384PrivateKey

from hub.protocols.canonical import Json, b64u, encode, unb64u
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.jwe import ALGORITHMS, PrivateKey, join_segments, open_jwe, read_jwe, seal_jwe
from hub.protocols.keys import SealingKey
from hub.protocols.names import KeyId
from hub.protocols.suites import HYBRID, SUITES

VECTORS = Path(__file__).parents[1] / "vectors" / "jose-hpke"
CASES: list[dict[str, Any]] = [
    case
    for name in ("jose-hpke-encrypt-vectors.json", "jose-hpke-pq-pqt-vectors.json")
    for case in json.loads((VECTORS / name).read_text())
]
PLAINTEXT = "You can trust us to stick with you through thick and thin"
NOT_READ = {
    "HPKE-5-KE": "the library has no X448",
    "HPKE-6-KE": "the library has no X448",
    "HPKE-8-KE": "the library has no MLKEM768-P256",
}
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
KEY = SealingKey.from_seed("MN-2026A", bytes(range(32)))
OTHER = SealingKey.from_seed("MN-2026A", bytes(32))


def private_key(jwk: Mapping[str, str]) -> PrivateKey:
    """Return the private key of a vector, for the algorithms that are not in a suite too."""
    if jwk["kty"] == "EC":
        return ec.derive_private_key(int.from_bytes(unb64u(jwk["d"])), CURVES[jwk["crv"]])
    if jwk["kty"] == "OKP":
        return x25519.X25519PrivateKey.from_private_bytes(unb64u(jwk["d"]))
    seed = unb64u(jwk["priv"])
    if jwk["alg"] == "HPKE-12-KE":
        return mlkem.MLKEM768PrivateKey.from_seed_bytes(seed)
    if jwk["alg"] == "HPKE-13-KE":
        return mlkem.MLKEM1024PrivateKey.from_seed_bytes(seed)
    if jwk["alg"] == "HPKE-10-KE":
        wide = hashlib.shake_256(seed).digest(64 + 48)
        curve = ec.derive_private_key(int.from_bytes(wide[64:]), ec.SECP384R1())
        return MLKEM1024P384PrivateKey(mlkem.MLKEM1024PrivateKey.from_seed_bytes(wide[:64]), curve)
    return SealingKey.from_seed(HYBRID.id, seed).library


def by_alg(case: dict[str, Any]) -> str:
    """Name a case by its algorithm."""
    return str(case["alg"])


def test_the_published_vectors_are_all_accounted_for() -> None:
    """Ten algorithms are read; three have no library; the thirteen others are not Key Encryption."""
    algorithms = {case["alg"] for case in CASES}
    integrated = {alg for alg in algorithms if not alg.endswith("-KE")}
    assert len(CASES) == 26
    assert algorithms == set(ALGORITHMS) | set(NOT_READ) | integrated
    assert len(integrated) == 13


@pytest.mark.parametrize("case", [case for case in CASES if case["alg"] in ALGORITHMS], ids=by_alg)
def test_a_published_key_encryption_opens(case: dict[str, Any]) -> None:
    """The compact vector opens under its key, and under no other of its kind."""
    jwe = read_jwe(case["compact"])
    assert (jwe.alg, jwe.key_id) == (case["alg"], case["jwk"]["kid"])
    assert open_jwe(jwe, private_key(case["jwk"])).decode().startswith(PLAINTEXT)


@pytest.mark.parametrize("case", [case for case in CASES if case["alg"] in ALGORITHMS], ids=by_alg)
def test_a_published_key_encryption_opens_with_its_aad(case: dict[str, Any]) -> None:
    """The flattened vector has an aad, which compact JWE cannot carry: its wrapped key opens all the same.

    The content is opened with the aad by the library here, since our form has none.
    """
    flat = case["flattened"]
    compact = ".".join(flat[name] for name in ("protected", "encrypted_key", "iv", "ciphertext", "tag"))
    jwe = read_jwe(compact)
    key = private_key(case["jwk"])
    with pytest.raises(Untrusted, match="jwe-unreadable"):
        open_jwe(jwe, key)
    info = b"JOSE-HPKE rcpt\xff" + jwe.enc.encode() + b"\xff"
    content_key = ALGORITHMS[jwe.alg].library.decrypt(jwe.secret + jwe.wrapped_key, key, info=info)
    aad = f"{flat['protected']}.{flat['aad']}".encode()
    plaintext = AESGCM(content_key).decrypt(jwe.nonce, jwe.ciphertext + jwe.tag, aad)
    assert plaintext.decode().startswith(PLAINTEXT)


@pytest.mark.parametrize("case", [case for case in CASES if case["alg"] in NOT_READ], ids=by_alg)
def test_an_algorithm_without_a_library_is_refused(case: dict[str, Any]) -> None:
    """X448 and MLKEM768-P256 are refused by name, not by a fault of the library."""
    with pytest.raises(Untrusted, match="jwe-algorithm"):
        read_jwe(case["compact"])


@pytest.mark.parametrize("case", [case for case in CASES if not case["alg"].endswith("-KE")], ids=by_alg)
def test_integrated_encryption_is_refused(case: dict[str, Any]) -> None:
    """A JWE without a wrapped key has no `enc` and no `ek`: it is not of our form."""
    with pytest.raises(MalformedMessage, match="field-missing"):
        read_jwe(case["compact"])


def test_the_older_number_of_the_hybrid_algorithm_fails_closed() -> None:
    """A box that an older draft numbered 10 is refused: its secret has another length there."""
    case = next(case for case in CASES if case["alg"] == "HPKE-9-KE")
    sealed = read_jwe(case["compact"])
    header: Json = {"alg": "HPKE-10-KE", "ek": b64u(sealed.secret), "enc": "A256GCM", "kid": sealed.key_id}
    renumbered = ".".join([b64u(encode(header)), *case["compact"].split(".")[1:]])
    with pytest.raises(MalformedMessage, match="binary-size"):
        read_jwe(renumbered)


@pytest.mark.parametrize("suite_id", SUITES)
def test_what_is_sealed_opens_for_its_key_alone(suite_id: str) -> None:
    """The recipient opens it; another key of the same suite does not."""
    key, other = SealingKey.generate(suite_id), SealingKey.generate(suite_id)
    text = seal_jwe(b"facts", key.suite.jose_alg, key.key_id, key.public.library, os.urandom)
    assert open_jwe(read_jwe(text), key.library) == b"facts"
    with pytest.raises(Untrusted, match="jwe-unreadable"):
        open_jwe(read_jwe(text), other.library)


def test_a_key_of_another_kind_opens_nothing() -> None:
    """A P-256 key before a hybrid JWE is a typed refusal, not a fault of the library."""
    text = seal_jwe(b"facts", HYBRID.jose_alg, KEY.key_id, KEY.public.library, os.urandom)
    with pytest.raises(Untrusted, match="jwe-unreadable"):
        open_jwe(read_jwe(text), SealingKey.generate("MN-2026B").library)


def test_nothing_is_sealed_to_a_public_key_that_cannot_be_used() -> None:
    """An X25519 half of zeros, or a key of another kind, is refused when sealing."""
    lattice = mlkem.MLKEM768PrivateKey.generate().public_key()
    zeros = MLKEM768X25519PublicKey(lattice, x25519.X25519PublicKey.from_public_bytes(bytes(32)))
    for key in (zeros, SealingKey.generate("MN-2026B").public.library):
        with pytest.raises(Untrusted, match="key-unusable"):
            seal_jwe(b"facts", HYBRID.jose_alg, KEY.key_id, key, os.urandom)


def test_content_keys_and_nonces_come_from_the_given_randomness() -> None:
    """The nonce on the wire is the one that was given, and a second call gets another."""
    drawn: list[bytes] = []

    def randomness(size: int) -> bytes:
        drawn.append(os.urandom(size))
        return drawn[-1]

    first = read_jwe(seal_jwe(b"", HYBRID.jose_alg, KEY.key_id, KEY.public.library, randomness))
    second = read_jwe(seal_jwe(b"", HYBRID.jose_alg, KEY.key_id, KEY.public.library, randomness))
    assert [len(each) for each in drawn] == [32, 12, 32, 12]
    assert (first.nonce, second.nonce) == (drawn[1], drawn[3])


def _with_header(header: Json) -> str:
    wrapped_key, nonce, sealed = bytes(48), bytes(12), bytes(16)
    return join_segments(b64u(encode(header)), wrapped_key, nonce, sealed)


HEADER: dict[str, Json] = {
    "alg": "HPKE-9-KE",
    "ek": b64u(bytes(1120)),
    "enc": "A256GCM",
    "kid": KEY.key_id,
}


def test_the_form_alone_opens_nothing() -> None:
    """A JWE of the right form that nobody sealed is refused by its key."""
    with pytest.raises(Untrusted, match="jwe-unreadable"):
        open_jwe(read_jwe(_with_header(HEADER)), KEY.library)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"zip": "DEF"}, "field-unknown"),
        ({"crit": ["zip"]}, "field-unknown"),
        ({"jwk": KEY.public.jwk}, "field-unknown"),
        ({"epk": {}}, "field-unknown"),
        ({"psk_id": "AAAA"}, "field-unknown"),
        ({"alg": "dir"}, "jwe-algorithm"),
        ({"alg": "ECDH-ES"}, "jwe-algorithm"),
        ({"enc": "A128CBC-HS256"}, "jwe-algorithm"),
        ({"ek": "AAAA"}, "binary-size"),
        ({"kid": "kent"}, "binary-size"),
        ({"kid": 1}, "field-type"),
    ],
)
def test_a_header_of_another_form_is_refused(change: dict[str, Json], code: str) -> None:
    """Compression, extensions, keys of the message's own and other algorithms are refused."""
    with pytest.raises(ProtocolError, match=code):
        read_jwe(_with_header({**HEADER, **change}))


@pytest.mark.parametrize("text", ["", "....", "a.b.c.d", "a.b.c.d.e.f", "é....", "A" * 9])
def test_text_that_is_no_jwe_is_refused(text: str) -> None:
    """Other numbers of segments, empty ones and characters beyond ASCII are refused."""
    with pytest.raises(MalformedMessage):
        read_jwe(text)


def test_key_ids_are_thumbprints() -> None:
    """The ids of the published hybrid and P-256 keys are the thumbprints that our keys take."""
    for case in CASES:
        if case["alg"] in {"HPKE-7-KE", "HPKE-9-KE"}:
            jwk = case["jwk"]
            suite_id = {row.jose_alg: row.id for row in SUITES.values()}[case["alg"]]
            key = SealingKey.from_seed(suite_id, unb64u(jwk.get("priv") or jwk["d"]))
            assert key.key_id == KeyId(jwk["kid"])
