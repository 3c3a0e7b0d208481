"""Keys that sign: Ed25519 for what is signed every day, a pair for what must hold for decades.

Decides what a signing key is, how it is written (JWK: RFC 8037, RFC 9964) and what it is called:
its RFC 7638 thumbprint, never a name, so that a key cannot be exchanged behind its id. A
`DocumentKey` is Ed25519 and ML-DSA-65 together under one id; both must sign, both must verify.

It does not know who owns a key, nor whether it is valid today: `keys.DirectoryEntry` says that.
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from hub.protocols.canonical import Json, Reader, b64u, digest, encode
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import KeyId

ED25519: Final = "Ed25519"
"""Fully specified name of the algorithm (RFC 9864); the older `EdDSA` is refused."""

ML_DSA_65: Final = "ML-DSA-65"

SEED_BYTES: Final = 32
"""Bytes of every private key: Ed25519 and ML-DSA-65 alike are made from a seed."""

_ED25519_BYTES: Final = 32
_ML_DSA_65_BYTES: Final = 1952


def thumbprint(required: dict[str, Json]) -> KeyId:
    """Return the RFC 7638 thumbprint of the members that its key type requires."""
    return KeyId(digest(encode(required)))


def check_jwk_marks(reader: Reader, alg: str, use: str, key_id: KeyId) -> None:
    """Check the members that say what a key is for, where they are given, and refuse all others.

    Private members (`d`, `priv`) are unknown members here: a private key is never read as public.
    """
    for name, wanted in (("alg", alg), ("use", use), ("kid", key_id)):
        if reader.optional_text(name) not in (None, wanted):
            raise MalformedMessage("key-marks", f"{name} of the key does not agree with the key")
    reader.done()


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """An Ed25519 public key."""

    raw: bytes = field(repr=False)
    key_id: KeyId = field(init=False)
    _library: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Give the key its id; raise `MalformedMessage` where it is not 32 bytes."""
        if len(self.raw) != _ED25519_BYTES:
            raise MalformedMessage("key-size", "an Ed25519 public key has 32 bytes")
        object.__setattr__(self, "key_id", thumbprint(self.jwk))
        object.__setattr__(self, "_library", Ed25519PublicKey.from_public_bytes(self.raw))

    @property
    def jwk(self) -> dict[str, Json]:
        """The key as a JWK with the required members alone (RFC 8037 section 2)."""
        return {"crv": "Ed25519", "kty": "OKP", "x": b64u(self.raw)}

    @classmethod
    def from_jwk(cls, jwk: Json) -> "VerifyingKey":
        """Read a JWK; raise `MalformedMessage` for any other kind of key or unknown members."""
        reader = Reader(jwk, "key")
        if (reader.text("kty"), reader.text("crv")) != ("OKP", "Ed25519"):
            raise MalformedMessage("key-kind", "an Ed25519 key was expected")
        key = cls(reader.binary("x", _ED25519_BYTES))
        check_jwk_marks(reader, ED25519, "sig", key.key_id)
        return key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise `Untrusted` unless this key signed exactly these bytes."""
        try:
            self._library.verify(signature, message)
        except InvalidSignature:
            raise Untrusted(
                "signature-invalid", "the signature is not by this key over these bytes"
            ) from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 private key; it never appears in a representation."""

    seed: bytes = field(repr=False)
    public: VerifyingKey = field(init=False)
    _library: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the public key; raise `MalformedMessage` where the seed is not 32 bytes."""
        _check_seed(self.seed)
        library = Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "_library", library)
        object.__setattr__(self, "public", VerifyingKey(library.public_key().public_bytes_raw()))

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Make the key of a seed of 32 bytes."""
        return cls(seed)

    @property
    def key_id(self) -> KeyId:
        """The id of the public key."""
        return self.public.key_id

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes (deterministic, RFC 8032)."""
        return self._library.sign(message)


@dataclass(frozen=True, slots=True)
class DocumentPublicKey:
    """The public half of a pair: Ed25519 and ML-DSA-65 under one id."""

    classical: VerifyingKey
    lattice: bytes = field(repr=False)
    key_id: KeyId = field(init=False)
    _library: MLDSA65PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Give the pair its id; raise `MalformedMessage` where the ML-DSA-65 key is no such key."""
        if len(self.lattice) != _ML_DSA_65_BYTES:
            raise MalformedMessage("key-size", "an ML-DSA-65 public key has 1952 bytes")
        pair: dict[str, Json] = {ED25519: self.classical.key_id, ML_DSA_65: thumbprint(self._lattice_jwk)}
        object.__setattr__(self, "key_id", thumbprint(pair))
        object.__setattr__(self, "_library", MLDSA65PublicKey.from_public_bytes(self.lattice))

    @property
    def jwks(self) -> dict[str, Json]:
        """The pair as a JWK set: Ed25519 first, then ML-DSA-65 (RFC 9964)."""
        return {"keys": [self.classical.jwk, self._lattice_jwk]}

    @property
    def _lattice_jwk(self) -> dict[str, Json]:
        return {"alg": ML_DSA_65, "kty": "AKP", "pub": b64u(self.lattice)}

    @classmethod
    def from_jwks(cls, jwks: Json) -> "DocumentPublicKey":
        """Read what `jwks` writes; raise `MalformedMessage` for anything else."""
        reader = Reader(jwks, "keys")
        pair = reader.items("keys")
        reader.done()
        if len(pair) != 2:
            raise MalformedMessage("key-pair", "an Ed25519 key and an ML-DSA-65 key were expected")
        return cls(VerifyingKey.from_jwk(pair[0]), _read_lattice(pair[1]))

    def verify(self, alg: str, signature: bytes, message: bytes) -> None:
        """Raise `Untrusted` unless this half of the pair (`alg`) signed exactly these bytes."""
        if alg == ED25519:
            self.classical.verify(signature, message)
            return
        try:
            self._library.verify(signature, message)
        except InvalidSignature:
            raise Untrusted(
                "signature-invalid", "the signature is not by this key over these bytes"
            ) from None


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """A pair that signs documents of long life; it never appears in a representation."""

    classical: SigningKey = field(repr=False)
    lattice_seed: bytes = field(repr=False)
    public: DocumentPublicKey = field(init=False)
    _library: MLDSA65PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the public pair; raise `MalformedMessage` where a seed is not 32 bytes."""
        _check_seed(self.lattice_seed)
        library = MLDSA65PrivateKey.from_seed_bytes(self.lattice_seed)
        public = DocumentPublicKey(self.classical.public, library.public_key().public_bytes_raw())
        object.__setattr__(self, "_library", library)
        object.__setattr__(self, "public", public)

    @classmethod
    def generate(cls) -> "DocumentKey":
        """Make a pair from the operating system's randomness."""
        return cls(SigningKey.generate(), MLDSA65PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_seeds(cls, classical: bytes, lattice: bytes) -> "DocumentKey":
        """Make the pair of two seeds of 32 bytes each."""
        return cls(SigningKey.from_seed(classical), lattice)

    @property
    def seeds(self) -> tuple[bytes, bytes]:
        """The two seeds, for a keyring: Ed25519, then ML-DSA-65."""
        return self.classical.seed, self.lattice_seed

    @property
    def key_id(self) -> KeyId:
        """The id of the public pair."""
        return self.public.key_id

    def sign(self, alg: str, message: bytes) -> bytes:
        """Return the signature by one half; ML-DSA-65 signs with fresh randomness each time."""
        return self.classical.sign(message) if alg == ED25519 else self._library.sign(message)


def _check_seed(seed: bytes) -> None:
    if len(seed) != SEED_BYTES:
        raise MalformedMessage("key-size", f"a private key is a seed of {SEED_BYTES} bytes")


def _read_lattice(jwk: Json) -> bytes:
    reader = Reader(jwk, "key")
    if (reader.text("kty"), reader.text("alg")) != ("AKP", ML_DSA_65):
        raise MalformedMessage("key-kind", "an ML-DSA-65 key was expected")
    raw = reader.binary("pub", _ML_DSA_65_BYTES)
    required: dict[str, Json] = {"alg": ML_DSA_65, "kty": "AKP", "pub": b64u(raw)}
    check_jwk_marks(reader, ML_DSA_65, "sig", thumbprint(required))
    return raw
