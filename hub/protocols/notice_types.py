"""The registry of notice types: what each may carry, and where each stands in the exchange.

A new type is a row here, a name in `hub.protocols.names`, and its columns in `hub.consent.table`;
no code asks which type it has before it. All ten parts of a notice are always there: a part that
the type does not carry is sealed padding, and the sender leaves its key out of every box.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.protocols.names import MemberKind, NoticeType, Part


class Place(StrEnum):
    """What a type of notice can meet: a departure meets an arrival; the others meet nothing."""

    DEPARTURE = "departure"
    ARRIVAL = "arrival"
    DIRECTED = "directed"
    """A duty towards one authority: it names its recipient and is matched with nothing."""
    POINTS_BACK = "points_back"
    """It mends an earlier notice, which it names."""


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One type of notice."""

    place: Place
    source: str
    """The provision that it exists for."""
    parts: frozenset[Part] = frozenset(Part)
    """The parts that it may carry."""
    senders: frozenset[MemberKind] = frozenset(MemberKind) - {MemberKind.OBSERVER}
    """The kinds of members that may publish it."""
    purpose: str = "participation"
    """The purpose for which its sender tells (`hub.consent.question.Purpose`)."""
    names_recipient: bool = False
    """The sender knows where to: it names the recipient, and makes its key box at publish."""
    working_days: int | None = None
    """Working days within which the provision wants the other side told; None: without undue delay."""


_AUTHORITY: Final = frozenset({MemberKind.AUTHORITY})

TYPES: Final[Mapping[NoticeType, TypeRow]] = {
    NoticeType.MOVED_OUT: TypeRow(Place.DEPARTURE, "Education and Skills Act 2008 s.17"),
    NoticeType.NEW_ARRIVAL: TypeRow(Place.ARRIVAL, "Education and Skills Act 2008 s.17"),
    NoticeType.CROSS_BORDER_ENROLMENT: TypeRow(
        Place.ARRIVAL, "Education and Skills Act 2008 s.14", names_recipient=True
    ),
    NoticeType.LEAVER: TypeRow(Place.DEPARTURE, "Education and Skills Act 2008 s.13", names_recipient=True),
    NoticeType.CARE_LEAVER_MOVE: TypeRow(
        Place.DIRECTED,
        "Children Act 1989 s.24C(1)",
        purpose="leaving_care",
        parts=frozenset({Part.IDENTITY, Part.ADDRESS, Part.CONTACT, Part.CARE}),
        senders=_AUTHORITY,
        names_recipient=True,
    ),
    NoticeType.EHCP_MOVE: TypeRow(
        Place.DIRECTED,
        "SEND Regulations 2014 reg. 15",
        purpose="send_transfer",
        parts=frozenset({Part.IDENTITY, Part.ADDRESS, Part.CONTACT, Part.SEND, Part.PARENT}),
        senders=_AUTHORITY,
        names_recipient=True,
        working_days=15,
    ),
    NoticeType.CORRECTION: TypeRow(Place.POINTS_BACK, "UK GDPR arts 5(1)(d), 19"),
    NoticeType.WITHDRAWAL: TypeRow(Place.POINTS_BACK, "UK GDPR art. 19"),
    NoticeType.RECALL: TypeRow(Place.POINTS_BACK, "UK GDPR art. 19"),
}


def types_at(place: Place) -> frozenset[NoticeType]:
    """The types that stand at this place."""
    return frozenset(kind for kind, row in TYPES.items() if row.place is place)
