"""The gateway as one object: publish, poll, open, acknowledge.

    from adapters.member import Gateway
    with Gateway(Path("home")) as gateway:
        gateway.publish(moves, NoticeType.MOVED_OUT, officer="A. Officer")
        gateway.poll()

It holds the member's keys and its records, and talks to one hub. Everything that leaves is
signed or sealed here; everything that arrives is verified here before it is opened. One gateway
may be used from several threads, and several processes may use one home.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from adapters.member.auditor import Auditor
from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.facts import identity_of
from adapters.member.home import Home
from adapters.member.inbox import Inbox, Taken, about_of
from adapters.member.keyring import Keyring
from adapters.member.outbox import Outbox, Published
from adapters.member.papers import Papers
from adapters.member.records import Received, Records, Waiting
from adapters.member.renewal import forget_expired, renew
from adapters.member.terms import Terms, Verified, read_terms
from adapters.member.transport import Transport
from adapters.move import Move
from hub.consent.decision import Decision
from hub.consent.question import Question
from hub.protocols import canonical
from hub.protocols.acknowledgement import (
    Answer,
    Approval,
    Level,
    Outcome,
    OutcomeKind,
    sign_approval,
    sign_outcome,
)
from hub.protocols.canonical import Json, Reader
from hub.protocols.epoch import Epoch, read_epoch, unwrap_linkage_key
from hub.protocols.errors import Untrusted
from hub.protocols.keys import DocumentPublicKey
from hub.protocols.names import DisclosureId, EpochId, KeyId, MemberId, NoticeId, NoticeType
from hub.protocols.sealing import box_key_id
from hub.protocols.signed_note import parse_vkey
from hub.protocols.signing import Typ, sign

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
        self.auditor = Auditor(parse_vkey(pinned.log_vkey), self._read_log, self.records)
        self.directory = Directory(self.transport, self.auditor, self.records, self._now)
        self._terms: tuple[datetime, Terms] | None = None
        self._verified: Verified = {}
        records, transport, directory = self.records, self.transport, self.directory
        self.outbox = Outbox(pinned, self._keys, records, transport, directory, self.terms, self._now)
        self.inbox = Inbox(
            pinned, self._keys, records, transport, directory, self.auditor, self.terms, self._now
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
        return known[1]

    def refresh(self) -> None:
        """Forget what was read, so that the next question reads it anew."""
        self._terms = None
        self.directory.refresh()

    def epoch(self) -> EpochId:
        """The linkage epoch in force, whose key this gateway holds and has checked."""
        epoch = self.epoch_in_force()
        self._learn(epoch)
        return epoch.id

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
        for one in Reader(self.transport.get("/v1/epochs"), "epochs").objects("data"):
            if one.text("state") == "in_force":
                document = one.value("document")
                epoch = read_epoch(document, self._custodian())
                if epoch.in_force(self._now()):
                    self.records.set_place("epoch", canonical.encode(document).decode())
                    return epoch
        return None

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

    def flush(self) -> Published:
        """Send what is queued; what the hub does not answer for stays queued, and `later` says why."""
        return self.outbox.flush()

    def dry_run(self, move: Move, kind: NoticeType, recipient: MemberId) -> list[tuple[Question, Decision]]:
        """Who could get which part, and which clause says no, before any personal data leaves."""
        return self.outbox.dry_run(move, kind, recipient)

    # --- the inbox ------------------------------------------------------------------------------------

    def poll(self, wait: int = 0) -> Taken:
        """Send what is queued, then take what waits: open, compare, grant, acknowledge.

        Raises `HubUnreachable` where the hub does not answer, and `Untrusted` where its directory
        lists a key under our name that we did not make: then nothing is taken any more.
        """
        if (later := self.flush().later) is not None:
            raise HubUnreachable("hub-unreachable", later)
        self._check_own_name()
        self._tend()
        return self.inbox.pull(wait)

    def _check_own_name(self) -> None:
        try:
            self.directory.check_own(self.pinned.member, self._keyring)
        except Untrusted as fault:
            if fault.code != "identity-not-logged":  # just admitted: the log has it with the next slot
                raise

    def _tend(self) -> None:
        """Once a day: renew what we asserted and is still true, forget what is over."""
        today = self._now().date().isoformat()
        if self.records.place("tended") != today:
            forget_expired(self.records, self._now())
            renew(self.records, self.transport, self._keyring.signing, self._now())
            self.records.set_place("tended", today)

    def received(self) -> list[Received]:
        """Everything that was delivered and opened."""
        return self.records.all_received()

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
        taken, waiting = Taken(), self._waiting("key_request", item)
        request = self.inbox.request_of(waiting)
        if grant:
            self.inbox.answer(item, request, officer, taken)
        else:
            self.inbox.decline(item, request, officer, taken)
        return taken

    def approve_task(self, item: str, officer: str, *, approve: bool) -> None:
        """A named officer lets a held match go on, or does not."""
        waiting = self._waiting("officer_task", item)
        if waiting.notice is None:
            raise GatewayFault("item-unknown", "this task names no notice of ours")
        task, member = DisclosureId(item), self.pinned.member
        approval = Approval(task, member, waiting.notice, approve, officer, self._now())
        signed = sign_approval(approval, self._keyring.signing)
        self.transport.post(f"/v1/inbox/{item}/approval", {"approval": signed})
        self.records.decided(item, "approved" if approve else "declined")

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
            word: Json = {"notice": notice, "reason": reason, "signed_at": canonical.instant(self._now())}
            signed = sign(canonical.encode(word), Typ.WITHDRAWAL, self._keyring.signing)
            self.transport.post(f"/v1/notices/{notice}/withdrawal", {"withdrawal": signed})
        self.records.forget(notice, "withdrawn")

    def load_caseload(self, moves: Iterable[Move]) -> int:
        """Keep the member's own caseload, sealed, to compare deliveries with, in place of the last one."""
        return self.records.know(
            (move.local_ref or move.place, move.dob.isoformat(), identity_of(move)) for move in moves
        )

    def _keys(self) -> Keyring:
        return self._keyring

    def _read_log(self, path: str) -> bytes:
        try:
            return self.transport.public(f"/log/{path}")
        except HubRefused:
            raise LookupError("the log has no such file") from None


def _utc_now() -> datetime:
    return datetime.now(UTC)
