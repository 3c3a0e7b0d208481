"""What a machine may serve of a member in a day: its own usual day counts, or what an operator has set."""

from dataclasses import replace
from datetime import timedelta

from hub.exchange import quota
from hub.exchange.decide import read_terms
from hub.protocols.names import MemberId
from tests.simulators.town import Town

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


def test_a_busy_member_has_three_times_its_median(town: Town) -> None:
    """I11: what is usual for it, over the last four weeks of days with notices."""
    with town.store.write() as work:
        for day, count in ((1, 10), (2, 30), (3, 11)):
            for _ in range(count):
                work.notices.count_carried(KENT, town.now.date() - timedelta(days=day))
        terms = read_terms(work, town.now)
        assert quota.allowance(KENT, town.now.date(), terms, work, town.hub) == 33
        assert quota.allowance(MEDWAY, town.now.date(), terms, work, town.hub) == 20


def test_an_operator_sets_a_quota_by_hand(town: Town) -> None:
    """More, or less, than the rule would give; nothing below the floor is raised to it."""
    for allowance in (0, 5, 1000):
        with town.store.write() as work:
            member = work.members.get(KENT)
            assert member is not None
            work.members.put(replace(member, allowance=allowance))
            terms = read_terms(work, town.now)
            assert quota.allowance(KENT, town.now.date(), terms, work, town.hub) == allowance
