"""A young person moves from Kent to Medway: what each side learns, when, and why not more."""

from dataclasses import replace

import pytest

from hub.exchange import reception
from hub.exchange.errors import Declined
from hub.exchange.stages import ItemKind
from hub.exchange.states import NoticeState
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.canonical import unb64u
from hub.protocols.delivery import Stage
from hub.protocols.names import MemberKind, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME, INSTRUCTED, SHIELDED


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours with an agreement in force."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    return town


def test_both_sides_learn_in_two_stages(town: Town) -> None:
    """First the identity part, then, after a signed `same`, the other permitted parts; both ways."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    for member in (kent, medway):
        assert [one.checked.record.stage for one in member.opened] == [Stage.IDENTITY, Stage.REST]
        assert set(member.opened[0].facts) == {Part.IDENTITY}
        assert {Part.ADDRESS, Part.PARTICIPATION} <= set(member.opened[1].facts)
        assert not {Part.OFFENDING, Part.EQUALITY_HEALTH} & member.parts()


def test_nothing_leaves_before_a_match(town: Town) -> None:
    """A notice that nobody's notice matches tells nobody anything."""
    town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    assert [member.collects() for member in town.members.values()] == [0, 0, 0]
    assert town.entries("release") == []


def test_name_and_birthday_alone_tell_nobody(town: Town) -> None:
    """I11: a forged arrival by somebody who knows name and birthday learns nothing, not even of a match."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert "R-EVIDENCE" in town.refusals()
    assert (medway.opened, medway.tasks, medway.told, medway.granted) == ([], [], [], [])


def test_the_holders_officer_is_asked_first_and_both_must_approve(town: Town) -> None:
    """I10, I11: on weak evidence the holder's named officer decides first; then the other side's."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert len(kent.tasks) == 1
    kent.approves(kent.tasks[0])
    town.night_passes()
    assert len(medway.tasks) == 1
    assert medway.opened == []
    medway.approves(medway.tasks[0])
    town.night_passes()
    assert "Exampleton" in medway.names()


def test_an_officers_no_ends_it(town: Town) -> None:
    """I10: where the holder's officer says no, neither side is told anything more."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.tasks[0], approve=False)
    town.night_passes()
    assert (medway.tasks, medway.opened) == ([], [])


def test_a_forged_departure_learns_nothing_of_somebody_who_has_arrived(town: Town) -> None:
    """I11: whoever publishes second on name and birthday alone is told nothing."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.publishes(ADA_KNOWN_BY_NAME, NoticeType.MOVED_OUT)
    town.night_passes()
    assert (kent.opened, kent.tasks, kent.told, kent.granted) == ([], [], [], [])


def test_a_shield_waits_for_named_officers_and_the_address_never_leaves(town: Town) -> None:
    """Shield on either notice: officers of both sides first; the address stays where it is."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(SHIELDED, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert "R-SHIELD" in town.refusals()
    assert (kent.tasks, kent.told, kent.opened) == ([], [], [])
    medway.approves(medway.tasks[0], named=True)
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    assert kent.sees(ItemKind.KEY_REQUEST)
    assert Part.ADDRESS not in kent.parts() | medway.parts()


def test_an_instruction_keeps_further_parts_back(town: Town) -> None:
    """An instruction by the young person keeps participation and contact; identity flows under the Act."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(INSTRUCTED, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert Part.IDENTITY in medway.parts()
    assert not {Part.PARTICIPATION, Part.CONTACT} & medway.parts()
    assert "R-INSTRUCTION" in town.refusals()


def test_without_an_agreement_neither_side_is_told() -> None:
    """I2, I4: no agreement, no permit for the fact of a match: both inboxes stay empty."""
    town = Town()
    kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert (kent.opened, kent.told, medway.opened, medway.told) == ([], [], [], [])
    assert "R-AGREEMENT" in town.refusals()


def test_what_was_refused_flows_once_an_agreement_is_in_force() -> None:
    """A refusal is decided again when the parties have agreed."""
    town = Town()
    kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    town.agrees("kent-medway-movers")
    town.night_passes()
    # Both were on trial when they published: live notices never meet trial ones.
    assert medway.opened != []
    assert kent.opened != []


def test_a_suspension_stops_what_lies_in_an_inbox(town: Town) -> None:
    """I6: what was released but not yet fetched is decided again at hand-over, and stopped."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for _ in range(3):
        town.slot()
        kent.collects()
    waiting = medway.sees(ItemKind.DELIVERY)
    assert waiting
    town.suspends("agr_kent-medway-movers", "mbr_kent")
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(waiting[0].item)


def test_a_withdrawn_notice_stops_everywhere(town: Town) -> None:
    """I6: after a withdrawal nothing further leaves, and who has received something is told."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    received = medway.opened[0]
    kent.withdraws(notice)
    town.night_passes()
    assert "stopped" in [item.kind for item in medway.told]
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(received.item)
    assert [entry["state"] for entry in town.entries("disposition")] == ["withdrawn"]


def test_an_outcome_closes_the_delivery_and_forgets_the_body(town: Town) -> None:
    """After `in_caseload` the parts are destroyed, the sender is told, one disposition is recorded."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    medway.reports(rest, OutcomeKind.IN_CASELOAD)
    town.night_passes()
    with town.store.read() as work:
        stored = work.notices.get(notice)
        assert stored is not None
        assert stored.state is NoticeState.CLOSED
        assert work.notices.parts(notice, list(Part)) == {}
    assert "outcome" in [item.kind for item in kent.told]
    assert [entry["notice"] for entry in town.entries("disposition")] == [notice]


def test_the_same_notice_again_has_one_effect(town: Town) -> None:
    """I5: publishing the same bytes twice gives the same promise and one entry."""
    kent = town.members["mbr_kent"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    with town.store.read() as work:
        first = work.notices.promise(notice)
    town.night_passes()
    body = kent.sent[notice].body
    assert isinstance(body, dict)
    envelope = unb64u(str(body["envelope"]))
    again = reception.receive_notice(envelope, kent.member, town.admission(), town.store, town.hub)
    town.night_passes()
    assert again == first
    assert len(town.entries("published")) == 1


def test_the_log_grows_alike_match_or_not() -> None:
    """I9: a slot with a match and a slot without one append the same number of leaves."""
    grown = []
    for with_arrival in (True, False):
        town = Town()
        kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
        town.agrees("kent-medway-movers")
        kent.publishes(ADA, NoticeType.MOVED_OUT)
        if with_arrival:
            medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
        town.slot()
        town.slot()
        grown.append(town.sizes)
    assert grown[0] == grown[1]


def test_an_enrolment_goes_to_the_named_home_authority() -> None:
    """A college names the home authority; with its standing request the notice arrives in two stages."""
    town = Town()
    medway = town.admits("mbr_medway", area="887")
    town.admits("mbr_kent", area="886")
    college = town.admits("mbr_north-kent-college", MemberKind.COLLEGE)
    town.agrees("north-kent-college-enrolments")
    town.asks_for_notices("mbr_medway", "mbr_north-kent-college")
    medway.people.append({"given": "Ada", "family": "Exampleton", "dob": "2009-11-12"})
    college.publishes(ADA, NoticeType.CROSS_BORDER_ENROLMENT, to="mbr_medway")
    town.night_passes()
    assert "Exampleton" in medway.names()
    assert Part.PARTICIPATION in medway.parts()


def test_an_enrolment_without_a_standing_request_is_refused_and_the_college_may_see_why() -> None:
    """R-NOREQUEST: s.14 works on request."""
    town = Town()
    medway = town.admits("mbr_medway", area="887")
    town.admits("mbr_kent", area="886")
    college = town.admits("mbr_north-kent-college", MemberKind.COLLEGE)
    town.agrees("north-kent-college-enrolments")
    college.publishes(ADA, NoticeType.CROSS_BORDER_ENROLMENT, to="mbr_medway")
    town.night_passes()
    assert medway.opened == []
    assert "R-NOREQUEST" in town.refusals()


def test_over_quota_nothing_is_released_automatically(town: Town) -> None:
    """I11: the twenty-first notice of a first day matches and is refused with R-QUOTA."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for number in range(20):
        stranger = replace(ADA, given=f"Nobody{number}", family=f"Else{number}", upn=None, from_address=None)
        kent.publishes(stranger, NoticeType.MOVED_OUT)
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    assert "R-QUOTA" in town.refusals()
    assert (kent.opened, medway.opened) == ([], [])
