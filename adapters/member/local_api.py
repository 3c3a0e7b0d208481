"""The gateway's own REST API, for a tracker on the same machine that cannot make proofs.

It listens on 127.0.0.1 alone and asks for the home's token on every call. A page in a browser must
not reach it: a Host that is not this machine is answered 421 (DNS rebinding), an Origin or a
Sec-Fetch-Site of another site 403, and no CORS header is ever given. Clear text leaves here, to
whoever may read the token file.
"""

import io
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import uvicorn
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.files import stream_rows
from adapters.member.kinds import FileKind
from adapters.member.summaries import clear_text, published_summary, received_summary, waiting_summary
from adapters.move import UnusableFile
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.errors import ProtocolError

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

BODY_BYTES: Final = 64 * 1024 * 1024
"""Longest file in a request: 100,000 rows of an extract; larger ones go by `hub publish`."""

HERE: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
OWN_SITE: Final = frozenset({"same-origin", "none"})

_STATUS: Final = {
    "item-unknown": 404,
    "item-forgotten": 410,
    "no-epoch": 409,
    "custodian-unpinned": 409,
    "officer-missing": 422,
}


class Polling(Protocol):
    """What the API wants to know of the poller."""

    reached: bool


class Ack(BaseModel):
    """What became of a delivery; without an outcome, that it has reached the people who work with it."""

    model_config = ConfigDict(extra="forbid")

    outcome: OutcomeKind | None = None


def local_app(gateway: "Gateway", token: str, polling: Polling, officer: str | None = None) -> FastAPI:
    """Put the API together over one gateway."""
    app = FastAPI(
        title="Mover Exchange gateway",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(_bearer(token))],
    )
    app.middleware("http")(_guard)
    app.add_exception_handler(RequestValidationError, _invalid)
    for fault in (GatewayFault, ProtocolError, UnusableFile, _Unauthorised, _TooLarge):
        app.add_exception_handler(fault, _problem)
    _routes(app, gateway, polling, officer or gateway.pinned.officer or gateway.pinned.team)
    return app


def serve(app: FastAPI, port: int) -> bool:
    """Serve on the loopback address until the process is told to stop; False where the port is taken."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False
        )
    )
    try:
        server.run()
    except SystemExit:  # uvicorn's way to say that it could not listen
        return False
    return server.started


def _routes(app: FastAPI, gateway: "Gateway", polling: Polling, officer: str) -> None:
    @app.get("/health")
    def health() -> dict[str, Any]:
        """Whether this gateway reaches its hub, and what waits."""
        return {
            "member": gateway.pinned.member,
            "hub_reached": polling.reached,
            "queued": len(gateway.records.queued(1_000)),
            "waiting": len(gateway.waiting()),
        }

    @app.post("/publish")
    async def publish(
        request: Request,
        kind: Annotated[FileKind, Query(alias="type")],
        by: Annotated[str | None, Query(alias="officer", min_length=1, max_length=120)] = None,
    ) -> JSONResponse:
        """Publish a file: CSV, XLSX or JSON lines as the body, told by its first bytes."""
        body = await _body(request)
        answer = await run_in_threadpool(_publish, gateway, body, kind, by or officer)
        return JSONResponse(answer, 200 if answer["later"] is None else 202)

    @app.get("/inbox")
    def inbox(state: str | None = None) -> dict[str, Any]:
        """What was delivered and what waits for a person; shows nobody's name."""
        received = [one for one in gateway.received() if state in {None, one.state}]
        return {
            "data": [received_summary(one, seen=gateway.seen(one.item)) for one in received],
            "waiting": [waiting_summary(one) for one in gateway.waiting()],
        }

    @app.get("/inbox/{item}")
    def item(item: str) -> dict[str, Any]:
        """One delivery in clear text."""
        return clear_text(gateway.delivery(item), seen=gateway.seen(item))

    @app.post("/inbox/{item}/open")
    def open_item(item: str) -> dict[str, Any]:
        """The same, noted as seen: it no longer counts as new."""
        return clear_text(gateway.open(item), seen=True)

    @app.post("/inbox/{item}/ack")
    def ack(item: str, what: Ack) -> dict[str, Any]:
        """Say what became of a delivery."""
        if what.outcome is None:
            gateway.acknowledge(item)
            return {"item": item, "level": "actioned"}
        gateway.report_outcome(item, what.outcome)
        return {"item": item, "outcome": what.outcome.value}


def _publish(gateway: "Gateway", body: bytes, kind: FileKind, officer: str) -> dict[str, Any]:
    rows = stream_rows(io.BytesIO(body), gateway.home.path, kind.value)
    done = gateway.publish(rows, kind.notice_type, officer)
    return published_summary(done, rows)


# --- who may ask -------------------------------------------------------------------------------------


class _Unauthorised(Exception):
    """The token is missing or another one."""


class _TooLarge(Exception):
    """The body is longer than a file may be."""


def _bearer(token: str) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.encode(), token.encode()):
            raise _Unauthorised

    return check


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what a page of another site could send, before anything else is looked at."""
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name not in HERE:
        return _answer(421, "host-other", "this gateway answers to 127.0.0.1 and localhost alone")
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "none") not in OWN_SITE or (
        origin is not None and origin != f"http://{host}"
    ):
        return _answer(403, "origin-other", "pages of other sites may not ask this gateway")
    return await call_next(request)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise _TooLarge
    return bytes(body)


# --- what goes wrong ---------------------------------------------------------------------------------


async def _problem(_request: Request, fault: Exception) -> Response:
    if isinstance(fault, _Unauthorised):
        return _answer(401, "token", "send Authorization: Bearer with the token of the home's token file")
    if isinstance(fault, _TooLarge):
        return _answer(413, "body-too-large", f"a file has at most {BODY_BYTES} bytes here; use hub publish")
    if isinstance(fault, UnusableFile):
        return _answer(422, fault.problem.code, str(fault.problem))
    if isinstance(fault, HubUnreachable):
        return _answer(503, fault.code, fault.detail)
    if isinstance(fault, HubRefused):
        return _answer(409, fault.code, fault.detail)
    if isinstance(fault, GatewayFault | ProtocolError):
        status = 502 if isinstance(fault, ProtocolError) else _STATUS.get(fault.code, 409)
        return _answer(status, fault.code, fault.detail)
    return _answer(500, "gateway-fault", "the gateway has failed; nothing is lost, try again")


async def _invalid(_request: Request, _fault: Exception) -> Response:
    return _answer(422, "request-form", "a parameter or the body does not have the form it must have")


def _answer(status: int, code: str, detail: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    body = {"status": status, "code": code, "title": code.replace("-", " "), "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
