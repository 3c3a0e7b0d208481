"""The types of the stages: what is true only after a step cannot be had before it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.consent.decision import Decision, Permit
from hub.consent.question import Category
from hub.exchange.errors import HubFault
from hub.exchange.stages import InboxItem, ItemKind, Realm, Standing, ground_of
from hub.protocols.delivery import Ground, Stage
from hub.protocols.names import AgreementId, DisclosureId, MatchId, MemberId, NoticeId, Part
from tests.stores.made_up import member, passage

ITEM = InboxItem(
    item=DisclosureId("dis_01k00000000000000000000000"),
    member=MemberId("mbr_medway"),
    kind=ItemKind.DELIVERY,
    about=NoticeId("ntc_01k00000000000000000000000"),
    passage=MatchId("mat_01k00000000000000000000000"),
    body={"stage": "rest", "parts": ["address", "contact"]},
    log_index=3,
    put_at=datetime(2026, 11, 21, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("standing", "made_up", "realm"),
    [
        (Standing.LIVE, False, Realm.LIVE),
        (Standing.LIVE, True, Realm.TRIAL),
        (Standing.TRIAL, False, Realm.TRIAL),
        (Standing.SUSPENDED, False, Realm.TRIAL),
    ],
)
def test_only_real_live_members_are_of_the_live_realm(
    standing: Standing,
    made_up: bool,
    realm: Realm,
) -> None:
    """Whoever is on trial, or made up, meets nobody live."""
    assert member(standing=standing, made_up=made_up).realm is realm


def test_a_permit_becomes_the_ground_that_records_carry() -> None:
    """Agreement, version, clause and basis, as the permit names them."""
    permit = Permit(AgreementId("agr_kent-medway"), 2, "3.1", "esa2008:s68")
    assert ground_of(Decision(Category.IDENTITY, permit, ())) == Ground(
        permit.agreement, 2, "3.1", "esa2008:s68"
    )


def test_a_refusal_is_no_ground() -> None:
    """I2: there is no way from a refusal to a record of a release."""
    with pytest.raises(HubFault, match="no-permit"):
        ground_of(Decision(Category.IDENTITY, None, ()))


def test_a_delivery_says_its_stage_and_its_parts() -> None:
    """Both are as the entry lists them."""
    assert (ITEM.stage, ITEM.parts) == (Stage.REST, [Part.ADDRESS, Part.CONTACT])


@pytest.mark.parametrize(
    "item",
    [
        replace(ITEM, kind=ItemKind.KEY_REQUEST),
        replace(ITEM, body=None),
        replace(ITEM, body=["stage", "parts"]),
    ],
)
def test_what_is_no_delivery_has_neither(item: InboxItem) -> None:
    """An item of another kind, or one whose body was forgotten, is never handed over as a delivery."""
    with pytest.raises(HubFault, match="item-body"):
        _ = item.stage
    with pytest.raises(HubFault, match="item-body"):
        _ = item.parts


def test_a_delivery_without_a_list_has_no_parts() -> None:
    """A malformed list releases nothing."""
    assert replace(ITEM, body={"stage": "rest", "parts": "address"}).parts == []


def test_a_passage_moves_by_making_another() -> None:
    """The old one stays what it was; an unknown field is refused."""
    old = passage(1)
    assert old.moved(same=True).same
    assert not old.same
    with pytest.raises(TypeError):
        old.moved(sam=True)
