"""How many notices of a member a machine may serve in a day (I11).

Counted are notices as they are carried, whatever they meet: a count that depended on matches would
tell of them (I9). Who has used up a day is not refused: officers decide about its notices of that day.
"""

from datetime import date
from statistics import median
from typing import Final

from hub.exchange import disclosure_log
from hub.exchange.decide import Terms
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import ItemKind, StoredNotice
from hub.exchange.tasks import put_item
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

MEDIAN_DAYS: Final = 28
"""Earlier days that a member's own median is taken over."""


def count(notice: StoredNotice, terms: Terms, work: Work, hub: Hub) -> bool:
    """Count a notice on its day; tell whether its sender has used up that day (I11).

    The first notice beyond is an alarm, which tells the sender what it knows: how many it sent.
    """
    member, day = notice.sender, notice.kept_at.date()
    carried, allowed = work.notices.count_carried(member, day), allowance(member, day, terms, work, hub)
    if carried == allowed + 1:
        facts: dict[str, Json] = {"member": member, "what": "over_quota", "allowed": allowed}
        index = disclosure_log.record_event("alarm", facts, {member}, work, hub)
        put_item(member, ItemKind.ALARM, None, None, {**facts}, index, work, hub)
    return carried > allowed


def is_over(notice: StoredNotice, terms: Terms, work: Work, hub: Hub) -> bool:
    """Whether a notice is of a day on which its sender sent more than its quota.

    Asked of a notice that is met by a later one: who lays out many lies in wait for many.
    """
    member, day = notice.sender, notice.kept_at.date()
    return work.notices.carried_on(member, day) > allowance(member, day, terms, work, hub)


def allowance(member: MemberId, day: date, terms: Terms, work: Work, hub: Hub) -> int:
    """A day's notices of a member that a machine may serve: three times its own median, at least twenty."""
    by_hand = terms.members[member].allowance
    if by_hand is not None:
        return by_hand
    usual = work.notices.daily_counts(member, day, MEDIAN_DAYS)
    return max(hub.quota_floor, int(hub.quota_factor * median(usual)) if usual else 0)
