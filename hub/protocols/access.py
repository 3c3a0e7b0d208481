"""Who may speak to the hub: client assertions and access tokens.

Decides, for the token endpoint, whether a member's system has signed that it is itself
(`private_key_jwt`, RFC 7523 with the audience rule of draft-ietf-oauth-rfc7523bis: one string,
the issuer), and, for every other route, what an access token of this hub says (RFC 9068, bound to
a key by `cnf.jkt`, RFC 9449 section 6). The proof that goes with a token is in
`proof_of_possession`; its names can be imported from here as well.

It keeps nothing: single use of a `jti`, and whether a member may still enter, are the caller's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.protocols.canonical import Json, unb64u
from hub.protocols.compact import (
    ED25519_NAMES,
    CompactToken,
    jti_claim,
    moment,
    read_token,
    second_claim,
    text_claim,
    write_token,
)
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import CLIENT_ASSERTION_AGE, CLOCK_SKEW
from hub.protocols.names import KeyId, MemberId, parse_id
from hub.protocols.proof_key import PROOF_ALGORITHMS
from hub.protocols.proof_of_possession import (
    NONCE_SECONDS,
    REPLAY_AGE,
    Nonces,
    Proof,
    check_proof,
    make_proof,
    token_hash,
)

__all__ = [
    "ASSERTION_ALGORITHMS",
    "ASSERTION_KIND",
    "NONCE_SECONDS",
    "PROOF_ALGORITHMS",
    "REPLAY_AGE",
    "SCOPES",
    "AccessClaims",
    "AccessToken",
    "ClientAssertion",
    "Nonces",
    "Proof",
    "check_access_token",
    "check_client_assertion",
    "check_proof",
    "claimed_client",
    "issue_access_token",
    "make_client_assertion",
    "make_proof",
    "token_hash",
]

ASSERTION_TYP: Final = "client-authentication+jwt"
TOKEN_TYP: Final = "at+jwt"  # noqa: S105 - a media type (RFC 9068), not a secret

ASSERTION_KIND: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""`client_assertion_type` of a signed assertion (RFC 7523 section 2.2)."""

ASSERTION_ALGORITHMS: Final = ED25519_NAMES
"""Signature algorithms of client assertions: members' keys are Ed25519."""

SCOPES: Final = frozenset({"notices:write", "inbox:read", "disclosures:read"})
"""What a member's system can be allowed to do."""

_MADE_FOR: Final = timedelta(seconds=30)
"""Life of the assertions we make: half of what is borne, so that a clock 30 s ahead still passes."""

_JKT_BYTES: Final = 32
_LONGEST_SCOPE: Final = 256


@dataclass(frozen=True, slots=True)
class ClientAssertion:
    """A member's system has signed, once and just now, that it is itself."""

    client: MemberId
    jti: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What the hub writes into an access token; `key_id` is the key it is bound to."""

    issuer: str
    audience: str
    client: MemberId
    scopes: frozenset[str]
    key_id: KeyId
    issued_at: datetime
    expires_at: datetime
    jti: str
    asked_with: KeyId | None = None
    """The access key that signed for it, which may be another: when that is revoked the token ends too."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token of this hub allows, to whoever proves possession of `key_id`."""

    client: MemberId
    scopes: frozenset[str]
    key_id: KeyId
    issued_at: datetime
    expires_at: datetime
    jti: str
    asked_with: KeyId | None = None


def make_client_assertion(client: MemberId, issuer: str, key: SigningKey, now: datetime, jti: str) -> str:
    """Return a client assertion for the hub whose issuer this is; `jti` must be new every time."""
    header: dict[str, Json] = {"alg": "Ed25519", "kid": key.key_id, "typ": ASSERTION_TYP}
    claims: dict[str, Json] = {
        "aud": issuer,
        "exp": _second(now + _MADE_FOR),
        "iat": _second(now),
        "iss": client,
        "jti": jti,
        "sub": client,
    }
    return write_token(header, claims, key)


def claimed_client(token: str) -> tuple[MemberId, KeyId | None]:
    """Return who an assertion says it is by and the key it names, to look the keys up; unverified.

    Raises `MalformedMessage("client-malformed")`.
    """
    read = read_token(token, "client-malformed")
    kid = read.header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise MalformedMessage("client-malformed", "kid is the thumbprint of a key")
    return _client(read.claims), None if kid is None else KeyId(kid)


def check_client_assertion(token: str, issuer: str, key: VerifyingKey, now: datetime) -> ClientAssertion:
    """Return what an assertion by the holder of `key` asserts to this issuer.

    Raises `MalformedMessage("client-malformed")` or `Untrusted` with a code that begins
    `client-`. The caller takes each (client, jti) once.
    """
    read = read_token(token, "client-malformed")
    _check_header(read, key, ASSERTION_ALGORITHMS, "client")
    if read.header.get("typ", ASSERTION_TYP) != ASSERTION_TYP:
        raise Untrusted("client-type", f"the header of an assertion says typ {ASSERTION_TYP}, or no typ")
    _check_signature(read, key, "client")
    client = _client(read.claims)
    # one string: with a list, an assertion made for another server could be brought to us
    if read.claims.get("aud") != issuer:
        raise Untrusted("client-audience", "aud is one string, the issuer as the metadata gives it")
    expires = moment(second_claim(read.claims, "exp", "client-malformed"))
    if expires <= now:
        raise Untrusted("client-expired", "make a new assertion; compare your clock")
    if expires > now + CLIENT_ASSERTION_AGE:
        raise Untrusted("client-long", "an assertion expires at most 60 seconds from now")
    issued = _not_later(read.claims, now) or expires - CLIENT_ASSERTION_AGE
    return ClientAssertion(client, jti_claim(read.claims, "client-malformed"), issued, expires)


def issue_access_token(claims: AccessClaims, key: SigningKey) -> str:
    """Return the access token of these claims, signed by the hub."""
    header: dict[str, Json] = {"alg": "Ed25519", "kid": key.key_id, "typ": TOKEN_TYP}
    written: dict[str, Json] = {
        "aud": claims.audience,
        "client_id": claims.client,
        "cnf": {"jkt": claims.key_id},
        "exp": _second(claims.expires_at),
        "iat": _second(claims.issued_at),
        "iss": claims.issuer,
        "jti": claims.jti,
        "scope": " ".join(sorted(claims.scopes)),
        "sub": claims.client,
    }
    if claims.asked_with is not None:
        written["client_key"] = claims.asked_with
    return write_token(header, written, key)


def check_access_token(
    token: str, issuer: str, audience: str, key: VerifyingKey, now: datetime
) -> AccessToken:
    """Return what an access token of this hub allows.

    Raises `MalformedMessage("access-malformed")` or `Untrusted` with a code that begins `access-`.
    The result may be kept until `expires_at`; the proof beside it is checked every time.
    """
    read = read_token(token, "access-malformed")
    _check_header(read, key, ("Ed25519",), "access")
    if read.header.get("typ") != TOKEN_TYP:
        raise Untrusted("access-type", "this is not an access token")
    _check_signature(read, key, "access")
    claims = read.claims
    if claims.get("iss") != issuer:
        raise Untrusted("access-issuer", "the token was issued by somebody else")
    if claims.get("aud") != audience:
        raise Untrusted("access-audience", "the token was issued for another service")
    expires = moment(second_claim(claims, "exp", "access-malformed"))
    if expires <= now:
        raise Untrusted("access-expired", "ask the token endpoint for a new token")
    issued = moment(second_claim(claims, "iat", "access-malformed"))
    if issued > now + CLOCK_SKEW:
        raise Untrusted("access-early", "the token is from the future")
    scopes = text_claim(claims, "scope", "access-malformed", _LONGEST_SCOPE).split(" ")
    jti = jti_claim(claims, "access-malformed")
    asked_with = claims.get("client_key")
    return AccessToken(
        client=_subject(claims),
        scopes=frozenset(scopes),
        key_id=_bound_key(claims),
        issued_at=issued,
        expires_at=expires,
        jti=jti,
        asked_with=KeyId(asked_with) if isinstance(asked_with, str) else None,
    )


def _check_header(read: CompactToken, key: VerifyingKey, algorithms: Collection[str], what: str) -> None:
    if read.header.get("alg") not in algorithms:
        raise Untrusted(f"{what}-algorithm", f"this is signed with {' or '.join(algorithms)}")
    if read.header.get("kid", key.key_id) != key.key_id:
        raise Untrusted(f"{what}-key", "kid names another key")


def _check_signature(read: CompactToken, key: VerifyingKey, what: str) -> None:
    try:
        key.verify(read.signature, read.signed)
    except (Untrusted, MalformedMessage):
        raise Untrusted(f"{what}-signature", "the signature does not hold under the key it names") from None


def _client(claims: dict[str, Json]) -> MemberId:
    if claims.get("iss") != claims.get("sub"):
        raise Untrusted("client-subject", "iss and sub are both the member's id")
    try:
        return MemberId(parse_id(claims.get("sub"), "mbr"))
    except MalformedMessage:
        raise MalformedMessage("client-malformed", "iss and sub are the member's id, mbr_...") from None


def _subject(claims: dict[str, Json]) -> MemberId:
    if claims.get("client_id") != claims.get("sub"):
        raise MalformedMessage("access-malformed", "client_id and sub differ")
    return MemberId(text_claim(claims, "sub", "access-malformed"))


def _not_later(claims: dict[str, Json], now: datetime) -> datetime | None:
    """Return `iat` where it is given; refuse `iat` or `nbf` in the future."""
    issued = None
    for name in ("nbf", "iat"):
        if name in claims:
            issued = moment(second_claim(claims, name, "client-malformed"))
            if issued > now + CLOCK_SKEW:
                raise Untrusted("client-early", "the assertion is from the future: compare your clock")
    return issued if "iat" in claims else None


def _bound_key(claims: dict[str, Json]) -> KeyId:
    cnf = claims.get("cnf")
    jkt = cnf.get("jkt") if isinstance(cnf, dict) else None
    if not isinstance(jkt, str):
        raise MalformedMessage("access-malformed", "a token is bound to a key by cnf.jkt")
    try:
        unb64u(jkt, _JKT_BYTES)
    except MalformedMessage:
        raise MalformedMessage("access-malformed", "cnf.jkt is the thumbprint of a key") from None
    return KeyId(jkt)


def _second(when: datetime) -> int:
    return int(when.timestamp())
