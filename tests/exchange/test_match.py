"""Which waiting notice means the same young person; who else claims it."""

import itertools
from dataclasses import replace

import pytest

from hub.exchange.match import ARRIVALS, COUNTED, DEPARTURES, find_matches
from hub.exchange.stages import Look, Match
from hub.exchange.states import NoticeState
from hub.matching.verdict import Outcome
from hub.protocols.names import NoticeId, NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME


def found(town: Town, notice: NoticeId) -> list[Match]:
    """What the hub finds for a kept notice now."""
    with town.store.write() as work:
        stored = work.notices.get(notice)
        assert stored is not None
        return find_matches(stored, work, town.hub)


def test_a_departure_meets_an_arrival_whichever_comes_first(town: Town) -> None:
    """The verdict does not depend on the order; nobody else claims either, so a machine may go on."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    for notice, counter in ((departure, arrival), (arrival, departure)):
        (match,) = found(town, notice)
        assert (match.notice.notice, match.counter.notice) == (notice, counter)
        assert (match.verdict.outcome, match.look) == (Outcome.CERTAIN, None)


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_two_of_a_kind_are_a_duplicate_for_people_to_look_at(town: Town, kind: NoticeType) -> None:
    """Two departures, or two new arrivals, of one person: certain or not, no machine goes on."""
    first = town.members["mbr_kent"].publishes(ADA, kind)
    second = town.members["mbr_medway"].publishes(ADA, kind)
    town.slot()
    (match,) = found(town, second)
    assert (match.counter.notice, match.look) == (first, Look.DUPLICATE)


@pytest.mark.parametrize("kind", sorted((DEPARTURES | ARRIVALS) - COUNTED))
def test_what_a_college_says_duplicates_nothing(town: Town, kind: NoticeType) -> None:
    """Who enrols or misses somebody follows nobody."""
    town.members["mbr_kent"].publishes(ADA, kind)
    second = town.members["mbr_medway"].publishes(ADA, kind)
    town.slot()
    assert found(town, second) == []


def test_a_member_does_not_meet_itself(town: Town) -> None:
    """Who has both sides needs no hub."""
    kent = town.members["mbr_kent"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    second = kent.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert found(town, second) == []


def test_what_has_ended_is_not_met(town: Town) -> None:
    """A withdrawn notice is found no more, from the instant of its withdrawal."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    kent.withdraws(departure)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    assert found(town, arrival) == []
    assert town.notice(departure).state is NoticeState.WITHDRAWN


def test_each_of_several_claims_needs_people_and_overtakes_the_others(town: Town) -> None:
    """I10: whoever claims the same, about as well, is found; what was clear is so no longer."""
    town.admits("mbr_lambeth", area="208")
    town.agrees("kent-lambeth-movers")
    departure = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    first = town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    second = town.members["mbr_lambeth"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    claim, double = found(town, second)
    assert (claim.counter.notice, claim.look, claim.overtaken) == (departure, Look.CLAIMANTS, (first,))
    assert (double.counter.notice, double.look, double.overtaken) == (first, Look.DUPLICATE, ())
    town.slot()
    assert [(match.counter.notice, match.look) for match in found(town, departure)] == [
        (first, Look.CLAIMANTS),
        (second, Look.CLAIMANTS),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_claim_that_is_worse_by_far_and_in_doubt_contests_nothing(order: tuple[int, ...]) -> None:
    """Somebody with like names is no claimant: the margin says so, whoever came first."""
    town = Town()
    like = replace(ADA_KNOWN_BY_NAME, given="Zoe")
    brought = [
        (town.admits("mbr_kent"), ADA, NoticeType.MOVED_OUT),
        (town.admits("mbr_medway"), ADA, NoticeType.NEW_ARRIVAL),
        (town.admits("mbr_lambeth"), like, NoticeType.NEW_ARRIVAL),
    ]
    names: dict[int, NoticeId] = {}
    for place in order:
        member, move, kind = brought[place]
        names[place] = member.publishes(move, kind)
        town.slot()
    looks = {match.counter.notice: match.look for match in found(town, names[0])}
    assert looks == {names[1]: None, names[2]: Look.CLAIMANTS}


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
    (match,) = found(town, second)
    assert (match.look, match.overtaken) == (None, ())


def test_the_best_comes_first_and_equals_are_taken_alike() -> None:
    """The heaviest verdict leads; between equals the older id: chance has no part."""
    for order in itertools.permutations(("mbr_medway", "mbr_lambeth")):
        town = Town()
        for member in ("mbr_kent", "mbr_medway", "mbr_lambeth"):
            town.admits(member)
        weak, strong = order
        town.members[weak].publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
        best = town.members[strong].publishes(ADA, NoticeType.NEW_ARRIVAL)
        town.slot()
        matches = found(town, town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT))
        assert [match.counter.notice == best for match in matches] == [True, False]


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
        assert find_matches(odd, work, town.hub) == []


def test_departures_and_arrivals_are_the_four_first_types() -> None:
    """Each of the four is one or the other."""
    assert set(list(NoticeType)[:4]) == DEPARTURES | ARRIVALS
    assert not DEPARTURES & ARRIVALS
