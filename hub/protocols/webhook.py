"""One webhook message: what is signed, by whom, and until when it is believed (Standard Webhooks 1.0).

Decides the three headers of a message and how a receiver checks them: `v1` is HMAC-SHA-256 under a secret
that both hold, `v1a` Ed25519 under a key of the sender's. One message may carry several signatures, so that
a secret is exchanged without a gap. A message older than five minutes, or from the future, is a replay.
It knows no URL, does not send, and says nothing of what a body may hold: see who makes it.
"""

import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.signature_keys import SigningKey, VerifyingKey

TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of sender and receiver may be apart."""

SECRET_BYTES: Final = 32
SECRET_MARK: Final = "whsec_"  # noqa: S105 - the standard's prefix, not a secret
PUBLIC_MARK: Final = "whpk_"

_LEAST_SECRET, _MOST_SECRET = 24, 64
"""Bytes of a secret, by the standard."""

_MOST_SIGNATURES: Final = 8
"""Signatures that are looked at in one header: two keys of each kind, and as many again."""


@dataclass(frozen=True, slots=True)
class Signers:
    """What a sender signs with: the present secret and key first, then those on their way out."""

    secrets: tuple[bytes, ...] = ()
    keys: tuple[SigningKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Believed:
    """Whom a receiver believes."""

    secrets: tuple[bytes, ...] = ()
    keys: tuple[VerifyingKey, ...] = ()


def webhook_headers(message: str, at: datetime, body: bytes, signers: Signers) -> dict[str, str]:
    """Return the headers of a message: its id, its instant, and a signature by each signer.

    Raises `MalformedMessage` where the id could be taken for something else, or nobody signs.
    """
    if "." in message or not message.isprintable() or not message.isascii():
        raise MalformedMessage("webhook-id", "an id of plain signs without a point was expected")
    second = str(int(at.timestamp()))
    signed = _signed(message, second, body)
    signatures = [f"v1,{_base64(_hmac(secret, signed))}" for secret in signers.secrets]
    signatures += [f"v1a,{_base64(key.sign(signed))}" for key in signers.keys]
    if not signatures:
        raise MalformedMessage("webhook-unsigned", "a webhook is signed by a secret or a key at least")
    return {
        "webhook-id": message,
        "webhook-timestamp": second,
        "webhook-signature": " ".join(signatures),
    }


def check_webhook(headers: Mapping[str, str], body: bytes, believed: Believed, now: datetime) -> str:
    """Return the id of a message that one of the believed has signed, not longer ago than `TOLERANCE`.

    `headers` have their names in lower case. Raises `MalformedMessage` where one is missing or has
    another form, `Untrusted` where the message is old, early, or by nobody who is believed.
    """
    try:
        message, second = headers["webhook-id"], headers["webhook-timestamp"]
        given = headers["webhook-signature"].split(" ")[:_MOST_SIGNATURES]
        at = datetime.fromtimestamp(int(second), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        raise MalformedMessage("webhook-headers", "the three headers of a webhook were expected") from None
    if abs(now - at) > TOLERANCE:
        raise Untrusted("webhook-time", "the webhook is older than five minutes, or from the future")
    signed = _signed(message, second, body)
    if not any(_holds(one, signed, believed) for one in given):
        raise Untrusted("webhook-signature", "no signature of this webhook is by a secret or key known here")
    return message


def secret_text(secret: bytes) -> str:
    """Return a secret as receivers configure it."""
    return SECRET_MARK + _base64(secret)


def read_secret(text: str) -> bytes:
    """Read a secret of 24 to 64 bytes; raise `MalformedMessage` otherwise."""
    secret = _unbase64(text.removeprefix(SECRET_MARK))
    if secret is None or not _LEAST_SECRET <= len(secret) <= _MOST_SECRET:
        raise MalformedMessage("webhook-secret", "a secret has 24 to 64 bytes, in base64 after whsec_")
    return secret


def public_text(key: VerifyingKey) -> str:
    """Return a public key as receivers configure it."""
    return PUBLIC_MARK + _base64(key.raw)


def _holds(signature: str, signed: bytes, believed: Believed) -> bool:
    version, _, text = signature.partition(",")
    given = _unbase64(text)
    if given is None:
        return False
    if version == "v1":
        return any(hmac.compare_digest(_hmac(secret, signed), given) for secret in believed.secrets)
    return version == "v1a" and any(_verifies(key, given, signed) for key in believed.keys)


def _verifies(key: VerifyingKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except Untrusted:
        return False
    return True


def _signed(message: str, second: str, body: bytes) -> bytes:
    return f"{message}.{second}.".encode() + body


def _hmac(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()


def _base64(data: bytes) -> str:
    """The standard's form: padded, with plus and slash."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _unbase64(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text.encode(), strict_mode=True)
    except ValueError:
        return None
