"""JWE with HPKE Key Encryption: a content key wrapped for one recipient, beside the content.

Decides which bytes go where: draft-ietf-jose-hpke-encrypt section 6 and, for the post-quantum
algorithms, draft-ietf-jose-hpke-pq-pqt. The HPKE suite itself is the library's; nothing here is a
primitive. It can read every algorithm of the two drafts that the library has, so that their
published vectors can hold it; which of them a member may use is the registry's business (`suites`).

Integrated Encryption (`HPKE-n` without `-KE`) is not read: the library offers no aad for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    MLKEM1024P384PrivateKey,
    MLKEM1024P384PublicKey,
    Suite,
)

from hub.protocols.canonical import Reader, b64u, decode, encode, unb64u
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import KeyId

PrivateKey: TypeAlias = (
    x25519.X25519PrivateKey
    | ec.EllipticCurvePrivateKey
    | mlkem.MLKEM768PrivateKey
    | mlkem.MLKEM1024PrivateKey
    | MLKEM768X25519PrivateKey
    | MLKEM1024P384PrivateKey
)
PublicKey: TypeAlias = (
    x25519.X25519PublicKey
    | ec.EllipticCurvePublicKey
    | mlkem.MLKEM768PublicKey
    | mlkem.MLKEM1024PublicKey
    | MLKEM768X25519PublicKey
    | MLKEM1024P384PublicKey
)

NONCE_BYTES: Final = 12
"""AES-GCM nonce (RFC 7518 section 5.3)."""

TAG_BYTES: Final = 16
"""AES-GCM tag (RFC 7518 section 5.3)."""

KEY_BYTES: Final = 32
"""Content key of A256GCM, the only content encryption that the hub itself writes."""

CONTENT_KEY_BYTES: Final = {"A128GCM": 16, "A256GCM": KEY_BYTES}
"""Content encryptions that are read, with the length of their keys."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One `HPKE-n-KE`: the library's suite and the length of its encapsulated secret in bytes."""

    library: Suite
    secret_bytes: int


def _algorithm(kem: KEM, kdf: KDF, aead: AEAD) -> Algorithm:
    return Algorithm(Suite(kem, kdf, aead), kem.enc_length())


ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    "HPKE-0-KE": _algorithm(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_128_GCM),
    "HPKE-1-KE": _algorithm(KEM.P384, KDF.HKDF_SHA384, AEAD.AES_256_GCM),
    "HPKE-2-KE": _algorithm(KEM.P521, KDF.HKDF_SHA512, AEAD.AES_256_GCM),
    "HPKE-3-KE": _algorithm(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM),
    "HPKE-4-KE": _algorithm(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305),
    "HPKE-7-KE": _algorithm(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    "HPKE-9-KE": _algorithm(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM),
    "HPKE-10-KE": _algorithm(KEM.MLKEM1024_P384, KDF.SHAKE256, AEAD.AES_256_GCM),
    "HPKE-12-KE": _algorithm(KEM.MLKEM768, KDF.SHAKE256, AEAD.AES_256_GCM),
    "HPKE-13-KE": _algorithm(KEM.MLKEM1024, KDF.SHAKE256, AEAD.AES_256_GCM),
}
"""What the library can do of draft-ietf-jose-hpke-encrypt and draft-ietf-jose-hpke-pq-pqt, under
the numbers of the working group's drafts (an older draft numbered MLKEM768-X25519 as 10: such a
box fails closed, since HPKE binds its code points into the key)."""

_SEGMENTS: Final = 5


@dataclass(frozen=True, slots=True)
class Jwe:
    """A compact JWE with an encrypted key, taken apart but not yet opened."""

    protected: str
    alg: str
    enc: str
    key_id: KeyId
    secret: bytes
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes
    tag: bytes


def seal_jwe(
    plaintext: bytes, alg: str, key_id: KeyId, key: PublicKey, randomness: Callable[[int], bytes]
) -> str:
    """Return a compact JWE (A256GCM) that the holder of `key` can open.

    `randomness` gives the content key and its nonce, fresh for each call. Raises `Untrusted` for a
    public key that the algorithm cannot use.
    """
    content_key, nonce = randomness(KEY_BYTES), randomness(NONCE_BYTES)
    algorithm = ALGORITHMS[alg]
    try:
        wrapped = algorithm.library.encrypt(content_key, key, info=_recipient_structure("A256GCM"))
    except (TypeError, ValueError):
        raise Untrusted("key-unusable", "nothing can be sealed to this public key") from None
    secret, wrapped_key = wrapped[: algorithm.secret_bytes], wrapped[algorithm.secret_bytes :]
    protected = b64u(encode({"alg": alg, "ek": b64u(secret), "enc": "A256GCM", "kid": key_id}))
    sealed = AESGCM(content_key).encrypt(nonce, plaintext, protected.encode())
    return join_segments(protected, wrapped_key, nonce, sealed)


def join_segments(protected: str, wrapped_key: bytes, nonce: bytes, sealed: bytes) -> str:
    """Return the five segments of a compact JWE; `sealed` is the ciphertext with its tag behind it."""
    parts = (wrapped_key, nonce, sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
    return ".".join((protected, *map(b64u, parts)))


def split_segments(text: str) -> list[str]:
    """Return the five segments of a compact JWE; raise `MalformedMessage` otherwise."""
    segments = text.split(".")
    if len(segments) != _SEGMENTS or not text.isascii():
        raise MalformedMessage("jwe-malformed", "a compact JWE has five segments")
    return segments


def read_jwe(text: str) -> Jwe:
    """Take a compact JWE with HPKE Key Encryption apart.

    The header has `alg`, `ek`, `enc` and `kid` and nothing else: `zip`, `crit`, `psk_id` and keys
    of the message's own are refused. Raises `MalformedMessage`, or `Untrusted` for an algorithm
    that is not in `ALGORITHMS` or `CONTENT_KEY_BYTES`.
    """
    protected, wrapped_key, nonce, ciphertext, tag = split_segments(text)
    reader = Reader(decode(unb64u(protected)), "header")
    alg, enc, key_id = reader.text("alg"), reader.text("enc"), reader.digest("kid")
    secret = reader.binary("ek")
    reader.done()
    if alg not in ALGORITHMS or enc not in CONTENT_KEY_BYTES:
        raise Untrusted("jwe-algorithm", "the JWE is sealed with an algorithm that is not read here")
    return Jwe(
        protected=protected,
        alg=alg,
        enc=enc,
        key_id=KeyId(key_id),
        secret=_of_size(secret, ALGORITHMS[alg].secret_bytes),
        wrapped_key=unb64u(wrapped_key, CONTENT_KEY_BYTES[enc] + TAG_BYTES),
        nonce=unb64u(nonce, NONCE_BYTES),
        ciphertext=unb64u(ciphertext),
        tag=unb64u(tag, TAG_BYTES),
    )


def open_jwe(jwe: Jwe, key: PrivateKey) -> bytes:
    """Return the plaintext; raise `Untrusted` where the key does not fit or a byte was changed."""
    try:
        content_key = ALGORITHMS[jwe.alg].library.decrypt(
            jwe.secret + jwe.wrapped_key, key, info=_recipient_structure(jwe.enc)
        )
        return AESGCM(content_key).decrypt(jwe.nonce, jwe.ciphertext + jwe.tag, jwe.protected.encode())
    except (InvalidTag, TypeError, ValueError):
        raise Untrusted("jwe-unreadable", "this key does not open the JWE, or it was changed") from None


def _recipient_structure(enc: str) -> bytes:
    """Return the HPKE info of Key Encryption (draft-ietf-jose-hpke-encrypt section 6.1)."""
    return b"JOSE-HPKE rcpt\xff" + enc.encode() + b"\xff"


def _of_size(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise MalformedMessage("binary-size", f"{size} bytes were expected")
    return data
