"""The door remembers who may come in, and looks again before it sends anybody away."""

from dataclasses import replace
from datetime import timedelta

from hub.exchange.stages import Standing
from hub.protocols.access import AccessToken
from hub.protocols.keys import KeyUse, SigningKey, entry_for, sign_entry
from hub.protocols.names import MemberId
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import WebHub, WebMember


def token(region: Region, member: WebMember) -> AccessToken:
    """A token of this member's, bound to its access key."""
    now = region.hub.now
    return AccessToken(
        member.member, frozenset(), member.access.key_id, now, now + timedelta(minutes=10), "jti"
    )


def set_standing(region: Region, member: MemberId, standing: Standing) -> None:
    """Change how far a member is admitted."""
    with region.hub.store.write() as work:
        known = work.members.get(member)
        assert known is not None
        work.members.put(replace(known, standing=standing))


def test_the_door_answers_from_memory_until_it_looks_again(region: Region) -> None:
    """A change counts when the door has looked, which it does once a second or at a checkpoint."""
    door = region.hub.service.desk.door
    set_standing(region, region.kent.member, Standing.SUSPENDED)
    assert door.admits(token(region, region.kent))
    size = door._snapshot.size
    assert not door.refresh_if_stale(size)
    assert door.refresh_if_stale(size + 16)
    assert not door.admits(token(region, region.kent))
    set_standing(region, region.kent.member, Standing.LIVE)
    region.hub.now += timedelta(seconds=1)
    assert door.refresh_if_stale(size)
    assert door.admits(token(region, region.kent))


def test_a_revoked_key_shuts_out_its_tokens(region: Region) -> None:
    """A token bound to a key that was revoked since is no longer good (I6)."""
    door = region.hub.service.desk.door
    assert door.admits(token(region, region.kent))
    with region.hub.store.write() as work:
        (key,) = [
            one for one in work.members.keys(region.kent.member) if one.key_id == region.kent.access.key_id
        ]
        work.members.put_key(replace(key, revoked_at_index=7))
    door.refresh()
    assert not door.admits(token(region, region.kent))
    assert door.access_keys(region.kent.member) == []
    assert door.admits(token(region, region.medway))


def test_access_keys_are_those_that_are_logged_and_in_their_time(region: Region) -> None:
    """A key not logged yet, or past its time, opens nothing; an unknown member has none."""
    hub, kent, door = region.hub, region.kent, region.hub.service.desk.door
    new = SigningKey.from_seed(bytes(32))
    entry = entry_for(kent.member, KeyUse.ACCESS, new.public, hub.now, hub.now + timedelta(days=1))
    assert kent.posts("/v1/members/mbr_kent/keys", {"document": sign_entry(entry, kent.identity)}).is_success
    door.refresh()
    assert [key.key_id for key in door.access_keys(kent.member)] == [kent.access.key_id]
    hub.slot()
    assert {key.key_id for key in door.access_keys(kent.member)} == {kent.access.key_id, new.key_id}
    hub.now += timedelta(days=2)
    assert [key.key_id for key in door.access_keys(kent.member)] == [kent.access.key_id]
    assert door.access_keys(MemberId("mbr_nobody")) == []


def test_a_member_nobody_has_heard_of_makes_the_door_look(web_hub: WebHub) -> None:
    """Who is unknown is looked up once more, so that a new member need not wait."""
    with web_hub.serving() as client:
        door = web_hub.service.desk.door
        seen = door._snapshot
        web_hub.now += timedelta(seconds=1)
        assert door.access_keys(MemberId("mbr_nobody")) == []
        assert door._snapshot is not seen
        assert client.get("/healthz").status_code == 200
