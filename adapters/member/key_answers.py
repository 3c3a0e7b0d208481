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

from adapters.member import blind_grants, key_grants
from adapters.member.blind_grants import BlindlyGranted
from adapters.member.directory import Directory
from adapters.member.errors import HubRefused
from adapters.member.home import Pinned
from adapters.member.key_grants import Granted, Held
from adapters.member.keyring import Keyring
from adapters.member.records import UNHEARD, UNNAMED, KeyAnswer, Records, Sent, Waiting
from adapters.member.terms import Terms
from adapters.member.transport import Transport
from hub.protocols.blind_key import BlindKeyRequest, read_blind_request
from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError
from hub.protocols.key_grant import KeyRequest, read_request
from hub.protocols.keys import VerifyingKey
from hub.protocols.signing import Typ, typ_of

GRANTED: Final = "granted"
REFUSED: Final = "refused"
CLOSED: Final = "closed"
"""How an answer ended: taken by the hub, with a box or without; or no longer asked for."""

_NOT_ASKED: Final = frozenset({"request-closed", "not-found"})
"""The hub waits for no answer to this request any more, or has asked anew."""


Asked = KeyRequest | BlindKeyRequest


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
        request = self.read(jws)
        decided = self._decide(request, officer)
        if isinstance(decided, Held):
            return self._hold(item, request, decided)
        return self._send(self._keep(item, jws, request, decided, officer))

    def decline(self, item: str, jws: str, officer: str) -> KeyAnswer:
        """A named officer gives no key."""
        request, no = self.read(jws), ("R-MANUAL",)
        decided = (
            blind_grants.refuse(request, no, self._keyring(), self._now(), officer)
            if isinstance(request, BlindKeyRequest)
            else key_grants.refuse(request, no, self._keyring(), self._now(), officer)
        )
        return self._send(self._keep(item, jws, request, decided, officer))

    def again(self, kept: KeyAnswer) -> KeyAnswer | Held:
        """Send what was not heard once more; raise `Untrusted` where the request holds no longer."""
        if _is_no(kept):
            return self._send(kept)
        request = self.read(kept.request)
        try:
            decided = self._decide(request, kept.officer)
        except ProtocolError:
            self._records.heard(kept.item, CLOSED)
            raise
        if isinstance(decided, Held):
            self._records.heard(kept.item, CLOSED)
            return self._hold(kept.item, request, decided)
        if decided.refused:
            kept = self._keep(kept.item, kept.request, request, decided, kept.officer)
        return self._send(kept)

    def read(self, jws: str) -> Asked:
        """A key request, open or blind, that the hub signed; raise `Untrusted` or `MalformedMessage`."""
        if typ_of(jws) is Typ.BLIND_KEY_REQUEST:
            return read_blind_request(jws, self._hub)
        return read_request(jws, self._hub)

    def _decide(self, request: Asked, officer: str | None) -> Granted | BlindlyGranted | Held:
        sent, terms = self._records.sent(request.notice), self._terms()
        if isinstance(request, BlindKeyRequest):
            if officer is None and not self._records.approved_here(request.notice):
                return Held("unapproved")
            return blind_grants.answer(
                request, sent, self._pinned, self._keyring(), self._directory, terms, self._now(), officer
            )
        decided = key_grants.answer(
            request, sent, self._pinned, self._keyring(), self._directory, terms, self._now(), officer
        )
        if isinstance(decided, Granted) and sent is not None and self._kept_back(request, sent):
            return key_grants.refuse(request, ("R-SHIELD",), self._keyring(), self._now(), officer)
        return decided

    def _kept_back(self, request: KeyRequest, sent: Sent) -> bool:
        """Whether a key would tell where somebody shielded is, and our officers have not let it."""
        if sent.over or self._records.named_here(request.notice):
            return False
        return key_grants.would_name(request, sent, self._keyring(), self._directory, self._now())

    def _hold(self, item: str, request: Asked, held: Held) -> Held:
        body: Json = {"reason": held.reason}
        self._records.wait(Waiting(item, "key_request", request.notice, "open", body))
        return held

    def _keep(
        self,
        item: str,
        jws: str,
        request: Asked,
        decided: Granted | BlindlyGranted,
        officer: str | None,
    ) -> KeyAnswer:
        """Keep an answer, and whom it lets in, before anything of it leaves."""
        box = decided.box if isinstance(decided, Granted) else None
        boxes = decided.boxes if isinstance(decided, BlindlyGranted) else ()
        answer = KeyAnswer(item, UNHEARD, request.request, jws, decided.grant, box, officer, boxes)
        member = UNNAMED if isinstance(request, BlindKeyRequest) else request.recipient
        self._records.keep_answer(answer, None if decided.refused else (request.notice, member))
        return answer

    def _send(self, kept: KeyAnswer) -> KeyAnswer:
        blind = typ_of(kept.request) is Typ.BLIND_KEY_REQUEST
        way = "blind-grant" if blind else "grant"
        body: Json = {"grant": kept.grant, **({"boxes": list(kept.boxes)} if blind else {"box": kept.box})}
        state = REFUSED if _is_no(kept) else GRANTED
        try:
            self._transport.post(f"/v1/key-requests/{kept.name}/{way}", body)
        except HubRefused as fault:
            if fault.code not in _NOT_ASKED:
                raise
            state = CLOSED
        self._records.heard(kept.item, state)
        self._records.decided(kept.item)
        return replace(kept, state=state)


def _is_no(kept: KeyAnswer) -> bool:
    return kept.box is None and not kept.boxes
