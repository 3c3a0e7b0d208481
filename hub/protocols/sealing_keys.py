"""Keys that things are sealed to: one kind for each suite.

Decides how a sealing key is written and what it is called. A private key is a seed of 32 bytes:
for the hybrid suite SHAKE256 expands it to an ML-KEM-768 seed and an X25519 key (X-Wing,
draft-connolly-cfrg-xwing-kem; JWK of type AKP, draft-ietf-jose-hpke-pq-pqt); for P-256 it is the
private scalar itself. The id is the RFC 7638 thumbprint of the public key.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.protocols import suites
from hub.protocols.canonical import Json, Reader, b64u
from hub.protocols.errors import MalformedMessage
from hub.protocols.jwe import PrivateKey, PublicKey
from hub.protocols.names import KeyId
from hub.protocols.signature_keys import SEED_BYTES, check_jwk_marks, thumbprint
from hub.protocols.suites import CLASSICAL, HYBRID, Suite

_ML_KEM_768_BYTES: Final = 1184
_X25519_BYTES: Final = 32
_COORDINATE_BYTES: Final = 32
_UNCOMPRESSED: Final = b"\x04"
_PUBLIC_BYTES: Final = {HYBRID.id: _ML_KEM_768_BYTES + _X25519_BYTES, CLASSICAL.id: 1 + 2 * _COORDINATE_BYTES}


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """A public key that key boxes are sealed to; `raw` is the KEM's own encoding of it."""

    suite: Suite
    raw: bytes = field(repr=False)
    key_id: KeyId = field(init=False)
    library: PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Give the key its id; raise `MalformedMessage` where the bytes are no key of the suite."""
        object.__setattr__(self, "library", _read_public(self.suite, self.raw))
        object.__setattr__(self, "key_id", thumbprint(_required(self.suite, self.raw)))

    @property
    def jwk(self) -> dict[str, Json]:
        """The key as a JWK; `alg` names the suite."""
        return {"alg": self.suite.jose_alg, **_required(self.suite, self.raw)}

    @classmethod
    def from_jwk(cls, jwk: Json) -> "SealingPublicKey":
        """Read what `jwk` writes.

        Raises `MalformedMessage` for another kind of key or unknown members, `Untrusted` where no
        suite has this `alg`.
        """
        reader = Reader(jwk, "key")
        found = suites.suite_of_alg(reader.text("alg"))
        key = cls(found, _read_hybrid(reader) if found == HYBRID else _read_p256(reader))
        check_jwk_marks(reader, found.jose_alg, "enc", key.key_id)
        return key


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A private key that opens key boxes; the seed never appears in a representation."""

    suite: Suite
    seed: bytes = field(repr=False)
    public: SealingPublicKey = field(init=False)
    library: PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the public key; raise `MalformedMessage` where the seed is not one of the suite."""
        if len(self.seed) != SEED_BYTES:
            raise MalformedMessage("key-size", f"a private key is a seed of {SEED_BYTES} bytes")
        library, raw = _expand_hybrid(self.seed) if self.suite == HYBRID else _expand_p256(self.seed)
        object.__setattr__(self, "library", library)
        object.__setattr__(self, "public", SealingPublicKey(self.suite, raw))

    @classmethod
    def generate(cls, suite_id: str) -> "SealingKey":
        """Make a key of a suite from the operating system's randomness."""
        found = suites.suite(suite_id)
        if found == HYBRID:
            return cls(found, x25519.X25519PrivateKey.generate().private_bytes_raw())
        scalar = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        return cls(found, scalar.to_bytes(SEED_BYTES))

    @classmethod
    def from_seed(cls, suite_id: str, seed: bytes) -> "SealingKey":
        """Make the key of a seed of 32 bytes."""
        return cls(suites.suite(suite_id), seed)

    @property
    def key_id(self) -> KeyId:
        """The id of the public key."""
        return self.public.key_id


def _expand_hybrid(seed: bytes) -> tuple[PrivateKey, bytes]:
    expanded = hashlib.shake_256(seed).digest(96)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    raw = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return MLKEM768X25519PrivateKey(lattice, curve), raw


def _expand_p256(seed: bytes) -> tuple[PrivateKey, bytes]:
    try:
        key = ec.derive_private_key(int.from_bytes(seed), ec.SECP256R1())
    except ValueError:
        raise MalformedMessage("key-unusable", "the seed is no private key of P-256") from None
    return key, key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _read_public(suite: Suite, raw: bytes) -> PublicKey:
    try:
        if len(raw) == _PUBLIC_BYTES[suite.id]:
            return _read_hybrid_bytes(raw) if suite == HYBRID else _read_p256_bytes(raw)
    except ValueError:
        pass
    raise MalformedMessage("key-unusable", "the bytes are no public key of the suite")


def _read_hybrid_bytes(raw: bytes) -> PublicKey:
    lattice = mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_ML_KEM_768_BYTES])
    return MLKEM768X25519PublicKey(lattice, x25519.X25519PublicKey.from_public_bytes(raw[_ML_KEM_768_BYTES:]))


def _read_p256_bytes(raw: bytes) -> PublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)


def _required(suite: Suite, raw: bytes) -> dict[str, Json]:
    """Return the members that the thumbprint is taken over: AKP by RFC 9964, EC by RFC 7638."""
    if suite == HYBRID:
        return {"alg": suite.jose_alg, "kty": "AKP", "pub": b64u(raw)}
    x, y = raw[1 : 1 + _COORDINATE_BYTES], raw[1 + _COORDINATE_BYTES :]
    return {"crv": "P-256", "kty": "EC", "x": b64u(x), "y": b64u(y)}


def _read_hybrid(reader: Reader) -> bytes:
    if reader.text("kty") != "AKP":
        raise MalformedMessage("key-kind", "a key of type AKP was expected")
    return reader.binary("pub", _PUBLIC_BYTES[HYBRID.id])


def _read_p256(reader: Reader) -> bytes:
    if (reader.text("kty"), reader.text("crv")) != ("EC", "P-256"):
        raise MalformedMessage("key-kind", "a key on P-256 was expected")
    return _UNCOMPRESSED + reader.binary("x", _COORDINATE_BYTES) + reader.binary("y", _COORDINATE_BYTES)
