"""The token endpoint: who gets a token, and what everybody else is told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from hub.exchange.web.limits import RateLimits
from hub.exchange.web.replay import Answer, UsedInMemory, UsedProofs
from hub.exchange.web.token import token_router
from hub.protocols.access import (
    ASSERTION_KIND,
    SCOPES,
    Nonces,
    check_access_token,
    make_client_assertion,
    make_proof,
)
from hub.protocols.canonical import Json, b64u, encode
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import ACCESS_TOKEN_AGE
from hub.protocols.names import MemberId

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND: Final = int(NOW.timestamp())
ISSUER: Final = "https://hub.example"
ENDPOINT: Final = f"{ISSUER}/oauth/token"
KENT: Final = MemberId("mbr_kent")
KEY: Final = SigningKey.from_seed(bytes(range(32)))
OLD_KEY: Final = SigningKey.from_seed(bytes(range(1, 33)))
HUB_KEY: Final = SigningKey.from_seed(bytes(range(2, 34)))
PROOF_KEY: Final = SigningKey.from_seed(bytes(range(3, 35)))
STRANGER: Final = SigningKey.from_seed(bytes(range(4, 36)))


class Client:
    """Requests to an application in this process, under the name behind which it runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def request(self, method: str, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Make one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as client:
                return await client.request(method, path, **parts)

        return asyncio.run(ask())

    def get(self, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Read."""
        return self.request("GET", path, **parts)

    def post(self, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Send."""
        return self.request("POST", path, **parts)


def keys_of(member: MemberId) -> list[VerifyingKey]:
    """Kent has two keys in force; nobody else has any."""
    return [OLD_KEY.public, KEY.public] if member == KENT else []


async def looked_up(member: MemberId) -> list[VerifyingKey]:
    """The same, from a store that has to be waited for."""
    return keys_of(member)


@dataclass
class Endpoint:
    """A token endpoint behind a name that is not its public origin."""

    now: datetime = NOW
    keys: Callable[[MemberId], Awaitable[Sequence[VerifyingKey]] | Sequence[VerifyingKey]] = keys_of
    replay: UsedProofs = field(default_factory=UsedInMemory)
    nonces: Nonces | None = None
    failures: RateLimits | None = None
    client: Client = field(init=False)
    _made: int = 0

    def __post_init__(self) -> None:
        """Build the routes."""
        app = FastAPI()
        clock = lambda: self.now  # noqa: E731 - the present moment of this endpoint
        app.include_router(
            token_router(
                ISSUER, HUB_KEY, self.keys, self.replay, clock, nonces=self.nonces, failures=self.failures
            )
        )
        self.client = Client(app)

    def jti(self) -> str:
        """A new jti."""
        self._made += 1
        return f"jti-{self._made}"

    def assertion(self, client: MemberId = KENT, key: SigningKey = KEY, issuer: str = ISSUER) -> str:
        """A new client assertion."""
        return make_client_assertion(client, issuer, key, self.now, self.jti())

    def proof(self, url: str = ENDPOINT, method: str = "POST", nonce: str | None = None) -> str:
        """A new proof for the endpoint."""
        return make_proof(method, url, PROOF_KEY, self.now, self.jti(), nonce=nonce)

    def ask(self, proof: str | None = None, **changes: str | None) -> Any:  # noqa: ANN401 - a response
        """Ask for a token; a parameter changed to None is left out."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_KIND,
            "client_assertion": changes.get("client_assertion", "") or self.assertion(),
            **changes,
        }
        given = {name: value for name, value in form.items() if value is not None}
        return self.client.post("/oauth/token", data=given, headers={"DPoP": proof or self.proof()})


@pytest.fixture
def endpoint() -> Endpoint:
    """An endpoint in which every check is at its default."""
    return Endpoint()


def refused(answer: Any, status: int, code: str, error: str) -> bool:  # noqa: ANN401 - a response
    """Tell whether an answer is this refusal, in both vocabularies."""
    body = answer.json()
    seen = (answer.status_code, body["status"], body["code"], body["error"])
    assert seen == (status, status, code, error)
    assert body["type"] == f"{ISSUER}/problems/{code}"
    assert answer.headers["Cache-Control"] == "no-store"
    return "access_token" not in body


def test_a_member_gets_a_token_bound_to_the_key_of_its_proof(endpoint: Endpoint) -> None:
    """The token is for this hub, for ten minutes, for the scopes, and for one key alone."""
    answer = endpoint.ask(scope="inbox:read")

    body = answer.json()
    token = check_access_token(body.pop("access_token"), ISSUER, ISSUER, HUB_KEY.public, NOW)
    assert body == {"token_type": "DPoP", "expires_in": 600, "scope": "inbox:read"}
    assert (token.client, token.key_id, token.scopes) == (KENT, PROOF_KEY.key_id, frozenset({"inbox:read"}))
    assert token.expires_at == NOW + ACCESS_TOKEN_AGE
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_without_a_scope_all_are_given(endpoint: Endpoint) -> None:
    """A client that names no scope gets what there is, and is told so."""
    assert endpoint.ask().json()["scope"] == " ".join(sorted(SCOPES))


def test_keys_may_be_looked_up_in_a_store() -> None:
    """The port may be a plain list or something that is waited for."""
    assert Endpoint(keys=looked_up).ask().status_code == 200


def test_each_key_in_force_may_sign(endpoint: Endpoint) -> None:
    """While two keys overlap, either signs, named or not."""
    assert endpoint.ask(client_assertion=endpoint.assertion(key=OLD_KEY)).status_code == 200
    claims: dict[str, Json] = {
        "aud": ISSUER,
        "exp": SECOND + 60,
        "iss": KENT,
        "jti": "unnamed",
        "sub": KENT,
    }
    signed = f"{b64u(encode({'alg': 'EdDSA'}))}.{b64u(encode(claims))}"
    unnamed = f"{signed}.{b64u(KEY.sign(signed.encode()))}"
    assert endpoint.ask(client_assertion=unnamed, client_id=KENT).status_code == 200


def test_tokens_differ(endpoint: Endpoint) -> None:
    """Two tokens asked for in the same second are two tokens."""
    assert endpoint.ask().json()["access_token"] != endpoint.ask().json()["access_token"]


def test_an_unknown_member_and_a_wrong_key_are_one_answer(endpoint: Endpoint) -> None:
    """I7: who is a member is not told by the endpoint."""
    unknown = endpoint.ask(client_assertion=endpoint.assertion(MemberId("mbr_nobody"), STRANGER))
    wrong = endpoint.ask(client_assertion=endpoint.assertion(KENT, STRANGER))

    assert refused(unknown, 401, "client-untrusted", "invalid_client")
    assert unknown.content == wrong.content
    assert 'error="invalid_client"' in unknown.headers["WWW-Authenticate"]


def test_the_hubs_own_key_does_not_make_an_unknown_member_known(endpoint: Endpoint) -> None:
    """The key that stands in for none is never a member's."""
    assert endpoint.ask(client_assertion=endpoint.assertion(KENT, HUB_KEY)).status_code == 401


def test_an_assertion_counts_once(endpoint: Endpoint) -> None:
    """Rule 1: the jti of an assertion is single use per client."""
    assertion = endpoint.assertion()
    assert endpoint.ask(client_assertion=assertion).status_code == 200

    assert refused(endpoint.ask(client_assertion=assertion), 401, "client-replayed", "invalid_client")


def test_a_proof_counts_once(endpoint: Endpoint) -> None:
    """Rule 3: the proof of a token request is single use as well."""
    proof = endpoint.proof()
    assert endpoint.ask(proof).status_code == 200

    assert refused(endpoint.ask(proof), 400, "dpop-replayed", "invalid_dpop_proof")


@pytest.mark.parametrize("issuer", [ENDPOINT, "https://elsewhere.example", "http://10.0.0.7:8000"])
def test_an_assertion_is_for_the_issuer(endpoint: Endpoint, issuer: str) -> None:
    """Rule 1: neither the endpoint's address nor the name behind which it runs is the audience."""
    answer = endpoint.ask(client_assertion=endpoint.assertion(issuer=issuer))

    assert refused(answer, 401, "client-audience", "invalid_client")


def test_the_client_id_agrees_with_the_assertion(endpoint: Endpoint) -> None:
    """A client is what its assertion says, not what a parameter says."""
    assert refused(endpoint.ask(client_id="mbr_medway"), 401, "client-subject", "invalid_client")


def test_an_assertion_that_is_none_is_refused(endpoint: Endpoint) -> None:
    """Malformed assertions are the client's fault in the same way."""
    assert refused(endpoint.ask(client_assertion="a.b.c"), 401, "client-malformed", "invalid_client")


@pytest.mark.parametrize(
    ("url", "method", "code"),
    [
        ("http://10.0.0.7:8000/oauth/token", "POST", "dpop-address"),
        (ISSUER, "POST", "dpop-address"),
        (ENDPOINT, "GET", "dpop-method"),
    ],
)
def test_the_proof_is_for_the_public_address_of_the_endpoint(
    endpoint: Endpoint, url: str, method: str, code: str
) -> None:
    """Rule 2: at the endpoint as everywhere, Host decides nothing."""
    assert refused(endpoint.ask(endpoint.proof(url, method)), 400, code, "invalid_dpop_proof")


def test_there_is_no_token_without_a_proof(endpoint: Endpoint) -> None:
    """Bearer tokens are not issued at all."""
    answer = endpoint.client.post("/oauth/token", data={"grant_type": "client_credentials"})

    assert refused(answer, 400, "dpop-missing", "invalid_dpop_proof")


def test_a_nonce_is_asked_for_and_then_taken() -> None:
    """RFC 9449 section 8: 400 use_dpop_nonce with the nonce; the repeated request is served."""
    endpoint = Endpoint(nonces=Nonces(bytes(32)))
    answer = endpoint.ask()
    assert refused(answer, 400, "dpop-nonce", "use_dpop_nonce")

    served = endpoint.ask(endpoint.proof(nonce=answer.headers["DPoP-Nonce"]))

    assert served.status_code == 200
    assert served.headers["DPoP-Nonce"] == answer.headers["DPoP-Nonce"]


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        ({"grant_type": "password"}, "grant-unsupported", "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "grant-unsupported", "unsupported_grant_type"),
        ({"grant_type": None}, "grant-malformed", "invalid_request"),
        ({"client_assertion_type": "urn:other"}, "grant-malformed", "invalid_request"),
        ({"client_assertion_type": None}, "grant-malformed", "invalid_request"),
        ({"scope": "everything"}, "scope-unknown", "invalid_scope"),
        ({"scope": "inbox:read  notices:write"}, "scope-unknown", "invalid_scope"),
        ({"scope": "x" * 9_000}, "grant-malformed", "invalid_request"),
    ],
)
def test_a_request_has_its_form(
    endpoint: Endpoint, changes: dict[str, str | None], code: str, error: str
) -> None:
    """One grant, one way to authenticate, known scopes, bounded size."""
    assert refused(endpoint.ask(**changes), 400, code, error)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"{}", "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded"),
        (b"grant_type", "application/x-www-form-urlencoded"),
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(21)), "application/x-www-form-urlencoded"),
        (b"client_id=mbr_kent", "application/x-www-form-urlencoded; charset=utf-8"),
    ],
)
def test_a_body_that_is_no_form_is_refused(endpoint: Endpoint, body: bytes, media_type: str) -> None:
    """Whatever the body, the answer is a refusal with a code, never a crash."""
    headers = {"DPoP": endpoint.proof(), "Content-Type": media_type}

    answer = endpoint.client.post("/oauth/token", content=body, headers=headers)

    assert refused(answer, 400, "grant-malformed", "invalid_request")


def test_a_form_without_an_assertion_is_refused(endpoint: Endpoint) -> None:
    """The type of an assertion is not an assertion."""
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_KIND}

    answer = endpoint.client.post("/oauth/token", data=form, headers={"DPoP": endpoint.proof()})

    assert refused(answer, 400, "grant-malformed", "invalid_request")


class Forgetful:
    """A memory that cannot tell about some owners."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    async def claim(self, owner: str, *_: object, **__: object) -> Answer:
        """Tell what is known."""
        return "unsure" if owner == self._owner else "first"


@pytest.mark.parametrize(
    ("owner", "code"), [(str(KENT), "client-unsure"), (str(PROOF_KEY.key_id), "dpop-unsure")]
)
def test_a_memory_that_cannot_tell_refuses_for_a_moment(owner: str, code: str) -> None:
    """Rule 3: 503 and a time to wait."""
    answer = Endpoint(replay=Forgetful(owner)).ask()

    assert refused(answer, 503, code, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"


def test_an_assertion_is_remembered_as_long_as_it_could_be_used() -> None:
    """A used assertion is known until its own expiry, whatever the clock of the client."""
    endpoint = Endpoint()
    assertion = endpoint.assertion()
    endpoint.ask(client_assertion=assertion)
    endpoint.now += timedelta(seconds=29)

    assert refused(endpoint.ask(client_assertion=assertion), 401, "client-replayed", "invalid_client")


def test_the_metadata_tells_what_a_client_must_know(endpoint: Endpoint) -> None:
    """RFC 8414: addresses under the public origin, one grant, one way to authenticate."""
    answer = endpoint.client.get("/.well-known/oauth-authorization-server")

    assert answer.json() == {
        "issuer": ISSUER,
        "token_endpoint": ENDPOINT,
        "jwks_uri": f"{ISSUER}/.well-known/jwks.json",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["Ed25519", "EdDSA"],
        "dpop_signing_alg_values_supported": ["Ed25519", "EdDSA", "ES256"],
        "service_documentation": f"{ISSUER}/docs",
    }


def test_the_hubs_key_is_public(endpoint: Endpoint) -> None:
    """RFC 7517: the public members alone, named by the thumbprint."""
    answer = endpoint.client.get("/.well-known/jwks.json")

    assert answer.json() == {
        "keys": [{**HUB_KEY.public.jwk, "kid": HUB_KEY.key_id, "use": "sig", "alg": "Ed25519"}]
    }
    assert b64u(HUB_KEY.seed) not in answer.text


def test_the_routes_describe_themselves(endpoint: Endpoint) -> None:
    """The API description names the form, the header and every refusal."""
    described = endpoint.client.get("/openapi.json").json()["paths"]["/oauth/token"]["post"]

    assert described["security"] == []
    assert {"400", "401", "503"} <= described["responses"].keys()
    assert described["parameters"][0]["name"] == "DPoP"


# --- who fails again and again --------------------------------------------------------------------------


@pytest.fixture
def watched() -> Endpoint:
    """An endpoint at which three assertions of one client or one address may fail, and time stands still."""
    return Endpoint(failures=RateLimits(0.5, 3, lambda: 0.0))


def test_failed_assertions_are_told_to_wait(watched: Endpoint) -> None:
    """Three are refused as what they are, the next with 429 and `Retry-After`."""
    for _ in range(3):
        assert refused(watched.ask(client_assertion=watched.assertion(key=STRANGER)), 401, "client-untrusted",
                       "invalid_client")  # fmt: skip
    over = watched.ask(client_assertion=watched.assertion(key=STRANGER))
    assert refused(over, 429, "rate-limited", "temporarily_unavailable")
    assert over.headers["Retry-After"] == "2"


def test_nobody_locks_a_member_out_by_failing_in_its_name(watched: Endpoint) -> None:
    """Who holds the key gets its token, from the same address too."""
    for _ in range(9):
        watched.ask(client_assertion=watched.assertion(key=STRANGER))
    assert watched.ask().status_code == 200


def test_an_address_is_counted_whatever_names_it_claims(watched: Endpoint) -> None:
    """Trying one name after the other is still one address; the answers tell nothing of the names."""
    answers = [
        watched.ask(client_assertion=watched.assertion(client=MemberId(f"mbr_guess-{number}"), key=STRANGER))
        for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_what_is_not_about_the_assertion_is_not_counted(watched: Endpoint) -> None:
    """A wrong proof or scope is answered as such, however often."""
    answers = [watched.ask(scope="everything").json()["code"] for _ in range(6)]
    assert answers == ["scope-unknown"] * 6


def test_what_is_counted_is_bounded(watched: Endpoint) -> None:
    """A thousand made-up names take no more room than the buckets there are."""
    limits = RateLimits(0.5, 3, lambda: 0.0, most_members=4)
    endpoint = Endpoint(failures=limits)
    for number in range(12):
        guess = MemberId(f"mbr_guess-{number}")
        endpoint.ask(client_assertion=endpoint.assertion(client=guess, key=STRANGER))
    assert len(limits._buckets) == 4
