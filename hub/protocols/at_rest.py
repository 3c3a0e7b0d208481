"""Bytes that lie still: the hub's layer over stored parts, and a member's keyring under a passphrase.

Decides the two formats. `rest_*` is AES-256-GCM under a key that is kept elsewhere and can be
destroyed: who destroys the key has shredded every copy. `vault_*` derives its key from a
passphrase (or the bytes of a key file) with Argon2id (RFC 9106); its parameters stand in clear in
front, so that they can be raised later without a migration.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hub.protocols.canonical import Json, Reader, b64u, decode_canonical, encode
from hub.protocols.errors import MalformedMessage, Untrusted

_FORM: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_VAULT_FORM: Final = 1
_ONE_AT_A_TIME: Final = threading.Lock()
"""Lanes run in the library's own pool of threads, where two derivations at once wait for ever
(cryptography 50.0.2 with OpenSSL 4.0.3)."""


@dataclass(frozen=True, slots=True)
class VaultCost:
    """What one guess at a passphrase costs: KiB of memory, passes over it, lanes."""

    memory: int
    iterations: int
    lanes: int


VAULT_COST: Final = VaultCost(memory=65_536, iterations=3, lanes=4)
"""Second recommendation of RFC 9106 section 4: about 0.15 s and 64 MiB."""

_LARGEST_COST: Final = VaultCost(memory=1_048_576, iterations=16, lanes=16)


def rest_seal(blob: bytes, key: bytes, nonce: bytes, label: str) -> bytes:
    """Return `blob` sealed for rest; `label` says where it lies and is bound to it.

    A nonce (12 bytes) is used once with a key (32 bytes).
    """
    return _FORM + nonce + AESGCM(key).encrypt(nonce, blob, label.encode())


def rest_open(sealed: bytes, key: bytes, label: str) -> bytes:
    """Return what `rest_seal` sealed under this key and label; raise a typed error otherwise."""
    if sealed[:1] != _FORM or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
        raise MalformedMessage("rest-malformed", "the stored bytes do not have the form of sealed bytes")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], label.encode())
    except (InvalidTag, ValueError):
        raise Untrusted(
            "rest-unreadable", "the key does not open the stored bytes, or they were changed"
        ) from None


def vault_seal(
    blob: bytes,
    passphrase: str | bytes,
    cost: VaultCost = VAULT_COST,
    randomness: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Return `blob` sealed under a passphrase: one line of JSON, parameters in clear."""
    salt, nonce = randomness(_SALT_BYTES), randomness(_NONCE_BYTES)
    head = _vault_head(cost, salt)
    sealed = AESGCM(_derive(passphrase, cost, salt)).encrypt(nonce, blob, encode(head))
    return encode({**head, "nonce": b64u(nonce), "sealed": b64u(sealed)})


def vault_open(vault: bytes, passphrase: str | bytes) -> bytes:
    """Return what `vault_seal` sealed.

    Raises `Untrusted` where the passphrase is another or a byte was changed, `MalformedMessage`
    where the bytes are no vault or ask for more work than any vault should.
    """
    reader = Reader(decode_canonical(vault), "vault")
    if (reader.integer("form"), reader.text("kdf")) != (_VAULT_FORM, "argon2id"):
        raise MalformedMessage("form-unknown", "this form of vault is not known here")
    cost = _read_cost(reader)
    salt, nonce = reader.binary("salt", _SALT_BYTES), reader.binary("nonce", _NONCE_BYTES)
    sealed = reader.binary("sealed")
    reader.done()
    try:
        return AESGCM(_derive(passphrase, cost, salt)).decrypt(nonce, sealed, encode(_vault_head(cost, salt)))
    except InvalidTag:
        raise Untrusted(
            "vault-unreadable", "the passphrase does not open the vault, or it was changed"
        ) from None


def _vault_head(cost: VaultCost, salt: bytes) -> dict[str, Json]:
    return {
        "form": _VAULT_FORM,
        "kdf": "argon2id",
        "memory": cost.memory,
        "iterations": cost.iterations,
        "lanes": cost.lanes,
        "salt": b64u(salt),
    }


def _read_cost(reader: Reader) -> VaultCost:
    """Read the cost; bounds keep a changed file from asking for all of the machine."""
    lanes = reader.integer("lanes", 1, _LARGEST_COST.lanes)
    return VaultCost(
        # Argon2 needs 8 KiB a lane (RFC 9106 section 3.1)
        memory=reader.integer("memory", 8 * lanes, _LARGEST_COST.memory),
        iterations=reader.integer("iterations", 1, _LARGEST_COST.iterations),
        lanes=lanes,
    )


def _derive(passphrase: str | bytes, cost: VaultCost, salt: bytes) -> bytes:
    secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
    work = Argon2id(
        salt=salt,
        length=_KEY_BYTES,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory,
    )
    with _ONE_AT_A_TIME:
        return work.derive(secret)
