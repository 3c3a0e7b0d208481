"""A town with real gateways, each in a home of its own, and a hub at the other end of a wire."""

from pathlib import Path

import pytest

from adapters.member.gateway import Gateway
from hub.protocols.names import MemberKind, NoticeType
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set on this machine is not for the gateways here."""
    for variable in ("HUB_GATEWAY_PASSPHRASE", "HUB_GATEWAY_PASSPHRASE_FILE", "HUB_GATEWAY_HOME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def town() -> Town:
    """A region with a hub and a custodian, and nobody else yet."""
    return Town()


@pytest.fixture
def wire(town: Town) -> Wire:
    """The way to its hub."""
    return Wire(town)


@pytest.fixture
def kent(wire: Wire, tmp_path: Path) -> Gateway:
    """Kent's gateway."""
    return wire.joins("mbr_kent", tmp_path / "kent", area="886")


@pytest.fixture
def medway(wire: Wire, tmp_path: Path) -> Gateway:
    """Medway's gateway."""
    return wire.joins("mbr_medway", tmp_path / "medway", area="887")


@pytest.fixture
def company(wire: Wire, tmp_path: Path) -> Gateway:
    """A careers company's gateway; nobody has given it a mandate yet."""
    return wire.joins("mbr_thames-careers", tmp_path / "company", MemberKind.CAREERS_COMPANY)


@pytest.fixture
def neighbours(town: Town, kent: Gateway, medway: Gateway) -> tuple[Gateway, Gateway]:
    """Kent and Medway, with an agreement in force."""
    town.agrees("kent-medway-movers")
    return kent, medway


def move(kent: Gateway, medway: Gateway) -> None:
    """Ada moves from Kent to Medway; both publish."""
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")


def come_to_rest(town: Town, *gateways: Gateway) -> None:
    """Slots pass and gateways look in, until nobody has anything more to do."""
    for _ in range(20):
        town.slot()
        taken = [gateway.poll() for gateway in gateways]
        assert not [fault for one in taken for fault in one.faults]
        if not sum(one.total for one in taken):
            return
    raise AssertionError("the gateways do not come to rest")
