"""What the broker needs from outside, as Protocols: a store of work, a clock, chance, its keys.

A `Store` gives units of work. Everything done through one `Work` commits together or not at all:
that is how a release and its log entry cannot come apart (I3). The in-memory store in
`store/memory.py` is the reference; one suite of tests runs on every store.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from hub.exchange.errors import Declined
from hub.exchange.stages import (
    CheckedNotice,
    Dispute,
    Errand,
    ErrandKind,
    InboxItem,
    Letter,
    Member,
    Paper,
    PaperKind,
    PaperOutline,
    Passage,
    RefusalNote,
    RegisteredKey,
    StoredNotice,
)
from hub.exchange.states import NoticeState
from hub.protocols.entry import Opening
from hub.protocols.keys import SigningKey
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
)
from hub.protocols.notice import Assertion
from hub.protocols.proof import LogProof
from hub.protocols.signed_note import NoteKey, NoteKind
from hub.protocols.token_record import KeyedRecord, TokenRecord


class Members(Protocol):
    """Members, their registered keys, their mandates and other signed papers."""

    def get(self, member: MemberId) -> Member | None:
        """The member, or None."""

    def all(self) -> Sequence[Member]:
        """Every member, by id."""

    def put(self, member: Member) -> None:
        """Admit or change a member."""

    def key(self, key_id: KeyId) -> RegisteredKey | None:
        """A registered key by its thumbprint."""

    def keys(self, member: MemberId) -> Sequence[RegisteredKey]:
        """A member's keys, oldest first, revoked ones included."""

    def put_key(self, key: RegisteredKey) -> None:
        """Register a key, or note where its entry stands in the log."""

    def invite(self, member: MemberId, code_digest: Digest, valid_until: datetime) -> None:
        """Keep the digest of an invitation code, single use; the member's earlier ones end."""

    def redeem(self, code_digest: Digest, now: datetime) -> MemberId | None:
        """Use up an invitation and tell whose it was; None if unknown, used or out of date."""


class Papers(Protocol):
    """Agreements, mandates, standing requests and epochs, every version."""

    def get(self, kind: PaperKind, name: str, version: int | None = None) -> Paper | None:
        """One version, or the newest."""

    def all(self, kind: PaperKind) -> Sequence[Paper]:
        """Every version of every paper of a kind, whole."""

    def outlines(self, kind: PaperKind) -> Sequence[PaperOutline]:
        """Every version of every paper of a kind, by name and version, without documents."""

    def put(self, paper: Paper) -> None:
        """Keep a paper or its new state."""

    def wrapped_key(self, epoch: EpochId, member: MemberId) -> str | None:
        """The epoch's linkage key as wrapped for one member."""

    def put_wrapped_key(self, epoch: EpochId, member: MemberId, box: str) -> None:
        """Keep a wrapped linkage key for one member; the hub cannot open it."""


class Notices(Protocol):
    """Kept notices, their sealed parts and their tokens."""

    def keep(self, notice: CheckedNotice, promise: str) -> str | None:
        """Keep a notice, its parts and its errand; return None, or the promise given before.

        A notice with the same id and digest is the same notice: nothing changes and the first
        promise comes back. The same id with another digest raises `Declined("notice-id-taken")`.
        """

    def keep_all(self, notices: Sequence[tuple[CheckedNotice, str]]) -> Sequence[str | Declined | None]:
        """Keep many notices at once; for each, in order, what `keep` would have returned or raised."""

    def get(self, notice: NoticeId) -> StoredNotice | None:
        """A notice without its parts."""

    def promise(self, notice: NoticeId) -> str | None:
        """The promise given for it."""

    def parts(self, notice: NoticeId, wanted: Iterable[Part]) -> Mapping[Part, str]:
        """Some of its sealed parts; a forgotten body has none."""

    def of_member(self, member: MemberId, after: str, limit: int) -> Sequence[StoredNotice]:
        """A member's own notices with ids above `after`, by id."""

    def set_state(self, notice: NoticeId, state: NoticeState, log_index: int | None = None) -> None:
        """Move a notice; note where its entry stands."""

    def assert_again(self, notice: NoticeId, assertion: Assertion) -> None:
        """Replace what the sender asserts."""

    def renew_tokens(self, notice: NoticeId, tokens: TokenRecord, keyed: KeyedRecord, signed: str) -> None:
        """Put the tokens of a later epoch in the place of a notice's; it is found again once added.

        `signed` is the sender's word that they are its own; a forgotten notice raises `HubFault`.
        """

    def forget(self, notice: NoticeId) -> None:
        """Destroy the at-rest keys, the parts and the tokens; the row and its entry stay."""

    def expired(self, now: datetime, limit: int) -> Sequence[NoticeId]:
        """Open or closed notices whose time is over."""

    def carried_on(self, member: MemberId, day: date) -> int:
        """How many of a member's notices were carried on a day."""

    def daily_counts(self, member: MemberId, before: date, days: int) -> Sequence[int]:
        """Notices carried on each earlier day that had any, newest first."""

    def count_carried(self, member: MemberId, day: date) -> int:
        """Add one to the day's count and return it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A notice that shares a token with the one looked at: who it is, and what a match reads of it."""

    notice: NoticeId
    tokens: bytes
    """Head and slots, keyed a second time."""
    open_filters: Callable[[], bytes]
    """Gives both name filters, which lie sealed."""


class Index(Protocol):
    """The inverted index over open notices' tokens."""

    def add(self, notice: StoredNotice) -> None:
        """Make a notice findable."""

    def candidates(self, notice: StoredNotice) -> Sequence[Candidate]:
        """Open notices of other members, of the same realm and epoch, that share a posted token.

        May raise `Crowded` where there are more of them than one person's record can have.
        """

    def drop(self, epoch: EpochId, step: int) -> bool:
        """Take away up to `step` postings and records of an epoch; False once nothing is left of it."""


class Passages(Protocol):
    """The ways of notices to recipients."""

    def add(self, passage: Passage) -> None:
        """Begin a passage; one notice has one passage to one recipient for one counter-notice."""

    def save(self, passage: Passage) -> None:
        """Keep a passage after a move; raise `HubFault` if the move is not allowed."""

    def get(self, passage: MatchId) -> Passage | None:
        """A passage by its id."""

    def by_request(self, request: RequestId) -> Passage | None:
        """The passage that a key request belongs to."""

    def of_notice(self, notice: NoticeId) -> Sequence[Passage]:
        """Passages in which a notice is the one carried or the counter-notice."""

    def held_back_between(self, members: frozenset[MemberId]) -> Sequence[Passage]:
        """Passages between these members that were refused, or are for people to look at."""

    def claims_contested(self, member: MemberId, since: datetime) -> int:
        """How many notices of a member people were to look at because another makes the same claim.

        Those of ways that began at `since` or later, which their ids say.
        """


class Inboxes(Protocol):
    """What waits for members. An item shows once a signed checkpoint covers its log entry."""

    def put(self, item: InboxItem) -> None:
        """Put an item into its member's inbox."""

    def page(self, member: MemberId, after: int, limit: int, signed_size: int) -> Sequence[InboxItem]:
        """Items with sequence above `after` whose entry is below `signed_size`, in order.

        The page ends before the first item that is not covered yet: a reader goes on from the last
        number it saw, and must not step over what it could not see.
        """

    def get(self, item: DisclosureId) -> InboxItem | None:
        """An item by its id, whoever's it is."""

    def of_passage(self, passage: MatchId) -> Sequence[InboxItem]:
        """All items of a passage."""

    def stop(self, item: DisclosureId) -> None:
        """Nothing more is handed over for this item."""


class Outbox(Protocol):
    """Work that a committed request has promised: the only queue there is."""

    def add(self, errand: Errand, due: datetime) -> None:
        """Promise work."""

    def claim(self, limit: int, now: datetime) -> Sequence[Errand]:
        """The oldest work that is due, less what comes of a match; it stays until `done`."""

    def claim_of_match(self, kind: ErrandKind, limit: int, now: datetime) -> Sequence[Errand]:
        """The oldest work of a kind of `OF_A_MATCH` that is due: it waits in nobody's way."""

    def done(self, errand: Errand) -> None:
        """The work is done, in this very unit of work."""

    def put_off(self, errand: Errand, until: datetime, fault: str) -> None:
        """The work failed: try again later; `fault` is a code, never a text from a message."""

    def waiting(self) -> int:
        """How many errands wait."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry with what may be opened of it."""

    index: int
    opening: Opening | None
    parties: frozenset[MemberId]
    notice: NoticeId | None


class Log(Protocol):
    """The disclosure log inside the unit of work. The head is moved last, by compare and swap."""

    def append(self, opening: Opening, parties: frozenset[MemberId], notice: NoticeId | None) -> int:
        """Append one entry and return its index; `parties` may see the opening."""

    def size(self) -> int:
        """Entries appended so far, those of this unit of work included."""

    def entry(self, index: int) -> Entry | None:
        """One entry."""

    def entries_for(self, member: MemberId, after: int, limit: int, signed_size: int) -> Sequence[Entry]:
        """Entries whose opening a member may see, in order."""

    def root(self) -> bytes:
        """The root over all entries appended so far."""

    def signed(self) -> tuple[int, str] | None:
        """Size and text of the last signed checkpoint."""

    def keep_signed(self, size: int, note: str) -> None:
        """Keep a signed checkpoint."""

    def checkpoints(self, above: int, limit: int) -> Sequence[tuple[int, str]]:
        """Size and text of the signed checkpoints of more than `above` entries, newest first."""

    def prove(self, index: int, under: tuple[int, str] | None = None) -> LogProof:
        """Prove an entry included under a signed checkpoint (size and text), else under the last one."""

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree."""

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """The leaf data of a range of entries."""

    def erase(self, notice: NoticeId) -> int:
        """Destroy salts and records of a notice's entries; the tree stays. Returns how many."""


class Refusals(Protocol):
    """Refusals, for the counts that members get each quarter (I4)."""

    def note(self, passage: Passage, reasons: Sequence[RefusalNote], at: datetime) -> None:
        """Remember the reasons of one refusal; the same refusal noted again changes nothing."""

    def counts(self, member: MemberId, start: date, end: date) -> Mapping[str, int]:
        """Distinct notices of a member refused, by reason code, from `start` to the day before `end`."""


class Disputes(Protocol):
    """Releases that are contested, and the threads about them."""

    def add(self, dispute: Dispute, first: Letter) -> None:
        """Open a thread with its first message; raise `HubFault` for an id that is there."""

    def save(self, dispute: Dispute) -> None:
        """Keep state, result and clock after a move; raise `HubFault` if the move is not allowed."""

    def append(self, letter: Letter) -> None:
        """Keep a further message; raise `HubFault` where its number is taken."""

    def get(self, dispute: DisputeId) -> Dispute | None:
        """A dispute by its id, whoever's it is."""

    def letters(self, dispute: DisputeId) -> Sequence[Letter]:
        """Its messages, in order."""

    def of_member(self, member: MemberId, after: str, limit: int) -> Sequence[Dispute]:
        """Disputes with ids above `after` in which a member is a party, by id."""

    def of_entry(self, entry: int) -> Sequence[Dispute]:
        """Disputes about one release, by id."""

    def due(self, now: datetime, limit: int) -> Sequence[Dispute]:
        """Those still open whose clock has run out, the longest first."""

    def drop_closed(self, before: datetime, limit: int) -> int:
        """Forget threads closed before this moment, words and all; return how many."""

    def all(self) -> Sequence[Dispute]:
        """Every dispute, by id."""


class Work(Protocol):
    """One unit of work over everything the hub keeps."""

    members: Members
    papers: Papers
    notices: Notices
    index: Index
    passages: Passages
    inboxes: Inboxes
    outbox: Outbox
    log: Log
    refusals: Refusals
    disputes: Disputes

    def attempt(self) -> AbstractContextManager[None]:
        """A savepoint: what happens inside is undone alone if it fails."""


class Store(Protocol):
    """Where units of work come from."""

    def write(self) -> AbstractContextManager[Work]:
        """One unit of work that may change things; commits at the end, or not at all."""

    def read(self) -> AbstractContextManager[Work]:
        """A consistent view; changes made through it raise."""

    def empty_poll(self, member: MemberId, after: int) -> bool:
        """Whether surely nothing lies above `after` in a member's inbox, covered by a checkpoint or not."""


class CheckpointGuard(Protocol):
    """Remembers the last signed checkpoint outside the database, so that a restored one is noticed."""

    def last(self) -> tuple[int, bytes] | None:
        """Size and root last signed."""

    def remember(self, size: int, root: bytes) -> None:
        """Keep what is about to be signed, before it is signed."""


@dataclass(frozen=True, slots=True)
class Hub:
    """The broker's own identity, keys and rules of the house. It holds no linkage key."""

    origin: str
    """The log's name and the public address, without scheme: `hub.example`."""
    key: SigningKey
    index_key: bytes
    """Second key over identifier tokens; kept outside the database."""
    slot: timedelta
    quota_floor: int
    quota_factor: int
    now: Callable[[], datetime]
    chance: Callable[[int], bytes]
    guard: CheckpointGuard
    witnesses: int = 0
    """Other members that have to cosign the log before more than an identity part is handed over."""

    @property
    def log_key(self) -> NoteKey:
        """The key and name under which the log's checkpoints are signed."""
        return NoteKey(self.origin, NoteKind.LOG, self.key.public)
