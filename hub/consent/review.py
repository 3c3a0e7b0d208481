"""Which agreements a party has to look at again, and since which day it should have been told.

An agreement lapses by itself when its review and grace are past. Before that its parties are told
three times, 90, 30 and 7 days ahead, and once more when it has lapsed. A reminder follows from the
document and the day alone: its id is the same whoever works it out and however often, so nobody is
told twice and nothing has to be kept to tell it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from hub.consent.agreement import Agreement, State
from hub.protocols.names import AgreementId

DAYS_BEFORE: Final = (90, 30, 7)
"""How long before the review, or the end where that is sooner, its parties are told."""

TOLD_AFTER: Final = timedelta(days=90)
"""How long a reminder of a lapse stands: after that nobody waits for it."""

_TOLD: Final = frozenset({State.IN_FORCE, State.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Reminder:
    """One thing that its parties are told about an agreement."""

    agreement: AgreementId
    version: int
    days_before: int
    """90, 30 or 7 days before that day; 0 where it has lapsed."""
    due: date
    """The day from which it is told."""
    review: date
    """The day by which to review it: the document's own, or its end where that is sooner."""
    lapses: datetime

    @property
    def id(self) -> str:
        """The same for the same reminder, always."""
        return f"{self.agreement}.v{self.version}.{self.days_before}"

    @property
    def says(self) -> str:
        """One sentence, and what to do."""
        named = f"{self.agreement} version {self.version}"
        if self.days_before == 0:
            return (
                f"{named} has lapsed and nothing flows under it any more: review it and sign a new version."
            )
        return (
            f"{named} is to be reviewed by {self.review.isoformat()}; it lapses by itself on"
            f" {self.lapses.date().isoformat()}. Begin with: hub agreement revise"
        )


def reminders(agreements: Iterable[Agreement], now: datetime) -> list[Reminder]:
    """Return what is to be told by now: of each agreement the latest alone, soonest lapse first."""
    found = (due for agreement in agreements for due in _due(agreement, now))
    return sorted(found, key=lambda one: (one.lapses, one.agreement, one.version))


def _due(agreement: Agreement, now: datetime) -> Iterator[Reminder]:
    if agreement.state not in _TOLD or now >= agreement.lapses_at + TOLD_AFTER:
        return
    if now >= agreement.lapses_at:
        yield _reminder(agreement, 0, agreement.lapses_at.date())
        return
    passed = [days for days in DAYS_BEFORE if now.date() >= _review(agreement) - timedelta(days=days)]
    if passed:
        yield _reminder(agreement, passed[-1], _review(agreement) - timedelta(days=passed[-1]))


def _reminder(agreement: Agreement, days_before: int, due: date) -> Reminder:
    lapses = agreement.lapses_at
    return Reminder(agreement.id, agreement.version, days_before, due, _review(agreement), lapses)


def _review(agreement: Agreement) -> date:
    return agreement.review if agreement.ends is None else min(agreement.review, agreement.ends)
