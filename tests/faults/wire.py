"""A member's credentials over a bare connection: any bytes can be sent, with a proof that holds."""

import http.client
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from adapters.member.home import Home
from hub.protocols.access import ASSERTION_KIND, make_client_assertion, make_proof
from hub.protocols.names import MemberId
from tests.faults.region import HOST, FaultyRegion

JSON: Final = "application/json"
TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub answered."""

    status: int
    media_type: str
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 - a test reads what it expects
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Wire:
    """One member's bare connection to the hub."""

    region: FaultyRegion
    member: MemberId
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._access = Home(self.region.homes[self.member]).keyring().access
        self.token = self._ask_token()

    def send(
        self, method: str, path: str, body: bytes = b"", media_type: str | None = JSON, **headers: str
    ) -> Answer:
        """Send one request with credentials that hold; `headers` come on top, or instead."""
        sent = {
            "Authorization": f"DPoP {self.token}",
            "DPoP": self.proof(method, path, self.token),
            **({} if media_type is None else {"Content-Type": media_type}),
            **headers,
        }
        return self.send_bare(method, path, body, sent)

    def send_bare(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send one request as it is."""
        connection = http.client.HTTPConnection(HOST, self.region.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            media_type = answer.headers.get_content_type()
            return Answer(answer.status, media_type, answer.read())
        finally:
            connection.close()

    def proof(self, method: str, path: str, token: str | None) -> str:
        """A fresh proof for one request."""
        url, jti = self.region.url + path.partition("?")[0], f"wire-proof-{next(self._numbers):08}"
        return make_proof(method, url, self._access, datetime.now(UTC), jti, token, None)

    def _ask_token(self) -> str:
        jti = f"wire-assertion-{next(self._numbers):08}"
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_KIND,
            "client_assertion": make_client_assertion(
                self.member, self.region.url, self._access, datetime.now(UTC), jti
            ),
        }
        headers = {
            "DPoP": self.proof("POST", "/oauth/token", None),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self.send_bare("POST", "/oauth/token", urlencode(form).encode(), headers)
        assert answer.status == 200, answer.body
        return str(answer.document["access_token"])
