"""Days from move to contact, by notice and by monthly spreadsheet, over the same moves."""

from dataclasses import replace
from datetime import date

import pytest

from adapters.demo.matches import Match, Told
from adapters.demo.measure import measure_days
from adapters.demo.people import make_region
from hub.matching.tokens import Person, make_tokens
from hub.matching.verdict import judge
from hub.protocols.names import EpochId, NoticeId
from hub.protocols.token_record import LinkageKey

REGION = make_region(1, date(2026, 11, 22))
TOKENS = make_tokens(
    Person("Ada", "Exampleton", date(2009, 3, 1)), LinkageKey(bytes(32)), EpochId("ep_" + "0" * 26), bytes
)


def match(left: date, came: date, *, known: bool, same: bool = True) -> Match:
    """A match of a move of this day, written down on arrival on that day."""
    departure, arrival = REGION.record("strong", "kent"), REGION.record("strong", "medway")
    departure = replace(departure, event_date=left, new_postcode="ME4 4AA" if known else "")
    arrival = replace(arrival, event_date=came, person=arrival.person if same else "somebody else")
    sides = [
        Told(NoticeId(f"ntc_{place}"), "home", "moved_out", record, TOKENS)
        for place, record in enumerate((departure, arrival))
    ]
    return Match(sides[0], sides[1], judge(TOKENS, TOKENS))


@pytest.mark.parametrize(
    ("left", "came", "by_notice", "by_sheet"),
    [
        (date(2026, 10, 1), date(2026, 10, 4), 4, 36),
        (date(2026, 10, 31), date(2026, 11, 9), 10, 6),
        (date(2026, 12, 15), date(2026, 12, 16), 2, 22),
    ],
)
def test_days_are_counted_from_the_move(left: date, came: date, by_notice: int, by_sheet: int) -> None:
    """By notice the day after both sides wrote it down; by sheet the 6th of the month that follows."""
    days = measure_days([match(left, came, known=True)])
    assert (days.moves, days.by_notice, days.by_sheet, days.known) == (1, by_notice, by_sheet, 1)


def test_a_destination_that_nobody_knew_is_said_and_a_false_match_counts_for_nothing() -> None:
    """The spreadsheet is judged kindly, and how kindly is told."""
    moves = [
        match(date(2026, 10, 1), date(2026, 10, 2), known=False),
        match(date(2026, 10, 1), date(2026, 10, 2), known=True, same=False),
    ]
    days = measure_days(moves)
    assert (days.moves, days.known) == (1, 0)
