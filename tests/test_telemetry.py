"""The log: known fields alone, whoever writes the line."""

import asyncio
import io
import json
import logging
import warnings
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import Untrusted
from hub.telemetry import (
    ALLOWED,
    DROPPED,
    Application,
    Message,
    Receive,
    RequestLog,
    Scope,
    Send,
    keep_allowed,
    new_request_id,
    set_up_logging,
)

NAME = "Ozymandias Featherstonehaugh"


@pytest.fixture
def log() -> io.StringIO:
    """The log as a text."""
    stream = io.StringIO()
    set_up_logging(stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Each line of the log."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_known_fields(log: io.StringIO) -> None:
    """What is on the list is written, with its level and moment."""
    structlog.get_logger().info("notice.kept", member="mbr_kent", count=3, duration_ms=1.5)

    (line,) = lines(log)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "notice.kept",
        "level": "info",
        "member": "mbr_kent",
        "count": 3,
        "duration_ms": 1.5,
    }


def test_an_unknown_field_is_dropped_and_counted(log: io.StringIO) -> None:
    """I1: a field that nobody put on the list cannot carry a name into the log."""
    before = DROPPED.total

    structlog.get_logger().info("notice.kept", last_name=NAME, postcode="ME14 1XQ", count=1)

    (line,) = lines(log)
    assert line["dropped"] == 2
    assert DROPPED.total == before + 2
    assert NAME not in log.getvalue()
    assert "ME14" not in log.getvalue()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event", f"published {NAME}"),
        ("member", NAME),
        ("notice", "ntc_jane smith"),
        ("route", "/v1/notices?name=jane"),
        ("route", "/v1/" + "x" * 200),
        ("count", "2007-05-04"),
        ("count", True),
        ("status", 2.5),
        ("duration_ms", "1"),
        ("key_id", "short"),
        ("reason", "R-because"),
        ("code", {"nested": NAME}),
        ("part", [NAME]),
        ("error", f"ValueError: {NAME}"),
        ("timestamp", "2007-05-04"),
    ],
)
def test_a_known_field_takes_values_of_its_form_alone(field: str, value: object) -> None:
    """I1: even a known field cannot be used for free text."""
    kept = keep_allowed(None, "info", {"event": "x", field: value})

    assert kept.get(field) in (None, "x", "unnamed")
    assert kept["dropped"] == 1


@given(st.dictionaries(st.text(max_size=20) | st.sampled_from(sorted(ALLOWED)), st.text(max_size=40)))
def test_nothing_but_known_fields_of_their_form_is_kept(event: dict[str, Any]) -> None:
    """Whatever a line holds, what is kept is on the list and what is lost is counted."""
    kept = keep_allowed(None, "info", dict(event))

    assert kept.keys() <= ALLOWED.keys()
    survivors = {name for name in event if kept.get(name) == event[name]}
    assert kept.get("dropped", 0) == len(event) - len(survivors)


def test_an_exception_is_known_by_type_and_place(log: io.StringIO) -> None:
    """I1: the text of an exception may quote a value; its type and line cannot."""
    try:
        try:
            int(NAME)
        except ValueError as cause:
            raise RuntimeError(NAME) from cause
    except RuntimeError:
        structlog.get_logger().exception("errand.failed")

    (line,) = lines(log)
    assert (line["error"], line["cause"]) == ("RuntimeError", "ValueError")
    assert line["at"].startswith("tests/test_telemetry.py:test_an_exception_is_known_by_type_and_place:")
    assert NAME not in log.getvalue()


def test_an_exception_with_a_code_is_logged_with_it(log: io.StringIO) -> None:
    """Our own errors have stable codes; an exception may also be handed over as it is."""
    error = Untrusted("log-fork", NAME)
    structlog.get_logger().error("errand.failed", exc_info=error)

    (line,) = lines(log)
    assert (line["code"], line["at"]) == ("log-fork", "unknown:unknown:0")


def test_lines_of_libraries_lose_their_text(log: io.StringIO) -> None:
    """I1: neither the message nor the arguments of a library's line are known to be harmless."""
    logging.getLogger("somebody.else").warning("could not store %s", NAME)
    logging.getLogger("somebody.else").error(f"could not store {NAME}")  # noqa: G004 - as others do

    first, second = lines(log)
    assert (first["logger"], first["level"], second["level"]) == ("somebody.else", "warning", "error")
    assert first["at"].startswith("test_telemetry.py:test_lines_of_libraries_lose_their_text:")
    assert NAME not in log.getvalue()


def test_templates_of_known_loggers_are_kept_without_arguments(log: io.StringIO) -> None:
    """An operator sees that the server has started, not with what."""
    logging.getLogger("uvicorn.error").info("Started server process [%d] for %s", 7, NAME)

    (line,) = lines(log)
    assert line["template"] == "Started server process [%d] for %s"
    assert NAME not in log.getvalue()


def test_a_traceback_of_a_library_is_reduced_too(log: io.StringIO) -> None:
    """The server reports our crashes with their traceback: type and place are kept."""
    try:
        int(NAME)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")

    (line,) = lines(log)
    assert (line["error"], line["template"]) == ("ValueError", "Exception in ASGI application")
    assert NAME not in log.getvalue()


def test_the_servers_access_lines_are_not_written(log: io.StringIO) -> None:
    """They hold addresses with ids and queries; we write one line a request ourselves."""
    logging.getLogger("uvicorn.access").info('%s - "%s %s"', "127.0.0.1", "GET", f"/?q={NAME}")

    assert log.getvalue() == ""


def test_warnings_go_the_same_way(log: io.StringIO) -> None:
    """A warning of a library is a line like any other."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"about {NAME}", stacklevel=1)

    (line,) = lines(log)
    assert line["logger"] == "py.warnings"
    assert NAME not in log.getvalue()


def test_lines_below_the_level_are_not_written(log: io.StringIO) -> None:
    """What is for debugging is not written unless asked for."""
    structlog.get_logger().debug("notice.kept")
    logging.getLogger("somebody.else").debug("x")

    assert log.getvalue() == ""


async def _nothing() -> Message:
    return {"type": "http.request"}


def _serve(scope: Scope, app: Application, quiet: frozenset[str] = frozenset()) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    ticks = iter([10.0, 10.0025])
    asyncio.run(RequestLog(app, lambda: next(ticks), quiet)(scope, _nothing, send))
    return sent


class _Route:
    path = "/v1/notices/{notice}"


def test_a_request_is_one_line_with_its_route_and_id(log: io.StringIO) -> None:
    """The path as sent and its query are not logged; the id is the same in every line and in the answer."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Route()
        scope["state"]["member"] = "mbr_kent"
        structlog.get_logger().info("notice.kept")
        await send({"type": "http.response.start", "status": 202, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body"})

    sent = _serve({"type": "http", "method": "POST", "path": f"/v1/{NAME}"}, app)

    within, request = lines(log)
    assert request["event"] == "request"
    assert (request["status"], request["method"], request["route"], request["member"]) == (
        202,
        "POST",
        "/v1/notices/{notice}",
        "mbr_kent",
    )
    assert request["duration_ms"] == 2.5
    assert within["request_id"] == request["request_id"]
    assert sent[0]["headers"] == [(b"a", b"b"), (b"request-id", request["request_id"].encode())]
    assert NAME not in log.getvalue()


def test_a_request_that_fails_is_logged_as_500(log: io.StringIO) -> None:
    """A crash before the answer is a line too, and the crash goes on to the server."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(NAME)

    with pytest.raises(RuntimeError):
        _serve({"type": "http", "method": "GET", "path": "/"}, app)

    (line,) = lines(log)
    assert line["status"] == 500
    assert "route" not in line
    assert "request_id" in line


@pytest.mark.parametrize(("status", "written"), [(200, 0), (304, 0), (401, 1), (503, 1)])
def test_good_answers_of_quiet_routes_make_no_line(log: io.StringIO, status: int, written: int) -> None:
    """The endless polls are not logged one by one; what goes wrong with them is."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Route()
        await send({"type": "http.response.start", "status": status})

    sent = _serve({"type": "http", "method": "GET", "path": "/"}, app, frozenset({_Route.path}))

    assert len(lines(log)) == written
    assert sent[0]["headers"][0][0] == b"request-id"


def test_what_is_no_request_passes_through(log: io.StringIO) -> None:
    """The server's start and end are none of this."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    _serve({"type": "lifespan"}, app)

    assert seen == ["lifespan"]
    assert log.getvalue() == ""


def test_request_ids_are_made_by_the_hub() -> None:
    """An id comes from chance and fits its field."""
    made = new_request_id(lambda size: b"\7" * size)

    assert made == "req_" + "07" * 10
    assert keep_allowed(None, "info", {"event": "x", "request_id": made})["request_id"] == made
