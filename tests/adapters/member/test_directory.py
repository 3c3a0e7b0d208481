"""Whose key is whose: believed once it is signed, logged, and the same as before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.keyring import new_keyring
from hub.exchange import enrol
from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.keys import KeyUse, SigningKey, entry_for, sign_entry
from hub.protocols.names import KeyId, MemberId
from tests.simulators.town import CUSTODIAN, Town
from tests.simulators.wire import Answer, Wire

MEDWAY = MemberId("mbr_medway")


def tampering(path: str, change: Callable[[dict[str, Json]], None]) -> Callable[[str, Answer], Answer]:
    """Somebody on the hub's side changes one kind of answer."""

    def tamper(call: str, answer: Answer) -> Answer:
        status, body = answer
        if call.endswith(path) and isinstance(body, dict):
            change(body)
        return status, body

    return tamper


def first_key(body: dict[str, Json]) -> dict[str, Json]:
    """The first directory entry of an answer."""
    data = body["data"]
    assert isinstance(data, list)
    assert isinstance(data[0], dict)
    return data[0]


def test_members_are_read_page_by_page(wire: Wire, kent: Gateway, medway: Gateway) -> None:
    """However many there are."""
    wire.page = 1
    kent.refresh()
    assert set(kent.directory.members()) == {"mbr_kent", "mbr_medway", "mbr_custodian"}
    assert kent.directory.listing(MEDWAY).area == "887"
    with pytest.raises(GatewayFault, match="member-unknown"):
        kent.directory.listing(MemberId("mbr_nobody"))


def test_logged_keys_are_believed(kent: Gateway, medway: Gateway) -> None:
    """Signed by the identity key, with a proof under the pinned log key."""
    ours = medway._keyring
    assert kent.directory.signing_key(MEDWAY, ours.signing.key_id).key_id == ours.signing.key_id
    assert kent.directory.sealing_key(MEDWAY).key_id == ours.sealing[0].key_id
    assert kent.directory.sealing_key(MEDWAY, ours.sealing[0].key_id).key_id == ours.sealing[0].key_id
    assert kent.directory.identity(MEDWAY).key_id == ours.identity.public.key_id
    assert kent.directory.has_key(MEDWAY, ours.signing.key_id)
    assert not kent.directory.has_key(MEDWAY, KeyId("A" * 43))


def test_what_was_read_a_moment_ago_is_not_read_again(wire: Wire, kent: Gateway, medway: Gateway) -> None:
    """A minute's use of one answer; an unknown key is asked for once more."""
    kent.directory.keys(MEDWAY)
    calls = len(wire.calls)
    kent.directory.keys(MEDWAY)
    assert len(wire.calls) == calls
    with pytest.raises(Untrusted, match="key-not-logged"):
        kent.directory.signing_key(MEDWAY, KeyId("A" * 43))
    assert len(wire.calls) == calls + 1


def test_a_key_that_was_registered_since_is_found(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Though the member's keys were read before that."""
    kent.directory.keys(MEDWAY)
    fresh = SigningKey.generate()
    until = town.now.replace(year=2027)
    document = sign_entry(
        entry_for(MEDWAY, KeyUse.SIGNING, fresh.public, town.now, until), medway._keyring.identity
    )
    with town.store.write() as work:
        enrol.register_key(MEDWAY, document, work, town.hub)
    town.slot()
    assert kent.directory.signing_key(MEDWAY, fresh.key_id).key_id == fresh.key_id


def test_a_key_that_is_not_in_the_log_yet_does_not_count(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Until the slot that records it."""
    fresh = SigningKey.generate()
    until = town.now.replace(year=2027)
    document = sign_entry(
        entry_for(MEDWAY, KeyUse.SIGNING, fresh.public, town.now, until), medway._keyring.identity
    )
    with town.store.write() as work:
        enrol.register_key(MEDWAY, document, work, town.hub)
    assert not kent.directory.has_key(MEDWAY, fresh.key_id)


def another_signature(body: dict[str, Json]) -> None:
    """An entry that the member never signed."""
    stranger = new_keyring()
    entry = entry_for(MEDWAY, KeyUse.SIGNING, stranger.signing.public, *_YEAR)
    first_key(body)["document"] = sign_entry(entry, stranger.identity)


def another_opening(body: dict[str, Json]) -> None:
    """The opening of another record."""
    opening = first_key(body)["opening"]
    assert isinstance(opening, dict)
    record = opening["record"]
    assert isinstance(record, dict)
    record["key"] = "A" * 43


def swapped_proofs(body: dict[str, Json]) -> None:
    """Each key with the entry of the other."""
    data = body["data"]
    assert isinstance(data, list)
    one, two = data[0], data[1]
    assert isinstance(one, dict)
    assert isinstance(two, dict)
    one["opening"], two["opening"] = two["opening"], one["opening"]
    one["proof"], two["proof"] = two["proof"], one["proof"]


def unlogged_identity(body: dict[str, Json]) -> None:
    """An identity without an entry."""
    identity = body["identity"]
    assert isinstance(identity, dict)
    identity["opening"], identity["proof"] = None, None


def made_up_identity(body: dict[str, Json]) -> None:
    """Another identity under the same entry."""
    identity = body["identity"]
    assert isinstance(identity, dict)
    identity["jwks"] = new_keyring().identity.public.jwks


_YEAR = (Town().now, Town().now.replace(year=2027))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (another_signature, None),
        (another_opening, "log-inclusion"),
        (swapped_proofs, "key-not-logged"),
        (unlogged_identity, "identity-not-logged"),
        (made_up_identity, "key-not-logged"),
    ],
)
def test_a_key_that_the_hub_made_up_is_refused(
    wire: Wire, kent: Gateway, medway: Gateway, change: Callable[[dict[str, Json]], None], code: str | None
) -> None:
    """Whatever it changes of signature, entry, proof or identity."""
    wire.tampers = tampering("mbr_medway/keys", change)
    with pytest.raises(ProtocolError) as caught:
        kent.directory.keys(MEDWAY)
    assert code is None or caught.value.code == code


def test_a_revoked_key_signs_and_opens_nothing(wire: Wire, kent: Gateway, medway: Gateway) -> None:
    """As soon as the hub shows the revocation."""

    def revoke(body: dict[str, Json]) -> None:
        data = body["data"]
        assert isinstance(data, list)
        for one in data:
            assert isinstance(one, dict)
            one["revoked_at_index"] = 99

    wire.tampers = tampering("mbr_medway/keys", revoke)
    assert not kent.directory.has_key(MEDWAY, medway._keyring.signing.key_id)
    with pytest.raises(Untrusted, match="no-sealing-key"):
        kent.directory.sealing_key(MEDWAY)


def test_a_sealing_key_out_of_its_time_is_not_used(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Nothing is sealed to a key whose owner may have destroyed it."""
    town.days_pass(500)
    with pytest.raises(Untrusted, match="no-sealing-key"):
        kent.directory.sealing_key(MEDWAY)


def test_another_identity_than_before_is_refused(
    wire: Wire, kent: Gateway, medway: Gateway, tmp_path: Path
) -> None:
    """A second identity, well logged, is not the one seen first; not after a restart either."""
    kent.directory.keys(MEDWAY)
    kent.records.set_place("identity:mbr_medway", kent.directory.identity(CUSTODIAN).key_id)
    kent.close()
    again = wire.opens(tmp_path / "kent")
    with pytest.raises(Untrusted, match="identity-changed"):
        again.directory.keys(MEDWAY)


def test_a_key_under_our_own_name_that_we_did_not_make_raises_alarm(
    town: Town, kent: Gateway, medway: Gateway
) -> None:
    """Even one that our own identity key has signed: the gateway stops."""
    kent.directory.check_own(kent.pinned.member, kent._keyring)
    stranger = SigningKey.generate()
    until = town.now.replace(year=2027)
    entry = entry_for(kent.pinned.member, KeyUse.SIGNING, stranger.public, town.now, until)
    with town.store.write() as work:
        enrol.register_key(kent.pinned.member, sign_entry(entry, kent._keyring.identity), work, town.hub)
    town.slot()
    kent.refresh()
    with pytest.raises(Untrusted, match="own-name"):
        kent.poll()
