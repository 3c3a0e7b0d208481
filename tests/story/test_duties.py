"""What an authority must tell one other authority: a care leaver's move, and a plan's move."""

from dataclasses import replace

import pytest

from adapters.move import Found
from hub.protocols.acknowledgement import Answer
from hub.protocols.delivery import Stage
from hub.protocols.names import NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours with an agreement in force."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    return town


@pytest.mark.parametrize(
    ("kind", "status", "part"),
    [
        (NoticeType.CARE_LEAVER_MOVE, Found.CARE_LEAVER, Part.CARE),
        (NoticeType.EHCP_MOVE, Found.EHC_PLAN, Part.SEND),
    ],
)
def test_a_duty_reaches_the_authority_that_is_named(
    town: Town, kind: NoticeType, status: Found, part: Part
) -> None:
    """Names first, then address and the status, and nothing of participation; no match is needed."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(replace(ADA, found=frozenset({status})), kind, to="mbr_medway")
    town.night_passes()
    (first,) = medway.opened
    assert (first.checked.record.stage, set(first.facts)) == (Stage.IDENTITY, {Part.IDENTITY})
    medway.confirms(first, Answer.SAME, officer="N. Officer")
    town.night_passes()
    assert medway.opened[-1].checked.record.stage is Stage.REST
    told = {part for opened in medway.opened for part, facts in opened.facts.items() if facts is not None}
    assert {Part.IDENTITY, Part.ADDRESS, part} <= told
    assert Part.PARTICIPATION not in medway.parts()
    assert kent.opened == []


def test_a_duty_meets_no_arrival(town: Town) -> None:
    """It is matched with nothing, so that the movers' own notices are told apart as before."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    planned = replace(ADA, found=frozenset({Found.EHC_PLAN}))
    kent.publishes(planned, NoticeType.EHCP_MOVE, to="mbr_medway")
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert town.passages(arrival) == []
    kent.publishes(planned, NoticeType.MOVED_OUT)
    town.night_passes()
    assert [one.notice for one in town.passages(arrival) if one.match is not None]
    assert kent.tasks == medway.tasks == []
