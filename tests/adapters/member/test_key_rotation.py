"""Keys are replaced, and nobody is cut off: not in between, not by a missed one, not half-way."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.member.errors import HubUnreachable
from adapters.member.gateway import Gateway
from adapters.member.keyring import Keyring, load_keyring, new_keyring, save_keyring
from hub.protocols.names import NoticeType
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

Two = tuple[Gateway, Gateway]


def ring(gateway: Gateway) -> Keyring:
    """The keyring as it lies in the home."""
    return gateway.home.keyring()


def test_a_match_that_was_under_way_goes_on(town: Town, neighbours: Two) -> None:
    """What was signed before is still ours; what is sealed to the new key opens."""
    kent, medway = neighbours
    earlier = {name: ring(one) for name, one in (("kent", kent), ("medway", medway))}
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    town.slot()
    assert (kent.rotate_keys(), medway.rotate_keys()) == (False, False)
    come_to_rest(town, kent, medway)
    assert ring(kent).signing.key_id != earlier["kent"].signing.key_id
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "B. Officer")
    come_to_rest(town, kent, medway)
    assert {one.stage for one in medway.received()} == {"identity", "rest"}
    assert len(ring(medway).sealing) == 2
    assert {one["state"] for one in medway.own_keys()} == {"in use", "earlier or coming"}


def test_a_box_for_the_earlier_key_still_opens(town: Town, neighbours: Two) -> None:
    """It was under way when the key was replaced."""
    kent, medway = neighbours
    move(kent, medway)
    town.slot()
    kent.poll()
    town.slot()
    medway.rotate_keys()
    come_to_rest(town, kent, medway)
    assert {one.stage for one in medway.received()} == {"identity", "rest"}


def test_what_was_cut_off_is_taken_up_again(town: Town, wire: Wire, kent: Gateway) -> None:
    """The keys were kept before the line broke: the next poll registers the same ones, once."""
    wire.dies_after = {len(wire.calls)}
    with pytest.raises(HubUnreachable):
        kent.rotate_keys()
    coming = ring(kent).coming
    assert coming is not None
    for _ in range(3):
        kent.poll()
        town.slot()
    kent.poll()
    assert ring(kent).coming is None
    assert ring(kent).signing.key_id == coming.signing.key_id
    assert len(kent.own_keys()) == 6


def test_a_year_old_key_is_replaced_by_itself(town: Town, kent: Gateway) -> None:
    """Three months before it ends; and a gateway that slept all year only does it later."""
    first = ring(kent).signing.key_id
    kent.poll()
    assert ring(kent).coming is None
    town.days_pass(400)
    kent.poll()
    town.slot()
    kent.poll()
    assert ring(kent).signing.key_id != first
    assert ring(kent).coming is None


def test_another_process_over_this_home_goes_on(
    town: Town, wire: Wire, kent: Gateway, tmp_path: Path
) -> None:
    """It takes the new keys with its next poll, and takes none of them for a stranger's."""
    other = wire.opens(tmp_path / "kent")
    kent.rotate_keys()
    town.slot()
    kent.poll()
    other.refresh()
    assert other.poll().total == 0
    assert {one["state"] for one in other.own_keys()} == {"in use", "earlier or coming"}
    other.close()


def test_a_sealing_key_goes_when_nothing_can_be_sealed_to_it(town: Town, kent: Gateway) -> None:
    """Its own time, and after that the longest life of a notice."""
    first = ring(kent).sealing[0].key_id
    for days, held in ((400, True), (400, True), (30, False)):
        town.days_pass(days)
        for _ in range(2):
            kent.poll()
            town.slot()
        assert (first in {key.key_id for key in ring(kent).sealing}) is held


def test_a_keyring_of_before_is_read_as_it_was(tmp_path: Path) -> None:
    """And a keyring between two keys is kept whole."""
    path, secret = tmp_path / "keyring", b"0" * 43
    town = Town()
    begun = new_keyring().with_coming(town.now + timedelta(microseconds=5))
    save_keyring(path, begun, secret)
    read = load_keyring(path, secret)
    assert read.coming is not None
    assert begun.coming is not None
    assert read.coming.begin == begun.coming.begin
    assert read.turned().signing.key_id == begun.coming.signing.key_id
    assert read.turned().signed_with(begun.signing.key_id) == begun.signing.public
    assert begun.with_coming(town.now) == begun
