"""The bodies of the API as pydantic sees them: what is taken, what is given.

What is taken names every field and refuses every other one. Signed documents are opaque here: they
are read and held to their form by `hub.protocols`, not twice.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from hub.consent.question import EvidenceClass, Scope
from hub.protocols.blind_key import MOST_CANDIDATES
from hub.protocols.canonical import LARGEST_INTEGER
from hub.protocols.dispute import Grievance, Result
from hub.protocols.limits import BATCH_NOTICES
from hub.protocols.names import NoticeType

LARGEST_PAGE: Final = 500
USUAL_PAGE: Final = 50
MOST_BOXES: Final = 4_000
"""Members that one epoch is wrapped to in one request: all of England."""

BLIND_GRANT_CHARS: Final = 65_536
"""Longest blind grant: a line of some 140 characters for each candidate, as base64url."""

Id = Annotated[str, Field(max_length=64)]
Jws = Annotated[str, Field(max_length=12_288)]
Jwe = Annotated[str, Field(max_length=8_192)]
Value = Any
"""Any JSON; what is taken was read by the strict reader before."""
Document = dict[str, Value]


class Taken(BaseModel):
    """A body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Given(BaseModel):
    """A body of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- who takes part -------------------------------------------------------------------------------


class Enrolment(Taken):
    """An invitation's code with the identity key and the first keys of the member that redeems it."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    identity: Value
    entries: Annotated[list[Value], Field(max_length=16)]


class Enrolled(Given):
    """Who has redeemed an invitation."""

    member: Id


class MemberListing(Given):
    """A member as the directory lists it."""

    member: Id
    name: str
    kind: str
    role: str
    area: str | None
    apart: str | None
    """Why it and the caller exchange nothing, whatever is agreed: `suspended` (one of the two) or `realm`
    (one is live, the other on trial or made up); null where they may."""


class MemberPage(Given):
    """One page of the directory."""

    data: list[MemberListing]
    next_cursor: str | None
    has_more: bool


class OpenedEntry(Given):
    """What an entry of the log commits to, and its salt."""

    record: Document
    salt: str


class IdentityKey(Given):
    """A member's identity key with the proof that it is in the log."""

    jwks: Value
    log_index: int
    opening: OpenedEntry
    proof: str


class MemberKey(Given):
    """A member's key; opening and proof are null until a signed checkpoint covers its entry."""

    document: Value
    key_id: str
    use: str
    log_index: int | None
    revoked_at_index: int | None
    opening: OpenedEntry | None
    proof: str | None


class MemberKeys(Given):
    """A member's identity key and every key that it has signed."""

    identity: IdentityKey
    data: list[MemberKey]


class NewKey(Taken):
    """One more directory document of a member."""

    document: Value


class KeyRegistered(Given):
    """A registered key."""

    key_id: str


# --- notices ------------------------------------------------------------------------------------------


class Promised(Given):
    """The hub's signed word that a notice will be in its log."""

    notice: Id
    promise: Jws


class BatchResult(Given):
    """What became of one line of a batch."""

    status: int
    notice: Id | None = None
    promise: Jws | None = None
    code: str | None = None
    title: str | None = None
    detail: str | None = None


class BatchResults(Given):
    """What became of each line, in order."""

    results: list[BatchResult]


class OwnNotice(Given):
    """A notice of the caller's own."""

    notice: Id
    type: str
    state: str
    kept_at: str
    expires_at: str
    asserted_at: str


class NoticePage(Given):
    """One page of the caller's own notices."""

    data: list[OwnNotice]
    next_cursor: str | None
    has_more: bool


class PromiseAgain(Given):
    """The promise that was given for a notice."""

    promise: Jws


class Moment(Given):
    """Something that happened to a notice and that its sender may know."""

    kind: str
    at: str
    log_index: int


class Timeline(Given):
    """What has happened to a notice, in the order of the log."""

    data: list[Moment]


class NewAssertion(Taken):
    """What a sender asserts anew, signed."""

    assertion: Jws


class NewTokens(Taken):
    """Identifier tokens made anew for a later epoch, and their digests as the sender signed them."""

    renewal: Jws
    tokens: Document


class Withdrawal(Taken):
    """A sender's signed word that its notice no longer stands."""

    withdrawal: Jws


# --- the inbox ----------------------------------------------------------------------------------------


class Item(Given):
    """One thing that waits for a member."""

    item: Id
    kind: str
    about: Id | None
    passage: Id | None
    put_at: str
    stopped: bool
    body: Value


class ProvedItem(Item):
    """One thing that waits, with the entry behind it where the member may open it."""

    opening: OpenedEntry | None
    proof: str | None


class InboxPage(Given):
    """One page of the inbox; `next_cursor` is the place to go on from, also where there is no more yet."""

    data: list[Item]
    next_cursor: str | None
    has_more: bool


class Waiting(Given):
    """How many items lie beyond the place that the member has read to; counted up to `most`."""

    waiting: int
    most: int


class Confirmation(Taken):
    """The signed answer of a comparison in clear text."""

    confirmation: Jws


class Acknowledgement(Taken):
    """A signed acknowledgement."""

    acknowledgement: Jws


class Outcome(Taken):
    """The signed word what became of a delivery."""

    outcome: Jws


class Approval(Taken):
    """A named officer's signed answer to a task."""

    approval: Jws


class Lead(Taken):
    """A named officer's signed word on who leads a young person that two members count."""

    lead: Jws


class Grant(Taken):
    """A signed answer to a key request, with the key box where there is one."""

    grant: Jws
    box: Jwe | None


class BlindGrant(Taken):
    """A signed answer to a blind key request, with the key boxes in the order of its candidates, or none."""

    grant: Annotated[str, Field(max_length=BLIND_GRANT_CHARS)]
    boxes: Annotated[list[Jwe], Field(max_length=MOST_CANDIDATES)]


class Accepted(Given):
    """Taken and kept; what follows is told through inbox and log."""


# --- papers ---------------------------------------------------------------------------------------------


class NewAgreement(Taken):
    """An agreement with the signatures of the party that proposes it."""

    document: Document
    signed: Document


class Signature(Taken):
    """A party's signatures over an agreement."""

    signed: Document


class Word(Taken):
    """A party's signed word that suspends, resumes or ends an agreement."""

    word: Document


class AgreementListing(Given):
    """One version of an agreement, as the hub has recorded it."""

    agreement: Id
    version: int
    digest: str
    state: str
    parties: list[Id]
    signed_by: list[Id]
    valid_from: str
    valid_until: str | None
    log_index: int | None


class AgreementInFull(AgreementListing):
    """One version of an agreement with its text and its signatures."""

    document: Document
    signed: Document


class AgreementPage(Given):
    """One page of agreements."""

    data: list[AgreementListing]
    next_cursor: str | None
    has_more: bool


class NewPaper(Taken):
    """A signed mandate or standing request."""

    document: Document


class PaperListing(Given):
    """A mandate or standing request."""

    name: str
    version: int
    parties: list[Id]
    state: str
    valid_from: str
    valid_until: str | None
    document: Document
    log_index: int | None


class PaperPage(Given):
    """One page of papers."""

    data: list[PaperListing]
    next_cursor: str | None
    has_more: bool


class Reminder(Given):
    """What a party is told of an agreement before, and when, it lapses."""

    reminder: str
    agreement: Id
    version: int
    days_before: int
    due: str
    review: str
    lapses: str
    says: str


class Reminders(Given):
    """Agreements that are to be looked at again, soonest lapse first."""

    data: list[Reminder]


class NewEpoch(Taken):
    """A linkage epoch with its key as wrapped for each member."""

    document: Document
    boxes: Annotated[dict[Id, Jwe], Field(max_length=MOST_BOXES)]


class EpochListing(Given):
    """A linkage epoch."""

    epoch: Id
    wrapped_to: list[Id]
    suspended: list[Id]
    """Told to the custodian alone."""
    document: Document
    state: str
    valid_from: str
    valid_until: str | None


class Epochs(Given):
    """Every linkage epoch, oldest first."""

    data: list[EpochListing]


class EpochKept(Given):
    """An epoch that was kept."""

    epoch: Id


class WrappedKey(Given):
    """The linkage key of an epoch, wrapped for the caller."""

    box: Jwe


class Evaluation(Taken):
    """A question: might the caller tell `recipient` each part of such a notice now?"""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True, hide_input_in_errors=True)

    notice_type: NoticeType
    purpose: Annotated[str, Field(max_length=40)]
    recipient: Id
    scope: Scope | None
    flags: Document
    evidence: EvidenceClass
    confirmed_same: bool
    acts_for: Id | None = None


class ReasonGiven(Given):
    """One reason why not."""

    code: str
    agreement: Id | None
    version: int | None
    clause: str | None
    detail: str


class DecisionGiven(Given):
    """The answer for one category."""

    category: str
    permitted: bool
    agreement: Id | None
    version: int | None
    clause: str | None
    basis: str | None
    reasons: list[ReasonGiven]
    says: str


class Evaluated(Given):
    """The answer for the fact of a match and for each of the ten parts."""

    data: list[DecisionGiven]


# --- disputes -----------------------------------------------------------------------------------------


class NewDisputeMessage(Taken):
    """A signed message of a dispute, and its words, sealed to the other party."""

    message: Jws
    text: Jwe


class DisputeListing(Given):
    """How a dispute stands; what is said in it, the hub cannot tell."""

    dispute: Id
    opener: Id
    other: Id
    notice: Id
    entry: int
    grievance: Grievance
    agreement: Id
    version: int
    state: str
    result: Result | None
    opened_at: str
    due_at: str | None
    closed_at: str | None


class DisputePage(Given):
    """One page of disputes."""

    data: list[DisputeListing]
    next_cursor: str | None
    has_more: bool


class DisputeMessages(Given):
    """A thread: every message with its sealed words, in order."""

    data: list[NewDisputeMessage]


# --- the log ------------------------------------------------------------------------------------------


class Cosignature(Taken):
    """A witness's line (C2SP tlog-cosignature) under the checkpoint of this size."""

    size: Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
    line: Annotated[str, Field(max_length=1024)]


class Disclosure(Given):
    """An entry of the log that the caller may open."""

    log_index: int
    opening: OpenedEntry


class ProvedDisclosure(Disclosure):
    """An entry of the log with its proof."""

    proof: str


class DisclosurePage(Given):
    """One page of the entries that the caller may open."""

    data: list[Disclosure]
    next_cursor: str | None
    has_more: bool


class RefusalCount(Given):
    """How many distinct notices were refused for a reason, rounded down to fives."""

    code: str
    notices: int


class Refusals(Given):
    """Refusals of one quarter that is over."""

    quarter: str
    data: list[RefusalCount]


# --- the hub --------------------------------------------------------------------------------------------


class Configuration(Given):
    """What a hub says of itself in public."""

    origin: str
    log_origin: str
    log_vkey: str
    hub_key: Value
    custodian: Id
    slot_seconds: int
    witnesses: int
    suites: list[str]
    version: str
    mode: str
    limits: dict[str, int]


class Health(Given):
    """This process answers."""

    status: str


class Readiness(Given):
    """What has to hold for this process to serve, by name."""

    ready: bool
    checks: dict[str, bool]


class Version(Given):
    """Which hub this is."""

    version: str
    mode: str


class ProblemMeaning(Given):
    """What a problem code stands for, wherever it turns up."""

    code: str
    status: int
    title: str
    next_step: str


class ProblemDocument(Given):
    """Why not, and what to do next (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    next_step: str | None = None
    errors: list[dict[str, str]] | None = None


BATCH_DESCRIPTION: Final = f"One published notice a line, at most {BATCH_NOTICES}."
