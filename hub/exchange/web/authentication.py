"""Who is calling: the DPoP-bound access token of a request, and the proof that goes with it.

Decides, for every route but the public ones, which member speaks and with which scopes. A token
that has been verified is kept by its hash until it expires, and the key in a proof by its header's
text; the proof itself is checked every time: signature, method, address, age, token, nonce, single
use. Whether the member may still enter is asked every time as well (I6).

It does not decide what the caller may do; a missing scope is a refusal of `require_scope`, another
member's thing is one of the route. Everything else that is wrong is `Untrusted` or
`MalformedMessage` with a code that begins `access-` or `dpop-`; `headers_for` gives what the
answer then needs.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Scope

from hub.exchange.errors import Declined
from hub.exchange.web.limits import Allowance, RateLimits
from hub.exchange.web.replay import UsedProofs
from hub.protocols.access import (
    PROOF_ALGORITHMS,
    REPLAY_AGE,
    AccessToken,
    Nonces,
    Proof,
    check_access_token,
    check_proof,
    token_hash,
)
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import KeyId, MemberId
from hub.protocols.problem import PROBLEMS

KNOWN_TOKENS: Final = 8_192
"""Verified tokens kept: two for each member of all of England, at about 1 KiB each."""

RETRY_UNSURE: Final = 1
"""Seconds after which a proof that could not be judged is worth replacing by a new one."""

_ALGORITHMS: Final = f'algs="{" ".join(PROOF_ALGORITHMS)}"'


@dataclass(frozen=True, slots=True)
class Caller:
    """A member's system that has proved possession of the key of its token."""

    token: AccessToken

    @property
    def member(self) -> MemberId:
        """Who it is."""
        return self.token.client

    @property
    def scopes(self) -> frozenset[str]:
        """What the token allows."""
        return self.token.scopes

    @property
    def key_id(self) -> KeyId:
        """The key that the token is bound to."""
        return self.token.key_id

    def require_scope(self, scope: str) -> None:
        """Raise `Declined("scope-insufficient")` unless the token allows this."""
        if scope not in self.scopes:
            raise Declined("scope-insufficient", f"ask for a token with the scope {scope}")

    def require_admission(self, admits: Callable[[AccessToken], bool]) -> None:
        """Raise `Untrusted` where member, key or token are let in no longer; asked again after a wait."""
        if not admits(self.token):
            raise Untrusted("access-withdrawn", "ask the token endpoint for a new token")


class Authentication:
    """Checks the credentials of requests; one object for the life of the process.

    `origin` is the configured public origin, to which the proofs' addresses are compared: never a
    header of the request. `admits` tells whether the holder of a token may still enter: the member
    not suspended, no key of it revoked since the token was issued. It must answer from memory.
    """

    def __init__(
        self,
        *,
        origin: str,
        issuer: str,
        hub_key: VerifyingKey,
        replay: UsedProofs,
        clock: Callable[[], datetime],
        admits: Callable[[AccessToken], bool],
        nonces: Nonces | None = None,
        limits: RateLimits | None = None,
    ) -> None:
        self._origin = origin
        self._issuer = issuer
        self._hub_key = hub_key
        self._replay = replay
        self._clock = clock
        self._admits = admits
        self._nonces = nonces
        self._limits = limits
        self._tokens: dict[str, AccessToken] = {}

    async def authenticate(self, request: Request) -> Caller:
        """Return who makes this request, or raise what is wrong with its credentials.

        Raises `Untrusted`, `MalformedMessage`, or `Declined("rate-limited")`. Leaves the member in
        `request.state.member` for the log and what is left of its rate in `request.state.allowance`.
        """
        scope, now = request.scope, self._clock()
        presented, proof_text = _credentials(scope)
        hashed = token_hash(presented)
        token = self._token(presented, hashed, now)
        proof = check_proof(
            proof_text,
            scope["method"],
            self._origin + _path(scope),
            now,
            nonce_ok=self._nonce_ok(now),
            access_token_hash=hashed,
        )
        if not hmac.compare_digest(proof.key_id, token.key_id):
            raise Untrusted("access-binding", "the proof is by another key than the token is bound to")
        caller = Caller(token)
        caller.require_admission(self._admits)
        # before its proof is remembered: one member in a loop must not fill the memory of all
        self._take_one(scope, token.client)
        await use_up_proof(self._replay, proof, now)
        return caller

    def headers_for(self, code: str, request: Request) -> dict[str, str]:
        """Return the header fields that an answer with this code needs beside its problem document."""
        allowance: Allowance | None = request.scope.get("state", {}).get("allowance")
        fields = allowance.headers() if allowance is not None else {}
        if code in PROBLEMS and PROBLEMS[code].status == 401:
            fields["WWW-Authenticate"] = challenge(code)
            if self._nonces is not None:
                fields["DPoP-Nonce"] = self._nonces.issue(self._clock())
        elif code == "dpop-unsure":
            fields["Retry-After"] = str(RETRY_UNSURE)
        return fields

    def _token(self, presented: str, hashed: str, now: datetime) -> AccessToken:
        known = self._tokens.get(hashed)
        if known is not None and known.expires_at > now:
            return known
        token = check_access_token(presented, self._issuer, self._origin, self._hub_key, now)
        while len(self._tokens) >= KNOWN_TOKENS:
            self._tokens.pop(next(iter(self._tokens)))
        self._tokens[hashed] = token
        return token

    def _nonce_ok(self, now: datetime) -> Callable[[str], bool] | None:
        nonces = self._nonces
        return None if nonces is None else lambda nonce: nonces.accept(nonce, now)

    def _take_one(self, scope: Scope, member: MemberId) -> None:
        state = scope.setdefault("state", {})
        state["member"] = member
        if self._limits is None:
            return
        state["allowance"] = allowance = self._limits.take(member)
        if not allowance.served:
            raise Declined("rate-limited", f"wait {allowance.wait} seconds")


async def use_up_proof(replay: UsedProofs, proof: Proof, now: datetime) -> None:
    """Raise `Untrusted` unless this is certainly the first use of a proof."""
    expires_at = proof.issued_at + REPLAY_AGE
    answer = await replay.claim(proof.key_id, proof.jti, proof.issued_at, expires_at, now)
    if answer == "again":
        raise Untrusted("dpop-replayed", "make a new proof for every request")
    if answer == "unsure":
        raise Untrusted("dpop-unsure", "repeat the request with a new proof in a moment")


def challenge(code: str) -> str:
    """Return the `WWW-Authenticate` of a refusal (RFC 9449 section 7.1)."""
    if code == "access-missing":
        return f"DPoP {_ALGORITHMS}"
    names = {"dpop": "invalid_dpop_proof", "client": "invalid_client"}
    name = names.get(code.partition("-")[0], "invalid_token")
    if code == "dpop-nonce":
        name = "use_dpop_nonce"
    return f'DPoP error="{name}", error_description="{PROBLEMS[code].title}", {_ALGORITHMS}'


def proof_header(scope: Scope) -> str:
    """Return the one `DPoP` header; raise where there is none or more than one."""
    found = [value for name, value in scope["headers"] if name == b"dpop"]
    if not found:
        raise Untrusted("dpop-missing", "send a DPoP proof")
    if len(found) > 1:
        raise MalformedMessage("dpop-repeated", "send one DPoP header alone")
    return str(found[0], "latin-1")


def _credentials(scope: Scope) -> tuple[str, str]:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if not found:
        raise Untrusted("access-missing", "send Authorization: DPoP <token>")
    if len(found) > 1:
        raise MalformedMessage("access-malformed", "send one Authorization header alone")
    scheme, _, token = str(found[0], "latin-1").partition(" ")
    if scheme.lower() != "dpop":
        raise Untrusted("access-scheme", "the hub takes no bearer tokens: send Authorization: DPoP <token>")
    return token, proof_header(scope)


def _path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    return str(raw, "latin-1") if raw else quote(scope["path"])
