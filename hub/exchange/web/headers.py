"""What every answer says beside its body: how a browser shall treat it, and what is left of a rate.

Also counts and times the answer, by route. Nothing here reads a body.
"""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.exchange.web.limits import Allowance
from hub.exchange.web.metrics import Metrics

POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE: Final = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Edge:
    """ASGI middleware round the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._clock()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                message["headers"] = [*headers, *_kept_nowhere(headers), *SAFE, *_rate(scope)]
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.answered(route, message["status"], self._clock() - started)
            await send(message)

        await self._app(scope, receive, answer)


def _kept_nowhere(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What does not say that it may be kept, may not: no cache between two members shows one the other's."""
    return [] if any(name == b"cache-control" for name, _ in headers) else [(b"cache-control", b"no-store")]


def _rate(scope: Scope) -> list[tuple[bytes, bytes]]:
    allowance: Allowance | None = scope.get("state", {}).get("allowance")
    if allowance is None or not allowance.served:
        return []  # a refused request carries them already, with its Retry-After
    return [(name.lower().encode(), value.encode()) for name, value in allowance.headers().items()]
