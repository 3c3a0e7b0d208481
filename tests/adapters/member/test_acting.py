"""A careers company acts for several authorities: a mandate of each, a view of each, a voice for each."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from hub.protocols.names import MemberId, NoticeType
from tests.adapters.member.conftest import come_to_rest
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

BEN = replace(
    ADA,
    place="row 9",
    given="Cosmo",
    family="Ullathorne",
    dob=date(2009, 3, 4),
    upn="X884499921003",
)
KENT, LAMBETH, MEDWAY = (MemberId(f"mbr_{name}") for name in ("kent", "lambeth", "medway"))


@pytest.fixture
def lambeth(wire: Wire, tmp_path: Path) -> Gateway:
    """A second authority whose mandate the company holds."""
    return wire.joins("mbr_lambeth", tmp_path / "lambeth", area="208")


@pytest.fixture
def acting(town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway, company: Gateway) -> Gateway:
    """The company acts for Kent and for Lambeth, each of which has an agreement with Medway or Kent."""
    town.agrees("kent-medway-movers")
    town.agrees("kent-lambeth-movers")
    for authority in (MEDWAY, LAMBETH):
        town.mandates(authority, company.pinned.member)
    town.slot()
    return company


def test_a_company_publishes_for_one_and_sees_what_came_for_it(
    town: Town, kent: Gateway, acting: Gateway
) -> None:
    """Each delivery is in the view of the authority under whose agreement it came, and in no other."""
    kent.publish([ADA, BEN], NoticeType.MOVED_OUT, "A. Officer")
    for authority, person in ((MEDWAY, ADA), (LAMBETH, BEN)):
        acting.act_for(authority)
        acting.publish([person], NoticeType.NEW_ARRIVAL, "B. Officer")
    come_to_rest(town, kent, acting)
    views = {one: {item.item for item in acting.received_for(one)} for one in (MEDWAY, LAMBETH, KENT)}
    assert len(acting.received()) == 4
    assert len(views[MEDWAY]) == len(views[LAMBETH]) == 2
    assert views[MEDWAY] | views[LAMBETH] == {item.item for item in acting.received_for(None)}
    assert views[KENT] == set()


def test_nobody_acts_without_a_mandate(acting: Gateway, kent: Gateway) -> None:
    """Nor goes on when it has ended."""
    with pytest.raises(GatewayFault, match="mandate-missing"):
        acting.act_for(KENT)
    with pytest.raises(GatewayFault, match="mandate-missing"):
        kent.act_for(LAMBETH)


def test_mandates_are_listed_at_the_prompt(
    acting: Gateway, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each, as this gateway has verified them."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    home = ("--home", str(acting.home.path))
    said = CliRunner().invoke(app, ["mandate", "list", *home]).stdout
    assert said == "mbr_thames-careers acts for mbr_lambeth\nmbr_thames-careers acts for mbr_medway\n"
    assert CliRunner().invoke(app, ["inbox", "list", "--for", "mbr_medway", *home]).exit_code == 0
