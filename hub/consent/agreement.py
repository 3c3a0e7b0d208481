"""What members have agreed: who may tell whom which part of which notice, for what, until when.

An agreement only ever permits. It names parties in groups, and clauses from one group to another;
what no clause names is refused. The document is what people sign and never changes; its state
(proposed, in force, suspended, ended) is what the hub recorded about it since. This module answers
"which clauses speak from this party to that one" and "is it in force at this instant"; what else
must hold is in `hub.consent.rules`.

Days are counted in UTC, everywhere alike: an agreement begins when its first day begins and
lapses when the day after its last day of grace begins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from hub.consent.question import Actor, Category, Role, Scope
from hub.consent.table import TAKES_BACK
from hub.protocols.names import AgreementId, MemberId, NoticeType


class State(StrEnum):
    """What is recorded about a document; only `in_force` lets anything flow."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    ENDED = "ended"
    """Ended by a party, or superseded by a later version."""


class Standing(StrEnum):
    """How an agreement stands at one instant, by state and dates together."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    SUSPENDED = "suspended"
    EXPIRED = "expired"


class FlagName(StrEnum):
    """Flags by which a clause may except itself further than the law does (`unless_flags`)."""

    INSTRUCTION = "instruction"
    OBJECTION = "objection"
    SHIELD = "shield"
    PROVENANCE_DWP = "provenance_dwp"


@dataclass(frozen=True, slots=True)
class Basis:
    """The lawful basis of a clause, in the published codes."""

    article6: str
    gateway: str
    """The provision that lets or makes the sender tell."""
    special_condition: str | None = None
    """Article 9 condition, for a clause on special-category parts."""
    offence_condition: str | None = None
    """Article 10 condition, for a clause on offence data."""

    @property
    def text(self) -> str:
        """The codes in one line, as a Permit carries them."""
        codes = (self.article6, self.gateway, self.special_condition, self.offence_condition)
        return " ".join(code for code in codes if code is not None)


@dataclass(frozen=True, slots=True)
class Party:
    """One signatory, and the group in which the clauses speak of it."""

    member: MemberId
    name: str
    group: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One permission; every list is closed and what is not in it is not permitted."""

    number: str
    senders: frozenset[str]
    receivers: frozenset[str]
    notice_types: frozenset[NoticeType]
    purposes: frozenset[str]
    scopes: frozenset[Scope]
    roles: frozenset[Role]
    categories: frozenset[Category]
    basis: Basis
    unless_flags: frozenset[FlagName] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of one agreement, with the state recorded for it."""

    id: AgreementId
    version: int
    title: str
    parties: tuple[Party, ...]
    clauses: tuple[Clause, ...]
    starts: date
    review: date
    grace_days: int
    ends: date | None = None
    state: State = State.PROPOSED
    officers_each_side: int = 1
    """Named officers, different persons, who must approve on each side what waits for officers."""
    open_to: frozenset[str] = frozenset()
    """Groups that others may join later, each by signing this very document."""

    def joined_by(self, parties: Iterable[Party]) -> "Agreement":
        """Return the same document with those who have acceded to it; a party stays as it is."""
        there = {party.member for party in self.parties}
        return replace(self, parties=(*self.parties, *(one for one in parties if one.member not in there)))

    def recorded_as(self, state: State) -> "Agreement":
        """Return the same document under the state that the hub has recorded for it."""
        return replace(self, state=state)

    @property
    def starts_at(self) -> datetime:
        """The instant at which its first day begins."""
        return _midnight(self.starts)

    @property
    def lapses_at(self) -> datetime:
        """The first instant at which it no longer binds: past review and grace, or past its end."""
        last = self.review + timedelta(days=self.grace_days)
        return _midnight((last if self.ends is None else min(last, self.ends)) + timedelta(days=1))


class Course(NamedTuple):
    """One agreement as it reads from one party to another."""

    agreement: Agreement
    clauses: tuple[Clause, ...]
    speaking: Mapping[NoticeType, Mapping[Category, tuple[Clause, ...]]]
    """The same by type of notice and by what they list, each time in their order.

    A clause that lets a part be received lets it be recalled, whether or not it lists recalls, and
    whichever parts it lists for them: those clauses come last.
    """
    starts_at: datetime
    lapses_at: datetime

    def standing(self, at: datetime) -> Standing:
        """Return how the agreement stands at this instant."""
        state = self.agreement.state
        if state is State.ENDED or at >= self.lapses_at:
            return Standing.EXPIRED
        if state is State.SUSPENDED:
            return Standing.SUSPENDED
        if state is not State.IN_FORCE or at < self.starts_at:
            return Standing.NOT_YET
        return Standing.IN_FORCE


class AgreementBook:
    """Agreements indexed by party, built once and never changed, so that a decision reads only its pair's."""

    __slots__ = ("_pairs", "_shelves")

    def __init__(self, shelves: Mapping[MemberId, Mapping[int, "_Place"]]) -> None:
        self._shelves = shelves
        self._pairs: dict[tuple[MemberId, MemberId], tuple[Course, ...]] = {}

    @classmethod
    def from_agreements(cls, agreements: Iterable[Agreement]) -> "AgreementBook":
        """Index agreements of any state; the order in which they come carries no meaning."""
        shelves: dict[MemberId, dict[int, _Place]] = {}
        for position, agreement in enumerate(agreements):
            courses = _courses(agreement)
            for party in agreement.parties:
                shelves.setdefault(party.member, {})[position] = _Place(party.group, courses)
        return cls(shelves)

    def between(self, sender: Actor, recipient: Actor) -> list[Course]:
        """Return every agreement to which both are party, as it reads from the one to the other.

        An actor stands in for the authority it acts for; whether it holds that authority's
        mandate is a rule of its own. Two actors for one and the same party have no agreement.
        """
        return [
            course
            for giver in _parties(sender)
            for taker in _parties(recipient)
            if giver != taker
            for course in self._pairs.get((giver, taker)) or self._pair(giver, taker)
        ]

    def officers_each_side(self, name: AgreementId, version: int) -> int:
        """Return how many officers of a side approve under this version; one if it is unknown."""
        found = (
            course.agreement.officers_each_side
            for shelf in self._shelves.values()
            for place in shelf.values()
            for course in place.courses.values()
            if (course.agreement.id, course.agreement.version) == (name, version)
        )
        return next(found, 1)

    def _pair(self, giver: MemberId, taker: MemberId) -> tuple[Course, ...]:
        """Put a pair's agreements together once: the same two ask again for each of eleven categories."""
        given, taken = self._shelves.get(giver, {}), self._shelves.get(taker, {})
        common = [position for position in given if position in taken]
        found = tuple(
            given[position].courses[given[position].group, taken[position].group] for position in common
        )
        if found:
            self._pairs[giver, taker] = found
        return found


class _Place(NamedTuple):
    group: str
    courses: Mapping[tuple[str, str], Course]


def _courses(agreement: Agreement) -> dict[tuple[str, str], Course]:
    groups = {party.group for party in agreement.parties}
    starts_at, lapses_at = agreement.starts_at, agreement.lapses_at
    return {
        (giver, taker): Course(agreement, clauses, _speaking(clauses), starts_at, lapses_at)
        for giver in groups
        for taker in groups
        for clauses in [tuple(c for c in agreement.clauses if giver in c.senders and taker in c.receivers)]
    }


def _speaking(clauses: Sequence[Clause]) -> dict[NoticeType, dict[Category, tuple[Clause, ...]]]:
    speaking: dict[NoticeType, dict[Category, tuple[Clause, ...]]] = {}
    for clause in clauses:
        for kind in clause.notice_types:
            listing = speaking.setdefault(kind, {})
            for category in clause.categories:
                listing[category] = (*listing.get(category, ()), clause)
    for clause in clauses:
        if not clause.categories - {Category.FACT_OF_MATCH}:
            continue
        listing = speaking.setdefault(NoticeType.RECALL, {})
        for category in TAKES_BACK:
            if clause not in listing.get(category, ()):
                listing[category] = (*listing.get(category, ()), clause)
    return speaking


def _parties(actor: Actor) -> tuple[MemberId, ...]:
    return (actor.member,) if actor.acts_for is None else (actor.member, actor.acts_for)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
