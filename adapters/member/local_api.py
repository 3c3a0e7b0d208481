"""The gateway's own REST API, for a tracker on the same machine that cannot make proofs.

It listens on 127.0.0.1 alone and asks for the home's token on every call. A page in a browser must
not reach it: a Host that is not this machine is answered 421 (DNS rebinding), an Origin or a
Sec-Fetch-Site of another site 403, and no CORS header is ever given. Clear text leaves here, to
whoever may read the token file.
"""

import io
import secrets
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Protocol

import uvicorn
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from adapters.member.complaints import Ended, Means, complaint_summary
from adapters.member.disputes import thread_summary
from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.files import stream_rows
from adapters.member.flagging import Wish
from adapters.member.kinds import FileKind
from adapters.member.looks import Says
from adapters.member.summaries import (
    clear_text,
    fact_summary,
    flag_summary,
    followed_summary,
    look_summary,
    published_summary,
    recall_summary,
    received_summary,
    waiting_summary,
)
from adapters.move import UnusableFile
from hub.consent.flag_record import Kind, MadeBy, Outcome
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.dispute import Grievance, Result
from hub.protocols.errors import ProtocolError
from hub.protocols.limits import DISPUTE_TEXT_CHARS
from hub.protocols.names import NoticeId, Part, parse_id

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
    "notice-unknown": 404,
    "entry-unknown": 404,
    "entry-no-release": 422,
    "complaint-unknown": 404,
    "complaint-day": 422,
    "flag-unknown": 404,
    "flag-parts": 422,
    "flag-maker": 422,
    "flag-reason": 422,
    "birthday-missing": 422,
}


class Polling(Protocol):
    """What the API wants to know of the poller."""

    reached: bool


class Ack(BaseModel):
    """What became of a delivery; without an outcome, that it has reached the people who work with it."""

    model_config = ConfigDict(extra="forbid")

    outcome: OutcomeKind | None = None


class _ByOfficer(BaseModel):
    """An answer that a named officer gives."""

    model_config = ConfigDict(extra="forbid")

    officer: str = Field(min_length=1, max_length=120)


class Confirmed(_ByOfficer):
    """Whether a match may go on to names and birthday."""

    confirm: bool
    named: bool = False
    """The other side may be told who we are, although somebody is shielded."""


class Led(_ByOfficer):
    """Who leads: we, or the other member."""

    ours: bool


class Said(_ByOfficer):
    """What the officer sees who has both in clear text."""

    says: Says


class NewFlag(_ByOfficer):
    """A flag to be written down."""

    ref: str = Field(min_length=1, max_length=120)
    kind: Kind
    made_by: MadeBy
    parts: list[Part] = []
    since: date | None = None
    until: date | None = None
    born: date | None = None
    evidence: str = Field("", max_length=200)


class DecidedObjection(_ByOfficer):
    """How an objection was decided, and why."""

    outcome: Literal["upheld", "overridden"]
    reason: str = Field("", max_length=400)


class Contested(_ByOfficer):
    """What is contested: the entry of a release, or the id of a delivery that came here."""

    what: str = Field(min_length=1, max_length=40)
    grievance: Grievance
    words: str = Field(min_length=1, max_length=DISPUTE_TEXT_CHARS)


class Wrote(_ByOfficer):
    """A further message of a dispute; with a result, the one that closes it."""

    words: str = Field(min_length=1, max_length=DISPUTE_TEXT_CHARS)
    result: Result | None = None


class Complained(BaseModel):
    """A data subject's complaint; `about` is a case number, no name is needed."""

    model_config = ConfigDict(extra="forbid")

    received: date
    means: Means
    about: str = Field(min_length=1, max_length=120)
    words: str = Field(default="", max_length=65_536)


class Told(BaseModel):
    """What the complainant was told on a day: that it has come, or, with `ended`, how it ended."""

    model_config = ConfigDict(extra="forbid")

    on: date
    ended: Ended | None = None


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
    _look_routes(app, gateway)
    _dispute_routes(app, gateway)
    _complaint_routes(app, gateway)
    _flag_routes(app, gateway)
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


def _look_routes(app: FastAPI, gateway: "Gateway") -> None:
    @app.get("/looks")
    def looks() -> dict[str, Any]:
        """Second looks: why, and how names and birthday agree; shows nobody's name."""
        return {"data": [look_summary(look) for look in gateway.looks.all()]}

    @app.post("/looks/{item}")
    def confirm_look(item: str, what: Confirmed) -> dict[str, Any]:
        """Confirm a second look as a named officer, or say no."""
        left = gateway.looks.confirm(item, what.officer, yes=what.confirm, named=what.named)
        return {"item": item, "confirmed": what.confirm, "people_left": left}

    @app.post("/looks/{item}/lead")
    def lead(item: str, what: Led) -> dict[str, Any]:
        """Say who leads a young person that two members count."""
        gateway.looks.say_who_leads(item, what.officer, ours=what.ours)
        return {"item": item, "ours": what.ours}

    @app.post("/inbox/{item}/answer")
    def answer(item: str, what: Said) -> dict[str, Any]:
        """Say, as an officer, whether the delivered names are the person meant."""
        gateway.say_of(item, what.says, what.officer)
        return {"item": item, "says": what.says.value}

    @app.get("/notices/{notice}/facts")
    def facts(notice: str) -> dict[str, Any]:
        """What we and others say of one young person, side by side, in clear text."""
        found = gateway.facts_of(NoticeId(parse_id(notice, "ntc")))
        return {"data": [fact_summary(fact) for fact in found]}


def _flag_routes(app: FastAPI, gateway: "Gateway") -> None:
    @app.get("/flags")
    def flags(ref: str | None = None) -> dict[str, Any]:
        """Flags, all or of one young person by local reference."""
        return {"data": [flag_summary(one) for one in gateway.flagging.book.flags(ref)]}

    @app.post("/flags")
    def set_flag(what: NewFlag) -> dict[str, Any]:
        """Write a flag down: it binds at once, and what went out before is recalled."""
        wish = Wish(
            what.ref,
            what.kind,
            what.made_by,
            what.officer,
            frozenset(what.parts),
            what.since,
            what.until,
            what.evidence,
            what.born,
        )
        followed = gateway.flagging.set(wish)
        return followed_summary(followed, gateway.carry_flags())

    @app.post("/flags/{flag}/decision")
    def decide_objection(flag: str, what: DecidedObjection) -> dict[str, Any]:
        """Decide an objection."""
        followed = gateway.flagging.decide(flag, Outcome(what.outcome), what.officer, what.reason)
        return followed_summary(followed, gateway.carry_flags())

    @app.post("/flags/{flag}/end")
    def end_flag(flag: str, what: _ByOfficer) -> dict[str, Any]:
        """Take a flag back."""
        followed = gateway.flagging.end(flag, what.officer)
        return followed_summary(followed, gateway.carry_flags())

    @app.get("/recalls")
    def recalls() -> dict[str, Any]:
        """Recalls and corrections that we have sent, and who has signed."""
        return {"data": [recall_summary(one) for one in gateway.recalls_about(None)]}

    @app.post("/inbox/{item}/recall-done")
    def recall_done(item: str) -> dict[str, Any]:
        """Sign that a recall or correction was done in our own system too."""
        gateway.recall_done(item)
        return {"item": item, "level": "actioned"}


def _dispute_routes(app: FastAPI, gateway: "Gateway") -> None:
    @app.get("/disputes")
    def disputes() -> dict[str, Any]:
        """Disputes and how they stand; shows nothing of what was said."""
        return {"data": [thread_summary(one) for one in gateway.disputes.all()]}

    @app.post("/disputes", status_code=201)
    def contest(what: Contested) -> dict[str, Any]:
        """Contest a release with its other party."""
        name = gateway.disputes.open(what.what, what.grievance, what.words, what.officer)
        return thread_summary(gateway.disputes.read(name), words=True)

    @app.get("/disputes/{dispute}")
    def thread(dispute: str) -> dict[str, Any]:
        """One thread in clear text; it then no longer waits."""
        return thread_summary(gateway.disputes.read(dispute), words=True)

    @app.post("/disputes/{dispute}/messages")
    def write(dispute: str, what: Wrote) -> dict[str, Any]:
        """Answer or ask further; with a result, close."""
        if what.result is None:
            gateway.disputes.answer(dispute, what.words, what.officer)
        else:
            gateway.disputes.close(dispute, what.result, what.words, what.officer)
        return thread_summary(gateway.disputes.read(dispute), words=True)


def _complaint_routes(app: FastAPI, gateway: "Gateway") -> None:
    register = gateway.complaints

    @app.get("/complaints")
    def complaints() -> dict[str, Any]:
        """Complaints with their clocks, what is due first; shows nothing of what they say."""
        return {"data": [complaint_summary(one, register.today) for one in register.all()]}

    @app.post("/complaints", status_code=201)
    def complain(what: Complained) -> dict[str, Any]:
        """Enter a complaint; its clock starts on the day it was received."""
        made = register.add(what.received, what.means, what.about, what.words)
        return complaint_summary(made, register.today)

    @app.get("/complaints/{complaint}")
    def complaint(complaint: str) -> dict[str, Any]:
        """One complaint with what it says."""
        return complaint_summary(register.get(complaint), register.today, words=True)

    @app.post("/complaints/{complaint}/told")
    def tell(complaint: str, what: Told) -> dict[str, Any]:
        """Note that the complainant was told that it has come, or how it ended."""
        if what.ended is None:
            made = register.acknowledge(complaint, what.on)
        else:
            made = register.close(complaint, what.ended, what.on)
        return complaint_summary(made, register.today)


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
