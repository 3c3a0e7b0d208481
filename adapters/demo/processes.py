"""Starts the hub, and later one gateway's loopback API, as processes of their own, and ends them.

The demo shares nothing with the hub but its command line and HTTP on loopback. Processes are ended by
their own ids. What they print goes into a log file, which is named when something goes wrong.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import httpx

from adapters.demo.errors import DemoFault

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 20.0
END_SECONDS: Final = 10.0


@dataclass(slots=True)
class Running:
    """A process that the demo started, where it answers, and the file of what it prints."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    _output: IO[bytes]

    def stop(self) -> None:
        """End the process and wait for it; one that does not end by itself is killed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()


def start_hub(data: Path, port: int) -> Running:
    """Start `hub serve` over this folder; raise `DemoFault` unless it answers in time."""
    log = data / "hub.log"
    command = ["serve", "--data", str(data), "--host", HOST, "--port", str(port)]
    return _start(command, f"http://{HOST}:{port}", "/readyz", log)


def start_gateway(home: Path, port: int, log: Path) -> Running:
    """Start `hub gateway run` in a member's home, with its loopback API."""
    command = ["gateway", "run", "--home", str(home), "--port", str(port)]
    return _start(command, f"http://{HOST}:{port}", "/", log)


def free_port() -> int:
    """Find a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def check_free(port: int) -> None:
    """Raise `DemoFault` where something listens on a port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise DemoFault(
                f"port {port} of this computer is taken", "stop what listens there and try again"
            ) from None


@dataclass(slots=True)
class Operator:
    """The hub's operator at a prompt: the `hub` command itself, verb after verb in one process.

    One process, because each start costs a second; it works on the hub's folder beside the hub.
    """

    log: Path
    process: subprocess.Popen[str]

    def does(self, *verb: str) -> str:
        """Do one verb and return what it printed; raise `DemoFault` where it failed."""
        asked, told = self.process.stdin, self.process.stdout
        if asked is None or told is None:
            raise DemoFault("the operator's prompt is closed", "report this: it is a fault")
        try:
            asked.write(json.dumps(verb) + "\n")
            asked.flush()
        except OSError:
            line = ""
        else:
            line = told.readline()
        if not line:
            raise DemoFault(f"`hub {' '.join(verb[:2])}` failed", f"see the end of {self.log}")
        printed: str = json.loads(line)
        return printed

    def stop(self) -> None:
        """Close the prompt."""
        self.process.communicate(timeout=END_SECONDS)


_PROMPT: Final = """
import contextlib, io, json, sys
from hub.cli import app
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = app(json.loads(line), standalone_mode=False)
    if code:
        sys.exit(code)
    print(json.dumps(out.getvalue()), flush=True)
"""


def start_operator(data: Path) -> Operator:
    """Sit down at the prompt of the hub that works in this folder."""
    log = data / "hub.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROMPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(data),
            text=True,
        )
    return Operator(log, process)


def _start(command: Sequence[str], url: str, path: str, log: Path) -> Running:
    output = log.open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=_environment(),
    )
    running = Running(url, log, process, output)
    try:
        _wait_for(running, path)
    except BaseException:
        running.stop()
        raise
    return running


def _wait_for(running: Running, path: str) -> None:
    until = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=1, trust_env=False) as client:
        while time.monotonic() < until:
            if running.process.poll() is not None:
                raise DemoFault("a process of the demo ended at its start", f"see {running.log}")
            try:
                if client.get(running.url + path).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
    raise DemoFault(f"nothing answered on {running.url} in {START_SECONDS:.0f} seconds", f"see {running.log}")


def _environment(data: Path | None = None) -> dict[str, str]:
    """The environment without settings of some other hub; figures go to a port of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    kept |= {"HUB_MODE": "demo", "HUB_METRICS_BIND": f"{HOST}:{free_port()}"}
    return kept if data is None else kept | {"HUB_DATA_DIR": str(data)}
