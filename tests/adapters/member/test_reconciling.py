"""A month between two councils, from each side's own home: the same, or the difference is told."""

from dataclasses import replace
from datetime import UTC

import pytest

from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.reconciling import make_account, read_theirs
from hub.protocols.errors import Untrusted
from hub.protocols.names import MemberId, NoticeType
from hub.protocols.reconciliation import differences
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.story.people import ADA

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")
MONTH = "2026-11"


def test_both_sides_account_for_the_same_month(town: Town, neighbours: tuple[Gateway, Gateway]) -> None:
    """Four releases, two each way, in both accounts; each verifies the other's under its logged key."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    ours, signed = make_account(kent, MEDWAY, MONTH)
    theirs, _ = make_account(medway, KENT, MONTH)
    assert (len(ours.sent), len(ours.received), ours.unreleased) == (2, 2, ())
    assert ours.signed_at == town.now.astimezone(UTC)
    assert differences(ours, theirs) == []
    assert read_theirs(medway, KENT, MONTH, signed) == ours
    assert make_account(kent, MEDWAY, "2026-10")[0].sent == ()
    assert make_account(kent, MemberId("mbr_lambeth"), MONTH)[0].sent == ()


def test_what_is_not_collected_is_told(town: Town, neighbours: tuple[Gateway, Gateway]) -> None:
    """Medway's gateway is off: what Kent sent waits, and both can see it."""
    kent, medway = neighbours
    move(kent, medway)
    for _ in range(3):
        town.slot()
        kent.poll()
    medway.inbox.pull()
    for _ in range(3):
        town.slot()
        kent.poll()
    ours, theirs = make_account(kent, MEDWAY, MONTH)[0], make_account(medway, KENT, MONTH)[0]
    found = differences(ours, theirs)
    assert found
    assert all("not collected" in one for one in found)


def test_another_member_s_account_is_not_taken_for_theirs(
    town: Town, neighbours: tuple[Gateway, Gateway]
) -> None:
    """Our own, another month's, or no month at all."""
    kent, medway = neighbours
    _, signed = make_account(medway, KENT, MONTH)
    with pytest.raises(Untrusted):
        read_theirs(kent, MEDWAY, "2026-12", signed)
    with pytest.raises(Untrusted):
        read_theirs(kent, MEDWAY, MONTH, make_account(kent, MEDWAY, MONTH)[1])
    with pytest.raises(GatewayFault, match="month-form"):
        make_account(kent, MEDWAY, "November")


def test_what_came_under_a_shield_is_not_in_an_account(
    town: Town, neighbours: tuple[Gateway, Gateway]
) -> None:
    """The account goes to the sender, who must not learn from it who has received."""
    kent, medway = neighbours
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, kent, medway)
    (identity, *_) = medway.received()
    assert isinstance(identity.body, dict)
    about = identity.body["about"]
    assert isinstance(about, dict)
    marked = replace(identity, body={**identity.body, "about": {**about, "shield": True}})
    sealed = medway.records._seal(marked.body, f"received:{marked.item}")
    medway.records._change("update received set body = ? where item = ?", (sealed, marked.item))
    listed = [line.delivery for line in make_account(medway, KENT, MONTH)[0].received]
    assert identity.item not in listed
    assert listed
