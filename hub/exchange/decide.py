"""Gather the facts of one passage and ask `hub.consent` what may leave.

Decides nothing by itself: it puts the same question as the sender's gateway does, with what this
unit of work reads about agreements, mandates, standing requests and flags. A notice without a
permit for the fact of a match, to both sides, goes no further (I4).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import structlog

from hub.consent.agreement import Agreement, AgreementBook, Party, State
from hub.consent.decision import (
    RULES_VERSION,
    Decision,
    Permit,
    Reason,
    ReasonCode,
    decide,
    refuse_apart,
)
from hub.consent.documents import reload_agreement
from hub.consent.flags import union
from hub.consent.question import Actor, Apart, Category, EvidenceClass, Question, Role
from hub.consent.table import role_addressed
from hub.exchange import naming
from hub.exchange.errors import HubFault
from hub.exchange.ports import Work
from hub.exchange.stages import (
    KeyWanted,
    Member,
    PaperKind,
    PaperOutline,
    PaperState,
    Passage,
    Permitted,
    Refused,
    Standing,
    StoredNotice,
)
from hub.protocols.accession import reload_accession
from hub.protocols.blind_key import LEAST_CANDIDATES, BlindKeyRequest
from hub.protocols.delivery import Stage
from hub.protocols.names import Digest, MemberId, Part

_UNNAMED: Final = "the person is shielded, and the officers of the arrival's side have not let it be named"
_UNALIKE: Final = "the person is shielded, and what stops for one of the candidates stops for all"
_ALONE: Final = "the person is shielded, and the clause is nobody else's: it would name the arrival's side"

K = TypeVar("K")
V = TypeVar("V")

_STATES = {
    PaperState.PROPOSED: State.PROPOSED,
    PaperState.IN_FORCE: State.IN_FORCE,
    PaperState.SUSPENDED: State.SUSPENDED,
    PaperState.ENDED: State.ENDED,
    PaperState.SUPERSEDED: State.ENDED,
}

_FURTHER: Final[tuple[Part, ...]] = tuple(part for part in Part if part is not Part.IDENTITY)

_ADMITTED = frozenset({Standing.TRIAL, Standing.LIVE})


@dataclass(frozen=True, slots=True)
class Terms:
    """What binds at one instant: agreements, mandates, standing requests, who is suspended."""

    agreements: AgreementBook
    mandates: frozenset[tuple[MemberId, MemberId]]
    """(authority, careers company that acts for it)"""
    requests: frozenset[tuple[MemberId, MemberId]]
    """(authority, institution it has asked to notify unprompted)"""
    members: Mapping[MemberId, Member]
    at: datetime


def read_terms(work: Work, now: datetime) -> Terms:
    """Read, in this very unit of work, what binds now (I2, I6).

    Documents are read once in a process: they never change, only the state that is recorded for them.
    """
    return Terms(
        agreements=_BOOKS.book(work),
        mandates=frozenset(_pairs(work.papers.outlines(PaperKind.MANDATE), now)),
        requests=frozenset(_pairs(work.papers.outlines(PaperKind.STANDING_REQUEST), now)),
        members={member.member: member for member in work.members.all()},
        at=now,
    )


class _Books:
    """The agreements of a moment, put together once for each set of documents and states."""

    MOST_BOOKS: Final = 8
    MOST_AGREEMENTS: Final = 10_000

    def __init__(self) -> None:
        self._books: dict[tuple[tuple[Digest, PaperState], ...], AgreementBook] = {}
        self._agreements: dict[Digest, Agreement] = {}

    def book(self, work: Work) -> AgreementBook:
        """The book of all agreements as this unit of work has them."""
        outlines, joining = work.papers.outlines(PaperKind.AGREEMENT), _joining(work)
        key = tuple((outline.digest, outline.state) for outline in (*outlines, *joining))
        found = self._books.get(key)
        if found is None:
            found = AgreementBook.from_agreements(self.agreements(work))
            _make_room(self._books, self.MOST_BOOKS)
            self._books[key] = found
        return found

    def agreements(self, work: Work) -> list[Agreement]:
        """Every version of every agreement in its state, with those who have joined it."""
        newcomers: dict[Digest, list[Party]] = {}
        for outline in _joining(work):
            digest, party = self._newcomer(outline, work)
            newcomers.setdefault(digest, []).append(party)
        return [
            self._agreement(outline, work)
            .joined_by(newcomers.get(outline.digest, ()))
            .recorded_as(_STATES[outline.state])
            for outline in work.papers.outlines(PaperKind.AGREEMENT)
        ]

    def _agreement(self, outline: PaperOutline, work: Work) -> Agreement:
        found = self._agreements.get(outline.digest)
        if found is None:
            paper = work.papers.get(PaperKind.AGREEMENT, outline.name, outline.version)
            if paper is None:
                raise HubFault("paper-missing", "an agreement that is listed is not kept")
            found = reload_agreement(paper.document)
            _make_room(self._agreements, self.MOST_AGREEMENTS)
            self._agreements[outline.digest] = found
        return found

    @staticmethod
    def _newcomer(outline: PaperOutline, work: Work) -> tuple[Digest, Party]:
        """The digest of the document that a member has joined, and as what it stands there."""
        paper = work.papers.get(PaperKind.ACCESSION, outline.name, outline.version)
        if paper is None:
            raise HubFault("paper-missing", "an accession that is listed is not kept")
        accession = reload_accession(paper.document)
        return accession.digest, Party(accession.member, accession.name, accession.group)


def _joining(work: Work) -> list[PaperOutline]:
    accessions = work.papers.outlines(PaperKind.ACCESSION)
    return [one for one in accessions if one.state is PaperState.IN_FORCE]


def _make_room(kept: dict[K, V], most: int) -> None:
    while len(kept) >= most:
        kept.pop(next(iter(kept)), None)  # another thread may have been here


class _Faults:
    """How many decisions of this process failed and so refused: a figure for the operator."""

    total = 0


FAULTS: Final = _Faults()
_BOOKS: Final = _Books()


def read_agreements(work: Work) -> list[Agreement]:
    """Every agreement as recorded, for whoever looks at all of them at once."""
    return _BOOKS.agreements(work)


def _pairs(papers: Iterable[PaperOutline], now: datetime) -> Iterable[tuple[MemberId, MemberId]]:
    return ((paper.parties[0], paper.parties[1]) for paper in papers if paper.in_force(now))


def decide_fact(
    passage: Passage,
    about: StoredNotice,
    counter: StoredNotice,
    told: MemberId,
    terms: Terms,
    *,
    over_quota: bool,
) -> Decision:
    """May `told`, who published `counter`, learn that `about` matches it?"""
    question = _question(passage, about, counter, terms, Category.FACT_OF_MATCH)
    recipient = _recipient(told, terms, counter.manifest.acts_for, about)
    return _answer(replace(question, recipient=recipient, over_quota=over_quota), terms)


def decide_task(
    passage: Passage,
    about: StoredNotice,
    counter: StoredNotice | None,
    terms: Terms,
    *,
    over_quota: bool = False,
) -> Decision:
    """May a named officer of the side that `about` would be told to be asked about it?

    The task names no other side.
    """
    question = _question(passage, about, counter, terms, Category.FACT_OF_MATCH)
    officer = replace(question.recipient, role=Role.NAMED_OFFICER)
    return _answer(replace(question, recipient=officer, over_quota=over_quota), terms)


def officers_each_side(permitted: Decision, terms: Terms) -> int:
    """How many people of a side have to approve, as the agreement that permits to ask them says."""
    permit = permitted.permit
    return 1 if permit is None else terms.agreements.officers_each_side(permit.agreement, permit.version)


def decide_identity(
    passage: Passage,
    notice: StoredNotice,
    counter: StoredNotice | None,
    terms: Terms,
    *,
    over_quota: bool = False,
) -> Permitted | KeyWanted | Refused:
    """May the identity part leave, and may both sides learn of the match?

    Where the sender named the recipient and made its box, no match is relied on and the match
    needs no permit of its own.
    """
    if apart := _apart(passage, terms):
        return Refused(passage, (apart,), held=False)
    question = replace(_question(passage, notice, counter, terms, Category.IDENTITY), over_quota=over_quota)
    identity = _answer(question, terms)
    if counter is None:
        return _staged(passage, Stage.IDENTITY, notice, None, {Part.IDENTITY: identity})
    to_sender = decide_fact(passage, counter, notice, passage.sender, terms, over_quota=over_quota)
    to_recipient = decide_fact(passage, notice, counter, passage.recipient, terms, over_quota=over_quota)
    refused = _refused(passage, (to_sender, to_recipient, identity))
    if refused.decisions and not refused.held:
        return refused
    if told := kept_back(passage, notice, counter, terms):
        return told
    if refused.decisions:
        return refused
    if passage.box is not None:
        return _staged(passage, Stage.IDENTITY, notice, to_recipient, {Part.IDENTITY: identity})
    return _asked_alike(KeyWanted(passage, notice, counter, to_sender, identity), terms)


def decide_rest(
    passage: Passage, notice: StoredNotice, counter: StoredNotice | None, terms: Terms
) -> Permitted | Refused:
    """Which of the other nine parts may leave, now that the recipient has signed `same`?"""
    if apart := _apart(passage, terms):
        return Refused(passage, (apart,), held=False)
    fact = None
    if counter is not None:
        fact = decide_fact(passage, notice, counter, passage.recipient, terms, over_quota=False)
        if not fact.permitted:
            return _refused(passage, (fact,))
        if told := kept_back(passage, notice, counter, terms):
            return told
    further = _further(passage, notice, counter, terms)
    return _staged(passage, Stage.REST, notice, fact, dict(zip(_FURTHER, further, strict=True)))


def _further(
    passage: Passage, notice: StoredNotice, counter: StoredNotice | None, terms: Terms
) -> Iterator[Decision]:
    """The decision on each of the other nine parts, in their order."""
    question = _question(passage, notice, counter, terms, Category.IDENTITY)
    return (_answer(replace(question, category=Category(part.value)), terms) for part in _FURTHER)


def kept_back(passage: Passage, notice: StoredNotice, counter: StoredNotice, terms: Terms) -> Refused | None:
    """Refuse the way that would tell where a shielded person is; None where it does not, or may.

    Where a key was asked for blindly, what goes on must still be alike for every candidate: else who
    suspends or resumes an agreement with one of them would see whether anything stops, or changes.
    """
    if not naming.keeps_back(passage, notice, counter):
        return None
    if naming.arrival_of(notice, counter) is notice:
        return _no(passage, _UNNAMED)
    if isinstance(passage.request, BlindKeyRequest):
        still = set(passage.candidates) <= set(alike(passage, notice, counter, terms))
        return None if still else _no(passage, _UNALIKE)
    if passage.request is not None:
        return None  # before there was a shield: this tells the sender nothing more
    if len(alike(passage, notice, counter, terms)) >= LEAST_CANDIDATES:
        return None
    return _no(passage, _ALONE)


def _asked_alike(wanted: KeyWanted, terms: Terms) -> KeyWanted | Refused:
    """Whom a key is asked for: the recipient, or where it may not be named all who would be told of alike."""
    passage, notice, counter = wanted.passage, wanted.notice, wanted.counter
    if naming.asked_openly(passage) or not naming.keeps_back(passage, notice, counter):
        return wanted
    candidates = alike(passage, notice, counter, terms)
    if len(candidates) < LEAST_CANDIDATES:
        return _no(passage, _ALONE)
    return replace(wanted, alike=candidates)


def alike(
    passage: Passage, notice: StoredNotice, counter: StoredNotice, terms: Terms
) -> tuple[MemberId, ...]:
    """Every member of which the sender would be shown just the same, were it the recipient: sorted.

    What a sender is shown are clauses, in its officer's task and in the request, and later whether
    anything follows upon names and birthday. So these are the members for whom the very same would be
    shown, whatever else their agreements say; which of them is meant does not change the list.
    """
    shown = _shown(passage, notice, counter, terms)
    if shown is None:
        return ()
    others = [one for one in terms.members if one != passage.sender]
    found = {
        member
        for member in others
        for acts_for in _acting(member, terms)
        if _shown_as_if(member, acts_for, passage, notice, counter, terms) == shown
    }
    return tuple(sorted(found | {passage.recipient}))


def refuse_without_key(passage: Passage) -> Refused:
    """The refusal where nothing can be sealed to the recipient: no key in its time, or a box for another."""
    detail = "there is no sealing key of the recipient to which this could be, or was, sealed"
    reason = Reason(ReasonCode.RECIPIENT, None, None, None, detail)
    return Refused(passage, (Decision(Category.IDENTITY, None, (reason,), RULES_VERSION),), held=False)


def decide_again(
    passage: Passage, stage: Stage, notice: StoredNotice, counter: StoredNotice | None, terms: Terms
) -> Permitted | Refused:
    """The same decision at the instant of hand-over, for what already lies in an inbox (I6)."""
    if stage is Stage.REST:
        return decide_rest(passage, notice, counter, terms)
    decision = decide_identity(passage, notice, counter, terms)
    if isinstance(decision, KeyWanted):
        raise HubFault("box-missing", "an identity part lies in an inbox although no box was ever made")
    return decision


def _staged(
    passage: Passage,
    stage: Stage,
    notice: StoredNotice,
    fact: Decision | None,
    decisions: Mapping[Part, Decision],
) -> Permitted | Refused:
    permits = {part: decision for part, decision in decisions.items() if decision.permitted}
    if not permits:
        return _refused(passage, tuple(decisions.values()))
    withheld = {part: decision for part, decision in decisions.items() if part not in permits}
    return Permitted(passage, stage, notice, fact, permits, withheld)


def _refused(passage: Passage, decisions: tuple[Decision, ...]) -> Refused:
    refusals = tuple(decision for decision in decisions if not decision.permitted)
    return Refused(passage, refusals, held=all(decision.officer_could_permit for decision in refusals))


def _no(passage: Passage, detail: str) -> Refused:
    """The refusal that keeps the arrival's side unnamed."""
    reason = Reason(ReasonCode.SHIELD, None, None, None, detail)
    return Refused(passage, (Decision(Category.FACT_OF_MATCH, None, (reason,), RULES_VERSION),), held=False)


def _shown(
    passage: Passage, notice: StoredNotice, counter: StoredNotice, terms: Terms
) -> tuple[tuple[Permit, ...], bool] | None:
    """The clauses that a sender is shown once both sides have approved, and whether there is a second stage.

    None where one of the clauses is missing, or where these two exchange nothing.
    """
    if _apart(passage, terms):
        return None
    both = passage.moved(approved_by=frozenset({passage.sender, passage.recipient}))
    decisions = (
        decide_task(both, counter, notice, terms),
        decide_fact(both, counter, notice, both.sender, terms, over_quota=False),
        decide_fact(both, notice, counter, both.recipient, terms, over_quota=False),
        _answer(_question(both, notice, counter, terms, Category.IDENTITY), terms),
    )
    permits = [decision.permit for decision in decisions if decision.permit is not None]
    if len(permits) < len(decisions):
        return None
    return tuple(permits), any(
        one.permitted for one in _further(both.moved(same=True), notice, counter, terms)
    )


def _shown_as_if(
    member: MemberId,
    acts_for: MemberId | None,
    passage: Passage,
    notice: StoredNotice,
    counter: StoredNotice,
    terms: Terms,
) -> tuple[tuple[Permit, ...], bool] | None:
    """The same, had the counter-notice been this member's."""
    manifest = replace(counter.manifest, sender=member, acts_for=acts_for)
    return _shown(passage.moved(recipient=member), notice, replace(counter, manifest=manifest), terms)


def _acting(member: MemberId, terms: Terms) -> list[MemberId | None]:
    """For whom a member may act: for itself, or as a careers company for each authority that lets it."""
    return [None, *sorted(authority for authority, company in terms.mandates if company == member)]


def stand_apart(one: MemberId, other: MemberId, members: Mapping[MemberId, Member]) -> Apart | None:
    """Why these two members exchange nothing, whatever is agreed; None where they may."""
    ends = (members.get(one), members.get(other))
    admitted = [member for member in ends if member is not None and member.standing in _ADMITTED]
    if len(admitted) < len(ends):
        return Apart.SUSPENDED
    return Apart.REALM if len({member.realm for member in admitted}) > 1 else None


def _apart(passage: Passage, terms: Terms) -> Decision | None:
    apart = stand_apart(passage.sender, passage.recipient, terms.members)
    return None if apart is None else refuse_apart(Category.FACT_OF_MATCH, apart)


def _question(
    passage: Passage, about: StoredNotice, counter: StoredNotice | None, terms: Terms, category: Category
) -> Question:
    """The question about `about`, asked for whoever published `counter` or is named by `about`."""
    told = passage.recipient if about.notice == passage.notice else passage.sender
    acts_for = counter.manifest.acts_for if counter is not None else _only_mandate(told, terms)
    sender = _actor(about.sender, terms, about.manifest.acts_for)
    recipient = _recipient(told, terms, acts_for, about)
    return Question(
        category=category,
        notice_type=about.manifest.type,
        purpose=about.manifest.purpose,
        sender=sender,
        recipient=recipient,
        scope=about.scope,
        flags=about.flags if counter is None else union(about.flags, counter.flags),
        asserted_at=about.asserted_at if counter is None else min(about.asserted_at, counter.asserted_at),
        evidence=EvidenceClass.RECIPIENT_NAMED if counter is None else passage.strength,
        standing_request=(recipient.acts_for or recipient.member, sender.member) in terms.requests,
        confirmed_same=passage.same,
        approved_by=passage.approved_by,
        over_quota=False,
        asked_at=terms.at,
    )


def _actor(member: MemberId, terms: Terms, acts_for: MemberId | None) -> Actor:
    known = terms.members[member]
    mandate = acts_for is not None and (acts_for, member) in terms.mandates
    return Actor(member, known.kind, known.role, acts_for, mandate)


def _recipient(member: MemberId, terms: Terms, acts_for: MemberId | None, about: StoredNotice) -> Actor:
    """A member in the role in which it would receive this type of notice."""
    actor = _actor(member, terms, acts_for)
    return replace(actor, role=role_addressed(actor.kind, actor.role, about.manifest.type))


def _answer(question: Question, terms: Terms) -> Decision:
    """Decide. An evaluation that failed has refused; it is counted, and raises an alarm (`passage`)."""
    decision = decide(question, terms.agreements)
    if decision.fault is not None:
        FAULTS.total += 1
        structlog.get_logger("hub.decide").critical(
            "decision-fault", error=decision.fault, notice_type=question.notice_type.value
        )
    return decision


def _only_mandate(member: MemberId, terms: Terms) -> MemberId | None:
    """The one authority that a named careers company acts for; with several, the sender must say."""
    authorities = [authority for authority, company in terms.mandates if company == member]
    return authorities[0] if len(authorities) == 1 else None
