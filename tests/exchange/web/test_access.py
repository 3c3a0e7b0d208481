"""Credentials on the whole application: what is let in, and that nothing is stored for anybody else."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.protocols.access import AccessClaims, issue_access_token
from hub.protocols.keys import SigningKey
from hub.protocols.names import MemberKind
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import ORIGIN, WebHub

OTHER = SigningKey.from_seed(bytes(32))


def publish(region: Region, headers: dict[str, str]) -> httpx.Response:
    """Publish a good notice with these credentials."""
    kind = {"Content-Type": "application/json"}
    return region.client.post("/v1/notices", content=region.kent.notice(), headers={**headers, **kind})


def test_a_proof_is_good_once(region: Region) -> None:
    """The second use of a proof is refused, and what came with it is not kept."""
    headers = region.kent.headers("POST", "/v1/notices")
    assert publish(region, headers).status_code == 202
    again = publish(region, headers)
    assert (again.status_code, again.json()["code"]) == (401, "dpop-replayed")
    with region.hub.store.read() as work:
        assert len(work.notices.of_member(region.kent.member, "", 10)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": f"{ORIGIN}/v1/inbox"}, "dpop-address"),
        ({"url": "http://evil.example/v1/notices"}, "dpop-address"),
        ({"verb": "GET"}, "dpop-method"),
        ({"key": OTHER}, "access-binding"),
        ({"now": -timedelta(minutes=10)}, "dpop-stale"),
        ({"now": timedelta(minutes=10)}, "dpop-early"),
    ],
)
def test_a_proof_of_something_else_is_refused(region: Region, changes: dict[str, Any], code: str) -> None:
    """Another address, method, key or time: 401 with its own code, nothing kept."""
    if "now" in changes:
        changes = {"now": region.hub.now + changes["now"]}
    answer = publish(region, region.kent.headers("POST", "/v1/notices", **changes))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    with region.hub.store.read() as work:
        assert work.notices.of_member(region.kent.member, "", 10) == []


@pytest.mark.parametrize(
    ("changes", "key", "code"),
    [
        ({"issuer": "http://other.example"}, None, "access-issuer"),
        ({"audience": "http://other.example"}, None, "access-audience"),
        ({}, OTHER, "access-"),
    ],
)
def test_a_token_of_somebody_else_is_refused(
    region: Region, changes: dict[str, Any], key: SigningKey | None, code: str
) -> None:
    """Another issuer, another audience, another signer."""
    now, kent = region.hub.now, region.kent
    given: dict[str, Any] = {
        "issuer": ORIGIN,
        "audience": ORIGIN,
        "client": kent.member,
        "scopes": frozenset({"notices:write"}),
        "key_id": kent.access.key_id,
        "issued_at": now,
        "expires_at": now + timedelta(minutes=5),
        "jti": "jti-of-a-token",
        **changes,
    }
    kent.token = issue_access_token(AccessClaims(**given), key or region.hub.hub.key)
    answer = publish(region, kent.headers("POST", "/v1/notices"))
    assert answer.status_code == 401
    assert answer.json()["code"].startswith(code)


def test_a_token_ends(region: Region) -> None:
    """After ten minutes a new one is asked for."""
    assert region.kent.gets("/v1/members").status_code == 200
    region.hub.now += timedelta(minutes=10)
    answer = region.kent.gets("/v1/members")
    assert (answer.status_code, answer.json()["code"]) == (401, "access-expired")
    region.kent.token = None
    assert region.kent.gets("/v1/members").status_code == 200


def test_bearer_tokens_are_not_taken(region: Region) -> None:
    """The token alone opens nothing."""
    headers = region.kent.headers("GET", "/v1/members")
    bearer = {"Authorization": headers["Authorization"].replace("DPoP", "Bearer"), "DPoP": headers["DPoP"]}
    answer = region.client.get("/v1/members", headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (401, "access-scheme")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": "http://other.example"}, "client-audience"),
        ({"key": OTHER}, "client-untrusted"),
    ],
)
def test_an_assertion_for_or_by_somebody_else_gets_no_token(
    region: Region, changes: dict[str, Any], code: str
) -> None:
    """Another audience, another key."""
    answer = region.kent.asks_token(**changes)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_where_nonces_are_needed_a_client_finds_its_way(tmp_path: Path, schema: Path) -> None:
    """The refusal carries the nonce with which the repeat is good, for tokens and for requests."""
    hub = WebHub(tmp_path, schema, dpop_nonces=True)
    with hub.serving() as client:
        kent = hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        refused = kent.asks_token()
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        kent.nonce = refused.headers["dpop-nonce"]
        assert kent.gets("/v1/members").status_code == 200
        kent.nonce = None
        again = kent.gets("/v1/members")
        assert (again.status_code, again.json()["code"]) == (401, "dpop-nonce")
        kent.nonce = again.headers["dpop-nonce"]
        assert kent.gets("/v1/members").status_code == 200
