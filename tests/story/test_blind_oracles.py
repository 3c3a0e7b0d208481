"""The old area pulls at what it can, once it was asked for a key blindly, and looks what follows.

Whatever it does with its own word on its own agreements, and whatever happens to one of the
candidates in the open, it sees the same whichever of them is meant (docs/decisions/0012).
"""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.exchange.errors import Declined
from hub.exchange.stages import ItemKind
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.blind_key import BlindKeyRequest
from hub.protocols.canonical import Json
from hub.protocols.mandate import Change
from hub.protocols.names import MemberId, NoticeType, Part
from tests.exchange.test_witnessing import cosigns
from tests.simulators.region import AREAS, region_agreement
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME
from tests.story.test_blind_keys import approved, revokes, way

REGION = "agr_three-areas-movers"
PAIR = "agr_kent-lambeth-movers"

Seen = list[tuple[object, ...]]


def region(document: dict[str, Json] | None = None, *, pair: bool = True) -> Town:
    """The areas of a region with one agreement; two of them may have another, which is suspended."""
    town, document = Town(), document or region_agreement()
    for member, area in (AREAS | {"mbr_southwark": "210"}).items():
        if member in json.dumps(document):
            town.admits(member, area=area)
    town.binds(document)
    if pair:
        town.agrees("kent-lambeth-movers")
        town.suspends(PAIR, "mbr_kent")
    return town


def four_areas() -> dict[str, Json]:
    """The agreement of three, made by four: so that two are left where one goes another way."""
    document = region_agreement()
    parties = document["parties"]
    assert isinstance(parties, list)
    fourth = json.loads(json.dumps(parties[1]).replace("medway", "southwark").replace("Medway", "Southwark"))
    fourth["code"]["value"], fourth["ico_registration"] = "210", "ZX000210"
    return {**document, "parties": [*parties, fourth]}


def names_alone_for_lambeth() -> dict[str, Json]:
    """The agreement of three, in which one of them gets names and birthday and nothing further."""
    document = json.loads(json.dumps(four_areas()))
    for party in document["parties"]:
        if party["member"] == "mbr_lambeth":
            party["group"] = "others"
    for clause in document["clauses"]:
        if clause["number"] in {"1.1", "1.2", "2.1"}:
            clause["from"] = clause["to"] = ["councils", "others"]
    found: dict[str, Json] = document
    return found


def seen(town: Town) -> Seen:
    """What Kent is shown and may read: kinds, what has stopped, lengths and clauses, in order."""
    kent = town.members["mbr_kent"]
    items = [(item.kind.value, item.stopped, len(json.dumps(item.body))) for item in kent.sees()]
    about = [record for record in kent.may_read() if record.get("notice") is not None]
    return [*items, *((str(one["kind"]), json.dumps(one.get("fact"))) for one in about)]


def resumes(town: Town) -> None:
    """Its agreement with one of them is in force again, beside that of all."""
    town.suspends(PAIR, "mbr_kent", Change.RESUME)


def swaps(town: Town) -> None:
    """Its agreement with one of them is in force again, in place of that of all."""
    town.suspends(REGION, "mbr_kent")
    resumes(town)


def history(town: Town, arrived: str, pulls: Callable[[Town], None], when: str) -> list[Seen]:
    """What Kent sees of a notice from its key request to its end, when it pulls at this moment."""
    kent, there = town.members["mbr_kent"], town.members[arrived]
    kent.grants, there.answers = when != "asked", False
    approved(town, arrived)
    pulls(town)
    found = [seen(town)]
    kent.grants = True
    town.night_passes()
    found.append(seen(town))
    for opened in there.opened[:1]:
        there.confirms(opened, Answer.SAME)
        town.night_passes()
        found.append(seen(town))
        there.reports(opened, OutcomeKind.IN_CASELOAD)
    town.night_passes()
    return [*found, seen(town)]


@pytest.mark.parametrize("pulls", [resumes, swaps])
@pytest.mark.parametrize("when", ["asked", "opened"])
def test_its_word_on_an_agreement_with_one_of_them_shows_the_same(
    pulls: Callable[[Town], None], when: str
) -> None:
    """Else one `resume` would stop the request, or change the clause of a release, for that one alone."""
    for document, others in ((region_agreement(), ("mbr_lambeth", "mbr_medway")),
                             (four_areas(), ("mbr_lambeth", "mbr_southwark"))):  # fmt: skip
        one, other = (history(region(document), arrived, pulls, when) for arrived in others)
        assert one == other


def test_what_stopped_for_all_goes_on_when_all_are_alike_again() -> None:
    """It is decided again at each step: the agreement with one of them is suspended once more."""
    town = region()
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.answers = False
    departure, _ = approved(town)
    resumes(town)
    medway.confirms(medway.opened[0], Answer.SAME)
    town.night_passes()
    assert len(medway.opened) == 1
    town.suspends(PAIR, "mbr_kent")
    town.night_passes()
    kent.asserts(departure)
    town.night_passes()
    assert len(medway.opened) == 2


@pytest.mark.parametrize("revoked", ["mbr_lambeth", "mbr_medway"])
def test_a_revoked_key_of_one_stops_it_for_all(revoked: str) -> None:
    """A key is revoked in the open: that nothing more comes must not say whose it was."""

    def revoke(town: Town) -> None:
        revokes(town, revoked)

    one, other = (
        history(region(pair=False), arrived, revoke, "opened") for arrived in ("mbr_lambeth", "mbr_medway")
    )
    assert one == other


def test_who_would_get_nothing_further_is_no_candidate() -> None:
    """A second release, or none, would tell: something further flows for each of them, or for none."""
    town = region(names_alone_for_lambeth(), pair=False)
    town.members["mbr_kent"].grants = False
    departure, _ = approved(town, "mbr_medway")
    request = way(town, departure).request
    assert isinstance(request, BlindKeyRequest)
    assert [one.member for one in request.candidates] == ["mbr_medway", "mbr_southwark"]


@pytest.mark.parametrize("arrived", ["mbr_lambeth", "mbr_medway"])
def test_the_second_stage_waits_for_as_many_witnesses_whoever_is_meant(arrived: str) -> None:
    """Cosignatures are public: that it was handed over under Kent's and Lambeth's would tell it is Medway."""
    town = region(pair=False)
    town.hub = replace(town.hub, witnesses=2)
    there = town.members[arrived]
    there.answers = False
    approved(town, arrived)
    there.confirms(there.opened[0], Answer.SAME)
    town.slot()
    rest = there.sees(ItemKind.DELIVERY)[-1]
    cosigns(town, MemberId("mbr_kent"), MemberId("mbr_lambeth"))
    with pytest.raises(Declined, match="delivery-unwitnessed"):
        there.fetches(rest.item)
    cosigns(town, MemberId("mbr_medway"))
    assert there.fetches(rest.item)


def test_what_was_withheld_beside_a_release_is_not_for_the_sender() -> None:
    """Its parts and reasons can depend on the role in which somebody receives."""
    town = region(pair=False)
    approved(town)
    assert town.entries("withheld")
    assert "withheld" not in {record["kind"] for record in town.members["mbr_kent"].may_read()}


def test_sides_that_were_named_before_there_was_a_shield_go_on() -> None:
    """They know each other: an agreement of two tells the old area nothing more."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.answers = False
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    for member in (kent, medway):
        town.night_passes()
        member.approves(member.tasks[0])
    town.night_passes()
    medway.asserts(arrival, shield=True)
    medway.confirms(medway.opened[0], Answer.SAME)
    town.night_passes()
    assert Part.PARTICIPATION in medway.parts()
