"""Where a webhook may go: an address that is looked up once, is public, and is the one that is called.

A URL that somebody enters makes the gateway call a host of their choosing, from inside the member's own
network. So a name is resolved here, every address that it has must be public, and the connection goes to
the address that was looked at (a second look-up could answer otherwise). Redirects are not followed, and
no proxy is asked: it would resolve the name again. Loopback alone can be allowed by hand, for a receiver
on the same machine.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import httpx

from adapters.member.errors import GatewayFault

TIMEOUT_SECONDS: Final = 15.0
"""A receiver answers at once and works later; Standard Webhooks suggests 15 to 30 s."""

URL_CHARACTERS: Final = 500

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], list[str]]

_EMBEDDED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address (RFC 6052, RFC 4291)."""


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
    except OSError:
        raise GatewayFault("webhook-name", "the name in the URL cannot be looked up; look at it") from None
    return [str(one[4][0]) for one in found]


def target_of(url: str, *, loopback: bool, resolve: Resolve = resolve) -> Target:
    """The address that a webhook goes to; raise `GatewayFault` where it may not go there."""
    parts = urlsplit(url)
    host, port = parts.hostname, _port(url)
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
    if parts.scheme != "https":
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
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST", pinned, content=body, headers=sent, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            return answer.status_code  # nothing of the answer's body is wanted
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise GatewayFault("webhook-unanswered", f"no answer ({type(fault).__name__})") from None


def _port(url: str) -> int:
    try:
        parts = urlsplit(url)
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise GatewayFault("webhook-url", "the port in the URL is none") from None


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
    return address.is_global and not address.is_multicast and not address.is_reserved
