"""Answers to key requests on their way to the hub: kept before they are sent, sent until they are heard.

A line can break after the hub has taken a grant and before we hear so. The grant stands then, and
its recipient may open what it holds. So an answer is kept first, with whom it lets in; the same
bytes are sent again until the hub has answered for them, and it answers alike each time. Before a
box is sent again it is decided again: what may flow no longer gets a signed no in its place.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from adapters.member import key_grants
from adapters.member.directory import Directory
from adapters.member.errors import HubRefused
from adapters.member.home import Pinned
from adapters.member.key_grants import Granted, Held
from adapters.member.keyring import Keyring
from adapters.member.records import UNHEARD, KeyAnswer, Records, Waiting
from adapters.member.terms import Terms
from adapters.member.transport import Transport
from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError
from hub.protocols.key_grant import KeyRequest, read_request
from hub.protocols.keys import VerifyingKey

GRANTED: Final = "granted"
REFUSED: Final = "refused"
CLOSED: Final = "closed"
"""How an answer ended: taken by the hub, with a box or without; or no longer asked for."""

_NOT_ASKED: Final = frozenset({"request-closed", "not-found"})
"""The hub waits for no answer to this request any more, or has asked anew."""


class KeyAnswers:
    """One member's answers to key requests."""

    def __init__(
        self,
        pinned: Pinned,
        keyring: Callable[[], Keyring],
        records: Records,
        transport: Transport,
        directory: Directory,
        terms: Callable[[], Terms],
        now: Callable[[], datetime],
    ) -> None:
        self._pinned = pinned
        self._keyring = keyring
        self._records = records
        self._transport = transport
        self._directory = directory
        self._terms = terms
        self._now = now
        self._hub = VerifyingKey.from_jwk(pinned.hub_key)

    def kept(self, item: str) -> KeyAnswer | None:
        """What was said to this request, heard or not."""
        return self._records.key_answer(item)

    def unheard(self) -> list[KeyAnswer]:
        """Answers that the hub was never heard to take, oldest first."""
        return self._records.unheard()

    def answer(self, item: str, jws: str, officer: str | None) -> KeyAnswer | Held:
        """Grant or refuse what the hub asked in `jws`, which was proved; or keep it for a named officer."""
        request = read_request(jws, self._hub)
        decided = self._decide(request, officer)
        if isinstance(decided, Held):
            return self._hold(item, request, decided)
        return self._send(self._keep(item, jws, request, decided, officer))

    def decline(self, item: str, jws: str, officer: str) -> KeyAnswer:
        """A named officer gives no key."""
        request = read_request(jws, self._hub)
        decided = key_grants.refuse(request, ("R-MANUAL",), self._keyring(), self._now(), officer)
        return self._send(self._keep(item, jws, request, decided, officer))

    def again(self, kept: KeyAnswer) -> KeyAnswer | Held:
        """Send what was not heard once more; raise `Untrusted` where the request holds no longer."""
        if kept.box is None:
            return self._send(kept)
        request = read_request(kept.request, self._hub)
        try:
            decided = self._decide(request, kept.officer)
        except ProtocolError:
            self._records.heard(kept.item, CLOSED)
            raise
        if isinstance(decided, Held):
            self._records.heard(kept.item, CLOSED)
            return self._hold(kept.item, request, decided)
        if decided.box is None:
            kept = self._keep(kept.item, kept.request, request, decided, kept.officer)
        return self._send(kept)

    def _decide(self, request: KeyRequest, officer: str | None) -> Granted | Held:
        sent, terms = self._records.sent(request.notice), self._terms()
        return key_grants.answer(
            request, sent, self._pinned, self._keyring(), self._directory, terms, self._now(), officer
        )

    def _hold(self, item: str, request: KeyRequest, held: Held) -> Held:
        body: Json = {"reason": held.reason}
        self._records.wait(Waiting(item, "key_request", request.notice, "open", body))
        return held

    def _keep(
        self, item: str, jws: str, request: KeyRequest, decided: Granted, officer: str | None
    ) -> KeyAnswer:
        """Keep an answer, and whom it lets in, before anything of it leaves."""
        answer = KeyAnswer(item, UNHEARD, request.request, jws, decided.grant, decided.box, officer)
        lets_in = None if decided.box is None else (request.notice, request.recipient)
        self._records.keep_answer(answer, lets_in)
        return answer

    def _send(self, kept: KeyAnswer) -> KeyAnswer:
        body: Json = {"grant": kept.grant, "box": kept.box}
        state = REFUSED if kept.box is None else GRANTED
        try:
            self._transport.post(f"/v1/key-requests/{kept.name}/grant", body)
        except HubRefused as fault:
            if fault.code not in _NOT_ASKED:
                raise
            state = CLOSED
        self._records.heard(kept.item, state)
        self._records.decided(kept.item)
        return replace(kept, state=state)
