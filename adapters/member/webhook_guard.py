"""Where a webhook may go: an address that is looked up once, is public, and is the one that is called.

A URL that somebody enters makes the gateway call a host of their choosing, from inside the member's own
network. So a name is resolved here, every address that it has must be public, and the connection goes to
the address that was looked at (a second look-up could answer otherwise). Redirects are not followed, and
no proxy is asked: it would resolve the name again. Loopback alone can be allowed by hand, for a receiver
on the same machine.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import httpx

from adapters.member.errors import GatewayFault

TIMEOUT_SECONDS: Final = 15.0
"""A receiver answers at once and works later; Standard Webhooks suggests 15 to 30 s."""

URL_CHARACTERS: Final = 500

UNANSWERED: Final = "webhook-unanswered"
"""Code of a call to which no answer came in time."""

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], list[str]]

_EMBEDDED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address (RFC 6052, RFC 4291)."""

_HANDED_OUT: Final = ipaddress.ip_network("2000::/3")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with the address that was looked at: calls go there."""

    url: str
    host: str
    port: int
    address: str


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name; raise `GatewayFault` where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the second for a name with an empty or a long label
        raise GatewayFault("webhook-name", "the name in the URL cannot be looked up; look at it") from None
    return [str(one[4][0]) for one in found]


def target_of(url: str, *, loopback: bool, resolve: Resolve = resolve) -> Target:
    """The address that a webhook goes to; raise `GatewayFault` where it may not go there."""
    parts, port = _parts(url)
    host = parts.hostname
    if (
        not host
        or parts.scheme not in {"https", "http"}
        or parts.username is not None
        or len(url) > URL_CHARACTERS
    ):
        raise GatewayFault("webhook-url", "write a URL like https://tracker.example/hook, without a password")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise GatewayFault("webhook-url", "a URL has plain signs alone")
    addresses = resolve(host, port)
    here = [_read(address).is_loopback for address in addresses]
    if loopback and here and all(here):
        return Target(url, host, port, addresses[0])
    if parts.scheme != "https" and not any(here):
        raise GatewayFault("webhook-http", "a webhook that leaves this machine goes over https")
    if not addresses or not all(_public(_read(address)) for address in addresses):
        raise GatewayFault(
            "webhook-private",
            "the URL leads into a private network; for a receiver on this machine: --insecure-allow-loopback",
        )
    return Target(url, host, port, addresses[0])


def call(target: Target, headers: Mapping[str, str], body: bytes) -> int:
    """POST to the address that was looked at; return the status, raise `GatewayFault` where none comes."""
    parts = urlsplit(target.url)
    address = f"[{target.address}]" if ":" in target.address else target.address
    pinned = parts._replace(netloc=f"{address}:{target.port}").geturl()
    sent = {**headers, "Host": parts.netloc, "Content-Type": "application/json"}
    try:
        with (
            _answered_within(TIMEOUT_SECONDS) as trace,
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                pinned,
                content=body,
                headers=sent,
                extensions={"sni_hostname": target.host, "trace": trace},
            ) as answer,
        ):
            return answer.status_code  # nothing of the answer's body is wanted
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise GatewayFault(UNANSWERED, f"no answer ({type(fault).__name__})") from None


@contextmanager
def _answered_within(seconds: float) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    """Close the connection where the head of an answer is not whole in time.

    The client's own limit is of each read: a receiver that sends a byte now and then would hold up all
    others.
    """
    held: list[socket.socket] = []

    def close() -> None:
        for one in held:
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # not TLS's own, which is not for two threads

    timer = threading.Timer(seconds, close)
    timer.daemon = True

    def trace(name: str, info: Mapping[str, Any]) -> None:
        if name.endswith(("connect_tcp.complete", "start_tls.complete")):
            held[:] = [info["return_value"].get_extra_info("socket")]
        elif name.endswith("send_request_headers.started"):
            timer.start()

    try:
        yield trace
    finally:
        timer.cancel()


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        return parts, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise GatewayFault("webhook-url", "the address or the port in the URL is none") from None


def _read(text: str) -> Address:
    """An address as it counts: an IPv4 address in an IPv6 one is that IPv4 address."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return inner
        if any(address in network for network in _EMBEDDED) and int(address) > 1:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _public(address: Address) -> bool:
    """Of IPv6 only what is handed out as global (RFC 4291): site-local ones pass for global elsewhere."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _HANDED_OUT:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
