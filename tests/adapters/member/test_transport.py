"""The way to the hub: proofs on every call, typed answers, nothing assumed where there is no answer."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qsl

import httpx
import pytest

from adapters.member.errors import HubRefused, HubUnreachable
from adapters.member.transport import Transport, public_get, public_post
from hub.protocols import canonical
from hub.protocols.access import check_client_assertion, check_proof
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage
from hub.protocols.keys import SigningKey
from hub.protocols.names import MemberId
from tests.conftest import START, FixedClock

URL = "https://hub.example"
KENT = MemberId("mbr_kent")
KEY = SigningKey.from_seed(b"\x03" * 32)

Handler = Callable[[httpx.Request], httpx.Response]


def token(request: httpx.Request) -> httpx.Response:
    """What the token endpoint answers."""
    return answer({"access_token": "the-token", "token_type": "DPoP", "expires_in": 600, "scope": "x"})


def answer(body: Json, status: int = 200, **headers: str) -> httpx.Response:
    """An answer with a JSON body."""
    return httpx.Response(status, content=canonical.encode(body), headers=headers)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    """A problem document."""
    return answer({"code": code, "detail": "what to do"}, status, **headers)


def transport(handler: Handler, clock: FixedClock | None = None) -> tuple[Transport, list[httpx.Request]]:
    """A transport whose calls are answered here, and the calls it has made."""
    calls: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return (
            token(request)
            if request.url.path == "/oauth/token" and handler is not refuse_all
            else handler(request)
        )

    http = httpx.Client(transport=httpx.MockTransport(handle))
    return Transport(URL + "/", KENT, KEY, clock or FixedClock(START), http), calls


def refuse_all(_: httpx.Request) -> httpx.Response:
    """A hub that admits nobody."""
    return problem(401, "client-untrusted")


def test_every_call_carries_its_own_proof_and_the_bound_token() -> None:
    """The proof is for this method, this address and this token, and is never used twice."""
    way, calls = transport(lambda _: answer({"fine": True}))
    way.get("/v1/members", {"limit": 3})
    way.post("/v1/notices", {})
    assert [call.url.path for call in calls] == ["/oauth/token", "/v1/members", "/v1/notices"]
    form = dict(parse_qsl(calls[0].content.decode()))
    assert check_client_assertion(form["client_assertion"], URL, KEY.public, START).client == KENT
    proofs = [
        check_proof(calls[1].headers["DPoP"], "GET", f"{URL}/v1/members", START, access_token="the-token"),
        check_proof(calls[2].headers["DPoP"], "POST", f"{URL}/v1/notices", START, access_token="the-token"),
    ]
    assert {proof.key_id for proof in proofs} == {KEY.key_id}
    assert proofs[0].jti != proofs[1].jti
    assert calls[1].headers["Authorization"] == "DPoP the-token"


def test_a_token_is_asked_for_before_it_ends() -> None:
    """Half a minute before, so that no call goes out with a token about to end."""
    clock = FixedClock(START)
    way, calls = transport(lambda _: answer({}), clock)
    way.get("/a")
    clock.advance(timedelta(seconds=569))
    way.get("/a")
    clock.advance(timedelta(seconds=1))
    way.get("/a")
    assert [call.url.path for call in calls].count("/oauth/token") == 2


def test_a_refused_token_is_replaced_once() -> None:
    """A hub that restarted wants new ones; a hub that refuses the new one too is believed."""
    answers = iter([problem(401, "access-expired"), answer({"fine": True})])
    way, calls = transport(lambda _: next(answers))
    assert way.get("/a") == {"fine": True}
    assert [call.url.path for call in calls] == ["/oauth/token", "/a", "/oauth/token", "/a"]
    way, _ = transport(lambda _: problem(401, "access-withdrawn"))
    with pytest.raises(HubRefused, match="access-withdrawn"):
        way.get("/a")


def test_the_hubs_nonce_is_taken_up() -> None:
    """A call that lacks it is repeated with it, under the same token, and later calls carry it."""

    def handle(request: httpx.Request) -> httpx.Response:
        fresh = '"nonce":"n1"' in str(
            canonical.decode(canonical.unb64u(request.headers["DPoP"].split(".")[1]))
        )
        claims = canonical.decode(canonical.unb64u(request.headers["DPoP"].split(".")[1]))
        assert isinstance(claims, dict)
        fresh = claims.get("nonce") == "n1"
        return answer({}) if fresh else problem(401, "dpop-nonce", **{"DPoP-Nonce": "n1"})

    way, calls = transport(handle)
    way.get("/a")
    way.get("/b")
    assert [call.url.path for call in calls] == ["/oauth/token", "/a", "/a", "/b"]


def test_the_token_endpoints_nonce_is_taken_up() -> None:
    """The same for the first call of all."""
    asked = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        if request.url.path != "/oauth/token":
            return answer({})
        asked += 1
        return problem(400, "dpop-nonce", **{"DPoP-Nonce": "n1"}) if asked == 1 else token(request)

    http = httpx.Client(transport=httpx.MockTransport(handle))
    Transport(URL, KENT, KEY, FixedClock(START), http).get("/a")
    assert asked == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504, 507])
def test_a_hub_that_cannot_now_is_unreachable(status: int) -> None:
    """The same thing is sent again later."""
    way, _ = transport(lambda _: problem(status, "hub-busy"))
    with pytest.raises(HubUnreachable, match="hub-busy"):
        way.get("/a")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422, 500])
def test_a_hub_that_says_no_has_refused(status: int) -> None:
    """With the code of its problem document, and its status."""
    way, _ = transport(lambda _: problem(status, "some-code"))
    with pytest.raises(HubRefused) as caught:
        way.get("/a")
    assert (caught.value.status, caught.value.code) == (status, "some-code")


@pytest.mark.parametrize("body", [b"", b"Internal Server Error", b"<html>"])
def test_a_hub_that_breaks_off_is_unreachable(body: bytes) -> None:
    """A server error that nobody explains comes from a process that ends, or from a proxy before it."""
    way, _ = transport(lambda _: httpx.Response(500, content=body))
    with pytest.raises(HubUnreachable, match="no-problem-document"):
        way.get("/a")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": "x"}', b"\xff"])
def test_an_error_that_is_not_explained_is_still_typed(body: bytes) -> None:
    """A proxy's page is no problem document."""
    way, _ = transport(lambda _: httpx.Response(404, content=body))
    with pytest.raises(HubRefused, match="no-problem-document"):
        way.get("/a")


def test_a_broken_line_is_unreachable_and_its_text_is_not_told() -> None:
    """The text of the network's fault can hold the address with its parameters."""

    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("secret-in-url", request=request)

    way, _ = transport(handle)
    with pytest.raises(HubUnreachable) as caught:
        way.get("/a")
    assert "secret-in-url" not in str(caught.value)
    with pytest.raises(HubUnreachable):
        public_get(URL, "/x", httpx.Client(transport=httpx.MockTransport(handle)))


def test_a_member_that_is_not_admitted_is_told() -> None:
    """The token endpoint's no is the hub's no."""
    way, _ = transport(refuse_all)
    with pytest.raises(HubRefused, match="client-untrusted"):
        way.get("/a")


@pytest.mark.parametrize("body", [{}, {"access_token": 7, "expires_in": 600}, {"access_token": "x"}, []])
def test_a_token_of_another_form_is_refused(body: Json) -> None:
    """Typed, and never a raw error."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: answer(body)))
    with pytest.raises(MalformedMessage):
        Transport(URL, KENT, KEY, FixedClock(START), http).get("/a")


def test_every_page_of_a_list_is_read() -> None:
    """However many there are, in their order."""

    def handle(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor", "0"))
        data: list[Json] = [{"n": number} for number in range(start, start + 2)]
        return answer({"data": data, "next_cursor": str(start + 2), "has_more": start < 4})

    way, _ = transport(handle)
    assert [one.integer("n") for one in way.pages("/v1/members")] == [0, 1, 2, 3, 4, 5]


def test_a_list_without_cursors_is_one_page() -> None:
    """Some lists are short by nature."""
    way, _ = transport(lambda _: answer({"data": [{"n": 1}]}))
    assert [one.integer("n") for one in way.pages("/v1/epochs")] == [1]


def test_a_hub_that_gives_one_page_for_ever_is_caught() -> None:
    """Instead of being read for ever."""
    way, _ = transport(lambda _: answer({"data": [], "next_cursor": "same", "has_more": True}))
    with pytest.raises(MalformedMessage, match="cursor-stands"):
        list(way.pages("/v1/members"))


def test_what_anybody_may_have_needs_no_token() -> None:
    """Tiles of the log, the configuration, an enrolment."""
    way, calls = transport(lambda _: httpx.Response(200, content=b"tile"))
    assert way.public("/log/tile/0/000") == b"tile"
    assert "authorization" not in calls[0].headers
    http = httpx.Client(transport=httpx.MockTransport(lambda request: answer({"path": request.url.path})))
    assert public_get(URL, "/x", http) == {"path": "/x"}
    assert public_post(URL, "/y", {"code": "c"}, http) == {"path": "/y"}
    with pytest.raises(HubRefused):
        public_post(URL, "/y", {}, httpx.Client(transport=httpx.MockTransport(lambda _: problem(403, "no"))))
