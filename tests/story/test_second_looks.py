"""What no machine decides: people on both sides look, one after the other, and a name shows before a life."""

from dataclasses import replace

import pytest

from adapters.move import Found
from hub.exchange.errors import Declined
from hub.exchange.stages import ItemKind, Look
from hub.exchange.states import PassageState
from hub.matching.levels import Field
from hub.protocols.acknowledgement import Answer
from hub.protocols.delivery import Stage
from hub.protocols.names import NoticeId, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME, SHIELDED

DOUBTFUL = replace(ADA_KNOWN_BY_NAME, given="Zoe")
"""Ada's family name and birthday under another first name: enough to look, never to be sure."""

TWIN = replace(ADA, found=frozenset({Found.TWIN}))


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours with an agreement in force."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    return town


def in_doubt(town: Town) -> NoticeId:
    """Kent's notice, which Medway's later one may match: officers of Kent are asked."""
    departure = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.members["mbr_medway"].publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    return departure


def confirmed_by_both(town: Town) -> NoticeId:
    """The same, after officers of both sides have confirmed the look and names have gone both ways."""
    departure = in_doubt(town)
    for name in ("mbr_kent", "mbr_medway"):
        (task,) = town.members[name].looks()
        town.members[name].approves(task)
        town.night_passes()
    return departure


def test_the_log_says_why_officers_were_asked(town: Town) -> None:
    """I8: whoever reads the entry of a task, or of a look, sees for which reason no machine went on."""
    in_doubt(town)
    weak = replace(ADA_KNOWN_BY_NAME, given="Weak", family="Evidence")
    town.members["mbr_kent"].publishes(weak, NoticeType.MOVED_OUT)
    town.slot()
    town.members["mbr_medway"].publishes(weak, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert [entry["why"] for entry in town.entries("officer_task")] == ["uncertain", ["R-EVIDENCE"]]
    assert {entry["why"] for entry in town.entries("second_look")} == {"uncertain"}
    read = [one["why"] for one in town.members["mbr_kent"].may_read() if one["kind"] == "officer_task"]
    assert read == ["uncertain", ["R-EVIDENCE"]]


def states(town: Town, notice: NoticeId) -> set[PassageState]:
    """Where the ways of a notice stand."""
    return {passage.state for passage in town.passages(notice)}


def test_an_uncertain_pair_is_looked_at_by_whoever_was_there_first(town: Town) -> None:
    """I10: Kent holds the record and is asked; Medway, which came second, learns nothing yet."""
    departure = in_doubt(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    assert len(kent.looks()) == 1
    assert medway.sees() == []
    assert states(town, departure) == {PassageState.SECOND_LOOK}
    assert town.entries("release") == town.entries("key_request") == []
    assert [entry["why"] for entry in town.entries("second_look")] == ["uncertain", "uncertain"]


def test_a_task_shows_levels_of_name_and_birth_and_nothing_else(town: Town) -> None:
    """Bits and plain words: no value, no other side, no postcode, no number, and no sum of all."""
    in_doubt(town)
    (task,) = town.members["mbr_kent"].looks()
    body = task.body
    assert isinstance(body, dict)
    assert set(body) == {"notice", "fact", "look", "levels", "people"}
    levels = body["levels"]
    assert isinstance(levels, list)
    shown = {str(level["field"]): level for level in levels if isinstance(level, dict)}
    assert set(shown) == {Field.FIRST, Field.LAST, Field.ORDER, Field.BIRTH}
    assert shown["birth"]["words"] == "the same date of birth"
    assert all(isinstance(level["millibits"], int) for level in shown.values())
    text = str(body).lower()
    assert not any(
        word in text for word in ("ada", "zoe", "exampleton", "2009", "me14", "postcode", "mbr_medway")
    )


def test_the_second_side_is_asked_when_the_first_has_confirmed(town: Town) -> None:
    """One after the other, and nothing has left before both have."""
    in_doubt(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.approves(kent.looks()[0])
    town.night_passes()
    assert len(medway.looks()) == 1
    assert (kent.looks(), medway.opened, kent.opened) == ([], [], [])
    assert town.entries("key_request") == []


def test_confirmed_by_both_only_names_and_birthday_leave(town: Town) -> None:
    """The usual way: key request, grant, entry, hand-over; and no gateway signs `same` by itself."""
    departure = confirmed_by_both(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    assert (kent.parts(), medway.parts()) == ({Part.IDENTITY}, {Part.IDENTITY})
    assert len(town.entries("key_request")) == len(town.entries("release")) == 2
    assert states(town, departure) == {PassageState.AWAITING_SAME}
    assert town.entries("confirmation") == []


def test_an_officers_same_lets_the_rest_go_on(town: Town) -> None:
    """What else is permitted follows a person's word, and a machine's word alone lets nothing leave."""
    confirmed_by_both(town)
    medway = town.members["mbr_medway"]
    medway.confirms(medway.opened[0], Answer.SAME)
    town.night_passes()
    assert medway.parts() == {Part.IDENTITY}
    medway.confirms(medway.opened[0], Answer.SAME, "N. Officer")
    town.night_passes()
    assert Part.ADDRESS in medway.parts()
    assert Part.ADDRESS not in town.members["mbr_kent"].parts()


def test_cannot_tell_stays_with_people(town: Town) -> None:
    """`unsure`: recorded, and nothing more leaves; whoever can tell later, may."""
    departure = confirmed_by_both(town)
    medway = town.members["mbr_medway"]
    medway.confirms(medway.opened[0], Answer.UNSURE, "N. Officer")
    town.night_passes()
    town.days_pass(20)
    town.night_passes()
    assert medway.parts() == {Part.IDENTITY}
    assert states(town, departure) == {PassageState.AWAITING_SAME}


def test_not_the_same_undoes_both_directions(town: Town) -> None:
    """Reversal: recorded; whoever received something is told to erase it, on both sides."""
    departure = confirmed_by_both(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.confirms(medway.opened[0], Answer.DIFFERENT, "N. Officer")
    town.night_passes()
    assert states(town, departure) == {PassageState.STOPPED}
    assert [entry["answer"] for entry in town.entries("confirmation")] == ["different"]
    for member in (kent, medway):
        assert ItemKind.STOPPED in [item.kind for item in member.told]
        with pytest.raises(Declined, match="delivery-stopped"):
            member.fetches(member.opened[0].item)
    assert [entry["says"] for entry in town.entries("acknowledgement")].count("erased") == 2
    assert (kent.opened[0].facts, medway.opened[0].facts) == ({}, {})


def test_an_officers_no_ends_it_and_the_other_side_never_hears(town: Town) -> None:
    """I4: a no of the side that was asked first reads like no match."""
    departure = in_doubt(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.approves(kent.looks()[0], approve=False)
    town.night_passes()
    assert states(town, departure) == {PassageState.STOPPED}
    assert medway.sees() == []


def test_an_unanswered_look_lapses_into_nothing(town: Town) -> None:
    """I10: no time-out lets anything go on; at the end of its time the notice is forgotten."""
    departure = in_doubt(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    town.days_pass(80)
    town.night_passes()
    assert town.entries("release") == town.entries("key_request") == []
    assert states(town, departure) == {PassageState.STOPPED}
    assert (kent.looks(), medway.sees()) == ([], [])


def test_without_a_permit_for_the_fact_of_the_match_nobody_is_asked() -> None:
    """I4: no agreement, no task; the refusal is in the log, and an agreement later opens the look."""
    town = Town()
    kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
    departure = in_doubt(town)
    assert (kent.sees(), medway.sees()) == ([], [])
    assert "R-AGREEMENT" in town.refusals()
    assert states(town, departure) == {PassageState.REFUSED}
    town.agrees("kent-medway-movers")
    town.night_passes()
    assert len(kent.looks()) == 1
    assert medway.sees() == []


def test_a_suspension_takes_the_task_away(town: Town) -> None:
    """I6: being asked is decided again whenever it is shown."""
    in_doubt(town)
    kent = town.members["mbr_kent"]
    assert len(kent.looks()) == 1
    town.suspends("agr_kent-medway-movers", "mbr_medway")
    assert kent.looks() == []


def test_a_twin_is_for_people_though_all_numbers_agree(town: Town) -> None:
    """The holder's officer looks first; both confirm; names follow."""
    town.members["mbr_kent"].publishes(TWIN, NoticeType.MOVED_OUT)
    town.slot()
    town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    for name in ("mbr_kent", "mbr_medway"):
        (task,) = town.members[name].looks()
        town.members[name].approves(task)
        town.night_passes()
    assert town.members["mbr_medway"].parts() == {Part.IDENTITY}


def test_a_shield_turns_the_order_round_and_where_the_rules_disagree_nobody_is_asked(town: Town) -> None:
    """Under a shield the arrival is asked first; if it also came second, nobody is."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(replace(SHIELDED, upn=None), NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert (kent.sees(), medway.sees()) == ([], [])
    boris = replace(SHIELDED, given="Boris", family="Madeup", upn=None)
    medway.publishes(boris, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.publishes(replace(boris, given="Nigel"), NoticeType.MOVED_OUT)
    town.night_passes()
    assert len(medway.looks()) == 1
    assert kent.sees() == []


def test_one_officer_twice_is_not_the_other_side(town: Town) -> None:
    """A yes said again, or brought again by another, confirms nothing more."""
    in_doubt(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    (task,) = kent.looks()
    for _ in range(3):
        kent.approves(task)
        town.night_passes()
    assert town.entries("key_request") == []
    assert len(medway.looks()) == 1
    with pytest.raises(Declined, match="not-found"):
        town.brought[-1].again(town, medway.member)


def test_no_pair_of_stages_can_be_taken_in_the_wrong_order(town: Town) -> None:
    """An answer to a look before it is asked, a `same` before the names, a lead before both: refused."""
    departure = in_doubt(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    (task,) = kent.looks()
    with pytest.raises(Declined, match="not-found"):
        town.members["mbr_medway"].approves(replace(task, about=task.about))
    with pytest.raises(Declined, match="lead-not-ripe"):
        kent.leads(task, ours=True)
    kent.approves(task)
    town.night_passes()
    assert {passage.same for passage in town.passages(departure)} == {False}
    with pytest.raises(Declined, match="lead-not-ripe"):
        medway.leads(medway.looks()[0], ours=True)
    assert {passage.look for passage in town.passages(departure)} == {Look.UNCERTAIN}
    assert Stage.REST not in [one.checked.record.stage for one in medway.opened]


def test_two_people_of_each_side_where_the_agreement_says_so() -> None:
    """I10: four yeses of four people; one person twice is one."""
    town = Town()
    kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers", {"approval": {"officers_each_side": 2}})
    in_doubt(town)
    for member in (kent, medway):
        (task,) = member.looks()
        assert isinstance(task.body, dict)
        assert task.body["people"] == 2
        for officer in ("N. Officer", "n. officer", " N.  Officer", "\uff2e. Officer"):
            member.approves(task, officer=officer)
            town.night_passes()
            assert len(member.looks()) == 1
        assert town.entries("key_request") == []
        member.approves(task, officer="O. Fficer")
        town.night_passes()
    assert medway.parts() == {Part.IDENTITY}
