"""What every route works with: the store, the hub's own identity, the door, the waiting.

One object, put together by `hub.app` and reached through the request. Its verbs are how a route
reads (a consistent view), writes (one unit of work, committed before the answer) and says the same
thing twice to a request that is made twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Protocol, TypeVar, cast

import msgspec
from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Store, Work
from hub.exchange.reception import Keepable, check_in
from hub.exchange.web.admission import Door
from hub.exchange.web.authentication import Authentication, Caller
from hub.exchange.web.bodies import AgreementRequest, StrictRequest
from hub.exchange.web.cursors import Cursors
from hub.exchange.web.limits import RateLimits
from hub.exchange.web.long_poll import Checkpoints, Seats
from hub.exchange.web.metrics import Metrics
from hub.exchange.web.problems import EdgeProblem
from hub.exchange.web.replay import UsedProofs
from hub.exchange.web.rules import Rule, rule_of, ruled
from hub.protocols import canonical
from hub.protocols.access import Nonces
from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError
from hub.protocols.names import MemberId
from hub.protocols.problem import problem

T = TypeVar("T")

MAY_HAVE_CHANGED: Final = frozenset(
    {"signing-key", "signing-key-time", "epoch-expired", "recipient-unknown", "member-may-not-publish"}
)
"""Refusals at the door that may be out of date by a second: looked up again once before they are said."""

KEY_LENGTH: Final = 255


class PolledStore(Store, Protocol):
    """A store that can answer an empty poll without being asked in full."""

    def empty_poll(self, member: MemberId, after: int) -> bool:
        """Whether surely nothing lies above `after` in a member's inbox, covered or not."""


class Writes(Protocol):
    """Does acts in units of work, many to a commit."""

    def submit(self, act: Callable[[Work], T]) -> Future[T]:
        """Have `act` done and committed; the future then holds what it returned or raised."""


@dataclass(frozen=True, slots=True)
class KeptReply:
    """An answer that was given under an idempotency key."""

    fingerprint: str
    status: int
    body: bytes


class Replies(Protocol):
    """Answers kept under their keys, in the unit of work of their effect."""

    def find(self, work: Work, owner: str, key: str) -> KeptReply | None:
        """The answer given under this key, if there is one."""

    def keep(self, work: Work, owner: str, key: str, reply: KeptReply, at: datetime) -> None:
        """Keep an answer."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a route needs."""

    origin: str
    """Public address with scheme, without a slash at the end."""
    mode: str
    version: str
    custodian: MemberId
    longest_wait: int
    """Seconds that a poll waits at most."""
    reads_inline: bool
    """Whether a short read may run on the event loop: the database is a file of this machine."""
    hub: Hub
    store: PolledStore
    writer: Writes
    replies: Replies
    door: Door
    authentication: Authentication
    replay: UsedProofs
    nonces: Nonces | None
    cursors: Cursors
    checkpoints: Checkpoints
    seats: Seats
    """Where polls wait."""
    enrolments: RateLimits
    metrics: Metrics
    readiness: list[Callable[[], Mapping[str, bool]]] = field(default_factory=list)
    """What has to hold for this process to serve, by name; each part of the process adds its own."""
    places: dict[MemberId, int] = field(default_factory=dict)
    """How far each member has read its inbox, as far as this process has seen."""

    async def read(self, act: Callable[[Work], T]) -> T:
        """Read a consistent view in a thread."""
        return await asyncio.to_thread(self._read, act)

    async def glance(self, act: Callable[[Work], T]) -> T:
        """Read something short: on the loop itself where the database is embedded."""
        return self._read(act) if self.reads_inline else await asyncio.to_thread(self._read, act)

    async def write(self, act: Callable[[Work], T]) -> T:
        """Do one act in a unit of work; return what it returned, after the commit."""
        return await asyncio.wrap_future(self.writer.submit(act))

    def check_in(self, data: bytes, caller: MemberId) -> Keepable:
        """Check a published notice; what may have changed since the door last looked is looked up again."""
        try:
            return check_in(data, caller, self.door.admission, self.hub)
        except (ProtocolError, Declined) as fault:
            if fault.code not in MAY_HAVE_CHANGED or not self.door.refresh_if_stale(self.checkpoints.size):
                raise
        return check_in(data, caller, self.door.admission, self.hub)

    async def write_once(
        self, owner: str, key: str | None, request: bytes, act: Callable[[Work], tuple[int, Json]]
    ) -> Response:
        """Do an act under an idempotency key: the same request again gets the first answer (I5)."""
        status, body = await self.write(lambda work: self._once(work, owner, key, request, act))
        return Response(body, status, media_type="application/json")

    def _once(
        self,
        work: Work,
        owner: str,
        key: str | None,
        request: bytes,
        act: Callable[[Work], tuple[int, Json]],
    ) -> tuple[int, bytes]:
        if key is None:
            status, body = act(work)
            return status, msgspec.json.encode(body)
        fingerprint = canonical.digest(request)
        known = self.replies.find(work, owner, key)
        if known is None:
            status, body = act(work)
            known = KeptReply(fingerprint, status, msgspec.json.encode(body))
            self.replies.keep(work, owner, key, known, self.hub.now())
        if known.fingerprint != fingerprint:
            raise EdgeProblem(problem("idempotency-key-reused"))
        return known.status, known.body

    def _read(self, act: Callable[[Work], T]) -> T:
        with self.store.read() as work:
            return act(work)


def desk_of(request: Request) -> Desk:
    """The desk of this application."""
    return cast("Desk", request.app.state.desk)


def caller_of(request: Request) -> Caller:
    """Who makes this request; the route's rule has been held to before."""
    return cast("Caller", request.scope["state"]["caller"])


DeskIs = Annotated[Desk, Depends(desk_of)]
CallerIs = Annotated[Caller, Depends(caller_of)]


async def enter(request: Request, endpoint: object, path: str) -> None:
    """Hold a request to its route's rule; raise what is wrong with its credentials."""
    demanded = rule_of(endpoint, path)
    if demanded.rule is Rule.PUBLIC:
        return
    caller = await desk_of(request).authentication.authenticate(request)
    if demanded.scope is not None:
        caller.require_scope(demanded.scope)
    request.scope["state"]["caller"] = caller


class Guarded(APIRoute):
    """A route of FastAPI that holds to its rule before anything of the request is read."""

    reads: type[StrictRequest] = StrictRequest

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return what answers requests; raise `TypeError` for an endpoint without a rule."""
        rule_of(self.endpoint, self.path)
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await enter(request, self.endpoint, self.path)
            return await answer(self.reads(request.scope, request.receive))

        return guarded


class GuardedAgreement(Guarded):
    """The same, for bodies that hold an agreement."""

    reads = AgreementRequest


def thin(path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> Route:
    """A route without a framework's ceremony, for what is asked thousands of times a second."""
    demanded = rule_of(endpoint, path)

    async def guarded(request: Request) -> Response:
        request.scope["route"] = route  # as FastAPI's own routes do: log and figures name it
        await enter(request, endpoint, path)
        return await endpoint(request)

    route = Route(path, ruled(demanded.rule, demanded.scope)(guarded), methods=[method])
    return route


def idempotency_key(request: Request) -> str | None:
    """The request's idempotency key at its address; raise `EdgeProblem` for one of another form.

    A key counts for one address: the same one elsewhere is another request, not the same again.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        raise EdgeProblem(problem("message-malformed", "Idempotency-Key is 1 to 255 printable characters"))
    return None if key is None else f"{request.scope['path']} {key}"
