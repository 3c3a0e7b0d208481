"""Rotation from the hub: what is due and why. The renewals are told in `story/test_rotation`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange import enrol, lodge
from hub.exchange.errors import Declined
from hub.exchange.renew import rotation_due
from hub.exchange.stages import PaperKind
from hub.protocols.epoch import make_epoch, sign_epoch
from hub.protocols.names import EpochId
from tests.simulators.town import CUSTODIAN, Town


def due(town: Town) -> list[str]:
    """What the custodian has to do now."""
    with town.store.read() as work:
        return rotation_due(work, town.hub)


def wrap(town: Town, *members: str) -> None:
    """The newest key is wrapped to these members."""
    with town.store.write() as work:
        for member in members:
            work.papers.put_wrapped_key(town.epoch, town.members[member].member, "box")


def test_all_is_well_once_every_member_has_the_key(town: Town) -> None:
    """Who has joined and has none is named."""
    assert [line.split()[2] for line in due(town)] == ["mbr_kent", "mbr_medway"]
    wrap(town, "mbr_kent", "mbr_medway")
    assert due(town) == []


def test_a_suspended_member_that_holds_the_key_makes_a_rotation_due(town: Town) -> None:
    """It may still know the key: only another key takes it out of use."""
    wrap(town, "mbr_kent", "mbr_medway")
    with town.store.write() as work:
        enrol.suspend(town.members["mbr_medway"].member, work, town.hub)
    (line,) = due(town)
    assert line.startswith("rotation due: mbr_medway is suspended")
    town.now += timedelta(minutes=1)
    town.rotates(timedelta(days=14))
    wrap(town, "mbr_kent")
    assert due(town) == []


def test_a_rotation_is_due_before_the_epoch_ends_and_when_there_is_none(town: Town) -> None:
    """Four weeks ahead; and where none is in force nothing can be published at all."""
    wrap(town, "mbr_kent", "mbr_medway")
    town.now += timedelta(days=280)
    assert due(town) == [f"rotation due: {town.epoch} ends within 28 days"]
    town.now += timedelta(days=30)
    assert due(town) == ["rotation due: no linkage epoch is in force"]


@pytest.mark.parametrize("change", ["later end", "other key", "other beginning"])
def test_an_epoch_is_shortened_and_nothing_else_about_it_changes(town: Town, change: str) -> None:
    """Its custodian alone may end it early; a longer one, or another key, is another epoch."""
    with town.store.read() as work:
        kept = work.papers.get(PaperKind.EPOCH, town.epoch)
        assert kept is not None
        assert kept.valid_until is not None
    made = make_epoch(EpochId(town.epoch), kept.valid_from, kept.valid_until, town.linkage_key)
    changed = {
        "later end": replace(made, valid_until=made.valid_until + timedelta(days=1)),
        "other key": replace(made, check_value=bytes(32)),
        "other beginning": replace(made, valid_from=made.valid_from - timedelta(days=1)),
    }[change]
    document = sign_epoch(changed, town.custodian.keyring.identity)
    with pytest.raises(Declined, match="epoch-known"), town.store.write() as work:
        lodge.open_epoch(document, {}, CUSTODIAN, work, town.hub)
