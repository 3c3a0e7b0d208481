"""A small closed-loop HTTP/1.1 load generator: asyncio, TLS where wanted, uvloop where installed.

Every connection sends one request, waits for the whole answer, then sends the next. A request is made by
a callable `make(connection, sequence) -> bytes`; None ends that connection. Loopback only; bounded by time
and by count.

    figures = run("127.0.0.1", port, make, conns=8, seconds=5, warm=1)

`figures` holds per_s, n, errors, dropped, p50_ms, p90_ms, p99_ms, max_ms, codes and finished (warm-up
included).
"""

import asyncio
import collections
import contextlib
import time
from collections.abc import Callable
from ssl import SSLContext
from typing import Any, Final

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with contextlib.suppress(ImportError):
    import uvloop

    new_event_loop = uvloop.new_event_loop

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
GRACE_SECONDS: Final = 30

Make = Callable[[int, int], bytes | None]
OnAnswer = Callable[[int, int, bytes], None]
Figures = dict[str, Any]


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: "Load", index: int, sequence: int = 0) -> None:
        self.load, self.index, self.sequence = load, index, sequence
        self.buffer = bytearray()
        self.expected = -1
        self.code = 0
        self.head = b""
        self.waiting = False

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's own signature
        """Send the first request."""
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send the next request, or close where there is none."""
        request = self.load.next_request(self)
        if request is None:
            self.transport.close()
            return
        self.sequence += 1
        self.waiting = True
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take bytes of an answer; when it is whole, send the next request."""
        self.buffer += data
        if self.expected < 0 and not self.read_head():
            return
        if len(self.buffer) < self.expected:
            return
        answer = bytes(self.buffer[: self.expected])
        del self.buffer[: self.expected]
        self.expected = -1
        self.waiting = False
        self.load.answered(self, time.perf_counter() - self.sent_at, answer)
        if b"connection: close" in self.head:
            self.load.reconnect(self)
            self.transport.close()
        else:
            self.send()

    def read_head(self) -> bool:
        """Set the length of the whole answer; False while it is not yet known."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.head = bytes(self.buffer[:end]).lower()
        self.code = int(self.head[9:12])
        at = self.head.find(b"content-length:")
        if at >= 0:
            self.expected = end + 4 + int(self.head[at + 15 :].split(b"\r\n", 1)[0])
        elif b"transfer-encoding: chunked" in self.head:
            if not self.buffer.endswith(b"0\r\n\r\n"):
                return False
            self.expected = len(self.buffer)
        else:
            self.expected = end + 4
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own signature
        """Count the connection out."""
        self.load.closed(self)


class Load:
    """The state that all connections of one run share."""

    def __init__(
        self, make: Make, conns: int, seconds: float, warm: float, limit: int, on_answer: OnAnswer | None
    ) -> None:
        self.make, self.conns, self.seconds, self.warm, self.limit = make, conns, seconds, warm, limit
        self.on_answer = on_answer
        self.latencies: list[float] = []
        self.codes: collections.Counter[int] = collections.Counter()
        self.sent = self.finished = self.dropped = self.open = 0
        self.again: set[asyncio.Task[None]] = set()

    def next_request(self, connection: Connection) -> bytes | None:
        """Make the next request, or None once time or count is up."""
        if time.perf_counter() >= self.end or self.sent >= self.limit:
            return None
        request = self.make(connection.index, connection.sequence)
        self.sent += request is not None
        return request

    def answered(self, connection: Connection, seconds: float, answer: bytes) -> None:
        """Count an answer, unless it belongs to the warm-up."""
        self.finished += 1
        if time.perf_counter() >= self.begin:
            self.latencies.append(seconds)
            self.codes[connection.code] += 1
        if self.on_answer:
            self.on_answer(connection.index, connection.code, answer)

    def reconnect(self, connection: Connection) -> None:
        """Open a connection again that the server closes after each answer."""
        if time.perf_counter() < self.end and self.sent < self.limit:
            self.open += 1
            task = asyncio.ensure_future(self.connect(connection.index, connection.sequence))
            self.again.add(task)
            task.add_done_callback(self.again.discard)

    def closed(self, connection: Connection | None = None) -> None:
        """Count a connection out; the last one ends the run."""
        self.dropped += connection is None or connection.waiting
        self.open -= 1
        if self.open <= 0 and not self.all_closed.done():
            self.all_closed.set_result(None)

    async def connect(self, index: int, sequence: int = 0) -> None:
        """Open one connection, which then goes on by itself."""
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: Connection(self, index, sequence),
                self.host,
                self.port,
                ssl=self.ssl,
                server_hostname="localhost" if self.ssl else None,
            )
        except OSError:
            self.closed()

    async def main(self, host: str, port: int, ssl: SSLContext | None) -> None:
        """Open all connections and wait until the last has closed."""
        self.host, self.port, self.ssl = host, port, ssl
        self.all_closed = asyncio.get_running_loop().create_future()
        self.begin = time.perf_counter() + self.warm
        self.end = self.begin + self.seconds
        self.open = self.conns
        await asyncio.gather(*(self.connect(index) for index in range(self.conns)))
        try:
            await asyncio.wait_for(self.all_closed, self.warm + self.seconds + GRACE_SECONDS)
        except TimeoutError:
            self.dropped += self.open
        self.stop = time.perf_counter()

    def figures(self) -> Figures:
        """What was measured after the warm-up."""
        ordered = sorted(self.latencies)
        count = len(ordered)
        span = max(1e-9, self.stop - self.begin)

        def quantile(share: float) -> float | None:
            return round(ordered[min(count - 1, int(count * share))] * 1e3, 2) if count else None

        return {
            "per_s": round(count / span, 1),
            "n": count,
            "errors": sum(times for code, times in self.codes.items() if not 200 <= code < 300),
            "dropped": self.dropped,
            "p50_ms": quantile(0.5),
            "p90_ms": quantile(0.9),
            "p99_ms": quantile(0.99),
            "max_ms": quantile(1),
            "codes": {str(code): times for code, times in self.codes.items()},
            "finished": self.finished,
        }


def run(  # noqa: PLR0913 - a load has as many measures
    host: str,
    port: int,
    make: Make,
    *,
    conns: int = 8,
    seconds: float = 5.0,
    warm: float = 1.0,
    limit: int = 10**9,
    ssl: SSLContext | None = None,
    on_answer: OnAnswer | None = None,
) -> Figures:
    """Load one server and return the figures."""
    if host not in LOOPBACK:
        raise ValueError("this generator sends to loopback only")
    load = Load(make, conns, seconds, warm, limit, on_answer)
    loop = new_event_loop()
    try:
        loop.run_until_complete(load.main(host, port, ssl))
    finally:
        loop.close()
    return load.figures()
