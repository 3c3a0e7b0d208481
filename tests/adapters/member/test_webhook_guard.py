"""A webhook goes to a public address that was looked at, and nowhere else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from adapters.member.errors import GatewayFault
from adapters.member.webhook_guard import Target, call, resolve, target_of

PUBLIC = "93.184.216.34"


def leads_to(*addresses: str, loopback: bool = False, url: str = "https://tracker.example/hook") -> Target:
    """Where a URL goes whose name has these addresses."""
    return target_of(url, loopback=loopback, resolve=lambda _host, _port: [*addresses])


def refusal(*addresses: str, loopback: bool = False, url: str = "https://tracker.example/hook") -> str:
    """Why it may not go there."""
    with pytest.raises(GatewayFault) as refused:
        leads_to(*addresses, loopback=loopback, url=url)
    return refused.value.code


def test_a_public_address_is_called_by_the_address_that_was_looked_at() -> None:
    """The name is not looked up again."""
    assert leads_to(PUBLIC) == Target("https://tracker.example/hook", "tracker.example", 443, PUBLIC)
    assert leads_to(PUBLIC, url="https://tracker.example:8443/h").port == 8443


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:0001::", "ff02::1", "198.18.0.1", "240.0.0.1",
        "fec0::1", "64:ff9b:1::a00:1", "::127.0.0.1", "2001:0:7f00:1::", "::ffff:0:127.0.0.1",
    ],
)  # fmt: skip
def test_an_address_inside_is_refused_however_it_is_written(address: str) -> None:
    """Also where the name has a public one beside it, and where loopback alone is allowed."""
    assert refusal(address) == "webhook-private"
    assert refusal(PUBLIC, address) == "webhook-private"


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "fc00::1"])
def test_allowing_loopback_allows_nothing_else(address: str) -> None:
    """The option is for a receiver on the same machine."""
    assert refusal(address, loopback=True) == "webhook-private"
    assert refusal("127.0.0.1", address, loopback=True) == "webhook-private"
    assert leads_to("127.0.0.1", loopback=True, url="http://localhost:9000/").address == "127.0.0.1"


def test_what_leaves_the_machine_goes_over_https() -> None:
    """A name that nobody has is refused too."""
    assert refusal(PUBLIC, url="http://tracker.example/") == "webhook-http"
    assert refusal(PUBLIC, loopback=True, url="http://tracker.example/") == "webhook-http"
    assert refusal() == "webhook-private"


def test_who_forgot_to_allow_loopback_is_told_how() -> None:
    """The first receiver that anybody writes runs on the same machine, without https."""
    with pytest.raises(GatewayFault, match="--insecure-allow-loopback"):
        leads_to("127.0.0.1", url="http://localhost:9000/hook")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://tracker.example/", "https://user:word@tracker.example/", "https:///hook", "file:///etc/passwd",
        "https://tracker.example:99999/", "https://tracker.example/\nx", "https://träcker.example/",
        "https://tracker.example/" + "a" * 500, "https://[::1", "https://[]/", "https://[v1.x/",
    ],
)  # fmt: skip
def test_a_url_of_another_form_is_refused(url: str) -> None:
    """Before anything is looked up."""
    assert refusal(PUBLIC, url=url) == "webhook-url"


def test_a_name_is_looked_up_with_the_systems_own_means() -> None:
    """One that has no address is said to have none."""
    assert "127.0.0.1" in resolve("127.0.0.1", 80)
    for name in ("256.1.1.1 ", "tracker..example", "a" * 64 + ".example"):
        with pytest.raises(GatewayFault, match="webhook-name"):
            resolve(name, 80)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:7f00:1]"])
def test_an_address_in_other_figures_is_the_address_that_it_means(host: str) -> None:
    """It is judged as the system reads it, not as it is written."""
    with pytest.raises(GatewayFault, match="webhook-private"):
        target_of(f"https://{host}/", loopback=False)


@pytest.fixture
def receiver() -> Iterator[tuple[int, list[tuple[str, str | None, bytes]]]]:
    """A receiver on this machine that redirects; what it was sent."""
    seen: list[tuple[str, str | None, bytes]] = []

    class Door(BaseHTTPRequestHandler):
        """Redirects every call to itself."""

        def do_POST(self) -> None:
            """Note the call."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers["Host"], body))
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/again")  # type: ignore[attr-defined]  # an HTTPServer has a port
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_port, seen
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_call_goes_to_the_pinned_address_and_follows_no_redirect(
    receiver: tuple[int, list[tuple[str, str | None, bytes]]],
) -> None:
    """The receiver still sees the name that was meant."""
    port, seen = receiver
    target = Target(f"http://tracker.example:{port}/hook?a=1", "tracker.example", port, "127.0.0.1")
    assert call(target, {"webhook-id": "evt_1"}, b"{}") == 307
    assert seen == [("/hook?a=1", f"tracker.example:{port}", b"{}")]


def test_a_receiver_that_answers_byte_by_byte_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and the answer never: it would hold up whom others wait for."""
    monkeypatch.setattr("adapters.member.webhook_guard.TIMEOUT_SECONDS", 0.3)
    done = threading.Event()

    def drips(door: socket.socket) -> None:
        caller, _ = door.accept()
        with caller:
            caller.recv(65_536)
            while not done.wait(0.02):
                caller.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def serve(door: socket.socket) -> None:
        with suppress(OSError):
            drips(door)

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, args=(door,), daemon=True)
        thread.start()
        port = door.getsockname()[1]
        with pytest.raises(GatewayFault, match="webhook-unanswered"):
            call(Target(f"http://tracker.example:{port}/", "tracker.example", port, "127.0.0.1"), {}, b"{}")
        assert not done.is_set()
        done.set()
        thread.join(5)


def test_no_answer_is_said_by_its_kind_alone() -> None:
    """The address stays out of the text."""
    with pytest.raises(GatewayFault, match="webhook-unanswered") as refused:
        call(Target("http://tracker.example:1/", "tracker.example", 1, "127.0.0.1"), {}, b"{}")
    assert "127.0.0.1" not in refused.value.detail
