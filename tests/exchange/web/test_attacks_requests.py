"""What a hostile request may cost, and what it may be answered: little, and nothing that it said itself."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.exchange.web import bodies
from hub.exchange.web.desk import KeptReply
from hub.exchange.web.limits import RateLimits
from hub.exchange.web.problems import MOST_ERRORS
from hub.exchange.web.replay import UsedInMemory
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.limits import BATCH_NOTICES
from hub.protocols.names import MemberId, MemberKind, NoticeType
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import Desk, WebHub, WebMember

SECRET = "Jane Smith, born 2008-01-02"


def test_what_is_no_name_of_a_field_is_not_repeated(region: Region) -> None:
    """A pointer names a field whose name can be one; anything else could be a value in its place."""
    answer = region.kent.posts("/v1/mandates", {"document": {}, SECRET: SECRET, "golden_record": SECRET})
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert {one["pointer"] for one in answer.json()["errors"]} == {"/?", "/golden_record"}


def test_ten_thousand_wrong_fields_get_a_short_answer(region: Region) -> None:
    """The answer to a body does not grow with the body."""
    body = {f"field_{number}": 0 for number in range(10_000)}
    answer = region.kent.posts("/v1/mandates", body)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MOST_ERRORS


@pytest.mark.parametrize("path", ["/v1/notices", "/v1/mandates", "/oauth/token"])
def test_a_body_that_does_not_arrive_ends_the_request(
    region: Region, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection is not held by one byte: thin routes, cold ones and the token endpoint give up in time."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    kind = "application/x-www-form-urlencoded" if path == "/oauth/token" else "application/json"
    headers = {**region.kent.headers("POST", path), "Content-Type": kind}
    if path == "/oauth/token":
        headers["DPoP"] = region.kent.proof("POST", path, None)

    async def never_ends() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async def send() -> Any:  # noqa: ANN401 - a response
        request = region.client.http.post(path, content=never_ends(), headers=headers)
        return await asyncio.wait_for(request, 10)

    answer = region.client.runner.run(send())
    assert (answer.status_code, answer.json()["code"]) == (408, "body-slow")
    assert answer.headers["connection"] == "close"


def test_line_ends_without_number_make_no_list_of_them(region: Region) -> None:
    """A batch of a million empty lines is refused in the memory that it takes itself, a few times over."""
    data = b"ab\n" * 700_000
    region.kent.headers("GET", "/")
    tracemalloc.start()
    try:
        answer = region.kent.sends("/v1/notice-batches", data, Content_Type="application/x-ndjson")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 8 * len(data)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_lines_of_a_batch_are_counted_before_they_are_taken_apart(region: Region, end: bytes) -> None:
    """200 lines are taken, whichever way they end; 201 are not, and none are not."""
    for lines, status in ((BATCH_NOTICES, 200), (BATCH_NOTICES + 1, 413), (0, 413)):
        answer = region.kent.sends(
            "/v1/notice-batches", end.join([b"{}"] * lines), Content_Type="application/x-ndjson"
        )
        assert answer.status_code == status
        assert status == 413 or len(answer.json()["results"]) == lines


def test_a_member_beyond_its_rate_fills_no_memory(tmp_path: Any, schema: Any) -> None:  # noqa: ANN401 - paths
    """Proofs of requests that are refused for their number are not remembered: that memory is everybody's."""
    hub = WebHub(tmp_path, schema, requests_per_second=1, requests_burst=3)
    with hub.serving() as client:
        kent = hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        replay = hub.service.desk.replay
        assert isinstance(replay, UsedInMemory)
        codes = [kent.gets("/v1/inbox").status_code for _ in range(3)]
        before = replay._count
        codes += [kent.gets("/v1/inbox").status_code for _ in range(20)]
        assert codes == [200] * 3 + [429] * 20
        assert replay._count == before
        assert isinstance(hub.service.desk.authentication._limits, RateLimits)


def test_a_signed_word_counts_once_however_it_is_spaced(region: Region) -> None:
    """The same signed document in other JSON is the same document: one effect (I5)."""
    kent, medway = Desk(region.kent), Desk(region.medway)
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    region.kent.publishes(region.kent.notice())
    region.medway.publishes(region.medway.notice(NoticeType.NEW_ARRIVAL))
    region.hub.slot()
    assert kent.grants(kent.look()[0]).status_code == 202
    medway.look()
    region.hub.slot()
    checked = medway.fetches(medway.look()[0])
    path, signed = f"/v1/inbox/{checked.record.delivery}/acknowledgement", medway.acknowledgement(checked)
    waiting = len(errands(region.hub))
    for text in (
        json.dumps({"acknowledgement": signed}),
        json.dumps({"acknowledgement": signed}, indent=4),
        f'{{"acknowledgement" :"{signed}"}}\n',
    ):
        assert region.medway.sends(path, text.encode()).status_code == 202
    assert len(errands(region.hub)) == waiting + 1


def test_an_idempotency_key_counts_at_its_own_address(region: Region) -> None:
    """The answer kept for one address is not given at another, though key and body are the same."""
    body: Json = {"document": {"payload": "e30", "signatures": []}}
    with region.hub.store.write() as work:
        region.hub.service.desk.replies.keep(
            work,
            region.kent.member,
            "/v1/mandates retry-1",
            kept_reply(body),
            region.hub.now,
        )
    same = region.kent.posts("/v1/mandates", body, Idempotency_Key="retry-1")
    assert (same.status_code, same.json()) == (201, {"kept": True})
    elsewhere = region.kent.posts("/v1/standing-requests", body, Idempotency_Key="retry-1")
    assert elsewhere.status_code == 400
    assert elsewhere.json()["code"] != "idempotency-key-reused"


def test_who_is_not_admitted_has_no_keys_for_others(web_hub: WebHub) -> None:
    """Until its fingerprint has been compared nobody is led to seal to a member: not listed, not there."""
    with web_hub.serving() as client:
        kent = web_hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        code = web_hub.invites("mbr_medway", MemberKind.AUTHORITY, "887")
        medway = WebMember(web_hub, client, MemberId("mbr_medway"), web_hub.chance.randbytes(64))
        assert client.post("/v1/enrolments", json=medway.enrolment(code)).status_code == 201
        web_hub.slot()
        unknown = kent.gets("/v1/members/mbr_nobody/keys")
        invited = kent.gets("/v1/members/mbr_medway/keys")
        assert unknown.status_code == invited.status_code == 404
        web_hub.now += timedelta(seconds=1)
        assert "mbr_medway" not in kent.gets("/v1/members").text


def test_what_is_a_members_own_is_kept_by_no_cache(region: Region) -> None:
    """Every answer says how long it may be kept, and what says nothing may not be."""
    for path in (
        "/v1/notices",
        "/v1/disclosures",
        "/v1/members/mbr_kent/keys",
        "/v1/agreements",
        "/v1/inbox",
    ):
        assert region.kent.gets(path).headers.get_list("cache-control") == ["no-store"]
    assert region.client.get("/v1/inbox").headers["cache-control"] == "no-store"
    assert "immutable" in region.client.get("/log/tile/0/000.p/16").headers["cache-control"]


@pytest.mark.parametrize("version", ["0", "-1", "9" * 30, str(2**63), "1e3"])
def test_a_number_that_is_no_version_asks_no_database(region: Region, version: str) -> None:
    """Refused like any other field, never a failure of the hub."""
    answer = region.kent.gets(f"/v1/agreements/agr_anything/versions/{version}")
    assert answer.status_code in {404, 422}


def errands(hub: WebHub) -> list[tuple[int, str]]:
    """What waits in the outbox."""
    with hub.store.read() as work:
        return [*work.inventory.errands()]


def kept_reply(body: Json) -> KeptReply:
    """A reply that was given to a body."""
    return KeptReply(canonical.digest(canonical.encode(body)), 201, b'{"kept":true}')
