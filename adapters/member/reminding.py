"""Reminders of reviews among what waits for a person: told once each, and gone when they are over.

They follow from the gateway's own verified copies of the agreements, so no hub has to be believed
for them; the hub gives the same ones under `/v1/reminders` to who asks it directly.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from adapters.member.records import Records, Waiting
from hub.consent.agreement import Agreement
from hub.consent.review import Reminder, reminders
from hub.protocols.canonical import Json

KIND: Final = "reminder"


def remind(records: Records, agreements: Iterable[Agreement], now: datetime) -> list[Reminder]:
    """Keep what is to be told by now, and return what was not told before."""
    due = {one.id: one for one in reminders(agreements, now)}
    open_still = {waiting.item for waiting in records.waiting(KIND)}
    for item in open_still - set(due):
        records.decided(item, "over")
    return [one for one in due.values() if records.wait(Waiting(one.id, KIND, None, "open", _body(one)))]


def _body(one: Reminder) -> Json:
    return {
        "agreement": one.agreement,
        "version": one.version,
        "days_before": one.days_before,
        "review": one.review.isoformat(),
        "lapses": one.lapses.date().isoformat(),
        "says": one.says,
    }
