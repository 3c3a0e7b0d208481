"""The compact form of a JSON Web Signature, read as narrowly as the standard allows.

Decides, for the three tokens of access (client assertion, proof of possession, access token),
which text is one at all: three segments of canonical base64url, the first two strict JSON objects
(RFC 7515 sections 3.1 and 7.1). A header that could point the reader to a key or change the
meaning of the rest (`crit`, `b64`, `jku`, `x5u`, `x5c`) is refused, understood or not. It checks
no signature and no claim: that is for `access` and `proof_of_possession`.

PyJWT is not used here: it takes padded base64 and a field given twice, and reads the wall clock.
The tests hold this reader to PyJWT from the other side.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hub.protocols.canonical import Json, b64u, decode, encode, unb64u
from hub.protocols.errors import MalformedMessage
from hub.protocols.keys import SigningKey

TOKEN_CHARS: Final = 2_048
"""Longest token of access, in characters: a real one takes 350 to 600."""

JTI_CHARS: Final = 128
"""Longest `jti`, in characters: a UUID takes 36; the replay store keeps them, so they are bounded."""

LATEST_SECOND: Final = 253_402_300_799
"""The last second of the year 9999: what follows is no moment that a reader could hold."""

ED25519_NAMES: Final = ("Ed25519", "EdDSA")
"""Names of the one signature algorithm of members: RFC 9864, and RFC 8037 which most software sends."""

_STEERING: Final = frozenset({"crit", "b64", "jku", "x5u", "x5c"})


@dataclass(frozen=True, slots=True)
class CompactToken:
    """A token taken apart, nothing in it believed yet."""

    header: dict[str, Json]
    claims: dict[str, Json]
    signed: bytes
    signature: bytes


def split_token(token: str, code: str) -> tuple[str, str, str]:
    """Return header, claims and signature as they stand; raise `MalformedMessage(code)` otherwise."""
    segments = token.split(".") if len(token) <= TOKEN_CHARS and token.isascii() else []
    if len(segments) != 3 or not all(segments):
        raise MalformedMessage(code, "a compact JWS of three parts was expected")
    return segments[0], segments[1], segments[2]


def read_bytes(segment: str, code: str) -> bytes:
    """Return the bytes of one segment; raise `MalformedMessage(code)` otherwise."""
    try:
        return unb64u(segment)
    except MalformedMessage as fault:
        raise MalformedMessage(code, fault.detail) from None


def read_segment(segment: str, code: str) -> dict[str, Json]:
    """Return the JSON object of one segment; raise `MalformedMessage(code)` otherwise."""
    data = read_bytes(segment, code)
    try:
        value = decode(data)
    except MalformedMessage as fault:
        raise MalformedMessage(code, fault.detail) from None
    if not isinstance(value, dict):
        raise MalformedMessage(code, "header and claims of a token are JSON objects")
    return value


def read_token(token: str, code: str) -> CompactToken:
    """Take a token apart; every fault of form is `MalformedMessage(code)`."""
    first, second, third = split_token(token, code)
    header, claims = read_segment(first, code), read_segment(second, code)
    refuse_steering(header, code)
    if "jwk" in header:
        raise MalformedMessage(code, "a key inside this token is not looked at: leave it out")
    return CompactToken(header, claims, f"{first}.{second}".encode(), read_bytes(third, code))


def refuse_steering(header: dict[str, Json], code: str) -> None:
    """Refuse a header that points to keys elsewhere or changes how the token is read."""
    if not _STEERING.isdisjoint(header):
        raise MalformedMessage(code, "the header names an extension that is not accepted here")


def write_token(header: dict[str, Json], claims: dict[str, Json], key: SigningKey) -> str:
    """Sign `claims` under `header`, which names its algorithm."""
    signed = f"{b64u(encode(header))}.{b64u(encode(claims))}"
    return f"{signed}.{b64u(key.sign(signed.encode()))}"


def text_claim(claims: dict[str, Json], name: str, code: str, most: int = 512) -> str:
    """Return a claim that is text of 1 to `most` characters."""
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= most:
        raise MalformedMessage(code, f"the claim {name} must be text of at most {most} characters")
    return found


def jti_claim(claims: dict[str, Json], code: str) -> str:
    """Return the claim `jti`: printable ASCII of at most `JTI_CHARS` characters."""
    found = text_claim(claims, "jti", code, JTI_CHARS)
    if not (found.isascii() and found.isprintable()):
        raise MalformedMessage(code, "the claim jti must be printable ASCII")
    return found


def second_claim(claims: dict[str, Json], name: str, code: str) -> int:
    """Return a claim that is a moment, in whole seconds since 1970 (NumericDate, RFC 7519)."""
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= LATEST_SECOND:
        raise MalformedMessage(code, f"the claim {name} must be whole seconds since 1970")
    return found


def moment(second: int) -> datetime:
    """Return the moment of a NumericDate."""
    return datetime.fromtimestamp(second, UTC)
