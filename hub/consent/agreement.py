"""What members have agreed: who may tell whom which part of which notice, for what, until when.

An agreement only ever permits. It names parties in groups, and clauses from one group to another;
what no clause names is refused. The document is what people sign and never changes; its state
(proposed, in force, suspended, ended) is what the hub recorded about it since. This module answers
"which clauses speak from this party to that one" and "is it in force at this instant"; what else
must hold is in `hub.consent.rules`.

Days are counted in UTC, everywhere alike: an agreement begins when its first day begins and
lapses when the day after its last day of grace begins.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from hub.consent.question import Actor, Category, Role, Scope
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

    __slots__ = ("_shelves",)

    def __init__(self, shelves: Mapping[MemberId, Mapping[int, "_Place"]]) -> None:
        self._shelves = shelves

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
            for course in self._pair(giver, taker)
        ]

    def _pair(self, giver: MemberId, taker: MemberId) -> Iterator[Course]:
        given, taken = self._shelves.get(giver, {}), self._shelves.get(taker, {})
        for position in given if len(given) <= len(taken) else taken:
            if position in given and position in taken:
                place = given[position]
                yield place.courses[place.group, taken[position].group]


class _Place(NamedTuple):
    group: str
    courses: Mapping[tuple[str, str], Course]


def _courses(agreement: Agreement) -> dict[tuple[str, str], Course]:
    groups = {party.group for party in agreement.parties}
    starts_at, lapses_at = agreement.starts_at, agreement.lapses_at
    return {
        (giver, taker): Course(
            agreement,
            tuple(c for c in agreement.clauses if giver in c.senders and taker in c.receivers),
            starts_at,
            lapses_at,
        )
        for giver in groups
        for taker in groups
    }


def _parties(actor: Actor) -> tuple[MemberId, ...]:
    return (actor.member,) if actor.acts_for is None else (actor.member, actor.acts_for)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
