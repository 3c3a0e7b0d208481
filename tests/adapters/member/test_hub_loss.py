"""A gateway outlives its hub: stopped and started again on a real port, nothing is lost or doubled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from adapters.member.gateway import Gateway
from adapters.member.home import Home
from adapters.member.polling import Poller
from hub.protocols.names import NoticeType
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA


@contextmanager
def listening(wire: Wire, port: int = 0) -> Iterator[int]:
    """The town's hub behind a socket, until the block is left."""

    class Door(BaseHTTPRequestHandler):
        """Hands each request to the wire as if it had been made to the town's own address."""

        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            asked = httpx.Request(
                self.command, f"http://127.0.0.1:8000{self.path}", headers=headers, content=body
            )
            answer = wire._answer(asked)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _pass_on  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Redirected(httpx.BaseTransport):
    """Calls to the town's address go to the port on which it listens, over a socket."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._way = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Go there."""
        request.url = request.url.copy_with(port=self._port)
        request.headers["Connection"] = "close"
        return self._way.handle_request(request)

    def close(self) -> None:
        """Close the way."""
        self._way.close()


@pytest.fixture
def kent_home(kent: Gateway) -> Home:
    """Kent has joined, and its gateway is stopped."""
    kent.close()
    return kent.home


def test_a_gateway_survives_its_hub_being_stopped_and_started(
    kent_home: Home, wire: Wire, town: Town
) -> None:
    """What is published meanwhile is kept, goes once when the hub is back, and the pauses begin anew."""
    said: list[str] = []
    with listening(wire) as port:
        client = httpx.Client(transport=Redirected(port), timeout=5)
        gateway = Gateway(kent_home.path, lambda: town.now, client)
        poller = Poller(gateway, said.append, chance=lambda: 1.0, wait=0)
        gateway.publish([], NoticeType.MOVED_OUT, "A. Officer")
        assert poller.once() == 0.0
    with gateway:
        assert gateway.publish([ADA], NoticeType.MOVED_OUT, "A. Officer").later is not None
        assert [poller.once() for _ in range(3)] == [1.0, 2.0, 4.0]
        reached = [poller.reached]
        with listening(wire, port):
            assert poller.once() == 0.0
            assert poller.once() == 0.0
        assert [*reached, poller.reached] == [False, True]
        assert said[-1] == "the hub answers again"
        assert [one.state for one in gateway.records.all_sent()] == ["published"]
        assert poller.once() == 1.0
