"""The frozen type of each moment of a notice's life, in order.

If something is true only after a step, "after" has a name here: a `CheckedNotice` is not yet
kept, a `PreparedRelease` is not yet in the log, and only a `RecordedRelease` can be handed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.consent.decision import Decision
from hub.consent.flags import Flags
from hub.consent.question import EvidenceClass, Role, Scope
from hub.exchange.errors import HubFault
from hub.exchange.states import DisputeState, NoticeState, PassageState
from hub.matching.verdict import Verdict
from hub.protocols.blind_key import BlindKeyRequest
from hub.protocols.canonical import Json
from hub.protocols.delivery import Ground, ReleaseRecord, Stage
from hub.protocols.dispute import Grievance, Result
from hub.protocols.key_grant import KeyRequest
from hub.protocols.names import (
    AgreementId,
    Digest,
    DisclosureId,
    DisputeId,
    KeyId,
    MatchId,
    MemberId,
    MemberKind,
    NoticeId,
    Part,
)
from hub.protocols.notice import Manifest, SignedNotice
from hub.protocols.restatement import reread_renewal
from hub.protocols.token_record import KeyedRecord, TokenDigests

# --- who takes part ---------------------------------------------------------------------------


class Standing(StrEnum):
    """How far a member has been admitted."""

    INVITED = "invited"
    TRIAL = "trial"
    LIVE = "live"
    SUSPENDED = "suspended"


class Realm(StrEnum):
    """Trial members and made-up members meet one another only, and live members one another only."""

    TRIAL = "trial"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Member:
    """An organisation that takes part."""

    member: MemberId
    name: str
    kind: MemberKind
    role: Role
    standing: Standing
    made_up: bool
    area: str | None
    """DfE code of an authority's area; None for all others."""
    allowance: int | None
    """Automatic releases a day that an operator has set by hand; None: worked out from its own median."""

    @property
    def realm(self) -> Realm:
        """Whom this member's notices may meet."""
        return Realm.LIVE if self.standing is Standing.LIVE and not self.made_up else Realm.TRIAL


class KeyUse(StrEnum):
    """What a registered key is for."""

    IDENTITY = "identity"
    SIGNING = "signing"
    SEALING = "sealing"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A member's key as the hub knows it: the signed directory document, and where it is logged."""

    key_id: KeyId
    member: MemberId
    use: KeyUse
    jwk: Json
    document: Json
    suite: str | None
    valid_from: datetime
    valid_until: datetime
    log_index: int | None
    revoked_at_index: int | None


class PaperKind(StrEnum):
    """Which signed document of long life."""

    AGREEMENT = "agreement"
    ACCESSION = "accession"
    MANDATE = "mandate"
    STANDING_REQUEST = "standing_request"
    EPOCH = "epoch"
    WORD = "word"
    """One party's word that stopped or resumed an agreement; of each party the newest counts."""


class PaperState(StrEnum):
    """Whether a document binds."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    ENDED = "ended"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Paper:
    """A signed document of long life: what was signed, by whom, and whether it is in force.

    `name` is the agreement's id, or the pair a mandate or standing request is about.
    """

    kind: PaperKind
    name: str
    version: int
    digest: Digest
    document: Json
    """What was signed, read from its payload."""
    signed: Json
    """The JWS with the signature pairs collected so far."""
    parties: tuple[MemberId, ...]
    signed_by: tuple[MemberId, ...]
    state: PaperState
    valid_from: datetime
    valid_until: datetime | None
    log_index: int | None


@dataclass(frozen=True, slots=True)
class PaperOutline:
    """A paper without what was signed: enough to tell whom it binds, and whether.

    Documents with their signatures are large and many; whoever goes through all of them reads these.
    """

    name: str
    version: int
    digest: Digest
    parties: tuple[MemberId, ...]
    signed_by: tuple[MemberId, ...]
    state: PaperState
    valid_from: datetime
    valid_until: datetime | None
    log_index: int | None

    def in_force(self, now: datetime) -> bool:
        """Whether the paper binds now, by state and dates."""
        begun = self.state is PaperState.IN_FORCE and self.valid_from <= now
        return begun and (self.valid_until is None or now < self.valid_until)


# --- a notice -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedNotice:
    """A notice whose signature, digests, sender and sizes hold; not yet kept."""

    signed: SignedNotice
    keyed: KeyedRecord
    scope: Scope | None
    flags: Flags
    realm: Realm
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A kept notice, without its sealed parts."""

    notice: NoticeId
    manifest: Manifest
    jws: str
    digest: Digest
    signed_by: KeyId
    keyed: KeyedRecord
    counter_tokens: Json
    """The groups `name_birth` and `evidence` as published, for a key request to carry."""
    scope: Scope | None
    flags: Flags
    asserted_at: datetime
    realm: Realm
    kept_at: datetime
    state: NoticeState
    log_index: int | None
    renewed: str | None
    """What the sender signed when it made the tokens anew for a later epoch than the manifest's."""
    box: str | None
    """The key box made at publish, where the sender named its recipient."""

    @property
    def sender(self) -> MemberId:
        """Who published it."""
        return self.manifest.sender

    @property
    def signed_tokens(self) -> TokenDigests:
        """The digests that the sender signed of the tokens it has now."""
        return self.manifest.tokens if self.renewed is None else reread_renewal(self.renewed).tokens


# --- a match ------------------------------------------------------------------------------------


class Look(StrEnum):
    """Why people have to look at a match before anything goes on (I10)."""

    UNCERTAIN = "uncertain"
    """The comparison leaves doubt."""
    TWIN = "twin"
    """A side knows of a twin, or of somebody easily taken for this one."""
    CLAIMANTS = "claimants"
    """Another notice makes the same claim, about as well."""
    DUPLICATE = "duplicate"
    """Both say the same kind of thing: perhaps one young person whom two members count."""
    COMPETITOR = "competitor"
    """Something had left already when another notice made the same claim: a review."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two notices that mean the same young person, or may do."""

    match: MatchId
    notice: StoredNotice
    counter: StoredNotice
    """The one that was there before."""
    verdict: Verdict
    look: Look | None
    """Why a person has to look first; None where a machine may go on."""
    overtaken: tuple[NoticeId, ...] = ()
    """Notices whose own match with `counter` was clear, and is so no longer."""


# --- a passage ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Passage:
    """The way of one notice to one recipient."""

    passage: MatchId
    match: MatchId | None
    notice: NoticeId
    counter: NoticeId | None
    sender: MemberId
    recipient: MemberId
    state: PassageState
    strength: EvidenceClass
    request: KeyRequest | BlindKeyRequest | None = None
    box: str | None = None
    approved_by: frozenset[MemberId] = frozenset()
    same: bool = False
    look: Look | None = None
    looked_by: frozenset[str] = frozenset()
    """Officers who have confirmed a second look so far: member and the digest of the officer's name."""
    blind: bool = False
    """Somebody was shielded when this match was approved, or the key was asked for blindly. Stays so."""
    named: bool = False
    """The officers of the arrival's side have all said that it may be named to the other side."""

    @property
    def hides(self) -> bool:
        """Whether the sender may not learn who receives: it is told by the hub alone how far things are."""
        return self.blind and not self.named

    @property
    def candidates(self) -> tuple[MemberId, ...]:
        """Who may be the recipient, as far as the sender may know: the one, or all it was asked to let in."""
        if isinstance(self.request, BlindKeyRequest):
            return tuple(one.member for one in self.request.candidates)
        return (self.recipient,)

    @property
    def pending(self) -> bool:
        """Whether people have still to look, on one side or both: nothing goes on until they have."""
        return self.look is not None and not {self.sender, self.recipient} <= self.approved_by

    def moved(self, **changes: object) -> "Passage":
        """The passage after a move; the store checks that the move is allowed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # replace() checks the names itself


@dataclass(frozen=True, slots=True)
class Permitted:
    """The parts of this stage that may leave, each with the permit that says so."""

    passage: Passage
    stage: Stage
    notice: StoredNotice
    fact: Decision | None
    """The permit for the fact of the match; None where the sender named its recipient."""
    permits: Mapping[Part, Decision]
    withheld: Mapping[Part, Decision]


def ground_of(decision: Decision) -> Ground:
    """The clause of a permit, as records carry it; raise `HubFault` for a refusal."""
    permit = decision.permit
    if permit is None:
        raise HubFault("no-permit", "a release was prepared without a permit")
    return Ground(permit.agreement, permit.version, permit.clause, permit.basis)


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """The release may go on once the sender has made a box: asking it is a release of its own."""

    passage: Passage
    notice: StoredNotice
    counter: StoredNotice
    fact: Decision
    identity: Decision
    """What permits the part that the box is for first."""
    alike: tuple[MemberId, ...] = ()
    """Where the recipient may not be named: every member that would be told of alike, sorted. Else nobody."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing leaves, for these reasons; `held` where named officers could let it go on."""

    passage: Passage
    decisions: tuple[Decision, ...]
    held: bool


@dataclass(frozen=True, slots=True)
class PreparedRelease:
    """What is about to leave; not yet recorded."""

    permitted: Permitted
    record: ReleaseRecord
    box: str


@dataclass(frozen=True, slots=True)
class RecordedRelease:
    """A release whose entry is in the log; made by `disclosure_log.record_release` alone."""

    prepared: PreparedRelease
    log_index: int


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A key request about to be sent; not yet recorded."""

    wanted: KeyWanted
    request: KeyRequest | BlindKeyRequest


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A key request whose entry is in the log; made by `disclosure_log.record_request` alone."""

    prepared: PreparedRequest
    log_index: int


# --- what waits for a member ------------------------------------------------------------------------


class ItemKind(StrEnum):
    """What an inbox item asks its member to do."""

    DELIVERY = "delivery"
    KEY_REQUEST = "key_request"
    OFFICER_TASK = "officer_task"
    ACKNOWLEDGEMENT = "acknowledgement"
    OUTCOME = "outcome"
    LEAD = "lead"
    DISPUTE = "dispute"
    STOPPED = "stopped"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One thing that waits for one member; shown once a signed checkpoint covers its entry."""

    item: DisclosureId
    member: MemberId
    kind: ItemKind
    about: NoticeId | None
    passage: MatchId | None
    body: Json
    log_index: int
    put_at: datetime
    sequence: int = 0
    """Set by the store: the sequencer's number, by which a member reads on."""
    stopped: bool = False

    @property
    def stage(self) -> Stage:
        """Which stage of a release this delivers; raise `HubFault` for an item that delivers nothing."""
        return Stage(str(self._delivered("stage")))

    @property
    def parts(self) -> list[Part]:
        """The parts that this delivers, as its entry lists them; raise `HubFault` likewise."""
        parts = self._delivered("parts")
        return [Part(str(name)) for name in parts] if isinstance(parts, list) else []

    def _delivered(self, name: str) -> Json:
        if self.kind is not ItemKind.DELIVERY or not isinstance(self.body, dict):
            raise HubFault("item-body", "an inbox item was taken for a delivery, or has lost its body")
        return self.body[name]


# --- work that waits ----------------------------------------------------------------------------


class ErrandKind(StrEnum):
    """What the sequencer has to do."""

    CARRY = "carry"
    GRANTED = "granted"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    LOOK = "look"
    LEAD = "lead"
    DISPUTE = "dispute"
    ASSERTED = "asserted"
    RECONSIDER = "reconsider"
    RECORD = "record"
    STOP = "stop"
    CLOSE = "close"


OF_A_MATCH: Final = frozenset({ErrandKind.LOOK, ErrandKind.RECONSIDER})
"""Errands of which there are as many as matches, and so in queues of their own.

Among the others they would push what a member has brought into a later batch, and the place of its
entry would tell the member of a match (I9).
"""


@dataclass(frozen=True, slots=True)
class Errand:
    """One row of the outbox: work that a committed request has promised."""

    kind: ErrandKind
    subject: str
    body: Json = None
    number: int = 0
    """Set by the store; rises, and is never used again."""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class RefusalNote:
    """One reason of one refusal, for the counts that members get each quarter."""

    code: str
    agreement: AgreementId | None
    version: int | None
    clause: str | None


# --- what two members argue about -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dispute:
    """A release that one of its two parties contests, as far as the hub knows: never what is said."""

    dispute: DisputeId
    opener: MemberId
    other: MemberId
    notice: NoticeId
    entry: int
    """Place in the log of the contested release."""
    grievance: Grievance
    agreement: AgreementId
    version: int
    answer_days: int
    """Working days for an answer, as that version of the agreement says."""
    state: DisputeState
    result: Result | None
    opened_at: datetime
    due_at: datetime | None
    """When the clock runs out; None while nothing is waited for."""
    closed_at: datetime | None

    @property
    def parties(self) -> frozenset[MemberId]:
        """The only two who may know of it (I7)."""
        return frozenset({self.opener, self.other})


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a dispute as it was signed, and its words, which the hub cannot open."""

    dispute: DisputeId
    number: int
    """From 1, in the order of the thread."""
    jws: str
    text: str
