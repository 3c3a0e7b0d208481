"""Which waiting notice means the same young person; who else claims it."""

import itertools
from dataclasses import replace

import pytest

from hub.exchange.match import ARRIVALS, DEPARTURES, find_match
from hub.exchange.stages import Match
from hub.exchange.states import NoticeState, PassageState
from hub.matching.verdict import Outcome
from hub.protocols.names import NoticeId, NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME


def found(town: Town, notice: NoticeId) -> Match | None:
    """What the hub finds for a kept notice now."""
    with town.store.write() as work:
        stored = work.notices.get(notice)
        assert stored is not None
        return find_match(stored, work, town.hub)


def test_a_departure_meets_an_arrival_whichever_comes_first(town: Town) -> None:
    """The verdict does not depend on the order; the departure is the departure."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    for notice in (departure, arrival):
        match = found(town, notice)
        assert match is not None
        assert (match.departure.notice, match.arrival.notice) == (departure, arrival)
        assert match.verdict.outcome is Outcome.CERTAIN
        assert match.rivals == 0


@pytest.mark.parametrize("kind", [NoticeType.MOVED_OUT, NoticeType.NEW_ARRIVAL])
def test_two_of_a_kind_do_not_meet(town: Town, kind: NoticeType) -> None:
    """Two departures, or two arrivals, of one person are no match."""
    town.members["mbr_kent"].publishes(ADA, kind)
    second = town.members["mbr_medway"].publishes(ADA, kind)
    town.slot()
    assert found(town, second) is None


def test_a_member_does_not_meet_itself(town: Town) -> None:
    """Who has both sides needs no hub."""
    kent = town.members["mbr_kent"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    second = kent.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert found(town, second) is None


def test_what_has_ended_is_not_met(town: Town) -> None:
    """A withdrawn notice is found no more, from the instant of its withdrawal."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    kent.withdraws(departure)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    assert found(town, arrival) is None
    assert town.notice(departure).state is NoticeState.WITHDRAWN


def test_all_who_claim_are_counted(town: Town) -> None:
    """I10: further candidates, and whoever was matched before, are rivals."""
    town.admits("mbr_lambeth", area="208")
    town.admits("mbr_southwark", area="210")
    town.agrees("kent-lambeth-movers")
    town.agrees("lambeth-southwark-movers")
    town.members["mbr_kent"].grants = False
    departure = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    second = town.members["mbr_lambeth"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    match = found(town, second)
    assert match is not None
    assert (match.departure.notice, match.rivals) == (departure, 1)
    third = town.members["mbr_southwark"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    match = found(town, third)
    assert match is not None
    assert match.rivals == 2
    assert {passage.state for passage in town.passages(departure)} == {PassageState.SECOND_LOOK}


def test_a_claim_that_was_stopped_is_none(town: Town) -> None:
    """A rival that has withdrawn is no rival to the next."""
    town.admits("mbr_lambeth", area="208")
    town.agrees("kent-lambeth-movers")
    town.members["mbr_kent"].grants = False
    town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    first = town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    town.members["mbr_medway"].withdraws(first)
    town.slot()
    second = town.members["mbr_lambeth"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    match = found(town, second)
    assert match is not None
    assert match.rivals == 0


def test_the_best_is_taken_and_equals_are_taken_alike() -> None:
    """With several candidates the heaviest verdict leads; between equals the older id: chance has no part."""
    for order in itertools.permutations(("mbr_medway", "mbr_lambeth")):
        town = Town()
        for member in ("mbr_kent", "mbr_medway", "mbr_lambeth"):
            town.admits(member)
        weak, strong = order
        town.members[weak].publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
        best = town.members[strong].publishes(ADA, NoticeType.NEW_ARRIVAL)
        town.slot()
        match = found(town, town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT))
        assert match is not None
        assert (match.arrival.notice, match.rivals) == (best, 1)


@pytest.mark.parametrize("kind", sorted(set(NoticeType) - DEPARTURES - ARRIVALS))
def test_what_points_back_is_matched_with_nothing(town: Town, kind: NoticeType) -> None:
    """Corrections, withdrawals and recalls concern an earlier notice, not another person's."""
    town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    notice = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    with town.store.write() as work:
        stored = work.notices.get(notice)
        assert stored is not None
        odd = replace(stored, manifest=replace(stored.manifest, type=kind))
        assert find_match(odd, work, town.hub) is None


def test_departures_and_arrivals_are_the_four_first_types() -> None:
    """Each of the four is one or the other."""
    assert set(list(NoticeType)[:4]) == DEPARTURES | ARRIVALS
    assert not DEPARTURES & ARRIVALS
