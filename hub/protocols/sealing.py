"""Seal the ten parts of a notice, and the box of keys that opens some of them.

Decides the bytes of a sealed part and of a key box. A part is a compact JWE (`dir`, A256GCM) under
a content key of its own, of one size a kind, absent ones as sealed padding, so that neither size
nor presence tells the hub anything. A key box is a compact JWE with HPKE Key Encryption, of one
length a suite, with the content keys that one member could be entitled to and no others: what a
hub releases beyond the agreements stays unreadable.

AES-GCM alone does not commit to a key, so each part has a salted digest of its plaintext too (the
salt lies inside the part): a sender cannot show two recipients different facts from one
ciphertext. A box says for which notice it is; who made it is said by the manifest or the key grant
that names its digest. Which keys go in is `hub.consent`'s answer, not given here.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.protocols.at_rest import (
    VAULT_COST,
    VaultCost,
    rest_open,
    rest_seal,
    vault_open,
    vault_seal,
)
from hub.protocols.canonical import Json, Reader, b64u, decode_canonical, digest, encode, unb64u
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.jwe import (
    ALGORITHMS,
    KEY_BYTES,
    NONCE_BYTES,
    TAG_BYTES,
    Jwe,
    join_segments,
    open_jwe,
    read_jwe,
    seal_jwe,
)
from hub.protocols.limits import KEY_BOX_BYTES, PART_BYTES
from hub.protocols.names import Digest, KeyId, NoticeId, Part, parse_id
from hub.protocols.sealing_keys import SealingKey, SealingPublicKey
from hub.protocols.suites import Suite

__all__ = [
    "VAULT_COST",
    "SealedPart",
    "VaultCost",
    "box_key_id",
    "box_length",
    "check_box_form",
    "check_part_form",
    "new_part_keys",
    "open_box",
    "open_part",
    "part_digest",
    "rest_open",
    "rest_seal",
    "seal_box",
    "seal_part",
    "unwrap_secret",
    "vault_open",
    "vault_seal",
    "wrap_secret",
]

SALT_BYTES: Final = 32
"""Random bytes inside a part that keep its plaintext digest from being guessed at."""

_HEADERS: Final = {part: b64u(encode({"alg": "dir", "enc": "A256GCM", "part": part.value})) for part in Part}


def _base64_length(size: int) -> int:
    return (size * 4 + 2) // 3


def _part_form(part: Part) -> re.Pattern[str]:
    sizes = (NONCE_BYTES, PART_BYTES[part], TAG_BYTES)
    return re.compile(re.escape(_HEADERS[part]) + r"\.\." + r"\.".join(map(_segment_form, sizes)))


def _segment_form(size: int) -> str:
    """The canonical base64url of so many bytes: the spare bits of its last sign are zero."""
    last = ("[A-Za-z0-9_-]", "[AQgw]", "[AEIMQUYcgkosw048]")[size % 3]
    return f"([A-Za-z0-9_-]{{{_base64_length(size) - 1}}}{last})"


_FORMS: Final = {part: _part_form(part) for part in Part}


@dataclass(frozen=True, slots=True)
class SealedPart:
    """One sealed part with the two digests that the manifest names."""

    part: Part
    jwe: str
    cipher_digest: Digest
    plain_digest: Digest


def new_part_keys(randomness: Callable[[int], bytes]) -> dict[Part, bytes]:
    """Return ten content keys of 32 bytes, one a part."""
    return {part: randomness(KEY_BYTES) for part in Part}


def seal_part(part: Part, facts: Json, content_key: bytes, salt: bytes, nonce: bytes) -> SealedPart:
    """Seal the facts of one part; None seals padding that looks the same from outside.

    `content_key` and `salt` have 32 bytes, `nonce` 12; each is used for one part of one notice.
    Raises `MalformedMessage` where the facts do not fit into the part's fixed size.
    """
    plaintext = _pad(encode({"facts": facts, "salt": b64u(salt)}), PART_BYTES[part])
    sealed = AESGCM(content_key).encrypt(nonce, plaintext, _HEADERS[part].encode())
    jwe = join_segments(_HEADERS[part], b"", nonce, sealed)
    return SealedPart(part, jwe, part_digest(jwe), digest(plaintext))


def part_digest(jwe: str) -> Digest:
    """Return the digest of a sealed part as the manifest names it: over the whole JWE."""
    return digest(jwe.encode())


def check_part_form(part: Part, jwe: str) -> None:
    """Raise `MalformedMessage` unless this can be a sealed part of this kind; needs no key."""
    _match_part(part, jwe)


def open_part(part: Part, jwe: str, content_key: bytes, plain_digest: Digest) -> Json:
    """Return the facts of a part, or None where it is padding.

    Raises `MalformedMessage` for a wrong form; `Untrusted` where the key does not open it, where a
    byte was changed, or where the plaintext is not the one that the manifest's digest names.
    """
    nonce, sealed = _split_part(part, jwe)
    try:
        plaintext = AESGCM(content_key).decrypt(nonce, sealed, _HEADERS[part].encode())
    except (InvalidTag, ValueError):
        raise Untrusted("part-unreadable", "this key does not open the part, or it was changed") from None
    if digest(plaintext) != plain_digest:
        raise Untrusted("part-digest", "the part does not hold what the manifest says it holds")
    reader = Reader(_unpad(plaintext), "part")
    facts = reader.value("facts")
    reader.binary("salt", SALT_BYTES)
    reader.done()
    return facts


def seal_box(
    keys: Mapping[Part, bytes],
    notice: NoticeId,
    recipient: SealingPublicKey,
    randomness: Callable[[int], bytes] = os.urandom,
) -> str:
    """Return a key box for one member: the content keys given here, and no word of the others.

    Its length depends on the suite alone. Raises `Untrusted` for a public key that cannot be used.
    """
    named: dict[str, Json] = {part.value: b64u(key) for part, key in keys.items()}
    return _seal_padded({"keys": named, "notice": notice}, recipient, randomness)


def open_box(box: str, notice: NoticeId, key: SealingKey) -> dict[Part, bytes]:
    """Return the content keys in a box that was made for this notice and this key.

    Raises `MalformedMessage` for a wrong form; `Untrusted` for another key or another notice, or
    where a byte was changed.
    """
    reader = Reader(_open_padded(box, key), "box")
    if parse_id(reader.value("notice"), "ntc") != notice:
        raise Untrusted("box-notice", "the key box was made for another notice")
    named = reader.object("keys")
    keys = {part: named.binary(part.value, KEY_BYTES) for part in Part if named.has(part.value)}
    named.done()
    reader.done()
    return keys


def box_key_id(box: str) -> KeyId:
    """Return the id of the key that a box is sealed to; raise a typed error for a wrong form."""
    return read_jwe(box).key_id


def box_length(suite: Suite) -> int:
    """Return the length of every key box of a suite, in characters."""
    blank = {"alg": suite.jose_alg, "ek": "", "enc": suite.enc, "kid": "x" * _base64_length(32)}
    header = len(encode(dict(blank))) + _base64_length(ALGORITHMS[suite.jose_alg].secret_bytes)
    sizes = (header, KEY_BYTES + TAG_BYTES, NONCE_BYTES, KEY_BOX_BYTES, TAG_BYTES)
    return sum(map(_base64_length, sizes)) + len(sizes) - 1


def check_box_form(box: str, suite: Suite) -> None:
    """Raise a typed error unless this can be a key box of this suite; needs no key."""
    _read_box(box, suite)


def wrap_secret(
    secret: bytes,
    label: str,
    recipient: SealingPublicKey,
    randomness: Callable[[int], bytes] = os.urandom,
) -> str:
    """Return a box with one secret for one member; `label` says what the secret is for."""
    return _seal_padded({"label": label, "secret": b64u(secret)}, recipient, randomness)


def unwrap_secret(box: str, label: str, key: SealingKey) -> bytes:
    """Return the secret that was wrapped for this label and key.

    Raises `MalformedMessage` for a wrong form; `Untrusted` for another key or another label, or
    where a byte was changed.
    """
    reader = Reader(_open_padded(box, key), "box")
    if reader.text("label") != label:
        raise Untrusted("box-label", "the box holds a secret for another purpose")
    secret = reader.binary("secret")
    reader.done()
    return secret


def _split_part(part: Part, jwe: str) -> tuple[bytes, bytes]:
    """Return nonce, and ciphertext with tag, of a part of exactly the right form."""
    nonce, ciphertext, tag = map(unb64u, _match_part(part, jwe).groups())
    return nonce, ciphertext + tag


def _match_part(part: Part, jwe: str) -> re.Match[str]:
    found = _FORMS[part].fullmatch(jwe)
    if found is None:
        raise MalformedMessage("part-malformed", f"a sealed {part} part has one header and one length")
    return found


def _read_box(box: str, suite: Suite) -> Jwe:
    if len(box) != box_length(suite):
        raise MalformedMessage("box-length", "a key box has one length a suite")
    jwe = read_jwe(box)
    if (jwe.alg, jwe.enc) != (suite.jose_alg, suite.enc):
        raise Untrusted("box-suite", "the key box is not sealed with the suite that was said")
    return jwe


def _seal_padded(value: Json, recipient: SealingPublicKey, randomness: Callable[[int], bytes]) -> str:
    plaintext = _pad(encode(value), KEY_BOX_BYTES)
    return seal_jwe(plaintext, recipient.suite.jose_alg, recipient.key_id, recipient.library, randomness)


def _open_padded(box: str, key: SealingKey) -> Json:
    jwe = _read_box(box, key.suite)
    if jwe.key_id != key.key_id:
        raise Untrusted("key-unexpected", "the box is sealed to another key")
    return _unpad(open_jwe(jwe, key.library))


def _pad(plaintext: bytes, size: int) -> bytes:
    """Return JSON followed by spaces up to `size`: any JSON reader takes it as it stands."""
    if len(plaintext) > size:
        raise MalformedMessage("part-long", f"what is sealed must fit into {size} bytes")
    return plaintext.ljust(size, b" ")


def _unpad(plaintext: bytes) -> Json:
    return decode_canonical(plaintext.rstrip(b" "))
