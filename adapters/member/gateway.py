"""The gateway as one object: publish, poll, open, acknowledge.

    from adapters.member import Gateway
    with Gateway(Path("home")) as gateway:
        gateway.publish(moves, NoticeType.MOVED_OUT, officer="A. Officer")
        gateway.poll()

It holds the member's keys and its records, and talks to one hub. Everything that leaves is
signed or sealed here; everything that arrives is verified here before it is opened. One gateway
may be used from several threads, and several processes may use one home.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from adapters.member.acting import acted_for
from adapters.member.auditor import Auditor
from adapters.member.complaints import Complaints
from adapters.member.compose import Maker
from adapters.member.copies import Kept, keep, read_kept
from adapters.member.directory import Directory
from adapters.member.disputes import Disputes
from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.facts import identity_of
from adapters.member.feed_book import FeedBook
from adapters.member.flag_book import About
from adapters.member.flagging import Flagging
from adapters.member.home import Home
from adapters.member.inbox import Inbox, Taken, about_of
from adapters.member.key_rotation import KeyRotation
from adapters.member.keyring import Keyring
from adapters.member.looks import Looks, Says
from adapters.member.outbox import Outbox, Published
from adapters.member.papers import Papers
from adapters.member.recalls import Recall
from adapters.member.records import UNNAMED, Received, Records, Sent, Waiting
from adapters.member.reminding import KIND, remind
from adapters.member.renewal import Renewed, forget_expired, renew, renew_tokens
from adapters.member.side_by_side import Fact, side_by_side
from adapters.member.terms import Terms, Verified, read_terms
from adapters.member.transport import Transport
from adapters.member.witness import UNWITNESSED, Witness
from adapters.move import Move
from hub.consent.decision import Decision
from hub.consent.flags import Flags
from hub.consent.question import Question, Scope
from hub.protocols import canonical
from hub.protocols.acknowledgement import (
    Answer,
    Level,
    Outcome,
    OutcomeKind,
    sign_outcome,
)
from hub.protocols.canonical import Json, Reader
from hub.protocols.epoch import Epoch, read_epoch, unwrap_linkage_key
from hub.protocols.errors import Untrusted
from hub.protocols.keys import DocumentPublicKey, SigningKey
from hub.protocols.names import DisclosureId, EpochId, KeyId, MemberId, NoticeId, NoticeType, Part
from hub.protocols.notice import read_envelope
from hub.protocols.sealing import box_key_id
from hub.protocols.signed_note import parse_vkey
from hub.protocols.signing import Typ, key_id_of, sign

SHORT_WAIT: Final = 2
"""Longest wait of a poll, in seconds, while something waits for other members' cosignatures alone."""

TERMS_SECONDS: Final = 60
"""How long what was read of the agreements is used before it is read again."""

_NOT_OURS: Final = frozenset({OutcomeKind.NOT_OURS, OutcomeKind.CONTRADICTED})


class Gateway:
    """One member's gateway over its home."""

    def __init__(
        self, path: Path, now: Callable[[], datetime] | None = None, http: httpx.Client | None = None
    ) -> None:
        self.home = Home(path)
        self.pinned = self.home.pinned()
        self._keyring = self.home.keyring()
        self._now = now or _utc_now
        self.records = Records(self.home.records, self._keyring.vault)
        pinned, keyring = self.pinned, self._keyring
        self.transport = Transport(pinned.hub_url, pinned.member, keyring.access, self._now, http)
        self.auditor = Auditor(parse_vkey(pinned.log_vkey), self.read_log, self.records)
        self.directory = Directory(self.transport, self.auditor, self.records, self._now)
        self._rotation = KeyRotation(self.home, pinned.member, self.transport, self.directory)
        self._terms: tuple[datetime, Terms] | None = None
        self._verified = Verified()
        records, transport, directory = self.records, self.transport, self.directory
        self.outbox = Outbox(pinned, self._keys, records, transport, directory, self.terms, self._now)
        self.witness = Witness(
            self.home, pinned, self._keys, records, transport, directory, self.auditor, self._now
        )
        self.inbox = Inbox(
            pinned, self._keys, records, transport, directory, self.witness, self.terms, self._now
        )
        self.flagging = Flagging(pinned.member, self._keys, records, transport, self.terms_here, self._now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def now(self) -> datetime:
        """The instant, by this gateway's clock."""
        return self._now()

    def close(self) -> None:
        """Close connections and records."""
        self.transport.close()
        self.records.close()

    # --- what binds -------------------------------------------------------------------------------

    def terms(self) -> Terms:
        """Agreements, mandates and standing requests, verified; read again every minute."""
        known = self._terms
        if known is None or (self._now() - known[0]).total_seconds() > TERMS_SECONDS:
            read = read_terms(self.transport, self.directory, self._now, self._verified)
            known = self._terms = (self._now(), read)
            keep(read, self.directory.members(), self.records, self._now())
        return known[1]

    def terms_here(self) -> Kept:
        """What binds, asked of the hub where it answers; else as it was when it last did.

        For rehearsals and overviews: nothing leaves on the strength of a copy. Raises `HubUnreachable`
        where the hub does not answer and nothing was ever kept.
        """
        try:
            return Kept(self.terms(), self.directory.members(), self._now())
        except HubUnreachable:
            kept = read_kept(self.records)
            if kept is None:
                raise
            return kept

    def refresh(self) -> None:
        """Forget what was read, so that the next question reads it anew."""
        self._terms = None
        self.directory.refresh()

    def epoch(self) -> EpochId:
        """The newest linkage epoch in force whose key this gateway holds and has checked.

        While two overlap, one whose key the custodian has not wrapped to us yet is left for later.
        """
        newest = self.epoch_in_force()
        try:
            self._learn(newest)
        except HubRefused:
            older = [epoch for epoch in self._epochs_at_hub() if epoch.id in self._keyring.linkage]
            if not older:
                raise
            return older[0].id
        return newest.id

    def epoch_in_force(self) -> Epoch:
        """The epoch in force, signed by the pinned custodian; raise `GatewayFault` where there is none.

        While the hub cannot be asked, the one it named last, as long as that is in its time.
        """
        try:
            epoch = self._epoch_at_hub()
        except HubUnreachable:
            document = self.records.place("epoch")
            if document is None:
                raise
            epoch = read_epoch(canonical.decode(document.encode()), self._custodian())
        if epoch is None or not epoch.in_force(self._now()):
            raise GatewayFault(
                "no-epoch", "the custodian has not opened a linkage epoch yet; nothing can be hashed"
            )
        return epoch

    def epochs(self) -> list[dict[str, Json]]:
        """Every epoch at the hub, and whether this home holds its key."""
        listed = Reader(self.transport.get("/v1/epochs"), "epochs").objects("data")
        found = [(EpochId(one.id("epoch", "ep")), one.text("state")) for one in listed]
        held = self._keyring.linkage
        return [{"epoch": epoch, "state": state, "held": epoch in held} for epoch, state in found]

    def _epoch_at_hub(self) -> Epoch | None:
        found = self._epochs_at_hub()
        return found[0] if found else None

    def _epochs_at_hub(self) -> list[Epoch]:
        """The epochs in force and in their time, signed by the pinned custodian, the newest first."""
        listed = Reader(self.transport.get("/v1/epochs"), "epochs").objects("data")
        documents = [one.value("document") for one in listed if one.text("state") == "in_force"]
        found = [(read_epoch(document, self._custodian()), document) for document in documents]
        current = sorted(
            ((epoch, document) for epoch, document in found if epoch.in_force(self._now())),
            key=lambda pair: (pair[0].valid_from, pair[0].id),
            reverse=True,
        )
        if current:
            self.records.set_place("epoch", canonical.encode(current[0][1]).decode())
        return [epoch for epoch, _ in current]

    def renew_tokens(self) -> Renewed:
        """Make the tokens of open notices anew for the newest epoch; tell which could not be."""
        epoch = self.epoch()
        renewed = renew_tokens(self.records, self.transport, self._keyring, epoch, self._now())
        self.records.set_place("epoch-expired", canonical.encode([*renewed.epoch_expired]).decode())
        return renewed

    def _custodian(self) -> DocumentPublicKey:
        if self.pinned.custodian_identity is None:
            raise GatewayFault(
                "custodian-unpinned", "pin the custodian's key first: `hub gateway pin-custodian FILE`"
            )
        return DocumentPublicKey.from_jwks(self.pinned.custodian_identity)

    def _learn(self, epoch: Epoch) -> None:
        if epoch.id in self._keyring.linkage:
            return
        wrapped = self.transport.get(f"/v1/epochs/{epoch.id}/wrapped-key")
        box = Reader(wrapped, "wrapped key").text("box", max=8192)
        self._remember(epoch.id, unwrap_linkage_key(box, epoch, self._keyring.sealing_key(box_key_id(box))))

    def _remember(self, epoch: EpochId, key: bytes) -> None:
        self._keyring = self.home.change(lambda keyring: keyring.with_linkage(epoch, key))

    @property
    def papers(self) -> Papers:
        """What this member signs: agreements, mandates, standing requests; epochs, for the custodian."""
        return Papers(self.pinned.member, self._keyring, self.transport, self.directory)

    @property
    def fingerprint(self) -> KeyId:
        """This member's identity key, as people read it to each other."""
        return self._keyring.identity.public.key_id

    @property
    def signing_key(self) -> SigningKey:
        """The key that signs this member's answers."""
        return self._keyring.signing

    @property
    def identity(self) -> Json:
        """This member's public identity key, to be handed over out of band."""
        return self._keyring.identity.public.jwks

    def open_epoch(self, members: list[MemberId]) -> EpochId:
        """The custodian opens an epoch and keeps its key; for the custodian's own home alone.

        The key is kept before the epoch is sent, and what was not sent whole is sent again.
        """
        document = self.records.place("epoch-opening")
        if not document:
            made, key, signed = self.papers.make_epoch(self._now())
            self._remember(made.id, key)
            document = canonical.encode(signed).decode()
            self.records.set_place("epoch-opening", document)
        epoch = self.papers.send_epoch(canonical.decode(document.encode()), members)
        self.records.set_place("epoch-opening", "")
        return epoch

    def suspended(self) -> set[MemberId]:
        """Members to whom no key is wrapped, since they are suspended; only the custodian is told."""
        listed = Reader(self.transport.get("/v1/epochs"), "epochs").objects("data")
        return {MemberId(member) for one in listed for member in one.list_of_text("suspended")}

    def rotate(self, overlap: timedelta, members: list[MemberId]) -> EpochId:
        """The custodian opens the next epoch and lets all others end after an overlap."""
        earlier = self._epochs_at_hub()
        opened = self.open_epoch(members)
        for epoch in earlier:
            if epoch.id != opened:
                self.papers.shorten_epoch(epoch, self._now() + overlap)
        return opened

    # --- publish ------------------------------------------------------------------------------------

    def publish(
        self,
        moves: Iterable[Move],
        kind: NoticeType,
        officer: str,
        progress: Callable[[int], None] | None = None,
        in_doubt: MemberId | None = None,
    ) -> Published:
        """Hash, seal, sign and queue each move, then send what is queued. The same row is sent once.

        `in_doubt` is who a person says is meant where a postcode does not tell the home authority.
        """
        return self.outbox.publish(moves, kind, officer, self.epoch(), progress, in_doubt)

    def queue(self, move: Move, kind: NoticeType, officer: str) -> Published:
        """Hash, seal, sign and keep one move, to be sent by the next `flush` or `poll`."""
        return self.outbox.queue(move, kind, officer, self.epoch())

    def feed_book(self) -> FeedBook:
        """What is kept of the last nightly extract, to be closed by who asks for it."""
        return FeedBook(self.home.path / "feed.db", self._keyring.vault)

    def flush(self) -> Published:
        """Send what is queued; what the hub does not answer for stays queued, and `later` says why."""
        return self.outbox.flush()

    def dry_run(self, move: Move, kind: NoticeType, recipient: MemberId) -> list[tuple[Question, Decision]]:
        """Who could get which part, and which clause says no, before any personal data leaves."""
        return self.outbox.dry_run(move, kind, recipient, self.terms_here())

    def rehearse(
        self, recipient: MemberId, kind: NoticeType, scope: Scope, flags: Flags
    ) -> tuple[Kept, list[tuple[Question, Decision]]]:
        """The same for a notice about nobody: what our agreements would let be told, as of when."""
        kept = self.terms_here()
        return kept, self.outbox.rehearse(recipient, kind, scope, flags, kept)

    # --- flags, recalls, corrections -------------------------------------------------------------------

    def carry_flags(self) -> str | None:
        """Say what the hub has not heard yet: assertions first, then recalls; return why it must wait."""
        try:
            self.flagging.say_unsaid()
            self.flagging.recalls.take_back(self._say_withdrawn)
            if not self.flagging.recalls.due():
                return None
            sent = self.flagging.recalls.carry(self._maker, self.directory.sealing_key, self.terms_here())
        except HubUnreachable as fault:
            return fault.detail
        return self.flush().later if sent else None

    def recalls_about(self, ref: str | None) -> list[Recall]:
        """Every recall, or those about one young person; what is due is as it stands here."""
        found = self.flagging.recalls.all()
        if ref is None:
            return found
        theirs = {about.notice for about in self.flagging.book.notices(ref)}
        return [recall for recall in found if recall.notice in theirs]

    def recall(self, notice: NoticeId, parts: Iterable[Part], reason: str, officer: str) -> list[Recall]:
        """Recall parts of a notice from everybody it went to; nothing further of it leaves by machine.

        The notice stays, for a named officer: to recall all of it, withdraw it. Where we may not know
        to whom it went, it is withdrawn: nothing less reaches that one.
        """
        about = self._about(notice)
        self.flagging.hold(about)
        sent = self.records.sent(notice)
        told = [] if sent is None else self.records.told(sent)
        which = tuple(Part) if UNNAMED in told else tuple(parts)
        made = [self.flagging.recalls.note(about, member, which, reason, officer) for member in told]
        self.carry_flags()
        return made

    def correct(self, notice: NoticeId, move: Move, officer: str) -> list[Recall]:
        """Send the right facts to everybody who received the wrong ones; keep both, side by side.

        Nothing more of the wrong ones leaves by machine.
        """
        about = self._about(notice)
        sent, made = self.records.sent(notice), list[Recall]()
        told = [] if sent is None else self.records.told(sent)
        if UNNAMED in told:
            raise GatewayFault(
                "correct-unnamed",
                "we may not know to whom this notice went: withdraw it, and publish what is right",
            )
        self.flagging.hold(about)
        for member in told:
            composed = self.outbox.correct(move, NoticeType.CORRECTION, notice, member, self._maker(officer))
            if self.outbox.keep(composed, move):
                noted = self.flagging.recalls.note(about, member, Part, "correction", officer)
                self.flagging.recalls.note_sent(noted, composed.sent.notice)
                made.append(noted)
        self.carry_flags()
        self.flush()
        return made

    def recall_done(self, item: str) -> None:
        """A person here has done in their own system what a recall or correction asks for."""
        waiting = self._waiting("recall", item)
        carried = self.records.received(DisclosureId(item))
        withdrawn = [] if waiting.notice is None else self.records.of_notice(waiting.notice)
        for delivery in withdrawn if carried is None else [carried]:
            self.inbox.acknowledge(delivery, Level.ACTIONED)
        self.records.decided(waiting.item)

    def _about(self, notice: NoticeId) -> About:
        about = self.flagging.book.about(notice)
        if about is None:
            raise GatewayFault("notice-unknown", "no notice of this id was sent from here")
        return about

    def _maker(self, officer: str) -> Maker:
        epoch = self.epoch()
        return Maker(self.pinned, self._keyring, epoch, officer, self._now())

    # --- the inbox ------------------------------------------------------------------------------------

    def poll(self, wait: int = 0) -> Taken:
        """Send what is queued, cosign the log, then take what waits: open, compare, grant, acknowledge.

        Raises `HubUnreachable` where the hub does not answer, and `Untrusted` where its directory
        lists a key under our name that we did not make, or its log has two histories: then nothing is
        taken any more.
        """
        if (later := self.flush().later) is not None:
            raise HubUnreachable("hub-unreachable", later)
        self.carry_flags()
        self._check_own_name()
        reminded = self._tend()
        self.witness.attend()
        taken = self.inbox.pull(min(wait, SHORT_WAIT) if self.records.waiting(UNWITNESSED) else wait)
        if taken.total or taken.unwitnessed:
            self.witness.attend()
        taken.reminded.extend(reminded)
        return taken

    # --- keys -----------------------------------------------------------------------------------------

    def rotate_keys(self) -> bool:
        """Make and register the next keys; True where they are in use already (else with the next slot)."""
        self._keyring = self._rotation.begin(self._now())
        self._settle_keys()
        return self._keyring.coming is None

    def own_keys(self) -> list[dict[str, str]]:
        """This member's keys as the log has them, and what becomes of each here."""
        listed = self.directory.keys(self.pinned.member)
        used = {self._keyring.signing.key_id, self._keyring.access.key_id, self._keyring.sealing[-1].key_id}
        return [
            {
                "use": one.use.value,
                "key": one.key_id,
                "from": canonical.instant(one.valid_from),
                "until": canonical.instant(one.valid_until),
                "state": _standing(one.key_id, used, listed.revoked, self._keyring.own_ids),
            }
            for one in listed.entries
        ]

    def _settle_keys(self) -> None:
        """Go on with what another process, or an earlier run, has begun."""
        if self.home.keyring_changed():
            self._keyring = self.home.keyring()
        if self._keyring.coming is not None:
            self._keyring = self._rotation.begin(self._now())
        self._keyring = self._rotation.settle(self._keyring, self._now())
        self.transport.use_key(self._keyring.access)

    def _check_own_name(self) -> None:
        try:
            self._settle_keys()
            self.directory.check_own(self.pinned.member, self._keyring)
        except Untrusted as fault:
            if fault.code != "identity-not-logged":  # just admitted: the log has it with the next slot
                raise

    def _tend(self) -> list[str]:
        """Once a day: renew what we asserted and is still true, forget what is over, recall reviews."""
        today = self._now().date().isoformat()
        if self.records.place("tended") == today:
            return []
        forget_expired(self.records, self._now())
        if self._rotation.due(self._keyring, self._now()):
            self.rotate_keys()
        renew(self.records, self.transport, self._keyring.signing, self._now(), self.flagging.asserted)
        with suppress(GatewayFault, HubRefused):  # no epoch, no key of one yet, nobody pinned: later
            self.renew_tokens()
        self.flagging.remind()
        self.witness.overdue()
        told = remind(self.records, (copy.agreement for copy in self.terms().copies), self._now())
        self.records.set_place("tended", today)
        return [one.says for one in told]

    def note_reminder(self, item: str) -> None:
        """A person has read a reminder, or what a nightly feed asked: it does not come again."""
        kind = KIND if any(one.item == item for one in self.records.waiting(KIND)) else "feed"
        self.records.decided(self._waiting(kind, item).item, "noted")

    def received(self) -> list[Received]:
        """Everything that was delivered and opened."""
        return self.records.all_received()

    def received_for(self, authority: str | None) -> list[Received]:
        """What was delivered for one of the authorities that this member acts for; all of it for None."""
        if authority is None:
            return self.received()
        terms, member = self.terms_here().terms, self.pinned.member
        return [one for one in self.received() if authority in acted_for(one, member, terms)]

    def act_for(self, authority: MemberId) -> None:
        """From now on publish for this authority, of those whose mandate this member holds."""
        if (authority, self.pinned.member) not in self.terms_here().terms.mandates:
            raise GatewayFault("mandate-missing", "you hold no mandate of that authority in force")
        self.outbox = Outbox(
            replace(self.pinned, acts_for=authority),
            self._keys,
            self.records,
            self.transport,
            self.directory,
            self.terms,
            self._now,
        )

    def waiting(self) -> list[Waiting]:
        """What a person has to decide."""
        return self.records.waiting()

    def delivery(self, item: str) -> Received:
        """One delivery; raise `GatewayFault` where nothing of this id was received here."""
        received = self.records.received(DisclosureId(item))
        if received is None:
            raise GatewayFault("item-unknown", "nothing of this id was received here; see `hub inbox list`")
        return received

    def open(self, item: str) -> Received:
        """One delivery, noted as seen by a person."""
        received = self.delivery(item)
        self.records.set_place(f"seen:{item}", canonical.instant(self._now()))
        return received

    def seen(self, item: str) -> bool:
        """Whether a person has seen a delivery."""
        return self.records.place(f"seen:{item}") is not None

    def decide_unsure(self, item: str, answer: Answer, officer: str) -> None:
        """An officer says whether a delivered identity is the person meant (I10)."""
        received = self.delivery(item)
        self.inbox.confirm(received, answer, officer)
        self.records.decided(item)

    def grant_restricted(self, item: str, officer: str, *, grant: bool = True) -> Taken:
        """A named officer answers a key request that no machine may answer."""
        taken = Taken()
        self.inbox.decide_request(self._waiting("key_request", item).item, officer, taken, grant=grant)
        return taken

    def approve_task(self, item: str, officer: str, *, approve: bool, named: bool = False) -> int:
        """A named officer lets a held match go on, or does not; return how many more people have to.

        `named`: the other side may be told who we are, although somebody is shielded.
        """
        self._waiting("officer_task", item)
        return self.looks.confirm(item, officer, yes=approve, named=named)

    @property
    def disputes(self) -> Disputes:
        """Releases that this member or another party contests."""
        return self.inbox.disputes

    @property
    def complaints(self) -> Complaints:
        """What data subjects complain of to this member; it never leaves."""
        return Complaints(self.records, self._now)

    @property
    def looks(self) -> Looks:
        """Second looks: what officers confirm, and who leads."""
        return self.inbox.looks

    def say_of(self, item: str, says: Says, officer: str) -> None:
        """An officer has names and birthday beside the own record: the same, not the same, cannot tell."""
        received = self.delivery(item)
        if received.state in {"recalled", "different"}:
            raise GatewayFault("item-forgotten", "this delivery was recalled; nothing is kept of it")
        self.inbox.confirm(received, says.answer, officer)
        if says is Says.CANNOT_TELL:
            return
        self.records.decided(item)

    def facts_of(self, notice: NoticeId) -> list[Fact]:
        """What we and others say of one young person, side by side, by a notice of ours."""
        own = self.records.sent(notice)
        if own is None:
            raise GatewayFault("notice-unknown", "no notice of this id was sent from here")
        body = own.body if isinstance(own.body, dict) else {}
        key = self._keyring.signing.public
        if "envelope" in body:
            manifest = read_envelope(canonical.unb64u(str(body["envelope"]))).manifest
            key = self._keyring.signed_with(key_id_of(manifest, Typ.NOTICE))
        return side_by_side(own, self.records.all_received(), self.pinned.member, key)

    def acknowledge(self, item: str) -> None:
        """Say that a delivery has reached the people who work with it."""
        self.inbox.acknowledge(self.delivery(item), Level.ACTIONED)

    def report_outcome(self, item: str, outcome: OutcomeKind) -> None:
        """Say what became of a delivery; what is not about anybody of ours is forgotten."""
        received = self.delivery(item)
        manifest = about_of(received).digest("manifest")
        signed = sign_outcome(Outcome(received.item, manifest, outcome, self._now()), self._keyring.signing)
        self.transport.post(f"/v1/inbox/{item}/outcome", {"outcome": signed})
        if outcome in _NOT_OURS:
            self.records.forget_facts(received.notice, outcome.value)
        else:
            self.records.set_received(received.item, outcome.value)

    def _waiting(self, kind: str, item: str) -> Waiting:
        for waiting in self.records.waiting(kind):
            if waiting.item == item:
                return waiting
        raise GatewayFault(
            "item-unknown", f"no {kind.replace('_', ' ')} of this id waits here; see `hub inbox list`"
        )

    def withdraw(self, notice: NoticeId, reason: str) -> None:
        """Withdraw a notice: nothing further leaves from the instant the hub has it.

        Its content keys and clear identity are forgotten here as soon as the hub has the word.
        """
        sent = self.records.sent(notice)
        if sent is None:
            raise GatewayFault("notice-unknown", "no notice of this id was sent from here")
        if sent.state != "queued":
            self._say_withdrawn(notice, reason)
            self._note_recalled(sent, reason)
        self.records.forget(notice, "withdrawn")

    def _say_withdrawn(self, notice: NoticeId, reason: str) -> None:
        word: Json = {"notice": notice, "reason": reason, "signed_at": canonical.instant(self._now())}
        signed = sign(canonical.encode(word), Typ.WITHDRAWAL, self._keyring.signing)
        self.transport.post(f"/v1/notices/{notice}/withdrawal", {"withdrawal": signed})

    def _note_recalled(self, sent: Sent, reason: str) -> None:
        """Keep from whom the hub recalls a notice that is withdrawn, and who has answered."""
        about = self.flagging.book.about(sent.notice)
        if about is None:
            return
        for member in self.records.told(sent):
            noted = self.flagging.recalls.note(about, member, Part, reason, self.pinned.officer or "-")
            self.flagging.recalls.note_sent(noted, sent.notice)

    def load_caseload(self, moves: Iterable[Move]) -> int:
        """Keep the member's own caseload, sealed, to compare deliveries with, in place of the last one."""
        return self.records.know(
            (move.local_ref or move.place, move.dob.isoformat(), identity_of(move)) for move in moves
        )

    def _keys(self) -> Keyring:
        return self._keyring

    def read_log(self, path: str) -> bytes:
        """One file of the public log; raise `LookupError` where there is none."""
        try:
            return self.transport.public(f"/log/{path}")
        except HubRefused:
            raise LookupError("the log has no such file") from None


def _standing(
    key: KeyId, used: Collection[KeyId], revoked: Collection[KeyId], ours: Collection[KeyId]
) -> str:
    if key in revoked:
        return "revoked"
    if key in used:
        return "in use"
    return "earlier or coming" if key in ours else "not here"


def _utc_now() -> datetime:
    return datetime.now(UTC)
