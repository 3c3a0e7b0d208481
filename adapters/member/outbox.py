"""From moves to notices at the hub: once, by itself, and with nothing half sent.

Each row is hashed, sealed and signed by itself and kept, queued, before anything is sent; so a
publish survives the hub being down and the gateway being killed. A notice that names its
recipient is routed by the home's postcode, and the key box is made for what our own copy of the
agreements permits. Rows that cannot be sent are named, with the reason in an officer's words.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.member.compose import Addressee, Composed, Maker, compose_by
from adapters.member.copies import Kept
from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.facts import flags_of
from adapters.member.flag_book import FlagBook
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Records, Sent
from adapters.member.routing import route_of
from adapters.member.terms import Telling, Terms, could_get, dry_run
from adapters.member.transport import Transport
from adapters.move import Move
from adapters.scope import scope_throughout
from hub.consent.decision import Decision
from hub.consent.flags import Flags
from hub.consent.question import EvidenceClass, Question, Scope
from hub.protocols import canonical
from hub.protocols.canonical import Reader
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.limits import ASSERTION_AGE, BATCH_NOTICES
from hub.protocols.names import EpochId, MemberId, NoticeId, NoticeType
from hub.protocols.notice_types import TYPES
from hub.protocols.promise import read_promise

NAMED: Final = frozenset(kind for kind, row in TYPES.items() if row.names_recipient)
"""Types whose recipient is the home authority, by postcode."""

BATCH: Final = min(50, BATCH_NOTICES)

_NOT_NOW: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
"""Statuses of one line of a batch that say "later": the notice stays queued."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A row, or a notice made of it, that was not sent: where, and why in an officer's words."""

    place: str
    code: str
    detail: str


@dataclass
class Published:
    """What one publish did: notices promised by the hub, and rows not sent, by reason."""

    promised: list[NoticeId] = field(default_factory=list)
    queued: int = 0
    out_of_scope: int = 0
    at_home: int = 0
    """Enrolments of young people who live in the own area: they cross no border."""
    again: int = 0
    """Rows that were sent before, as they are now."""
    refused: list[Unsent] = field(default_factory=list)
    later: str | None = None
    """Why the hub could not be asked or did not answer; what is queued is sent later."""
    not_read: int = 0
    """Rows not looked at, because the hub could not be asked about their recipients."""
    stands: NoticeId | None = None
    """The notice that stands for the row that was queued by itself, made now or before."""


class Outbox:
    """One member's notices on their way to the hub."""

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
        self._book = FlagBook(records)

    def publish(
        self,
        moves: Iterable[Move],
        kind: NoticeType,
        officer: str,
        epoch: EpochId,
        progress: Callable[[int], None] | None = None,
        in_doubt: MemberId | None = None,
    ) -> Published:
        """Hash, seal, sign and queue each move under an epoch, then send what is queued."""
        done = Published()
        for number, move in enumerate(moves, start=1):
            self._queue(move, kind, officer, epoch, done, in_doubt)
            if progress is not None:
                progress(number)
        self.flush(done)
        return done

    def queue(self, move: Move, kind: NoticeType, officer: str, epoch: EpochId) -> Published:
        """Hash, seal, sign and keep one move; nothing is sent yet."""
        done = Published()
        self._queue(move, kind, officer, epoch, done, None)
        return done

    def flush(self, done: Published | None = None) -> Published:
        """Send what is queued; what the hub does not answer for stays queued, and `later` says why."""
        done = done or Published()
        try:
            while done.later is None and (queued := self._records.queued(BATCH)):
                self._send(queued, done)
        except HubUnreachable as fault:
            done.later = fault.detail
        return done

    def _queue(
        self,
        move: Move,
        kind: NoticeType,
        officer: str,
        epoch: EpochId,
        done: Published,
        in_doubt: MemberId | None,
    ) -> None:
        if done.later is not None:
            done.not_read += 1
            return
        if not self.in_scope(move, kind):
            done.out_of_scope += 1
            return
        if kind in NAMED and self._lives_here(move):
            done.at_home += 1
            return
        try:
            composed = self.compose(move, kind, officer, epoch, in_doubt)
        except HubUnreachable as fault:
            done.later, done.not_read = fault.detail, done.not_read + 1
        except (GatewayFault, ProtocolError) as fault:
            done.refused.append(Unsent(move.place, fault.code, fault.detail))
        else:
            fresh = self.keep(composed, move)
            done.queued, done.again = done.queued + fresh, done.again + (not fresh)
            standing = composed.sent if fresh else self._records.of_source(composed.sent.source)
            done.stands = standing.notice if standing else None

    def compose(
        self, move: Move, kind: NoticeType, officer: str, epoch: EpochId, in_doubt: MemberId | None = None
    ) -> Composed:
        """Make one notice of a move, with the recipient's key box where the type names a recipient."""
        addressee = self._addressee(move, kind, in_doubt) if kind in NAMED else None
        maker = Maker(self._pinned, self._keyring(), epoch, officer, self._now())
        return compose_by(maker, move, kind, addressee, self.flags(move))

    def correct(self, move: Move, kind: NoticeType, mends: NoticeId, to: MemberId, maker: Maker) -> Composed:
        """Make a correction of an earlier notice, for one who received it."""
        telling = self.telling(move, kind, to, EvidenceClass.RECIPIENT_NAMED)
        parts = could_get(telling, self._terms(), self._now())
        addressee = Addressee(to, self._directory.sealing_key(to), parts)
        return compose_by(maker, move, kind, addressee, self.flags(move), mends)

    def keep(self, composed: Composed, move: Move) -> bool:
        """Queue a notice, and keep whom it is about; False where this very row was sent before."""
        with self._records.together():
            fresh = self._records.queue(composed.sent)
            if fresh:
                self._book.note(composed.sent, move.local_ref, flags_of(move))
        return fresh

    def flags(self, move: Move) -> Flags:
        """What may be asserted of a young person: what the row says, and what the flag book says."""
        return self._book.asserted(move.local_ref, flags_of(move), self._now().date())

    def _send(self, queued: list[Sent], done: Published) -> None:
        lines = b"\n".join(_envelope(sent) for sent in queued)
        answer = Reader(self._transport.send("/v1/notice-batches", lines, "application/x-ndjson"), "results")
        results = answer.objects("results")
        if len(results) != len(queued):
            raise MalformedMessage(
                "results-count", "the hub answered for another number of notices than were sent"
            )
        for sent, result in zip(queued, results, strict=True):
            if result.has("promise"):
                self._believe(result.text("promise", max=4096), sent)
                done.promised.append(sent.notice)
            elif result.integer("status") in _NOT_NOW:
                done.later = result.text("detail", max=1000)
            else:
                self._records.refuse(sent.notice)
                done.refused.append(Unsent(sent.notice, result.text("code"), result.text("detail", max=1000)))

    def _believe(self, promise: str, sent: Sent) -> None:
        """Keep the hub's signed word on a notice, once it is about that notice."""
        promised = read_promise(promise, self._hub)
        if (promised.notice, promised.manifest) != (sent.notice, sent.digest):
            raise Untrusted("promise-other", "the hub promised another notice than the one that was sent")
        self._records.promised(sent.notice, promise)

    # --- where to, and may it --------------------------------------------------------------------------

    def in_scope(self, move: Move, kind: NoticeType) -> bool:
        """Whether the law lets this type of notice tell of this person now and for thirty days."""
        return scope_throughout(move, self._now().date(), ASSERTION_AGE.days, kind.value) is not None

    def _lives_here(self, move: Move) -> bool:
        return self._pinned.area is not None and route_of(move).lives_in(self._pinned.area)

    def home_authority(self, move: Move, in_doubt: MemberId | None = None) -> MemberId:
        """The member that stands for the home postcode's authority.

        In doubt it is who a person has said; raises `GatewayFault` where nobody has.
        """
        route = route_of(move)
        if in_doubt is not None and route.needs_person:
            return in_doubt
        if route.needs_person:
            raise GatewayFault(
                "route-doubtful",
                f"the home authority is in doubt: {route.why}; look, then say who is meant: --to mbr_...",
            )
        for listing in self._directory.members().values():
            if listing.area == route.authority:
                return listing.member
        raise GatewayFault("route-no-member", "the home authority is not a member of this hub")

    def telling(self, move: Move, kind: NoticeType, recipient: MemberId, evidence: EvidenceClass) -> Telling:
        """What would be told if this move were published and matched by this recipient."""
        scope = scope_throughout(move, self._now().date(), ASSERTION_AGE.days, kind.value)
        return Telling(
            notice_type=kind,
            sender=self._directory.listing(self._pinned.member),
            recipient=self._directory.listing(recipient),
            acts_for=self._pinned.acts_for,
            recipient_acts_for=None,
            scope=None if scope is None else Scope(scope),
            flags=self.flags(move),
            asserted_at=self._now(),
            evidence=evidence,
        )

    def dry_run(
        self, move: Move, kind: NoticeType, recipient: MemberId, kept: Kept
    ) -> list[tuple[Question, Decision]]:
        """Who could get which part, and which clause says no, before any personal data leaves.

        Needs no hub: it asks what is kept here. Raises `GatewayFault` for a recipient that is no member.
        """
        found = scope_throughout(move, self._now().date(), ASSERTION_AGE.days, kind.value)
        scope = None if found is None else Scope(found)
        return self.rehearse(recipient, kind, scope, self.flags(move), kept)

    def rehearse(
        self, recipient: MemberId, kind: NoticeType, scope: Scope | None, flags: Flags, kept: Kept
    ) -> list[tuple[Question, Decision]]:
        """The same for a notice about nobody in particular."""
        if recipient not in kept.members:
            raise GatewayFault("member-unknown", "the directory does not list this member")
        telling = Telling(
            notice_type=kind,
            sender=kept.members[self._pinned.member],
            recipient=kept.members[recipient],
            acts_for=self._pinned.acts_for,
            recipient_acts_for=None,
            scope=scope,
            flags=flags,
            asserted_at=self._now(),
            evidence=EvidenceClass.RECIPIENT_NAMED if kind in NAMED else EvidenceClass.STRONG,
        )
        return dry_run(telling, kept.terms, self._now())

    def _addressee(self, move: Move, kind: NoticeType, in_doubt: MemberId | None) -> Addressee:
        member = self.home_authority(move, in_doubt)
        telling = self.telling(move, kind, member, EvidenceClass.RECIPIENT_NAMED)
        return Addressee(
            member, self._directory.sealing_key(member), could_get(telling, self._terms(), self._now())
        )


def _envelope(sent: Sent) -> bytes:
    if not isinstance(sent.body, dict) or "envelope" not in sent.body:
        raise GatewayFault("keys-gone", "this notice is no longer kept in full")
    return canonical.unb64u(str(sent.body["envelope"]))
