"""Measure two MESH mailbox servers from PyPI with the load that the hub is measured with.

mesh-sandbox (FastAPI, one process) and fake-mesh (cheroot and LMDB, mutual TLS) are started on loopback with
empty mailboxes in a temporary folder, loaded, and stopped. One JSON line of figures goes to standard output.
`exchange.py` runs mesh-sandbox beside the hub, on the same machine and in alternating rounds.

    pip install mesh-sandbox uvloop httptools                     # the environment of --sandbox-python
    pip install fake-mesh && pip install werkzeug==2.2.3          # a second one, for --fake-python
"""

import argparse
import hashlib
import hmac
import itertools
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Final

import loadgen
import peer_process
from peer_process import Peer

# The published test values of both packages: nothing here is secret.
SHARED_KEY: Final = "BackBone"
PASSWORD: Final = "password"  # noqa: S105 - as published
SENDER, RECIPIENT = "X26ABC1", "X26ABC2"

SANDBOX: Final = "mesh-sandbox-file-fast"
SANDBOX_SHAPES: Final = {
    "mesh-sandbox-file": ("file", "asyncio", "h11"),
    SANDBOX: ("file", "uvloop", "httptools"),
    "mesh-sandbox-memory-fast": ("memory", "uvloop", "httptools"),
}
FAKE: Final = "fake-mesh"
FEW: Final = 50
nonces = itertools.count()


def authorization(mailbox: str) -> str:
    """The keyed hash that goes with every request."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d%H%M")
    nonce = f"{os.getpid()}-{next(nonces)}-{time.time_ns()}"
    text = f"{mailbox}:{nonce}:1:{PASSWORD}:{stamp}"
    digest = hmac.new(SHARED_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"NHSMESH {mailbox}:{nonce}:1:{stamp}:{digest}"


def request(method: str, mailbox: str, path: str, body: bytes = b"", headers: Sequence[str] = ()) -> bytes:
    """One request as it goes over the wire."""
    lines = [
        f"{method} /messageexchange/{mailbox}/{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {authorization(mailbox)}",
        "Accept: application/vnd.mesh.v2+json",
        "Content-Type: application/octet-stream",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(body: bytes, number: int) -> bytes:
    """One message to the recipient's mailbox."""
    headers = (
        f"Mex-From: {SENDER}",
        f"Mex-To: {RECIPIENT}",
        "Mex-WorkflowID: TEST_WORKFLOW",
        "Mex-MessageType: DATA",
        "Mex-FileName: notice.dat",
        f"Mex-LocalID: {number}",
    )
    return request("POST", SENDER, "outbox", body, headers)


def poll() -> bytes:
    """A look into the recipient's mailbox."""
    return request("GET", RECIPIENT, "inbox")


def load(peer: Peer, seconds: float, conns: int, body: bytes) -> None:
    """Poll an empty inbox, send, poll with 50 and with all waiting, download and acknowledge."""
    waiting: list[str] = []
    numbers = itertools.count()

    def sends(_connection: int, _sequence: int) -> bytes:
        return send(body, next(numbers))

    def polls(_connection: int, _sequence: int) -> bytes:
        return poll()

    def keep_id(_connection: int, code: int, answer: bytes) -> None:
        if 200 <= code < 300:
            document = json.loads(answer.split(b"\r\n\r\n", 1)[1])
            waiting.append(document.get("message_id") or document["messageID"])

    def each_once(method: str, path: str) -> loadgen.Make:
        left = iter(list(waiting))

        def make(_connection: int, _sequence: int) -> bytes | None:
            message = next(left, None)
            return message and request(method, RECIPIENT, path.format(message))

        return make

    peer.measure("poll_empty", polls, conns=conns, seconds=seconds)
    loadgen.run(peer_process.HOST, peer.port, sends, conns=1, limit=FEW, ssl=peer.tls, on_answer=keep_id)
    peer.measure("poll_50", polls, conns=conns, seconds=seconds)
    peer.measure("send", sends, conns=conns, seconds=seconds, on_answer=keep_id)
    peer.measure("send_one_connection", sends, conns=1, seconds=min(seconds, 3), on_answer=keep_id)
    peer.figures["waiting"] = len(waiting)
    peer.measure("poll_waiting", polls, conns=conns, seconds=seconds)
    peer.measure("download", each_once("GET", "inbox/{}"), conns=conns, seconds=seconds, warm=0.2)
    acknowledge = each_once("PUT", "inbox/{}/status/acknowledged")
    peer.measure("acknowledge", acknowledge, conns=conns, seconds=seconds, warm=0.2)


def sandbox(name: str, python: str, folder: Path) -> AbstractContextManager[Peer]:
    """Start mesh-sandbox in one of its shapes."""
    store, loop, http = SANDBOX_SHAPES[name]
    port = peer_process.free_port()
    command = [
        python,
        "-m",
        "uvicorn",
        "mesh_sandbox.api:app",
        "--host",
        peer_process.HOST,
        "--port",
        str(port),
    ]
    command += ["--workers", "1", "--no-access-log", "--loop", loop, "--http", http]
    environment = {
        "AUTH_MODE": "full",
        "STORE_MODE": store,
        "MAILBOXES_DATA_DIR": str(folder),
        "SHARED_KEY": SHARED_KEY,
    }
    return peer_process.running(name, command, port, folder, environment)


def fake_mesh(python: str, folder: Path) -> AbstractContextManager[Peer]:
    """Start fake-mesh, with the test certificates of its package."""
    find = "import fake_mesh, os; print(os.path.dirname(fake_mesh.__file__))"
    package = Path(subprocess.check_output([python, "-c", find], text=True).strip())
    tls = ssl.create_default_context(cafile=package / "ca.cert.pem")
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE  # test certificates of the package; loopback only
    tls.load_cert_chain(package / "server.cert.pem", package / "server.key.pem")
    port = peer_process.free_port()
    command = [python, "-m", "fake_mesh.server", "--dir", str(folder), "-i", peer_process.HOST]
    return peer_process.running(FAKE, [*command, "-p", str(port), "--no-log"], port, folder, tls=tls)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sandbox-python", default=sys.executable, metavar="PYTHON", help="environment with mesh-sandbox")
    add("--fake-python", metavar="PYTHON", help="environment with fake-mesh")
    add("--shape", action="append", choices=[*SANDBOX_SHAPES, FAKE], help="what to run; may be repeated")
    add("--seconds", type=float, default=5, help="length of each measurement (default: 5)")
    add("--conns", type=int, default=8, help="connections at once (default: 8)")
    add("--body-bytes", type=int, default=2048, help="size of one message (default: 2048)")
    chosen = parser.parse_args()
    if not chosen.shape:
        chosen.shape = [SANDBOX] + ([FAKE] if chosen.fake_python else [])
    if FAKE in chosen.shape and not chosen.fake_python:
        parser.error("fake-mesh needs --fake-python")
    return chosen


def main() -> None:
    """Run what was chosen, one after the other."""
    chosen = arguments()
    body = os.urandom(chosen.body_bytes)
    peers = []
    for name in chosen.shape:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            fake = name == FAKE
            server = (
                fake_mesh(chosen.fake_python, place) if fake else sandbox(name, chosen.sandbox_python, place)
            )
            with server as peer:
                load(peer, chosen.seconds, chosen.conns, body)
            peers.append(peer.figures)
    told = {name: getattr(chosen, name) for name in ("conns", "seconds", "body_bytes")}
    print(json.dumps({**told, "peers": peers}))


if __name__ == "__main__":
    main()
