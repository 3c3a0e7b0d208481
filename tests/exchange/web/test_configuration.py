"""What a hub says of itself to anybody."""

from hub.protocols.keys import VerifyingKey
from hub.protocols.limits import NOTICE_BYTES
from hub.protocols.names import NoticeType, Part
from hub.protocols.signed_note import parse_vkey
from hub.protocols.suites import SUITES
from tests.simulators.web_member import CUSTODIAN, ORIGIN, WebHub


def test_a_gateway_learns_what_it_has_to_pin(web_hub: WebHub) -> None:
    """Addresses, keys, custodian, slot and limits, without a token."""
    with web_hub.serving() as client:
        said = client.get("/.well-known/hub-configuration").json()
    assert (said["origin"], said["log_origin"]) == (ORIGIN, "hub.example")
    assert VerifyingKey.from_jwk(said["hub_key"]).key_id == web_hub.hub.key.key_id
    assert parse_vkey(said["log_vkey"]).key.key_id == web_hub.hub.key.key_id
    assert (said["custodian"], said["slot_seconds"], said["mode"]) == (CUSTODIAN, 1, "demo")
    assert said["limits"]["notice_bytes"] == NOTICE_BYTES
    assert said["suites"] == sorted(SUITES)


def test_the_registries_are_public(web_hub: WebHub) -> None:
    """Suites, and the kinds of notices with their sealed parts."""
    with web_hub.serving() as client:
        suites = client.get("/v1/suites").json()
        types = client.get("/v1/notice-types").json()
    assert {one["suite"] for one in suites["suites"]} == set(SUITES)
    assert {one["type"] for one in types["data"]} == {kind.value for kind in NoticeType}
    assert [one["part"] for one in types["parts"]] == [part.value for part in Part]
