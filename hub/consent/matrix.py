"""Who may tell whom what, by which kind of notice: the agreements of a region at one glance.

A cell is one kind of notice from one member to another: what clauses in force let be told, and
which clauses those are; or why nothing may, so that a gap is as plain to see as a flow. It reads
clauses, states, days and mandates, and nobody's flags: what a young person has said, and what the
rules forbid besides, is decided notice by notice.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.consent.agreement import Agreement, AgreementBook, Clause, Course, Standing
from hub.consent.question import Actor, Category, Role
from hub.protocols.names import MemberId, MemberKind, NoticeType


class Flow(StrEnum):
    """Whether anything may flow in a cell, or what is in the way."""

    FLOWS = "flows"
    NOT_LISTED = "not_listed"
    """An agreement is in force, but no clause of it lists this kind of notice in this direction."""
    NOT_YET = "not_yet"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    """Ended, superseded, or past review and grace."""
    NO_AGREEMENT = "no_agreement"


_IN_THE_WAY: Final = {
    Standing.SUSPENDED: Flow.SUSPENDED,
    Standing.NOT_YET: Flow.NOT_YET,
    Standing.EXPIRED: Flow.LAPSED,
}
"""What is told where nothing is in force; the first that applies."""

MARKS: Final = {
    Flow.FLOWS: "",
    Flow.NOT_LISTED: "-",
    Flow.NOT_YET: "not yet",
    Flow.SUSPENDED: "stopped",
    Flow.LAPSED: "lapsed",
    Flow.NO_AGREEMENT: ".",
}


@dataclass(frozen=True, slots=True)
class Participant:
    """A member in the matrix, and the authorities whose mandate it holds."""

    member: MemberId
    name: str
    acts_for: frozenset[MemberId] = frozenset()


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of notice from one member to another."""

    notice_type: NoticeType
    sender: MemberId
    recipient: MemberId
    flow: Flow
    told: Mapping[Category, tuple[str, ...]]
    """What may be told, each with the clauses that let it: "agr_kent-medway-movers v1, 2.1"."""

    @property
    def mark(self) -> str:
        """What stands in the cell of a table: how many of the eleven categories, or what is in the way."""
        return str(len(self.told)) if self.flow is Flow.FLOWS else MARKS[self.flow]


def participants(
    agreements: Iterable[Agreement], mandates: Iterable[tuple[MemberId, MemberId]] = ()
) -> list[Participant]:
    """Everybody who is party to an agreement, or acts for a party, by member id."""
    names = {party.member: party.name for agreement in agreements for party in agreement.parties}
    acting: dict[MemberId, set[MemberId]] = {}
    for authority, company in mandates:
        if authority in names:
            acting.setdefault(company, set()).add(authority)
    return [
        Participant(member, names.get(member, member), frozenset(acting.get(member, ())))
        for member in sorted({*names, *acting})
    ]


def matrix(agreements: Iterable[Agreement], people: Sequence[Participant], at: datetime) -> list[Cell]:
    """Return every cell, by kind of notice, sender and recipient; nobody tells itself."""
    book = AgreementBook.from_agreements(agreements)
    courses = {
        (giver.member, taker.member): _courses(giver, taker, book)
        for giver in people
        for taker in people
        if giver.member != taker.member
    }
    return [
        _cell(kind, giver, taker, found, at)
        for kind in NoticeType
        for (giver, taker), found in courses.items()
    ]


def table(
    cells: Iterable[Cell], people: Sequence[Participant], kinds: Sequence[NoticeType] = tuple(NoticeType)
) -> str:
    """Return a plain table for each kind of notice: a row for each sender, a column for each recipient."""
    found = {(cell.notice_type, cell.sender, cell.recipient): cell for cell in cells}
    return "\n".join(_table(found, people, kinds))


def to_csv(cells: Iterable[Cell]) -> str:
    """Return a line for each cell: who, to whom, by what, whether, and the clauses of each category."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["notice_type", "sender", "recipient", "flow", *Category])
    for cell in cells:
        told = ["; ".join(cell.told.get(category, ())) for category in Category]
        writer.writerow([cell.notice_type.value, cell.sender, cell.recipient, cell.flow.value, *told])
    return out.getvalue()


_Found = list[tuple[Course, tuple[Clause, ...], bool]]
"""Agreements as they read from one to the other, with the clauses that speak, and whether the recipient is
there for an authority."""


def _courses(giver: Participant, taker: Participant, book: AgreementBook) -> _Found:
    found: dict[tuple[str, int, MemberId, MemberId], tuple[Course, tuple[Clause, ...], bool]] = {}
    for sender in (giver.member, *sorted(giver.acts_for)):
        for recipient in (taker.member, *sorted(taker.acts_for)):
            for course in book.between(_actor(sender), _actor(recipient)):
                key = (course.agreement.id, course.agreement.version, sender, recipient)
                clauses = _speaking(course.agreement, sender, recipient)
                found[key] = (course, clauses, recipient != taker.member)
    return list(found.values())


def _speaking(agreement: Agreement, sender: MemberId, recipient: MemberId) -> tuple[Clause, ...]:
    group = {party.member: party.group for party in agreement.parties}
    return tuple(
        clause
        for clause in agreement.clauses
        if group[sender] in clause.senders and group[recipient] in clause.receivers
    )


def _actor(member: MemberId) -> Actor:
    """Whoever is asked about here: kind and role are what clauses are asked about, one by one."""
    return Actor(member, MemberKind.AUTHORITY, Role.OTHER)


def _cell(kind: NoticeType, giver: MemberId, taker: MemberId, found: _Found, at: datetime) -> Cell:
    told: dict[Category, list[str]] = {}
    standings = set()
    for course, clauses, acting in found:
        standing = course.standing(at)
        standings.add(standing)
        if standing is Standing.IN_FORCE:
            for clause in clauses:
                if kind in clause.notice_types and _reaches(clause, acting=acting):
                    for category in clause.categories:
                        told.setdefault(category, []).append(_cited(course.agreement, clause))
    ordered = {category: tuple(told[category]) for category in Category if category in told}
    return Cell(kind, giver, taker, _flow(ordered, standings), ordered)


def _reaches(clause: Clause, *, acting: bool) -> bool:
    """Whether a clause names a role that the recipient can have: its own, or that of whoever acts for it."""
    return Role.CAREERS_SERVICE in clause.roles if acting else bool(clause.roles - {Role.CAREERS_SERVICE})


def _cited(agreement: Agreement, clause: Clause) -> str:
    return f"{agreement.id} v{agreement.version}, {clause.number}"


def _flow(told: Mapping[Category, tuple[str, ...]], standings: set[Standing]) -> Flow:
    if told:
        return Flow.FLOWS
    if Standing.IN_FORCE in standings:
        return Flow.NOT_LISTED
    return next((flow for standing, flow in _IN_THE_WAY.items() if standing in standings), Flow.NO_AGREEMENT)


def _table(
    found: Mapping[tuple[NoticeType, MemberId, MemberId], Cell],
    people: Sequence[Participant],
    kinds: Sequence[NoticeType],
) -> Iterator[str]:
    wide = max((len(one.member) for one in people), default=0)
    for kind in kinds:
        yield f"{kind.value}: how many of the {len(Category)} categories the row may tell the column"
        yield " " * wide + "".join(f"  {one.member.removeprefix('mbr_')[:12]:>12}" for one in people)
        for giver in people:
            marks = (
                "" if giver == taker else found[kind, giver.member, taker.member].mark for taker in people
            )
            yield f"{giver.member:{wide}}" + "".join(f"  {mark:>12}" for mark in marks)
        yield ""
    yield "  .  no agreement    -  this kind of notice is not listed    stopped  suspended by a party"
