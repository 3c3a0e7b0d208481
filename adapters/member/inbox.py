"""Collect what waits at the hub: verify, open, compare, answer.

Each item is taken in this order, and nothing is opened before it holds: signature, log proof,
digests, then the box. An item that does not hold is kept for a person and never half used. The
place in the inbox moves on only when an item is done, so a gateway killed at any point takes the
same item again, and every answer it then repeats has one effect.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from adapters.member import key_grants
from adapters.member.confirm import compare
from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault, HubRefused
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Received, Records, Waiting
from adapters.member.terms import Terms
from adapters.member.transport import Transport
from hub.protocols import entry
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Confirmation,
    Level,
    sign_acknowledgement,
    sign_confirmation,
)
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import (
    CheckedDelivery,
    ReleasedPart,
    Stage,
    check_delivery,
    read_delivery,
    read_opening,
)
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.key_grant import KeyRequest, read_request
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import Digest, DisclosureId, MemberId, NoticeId, Part
from hub.protocols.proof import parse_proof, verify_proof
from hub.protocols.sealing import box_key_id, open_box, open_part
from hub.protocols.signed_note import NoteKey, parse_vkey
from hub.protocols.signing import Typ, key_id_of


@dataclass
class Taken:
    """What one look into the inbox did, by kind."""

    delivered: int = 0
    granted: int = 0
    held: int = 0
    answered: int = 0
    stopped: int = 0
    faults: list[str] = field(default_factory=list)


class Inbox:
    """One member's inbox, as its gateway works through it."""

    def __init__(
        self,
        pinned: Pinned,
        keyring: Keyring,
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
        self._log: NoteKey = parse_vkey(pinned.log_vkey)
        self._hub = VerifyingKey.from_jwk(pinned.hub_key)

    def pull(self, wait: int = 0, most: int = 1000) -> Taken:
        """Take every item that waits, at most `most`; `wait` seconds for the first to come."""
        taken, seen = Taken(), 0
        while seen < most:
            page = self._page(wait if seen == 0 else 0)
            items = page.objects("data")
            for item in items:
                self._take(item, taken)
            seen += len(items)
            cursor = page.nullable_text("next_cursor", max=2048)
            if cursor is not None:
                self._records.set_place("inbox", cursor)
            if not page.boolean("has_more"):
                break
        return taken

    def _page(self, wait: int) -> Reader:
        params: dict[str, str | int] = {"limit": 50, "wait": wait}
        cursor = self._records.place("inbox")
        if cursor is not None:
            params["cursor"] = cursor
        return Reader(self._transport.get("/v1/inbox", params), "inbox")

    def _take(self, item: Reader, taken: Taken) -> None:
        name, kind = DisclosureId(item.id("item", "dis")), item.text("kind")
        try:
            self._take_kind(name, kind, item, taken)
        except (ProtocolError, GatewayFault) as fault:
            if isinstance(fault, HubRefused) and fault.code == "delivery-stopped":
                taken.stopped += 1
                return
            if not isinstance(fault, ProtocolError | HubRefused):
                raise
            taken.faults.append(f"{kind} {name}: {fault.code}")
            self._records.wait(Waiting(name, "fault", None, "open", {"kind": kind, "code": fault.code}))

    def _take_kind(self, name: DisclosureId, kind: str, item: Reader, taken: Taken) -> None:
        if kind == "delivery":
            if item.boolean("stopped"):
                taken.stopped += 1
            else:
                self._take_delivery(name, item.object("body"), taken)
        elif kind == "key_request":
            self._take_request(name, taken)
        elif kind == "officer_task":
            self._prove(name)
            self._records.wait(
                Waiting(name, kind, NoticeId(item.id("about", "ntc")), "open", item.value("body"))
            )
            taken.held += 1
        elif kind == "stopped":
            self._take_stop(item.object("body"), taken)
        else:
            self._take_answer(item.object("body"), kind, taken)

    # --- a delivery -------------------------------------------------------------------------------

    def _take_delivery(self, name: DisclosureId, body: Reader, taken: Taken) -> None:
        counter = body.nullable_id("counter", "ntc")
        checked = self._checked(name)
        keys = open_box(
            checked.box, checked.manifest.notice, self._keyring.sealing_key(box_key_id(checked.box))
        )
        facts: dict[str, Json] = {
            part.value: open_part(part, jwe, keys[part], checked.manifest.entry(part).plain_digest)
            for part, jwe in checked.parts.items()
            if part in keys
        }
        received = Received(
            name,
            checked.manifest.notice,
            checked.manifest.sender,
            checked.record.stage.value,
            None if counter is None else NoticeId(counter),
            "opened",
            checked.log_index,
            checked.checkpoint.size,
            {"facts": facts, "about": _about(checked)},
        )
        self._records.receive(received)
        self._acknowledge(checked, name)
        taken.delivered += 1
        if checked.record.stage is Stage.IDENTITY:
            self._confirm(received, checked, taken)

    def _checked(self, name: DisclosureId) -> CheckedDelivery:
        delivery = read_delivery(self._transport.fetch(f"/v1/inbox/{name}/delivery"))
        sender = MemberId(Reader(delivery.opening.record, "record").id("sender", "mbr"))
        key = self._directory.signing_key(sender, key_id_of(delivery.manifest, Typ.NOTICE))
        checked = check_delivery(delivery, self._pinned.member, key, self._log)
        if checked.record.delivery != name:
            raise Untrusted("delivery-other-item", "the log records this release under another id")
        return checked

    def _acknowledge(self, checked: CheckedDelivery, name: DisclosureId) -> None:
        acknowledgement = Acknowledgement(
            delivery=name,
            manifest=checked.record.manifest,
            parts={part.part: part.cipher_digest for part in checked.record.parts},
            log_index=checked.log_index,
            log_size=checked.checkpoint.size,
            level=Level.OPENED,
            signed_at=self._now(),
        )
        signed = sign_acknowledgement(acknowledgement, self._keyring.signing)
        self._transport.post(f"/v1/inbox/{name}/acknowledgement", {"acknowledgement": signed})

    def _confirm(self, received: Received, checked: CheckedDelivery, taken: Taken) -> None:
        facts = received.body["facts"] if isinstance(received.body, dict) else None
        theirs = facts.get(Part.IDENTITY.value) if isinstance(facts, dict) else None
        found = self._compare(received, theirs)
        if found is Answer.UNSURE:
            self._records.wait(
                Waiting(received.item, "unsure", received.notice, "open", {"identity": theirs})
            )
            taken.held += 1
        else:
            self.confirm(received, checked.record.manifest, found, None)
            taken.answered += 1

    def confirm(self, received: Received, manifest: str, found: Answer, officer: str | None) -> None:
        """Sign what the comparison gave, by machine or by the named officer."""
        confirmation = Confirmation(received.item, Digest(manifest), found, officer, self._now())
        signed = sign_confirmation(confirmation, self._keyring.signing)
        self._transport.post(f"/v1/inbox/{received.item}/confirmation", {"confirmation": signed})
        self._records.set_received(received.item, found.value)

    def _compare(self, received: Received, theirs: Json) -> Answer:
        """Against our own notice where there is one, else our caseload: a list never says `different`."""
        if received.counter is not None:
            own = self._records.sent(received.counter)
            return (
                compare(theirs, own.body["identity"]) if own and isinstance(own.body, dict) else Answer.UNSURE
            )
        same = [who for who, person in self._records.caseload() if compare(theirs, person) is Answer.SAME]
        return Answer.SAME if len(same) == 1 else Answer.UNSURE

    # --- a key request ----------------------------------------------------------------------------

    def _take_request(self, name: DisclosureId, taken: Taken) -> None:
        request = self._request(name)
        self.answer(name, request, None, taken)

    def answer(self, name: str, request: KeyRequest, officer: str | None, taken: Taken) -> None:
        """Grant, refuse, or keep for a named officer."""
        sent = self._records.sent(request.notice)
        decided = key_grants.answer(
            request, sent, self._pinned, self._keyring, self._directory, self._terms(), self._now(), officer
        )
        if isinstance(decided, key_grants.Held):
            self._records.wait(
                Waiting(name, "key_request", request.notice, "open", {"reason": decided.reason})
            )
            taken.held += 1
            return
        body: Json = {"grant": decided.grant, "box": decided.box}
        try:
            self._transport.post(f"/v1/key-requests/{request.request}/grant", body)
        except HubRefused as fault:
            if fault.code != "request-closed":
                raise
        self._records.decided(name)
        taken.granted += 1

    def _request(self, name: str) -> KeyRequest:
        """Read a key request again from the hub, with its proof."""
        item = self._prove(name)
        request = read_request(item.object("body").text("request", max=65_536), self._hub)
        record = item.object("opening").value("record")
        if not isinstance(record, dict) or record.get("request") != request.request:
            raise Untrusted("request-not-logged", "the log entry beside the key request is about another one")
        return request

    def request_of(self, waiting: Waiting) -> KeyRequest:
        """The key request that waits for an officer."""
        return self._request(waiting.item)

    def _prove(self, name: str) -> Reader:
        """An inbox item with its opening, whose entry is proved in the log."""
        item = Reader(self._transport.get(f"/v1/inbox/{name}"), "item")
        opening = read_opening(item.object("opening"))
        leaf = entry.commit(opening.record, opening.salt)
        verify_proof(parse_proof(item.text("proof", max=16_384)), leaf, self._log)
        return item

    # --- answers and stops ----------------------------------------------------------------------------

    def _take_answer(self, body: Reader, kind: str, taken: Taken) -> None:
        notice, says = NoticeId(body.id("notice", "ntc")), body.text("says")
        self._records.set_sent(notice, f"{kind}:{says}")
        taken.answered += 1

    def _take_stop(self, body: Reader, taken: Taken) -> None:
        for received in self._records.of_notice(NoticeId(body.id("notice", "ntc"))):
            self._records.set_received(received.item, "recalled")
        taken.stopped += 1


def _about(checked: CheckedDelivery) -> Json:
    manifest = checked.manifest
    return {
        "type": manifest.type.value,
        "manifest": checked.record.manifest,
        "event_on": manifest.event_on.isoformat(),
        "contact": {
            "team": manifest.contact.team,
            "telephone": manifest.contact.telephone,
            "mailbox": manifest.contact.mailbox,
        },
        "grounds": [_ground(part) for part in checked.record.parts],
        "entry": {"index": checked.log_index, "size": checked.checkpoint.size},
    }


def _ground(part: ReleasedPart) -> Json:
    ground = part.ground
    return {
        "part": part.part.value,
        "agreement": ground.agreement,
        "version": ground.version,
        "clause": ground.clause,
        "basis": ground.basis,
    }
