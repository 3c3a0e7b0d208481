"""Claims that come later, again and again: what people said before counts for what they saw, and no more."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from adapters.move import Address
from hub.exchange.stages import InboxItem, Look
from hub.exchange.states import PassageState
from hub.protocols.mandate import Change
from hub.protocols.names import NoticeId, NoticeType, Part
from tests.simulators.town import Town, TownMember
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

KENT, MEDWAY, LAMBETH, SOUTHWARK = "mbr_kent", "mbr_medway", "mbr_lambeth", "mbr_southwark"
DOUBTFUL = replace(ADA_KNOWN_BY_NAME, given="Zoe")
RING = (
    "kent-medway-movers",
    "kent-lambeth-movers",
    "medway-southwark-movers",
    "lambeth-southwark-movers",
)


FIVE = (
    ("Bruno", "Quillfeather", date(2008, 3, 14)),
    ("Celeste", "Underwoodly", date(2009, 7, 22)),
    ("Dmitri", "Marrowbone", date(2010, 2, 9)),
    ("Esther", "Tapperly", date(2008, 10, 27)),
    ("Farouk", "Vennacott", date(2009, 5, 18)),
)
"""People whom nobody could take for each other."""


@pytest.fixture
def town() -> Town:
    """Four authorities, neighbours with agreements in a ring."""
    town = Town()
    for name, area in ((KENT, "886"), (MEDWAY, "887"), (LAMBETH, "208"), (SOUTHWARK, "210")):
        town.admits(name, area=area)
    for agreement in RING:
        town.agrees(agreement)
    return town


def between(town: Town, notice: NoticeId, other: str) -> set[tuple[Look | None, PassageState]]:
    """Why people look at the match with another member, and where it stands."""
    return {(one.look, one.state) for one in town.passages(notice) if other in {one.sender, one.recipient}}


def approve_all(town: Town, *members: TownMember) -> None:
    """One after the other, each says yes to everything that it is asked."""
    for member in members:
        for task in member.looks():
            member.approves(task)
        town.night_passes()


def about(town: Town, member: TownMember, departure: NoticeId, other: str) -> list[InboxItem]:
    """What a member is asked about the match of a notice with another member."""
    ways = {one.passage for one in town.passages(departure) if other in {one.sender, one.recipient}}
    return [task for task in member.looks() if task.passage in ways]


def test_a_yes_to_a_question_of_before_does_not_count_for_the_one_of_now(town: Town) -> None:
    """I10: an officer who was asked about weak evidence has said nothing about two who claim the same."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (weak,) = kent.tasks
    town.members[LAMBETH].publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert between(town, departure, MEDWAY) == {(Look.CLAIMANTS, PassageState.SECOND_LOOK)}
    kent.approves(weak)
    town.night_passes()
    assert medway.looks() == []
    (anew,) = about(town, kent, departure, MEDWAY)
    kent.approves(anew)
    town.night_passes()
    assert len(medway.looks()) == 1


def test_a_yes_of_before_a_claim_does_not_count_after_it(town: Town) -> None:
    """I10: what one side had confirmed of a match in doubt, it had confirmed while nobody else claimed it."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.looks()[0])
    town.night_passes()
    assert len(medway.looks()) == 1
    town.members[LAMBETH].publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert between(town, departure, MEDWAY) == {(Look.CLAIMANTS, PassageState.SECOND_LOOK)}
    assert medway.looks() == []
    assert len(about(town, kent, departure, MEDWAY)) == 1
    approve_all(town, kent, medway)
    assert Part.IDENTITY in medway.parts()


@pytest.mark.parametrize("served", [True, False])
def test_people_are_asked_anew_about_every_further_claimant(town: Town, served: bool) -> None:
    """A match that people confirmed is claimed by one more: they are asked again, and it can go on."""
    town.admits("mbr_surrey", area="936")
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.grants = kent.grants = served
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    look = Look.COMPETITOR if served else Look.CLAIMANTS
    asked = set[str]()
    for rival in (LAMBETH, SOUTHWARK):
        town.members[rival].publishes(ADA, NoticeType.NEW_ARRIVAL)
        town.night_passes()
        assert {why for why, _ in between(town, departure, MEDWAY)} == {look}
        for member in (kent, medway):
            (task,) = about(town, member, departure, MEDWAY)
            assert task.item not in asked, "a question that was answered is no new one"
            asked.add(task.item)
            member.approves(task)
            town.night_passes()
        assert not any(
            one.pending for one in town.passages(departure) if MEDWAY in {one.sender, one.recipient}
        )


def test_one_member_holds_a_match_once(town: Town) -> None:
    """A claim that is taken back and made again cannot keep a confirmed match from going on for ever."""
    kent, medway, lambeth = (town.members[name] for name in (KENT, MEDWAY, LAMBETH))
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    false = lambeth.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    for member in (kent, medway):
        for task in about(town, member, departure, MEDWAY):
            member.approves(task)
        town.night_passes()
    lambeth.withdraws(false)
    town.night_passes()
    lambeth.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    ways = [one for one in town.passages(departure) if MEDWAY in {one.sender, one.recipient}]
    assert not any(one.pending for one in ways)
    assert len(about(town, kent, departure, LAMBETH)) == 1, "the holder still looks at the new claim"
    assert lambeth.sees() == []


def test_a_match_stays_held_when_the_rival_takes_its_claim_back(town: Town) -> None:
    """I10: a claim that is taken back has been made: the machine does not go on where people were to look."""
    kent, medway, lambeth = (town.members[name] for name in (KENT, MEDWAY, LAMBETH))
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    claim = lambeth.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    lambeth.withdraws(claim)
    town.night_passes()
    assert between(town, departure, MEDWAY) == {(Look.CLAIMANTS, PassageState.SECOND_LOOK)}
    approve_all(town, kent, medway)
    assert Part.IDENTITY in medway.parts()


def test_who_could_not_be_asked_for_a_while_is_asked_when_it_may_be(town: Town) -> None:
    """A suspension between the two yeses delays the second question, and does not lose it."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (task,) = kent.looks()
    town.suspends("agr_kent-medway-movers", MEDWAY)
    kent.approves(task)
    town.night_passes()
    assert medway.looks() == []
    town.suspends("agr_kent-medway-movers", MEDWAY, Change.RESUME)
    town.night_passes()
    assert len(medway.looks()) == 1


def test_what_an_officer_refused_is_not_asked_again_when_the_notice_is_asserted_anew(town: Town) -> None:
    """I10: a no ends it; the assertion of every month brings no task and no entry about it."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.looks()[0], approve=False)
    town.night_passes()
    before = [len(town.entries("officer_task")), len(kent.sees())]
    kent.asserts(departure)
    town.night_passes()
    assert [len(town.entries("officer_task")), len(kent.sees())] == before


def test_a_review_that_nobody_could_be_asked_for_is_asked_for_when_they_may_be(town: Town) -> None:
    """A claim comes while the agreement is suspended: what had been served is reviewed afterwards."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    town.suspends("agr_kent-medway-movers", MEDWAY)
    town.members[LAMBETH].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert about(town, kent, departure, MEDWAY) == []
    town.suspends("agr_kent-medway-movers", MEDWAY, Change.RESUME)
    town.night_passes()
    assert len(about(town, kent, departure, MEDWAY)) == 1


@pytest.mark.parametrize("renews_first", [True, False])
def test_a_rotation_of_the_linkage_key_loses_no_question(town: Town, renews_first: bool) -> None:
    """While one notice has tokens of the next epoch and the other not yet, what was seen is shown on."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (task,) = kent.looks()
    town.days_pass(3)
    town.rotates(timedelta(days=14))
    if renews_first:
        kent.renews(departure)
    town.night_passes()
    kent.approves(task)
    town.night_passes()
    (next_task,) = medway.looks()
    assert isinstance(task.body, dict)
    assert isinstance(next_task.body, dict)
    assert next_task.body["levels"] == task.body["levels"]


def test_notices_of_two_epochs_are_put_to_people_once_both_are_of_one(town: Town) -> None:
    """They cannot be compared meanwhile: nothing fails, and nobody is asked in the dark."""
    town.suspends("agr_kent-medway-movers", MEDWAY)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    town.days_pass(3)
    town.rotates(timedelta(days=14))
    kent.renews(departure)
    town.suspends("agr_kent-medway-movers", MEDWAY, Change.RESUME)
    town.night_passes()
    assert kent.looks() == []
    medway.renews(arrival)
    town.night_passes()
    assert len(kent.looks()) == 1


@pytest.mark.parametrize(("days", "told"), [(0, [("contests-many", LAMBETH, 5)]), (29, [])])
def test_a_member_that_contests_much_is_an_alarm_for_the_operator_alone(
    town: Town, days: int, told: list[object]
) -> None:
    """Holding up many matches with many claims shows in the hub's own log; the member sees nothing.

    What it contested more than four weeks ago is not held against it.
    """
    kent, medway, lambeth = (town.members[name] for name in (KENT, MEDWAY, LAMBETH))
    people = [
        replace(
            ADA,
            given=given,
            family=family,
            dob=born,
            upn=None,
            from_address=Address((f"{place} Made Lane",), f"ME14 {place}AA"),
        )
        for place, (given, family, born) in enumerate(FIVE, 1)
    ]
    alarms = []
    for place, person in enumerate(people):
        town.days_pass(days if place == 4 else 0)
        kent.publishes(person, NoticeType.MOVED_OUT)
        medway.publishes(person, NoticeType.NEW_ARRIVAL)
        town.night_passes()
        lambeth.publishes(person, NoticeType.NEW_ARRIVAL)
        with capture_logs() as lines:
            town.night_passes()
        alarms.append([(line["event"], line["member"], line["count"]) for line in lines if "count" in line])
    assert alarms == [[], [], [], [], told]
    assert lambeth.sees() == []
