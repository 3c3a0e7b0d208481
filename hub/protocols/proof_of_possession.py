"""Proof that a caller holds the key that its access token is bound to (DPoP, RFC 9449).

Decides, for the hub's token endpoint and every other route, whether a `DPoP` header proves
possession of a key for exactly this method, address, moment, token and server nonce. The steps of
`check_proof` carry the numbers of RFC 9449 section 4.3. Two of them are the caller's: step 1 (one
header alone) and the comparison of `key_id` with the `cnf.jkt` of the token; and the caller keeps
(`key_id`, `jti`) for `REPLAY_AGE` and refuses the second use. A proof does not cover the body:
what must be vouched for is a signed document of its own.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from hub.protocols.canonical import Json, b64u, sha256
from hub.protocols.compact import (
    jti_claim,
    moment,
    read_bytes,
    read_segment,
    second_claim,
    split_token,
    text_claim,
    write_token,
)
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.limits import CLOCK_SKEW, PROOF_AGE
from hub.protocols.names import KeyId
from hub.protocols.proof_key import PROOF_TYP, proof_key

REPLAY_AGE: Final = PROOF_AGE + CLOCK_SKEW
"""How long after its `iat` a proof could still be accepted: so long its `jti` is kept."""

NONCE_SECONDS: Final = 300
"""Seconds for which one server nonce is given out; it is accepted until the next has had its turn."""

_NONCE_BYTES: Final = 16
_OLDEST: Final = int(PROOF_AGE.total_seconds())
_SKEW: Final = int(CLOCK_SKEW.total_seconds())
_ADDRESS: Final = re.compile(r"[!-\[\]-~]+")  # printable ASCII without the backslash
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody held the key `key_id` at about `issued_at`, for this one request."""

    key_id: KeyId
    jti: str
    issued_at: datetime


def make_proof(
    method: str,
    url: str,
    key: SigningKey,
    now: datetime,
    jti: str,
    access_token: str | None = None,
    nonce: str | None = None,
) -> str:
    """Return the value of the `DPoP` header for one request; query and fragment are left out."""
    address = url.partition("#")[0].partition("?")[0]
    claims: dict[str, Json] = {"htm": method, "htu": address, "iat": int(now.timestamp()), "jti": jti}
    if access_token is not None:
        claims["ath"] = token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    header: dict[str, Json] = {"alg": "Ed25519", "jwk": key.public.jwk, "typ": PROOF_TYP}
    return write_token(header, claims, key)


def token_hash(access_token: str) -> str:
    """Return the claim `ath` for an access token (RFC 9449 section 4.2)."""
    return b64u(sha256(access_token.encode()))


def check_proof(
    token: str,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None = None,
    nonce_ok: Callable[[str], bool] | None = None,
    access_token_hash: str | None = None,
) -> Proof:
    """Return what a proof proves for a request of `method` to `url`.

    `url` is built from the configured public origin, never from what the request says of itself.
    `access_token_hash` spares a caller that already has `token_hash` from computing it twice.
    Raises `MalformedMessage("dpop-malformed")` or `Untrusted` with a code that begins `dpop-`.
    """
    first, second, third = split_token(token, "dpop-malformed")  # step 2
    key = proof_key(first)  # steps 4, 5, 7
    claims = read_segment(second, "dpop-malformed")
    key.verify(read_bytes(third, "dpop-malformed"), token[: len(first) + 1 + len(second)].encode())  # step 6
    jti = jti_claim(claims, "dpop-malformed")  # step 3, and with each claim below
    if text_claim(claims, "htm", "dpop-malformed") != method:  # step 8
        raise Untrusted("dpop-method", "the proof was made for another method")
    if not same_address(text_claim(claims, "htu", "dpop-malformed", 2_048), url):  # step 9
        raise Untrusted("dpop-address", "the proof was made for another address")
    if nonce_ok is not None:  # step 10
        _check_nonce(claims.get("nonce"), nonce_ok)
    issued = second_claim(claims, "iat", "dpop-malformed")
    _check_age(issued, now)  # step 11
    expected = token_hash(access_token) if access_token is not None else access_token_hash
    if expected is not None:  # step 12; the comparison of keys is the caller's
        _check_token_hash(claims.get("ath"), expected)
    return Proof(key.key_id, jti, moment(issued))


def same_address(claimed: str, url: str) -> bool:
    """Tell whether two addresses name one resource, query and fragment aside.

    Equal text is the rule; else letter case of scheme and host and a spelt-out default port are
    levelled (RFC 3986 6.2.2.1, 6.2.3). Paths are never rewritten: no dot segments, no escapes.
    """
    return claimed == url or _level(claimed) == _level(url) is not None


class Nonces:
    """Server nonces without a table: an HMAC over the number of the five minutes.

    One secret of at least 32 bytes, shared by the replicas of a hub. A nonce bounds how early a
    proof can have been made, whatever the caller's clock says; it does not make a proof single
    use. A secret that is new at every start also makes every earlier proof worthless.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise MalformedMessage("nonce-secret", "the secret of the nonces needs 32 bytes")
        self._secret = secret

    def issue(self, now: datetime) -> str:
        """Return the nonce of these five minutes."""
        return self._of(int(now.timestamp()) // NONCE_SECONDS)

    def accept(self, nonce: str, now: datetime) -> bool:
        """Tell whether this is the nonce of these five minutes or of the five before."""
        turn = int(now.timestamp()) // NONCE_SECONDS
        offered = nonce.encode()
        found = [hmac.compare_digest(offered, self._of(turn - back).encode()) for back in (0, 1)]
        return any(found)

    def _of(self, turn: int) -> str:
        message = b"mxh-dpop-nonce-1\x00" + turn.to_bytes(8)
        return b64u(hmac.digest(self._secret, message, "sha256")[:_NONCE_BYTES])


def _check_nonce(nonce: Json, nonce_ok: Callable[[str], bool]) -> None:
    if not isinstance(nonce, str) or not nonce_ok(nonce):
        raise Untrusted("dpop-nonce", "repeat the request with the nonce of the DPoP-Nonce header")


def _check_age(issued: int, now: datetime) -> None:
    age = now.timestamp() - issued
    if age > _OLDEST:
        raise Untrusted("dpop-stale", "make a new proof for every request; compare your clock")
    if age < -_SKEW:
        raise Untrusted("dpop-early", "the proof is from the future: compare your clock")


def _check_token_hash(claimed: Json, expected: str) -> None:
    if not isinstance(claimed, str) or not hmac.compare_digest(claimed.encode(), expected.encode()):
        raise Untrusted("dpop-token", "the proof was made for another access token, or for none")


def _level(address: str) -> tuple[str, str, int, str] | None:
    if not _ADDRESS.fullmatch(address):  # urlsplit would drop tabs and line ends without a word
        return None
    try:
        parts: SplitResult = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.hostname is None or parts.scheme not in _DEFAULT_PORTS:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], parts.path or "/"
