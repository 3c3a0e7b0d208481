"""Joining a hub: keys once, an invitation once, and nothing lost where the line breaks."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.home import Home
from adapters.member.joining import Desk, check_address, join, pin_custodian, read_configuration
from hub.exchange import enrol
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import MemberId, MemberKind
from tests.simulators.town import Town
from tests.simulators.wire import URL, Wire

KENT = MemberId("mbr_kent")
DESK = Desk("Kent", "Tracking team", "01632 960000", "tracking@example.org", "N. Officer", "886")


def invitation(town: Town, member: str = "mbr_kent") -> str:
    """An invitation's code, as the operator hands it over."""
    with town.store.write() as work:
        return enrol.invite(MemberId(member), "Kent", MemberKind.AUTHORITY, work, town.hub, area="886")


def test_a_member_joins_and_two_people_have_fingerprints_to_compare(
    town: Town, wire: Wire, tmp_path: Path
) -> None:
    """What is pinned is what the hub said of itself at this moment."""
    joined = join(tmp_path, URL + "/", invitation(town), KENT, DESK, town.now, None, wire.client())
    home = Home(tmp_path)
    pinned = home.pinned()
    assert joined.fingerprint == home.keyring().identity.public.key_id
    assert (
        joined.hub_fingerprint == town.hub.key.public.key_id == VerifyingKey.from_jwk(pinned.hub_key).key_id
    )
    assert (pinned.hub_url, pinned.log_vkey, pinned.area) == (URL, town.hub.log_key.vkey, "886")
    assert (pinned.team, pinned.officer, pinned.custodian_identity) == ("Tracking team", "N. Officer", None)
    with town.store.read() as work:
        assert len(work.members.keys(KENT)) == 4


def test_a_home_that_is_taken_stays_as_it_is(town: Town, wire: Wire, tmp_path: Path) -> None:
    """Nobody's keys are overwritten."""
    join(tmp_path, URL, invitation(town), KENT, DESK, town.now, None, wire.client())
    before = (tmp_path / "keyring").read_bytes()
    with pytest.raises(GatewayFault, match="home-taken"):
        join(tmp_path, URL, "another", KENT, DESK, town.now, None, wire.client())
    assert (tmp_path / "keyring").read_bytes() == before


def test_an_invitation_that_is_not_good_is_refused(town: Town, wire: Wire, tmp_path: Path) -> None:
    """And the folder is no home by that; the next try uses the same keys."""
    with pytest.raises(HubRefused, match="invitation-unknown"):
        join(tmp_path, URL, "made-up", KENT, DESK, town.now, None, wire.client())
    assert not (tmp_path / "gateway.json").exists()
    keyring = Home(tmp_path).keyring()
    join(tmp_path, URL, invitation(town), KENT, DESK, town.now, None, wire.client())
    assert Home(tmp_path).keyring() == keyring


def test_an_invitation_of_another_member_is_refused(town: Town, wire: Wire, tmp_path: Path) -> None:
    """A code that was mixed up must not make a member of another name."""
    with pytest.raises((GatewayFault, ProtocolError)):
        join(tmp_path, URL, invitation(town, "mbr_medway"), KENT, DESK, town.now, None, wire.client())
    assert not (tmp_path / "gateway.json").exists()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [0, 1])
def test_a_join_that_was_cut_off_is_repeated(
    town: Town, wire: Wire, tmp_path: Path, when: str, call: int
) -> None:
    """Before the hub heard it, or after: with the same keys, and the same invitation."""
    code = invitation(town)
    (wire.dies_before if when == "before" else wire.dies_after).add(call)
    with pytest.raises(HubUnreachable):
        join(tmp_path, URL, code, KENT, DESK, town.now, None, wire.client())
    joined = join(tmp_path, URL, code, KENT, DESK, town.now, None, wire.client())
    assert joined.fingerprint == Home(tmp_path).keyring().identity.public.key_id
    with town.store.read() as work:
        assert {key.key_id for key in work.members.keys(KENT)} >= {joined.fingerprint}
        assert len(work.members.keys(KENT)) == 4


def test_an_invitation_that_somebody_else_has_used_is_refused(town: Town, wire: Wire, tmp_path: Path) -> None:
    """The hub knows other keys under this name."""
    code = invitation(town)
    join(tmp_path / "first", URL, code, KENT, DESK, town.now, None, wire.client())
    with pytest.raises(HubRefused, match="invitation-unknown"):
        join(tmp_path / "second", URL, code, KENT, DESK, town.now, None, wire.client())


@pytest.mark.parametrize("field", ["team", "telephone", "mailbox"])
@pytest.mark.parametrize("words", ["", "x" * 121, "two\nlines"])
def test_a_desk_that_no_notice_could_carry_is_refused_at_once(
    town: Town, wire: Wire, tmp_path: Path, field: str, words: str
) -> None:
    """Rather than with the first notice."""
    with pytest.raises(GatewayFault, match="desk-words"):
        join(tmp_path, URL, "code", KENT, replace(DESK, **{field: words}), town.now, None, wire.client())
    assert wire.calls == []


@pytest.mark.parametrize("url", ["http://hub.example", "ftp://hub.example", "hub.example", "https://", ""])
def test_a_way_that_others_could_read_is_refused(url: str) -> None:
    """Encrypted, or on this machine, or said on purpose."""
    with pytest.raises(GatewayFault, match="hub-"):
        check_address(url)


def test_loopback_https_and_a_closed_network_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last only where somebody has said so."""
    for url in ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://hub.example"):
        check_address(url)
    monkeypatch.setenv("HUB_GATEWAY_INSECURE_HTTP", "1")
    check_address("http://hub:8000")


def test_another_custodian_can_be_pinned(town: Town, wire: Wire, tmp_path: Path) -> None:
    """By hand, and its fingerprint is shown."""
    join(tmp_path, URL, invitation(town), KENT, DESK, town.now, None, wire.client())
    identity = town.custodian.keyring.identity.public
    assert pin_custodian(Home(tmp_path), identity.jwks) == identity.key_id
    assert Home(tmp_path).pinned().custodian_identity == identity.jwks
    with pytest.raises(ProtocolError):
        pin_custodian(Home(tmp_path), {"keys": []})


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"log_vkey": 1}', b"<html>"])
def test_what_is_no_hub_is_refused_in_kind(body: bytes) -> None:
    """Typed, and never a raw error."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    with pytest.raises((GatewayFault, ProtocolError)):
        read_configuration(URL, http)
