"""What the hub may say about its own work: JSON lines in which only known fields can appear.

Decides, for every line that any part of the hub or any library writes, what reaches the log (I1:
no name, birth date, postcode or identifier does). A line is a set of fields, each on a list with
the form that its value must have; whatever is not on the list, or not of the form, is dropped and
counted. Free text has no field. Lines of libraries keep their logger, level and place, and the
template of the few loggers that are known to log templates; never their arguments. Of an exception
the type and the places are kept, never its text.

It counts no requests and draws no figures: metrics are the web edge's.
"""

import json
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO, TypeAlias

import structlog

Event: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_ID: Final = re.compile(r"[a-z]{2,4}_[a-z0-9-]{2,60}")
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PLACE: Final = re.compile(r"[\w./<>-]{1,120}:[\w<>]{1,80}:[0-9]{1,6}")
_NAME: Final = re.compile(r"[A-Za-z_][\w.]{0,99}")
_ROUTE: Final = re.compile(r"/[a-z0-9_{}/.:-]{0,99}")
_METHOD: Final = re.compile(r"[A-Z]{3,7}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z")
_REASON: Final = re.compile(r"[RW]-[A-Z]{3,20}")
_VERSION: Final = re.compile(r"[0-9a-z.+-]{1,40}")
_TEMPLATE: Final = re.compile(r"[ -~]{1,200}")

Form: TypeAlias = re.Pattern[str] | type[int] | type[bool] | tuple[type[int], type[float]]

NUMBER: Final = (int, float)

ALLOWED: Final[Mapping[str, Form]] = {
    # the line itself
    "event": _WORD,
    "level": _WORD,
    "logger": _NAME,
    "timestamp": _INSTANT,
    "template": _TEMPLATE,
    "dropped": int,
    # the request
    "request_id": _ID,
    "method": _METHOD,
    "route": _ROUTE,
    "status": int,
    "code": _WORD,
    "duration_ms": NUMBER,
    # who and what: ids that are made by the hub, or chosen for organisations
    "member": _ID,
    "notice": _ID,
    "agreement": _ID,
    "passage": _ID,
    "disclosure": _ID,
    "request": _ID,
    "epoch": _ID,
    "key_id": _THUMBPRINT,
    "part": _WORD,
    "notice_type": _WORD,
    "state": _WORD,
    "reason": _REASON,
    "errand": _WORD,
    # the log and the work
    "log_index": int,
    "log_size": int,
    "count": int,
    "waiting": int,
    "attempt": int,
    "bytes": int,
    "pid": int,
    "port": int,
    "mode": _WORD,
    "version": _VERSION,
    "task": _NAME,
    # an exception
    "error": _NAME,
    "at": _PLACE,
    "cause": _NAME,
}
"""Every field that can appear in the log, with the form of its value."""

TEMPLATE_LOGGERS: Final = frozenset(
    {"uvicorn.error", "alembic.runtime.migration", "celery.worker", "celery.beat"}
)
"""Loggers whose messages are fixed templates; the arguments are left out all the same."""

_current_request: ContextVar[str | None] = ContextVar("request_id", default=None)
_ROOT: Final = Path(__file__).parents[1]


class Dropped:
    """How many fields were kept out of the log since the start; the metrics show it."""

    def __init__(self) -> None:
        self.total = 0


DROPPED: Final = Dropped()


def set_up_logging(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send every line of the hub and of its libraries through the allow-list, as JSON, to `stream`."""
    structlog.configure(
        processors=[
            _add_request,
            structlog.processors.add_log_level,
            _stamp,
            _describe_exception,
            keep_allowed,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = _LibraryHandler(level)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "alembic", "sqlalchemy"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    # its lines hold addresses with ids and queries; `RequestLog` writes one line a request instead
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(capture=True)


def keep_allowed(_: object, __: str, event: Event) -> Event:
    """Drop and count every field that is not on the list or not of its form."""
    kept = {name: value for name, value in event.items() if _is_allowed(name, value)}
    lost = len(event) - len(kept)
    if lost:
        DROPPED.total += lost
        kept["dropped"] = lost
    kept.setdefault("event", "unnamed")
    return kept


def place_of(trace: TracebackType | None) -> str | None:
    """Return where an exception was raised: file, function and line."""
    frames = traceback.extract_tb(trace)
    if not frames:
        return None
    last = frames[-1]
    path = Path(last.filename)
    name = path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name
    return f"{name}:{last.name}:{last.lineno}"


def new_request_id(randomness: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a new id for a request."""
    return f"req_{randomness(10).hex()}"


class RequestLog:
    """ASGI middleware: gives each request an id and writes one line when it is answered.

    The id is in `scope["state"]["request_id"]`, in every line written meanwhile and in the answer's
    `Request-Id`. What a caller sends as an id is not taken over. The path is logged as the route's
    own template, never as sent; the member, where the route has put it into
    `scope["state"]["member"]`. Good answers of `quiet` routes make no line: a poll would spend an
    eighth of its time on one. `clock` counts seconds, steadily.
    """

    def __init__(
        self, app: Application, clock: Callable[[], float], quiet: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._clock = clock
        self._quiet = quiet
        self._log = structlog.get_logger("hub.web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        token = _current_request.set(request_id)
        started, status = self._clock(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            self._write(scope, status, (self._clock() - started) * 1000)
            _current_request.reset(token)

    def _write(self, scope: Scope, status: int, milliseconds: float) -> None:
        route = getattr(scope.get("route"), "path", None)
        if route in self._quiet and status < 400:
            return
        known = {"route": route, "member": scope.get("state", {}).get("member")}
        self._log.info(
            "request",
            method=scope["method"],
            status=status,
            duration_ms=round(milliseconds, 2),
            **{name: value for name, value in known.items() if value is not None},
        )


class _LibraryHandler(logging.Handler):
    """Turns a line of the standard library's logging into fields of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record without its arguments and without the text of its exception."""
        fields: dict[str, Any] = {"logger": record.name, "exc_info": record.exc_info}
        if record.name in TEMPLATE_LOGGERS and isinstance(record.msg, str):
            fields["template"] = record.msg.strip()
        fields["at"] = f"{Path(record.pathname).name}:{record.funcName}:{record.lineno}"
        log = structlog.get_logger()
        log.log(record.levelno, "library", **fields)


def _is_allowed(name: str, value: object) -> bool:
    form = ALLOWED.get(name)
    if form is None:
        return False
    if isinstance(form, re.Pattern):
        return isinstance(value, str) and form.fullmatch(value) is not None
    if isinstance(value, bool):
        return form is bool
    return isinstance(value, form)


def _add_request(_: object, __: str, event: Event) -> Event:
    request_id = _current_request.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def _describe_exception(_: object, __: str, event: Event) -> Event:
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if given is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        event["at"] = place_of(error.__traceback__) or event.get("at", "unknown:unknown:0")
        cause = error.__cause__ or error.__context__
        if cause is not None:
            event["cause"] = type(cause).__qualname__
        code = getattr(error, "code", None)
        if isinstance(code, str):
            event.setdefault("code", code)
    return event


_stamp: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _render(_: object, __: str, event: Event) -> str:
    return json.dumps(event, separators=(",", ":"), sort_keys=True)
