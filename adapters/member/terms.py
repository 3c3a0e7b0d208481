"""The gateway's own copy of what has been agreed, and the same decision as the hub's, run here.

Agreements are believed when every party's identity key has signed the bytes. What is decided
here is decided again at the hub; where the two differ, the stricter one holds, because the gateway
leaves keys out of the box for what it would not permit. A paper that does not hold counts for
nothing and is named; it does not keep the others from counting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from adapters.member.directory import Directory, Listing
from adapters.member.errors import HubRefused
from adapters.member.transport import Transport
from hub.consent.agreement import Agreement, AgreementBook, Party, State
from hub.consent.decision import Decision, decide, refuse_apart
from hub.consent.documents import agreement_digest, read_agreement
from hub.consent.flags import Flags
from hub.consent.question import Actor, Category, EvidenceClass, Question, Scope
from hub.consent.table import role_addressed
from hub.protocols import canonical
from hub.protocols.accession import Accession, read_accession
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.mandate import read_mandate
from hub.protocols.names import AgreementId, Digest, MemberId, NoticeType, Part, parse_id
from hub.protocols.notice_types import TYPES
from hub.protocols.signing import Typ, verify_document

_STATES: Final = {
    "proposed": State.PROPOSED,
    "in_force": State.IN_FORCE,
    "suspended": State.SUSPENDED,
    "ended": State.ENDED,
    "superseded": State.ENDED,
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One version of an agreement as verified here, in the state that the hub lists, with its document."""

    agreement: Agreement
    document: Json

    def recorded_as(self, state: State) -> "Copy":
        """The same under another state."""
        return Copy(self.agreement.recorded_as(state), self.document)


@dataclass(frozen=True, slots=True)
class Verified:
    """Papers whose signatures have held before: what was signed never changes."""

    agreements: dict[tuple[AgreementId, int, Digest], Copy] = field(default_factory=dict)
    accessions: dict[Digest, Accession] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """What binds, as this gateway has verified it."""

    agreements: AgreementBook
    mandates: frozenset[tuple[MemberId, MemberId]]
    requests: frozenset[tuple[MemberId, MemberId]]
    doubted: tuple[str, ...] = field(default=())
    """Papers that do not hold, each with the code of what is wrong: they count for nothing."""
    copies: tuple[Copy, ...] = field(default=())
    """What the agreements were read from."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What would be told, by whom, to whom: enough to ask about each category."""

    notice_type: NoticeType
    sender: Listing
    recipient: Listing
    acts_for: MemberId | None
    recipient_acts_for: MemberId | None
    scope: Scope | None
    flags: Flags
    asserted_at: datetime
    evidence: EvidenceClass
    approved_by: frozenset[MemberId] = frozenset()


def read_terms(
    transport: Transport, directory: Directory, now: Callable[[], datetime], verified: Verified | None = None
) -> Terms:
    """Fetch and verify agreements, mandates and standing requests that concern this member.

    What was verified before is taken from `verified`, and what is verified now is added to it.
    """
    reading = _Reading(transport, directory, now(), Verified() if verified is None else verified)
    copies = tuple(reading.copies())
    mandates = frozenset(reading.pairs("/v1/mandates", Typ.MANDATE))
    requests = frozenset(reading.pairs("/v1/standing-requests", Typ.STANDING_REQUEST))
    book = AgreementBook.from_agreements(copy.agreement for copy in copies)
    return Terms(book, mandates, requests, tuple(reading.doubted), copies)


def ask(telling: Telling, category: Category, terms: Terms, now: datetime) -> Decision:
    """Decide one category as the hub will, assuming that the recipient has signed `same`."""
    if telling.recipient.apart is not None:
        return refuse_apart(category, telling.recipient.apart)
    return decide(_question(telling, category, terms, now), terms.agreements)


def could_get(telling: Telling, terms: Terms, now: datetime) -> frozenset[Part]:
    """The parts whose keys may go into a box for this recipient."""
    return frozenset(part for part in Part if ask(telling, Category(part.value), terms, now).permitted)


def dry_run(telling: Telling, terms: Terms, now: datetime) -> list[tuple[Question, Decision]]:
    """Every category, asked and answered before any personal data leaves."""
    questions = [_question(telling, category, terms, now) for category in Category]
    return [(question, ask(telling, question.category, terms, now)) for question in questions]


def _question(telling: Telling, category: Category, terms: Terms, now: datetime) -> Question:
    sender = _actor(telling.sender, telling.acts_for, terms)
    recipient = _actor(telling.recipient, telling.recipient_acts_for, terms)
    role = role_addressed(recipient.kind, recipient.role, telling.notice_type)
    return Question(
        category=category,
        notice_type=telling.notice_type,
        purpose=TYPES[telling.notice_type].purpose,
        sender=sender,
        recipient=replace(recipient, role=role),
        scope=telling.scope,
        flags=telling.flags,
        asserted_at=telling.asserted_at,
        evidence=telling.evidence,
        standing_request=(recipient.acts_for or recipient.member, sender.member) in terms.requests,
        confirmed_same=True,
        approved_by=telling.approved_by,
        over_quota=False,
        asked_at=now,
    )


def _actor(listing: Listing, acts_for: MemberId | None, terms: Terms) -> Actor:
    acting = acts_for or _only_mandate(listing.member, terms)
    return Actor(
        listing.member,
        listing.kind,
        listing.role,
        acting,
        acting is not None and (acting, listing.member) in terms.mandates,
    )


def _only_mandate(member: MemberId, terms: Terms) -> MemberId | None:
    authorities = [authority for authority, company in terms.mandates if company == member]
    return authorities[0] if len(authorities) == 1 else None


@dataclass
class _Reading:
    """One reading of all papers, with those that did not hold."""

    transport: Transport
    directory: Directory
    now: datetime
    verified: Verified
    doubted: list[str] = field(default_factory=list)

    def copies(self) -> Iterator[Copy]:
        """Every agreement that is signed as it must be, in its state."""
        for one in self.transport.pages("/v1/agreements"):
            name = "agreement"
            try:
                name = one.id("agreement", "agr")
                state = _state_of(one)
                copy = self._copy(AgreementId(name), one, state).recorded_as(state)
                yield self._with_newcomers(copy) if state is State.IN_FORCE else copy
            except (ProtocolError, HubRefused) as fault:
                self.doubted.append(f"{name}: {fault.code}")

    def pairs(self, path: str, typ: Typ) -> Iterator[tuple[MemberId, MemberId]]:
        """Authority and other of every mandate or standing request that is in its time."""
        for one in self.transport.pages(path):
            if one.text("state") != "in_force":
                continue
            try:
                authority = MemberId(parse_id("".join(one.list_of_text("parties")[:1]), "mbr"))
                mandate = read_mandate(one.value("document"), typ, self.directory.identity(authority))
            except (ProtocolError, HubRefused) as fault:
                self.doubted.append(f"{typ.name.lower()}: {fault.code}")
                continue
            if mandate.valid_from <= self.now < mandate.valid_until:
                yield mandate.authority, mandate.other

    def _with_newcomers(self, copy: Copy) -> Copy:
        """The same with everybody whose accession to these very bytes holds and stands."""
        agreement = copy.agreement
        if not agreement.open_to:
            return copy
        found = list[Party]()
        for one in self.transport.pages(f"/v1/agreements/{agreement.id}/accessions"):
            if one.text("state") != "in_force":
                continue
            try:
                accession = self._accession(one)
            except (ProtocolError, HubRefused) as fault:
                self.doubted.append(f"accession: {fault.code}")
                continue
            same = (accession.agreement, accession.digest) == (agreement.id, agreement_digest(copy.document))
            if same and accession.group in agreement.open_to:
                found.append(Party(accession.member, accession.name, accession.group))
        return Copy(agreement.joined_by(found), copy.document)

    def _accession(self, one: Reader) -> Accession:
        document = one.value("document")
        digest = canonical.digest(canonical.encode(document))
        known = self.verified.accessions.get(digest)
        if known is None:
            newcomer = MemberId(parse_id("".join(one.list_of_text("parties")[:1]), "mbr"))
            known = read_accession(document, self.directory.identity(newcomer))
            if known.member != newcomer:
                raise Untrusted("accession-other", "a member joins for itself alone")
            self.verified.accessions[digest] = known
        return known

    def _copy(self, name: AgreementId, one: Reader, state: State) -> Copy:
        version, digest = one.integer("version"), one.digest("digest")
        known = self.verified.agreements.get((name, version, digest))
        if known is not None:
            return known
        detail = Reader(self.transport.get(f"/v1/agreements/{name}/versions/{version}"), "agreement")
        document = detail.value("document")
        agreement = read_agreement(document)
        if (agreement.id, agreement.version, agreement_digest(document)) != (name, version, digest):
            raise Untrusted("agreement-other-bytes", "the hub lists another agreement than it shows")
        if state is not State.PROPOSED:
            _check_signed(agreement, document, detail.value("signed"), self.directory)
            self.verified.agreements[name, version, digest] = Copy(agreement, document)
        return Copy(agreement, document)


def _state_of(listed: Reader) -> State:
    state = _STATES.get(listed.text("state"))
    if state is None:
        raise MalformedMessage("agreement-state", "the hub lists a state that this gateway does not know")
    return state


def _check_signed(agreement: Agreement, document: Json, signed: Json, directory: Directory) -> None:
    identities = [directory.identity(party.member) for party in agreement.parties]
    if verify_document(signed, Typ.AGREEMENT, identities) != canonical.encode(document):
        raise Untrusted(
            "agreement-other-bytes", "the hub shows another agreement than the one that was signed"
        )
