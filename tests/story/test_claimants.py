"""Several claim one young person, or two count her: nobody is served before people have looked."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.move import Move
from hub.exchange.errors import Declined
from hub.exchange.stages import InboxItem, ItemKind, Look
from hub.exchange.states import NoticeState, PassageState
from hub.protocols.acknowledgement import Answer
from hub.protocols.names import NoticeId, NoticeType, Part
from tests.simulators.town import Town, TownMember
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

KENT, MEDWAY, LAMBETH, SOUTHWARK = "mbr_kent", "mbr_medway", "mbr_lambeth", "mbr_southwark"
ALL_FOUR = (
    "kent-medway-movers",
    "kent-lambeth-movers",
    "medway-southwark-movers",
    "lambeth-southwark-movers",
)


def region() -> Town:
    """Four authorities, neighbours with agreements in a ring."""
    town = Town()
    for name, area in ((KENT, "886"), (MEDWAY, "887"), (LAMBETH, "208"), (SOUTHWARK, "210")):
        town.admits(name, area=area)
    for agreement in ALL_FOUR:
        town.agrees(agreement)
    return town


@pytest.fixture
def town() -> Town:
    """The region."""
    return region()


def whys(member: TownMember) -> list[str]:
    """Why this member's officers are asked to look."""
    return [str(body["look"]) for task in member.looks() if isinstance(body := task.body, dict)]


def the(member: TownMember, why: Look) -> InboxItem:
    """The one task of this kind that waits for a member's officers."""
    (task,) = [
        task for task in member.looks() if isinstance(task.body, dict) and task.body["look"] == why.value
    ]
    return task


def looks_of(town: Town, notice: NoticeId) -> dict[str, set[Look | None]]:
    """Why people look at the matches of a notice, by the other member."""
    found: dict[str, set[Look | None]] = {}
    for passage in town.passages(notice):
        other = passage.recipient if passage.notice == notice else passage.sender
        found.setdefault(other, set()).add(passage.look)
    return found


# --- somebody like her ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger_first", [True, False])
def test_somebody_like_her_at_the_same_member_stands_in_nobodys_way(
    town: Town, *, stranger_first: bool
) -> None:
    """The clear match is served in both directions; nobody is asked any more about the doubtful one."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    arrivals = [replace(ADA_KNOWN_BY_NAME, dob=date(2009, 10, 12)), ADA]
    for arrival in arrivals if stranger_first else reversed(arrivals):
        medway.publishes(arrival, NoticeType.NEW_ARRIVAL)
        town.slot()
    town.night_passes()
    assert Part.ADDRESS in medway.parts()
    assert Part.ADDRESS in kent.parts()
    assert (kent.looks(), medway.looks()) == ([], [])
    looks = {passage.look for passage in town.passages(departure)}
    # The doubtful pair that came first was contested by the clear one; the one that came second began no way.
    assert looks == ({None, Look.CLAIMANTS} if stranger_first else {None})


# --- a later competitor ---------------------------------------------------------------------------------


def served(town: Town) -> NoticeId:
    """Kent and Medway have had everything of a clear match."""
    departure = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert Part.ADDRESS in town.members[MEDWAY].parts()
    return departure


def test_a_later_competitor_opens_a_review_with_both_that_were_served(town: Town) -> None:
    """What was decided is looked at again by both sides; the competitor is told nothing."""
    departure = served(town)
    town.members[LAMBETH].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert looks_of(town, departure) == {MEDWAY: {Look.COMPETITOR}, LAMBETH: {Look.CLAIMANTS}}
    assert "competitor" in whys(town.members[KENT])
    assert whys(town.members[MEDWAY]) == ["competitor"]
    assert town.members[LAMBETH].sees() == []


def test_what_has_not_been_fetched_is_held_and_flows_again_after_the_review(town: Town) -> None:
    """Further releases stop at once, and are released anew, with a new entry, when people have looked."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.collects()
    town.slot()
    (waiting,) = medway.sees(ItemKind.DELIVERY)
    town.members[LAMBETH].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(waiting.item)
    town.night_passes()
    assert medway.opened == []
    for member in (kent, medway):
        member.approves(the(member, Look.COMPETITOR))
        town.night_passes()
    assert "Exampleton" in medway.names()
    assert Part.ADDRESS not in medway.parts(), "the rest waits for an officer's own `same`"
    assert len([one for one in town.passages(departure) if one.look is Look.COMPETITOR]) == 2


def test_a_same_that_was_signed_before_the_review_counts_after_it(town: Town) -> None:
    """The gateway compared in clear text already: when people have looked, the rest goes on."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    medway.answers = False
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    town.members[LAMBETH].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    medway.confirms(medway.opened[0], Answer.SAME)
    town.night_passes()
    assert medway.parts() == {Part.IDENTITY}
    for member in (kent, medway):
        member.approves(the(member, Look.COMPETITOR))
        town.night_passes()
    assert Part.ADDRESS in medway.parts()


def test_a_no_in_the_review_recalls_what_was_told(town: Town) -> None:
    """The officer finds that it was the other one: both sides erase, and say so."""
    departure = served(town)
    town.members[LAMBETH].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.approves(the(kent, Look.COMPETITOR), approve=False)
    town.night_passes()
    states = {one.state for one in town.passages(departure) if MEDWAY in {one.sender, one.recipient}}
    assert states == {PassageState.STOPPED}
    assert (kent.parts(), medway.parts()) == (set(), set())


def test_what_has_arrived_is_not_opened_again(town: Town) -> None:
    """A closed notice is found no more: a later claim meets nobody."""
    departure = served(town)
    town.members[KENT].withdraws(departure)
    town.night_passes()
    town.members[LAMBETH].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert LAMBETH not in looks_of(town, departure)


# --- several claimants -----------------------------------------------------------------------------------


def test_of_several_claimants_nobody_is_served_before_the_holder_has_looked(town: Town) -> None:
    """Kent holds the record and is asked about each claim; the one it confirms is asked next."""
    kent, medway, lambeth = town.members[KENT], town.members[MEDWAY], town.members[LAMBETH]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    lambeth.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert sorted(whys(kent)) == ["claimants", "claimants"]
    assert (medway.opened, lambeth.opened, medway.looks(), lambeth.looks()) == ([], [], [], [])
    kent.approves(kent.looks()[0])
    town.night_passes()
    asked = [member for member in (medway, lambeth) if member.looks()]
    assert len(asked) == 1
    assert town.entries("release") == []
    asked[0].approves(asked[0].looks()[0])
    town.night_passes()
    assert "Exampleton" in asked[0].names()
    assert [member.opened for member in (medway, lambeth) if member is not asked[0]] == [[]]


def people_by_chance() -> st.SearchStrategy[list[tuple[str, Move]]]:
    """Who says what of Ada: with numbers, by name alone, with another birthday, as somebody like her."""
    arrivals = st.sampled_from(
        [
            ADA,
            ADA_KNOWN_BY_NAME,
            replace(ADA_KNOWN_BY_NAME, dob=date(2009, 10, 12)),
            replace(ADA_KNOWN_BY_NAME, given="Adam"),
            replace(ADA, given="Ida"),
        ]
    )
    return st.tuples(arrivals, arrivals, arrivals).map(
        lambda three: list(zip((MEDWAY, LAMBETH, SOUTHWARK), three, strict=True))
    )


Verdicts = dict[frozenset[str], tuple[bool, str]]


def verdicts(arrivals: list[tuple[str, Move]], order: tuple[int, ...], *, slots: bool) -> Verdicts:
    """Which pairs match, and whether people have to look, when everything has come in this order."""
    town = Town()
    for name in (KENT, MEDWAY, LAMBETH, SOUTHWARK):
        town.admits(name)
    acts: list[Callable[[], object]] = [lambda: town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)]
    for name, move in arrivals:
        acts.append(lambda name=name, move=move: town.members[name].publishes(move, NoticeType.NEW_ARRIVAL))  # type: ignore[misc]
    notices = []
    for place in order:
        notices.append(acts[place]())
        if slots:
            town.slot()
    town.slot()
    found: Verdicts = {}
    for notice in notices:
        for passage in town.passages(notice):  # type: ignore[arg-type]  # publishes() gave it
            pair = frozenset({passage.sender, passage.recipient})
            found[pair] = (passage.look is None, passage.strength.value)
    return found


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arrivals=people_by_chance(), slots=st.booleans(), data=st.data())
def test_the_order_of_arrival_does_not_change_what_follows(
    arrivals: list[tuple[str, Move]], slots: bool, data: st.DataObject
) -> None:
    """The same notices in any order: the same pairs, the same strength, served by machine or not."""
    first, second = data.draw(
        st.lists(st.sampled_from(list(itertools.permutations(range(4)))), min_size=2, max_size=2, unique=True)
    )
    assert verdicts(arrivals, first, slots=slots) == verdicts(arrivals, second, slots=slots)


# --- duplicates -------------------------------------------------------------------------------------------


def counted_twice(town: Town) -> tuple[NoticeId, NoticeId]:
    """Kent and Medway both say that Ada has come to them; both have looked, and have her names."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    first = kent.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    second = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    for member in (kent, medway):
        member.approves(the(member, Look.DUPLICATE))
        town.night_passes()
    return first, second


def both_say_same(town: Town) -> None:
    """Officers of both compare in clear text."""
    for name in (KENT, MEDWAY):
        town.members[name].confirms(town.members[name].opened[0], Answer.SAME, "N. Officer")
    town.night_passes()


def test_two_open_notices_of_one_kind_become_one_case(town: Town) -> None:
    """However certain the numbers make it, people look first; then names go both ways."""
    counted_twice(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    assert (kent.parts(), medway.parts()) == ({Part.IDENTITY}, {Part.IDENTITY})
    assert [entry["why"] for entry in town.entries("second_look")] == ["duplicate", "duplicate"]


def test_the_parties_agree_a_lead_and_the_other_closes_as_merged(town: Town) -> None:
    """One says "they", the other "we": recorded, both are told, one notice goes on and the other is M."""
    first, second = counted_twice(town)
    both_say_same(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.leads(kent.tasks[0], ours=True)
    town.night_passes()
    assert town.notice(second).state is NoticeState.OPEN
    assert [item.kind for item in medway.told if item.kind is ItemKind.LEAD] == [ItemKind.LEAD]
    medway.leads(medway.tasks[0], ours=False)
    town.night_passes()
    assert (town.notice(first).state, town.notice(second).state) == (NoticeState.OPEN, NoticeState.MERGED)
    ends = [(end["notice"], end["state"], end["how"]) for end in town.entries("disposition")]
    assert ends == [(second, "merged", "merged")]
    assert [(entry["member"], entry["ours"]) for entry in town.entries("lead")] == [
        (KENT, True),
        (MEDWAY, False),
    ]
    (told,) = [item for item in kent.told if item.kind is ItemKind.LEAD]
    assert isinstance(told.body, dict)
    assert told.body["agreed"] is True


def test_words_that_differ_stand_beside_each_other(town: Town) -> None:
    """Both say "we": nothing closes until one thinks again."""
    first, second = counted_twice(town)
    both_say_same(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    for member in (kent, medway):
        member.leads(member.tasks[0], ours=True)
    town.night_passes()
    assert {town.notice(first).state, town.notice(second).state} == {NoticeState.OPEN}
    kent.leads(kent.tasks[0], ours=False)
    town.night_passes()
    assert (town.notice(first).state, town.notice(second).state) == (NoticeState.MERGED, NoticeState.OPEN)


def test_a_word_said_again_is_said_once(town: Town) -> None:
    """I5: signed anew, with nothing new in it: no second entry, and the other is not told twice."""
    counted_twice(town)
    both_say_same(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    for _ in range(3):
        kent.leads(kent.tasks[0], ours=True)
        town.night_passes()
    assert len(town.entries("lead")) == 1
    assert [item.kind for item in medway.told if item.kind is ItemKind.LEAD] == [ItemKind.LEAD]


def test_who_leads_is_agreed_after_both_have_found_it_to_be_one_person(town: Town) -> None:
    """Not before `same` of both; not about a move; not once more when it is settled."""
    counted_twice(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.confirms(kent.opened[0], Answer.SAME, "N. Officer")
    town.night_passes()
    with pytest.raises(Declined, match="lead-not-ripe"):
        kent.leads(kent.tasks[0], ours=True)
    medway.confirms(medway.opened[0], Answer.SAME, "N. Officer")
    town.night_passes()
    kent.leads(kent.tasks[0], ours=True)
    medway.leads(medway.tasks[0], ours=False)
    town.night_passes()
    with pytest.raises(Declined, match="lead-not-ripe"):
        medway.leads(medway.tasks[0], ours=True)
    with pytest.raises(Declined, match="not-found"):
        town.brought[-1].again(town, kent.member)


def test_a_merged_notice_is_met_no_more_and_can_be_taken_back(town: Town) -> None:
    """Its parts are gone; a withdrawal recalls what it had told."""
    _, second = counted_twice(town)
    both_say_same(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.leads(kent.tasks[0], ours=True)
    medway.leads(medway.tasks[0], ours=False)
    town.night_passes()
    with town.store.read() as work:
        assert work.notices.parts(second, list(Part)) == {}
    town.members[SOUTHWARK].publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    assert SOUTHWARK not in looks_of(town, second)
    medway.withdraws(second)
    town.night_passes()
    assert town.notice(second).state is NoticeState.WITHDRAWN
    assert [entry["notice"] for entry in town.entries("withdrawal")] == [second]
