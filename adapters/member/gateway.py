"""The gateway as one object: publish, poll, open, acknowledge.

    from adapters.member import Gateway
    with Gateway(Path("home")) as gateway:
        gateway.publish(moves, NoticeType.MOVED_OUT, officer="A. Officer")
        gateway.poll()

It holds the member's keys and its records, and talks to one hub. Everything that leaves is
signed or sealed here; everything that arrives is verified here before it is opened.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from adapters.member.compose import Addressee, Composed, compose
from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault
from adapters.member.facts import flags_of, identity_of
from adapters.member.home import Home
from adapters.member.inbox import Inbox, Taken
from adapters.member.papers import Papers
from adapters.member.records import Received, Records, Sent, Waiting
from adapters.member.routing import authority_of
from adapters.member.terms import Telling, Terms, could_get, dry_run, read_terms
from adapters.member.transport import Transport
from adapters.move import Move
from adapters.scope import scope_throughout
from hub.consent.decision import Decision
from hub.consent.question import EvidenceClass, Question, Scope
from hub.protocols import canonical
from hub.protocols.acknowledgement import Answer, Approval, Outcome, OutcomeKind, sign_approval, sign_outcome
from hub.protocols.canonical import Json, Reader
from hub.protocols.epoch import Epoch, read_epoch, unwrap_linkage_key
from hub.protocols.keys import DocumentPublicKey, VerifyingKey
from hub.protocols.limits import ASSERTION_AGE, BATCH_NOTICES
from hub.protocols.names import Digest, DisclosureId, EpochId, MemberId, NoticeId, NoticeType
from hub.protocols.promise import read_promise
from hub.protocols.sealing import box_key_id
from hub.protocols.signed_note import parse_vkey
from hub.protocols.signing import Typ, sign

NAMED: Final = frozenset({NoticeType.CROSS_BORDER_ENROLMENT, NoticeType.LEAVER})
"""Types whose recipient is the home authority, by postcode."""

BATCH: Final = min(50, BATCH_NOTICES)


@dataclass
class Published:
    """What one publish did: notices promised by the hub, and rows not sent, by reason."""

    promised: list[NoticeId] = field(default_factory=list)
    queued: int = 0
    out_of_scope: int = 0
    again: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


class Gateway:
    """One member's gateway over its home."""

    def __init__(self, path: Path, now: Callable[[], datetime] | None = None) -> None:
        self.home = Home(path)
        self.pinned = self.home.pinned()
        self._keyring = self.home.keyring()
        self._now = now or _utc_now
        self.records = Records(self.home.records, self._keyring.vault)
        self.transport = Transport(self.pinned.hub_url, self.pinned.member, self._keyring.access, self._now)
        self._hub = VerifyingKey.from_jwk(self.pinned.hub_key)
        self.directory = Directory(self.transport, parse_vkey(self.pinned.log_vkey), self._now)
        self._terms: tuple[datetime, Terms] | None = None
        self.inbox = Inbox(
            self.pinned, self._keyring, self.records, self.transport, self.directory, self.terms, self._now
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
        if self._terms is None or (self._now() - self._terms[0]).total_seconds() > 60:
            self._terms = (self._now(), read_terms(self.transport, self.directory, self._now))
        return self._terms[1]

    def refresh(self) -> None:
        """Forget what was read, so that the next question reads it anew."""
        self._terms = None
        self.directory = Directory(self.transport, self.directory.log, self._now)

    def epoch(self) -> EpochId:
        """The linkage epoch in force, whose key this gateway holds and has checked."""
        for one in Reader(self.transport.get("/v1/epochs"), "epochs").objects("data"):
            if one.text("state") == "in_force":
                epoch = read_epoch(one.value("document"), self._custodian())
                if epoch.in_force(self._now()):
                    self._learn(epoch)
                    return epoch.id
        raise GatewayFault(
            "no-epoch", "the custodian has not opened a linkage epoch yet; nothing can be hashed"
        )

    def _custodian(self) -> DocumentPublicKey:
        if self.pinned.custodian_identity is None:
            raise GatewayFault(
                "custodian-unpinned", "pin the custodian's key first: `hub gateway pin-custodian FILE`"
            )
        return DocumentPublicKey.from_jwks(self.pinned.custodian_identity)

    def _learn(self, epoch: Epoch) -> None:
        if epoch.id in self._keyring.linkage:
            return
        box = Reader(self.transport.get(f"/v1/epochs/{epoch.id}/wrapped-key"), "wrapped key").text(
            "box", max=8192
        )
        key = unwrap_linkage_key(box, epoch, self._keyring.sealing_key(box_key_id(box)))
        self._keyring = self._keyring.with_linkage(epoch.id, key)
        self.home.keep(self._keyring)

    @property
    def papers(self) -> Papers:
        """What this member signs: agreements, mandates, standing requests; epochs, for the custodian."""
        return Papers(self.pinned.member, self._keyring, self.transport, self.directory)

    def open_epoch(self, members: list[MemberId]) -> EpochId:
        """The custodian opens an epoch and keeps its key; for the custodian's own home alone."""
        epoch, key = self.papers.new_epoch(self._now(), members)
        self._keyring = self._keyring.with_linkage(epoch, key)
        self.home.keep(self._keyring)
        return epoch

    # --- publish ------------------------------------------------------------------------------------

    def publish(
        self,
        moves: Iterable[Move],
        kind: NoticeType,
        officer: str,
        progress: Callable[[int], None] | None = None,
    ) -> Published:
        """Hash, seal, sign and queue each move, then send what is queued. The same row is sent once."""
        done, epoch = Published(), self.epoch()
        for number, move in enumerate(moves, start=1):
            self._queue(move, kind, officer, epoch, done)
            if progress is not None:
                progress(number)
        self.flush(done)
        return done

    def flush(self, done: Published | None = None) -> Published:
        """Send what is queued; what the hub does not answer for stays queued."""
        done = done or Published()
        while queued := self.records.queued(BATCH):
            refused = self._send(queued, done)
            if refused == len(queued):
                break
        return done

    def _queue(self, move: Move, kind: NoticeType, officer: str, epoch: EpochId, done: Published) -> None:
        if scope_throughout(move, self._now().date(), ASSERTION_AGE.days) is None:
            done.out_of_scope += 1
            return
        try:
            composed = self.compose(move, kind, officer, epoch)
        except GatewayFault as fault:
            done.refused.append((move.place, fault.code))
            return
        if self.records.queue(composed.sent):
            done.queued += 1
        else:
            done.again += 1

    def compose(self, move: Move, kind: NoticeType, officer: str, epoch: EpochId) -> Composed:
        """Make one notice of a move, with the recipient's key box where the type names a recipient."""
        addressee = self._addressee(move, kind) if kind in NAMED else None
        return compose(move, kind, self.pinned, self._keyring, epoch, officer, self._now(), addressee)

    def _send(self, queued: list[Sent], done: Published) -> int:
        lines = b"\n".join(_envelope(sent) for sent in queued)
        answer = Reader(self.transport.send("/v1/notice-batches", lines, "application/x-ndjson"), "results")
        refused = 0
        for sent, result in zip(queued, answer.objects("results"), strict=True):
            if result.has("promise"):
                promise = result.text("promise", max=4096)
                if read_promise(promise, self._hub).manifest != sent.digest:
                    raise GatewayFault(
                        "promise-other", "the hub promised another notice than the one that was sent"
                    )
                self.records.promised(sent.notice, promise)
                done.promised.append(sent.notice)
            else:
                refused += 1
                self.records.set_sent(sent.notice, "refused")
                done.refused.append((sent.notice, result.text("code")))
        return refused

    # --- where to, and may it --------------------------------------------------------------------------

    def home_authority(self, move: Move) -> MemberId:
        """The member that stands for the home postcode's authority; raise `GatewayFault` where in doubt."""
        home = move.to_address or move.from_address
        route = authority_of(home.postcode if home and home.postcode else "")
        if route.doubtful or route.authority is None:
            raise GatewayFault(
                "route-doubtful", f"{move.place}: the home authority is in doubt; a person decides"
            )
        for listing in self.directory.members().values():
            if listing.area == route.authority:
                return listing.member
        raise GatewayFault("route-no-member", f"{move.place}: the home authority is not a member of this hub")

    def telling(self, move: Move, kind: NoticeType, recipient: MemberId, evidence: EvidenceClass) -> Telling:
        """What would be told if this move were published and matched by this recipient."""
        scope = scope_throughout(move, self._now().date(), ASSERTION_AGE.days)
        return Telling(
            notice_type=kind,
            sender=self.directory.listing(self.pinned.member),
            recipient=self.directory.listing(recipient),
            acts_for=self.pinned.acts_for,
            recipient_acts_for=None,
            scope=None if scope is None else Scope(scope),
            flags=flags_of(move),
            asserted_at=self._now(),
            evidence=evidence,
        )

    def dry_run(self, move: Move, kind: NoticeType, recipient: MemberId) -> list[tuple[Question, Decision]]:
        """Who could get which part, and which clause says no, before any personal data leaves."""
        evidence = EvidenceClass.RECIPIENT_NAMED if kind in NAMED else EvidenceClass.STRONG
        return dry_run(self.telling(move, kind, recipient, evidence), self.terms(), self._now())

    def _addressee(self, move: Move, kind: NoticeType) -> Addressee:
        member = self.home_authority(move)
        telling = self.telling(move, kind, member, EvidenceClass.RECIPIENT_NAMED)
        return Addressee(
            member, self.directory.sealing_key(member), could_get(telling, self.terms(), self._now())
        )

    # --- the inbox ------------------------------------------------------------------------------------

    def poll(self, wait: int = 0) -> Taken:
        """Send what is queued, then take what waits: open, compare, grant, acknowledge."""
        self.flush()
        return self.inbox.pull(wait)

    def received(self) -> list[Received]:
        """Everything that was delivered and opened."""
        return self.records.all_received()

    def waiting(self) -> list[Waiting]:
        """What a person has to decide."""
        return self.records.waiting()

    def decide_unsure(self, item: DisclosureId, answer: Answer, officer: str) -> None:
        """An officer says whether a delivered identity is the person meant (I10)."""
        received = self.records.received(item)
        about = received.body["about"] if received and isinstance(received.body, dict) else None
        if received is None or not isinstance(about, dict):
            raise GatewayFault("item-unknown", "nothing of this id was received here")
        self.inbox.confirm(received, str(about["manifest"]), answer, officer)
        self.records.decided(item)

    def grant_restricted(self, item: str, officer: str) -> Taken:
        """A named officer answers a key request that no machine may answer."""
        taken = Taken()
        for waiting in self.records.waiting("key_request"):
            if waiting.item == item:
                self.inbox.answer(item, self.inbox.request_of(waiting), officer, taken)
        return taken

    def approve_task(self, item: DisclosureId, officer: str, *, approve: bool) -> None:
        """A named officer lets a held match go on, or does not."""
        for waiting in self.records.waiting("officer_task"):
            if waiting.item == item and waiting.notice is not None:
                approval = Approval(item, self.pinned.member, waiting.notice, approve, officer, self._now())
                signed = sign_approval(approval, self._keyring.signing)
                self.transport.post(f"/v1/inbox/{item}/approval", {"approval": signed})
                self.records.decided(item)
                return
        raise GatewayFault("item-unknown", "no officer's task of this id waits here")

    def report_outcome(self, item: DisclosureId, outcome: OutcomeKind) -> None:
        """Say what became of a delivery."""
        received = self.records.received(item)
        about = received.body["about"] if received and isinstance(received.body, dict) else None
        if received is None or not isinstance(about, dict):
            raise GatewayFault("item-unknown", "nothing of this id was received here")
        signed = sign_outcome(
            Outcome(item, Digest(str(about["manifest"])), outcome, self._now()), self._keyring.signing
        )
        self.transport.post(f"/v1/inbox/{item}/outcome", {"outcome": signed})
        self.records.set_received(item, outcome.value)

    def withdraw(self, notice: NoticeId, reason: str) -> None:
        """Withdraw a notice: nothing further leaves from the instant the hub has it."""
        word: Json = {"notice": notice, "reason": reason, "signed_at": canonical.instant(self._now())}
        signed = sign(canonical.encode(word), Typ.WITHDRAWAL, self._keyring.signing)
        self.transport.post(f"/v1/notices/{notice}/withdrawal", {"withdrawal": signed})
        self.records.set_sent(notice, "withdrawn")

    def load_caseload(self, moves: Iterable[Move]) -> int:
        """Keep the member's own caseload, sealed, to compare deliveries with."""
        known = 0
        for move in moves:
            self.records.know(move.local_ref or move.place, identity_of(move))
            known += 1
        return known


def _envelope(sent: Sent) -> bytes:
    if not isinstance(sent.body, dict):
        raise GatewayFault("keys-gone", "this notice is no longer kept in full")
    return canonical.unb64u(str(sent.body["envelope"]))


def _utc_now() -> datetime:
    return datetime.now(UTC)
