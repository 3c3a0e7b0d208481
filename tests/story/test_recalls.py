"""After the release: what mends a notice reaches who was given it, and a later shield holds (art. 19)."""

import pytest

from adapters.member.compose import Addressee, Maker, compose_recall
from adapters.member.home import Pinned
from hub.exchange import reception
from hub.exchange.stages import ItemKind
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.mandate import Change
from hub.protocols.names import NoticeId, NoticeType, Part
from tests.simulators.town import CUSTODIAN, Town, TownMember
from tests.story.people import ADA


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours; Surrey, with whom nobody has anything."""
    town = Town()
    for member, area in (("mbr_kent", "886"), ("mbr_medway", "887"), ("mbr_surrey", "936")):
        town.admits(member, area=area)
    town.agrees("kent-medway-movers")
    return town


def told(town: Town) -> NoticeId:
    """Kent has told Medway of Ada."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert Part.PARTICIPATION in medway.parts()
    return notice


def recalls(member: TownMember, notice: NoticeId, to: str) -> str:
    """Bring a recall of an earlier notice to the hub; return its promise."""
    town = member.town
    other = town.members[to]
    pinned = Pinned("", member.member, "name", "", None, CUSTODIAN, None, "Team", "01", "a@b")
    keyring = member.keyring.with_linkage(town.epoch, town.linkage_key)
    maker = Maker(pinned, keyring, town.epoch, "A. Officer", town.now)
    addressee = Addressee(other.member, town.sealing_key(other.member), frozenset({Part.IDENTITY}))
    facts: Json = {"recalls": notice, "parts": ["contact"], "reason": "instruction"}
    sent = compose_recall(maker, notice, facts, "age_16_17", addressee)
    assert isinstance(sent.body, dict)
    envelope = canonical.unb64u(str(sent.body["envelope"]))
    return reception.receive_notice(envelope, member.member, town.admission(), town.store, town.hub)


def deliveries(member: TownMember) -> int:
    """Deliveries that lie, or lay, in an inbox."""
    return len(member.sees(ItemKind.DELIVERY))


def test_a_recall_is_decided_recorded_and_handed_over(town: Town) -> None:
    """I2, I3: like every release, by the clause that lists recalls."""
    notice = told(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    before = deliveries(medway)
    recalls(kent, notice, "mbr_medway")
    medway.answers = False
    town.night_passes()
    assert deliveries(medway) == before + 1
    entry = town.entries("release")[-1]
    parts = entry["parts"]
    assert isinstance(parts, list)
    assert [(part["part"], part["ground"]["clause"]) for part in parts] == [("identity", "2.1")]  # type: ignore[index, call-overload]  # JSON as it was logged
    opened = medway.opened[-1]
    assert opened.checked.manifest.refers_to == notice
    assert opened.facts == {Part.IDENTITY: {"recalls": notice, "parts": ["contact"], "reason": "instruction"}}


@pytest.mark.parametrize(
    ("by", "to"), [("mbr_kent", "mbr_surrey"), ("mbr_surrey", "mbr_medway"), ("mbr_surrey", "mbr_kent")]
)
def test_it_reaches_nobody_else_and_nobody_can_tell(town: Town, by: str, to: str) -> None:
    """I4, I9: not one who was not told, not of another's notice; the log grows as for one that goes."""
    notice = told(town)
    before = {name: deliveries(one) for name, one in town.members.items()}
    reasons = town.refusals()
    size = town.slot().size
    assert recalls(town.members[by], notice, to)
    astray = town.slot().size - size
    town.night_passes()
    assert {name: deliveries(one) for name, one in town.members.items()} == before
    assert town.refusals() == reasons
    size = town.slot().size
    recalls(town.members["mbr_kent"], notice, "mbr_medway")
    assert town.slot().size - size == astray


def test_without_an_agreement_a_recall_is_refused_and_recorded(town: Town) -> None:
    """I2: silence refuses; withdrawing the notice needs nobody's leave."""
    notice = told(town)
    town.suspends("agr_kent-medway-movers", "mbr_medway", Change.END)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    recalls(kent, notice, "mbr_medway")
    town.night_passes()
    assert town.refusals() & {"R-AGREEMENT", "R-EXPIRED", "R-SUSPENDED"}
    assert medway.parts()
    kent.withdraws(notice)
    town.night_passes()
    assert medway.parts() == set()


@pytest.mark.parametrize("people", [1, 2])
def test_a_shield_that_was_set_later_tells_the_old_area_nothing(people: int) -> None:
    """Neither that there is a match nor where, until named officers of both sides have approved."""
    town = Town()
    kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers", {"approval": {"officers_each_side": people}})
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    medway.asserts(arrival, shield=True)
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    assert (kent.sees(), kent.told, kent.opened) == ([], [], [])
    (task,) = medway.tasks
    for number in range(people):
        assert kent.sees() == []
        medway.approves(task, officer=f"Officer {number}", named=True)
        medway.approves(task, officer=f"Officer {number}", named=True)  # the same person twice is one person
        town.night_passes()
    (asked,) = kent.tasks
    assert "mbr_medway" not in str(asked.body)
    assert kent.sees(ItemKind.KEY_REQUEST) == []
    for number in range(people):
        assert kent.sees(ItemKind.KEY_REQUEST) == kent.sees(ItemKind.DELIVERY) == []
        kent.approves(asked, officer=f"Officer {number}")
        town.night_passes()
    assert kent.sees(ItemKind.KEY_REQUEST) != []
    assert Part.ADDRESS not in kent.parts() | medway.parts()
