"""Collect what waits at the hub: verify, open, compare, answer.

Each item is taken in this order, and nothing is opened before it holds: signature, log proof,
history of the log, digests, then the box. An item that does not hold is kept for a person and
never half used; one bad item does not keep the others from being taken. The place in the inbox
moves on only when an item is done, so a gateway killed at any point takes the same item again,
and every answer it then repeats has one effect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from adapters.member.closings import Closings
from adapters.member.confirm import compare
from adapters.member.directory import Directory
from adapters.member.disputes import Disputes
from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.home import Pinned
from adapters.member.key_answers import GRANTED, REFUSED, KeyAnswers
from adapters.member.key_grants import Held
from adapters.member.keyring import Keyring
from adapters.member.looks import LOOK, Looks
from adapters.member.recalls import Recalls, read_recall
from adapters.member.records import UNHEARD, UNNAMED, KeyAnswer, Received, Records, Sent, Waiting
from adapters.member.released import ready
from adapters.member.terms import Terms
from adapters.member.transport import Transport
from adapters.member.witness import UNWITNESSED, Witness
from adapters.scope import scope_fits
from hub.consent.flags import Flags
from hub.protocols import canonical
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Confirmation,
    Level,
    OutcomeKind,
    read_acknowledgement,
    read_outcome,
    sign_acknowledgement,
    sign_confirmation,
)
from hub.protocols.blind_answer import read_blind_answer
from hub.protocols.blind_key import BlindKeyRequest, candidates_digest
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import (
    CheckedDelivery,
    ReleasedPart,
    Stage,
    check_delivery,
    read_delivery,
    read_opening,
)
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import Digest, DisclosureId, KeyId, MemberId, NoticeId, NoticeType, Part
from hub.protocols.notice import Manifest
from hub.protocols.proof import parse_proof
from hub.protocols.sealing import box_key_id, open_box, open_part
from hub.protocols.signed_note import NoteKey, parse_vkey
from hub.protocols.signing import Typ, key_id_of, typ_of

ARRIVED = frozenset({OutcomeKind.IN_CASELOAD, OutcomeKind.ALREADY_KNOWN, OutcomeKind.DATA_DIFFER})
"""Outcomes after which a hub may have closed the notice."""


NEW = "new"
"""State of a delivery that is opened and kept, and not answered yet: a killed gateway goes on from here."""

_NOT_YET = frozenset({"delivery-unwitnessed", "checkpoint-quorum"})
"""The hub does not hand over, or we do not open, what too few other members have witnessed."""


@dataclass
class Taken:
    """What one look into the inbox did, by kind."""

    delivered: int = 0
    granted: int = 0
    refused: int = 0
    held: int = 0
    answered: int = 0
    stopped: int = 0
    unwitnessed: int = 0
    """Deliveries that are opened once other members have cosigned the log; tried again by every look."""
    faults: list[str] = field(default_factory=list)
    reminded: list[str] = field(default_factory=list)
    """What was told for the first time about agreements that are to be reviewed, in sentences."""

    @property
    def total(self) -> int:
        """Things that came."""
        parts = (self.delivered, self.granted, self.refused, self.held, self.answered, self.stopped)
        return sum(parts) + len(self.faults)


class Inbox:
    """One member's inbox, as its gateway works through it."""

    def __init__(
        self,
        pinned: Pinned,
        keyring: Callable[[], Keyring],
        records: Records,
        transport: Transport,
        directory: Directory,
        witness: Witness,
        terms: Callable[[], Terms],
        now: Callable[[], datetime],
    ) -> None:
        self._pinned = pinned
        self._keyring = keyring
        self._records = records
        self._transport = transport
        self._directory = directory
        self._auditor = auditor = witness.auditor
        self._witness = witness
        self._now = now
        self.disputes = Disputes(pinned, keyring, records, transport, directory, auditor, now)
        self.looks = Looks(pinned, keyring, records, transport, directory, now)
        self._answers = KeyAnswers(pinned, keyring, records, transport, directory, terms, now)
        self._recalls = Recalls(records, pinned.member, now)
        self._log: NoteKey = parse_vkey(pinned.log_vkey)
        self._hub = VerifyingKey.from_jwk(pinned.hub_key)

    def pull(self, wait: int = 0, most: int = 1000) -> Taken:
        """Take every item that waits, at most `most`; `wait` seconds for the first to come."""
        taken, seen = Taken(), 0
        self._say_again(taken)
        self._try_unwitnessed(taken)
        while seen < most:
            page = self._page(wait if seen == 0 else 0)
            items = page.objects("data")
            for item in items:
                self._take(item, taken)
            seen += len(items)
            cursor = page.nullable_text("next_cursor", max=2048)
            if cursor is not None:
                self._records.set_place("inbox", cursor)
            if not page.boolean("has_more") or not items:
                break
        return taken

    def again(self) -> Taken:
        """Take once more what did not hold: a key may have been logged, a proof may be there now."""
        taken = Taken()
        for fault in self._records.waiting("fault"):
            before = len(taken.faults)
            self._take(Reader(self._transport.get(f"/v1/inbox/{fault.item}"), "item"), taken)
            if len(taken.faults) == before:
                self._records.decided(fault.item)
        return taken

    def _say_again(self, taken: Taken) -> None:
        """Send each answer to a key request that the hub was never heard to take."""
        for kept in self._answers.unheard():
            self._attempt(kept.item, "key_request", taken, partial(self._say, kept, taken))

    def _try_unwitnessed(self, taken: Taken) -> None:
        """Take what waited for other members' cosignatures, the oldest first, until one waits still.

        Whatever came later waits for a checkpoint at least as new.
        """
        for waiting in self._records.waiting(UNWITNESSED):
            name, before = waiting.item.partition(":")[2], taken.unwitnessed
            self._take(Reader(self._transport.get(f"/v1/inbox/{name}"), "item"), taken)
            if taken.unwitnessed > before:
                return
            self._records.decided(waiting.item)

    def _say(self, kept: KeyAnswer, taken: Taken) -> None:
        _count(self._answers.again(kept), taken)

    def _page(self, wait: int) -> Reader:
        params: dict[str, str | int] = {"limit": 50, "wait": wait}
        cursor = self._records.place("inbox")
        if cursor is not None:
            params["cursor"] = cursor
        return Reader(self._transport.get("/v1/inbox", params), "inbox")

    def _take(self, item: Reader, taken: Taken) -> None:
        name, kind = DisclosureId(item.id("item", "dis")), item.text("kind")
        self._attempt(name, kind, taken, lambda: self._take_kind(name, kind, item, taken))

    def _attempt(self, name: str, kind: str, taken: Taken, act: Callable[[], None]) -> None:
        """Do it; what does not hold is kept for a person."""
        try:
            act()
        except HubUnreachable:
            raise
        except (ProtocolError, GatewayFault) as fault:
            if fault.code == "delivery-stopped":
                taken.stopped += 1
                return
            if fault.code in _NOT_YET:
                taken.unwitnessed += 1
                since: Json = {"since": canonical.instant(self._now())}
                self._records.wait(Waiting(f"{UNWITNESSED}:{name}", UNWITNESSED, None, "open", since))
                return
            taken.faults.append(f"{kind} {name}: {fault.code}")
            self._records.wait(Waiting(name, "fault", None, "open", {"kind": kind, "code": fault.code}))

    def _take_kind(self, name: DisclosureId, kind: str, item: Reader, taken: Taken) -> None:
        if kind == "key_request":
            self._take_request(name, item, taken)
        elif kind in {"delivery", "officer_task"} and item.boolean("stopped"):
            taken.stopped += 1  # lapsed, answered or withdrawn meanwhile: nothing is left to do
        elif kind == "delivery":
            self._take_delivery(name, item.object("body"), taken)
        elif kind == "officer_task":
            self._prove(name)
            body = item.value("body")
            kind = LOOK if isinstance(body, dict) and "look" in body else kind
            self._hold(Waiting(name, kind, NoticeId(item.id("about", "ntc")), "open", body), taken)
        elif kind == "stopped":
            self._take_stop(name, item.object("body"), taken)
        elif kind in {"acknowledgement", "outcome"}:
            self._take_answer(name, kind, taken)
        elif kind == "lead":
            taken.held += self.looks.take_lead(name, self._prove(name))
        elif kind == "dispute":
            taken.held += self.disputes.take(name, self._prove(name))
        elif kind == "alarm":
            self._hold(Waiting(name, kind, None, "open", item.value("body")), taken)
        else:
            raise MalformedMessage("item-kind", "the hub sent a kind of item that this gateway does not know")

    def _hold(self, waiting: Waiting, taken: Taken) -> None:
        self._records.wait(waiting)
        taken.held += 1

    # --- a delivery -------------------------------------------------------------------------------

    def _take_delivery(self, name: DisclosureId, body: Reader, taken: Taken) -> None:
        known = self._records.received(name)
        if known is not None and known.state != NEW:
            return  # all of this was done before; only the place in the inbox was lost
        counter = body.nullable_id("counter", "ntc")
        checked, evidence = self._checked(name)
        received = self._open(name, checked, evidence, None if counter is None else NoticeId(counter))
        mended = self._mended(checked.manifest)
        self._records.receive(received)
        if checked.manifest.type is NoticeType.RECALL:
            self._take_recall(received, mended)
            taken.stopped += 1
            return
        if mended is not None:
            self._note_corrected(received, mended)
        self.acknowledge(received, Level.OPENED)
        if checked.record.stage is not Stage.IDENTITY or not self._confirm(received, checked, taken):
            self._records.set_received(name, "opened")
        taken.delivered += 1

    def _mended(self, manifest: Manifest) -> list[Received] | None:
        """What we have of the notice that this one mends; None where it mends none.

        Raises `Untrusted` where that one is by another member: nobody mends what another has said.
        """
        if manifest.refers_to is None:
            return None
        earlier = self._records.of_notice(manifest.refers_to)
        if any(one.sender != manifest.sender for one in earlier):
            raise Untrusted("mends-other-sender", "it mends a notice that another member has sent")
        return earlier

    def _take_recall(self, received: Received, earlier: list[Received] | None) -> None:
        """Destroy what is recalled, sign that it is done here, and ask a person to do the same."""
        facts = received.body["facts"] if isinstance(received.body, dict) else None
        said = facts.get(Part.IDENTITY.value) if isinstance(facts, dict) else None
        notice, parts, reason = read_recall(said)
        if {one.notice for one in earlier or ()} - {notice}:
            raise Untrusted("mends-other-notice", "a recall names another notice than its manifest does")
        for one in earlier or ():
            self._records.forget_parts(one.item, frozenset(part.value for part in parts))
            if Part.IDENTITY in parts:
                self._records.decided(one.item)
        self.acknowledge(received, Level.ERASED)
        self._records.set_received(received.item, "erased")
        if earlier:
            body: Json = {"says": _erase_words(notice, parts, reason)}
            self._records.wait(Waiting(received.item, "recall", notice, "open", body))

    def _note_corrected(self, received: Received, earlier: list[Received]) -> None:
        for one in earlier:
            self._records.note_corrected(one.item, received.notice)
        if earlier and received.stage == Stage.IDENTITY.value:
            says = f"{earlier[0].notice} is corrected by {received.notice}: mend your own system too"
            body: Json = {"says": says}
            self._records.wait(Waiting(received.item, "recall", received.notice, "open", body))

    def _checked(self, name: DisclosureId) -> tuple[CheckedDelivery, Json]:
        """Fetch a delivery and verify all of it, nothing opened; return also what shows it to others."""
        delivery = read_delivery(self._transport.fetch(f"/v1/inbox/{name}/delivery"))
        sender = MemberId(Reader(delivery.opening.record, "record").id("sender", "mbr"))
        key = self._directory.signing_key(sender, key_id_of(delivery.manifest, Typ.NOTICE))
        checked = check_delivery(delivery, self._pinned.member, key, self._log)
        if checked.record.delivery != name:
            raise Untrusted("delivery-other-item", "the log records this release under another id")
        note = parse_proof(delivery.proof).checkpoint_note
        self._auditor.accept(note)
        if checked.record.stage is Stage.REST:
            self._witness.check(note)
        opening: Json = {"record": delivery.opening.record, "salt": canonical.b64u(delivery.opening.salt)}
        return checked, {"opening": opening, "proof": delivery.proof}

    def _open(
        self, name: DisclosureId, checked: CheckedDelivery, evidence: Json, counter: NoticeId | None
    ) -> Received:
        manifest = checked.manifest
        keys = open_box(checked.box, manifest.notice, self._keyring().sealing_key(box_key_id(checked.box)))
        facts: dict[str, Json] = {
            part.value: open_part(part, jwe, keys[part], manifest.entry(part).plain_digest)
            for part, jwe in checked.parts.items()
            if part in keys
        }
        return Received(
            name,
            manifest.notice,
            manifest.sender,
            checked.record.stage.value,
            counter,
            NEW,
            checked.log_index,
            checked.checkpoint.size,
            {"facts": facts, "about": _about(checked), "evidence": evidence},
        )

    def acknowledge(self, received: Received, level: Level) -> None:
        """Sign what was received, by digest, and how far it has come."""
        about = about_of(received)
        acknowledgement = Acknowledgement(
            delivery=received.item,
            manifest=about.digest("manifest"),
            parts=_ciphers(about.object("ciphers")),
            log_index=received.log_index,
            log_size=received.log_size,
            level=level,
            signed_at=self._now(),
        )
        signed = sign_acknowledgement(acknowledgement, self._keyring().signing)
        self._transport.post(f"/v1/inbox/{received.item}/acknowledgement", {"acknowledgement": signed})

    def _confirm(self, received: Received, checked: CheckedDelivery, taken: Taken) -> bool:
        """Sign what the comparison gives; False where a person has to look, which is kept."""
        facts = received.body["facts"] if isinstance(received.body, dict) else None
        theirs = facts.get(Part.IDENTITY.value) if isinstance(facts, dict) else None
        doubt = LOOK if self.looks.confirmed(received.counter) else _doubt(checked.manifest, theirs)
        found = self._compare(received, theirs) if doubt is None else Answer.UNSURE
        if found is Answer.UNSURE:
            body: Json = {"reason": doubt or "names"}
            self._hold(Waiting(received.item, "unsure", received.notice, "open", body), taken)
            return False
        self.confirm(received, found, None)
        taken.answered += 1
        return True

    def confirm(self, received: Received, found: Answer, officer: str | None) -> None:
        """Sign what the comparison gave, by machine or by the named officer."""
        manifest = about_of(received).digest("manifest")
        confirmation = Confirmation(received.item, manifest, found, officer, self._now())
        signed = sign_confirmation(confirmation, self._keyring().signing)
        self._transport.post(f"/v1/inbox/{received.item}/confirmation", {"confirmation": signed})
        if found is Answer.DIFFERENT:
            self._records.forget_facts(received.notice, found.value)
        else:
            self._records.set_received(received.item, found.value)

    def _compare(self, received: Received, theirs: Json) -> Answer:
        """Against our own notice where there is one, else our caseload: a list never says `different`.

        A correction also against what it corrects, where that was found to be ours.
        """
        if received.counter is not None:
            own = self._records.sent(received.counter)
            ours = own.body.get("identity") if own and isinstance(own.body, dict) else None
            return compare(theirs, ours)
        born = theirs.get("dob") if isinstance(theirs, dict) else None
        people = self._records.caseload_born(born) if isinstance(born, str) else []
        same = [person for person in people if compare(theirs, person) is Answer.SAME]
        corrected = [person for person in self._corrected(received) if compare(theirs, person) is Answer.SAME]
        return Answer.SAME if len(same) == 1 or corrected else Answer.UNSURE

    def _corrected(self, received: Received) -> list[Json]:
        """Who was opened of the notice that this delivery corrects, and found to be ours."""
        mends = about_of(received).nullable_text("refers_to")
        earlier = [] if mends is None else self._records.of_notice(NoticeId(mends))
        bodies = [one.body for one in earlier if one.state not in {NEW, "opened", "different", "recalled"}]
        facts = [body.get("facts") for body in bodies if isinstance(body, dict)]
        return [
            fact[Part.IDENTITY.value] for fact in facts if isinstance(fact, dict) and Part.IDENTITY in fact
        ]

    # --- a key request ----------------------------------------------------------------------------

    def _take_request(self, name: str, item: Reader, taken: Taken) -> None:
        """Answer a key request; what was answered and not heard is said again, asked or not."""
        kept = self._answers.kept(name)
        if kept is not None and kept.state == UNHEARD:
            self._say(kept, taken)
        elif kept is not None:
            return  # answered before; only the place in the inbox was lost
        elif item.boolean("stopped"):
            taken.stopped += 1
        else:
            _count(self._answers.answer(name, self._request(name), None), taken)

    def decide_request(self, name: str, officer: str, taken: Taken, *, grant: bool) -> None:
        """A named officer answers a key request that no machine may answer."""
        kept = self._answers.kept(name)
        if grant and kept is not None and kept.state == UNHEARD:
            self._say(kept, taken)
            return
        jws = self._request(name) if kept is None else kept.request
        answer = self._answers.answer if grant else self._answers.decline
        _count(answer(name, jws, officer), taken)

    def _request(self, name: str) -> str:
        """Step 1 of a key request: the hub signed it, its entry is in the log, and says the same."""
        item = self._prove(name)
        jws = item.object("body").text("request", max=65_536)
        request = self._answers.read(jws)
        record = item.object("opening").value("record")
        said = {"kind": "key_request", "request": request.request, "notice": request.notice}
        if not isinstance(record, dict) or any(record.get(key) != value for key, value in said.items()):
            raise Untrusted("request-not-logged", "the log entry beside the key request is about another one")
        if isinstance(request, BlindKeyRequest):
            if record.get("candidates") != candidates_digest(request.candidates):
                raise Untrusted("request-not-logged", "the log names other candidates than the key request")
            return jws
        if record.get("recipient") != request.recipient:
            raise Untrusted("request-not-logged", "the log names another recipient than the key request")
        ours = self._pinned.member in request.approved_by
        if ours and not self._records.approved_here(request.notice):
            raise Untrusted("approval-invented", "the hub says that we approved this match; we did not")
        return jws

    def _prove(self, name: str) -> Reader:
        """An inbox item with its opening, whose entry is proved in the log."""
        item = Reader(self._transport.get(f"/v1/inbox/{name}"), "item")
        self._auditor.prove(read_opening(item.object("opening")), item.text("proof", max=16_384))
        return item

    # --- answers and stops ----------------------------------------------------------------------------

    def _take_answer(self, name: DisclosureId, kind: str, taken: Taken) -> None:
        """What a recipient signed about a notice of ours, believed once entry and signature hold."""
        item = self._prove(name)
        body = item.object("body")
        notice, says = NoticeId(body.id("notice", "ntc")), body.text("says", max=40)
        sent = self._records.sent(notice)
        if sent is None:
            raise Untrusted("answer-other-notice", "the answer is about a notice that we did not send")
        record = Reader(item.object("opening").value("record"), "record")
        if (record.text("kind"), record.text("notice"), record.text("says", max=40)) != (kind, notice, says):
            raise Untrusted("answer-not-logged", "the log entry beside the answer is about another one")
        signed = body.text("signed", max=16_384)
        if typ_of(signed) is Typ.BLIND_ANSWER:
            member = self._check_blind(body.id("delivery", "dis"), signed, sent, says)
        else:
            member = self._check_signed(kind, signed, sent, says)
        self._recalls.answered(notice, member, says, signed)
        self._records.set_sent(notice, f"{kind}:{says}")
        if kind == "outcome" and says == OutcomeKind.IN_CASELOAD and sent.type == NoticeType.MOVED_OUT:
            Closings(self._records).note(notice, member, self._now())
        if kind == "outcome" and says in ARRIVED:
            self._settle(notice)
        taken.answered += 1

    def _check_signed(self, kind: str, jws: str, sent: Sent, says: str) -> MemberId:
        """Which member that we gave this notice to has signed it; it says of it what the hub says."""
        typ = Typ.ACKNOWLEDGEMENT if kind == "acknowledgement" else Typ.OUTCOME
        member, key = self._recipient_key(sent, key_id_of(jws, typ))
        if kind == "acknowledgement":
            acknowledged = read_acknowledgement(jws, key)
            signed = (acknowledged.manifest, acknowledged.level.value)
        else:
            reported = read_outcome(jws, key)
            signed = (reported.manifest, reported.outcome.value)
        if signed != (sent.digest, says):
            raise Untrusted("answer-other-notice", "the recipient signed something else than the hub says")
        return member

    def _check_blind(self, delivery: str, jws: str, sent: Sent, says: str) -> MemberId:
        """The hub's own word, believed of a notice that we gave a key to blindly, and of no other."""
        if UNNAMED not in self._records.told(sent):
            raise Untrusted("answer-other-member", "the hub answers for a member that we know by name")
        word = read_blind_answer(jws, self._hub)
        if (word.notice, word.delivery, word.says.value) != (sent.notice, delivery, says):
            raise Untrusted("answer-other-notice", "the hub has signed something else than it says")
        return UNNAMED

    def _recipient_key(self, sent: Sent, key_id: KeyId) -> tuple[MemberId, VerifyingKey]:
        for member in self._records.told(sent):
            if member != UNNAMED and self._directory.has_key(member, key_id):
                return member, self._directory.signing_key(member, key_id)
        raise Untrusted("answer-other-member", "no member that this notice went to has signed the answer")

    def _settle(self, notice: NoticeId) -> None:
        """Where the hub has ended the notice, its content keys and its clear identity go here too."""
        state = Reader(self._transport.get(f"/v1/notices/{notice}"), "notice").text("state")
        if state in {"closed", "withdrawn", "expired"}:
            self._records.forget(notice, state)

    def _take_stop(self, name: DisclosureId, body: Reader, taken: Taken) -> None:
        """Erase what was opened of a recalled notice, sign that it is done, and ask a person to do the same.

        Nobody is asked about what a person has not let through to their own system.
        """
        notice = NoticeId(body.id("notice", "ntc"))
        earlier = self._records.of_notice(notice)
        unsure = frozenset(one.item for one in self._records.waiting())
        if any(ready(one, unsure) for one in earlier):
            says: Json = {"says": _erase_words(notice, tuple(Part), "withdrawn")}
            self._records.wait(Waiting(name, "recall", notice, "open", says))
        self._records.forget_facts(notice, "recalled")
        for received in earlier:
            self._records.decided(received.item)
            self.acknowledge(received, Level.ERASED)
        taken.stopped += 1


def about_of(received: Received) -> Reader:
    """What is kept of a delivery's manifest; raise `GatewayFault` where nothing is."""
    about = received.body.get("about") if isinstance(received.body, dict) else None
    if not isinstance(about, dict):
        raise GatewayFault("item-forgotten", "nothing more is kept of this delivery")
    return Reader(about, "delivery")


def _doubt(manifest: Manifest, identity: Json) -> str | None:
    """Why no machine may answer, whatever the names say; None where one may."""
    if Flags.from_json(manifest.assertion.flags).twin:
        return "twin"
    dob = identity.get("dob") if isinstance(identity, dict) else None
    try:
        born = date.fromisoformat(str(dob))
    except ValueError:
        return "birthday"
    fits = scope_fits(manifest.assertion.scope, born, manifest.assertion.asserted_at.date())
    return None if fits else "scope"


def _erase_words(notice: NoticeId, parts: Sequence[Part], reason: str) -> str:
    """What a person has to do, in one line."""
    every = set(parts) == set(Part)
    named = "everything" if every else ", ".join(part.value.replace("_", " ") for part in parts)
    why = reason.replace("_", " ")
    return f"{notice} is recalled ({why}): erase in your own system too: {named}"


def _ciphers(reader: Reader) -> dict[Part, Digest]:
    return {part: reader.digest(part.value) for part in Part if reader.has(part.value)}


def _about(checked: CheckedDelivery) -> Json:
    manifest = checked.manifest
    return {
        "type": manifest.type.value,
        "refers_to": manifest.refers_to,
        "shield": Flags.from_json(manifest.assertion.flags).shield,
        "manifest": checked.record.manifest,
        "event_on": manifest.event_on.isoformat(),
        "ascertained_on": manifest.ascertained_on.isoformat(),
        "contact": {
            "team": manifest.contact.team,
            "telephone": manifest.contact.telephone,
            "mailbox": manifest.contact.mailbox,
        },
        "ciphers": {part.part.value: part.cipher_digest for part in checked.record.parts},
        "grounds": [_ground(part) for part in checked.record.parts],
        "entry": {"index": checked.log_index, "size": checked.checkpoint.size},
    }


def _count(said: KeyAnswer | Held, taken: Taken) -> None:
    if isinstance(said, Held):
        taken.held += 1
    elif said.state == GRANTED:
        taken.granted += 1
    elif said.state == REFUSED:
        taken.refused += 1
    else:
        taken.stopped += 1


def _ground(part: ReleasedPart) -> Json:
    ground = part.ground
    return {
        "part": part.part.value,
        "agreement": ground.agreement,
        "version": ground.version,
        "clause": ground.clause,
        "basis": ground.basis,
    }
