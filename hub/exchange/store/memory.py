"""The reference store: plain dictionaries, one unit of work at a time, all or nothing.

Written to be read: what `ports` promises, with no thought of speed. A unit of work changes a copy
of everything and the copy takes the old one's place at the end; a failed one is thrown away. The
tests hold every other store to this one.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import takewhile

from hub.consent.flags import Flags
from hub.consent.question import Scope
from hub.exchange.errors import Declined, HubFault
from hub.exchange.ports import (
    Candidate,
    Disputes,
    Entry,
    Inboxes,
    Index,
    Log,
    Members,
    Notices,
    Outbox,
    Papers,
    Passages,
    Refusals,
)
from hub.exchange.stages import (
    OF_A_MATCH,
    CheckedNotice,
    Dispute,
    Errand,
    ErrandKind,
    InboxItem,
    ItemKind,
    Letter,
    Look,
    Member,
    Paper,
    PaperKind,
    PaperOutline,
    Passage,
    RefusalNote,
    RegisteredKey,
    StoredNotice,
)
from hub.exchange.states import (
    DisputeState,
    NoticeState,
    PassageState,
    check_dispute_move,
    check_notice_move,
    check_passage_move,
)
from hub.exchange.store.disclosure_log import node_missing, not_covered
from hub.exchange.store.disputes import dispute_twice, dispute_unknown, letter_twice
from hub.exchange.store.inboxes import item_twice, item_unknown
from hub.exchange.store.index import blank
from hub.exchange.store.inventory import KeptItem, KeptNode
from hub.exchange.store.members import key_taken
from hub.exchange.store.notices import id_taken, known_scope, notice_unknown
from hub.exchange.store.passages import passage_twice, passage_unknown
from hub.exchange.store.statements import read_only
from hub.protocols.canonical import Json, decode, encode, sha256
from hub.protocols.entry import Opening
from hub.protocols.key_grant import counter_tokens
from hub.protocols.merkle import Frontier, inclusion_proof, leaf_hash
from hub.protocols.names import (
    Digest,
    DisclosureId,
    DisputeId,
    EpochId,
    KeyId,
    MatchId,
    MemberId,
    NoticeId,
    Part,
    RequestId,
    first_id_at,
)
from hub.protocols.notice import Assertion
from hub.protocols.proof import LogProof
from hub.protocols.token_record import KeyedRecord, TokenRecord, posted_tokens


@dataclass(slots=True)
class State:
    """Everything there is. Values are frozen, so a copy of each dictionary is a copy of all."""

    members: dict[MemberId, Member] = field(default_factory=dict)
    keys: dict[KeyId, RegisteredKey] = field(default_factory=dict)
    invites: dict[Digest, tuple[MemberId, datetime]] = field(default_factory=dict)
    papers: dict[tuple[PaperKind, str, int], Paper] = field(default_factory=dict)
    wrapped: dict[tuple[EpochId, MemberId], str] = field(default_factory=dict)
    notices: dict[NoticeId, StoredNotice] = field(default_factory=dict)
    promises: dict[NoticeId, str] = field(default_factory=dict)
    bodies: dict[NoticeId, Mapping[Part, str]] = field(default_factory=dict)
    findable: dict[NoticeId, frozenset[bytes]] = field(default_factory=dict)
    carried: dict[tuple[MemberId, date], int] = field(default_factory=dict)
    passages: dict[MatchId, Passage] = field(default_factory=dict)
    items: dict[DisclosureId, InboxItem] = field(default_factory=dict)
    errands: dict[int, tuple[Errand, datetime, str | None]] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)
    """The highest number ever given to an item and to an errand."""
    leaves: list[bytes] = field(default_factory=list)
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)
    refusals: dict[tuple[MatchId, RefusalNote], tuple[MemberId, NoticeId, date]] = field(default_factory=dict)
    disputes: dict[DisputeId, Dispute] = field(default_factory=dict)
    letters: dict[tuple[DisputeId, int], Letter] = field(default_factory=dict)
    frontier: Frontier = field(default_factory=Frontier)

    def copy(self) -> "State":
        """The same again, to be changed apart."""
        return State(**{each.name: copy(getattr(self, each.name)) for each in fields(self)})


class Unit:
    """What one unit of work sees, and may change unless it only reads."""

    def __init__(self, state: State, *, writable: bool) -> None:
        self.state = state
        self._writable = writable

    def changing(self) -> State:
        """The state, to be changed; raise `HubFault` in a unit of work that only reads."""
        if not self._writable:
            raise read_only()
        return self.state

    def number(self, what: str) -> int:
        """The next number of a kind, never given before."""
        highest = self.changing().highest
        highest[what] = highest.get(what, 0) + 1
        return highest[what]


class MemoryMembers:
    """`ports.Members`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, member: MemberId) -> Member | None:
        """The member, or None."""
        return self._unit.state.members.get(member)

    def all(self) -> Sequence[Member]:
        """Every member, by id."""
        return [member for _, member in sorted(self._unit.state.members.items())]

    def put(self, member: Member) -> None:
        """Admit or change a member."""
        self._unit.changing().members[member.member] = member

    def key(self, key_id: KeyId) -> RegisteredKey | None:
        """A registered key by its thumbprint."""
        return self._unit.state.keys.get(key_id)

    def keys(self, member: MemberId) -> Sequence[RegisteredKey]:
        """A member's keys, oldest first, revoked ones included."""
        own = [key for key in self._unit.state.keys.values() if key.member == member]
        return sorted(own, key=lambda key: (key.valid_from, key.key_id))

    def put_key(self, key: RegisteredKey) -> None:
        """Register a key, or note where its entry stands."""
        keys = self._unit.changing().keys
        old = keys.get(key.key_id)
        if old is not None and (old.member, old.use) != (key.member, key.use):
            raise key_taken()
        if key.member not in self._unit.state.members:
            raise HubFault("store-constraint", "a key belongs to a member")
        keys[key.key_id] = key if old is None else replace(key, jwk=old.jwk, suite=old.suite)

    def invite(self, member: MemberId, code_digest: Digest, valid_until: datetime) -> None:
        """Keep the digest of an invitation code, single use; the member's earlier ones end."""
        invites = self._unit.changing().invites
        for code in [code for code, (whose, _) in invites.items() if whose == member]:
            del invites[code]
        invites[code_digest] = (member, valid_until)

    def redeem(self, code_digest: Digest, now: datetime) -> MemberId | None:
        """Use up an invitation and tell whose it was; None if unknown, used or out of date."""
        invites = self._unit.changing().invites
        member, valid_until = invites.get(code_digest, (None, now))
        if member is None or valid_until <= now:
            return None
        del invites[code_digest]
        return member


class MemoryPapers:
    """`ports.Papers`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, kind: PaperKind, name: str, version: int | None = None) -> Paper | None:
        """One version, or the newest."""
        versions = [paper for paper in self.all(kind) if paper.name == name]
        if version is None:
            return versions[-1] if versions else None
        return next((paper for paper in versions if paper.version == version), None)

    def all(self, kind: PaperKind) -> Sequence[Paper]:
        """Every version of every paper of a kind, by name and version."""
        papers = [paper for paper in self._unit.state.papers.values() if paper.kind is kind]
        return sorted(papers, key=lambda paper: (paper.name, paper.version))

    def outlines(self, kind: PaperKind) -> Sequence[PaperOutline]:
        """Every version of every paper of a kind, by name and version, without documents."""
        return [
            PaperOutline(
                paper.name,
                paper.version,
                paper.digest,
                paper.parties,
                paper.signed_by,
                paper.state,
                paper.valid_from,
                paper.valid_until,
                paper.log_index,
            )
            for paper in self.all(kind)
        ]

    def put(self, paper: Paper) -> None:
        """Keep a paper or its new state."""
        self._unit.changing().papers[paper.kind, paper.name, paper.version] = paper

    def wrapped_key(self, epoch: EpochId, member: MemberId) -> str | None:
        """The epoch's linkage key as wrapped for one member."""
        return self._unit.state.wrapped.get((epoch, member))

    def put_wrapped_key(self, epoch: EpochId, member: MemberId, box: str) -> None:
        """Keep a wrapped linkage key for one member; the hub cannot open it."""
        self._unit.changing().wrapped[epoch, member] = box


class MemoryNotices:
    """`ports.Notices`."""

    def __init__(self, unit: Unit, outbox: Outbox) -> None:
        self._unit = unit
        self._outbox = outbox

    def keep(self, notice: CheckedNotice, promise: str) -> str | None:
        """Keep a notice, its parts and its errand; return None, or the promise given before."""
        state, signed = self._unit.changing(), notice.signed
        name = signed.manifest.notice
        if name in state.notices:
            if state.notices[name].digest != signed.digest:
                raise id_taken()
            return state.promises[name]
        state.notices[name] = _stored(notice)
        state.promises[name] = promise
        state.bodies[name] = dict(signed.parts)
        self._outbox.add(Errand(ErrandKind.CARRY, name), notice.kept_at)
        return None

    def keep_all(self, notices: Sequence[tuple[CheckedNotice, str]]) -> list[str | Declined | None]:
        """Keep many notices; for each what `keep` would have returned, or raised."""
        outcomes = list[str | Declined | None]()
        for notice, promise in notices:
            try:
                outcomes.append(self.keep(notice, promise))
            except Declined as declined:
                outcomes.append(declined)
        return outcomes

    def get(self, notice: NoticeId) -> StoredNotice | None:
        """A notice without its parts."""
        return self._unit.state.notices.get(notice)

    def promise(self, notice: NoticeId) -> str | None:
        """The promise given for it."""
        return self._unit.state.promises.get(notice)

    def parts(self, notice: NoticeId, wanted: Iterable[Part]) -> Mapping[Part, str]:
        """Some of its sealed parts; a forgotten body has none."""
        body = self._unit.state.bodies.get(notice)
        return {} if body is None else {part: body[part] for part in wanted}

    def of_member(self, member: MemberId, after: str, limit: int) -> Sequence[StoredNotice]:
        """A member's own notices with ids above `after`, by id."""
        notices = sorted(self._unit.state.notices.items())
        return [kept for name, kept in notices if kept.sender == member and name > after][:limit]

    def set_state(self, notice: NoticeId, state: NoticeState, log_index: int | None = None) -> None:
        """Move a notice; note where its entry stands. What is no longer open is no longer found."""
        old = self._known(notice)
        if state is not old.state:
            check_notice_move(old.state, state)
            self._unit.changing().findable.pop(notice, None)
        index = old.log_index if log_index is None else log_index
        self._unit.changing().notices[notice] = replace(old, state=state, log_index=index)

    def assert_again(self, notice: NoticeId, assertion: Assertion) -> None:
        """Replace what the sender asserts."""
        scope = known_scope(assertion.scope)
        self._unit.changing().notices[notice] = replace(
            self._known(notice),
            scope=None if scope is None else Scope(scope),
            flags=Flags.from_json(assertion.flags),
            asserted_at=assertion.asserted_at,
        )

    def renew_tokens(self, notice: NoticeId, tokens: TokenRecord, keyed: KeyedRecord, signed: str) -> None:
        """Put the tokens of a later epoch in the place of a notice's; it is found again once added."""
        state, old = self._unit.changing(), self._known(notice)
        if notice not in state.bodies:
            raise notice_unknown()
        state.findable.pop(notice, None)
        shown = counter_tokens(tokens, signed)
        state.notices[notice] = replace(old, keyed=keyed, counter_tokens=shown, renewed=signed)

    def forget(self, notice: NoticeId) -> None:
        """Destroy the at-rest keys, the parts and the tokens; the row and its entry stay."""
        state, old = self._unit.changing(), self._known(notice)
        state.findable.pop(notice, None)
        state.bodies.pop(notice, None)
        keyed = blank(old.keyed.epoch)
        state.notices[notice] = replace(old, keyed=keyed, counter_tokens=None, box=None)
        for passage in list(state.passages.values()):
            ended = passage.state in {PassageState.CLOSED, PassageState.STOPPED}
            if passage.notice == notice or (passage.counter == notice and ended):
                self._erase_request(passage)

    def expired(self, now: datetime, limit: int) -> Sequence[NoticeId]:
        """Open or closed notices whose time is over."""
        ended = [
            (kept.manifest.expires_at, name)
            for name, kept in self._unit.state.notices.items()
            if kept.state in {NoticeState.OPEN, NoticeState.CLOSED} and kept.manifest.expires_at <= now
        ]
        return [name for _, name in sorted(ended)[:limit]]

    def carried_on(self, member: MemberId, day: date) -> int:
        """How many of a member's notices were carried on a day."""
        return self._unit.state.carried.get((member, day), 0)

    def daily_counts(self, member: MemberId, before: date, days: int) -> Sequence[int]:
        """Notices carried on each earlier day that had any, newest first."""
        counts = self._unit.state.carried.items()
        earlier = [(day, number) for (who, day), number in counts if who == member and day < before]
        return [number for _, number in sorted(earlier, reverse=True)[:days]]

    def count_carried(self, member: MemberId, day: date) -> int:
        """Add one to the day's count and return it."""
        carried = self._unit.changing().carried
        carried[member, day] = carried.get((member, day), 0) + 1
        return carried[member, day]

    def _known(self, notice: NoticeId) -> StoredNotice:
        kept = self._unit.changing().notices.get(notice)
        if kept is None:
            raise notice_unknown()
        return kept

    def _erase_request(self, passage: Passage) -> None:
        state = self._unit.changing()
        state.passages[passage.passage] = replace(passage, request=None, box=None)
        for item in list(state.items.values()):
            if item.passage == passage.passage and item.kind is ItemKind.KEY_REQUEST:
                state.items[item.item] = replace(item, body=None, stopped=True)


class MemoryIndex:
    """`ports.Index`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def add(self, notice: StoredNotice) -> None:
        """Make a notice findable; one that is no longer open, or is forgotten, stays unfindable."""
        state = self._unit.changing()
        kept = state.notices.get(notice.notice)
        # without filters: forgotten, or of an epoch that has been dropped
        if kept is not None and kept.state is NoticeState.OPEN and any(kept.keyed.filters):
            state.findable[notice.notice] = frozenset(posted_tokens(notice.keyed))

    def candidates(self, notice: StoredNotice) -> Sequence[Candidate]:
        """Open notices of other members, of the same realm and epoch, that share a posted token."""
        state, wanted = self._unit.state, frozenset(posted_tokens(notice.keyed))
        return [
            Candidate(name, other.keyed.tokens, partial(getattr, other.keyed, "filters"))
            for name, other in state.notices.items()
            if wanted & state.findable.get(name, frozenset())
            and other.sender != notice.sender
            and (other.realm, other.keyed.epoch) == (notice.realm, notice.keyed.epoch)
        ]

    def drop(self, epoch: EpochId, step: int) -> bool:
        """Take away up to `step` postings and records of an epoch; False once nothing is left of it."""
        state = self._unit.changing()
        over = [name for name, kept in state.notices.items() if kept.keyed.epoch == epoch]
        held = [name for name in over if any(state.notices[name].keyed.filters)]
        for name in held[:step]:
            state.findable.pop(name, None)
            state.notices[name] = replace(state.notices[name], keyed=blank(epoch))
        return len(held) > step


class MemoryPassages:
    """`ports.Passages`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def add(self, passage: Passage) -> None:
        """Begin a passage; raise `HubFault` for a second one of the same way."""
        passages = self._unit.changing().passages
        ways = {(other.notice, other.recipient, other.counter) for other in passages.values()}
        requests = {other.request.request for other in passages.values() if other.request}
        again = passage.request is not None and passage.request.request in requests
        if passage.passage in passages or _way(passage) in ways or again:
            raise passage_twice()
        passages[passage.passage] = passage

    def save(self, passage: Passage) -> None:
        """Keep a passage after a move; raise `HubFault` if the move is not allowed."""
        passages = self._unit.changing().passages
        old = passages.get(passage.passage)
        if old is None:
            raise passage_unknown()
        check_passage_move(old.state, passage.state)
        passages[passage.passage] = replace(
            passage,
            match=old.match,
            notice=old.notice,
            counter=old.counter,
            sender=old.sender,
            recipient=old.recipient,
        )

    def get(self, passage: MatchId) -> Passage | None:
        """A passage by its id."""
        return self._unit.state.passages.get(passage)

    def by_request(self, request: RequestId) -> Passage | None:
        """The passage that a key request belongs to."""
        passages = self._unit.state.passages.values()
        return next((each for each in passages if each.request and each.request.request == request), None)

    def of_notice(self, notice: NoticeId) -> Sequence[Passage]:
        """Passages in which a notice is the one carried or the counter-notice, by id."""
        return self._where(lambda passage: notice in {passage.notice, passage.counter})

    def held_back_between(self, members: frozenset[MemberId]) -> Sequence[Passage]:
        """Passages between these members that were refused, or are for people to look at, by id."""
        return self._where(
            lambda passage: (
                {passage.sender, passage.recipient} <= members
                and (
                    passage.state in {PassageState.REFUSED, PassageState.SECOND_LOOK}
                    or passage.look is Look.COMPETITOR
                )
            )
        )

    def claims_contested(self, member: MemberId, since: datetime) -> int:
        """How many notices of a member people were to look at because another makes the same claim."""
        first = first_id_at("mat", since)
        contested = self._where(
            lambda one: one.sender == member and one.look is Look.CLAIMANTS and one.passage >= first
        )
        return len({one.notice for one in contested})

    def _where(self, holds: Callable[[Passage], bool]) -> list[Passage]:
        return [passage for _, passage in sorted(self._unit.state.passages.items()) if holds(passage)]


class MemoryInboxes:
    """`ports.Inboxes`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def put(self, item: InboxItem) -> None:
        """Put an item into its member's inbox; raise `HubFault` if its id is there already."""
        items = self._unit.changing().items
        if item.item in items:
            raise item_twice()
        items[item.item] = replace(item, sequence=self._unit.number("item"), body=_plain(item.body))

    def page(self, member: MemberId, after: int, limit: int, signed_size: int) -> Sequence[InboxItem]:
        """Items with sequence above `after` whose entry is below `signed_size`, in order."""
        own = self._where(lambda item: item.member == member and item.sequence > after)
        return list(takewhile(lambda item: item.log_index < signed_size, own[:limit]))

    def get(self, item: DisclosureId) -> InboxItem | None:
        """An item by its id, whoever's it is."""
        return self._unit.state.items.get(item)

    def of_passage(self, passage: MatchId) -> Sequence[InboxItem]:
        """All items of a passage."""
        return self._where(lambda item: item.passage == passage)

    def stop(self, item: DisclosureId) -> None:
        """Nothing more is handed over for this item."""
        items = self._unit.changing().items
        if item not in items:
            raise item_unknown()
        items[item] = replace(items[item], stopped=True)

    def _where(self, holds: Callable[[InboxItem], bool]) -> list[InboxItem]:
        chosen = [item for item in self._unit.state.items.values() if holds(item)]
        return sorted(chosen, key=lambda item: item.sequence)


class MemoryOutbox:
    """`ports.Outbox`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def add(self, errand: Errand, due: datetime) -> None:
        """Promise work."""
        number = self._unit.number("errand")
        kept = replace(errand, number=number, attempts=0, body=_plain(errand.body))
        self._unit.changing().errands[number] = (kept, due, None)

    def claim(self, limit: int, now: datetime) -> Sequence[Errand]:
        """The oldest work that is due, less what comes of a match; it stays until `done`."""
        return self._due(now, set(ErrandKind) - OF_A_MATCH)[:limit]

    def claim_of_match(self, kind: ErrandKind, limit: int, now: datetime) -> Sequence[Errand]:
        """The oldest work of a kind of `OF_A_MATCH` that is due: it waits in nobody's way."""
        return self._due(now, {kind})[:limit]

    def done(self, errand: Errand) -> None:
        """The work is done, in this very unit of work."""
        self._unit.changing().errands.pop(errand.number, None)

    def put_off(self, errand: Errand, until: datetime, fault: str) -> None:
        """The work failed: try again later; `fault` is a code, never a text from a message."""
        errands = self._unit.changing().errands
        if errand.number in errands:
            kept = errands[errand.number][0]
            errands[errand.number] = (replace(kept, attempts=kept.attempts + 1), until, fault)

    def waiting(self) -> int:
        """How many errands wait."""
        return len(self._unit.state.errands)

    def _due(self, now: datetime, kinds: set[ErrandKind]) -> list[Errand]:
        waiting = sorted(self._unit.state.errands.items())
        return [errand for _, (errand, due, _) in waiting if due <= now and errand.kind in kinds]


class MemoryLog:
    """`ports.Log`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def append(self, opening: Opening, parties: frozenset[MemberId], notice: NoticeId | None) -> int:
        """Append one entry and return its index; `parties` may see the opening."""
        state = self._unit.changing()
        index, leaf = self.size(), sha256(opening.encode())
        state.frontier, nodes = state.frontier.append(leaf_hash(leaf))
        state.nodes.update({(node.level, node.index): node.hash for node in nodes})
        state.leaves.append(leaf)
        kept = Opening(_plain(opening.record), opening.salt)
        state.entries[index] = Entry(index, kept, parties, notice)
        return index

    def size(self) -> int:
        """Entries appended so far, those of this unit of work included."""
        return len(self._unit.state.leaves)

    def entry(self, index: int) -> Entry | None:
        """One entry."""
        if not 0 <= index < self.size():
            return None
        return self._unit.state.entries.get(index, Entry(index, None, frozenset(), None))

    def entries_for(self, member: MemberId, after: int, limit: int, signed_size: int) -> Sequence[Entry]:
        """Entries whose opening a member may see, in order."""
        entries = sorted(self._unit.state.entries.items())
        seen = [entry for index, entry in entries if after < index < signed_size and member in entry.parties]
        return seen[:limit]

    def root(self) -> bytes:
        """The root over all entries appended so far."""
        return self._unit.state.frontier.root()

    def signed(self) -> tuple[int, str] | None:
        """Size and text of the last signed checkpoint."""
        return max(self._unit.state.checkpoints.items(), default=None)

    def keep_signed(self, size: int, note: str) -> None:
        """Keep a signed checkpoint; for a size that has one, the note with more cosignatures."""
        self._unit.changing().checkpoints[size] = note

    def checkpoints(self, above: int, limit: int) -> Sequence[tuple[int, str]]:
        """Size and text of the signed checkpoints of more than `above` entries, newest first."""
        kept = sorted(self._unit.state.checkpoints.items(), reverse=True)
        return [(size, note) for size, note in kept if size > above][:limit]

    def prove(self, index: int, under: tuple[int, str] | None = None) -> LogProof:
        """Prove an entry included under a signed checkpoint (size and text), else under the last one."""
        signed = under or self.signed()
        if signed is None or index >= signed[0]:
            raise not_covered()
        return LogProof(index, tuple(inclusion_proof(index, signed[0], self.node)), signed[1])

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree."""
        found = self._unit.state.nodes.get((level, index))
        if found is None:
            raise node_missing()
        return found

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """The leaf data of a range of entries."""
        return self._unit.state.leaves[start:end]

    def erase(self, notice: NoticeId) -> int:
        """Destroy salts and records of a notice's entries; the tree stays. Returns how many."""
        entries = self._unit.changing().entries
        gone = [index for index, entry in entries.items() if entry.notice == notice]
        for index in gone:
            del entries[index]
        return len(gone)


class MemoryRefusals:
    """`ports.Refusals`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def note(self, passage: Passage, reasons: Sequence[RefusalNote], at: datetime) -> None:
        """Remember the reasons of one refusal; the same refusal noted again changes nothing."""
        refusals = self._unit.changing().refusals
        day = at.astimezone(UTC).date()
        for reason in reasons:
            refusals.setdefault((passage.passage, reason), (passage.sender, passage.notice, day))

    def counts(self, member: MemberId, start: date, end: date) -> Mapping[str, int]:
        """Distinct notices of a member refused, by reason code, from `start` to the day before `end`."""
        found: dict[str, set[NoticeId]] = {}
        for (_, reason), (sender, notice, day) in self._unit.state.refusals.items():
            if sender == member and start <= day < end:
                found.setdefault(reason.code, set()).add(notice)
        return {code: len(notices) for code, notices in found.items()}


class MemoryDisputes:
    """`ports.Disputes`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def add(self, dispute: Dispute, first: Letter) -> None:
        """Open a thread with its first message; raise `HubFault` for an id that is there."""
        disputes = self._unit.changing().disputes
        if dispute.dispute in disputes:
            raise dispute_twice()
        disputes[dispute.dispute] = dispute
        self.append(first)

    def save(self, dispute: Dispute) -> None:
        """Keep state, result and clock after a move; raise `HubFault` if the move is not allowed."""
        disputes = self._unit.changing().disputes
        old = disputes.get(dispute.dispute)
        if old is None:
            raise dispute_unknown()
        disputes[dispute.dispute] = replace(
            old,
            state=check_dispute_move(old.state, dispute.state),
            result=dispute.result,
            due_at=dispute.due_at,
            closed_at=dispute.closed_at,
        )

    def append(self, letter: Letter) -> None:
        """Keep a further message; raise `HubFault` where its number is taken."""
        letters = self._unit.changing().letters
        if (letter.dispute, letter.number) in letters:
            raise letter_twice()
        letters[letter.dispute, letter.number] = letter

    def get(self, dispute: DisputeId) -> Dispute | None:
        """A dispute by its id, whoever's it is."""
        return self._unit.state.disputes.get(dispute)

    def letters(self, dispute: DisputeId) -> Sequence[Letter]:
        """Its messages, in order."""
        found = sorted(self._unit.state.letters.items())
        return [letter for (name, _), letter in found if name == dispute]

    def of_member(self, member: MemberId, after: str, limit: int) -> Sequence[Dispute]:
        """Disputes with ids above `after` in which a member is a party, by id."""
        return self._where(lambda one: member in one.parties and one.dispute > after)[:limit]

    def of_entry(self, entry: int) -> Sequence[Dispute]:
        """Disputes about one release, by id."""
        return self._where(lambda one: one.entry == entry)

    def due(self, now: datetime, limit: int) -> Sequence[Dispute]:
        """Those still open whose clock has run out, the longest first."""
        waiting = [
            (one.due_at, one.dispute, one)
            for one in self._where(lambda one: one.state is DisputeState.OPEN)
            if one.due_at is not None and one.due_at <= now
        ]
        return [one for _, _, one in sorted(waiting, key=lambda row: row[:2])][:limit]

    def drop_closed(self, before: datetime, limit: int) -> int:
        """Forget threads closed before this moment, words and all; return how many."""
        state = self._unit.changing()
        over = self._where(lambda one: one.closed_at is not None and one.closed_at < before)[:limit]
        for one in over:
            del state.disputes[one.dispute]
        gone = {one.dispute for one in over}
        state.letters = {key: letter for key, letter in state.letters.items() if key[0] not in gone}
        return len(over)

    def all(self) -> Sequence[Dispute]:
        """Every dispute, by id."""
        return self._where(lambda _: True)

    def _where(self, holds: Callable[[Dispute], bool]) -> list[Dispute]:
        return [one for _, one in sorted(self._unit.state.disputes.items()) if holds(one)]


class MemoryInventory:
    """`check.Inventory`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def notices(self) -> Iterator[NoticeId]:
        """Every notice ever kept."""
        return iter(self._unit.state.notices)

    def items(self) -> Iterator[KeptItem]:
        """Every inbox item."""
        items = self._unit.state.items.values()
        return (KeptItem(item.item, item.kind, item.log_index) for item in items)

    def errands(self) -> Iterator[tuple[int, str]]:
        """Number and subject of all work that waits."""
        return ((number, errand.subject) for number, (errand, _, _) in self._unit.state.errands.items())

    def highest_errand(self) -> int:
        """The highest number that work was ever given."""
        return self._unit.state.highest.get("errand", 0)

    def openings(self) -> Iterator[int]:
        """Index of every entry that can still be opened."""
        return iter(sorted(self._unit.state.entries))

    def entries(self) -> Iterator[int]:
        """Index of every leaf that is there."""
        return iter(range(len(self._unit.state.leaves)))

    def nodes(self) -> Iterator[KeptNode]:
        """Every stored subtree."""
        return (KeptNode(level, index, value) for (level, index), value in self._unit.state.nodes.items())

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Size and note of every signed checkpoint."""
        return iter(sorted(self._unit.state.checkpoints.items()))

    def damage(self) -> Iterator[str]:
        """There is no file that could be damaged."""
        return iter(())


class MemoryWork:
    """`ports.Work`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.members: Members = MemoryMembers(unit)
        self.papers: Papers = MemoryPapers(unit)
        self.outbox: Outbox = MemoryOutbox(unit)
        self.notices: Notices = MemoryNotices(unit, self.outbox)
        self.index: Index = MemoryIndex(unit)
        self.passages: Passages = MemoryPassages(unit)
        self.inboxes: Inboxes = MemoryInboxes(unit)
        self.log: Log = MemoryLog(unit)
        self.refusals: Refusals = MemoryRefusals(unit)
        self.disputes: Disputes = MemoryDisputes(unit)
        self.inventory = MemoryInventory(unit)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A savepoint: what happens inside is undone alone if it fails."""
        before = self._unit.changing()
        self._unit.state = before.copy()
        try:
            yield
        except BaseException:
            self._unit.state = before
            raise


class MemoryStore:
    """`ports.Store`, for tests and for reading."""

    def __init__(self) -> None:
        self._state = State()
        self._writing = threading.Lock()
        self._writer_thread: int | None = None

    @contextmanager
    def write(self) -> Iterator[MemoryWork]:
        """One unit of work that may change things; commits at the end, or not at all."""
        if self._writer_thread == threading.get_ident():
            raise HubFault("store-nested", "a unit of work was begun inside another: use `attempt`")
        with self._writing:
            self._writer_thread = threading.get_ident()
            try:
                unit = Unit(self._state.copy(), writable=True)
                yield MemoryWork(unit)
                self._state = unit.state
            finally:
                self._writer_thread = None

    @contextmanager
    def read(self) -> Iterator[MemoryWork]:
        """A consistent view; changes made through it raise."""
        yield MemoryWork(Unit(self._state, writable=False))

    def empty_poll(self, member: MemberId, after: int) -> bool:
        """Whether surely nothing lies above `after` in a member's inbox, covered or not."""
        items = self._state.items.values()
        return not any(item.member == member and item.sequence > after for item in items)


def _plain(value: Json) -> Json:
    """The value as a table would give it back: a copy, and nothing that JSON has no form for."""
    return decode(encode(value))


def _way(passage: Passage) -> tuple[NoticeId, MemberId, NoticeId | None]:
    return passage.notice, passage.recipient, passage.counter


def _stored(notice: CheckedNotice) -> StoredNotice:
    signed, box = notice.signed, notice.signed.box
    return StoredNotice(
        notice=signed.manifest.notice,
        manifest=signed.manifest,
        jws=signed.jws,
        digest=signed.digest,
        signed_by=signed.signed_by,
        keyed=notice.keyed,
        counter_tokens=counter_tokens(signed.tokens),
        scope=notice.scope,
        flags=notice.flags,
        asserted_at=signed.manifest.assertion.asserted_at,
        realm=notice.realm,
        kept_at=notice.kept_at,
        state=NoticeState.OPEN,
        log_index=None,
        renewed=None,
        box=None if box is None else box.jwe,
    )
