"""The key inside the header of a proof of possession (RFC 9449 section 4.2).

Decides which header is one of a proof at all, and which public key it carries: `typ`, an algorithm
of the list, and a JWK of exactly that algorithm's family and curve, without any private member and
not marked for another use. Whether the proof fits a request is for `proof_of_possession`.

The header of a caller's proofs is the same text every time, so what was read from it is kept
(bounded); faults are not kept, and the signature is checked on every call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from hub.protocols.canonical import Json, digest, encode, unb64u
from hub.protocols.compact import ED25519_NAMES, read_segment, refuse_steering
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import KeyId

PROOF_TYP: Final = "dpop+jwt"

PROOF_ALGORITHMS: Final = ("Ed25519", "EdDSA", "ES256")
"""Signature algorithms of proofs, as the metadata and the challenge name them."""

KNOWN_KEYS: Final = 4_096
"""Parsed keys kept: 151 authorities, 250 colleges and 2,500 schools fit, at about 2 KiB each."""

_COORDINATE_BYTES: Final = 32
# every member of a JWK that holds a secret (RFC 7518 6.2.2, 6.3.2, 6.4.1; RFC 9964 `priv`)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@dataclass(frozen=True, slots=True)
class ProofKey:
    """A public key by its thumbprint, and the check of a signature under it (raises `Untrusted`)."""

    key_id: KeyId
    verify: Callable[[bytes, bytes], None]


@lru_cache(maxsize=KNOWN_KEYS)
def proof_key(segment: str) -> ProofKey:
    """Return the key that the header of a proof carries, `segment` being the header as sent.

    Raises `MalformedMessage("dpop-malformed")`, or `Untrusted` with the code `dpop-type`,
    `dpop-algorithm` or `dpop-key`.
    """
    header = read_segment(segment, "dpop-malformed")
    refuse_steering(header, "dpop-malformed")
    if header.get("typ") != PROOF_TYP:
        raise Untrusted("dpop-type", f"the header of a proof says typ {PROOF_TYP}")
    algorithm, jwk = header.get("alg"), header.get("jwk")
    if algorithm not in PROOF_ALGORITHMS:
        raise Untrusted("dpop-algorithm", f"a proof is signed with {', '.join(PROOF_ALGORITHMS)}")
    if not isinstance(jwk, dict):
        raise MalformedMessage("dpop-malformed", "the header of a proof carries its public key as jwk")
    return _read_jwk(jwk, algorithm)


def _read_jwk(jwk: dict[str, Json], algorithm: str) -> ProofKey:
    if not _PRIVATE.isdisjoint(jwk):
        raise Untrusted("dpop-key", "the key of a proof has a private member: treat that key as lost")
    _check_use(jwk, algorithm)
    try:
        if algorithm == "ES256":
            return _p256_key(jwk)
        _require_family(jwk, "OKP", "Ed25519")
        key = VerifyingKey.from_jwk({name: jwk.get(name) for name in ("crv", "kty", "x")})
    except (MalformedMessage, Untrusted, ValueError):
        raise Untrusted("dpop-key", "the key of a proof does not fit its algorithm") from None
    return ProofKey(key.key_id, _ed25519_check(key))


def _check_use(jwk: dict[str, Json], algorithm: str) -> None:
    operations = jwk.get("key_ops", ["verify"])
    meant = jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    named = jwk.get("alg", algorithm)
    same = named == algorithm or (named in ED25519_NAMES and algorithm in ED25519_NAMES)
    if not (meant and same):
        raise Untrusted("dpop-key", "the key of a proof says that it is for something else")


def _require_family(jwk: dict[str, Json], family: str, curve: str) -> None:
    if jwk.get("kty") != family or jwk.get("crv") != curve:
        raise Untrusted("dpop-key", "the key of a proof is of another family than its algorithm")


def _ed25519_check(key: VerifyingKey) -> Callable[[bytes, bytes], None]:
    def verify(signature: bytes, message: bytes) -> None:
        try:
            key.verify(signature, message)
        except (Untrusted, MalformedMessage):
            raise _not_signed() from None

    return verify


def _not_signed() -> Untrusted:
    return Untrusted("dpop-signature", "the signature of the proof does not hold")


def _p256_key(jwk: dict[str, Json]) -> ProofKey:
    _require_family(jwk, "EC", "P-256")
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise Untrusted("dpop-key", "a P-256 key has the coordinates x and y")
    point = b"\x04" + unb64u(x, _COORDINATE_BYTES) + unb64u(y, _COORDINATE_BYTES)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)  # refuses a point off the curve
    thumbprint = digest(encode({"crv": "P-256", "kty": "EC", "x": x, "y": y}))  # RFC 7638
    return ProofKey(KeyId(thumbprint), _p256_check(key))


def _p256_check(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], None]:
    algorithm = ec.ECDSA(SHA256())

    def verify(signature: bytes, message: bytes) -> None:
        half = _COORDINATE_BYTES
        r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half : 2 * half])
        try:
            key.verify(encode_dss_signature(r, s), message, algorithm)
        except InvalidSignature:
            raise _not_signed() from None
        if len(signature) != 2 * half:
            raise _not_signed()

    return verify
