"""Who tries to come in as somebody else, or to stay with a key that was taken away."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hub.exchange import enrol
from hub.exchange.enrol import KEY_AGE
from hub.exchange.errors import Declined, NotYours
from hub.protocols import canonical
from hub.protocols.epoch import make_epoch, sign_epoch
from hub.protocols.keys import KeyUse, SigningKey, entry_for, sign_entry
from hub.protocols.names import EpochId, KeyId, MemberId, MemberKind, new_id
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import Line, WebHub, WebMember

BEXLEY = MemberId("mbr_bexley")


@pytest.fixture
def client(web_hub: WebHub) -> Iterator[Line]:
    """A hub that answers, with nobody in it."""
    with web_hub.serving() as line:
        yield line


def made(hub: WebHub, client: Line, member: MemberId = BEXLEY) -> WebMember:
    """A member's system with keys that nobody has seen."""
    return WebMember(hub, client, member, hub.chance.randbytes(64))


def redeems(client: Line, who: WebMember, code: str, **changes: Any) -> httpx.Response:  # noqa: ANN401
    """Redeem an invitation; any part of the body can be another."""
    return client.post("/v1/enrolments", json={**who.enrolment(code), **changes})


def test_an_earlier_code_ends_with_a_new_one(web_hub: WebHub, client: Line) -> None:
    """A code that went astray is worth nothing once the member was invited again."""
    stray = web_hub.invites(BEXLEY, MemberKind.AUTHORITY)
    code = web_hub.invites(BEXLEY, MemberKind.AUTHORITY)
    answer = redeems(client, made(web_hub, client), stray)
    assert (answer.status_code, answer.json()["code"]) == (403, "invitation-unknown")
    assert redeems(client, made(web_hub, client), code).status_code == 201


def test_nobody_redeems_for_a_member_that_is_admitted(web_hub: WebHub, client: Line) -> None:
    """A code that is still good gives an admitted member no second identity."""
    bexley = web_hub.admits(client, BEXLEY)
    with web_hub.store.write() as work:  # as if it had been kept from before
        digest = canonical.digest(b"kept back")
        work.members.invite(BEXLEY, digest, web_hub.now + timedelta(days=1))
    thief = made(web_hub, client)
    answer = redeems(client, thief, "kept back", entries=[])
    assert (answer.status_code, answer.json()["code"]) == (403, "invitation-unknown")
    web_hub.slot()
    shown = bexley.gets("/v1/members/mbr_bexley/keys").json()
    assert shown["identity"]["jwks"] == bexley.identity.public.jwks


def test_who_lost_its_home_before_it_was_admitted_begins_anew(web_hub: WebHub, client: Line) -> None:
    """Invited again, it brings new keys; the old ones count for nothing, and approval is of the new ones."""
    lost, again = made(web_hub, client), made(web_hub, client)
    assert redeems(client, lost, web_hub.invites(BEXLEY, MemberKind.AUTHORITY)).status_code == 201
    assert redeems(client, again, web_hub.invites(BEXLEY, MemberKind.AUTHORITY)).status_code == 201
    with web_hub.store.write() as work:
        with pytest.raises(Declined, match="fingerprint-differs"):
            enrol.approve(BEXLEY, lost.identity.key_id[:10], work, web_hub.hub)
        enrol.approve(BEXLEY, again.identity.key_id[:10], work, web_hub.hub)
    web_hub.slot()
    assert again.gets("/v1/inbox").status_code == 200
    assert lost.asks_token().json()["code"] == "client-untrusted"
    uses = again.gets("/v1/members/mbr_bexley/keys").json()["data"]
    assert {one["key_id"] for one in uses if one["revoked_at_index"] is None} == {
        again.signing.key_id,
        again.access.key_id,
        again.sealing.key_id,
    }


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (timedelta(days=-9), timedelta(days=-1)),
        (timedelta(days=-9), timedelta(0)),
        (timedelta(0), KEY_AGE + timedelta(seconds=1)),
        (-KEY_AGE - timedelta(seconds=1), timedelta(days=1)),
        (timedelta(days=-700_000), timedelta(days=1)),
    ],
    ids=["over", "over-now", "for-ever", "long-begun", "year-110"],
)
def test_a_key_has_a_time_that_makes_sense(region: Region, begins: timedelta, ends: timedelta) -> None:
    """A key whose time is over, or farther away than a key may last, is not registered."""
    kent, hub = region.kent, region.hub
    key = SigningKey.from_seed(hub.chance.randbytes(32)).public
    document = sign_entry(
        entry_for(kent.member, KeyUse.ACCESS, key, hub.now + begins, hub.now + ends), kent.identity
    )
    answer = kent.posts("/v1/members/mbr_kent/keys", {"document": document})
    assert (answer.status_code, answer.json()["code"]) == (409, "key-time")


def test_a_registered_key_is_not_changed_by_registering_it_again(region: Region) -> None:
    """Another use or another time for a known key is refused, not answered as if it were done (I5)."""
    kent, hub = region.kent, region.hub
    begin, until = hub.now, hub.now + timedelta(days=9)
    codes = []
    for use, end in ((KeyUse.ACCESS, until), (KeyUse.SIGNING, until)):
        entry = entry_for(kent.member, use, kent.signing.public, begin, end)
        answer = kent.posts("/v1/members/mbr_kent/keys", {"document": sign_entry(entry, kent.identity)})
        codes.append((answer.status_code, answer.json()["code"]))
    assert codes == [(409, "key-known")] * 2


def test_the_same_entry_again_changes_nothing(region: Region) -> None:
    """A retry gets the first answer, also where it was signed anew."""
    kent, hub = region.kent, region.hub
    key = SigningKey.from_seed(hub.chance.randbytes(32)).public
    entry = entry_for(kent.member, KeyUse.SIGNING, key, hub.now, hub.now + timedelta(days=9))
    answers = [
        kent.posts("/v1/members/mbr_kent/keys", {"document": sign_entry(entry, kent.identity)}) for _ in "12"
    ]
    assert [(one.status_code, one.json()) for one in answers] == [(201, {"key_id": key.key_id})] * 2


class Thief(WebMember):
    """Has a member's keys, and makes its proofs with one of his own."""

    def proof(self, method: str, path: str, token: str | None, **changes: Any) -> str:  # noqa: ANN401
        """A proof by the thief's own key."""
        own = SigningKey.from_seed(bytes(32))
        return super().proof(method, path, token, **{"key": own, **changes})


def revokes(hub: WebHub, member: MemberId, key_id: KeyId) -> None:
    """The operator takes a key out of use."""
    with hub.store.write() as work:
        enrol.revoke_key(member, key_id, work, hub.hub)
    hub.service.desk.door.refresh()


def test_a_revoked_access_key_ends_its_tokens(region: Region) -> None:
    """Also a token that its thief had bound to a key of his own: the next request is refused (I6)."""
    kent, hub = region.kent, region.hub
    thief = Thief(hub, region.client, kent.member, kent.seed)
    assert thief.gets("/v1/inbox").status_code == kent.gets("/v1/inbox").status_code == 200
    revokes(hub, kent.member, kent.access.key_id)
    for one in (thief, kent):
        answer = one.gets("/v1/inbox")
        assert (answer.status_code, answer.json()["code"]) == (401, "access-withdrawn")
    assert kent.asks_token().json()["code"] == "client-untrusted"


def test_a_revoked_signing_key_signs_nothing_more(region: Region) -> None:
    """What it signs from that instant is not published (I6); the directory and the log say so."""
    kent, hub = region.kent, region.hub
    data = kent.notice()
    revokes(hub, kent.member, kent.signing.key_id)
    answer = kent.publishes(data)
    assert (answer.status_code, answer.json()["code"]) == (422, "signing-key")
    hub.slot()
    keys = region.medway.gets("/v1/members/mbr_kent/keys").json()["data"]
    assert [one["key_id"] for one in keys if one["revoked_at_index"] is not None] == [kent.signing.key_id]
    last = region.medway.gets("/v1/disclosures?limit=500").json()["data"][-1]["opening"]["record"]
    assert (last["kind"], last["subject"]) == ("key_revoked", kent.signing.key_id)


def test_a_revoked_key_is_not_registered_again(region: Region) -> None:
    """Nor is it changed by being revoked a second time."""
    kent, hub = region.kent, region.hub
    key = SigningKey.from_seed(hub.chance.randbytes(32))
    entry = entry_for(kent.member, KeyUse.SIGNING, key.public, hub.now, hub.now + timedelta(days=9))
    document = sign_entry(entry, kent.identity)
    assert kent.posts("/v1/members/mbr_kent/keys", {"document": document}).status_code == 201
    for _ in range(2):
        revokes(hub, kent.member, key.key_id)
    assert kent.posts("/v1/members/mbr_kent/keys", {"document": document}).json()["code"] == "key-known"


def test_only_a_members_own_working_keys_are_revoked(region: Region) -> None:
    """Not another's, not one that is not there, and not the identity key: that is a suspension."""
    hub, kent = region.hub, region.kent
    with hub.store.write() as work:
        for key_id in (region.medway.signing.key_id, KeyId("nothing")):
            with pytest.raises(NotYours):
                enrol.revoke_key(kent.member, key_id, work, hub.hub)
        with pytest.raises(Declined, match="key-identity"):
            enrol.revoke_key(kent.member, kent.identity.key_id, work, hub.hub)


def test_an_epoch_is_not_replaced_under_its_id(region: Region) -> None:
    """The custodian may wrap to further members; another epoch, or somebody who is no member, is refused."""
    hub, custodian = region.hub, region.custodian
    before = hub.epoch
    document = custodian.gets("/v1/epochs").json()["data"][0]["document"]
    nobody = custodian.posts("/v1/epochs", {"document": document, "boxes": {"mbr_nobody": "a.b.c"}})
    assert nobody.json()["code"] == "member-unknown"
    again = custodian.posts("/v1/epochs", {"document": document, "boxes": {"mbr_kent": "a.b.c"}})
    assert (again.status_code, again.json()) == (201, {"epoch": before})
    other = enrol_epoch(hub, custodian, before)
    assert (other.status_code, other.json()["code"]) == (409, "epoch-known")
    assert custodian.gets("/v1/epochs").json()["data"][0]["document"] == document


def enrol_epoch(hub: WebHub, custodian: WebMember, name: EpochId) -> httpx.Response:
    """The custodian signs another epoch under an id that is taken."""
    epoch = make_epoch(name, hub.now, hub.now + timedelta(days=9), hub.linkage)
    return custodian.posts("/v1/epochs", {"document": sign_epoch(epoch, custodian.identity), "boxes": {}})


def test_ids_of_epochs_are_free_otherwise(region: Region) -> None:
    """A new id is a new epoch."""
    name = EpochId(new_id("ep", region.hub.now, region.hub.chance.randbytes(10)))
    assert enrol_epoch(region.hub, region.custodian, name).status_code == 201
