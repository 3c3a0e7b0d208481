"""The gateway's own copy of what has been agreed, and the same decision as the hub's, run here.

Agreements are believed when every party's identity key has signed the bytes. What is decided
here is decided again at the hub; where the two differ, the stricter one holds, because the gateway
leaves keys out of the box for what it would not permit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from adapters.member.directory import Directory, Listing
from adapters.member.transport import Transport
from hub.consent.agreement import Agreement, AgreementBook, State
from hub.consent.decision import Decision, decide
from hub.consent.documents import read_agreement
from hub.consent.flags import Flags, union
from hub.consent.question import Actor, Category, EvidenceClass, Purpose, Question, Scope
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import Untrusted
from hub.protocols.mandate import read_mandate
from hub.protocols.names import MemberId, NoticeType, Part
from hub.protocols.signing import Typ, verify_document

_STATES: Final = {
    "proposed": State.PROPOSED,
    "in_force": State.IN_FORCE,
    "suspended": State.SUSPENDED,
    "ended": State.ENDED,
    "superseded": State.ENDED,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What binds, as this gateway has verified it."""

    agreements: AgreementBook
    mandates: frozenset[tuple[MemberId, MemberId]]
    requests: frozenset[tuple[MemberId, MemberId]]


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


def read_terms(transport: Transport, directory: Directory, now: Callable[[], datetime]) -> Terms:
    """Fetch and verify agreements, mandates and standing requests that concern this member."""
    return Terms(
        agreements=AgreementBook.from_agreements(_agreements(transport, directory)),
        mandates=frozenset(_pairs(transport, directory, "/v1/mandates", Typ.MANDATE, now())),
        requests=frozenset(
            _pairs(transport, directory, "/v1/standing-requests", Typ.STANDING_REQUEST, now())
        ),
    )


def ask(telling: Telling, category: Category, terms: Terms, now: datetime) -> Decision:
    """Decide one category as the hub will, assuming that the recipient has signed `same`."""
    return decide(_question(telling, category, terms, now), terms.agreements)


def could_get(telling: Telling, terms: Terms, now: datetime) -> frozenset[Part]:
    """The parts whose keys may go into a box for this recipient."""
    return frozenset(part for part in Part if ask(telling, Category(part.value), terms, now).permitted)


def dry_run(telling: Telling, terms: Terms, now: datetime) -> list[tuple[Question, Decision]]:
    """Every category, asked and answered before any personal data leaves."""
    questions = [_question(telling, category, terms, now) for category in Category]
    return [(question, decide(question, terms.agreements)) for question in questions]


def _question(telling: Telling, category: Category, terms: Terms, now: datetime) -> Question:
    sender = _actor(telling.sender, telling.acts_for, terms)
    recipient = _actor(telling.recipient, telling.recipient_acts_for, terms)
    return Question(
        category=category,
        notice_type=telling.notice_type,
        purpose=Purpose.PARTICIPATION.value,
        sender=sender,
        recipient=recipient,
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


def _agreements(transport: Transport, directory: Directory) -> Iterable[Agreement]:
    for one in Reader(transport.get("/v1/agreements", {"limit": 500}), "agreements").objects("data"):
        name, version = one.text("agreement"), one.integer("version")
        detail = Reader(transport.get(f"/v1/agreements/{name}/versions/{version}"), "agreement")
        document = detail.value("document")
        agreement = read_agreement(document)
        state = _STATES[one.text("state")]
        if state is not State.PROPOSED:
            _check_signed(agreement, document, detail.value("signed"), directory)
        yield agreement.recorded_as(state)


def _check_signed(agreement: Agreement, document: Json, signed: Json, directory: Directory) -> None:
    identities = [directory.identity(party.member) for party in agreement.parties]
    if verify_document(signed, Typ.AGREEMENT, identities) != canonical.encode(document):
        raise Untrusted(
            "agreement-other-bytes", "the hub shows another agreement than the one that was signed"
        )


def _pairs(
    transport: Transport, directory: Directory, path: str, typ: Typ, now: datetime
) -> Iterable[tuple[MemberId, MemberId]]:
    for one in Reader(transport.get(path, {"limit": 500}), path).objects("data"):
        if one.text("state") != "in_force":
            continue
        authority = MemberId(one.list_of_text("parties")[0])
        mandate = read_mandate(one.value("document"), typ, directory.identity(authority))
        if mandate.valid_from <= now < mandate.valid_until:
            yield mandate.authority, mandate.other


def with_counter(telling: Telling, counter: Flags, asserted_at: datetime) -> Telling:
    """The same telling under the union of both notices' flags."""
    return replace(
        telling, flags=union(telling.flags, counter), asserted_at=min(telling.asserted_at, asserted_at)
    )
