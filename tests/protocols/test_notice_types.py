"""The registry of notice types: a row for each, and each row sensible."""

import pytest

from hub.protocols.names import MemberKind, NoticeType, Part
from hub.protocols.notice_types import TYPES, Place, types_at


def test_every_type_has_one_row() -> None:
    """A type without a row would be refused nowhere and carried nowhere."""
    assert list(TYPES) == list(NoticeType)


@pytest.mark.parametrize("kind", list(NoticeType))
def test_a_row_is_sensible(kind: NoticeType) -> None:
    """Each has a source in law, carries names at least, and no observer sends it."""
    row = TYPES[kind]
    assert row.source
    assert Part.IDENTITY in row.parts
    assert MemberKind.OBSERVER not in row.senders
    assert not (row.names_recipient and row.place is Place.POINTS_BACK)


def test_places_hold_every_type_once() -> None:
    """A departure meets an arrival; the rest mends."""
    places = [types_at(place) for place in Place]
    assert frozenset().union(*places) == set(NoticeType)
    assert sum(map(len, places)) == len(NoticeType)
    assert types_at(Place.POINTS_BACK) == {
        NoticeType.CORRECTION,
        NoticeType.WITHDRAWAL,
        NoticeType.RECALL,
    }


def test_the_duties_of_an_authority_are_sent_by_authorities() -> None:
    """Section 24C and regulation 15 bind authorities; a plan's move is told within 15 working days."""
    for kind in (NoticeType.CARE_LEAVER_MOVE, NoticeType.EHCP_MOVE):
        assert TYPES[kind].senders == {MemberKind.AUTHORITY}
    assert TYPES[NoticeType.EHCP_MOVE].working_days == 15
