"""The way to the hub: a bound token, a fresh proof on every call, typed answers.

Every call carries a DPoP proof (RFC 9449) by the access key. A problem document becomes
`HubRefused`; no answer becomes `HubUnreachable`, after which nothing may be assumed about what
the hub has done: the same thing is sent again, and has one effect.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from adapters.member.errors import HubRefused, HubUnreachable
from hub.protocols import canonical
from hub.protocols.access import ASSERTION_KIND, make_client_assertion, make_proof
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage
from hub.protocols.keys import SigningKey
from hub.protocols.names import MemberId

TIMEOUT_SECONDS: Final = 40.0
"""Above the longest long poll (30 s)."""

PAGE: Final = 200
"""Things asked for at once, where there may be many."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_BUSY: Final = frozenset({408, 425, 429, 502, 503, 504, 507})
"""Answers that say "not now" (RFC 9110 section 15): the same request is repeated later."""

UNEXPLAINED: Final = "no-problem-document"
"""An error without a problem document; as a server error it comes from a hub, or a proxy, that breaks off."""

_RENEW: Final = frozenset({"dpop-nonce"})


class Transport:
    """Calls to one hub as one member; may be used from several threads."""

    def __init__(
        self,
        url: str,
        member: MemberId,
        key: SigningKey,
        now: Callable[[], datetime],
        http: httpx.Client | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._member = member
        self._key = key
        self._now = now
        self._http = http or _client(self._url)
        self._lock = threading.Lock()
        self._token: tuple[str, datetime] | None = None
        self._nonce: str | None = None

    def use_key(self, key: SigningKey) -> None:
        """Call with another access key from now on; its token is asked for anew."""
        with self._lock:
            if key.key_id != self._key.key_id:
                self._key, self._token = key, None

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json:
        """GET a JSON document."""
        return canonical.decode(self.fetch(path, params))

    def fetch(self, path: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """GET bytes as they are."""
        return self._call("GET", path, params=params)

    def pages(self, path: str) -> Iterator[Reader]:
        """GET every thing of a list, page after page."""
        params: dict[str, str | int] = {"limit": PAGE}
        while True:
            page = Reader(self.get(path, params), path)
            yield from page.objects("data")
            cursor = page.nullable_text("next_cursor", max=2048) if page.has("next_cursor") else None
            if cursor is None or not page.boolean("has_more"):
                return
            if params.get("cursor") == cursor:
                raise MalformedMessage("cursor-stands", "the hub gives the same page again and again")
            params["cursor"] = cursor

    def public(self, path: str) -> bytes:
        """GET bytes that anybody may have, such as a tile of the log."""
        return _content(self._request("GET", path, headers={}))

    def post(self, path: str, body: Json) -> Json:
        """POST a JSON document."""
        return self.send(path, canonical.encode(body), "application/json")

    def send(self, path: str, body: bytes, content_type: str) -> Json:
        """POST bytes as they are."""
        answer = self._call("POST", path, content=body, headers={"Content-Type": content_type})
        return canonical.decode(answer) if answer else None

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        answer = self._once(method, path, params, content, headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # The token has run out, or the hub wants its nonce: once more with fresh ones.
            if _problem(answer)[0] not in _RENEW:
                with self._lock:
                    self._token = None
            answer = self._once(method, path, params, content, headers)
        return _content(answer)

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response:
        token = self._bound_token()
        sent = {"Authorization": f"DPoP {token}", "DPoP": self._proof(method, path, token), **(headers or {})}
        answer = self._request(method, path, params=params, content=content, headers=sent)
        self._nonce = answer.headers.get("DPoP-Nonce", self._nonce)
        return answer

    def _proof(self, method: str, path: str, token: str | None) -> str:
        url, jti = self._url + path, secrets.token_urlsafe(16)
        return make_proof(method, url, self._key, self._now(), jti, token, self._nonce)

    def _request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        try:
            return self._http.request(
                method, self._url + path, params=dict(params or {}), content=content, headers=dict(headers)
            )
        except httpx.HTTPError as fault:
            raise _unreachable(fault) from fault

    def _bound_token(self) -> str:
        with self._lock:
            if self._token is None or self._token[1] <= self._now():
                self._token = self._new_token()
            return self._token[0]

    def _new_token(self) -> tuple[str, datetime]:
        asked_at = self._now()
        answer = self._ask_token(asked_at)
        fresh = answer.headers.get("DPoP-Nonce")
        if not answer.is_success and fresh is not None and fresh != self._nonce:
            self._nonce = fresh
            answer = self._ask_token(asked_at)
        token = Reader(canonical.decode(_content(answer)), "token")
        # Renewed a little early, so that no call goes out with a token about to end.
        lifetime = max(1, token.integer("expires_in") - 30)
        return token.text("access_token", max=8192), asked_at + timedelta(seconds=lifetime)

    def _ask_token(self, now: datetime) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._member,
            "client_assertion_type": ASSERTION_KIND,
            "client_assertion": make_client_assertion(
                self._member, self._url, self._key, now, secrets.token_urlsafe(16)
            ),
        }
        headers = {
            "DPoP": self._proof("POST", "/oauth/token", None),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._request("POST", "/oauth/token", content=urlencode(form).encode(), headers=headers)


def public_get(url: str, path: str, http: httpx.Client | None = None) -> Json:
    """GET a public document of a hub, without any key."""
    return canonical.decode(_public("GET", url, path, None, http))


def public_post(url: str, path: str, body: Json, http: httpx.Client | None = None) -> Json:
    """POST a document that carries its own authority, such as an invitation's code."""
    return canonical.decode(_public("POST", url, path, canonical.encode(body), http))


def _public(method: str, url: str, path: str, content: bytes | None, http: httpx.Client | None) -> bytes:
    base = url.rstrip("/")
    client = http or _client(base)
    headers = {} if content is None else {"Content-Type": "application/json"}
    try:
        return _content(client.request(method, base + path, content=content, headers=headers))
    except httpx.HTTPError as fault:
        raise _unreachable(fault) from fault
    finally:
        if http is None:
            client.close()


def _client(url: str) -> httpx.Client:
    """A client that honours HTTPS_PROXY and SSL_CERT_FILE, but never sends loopback to a proxy."""
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=urlsplit(url).hostname not in LOOPBACK)


def _content(answer: httpx.Response) -> bytes:
    if answer.is_success:
        return answer.content
    code, detail = _problem(answer)
    broken = answer.is_server_error and code == UNEXPLAINED
    if answer.status_code in _BUSY or broken:
        raise HubUnreachable(code, detail)
    raise HubRefused(answer.status_code, code, detail)


def _problem(answer: httpx.Response) -> tuple[str, str]:
    try:
        problem = answer.json()
        return str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return UNEXPLAINED, "the hub answered with an error that it does not explain"


def _unreachable(fault: httpx.HTTPError) -> HubUnreachable:
    # The fault's own text may hold the address with its parameters: only its kind is told.
    return HubUnreachable(
        "hub-unreachable", f"no answer from the hub ({type(fault).__name__}); try again later"
    )
