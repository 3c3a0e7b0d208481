"""How many days lie between a move and the first contact, by notice and by monthly spreadsheet.

Both are worked out from the dates in the members' own lists, over the same released moves. By notice:
each side publishes in the night after it has written the move down, and the new area makes contact the
day after both have. By spreadsheet: the old area mails the month's leavers on the 5th of the next month,
and contact is made the day after. That is generous: it takes for granted that the list reaches the
right area, and says beside it for how many moves the old area knew where to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final

from adapters.demo.matches import Match

MAILED_ON: Final = 5
ASSUMED: Final = (
    "each side publishes in the night after it wrote the move down; the spreadsheet is mailed on the 5th"
    " of the next month, always to the right area; contact the day after"
)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from move to contact over the same moves."""

    moves: int
    by_notice: float
    """Median days, every move."""
    by_sheet: float
    """Median days, every move, as if each list reached the right area."""
    known: int
    """Moves whose destination the old area knew, so that a list had somewhere to go."""


def measure_days(matches: Sequence[Match]) -> Days:
    """Compare the two over matches that were released; a false match counts for neither."""
    true = [match for match in matches if match.true]
    return Days(
        moves=len(true),
        by_notice=median([_by_notice(match) for match in true] or [0]),
        by_sheet=median([_by_sheet(match) for match in true] or [0]),
        known=sum(bool(match.departure.record.new_postcode) for match in true),
    )


def _by_notice(match: Match) -> int:
    left, right = match.departure.record.event_date, match.arrival.record.event_date
    return (max(left, right) + timedelta(days=1) - left).days


def _by_sheet(match: Match) -> int:
    left = match.departure.record.event_date
    following = date(left.year + left.month // 12, left.month % 12 + 1, MAILED_ON)
    return (following + timedelta(days=1) - left).days
