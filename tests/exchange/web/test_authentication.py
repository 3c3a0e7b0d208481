"""Every request proves who it is: what is let in, and every other request."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.exchange.errors import Declined
from hub.exchange.web import authentication
from hub.exchange.web.authentication import Authentication
from hub.exchange.web.limits import RateLimits
from hub.exchange.web.replay import UsedInMemory, UsedProofs
from hub.protocols.access import AccessClaims, AccessToken, Nonces, issue_access_token, make_proof
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import SigningKey
from hub.protocols.names import MemberId
from hub.protocols.problem import PROBLEMS

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ORIGIN: Final = "https://hub.example"
INBOX: Final = f"{ORIGIN}/v1/inbox"
KENT: Final = MemberId("mbr_kent")
KEY: Final = SigningKey.from_seed(bytes(range(32)))
OTHER_KEY: Final = SigningKey.from_seed(bytes(range(1, 33)))
HUB_KEY: Final = SigningKey.from_seed(bytes(range(2, 34)))
CLAIMS: Final = AccessClaims(
    issuer=ORIGIN,
    audience=ORIGIN,
    client=KENT,
    scopes=frozenset({"inbox:read"}),
    key_id=KEY.key_id,
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
    jti="token-1",
)
TOKEN: Final = issue_access_token(CLAIMS, HUB_KEY)


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


@dataclass
class Hub:
    """A hub of one route, behind a name that is not its public origin."""

    now: datetime = NOW
    replay: UsedProofs = field(default_factory=UsedInMemory)
    admits: Callable[[AccessToken], bool] = lambda _: True
    nonces: Nonces | None = None
    limits: RateLimits | None = None
    client: Client = field(init=False)
    _proofs: int = 0

    def __post_init__(self) -> None:
        """Build the route."""
        self.access = Authentication(
            origin=ORIGIN,
            issuer=ORIGIN,
            hub_key=HUB_KEY.public,
            replay=self.replay,
            clock=lambda: self.now,
            admits=lambda token: self.admits(token),  # noqa: PLW0108 - a test changes it afterwards
            nonces=self.nonces,
            limits=self.limits,
        )
        routes = [
            Route("/v1/inbox", self._answer, methods=["GET", "POST"]),
            Route("/v1/not%ices/{id}", self._answer),
        ]
        self.client = Client(Starlette(routes=routes))

    async def _answer(self, request: Request) -> Response:
        try:
            caller = await self.access.authenticate(request)
            caller.require_scope("inbox:read")
        except (ProtocolError, Declined) as refused:
            status = PROBLEMS[refused.code].status
            headers = self.access.headers_for(refused.code, request)
            return JSONResponse({"code": refused.code}, status, headers)
        allowance = self.access.headers_for("", request)
        return JSONResponse({"member": caller.member, "key": caller.key_id}, headers=allowance)

    def proof(self, key: SigningKey = KEY, token: str | None = TOKEN, **changes: Any) -> str:  # noqa: ANN401 - any part of a proof
        """A new proof for the inbox, except for what is changed."""
        self._proofs += 1
        parts = {"method": "GET", "url": INBOX, "now": self.now, "jti": f"jti-{self._proofs}", **changes}
        return make_proof(key=key, access_token=token, **parts)

    def get(self, proof: str | None = None, token: str = TOKEN, **headers: str) -> Any:  # noqa: ANN401 - a response
        """Read the inbox."""
        given = {"Authorization": f"DPoP {token}", "DPoP": proof or self.proof(token=token), **headers}
        return self.client.get("/v1/inbox", headers={name: text for name, text in given.items() if text})

    def code(self, proof: str | None = None, token: str = TOKEN, **headers: str) -> str:
        """The code with which the inbox is refused."""
        return str(self.get(proof, token, **headers).json()["code"])


@contextmanager
def tokens_kept(number: int) -> Iterator[None]:
    """Bound the verified tokens to a few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authentication, "KNOWN_TOKENS", number)
        yield


@pytest.fixture
def hub() -> Hub:
    """A hub in which every check is at its default."""
    return Hub()


def test_a_bound_token_with_its_proof_is_let_in(hub: Hub) -> None:
    """The member and the key it has proved are the caller."""
    answer = hub.get()

    assert answer.status_code == 200
    assert answer.json() == {"member": KENT, "key": KEY.key_id}


def test_a_token_is_good_for_many_requests_each_with_its_own_proof(hub: Hub) -> None:
    """The verified token is kept; each proof is new."""
    assert [hub.get().status_code for _ in range(3)] == [200, 200, 200]


def test_a_proof_counts_once(hub: Hub) -> None:
    """Rule 3: the second request with the same proof is refused."""
    proof = hub.proof()
    assert hub.get(proof).status_code == 200

    assert hub.code(proof) == "dpop-replayed"


def test_the_address_is_the_public_origin_whatever_the_request_says(hub: Hub) -> None:
    """Rule 2: Host and X-Forwarded-* are the caller's words and decide nothing."""
    local = hub.proof(url="http://10.0.0.7:8000/v1/inbox")
    assert hub.code(local) == "dpop-address"

    spoofed = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert hub.code(hub.proof(url="https://evil.example/v1/inbox"), **spoofed) == "dpop-address"
    assert hub.get(**spoofed).status_code == 200


def test_an_escaped_path_is_compared_as_sent(hub: Hub) -> None:
    """What the caller wrote in its address is what its proof must say, escapes included."""
    address = "/v1/not%25ices/ntc_%C3%A9"
    headers = {"Authorization": f"DPoP {TOKEN}", "DPoP": hub.proof(url=ORIGIN + address)}

    assert hub.client.get(f"{address}?wait=20", headers=headers).status_code == 200


def test_a_server_without_raw_paths_is_served_too(hub: Hub) -> None:
    """ASGI lets a server leave the raw path out: it is then written anew."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/inbox",
        "headers": [(b"authorization", b"DPoP " + TOKEN.encode()), (b"dpop", hub.proof().encode())],
    }
    done = hub.access.authenticate(Request(scope))

    with pytest.raises(StopIteration) as returned:
        done.send(None)
    assert returned.value.value.member == KENT


def test_no_credentials_are_asked_for(hub: Hub) -> None:
    """A request without anything learns what to send, and nothing else."""
    answer = hub.client.get("/v1/inbox")

    assert (answer.status_code, answer.json()["code"]) == (401, "access-missing")
    assert answer.headers["WWW-Authenticate"] == 'DPoP algs="Ed25519 EdDSA ES256"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "", "DPoPx"])
def test_a_bound_token_is_no_bearer_token(hub: Hub, scheme: str) -> None:
    """Rule 5: the hub takes no bearer token, with or without a proof beside it."""
    assert hub.code(Authorization=f"{scheme} {TOKEN}") == "access-scheme"


def test_a_request_has_one_of_each_header(hub: Hub) -> None:
    """Rule 2: with two headers, two readers could each see another one."""
    proof = hub.proof()
    double = [("Authorization", f"DPoP {TOKEN}"), ("DPoP", proof), ("DPoP", hub.proof())]
    assert hub.client.get("/v1/inbox", headers=double).json()["code"] == "dpop-repeated"

    double = [("Authorization", f"DPoP {TOKEN}"), ("Authorization", f"DPoP {TOKEN}"), ("DPoP", proof)]
    assert hub.client.get("/v1/inbox", headers=double).json()["code"] == "access-malformed"
    assert hub.code(f"{proof}, {proof}") == "dpop-malformed"


def test_a_token_without_a_proof_is_worth_nothing(hub: Hub) -> None:
    """Who has only seen the token cannot use it."""
    answer = hub.client.get("/v1/inbox", headers={"Authorization": f"DPoP {TOKEN}"})

    assert answer.json()["code"] == "dpop-missing"
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]


def test_another_key_does_not_use_the_token(hub: Hub) -> None:
    """The proof is by the very key that the token is bound to."""
    answer = hub.get(hub.proof(key=OTHER_KEY))

    assert answer.json()["code"] == "access-binding"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "POST"}, "dpop-method"),
        ({"url": f"{ORIGIN}/v1/notices"}, "dpop-address"),
        ({"now": NOW - timedelta(seconds=121)}, "dpop-stale"),
        ({"now": NOW + timedelta(seconds=61)}, "dpop-early"),
        ({"token": "another"}, "dpop-token"),
        ({"token": None}, "dpop-token"),
    ],
)
def test_a_proof_is_for_this_request(hub: Hub, changes: dict[str, Any], code: str) -> None:
    """A proof made for anything else does not do, every time anew."""
    hub.get()

    assert hub.code(hub.proof(**changes)) == code


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        (replace(CLAIMS, audience="https://elsewhere.example"), "access-audience"),
        (replace(CLAIMS, issuer="https://elsewhere.example"), "access-issuer"),
        (replace(CLAIMS, expires_at=NOW), "access-expired"),
        (replace(CLAIMS, issued_at=NOW + timedelta(minutes=2)), "access-early"),
    ],
)
def test_a_token_is_for_this_hub_now(hub: Hub, claims: AccessClaims, code: str) -> None:
    """An otherwise valid proof does not help a token that is not for here and now."""
    assert hub.code(token=issue_access_token(claims, HUB_KEY)) == code


def test_a_token_is_the_hubs_own(hub: Hub) -> None:
    """Nobody else issues tokens; what is no token is refused as such."""
    assert hub.code(token=issue_access_token(CLAIMS, OTHER_KEY)) == "access-key"
    assert hub.code(token="opaque") == "access-malformed"


def test_a_kept_token_expires_all_the_same(hub: Hub) -> None:
    """The memory of verified tokens does not prolong one by a second."""
    assert hub.get().status_code == 200
    hub.now = CLAIMS.expires_at - timedelta(seconds=1)
    assert hub.get().status_code == 200
    hub.now = CLAIMS.expires_at

    assert hub.code() == "access-expired"


def test_a_suspended_member_is_out_at_once(hub: Hub) -> None:
    """I6: whether the holder may still enter is asked on every request, kept token or not."""
    assert hub.get().status_code == 200
    hub.admits = lambda token: token.client != KENT

    assert hub.code() == "access-withdrawn"


def test_a_missing_scope_is_a_refusal_and_no_challenge(hub: Hub) -> None:
    """A token that allows something else does not allow this; another token would."""
    token = issue_access_token(replace(CLAIMS, scopes=frozenset({"notices:write"})), HUB_KEY)
    answer = hub.get(token=token)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope-insufficient")
    assert "WWW-Authenticate" not in answer.headers


def test_a_nonce_is_asked_for_and_then_taken() -> None:
    """Rule 4: 401 with the nonce to use; the repeated request with it is served."""
    hub = Hub(nonces=Nonces(bytes(32)))
    answer = hub.get()
    assert (answer.status_code, answer.json()["code"]) == (401, "dpop-nonce")
    assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    nonce = answer.headers["DPoP-Nonce"]

    assert hub.get(hub.proof(nonce=nonce)).status_code == 200
    assert hub.code(hub.proof(nonce=nonce[::-1])) == "dpop-nonce"
    hub.now += timedelta(minutes=10)
    fresh = issue_access_token(replace(CLAIMS, expires_at=NOW + timedelta(hours=1)), HUB_KEY)
    assert hub.code(hub.proof(token=fresh, nonce=nonce), token=fresh) == "dpop-nonce"


def test_a_memory_that_cannot_tell_refuses_for_a_moment() -> None:
    """Rule 3: 503 and a time to wait, without a challenge: the credentials may well be good."""
    hub = Hub(replay=UsedInMemory(since=NOW + timedelta(seconds=5)))
    answer = hub.get()

    assert (answer.status_code, answer.json()["code"]) == (503, "dpop-unsure")
    assert answer.headers["Retry-After"] == "1"
    assert "WWW-Authenticate" not in answer.headers


def test_a_member_has_a_rate(hub: Hub) -> None:
    """429 when the bucket is empty; every answer tells what is left."""
    hub = Hub(limits=RateLimits(rate=1, burst=1, clock=lambda: 0.0))
    served, refused = hub.get(), hub.get()

    assert (served.status_code, served.headers["RateLimit"]) == (200, '"member";r=0;t=1')
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["RateLimit-Policy"] == '"member";q=1;w=1'


def test_only_the_holder_of_the_key_uses_the_rate_up() -> None:
    """Requests with bad credentials do not count against the member that they name."""
    hub = Hub(limits=RateLimits(rate=1, burst=1, clock=lambda: 0.0))
    for _ in range(3):
        assert hub.code(hub.proof(key=OTHER_KEY)) == "access-binding"

    assert hub.get().status_code == 200


def test_the_memory_of_tokens_is_bounded(hub: Hub) -> None:
    """However many tokens are shown, few are kept; one that was dropped is verified again."""
    tokens = [issue_access_token(replace(CLAIMS, jti=f"token-{number}"), HUB_KEY) for number in range(4)]
    with tokens_kept(2):
        assert [hub.get(token=token).status_code for token in tokens] == [200] * 4
        assert len(hub.access._tokens) == 2
        assert hub.get(token=tokens[0]).status_code == 200


def test_refused_tokens_are_not_kept(hub: Hub) -> None:
    """Only what was verified is remembered."""
    hub.get(token="opaque")

    assert hub.access._tokens == {}
