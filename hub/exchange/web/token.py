"""The token endpoint: a member's system signs that it is itself and gets a token bound to its key.

Decides who gets an access token (RFC 6749 4.4, `private_key_jwt` of RFC 7523, DPoP of RFC 9449
section 5) and publishes what a client must know to ask for one (RFC 8414) and to check one
(RFC 7517). There is no other grant, no other client authentication, no secret, no refresh token and
no bearer token.

Who fails again and again, by the name it claims or from one address, is told to wait (429). Who has
the key is served all the same: nobody locks a member out by failing in its name.

Refusals are JSON of both kinds at once: `error` as OAuth clients read it (RFC 6749 5.2), and the
members of a problem document. An unknown member and a wrong key are one answer.
"""

import inspect
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.exchange.web.authentication import RETRY_UNSURE, challenge, proof_header, use_up_proof
from hub.exchange.web.limits import RateLimits
from hub.exchange.web.replay import UsedProofs
from hub.exchange.web.token_form import MEDIA_TYPE, TokenForm, read_form
from hub.protocols.access import (
    ASSERTION_ALGORITHMS,
    PROOF_ALGORITHMS,
    SCOPES,
    AccessClaims,
    ClientAssertion,
    Nonces,
    Proof,
    check_client_assertion,
    check_proof,
    claimed_client,
    issue_access_token,
)
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import ACCESS_TOKEN_AGE
from hub.protocols.names import KeyId, MemberId
from hub.protocols.problem import problem_of, to_json

AccessKeys: TypeAlias = Callable[[MemberId], Awaitable[Sequence[VerifyingKey]] | Sequence[VerifyingKey]]
"""The access keys of a member that are in force now; none for a member that may not enter."""

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
KEYS_PATH: Final = "/.well-known/jwks.json"

MOST_KEYS: Final = 8
"""Access keys tried for an assertion that does not name its key: a member has two or three."""

FAILURES_A_SECOND: Final = 0.2
FAILURES_AT_ONCE: Final = 20
"""Assertions of one client, or from one address, that may fail: a gateway with a wrong clock tries again
every few seconds, and behind a proxy several members share an address."""

_NEVER_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FOR_AN_HOUR: Final = {"Cache-Control": "public, max-age=3600"}
_OAUTH_NAMES: Final = {
    "dpop-nonce": "use_dpop_nonce",
    "grant-unsupported": "unsupported_grant_type",
    "scope-unknown": "invalid_scope",
}


@dataclass(frozen=True, slots=True)
class _Issuer:
    """What the endpoint needs to answer a request."""

    issuer: str
    hub_key: SigningKey
    access_keys: AccessKeys
    replay: UsedProofs
    clock: Callable[[], datetime]
    nonces: Nonces | None
    scopes: frozenset[str]
    failures: RateLimits
    new_jti: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(16))

    async def token(self, request: Request) -> Response:
        """Answer a token request."""
        try:
            return await self._issue(request)
        except ProtocolError as fault:
            return self._too_many(fault, request) or self._refusal(fault, request)

    async def _issue(self, request: Request) -> Response:
        now = self.clock()
        proof = self._check_proof(request, now)
        form = await read_form(request)
        assertion, asked_with = await self._check_client(request, form, now)
        granted = self._granted(form)
        await self._use_up(assertion, now)
        await use_up_proof(self.replay, proof, now)
        claims = AccessClaims(
            issuer=self.issuer,
            audience=self.issuer,
            client=assertion.client,
            scopes=granted,
            key_id=proof.key_id,
            issued_at=now,
            expires_at=now + ACCESS_TOKEN_AGE,
            jti=self.new_jti(),
            asked_with=asked_with,
        )
        answer = {
            "access_token": issue_access_token(claims, self.hub_key),
            "token_type": "DPoP",
            "expires_in": int(ACCESS_TOKEN_AGE.total_seconds()),
            "scope": " ".join(sorted(granted)),
        }
        return JSONResponse(answer, headers={**_NEVER_STORE, **self._fresh_nonce()})

    def _check_proof(self, request: Request, now: datetime) -> Proof:
        nonces = self.nonces
        accepted = None if nonces is None else (lambda nonce: nonces.accept(nonce, now))
        address = self.issuer + TOKEN_PATH
        return check_proof(proof_header(request.scope), "POST", address, now, nonce_ok=accepted)

    async def _check_client(
        self, request: Request, form: TokenForm, now: datetime
    ) -> tuple[ClientAssertion, KeyId]:
        client, key_id = claimed_client(form.assertion)
        request.scope.setdefault("state", {})["claimed"] = client
        if form.client not in {None, client}:
            raise Untrusted("client-subject", "client_id is the member that the assertion is about")
        found = self.access_keys(client)
        keys = await found if inspect.isawaitable(found) else found
        named = [key for key in keys if key_id in {None, key.key_id}][:MOST_KEYS]
        return self._check_assertion(form.assertion, named, now)

    def _check_assertion(
        self, text: str, keys: Sequence[VerifyingKey], now: datetime
    ) -> tuple[ClientAssertion, KeyId]:
        # where there is no key, the hub's own is tried in vain: an unknown member takes as long
        for key in keys or [self.hub_key.public]:
            try:
                checked = check_client_assertion(text, self.issuer, key, now)
            except Untrusted as fault:
                if fault.code not in {"client-key", "client-signature"}:
                    raise
            else:
                if keys:
                    return checked, key.key_id
        raise Untrusted("client-untrusted", "no access key of that member in force has signed the assertion")

    def _granted(self, form: TokenForm) -> frozenset[str]:
        if form.scopes is None:
            return self.scopes
        if not form.scopes or not form.scopes <= self.scopes:
            raise MalformedMessage("scope-unknown", "ask for scopes of the metadata alone")
        return form.scopes

    async def _use_up(self, assertion: ClientAssertion, now: datetime) -> None:
        answer = await self.replay.claim(
            assertion.client, assertion.jti, assertion.issued_at, assertion.expires_at, now
        )
        if answer == "again":
            raise Untrusted("client-replayed", "make a new assertion for every token request")
        if answer == "unsure":
            raise Untrusted("client-unsure", "repeat the request with a new assertion in a moment")

    def _too_many(self, fault: ProtocolError, request: Request) -> Response | None:
        """Count a failed assertion by address and claimed name; the answer once they are too many."""
        if not fault.code.startswith("client-") or fault.code == "client-unsure":
            return None
        names = [f"address {request.client.host}"] if request.client is not None else []
        claimed = request.scope.get("state", {}).get("claimed")
        names += [f"client {claimed}"] if claimed is not None else []
        waits = [allowance.wait for allowance in map(self.failures.take, names) if not allowance.served]
        if not waits:
            return None
        told = self._refusal(Untrusted("rate-limited", "too many assertions have failed"), request)
        told.headers["Retry-After"] = str(max(waits))
        return told

    def _refusal(self, fault: ProtocolError, request: Request) -> Response:
        problem = problem_of(fault)
        status = _status(fault.code, problem.status)
        headers = {**_NEVER_STORE, **self._fresh_nonce()}
        if status == 401:
            headers["WWW-Authenticate"] = challenge(fault.code)
        if status == 503:
            headers["Retry-After"] = str(RETRY_UNSURE)
        request_id = request.scope.get("state", {}).get("request_id", "")
        document = {
            **to_json(problem, self.issuer, request_id),
            "status": status,
            "error": _oauth_name(fault.code, status),
            "error_description": problem.title,
        }
        return JSONResponse(document, status, headers)

    def _fresh_nonce(self) -> dict[str, str]:
        return {} if self.nonces is None else {"DPoP-Nonce": self.nonces.issue(self.clock())}


def token_router(
    issuer: str,
    hub_key: SigningKey,
    access_keys: AccessKeys,
    replay: UsedProofs,
    clock: Callable[[], datetime],
    *,
    nonces: Nonces | None = None,
    scopes: frozenset[str] = SCOPES,
    failures: RateLimits | None = None,
) -> APIRouter:
    """Return the routes of the token endpoint, its metadata and the hub's public key.

    `issuer` is the configured public origin: the endpoints' addresses begin with it. `nonces` is
    given where proofs need the hub's nonce; `failures` counts assertions that fail.
    """
    counted = failures or RateLimits(FAILURES_A_SECOND, FAILURES_AT_ONCE, time.monotonic)
    endpoint = _Issuer(issuer, hub_key, access_keys, replay, clock, nonces, scopes, counted)
    metadata, keys = _metadata(issuer, scopes), _key_set(hub_key.public)
    router = APIRouter(tags=["access"])

    @router.post(TOKEN_PATH, openapi_extra=_DESCRIPTION, response_class=JSONResponse)
    async def post_token(request: Request) -> Response:
        """Issue an access token bound to the key of the proof."""
        return await endpoint.token(request)

    @router.get(METADATA_PATH, response_class=JSONResponse)
    async def get_metadata() -> Response:
        """Tell where and how to ask for a token (RFC 8414)."""
        return JSONResponse(metadata, headers=_FOR_AN_HOUR)

    @router.get(KEYS_PATH, response_class=JSONResponse)
    async def get_keys() -> Response:
        """Tell the hub's public key (RFC 7517)."""
        return JSONResponse(keys, headers=_FOR_AN_HOUR)

    return router


def _metadata(issuer: str, scopes: frozenset[str]) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "jwks_uri": issuer + KEYS_PATH,
        "scopes_supported": sorted(scopes),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "service_documentation": f"{issuer}/docs",
    }


def _key_set(key: VerifyingKey) -> dict[str, Any]:
    return {"keys": [{**key.jwk, "kid": key.key_id, "use": "sig", "alg": "Ed25519"}]}


def _status(code: str, general: int) -> int:
    """At this endpoint a bad proof is a bad request (RFC 9449 5 and 8), not a missing credential."""
    return 400 if code.startswith("dpop-") and general == 401 else general


def _oauth_name(code: str, status: int) -> str:
    if status in {429, 503}:
        return "temporarily_unavailable"
    if code in _OAUTH_NAMES:
        return _OAUTH_NAMES[code]
    return {"dpop": "invalid_dpop_proof", "client": "invalid_client"}.get(
        code.partition("-")[0], "invalid_request"
    )


_PARAMETERS: Final = {
    "grant_type": {"const": "client_credentials"},
    "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    "client_assertion": {"type": "string"},
    "client_id": {"type": "string"},
    "scope": {"type": "string"},
}
_REQUIRED: Final = ["grant_type", "client_assertion_type", "client_assertion"]
_DESCRIPTION: Final[dict[str, Any]] = {
    "security": [],
    "parameters": [{"name": "DPoP", "in": "header", "required": True, "schema": {"type": "string"}}],
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {"schema": {"type": "object", "required": _REQUIRED, "properties": _PARAMETERS}}
        },
    },
    "responses": {
        "400": {"description": "The request or its proof is not accepted"},
        "401": {"description": "The client assertion is not accepted"},
        "429": {"description": "Too many assertions of this client, or from this address, have failed"},
        "503": {"description": "The hub cannot tell whether this was used before"},
    },
}
