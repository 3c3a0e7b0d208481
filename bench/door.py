"""Requests to a hub, made ready before they are timed: token, fresh DPoP proof, body.

A proof is good for 120 seconds and for one use, so they are signed in bulk right before each measurement;
what the load generator then does with a request is to write it. A measurement that uses all of them up ends
early, which its count shows.
"""

import http.client
import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import peer_process
from loadgen import Make
from region import COUNCILS, Notice, Region

from hub.protocols.access import ASSERTION_KIND, make_client_assertion, make_proof
from hub.protocols.names import MemberId

POLLS_A_SECOND: Final = 8_000
"""Polls made ready for each second of a measurement: more than this hub answers."""


class Door:
    """One running hub, as its members call it."""

    def __init__(self, region: Region, port: int) -> None:
        self._region = region
        self._port = port
        self._numbers = itertools.count()
        self._tokens = {member: self._token(member) for member in COUNCILS}

    def publishes(self, notices: Sequence[Notice]) -> Make:
        """Each notice once."""
        return _each(
            self._request("POST", "/v1/notices", one.sender, one.envelope, "application/json")
            for one in notices
        )

    def batches(self, notices: Sequence[Notice], size: int) -> Make:
        """Notices of one sender each, so many to a batch."""
        made = []
        for member in COUNCILS:
            own = [one.envelope for one in notices if one.sender == member]
            for start in range(0, len(own) - size + 1, size):
                body = b"\n".join(own[start : start + size])
                made.append(self._request("POST", "/v1/notice-batches", member, body, "application/x-ndjson"))
        return _each(made)

    def polls(self, seconds: float, page: int) -> Make:
        """Polls by all members in turn, from the beginning of the inbox."""
        path, members = f"/v1/inbox?limit={page}", itertools.cycle(COUNCILS)
        count = int(POLLS_A_SECOND * (seconds + 1))
        return _each(self._request("GET", path, next(members)) for _ in range(count))

    def _request(
        self, method: str, path: str, member: MemberId, body: bytes = b"", media_type: str = ""
    ) -> bytes:
        token = self._tokens[member]
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {peer_process.HOST}:{self._port}",
            f"Authorization: DPoP {token}",
            f"DPoP: {self._proof(method, path.partition('?')[0], member, token)}",
        ]
        if body:
            lines += [f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def _proof(self, method: str, path: str, member: MemberId, token: str | None) -> str:
        key, url = self._region.keyrings[member].access, self._region.origin + path
        return make_proof(
            method, url, key, datetime.now(UTC), f"bench-proof-{next(self._numbers):08}", token, None
        )

    def _token(self, member: MemberId) -> str:
        key, now = self._region.keyrings[member].access, datetime.now(UTC)
        jti = f"bench-assertion-{next(self._numbers):08}"
        form = {
            "grant_type": "client_credentials",
            "client_id": member,
            "client_assertion_type": ASSERTION_KIND,
            "client_assertion": make_client_assertion(member, self._region.origin, key, now, jti),
        }
        headers = {
            "DPoP": self._proof("POST", "/oauth/token", member, None),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection = http.client.HTTPConnection(peer_process.HOST, self._port, timeout=30)
        connection.request("POST", "/oauth/token", urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"the hub gave no token: {answer.status} {text[:500]!r}")
        return str(json.loads(text)["access_token"])


def _each(requests: Sequence[bytes] | Iterator[bytes]) -> Make:
    """Each request once, whichever connection is free; made now, not when it is sent."""
    left = iter(list(requests))
    return lambda _connection, _sequence: next(left, None)
