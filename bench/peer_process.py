"""Start one server on loopback, measure it from outside, stop it by its own process id."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

import loadgen

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 10


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Peer:
    """A running server. `measure` adds one operation to `figures`."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], port: int, tls: SSLContext | None = None
    ) -> None:
        self.name, self.process, self.port, self.tls = name, process, port, tls
        self.figures: dict[str, Any] = {"peer": name}

    def measure(self, operation: str, make: loadgen.Make, **load: Any) -> loadgen.Figures:  # noqa: ANN401 - as `loadgen.run`
        """Load the server with one operation and keep the figures under its name."""
        before = self.cpu_seconds()
        result = loadgen.run(HOST, self.port, make, ssl=self.tls, **load)
        after = self.cpu_seconds()
        finished = result.pop("finished")
        if before is not None and after is not None:
            result["cpu_us_per_op"] = round((after - before) * 1e6 / max(1, finished))
        self.figures[operation] = result
        return result

    def cpu_seconds(self) -> float | None:
        """User and system time of the server process; None where /proc does not exist."""
        try:
            text = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return None
        fields = text.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_rss_mib(self) -> int | None:
        """Most memory that the server ever held; None where /proc does not exist."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        lines = (line for line in text.splitlines() if line.startswith("VmHWM"))
        return next((int(line.split()[1]) // 1024 for line in lines), None)


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    port: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    tls: SSLContext | None = None,
) -> Iterator[Peer]:
    """Run `command` in `folder` until it listens on `port`; its output goes to a log file there."""
    log = folder / f"{name}.log"
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=output, stderr=output
        )
        peer = Peer(name, process, port, tls)
        try:
            wait_until_listening(process, port, log)
            peer.figures["start_s"] = round(time.perf_counter() - started, 2)
            yield peer
            peer.figures["peak_rss_mib"] = peer.peak_rss_mib()
        finally:
            stop(process)


def wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server takes connections; stop the benchmark with its last words where it never does."""
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End this very process, gently first."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
