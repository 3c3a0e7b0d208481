"""The inbox over HTTP: look, wait, fetch, answer; and what is refused on the way."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hub.exchange import enrol
from hub.exchange.stages import KeyUse
from hub.protocols import canonical
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.delivery import CheckedDelivery, Stage
from hub.protocols.entry import commit
from hub.protocols.mandate import Change, Suspension, sign_suspension
from hub.protocols.names import AgreementId, NoticeType, Part
from hub.protocols.proof import parse_proof, verify_proof
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import Desk, WebMember


@dataclass
class Neighbours:
    """Kent and Medway with an agreement, one departure and one arrival that match."""

    region: Region
    kent: Desk
    medway: Desk

    def slot(self) -> None:
        """One slot passes."""
        self.region.hub.slot()

    def identity(self) -> tuple[dict[str, Any], CheckedDelivery]:
        """Go on until Medway holds the identity part of Kent's notice."""
        self.slot()
        for desk in (self.kent, self.medway):
            for item in desk.look():
                assert item["kind"] == "key_request"
                assert desk.grants(item).status_code == 202
        self.slot()
        (item,) = self.medway.look()
        return item, self.medway.fetches(item)


@pytest.fixture
def neighbours(region: Region) -> Neighbours:
    """A match that is on its way in both directions."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    assert region.kent.publishes(region.kent.notice()).status_code == 202
    assert region.medway.publishes(region.medway.notice(NoticeType.NEW_ARRIVAL)).status_code == 202
    return Neighbours(region, Desk(region.kent), Desk(region.medway))


def test_a_match_goes_all_its_way_over_http(neighbours: Neighbours) -> None:
    """Key request, grant, identity part, `same`, the other permitted parts, acknowledgement, outcome."""
    item, checked = neighbours.identity()
    assert item["kind"] == "delivery"
    assert item["body"]["stage"] == Stage.IDENTITY
    assert set(checked.parts) == {Part.IDENTITY}
    assert neighbours.medway.acknowledges(checked).status_code == 202
    assert neighbours.medway.confirms(checked).status_code == 202
    neighbours.slot()
    (rest,) = neighbours.medway.look()
    others = neighbours.medway.fetches(rest)
    assert others.record.stage is Stage.REST
    assert Part.ADDRESS in others.parts
    assert neighbours.medway.reports(others, OutcomeKind.IN_CASELOAD).status_code == 202
    neighbours.slot()
    kinds = [one["kind"] for one in neighbours.kent.look()]
    assert {"acknowledgement", "outcome"} <= set(kinds)


def test_an_item_shows_only_once_a_signed_checkpoint_covers_it(neighbours: Neighbours) -> None:
    """What is not under a signed checkpoint yet is neither listed, nor given, nor counted (I3)."""
    assert neighbours.kent.look() == []
    neighbours.slot()
    assert len(neighbours.kent.look()) == 1


def test_an_item_comes_with_the_proof_of_its_entry(neighbours: Neighbours) -> None:
    """A key request carries opening and proof, which verify under the log's key."""
    neighbours.slot()
    (item,) = neighbours.kent.look()
    found = neighbours.region.kent.gets(f"/v1/inbox/{item['item']}").json()
    leaf = commit(found["opening"]["record"], canonical.unb64u(found["opening"]["salt"]))
    verify_proof(parse_proof(found["proof"]), leaf, neighbours.region.hub.hub.log_key)
    assert found["opening"]["record"]["kind"] == "key_request"


def test_a_poll_waits_until_the_next_checkpoint(neighbours: Neighbours) -> None:
    """`wait` holds an empty poll until a checkpoint brings something, and not longer."""
    kent, hub = neighbours.region.kent, neighbours.region.hub
    headers = kent.headers("GET", "/v1/inbox")

    async def both() -> Any:  # noqa: ANN401 - a response
        poll = asyncio.create_task(kent.client.http.get("/v1/inbox?wait=20", headers=headers))
        await asyncio.sleep(0)
        while hub.service.desk.metrics.polls._value.get() == 0:  # noqa: ASYNC110 - until it waits
            await asyncio.sleep(0)
        hub.slot()
        return await asyncio.wait_for(poll, 5)

    answer = kent.client.runner.run(both())
    assert [item["kind"] for item in answer.json()["data"]] == ["key_request"]


async def waiting(
    region: Region, member: WebMember, headers: dict[str, str], others: int = 0
) -> "asyncio.Task[Any]":
    """A poll of this member that waits, beside the others that do."""
    poll = asyncio.create_task(member.client.http.get("/v1/inbox?wait=20", headers=headers))
    while region.hub.service.desk.metrics.polls._value.get() <= others:  # noqa: ASYNC110 - until it waits
        await asyncio.sleep(0)
    return poll


def suspended(region: Region) -> None:
    """The operator suspends Kent."""
    with region.hub.store.write() as work:
        enrol.suspend(region.kent.member, work, region.hub.hub)


def revoked(region: Region) -> None:
    """Kent's access key, with which the token was asked for, is taken out of use."""
    with region.hub.store.write() as work:
        (key,) = (one for one in work.members.keys(region.kent.member) if one.use is KeyUse.ACCESS)
        enrol.revoke_key(region.kent.member, key.key_id, work, region.hub.hub)


@pytest.mark.parametrize("ends", [suspended, revoked])
def test_a_poll_that_waits_ends_with_what_let_it_in(region: Region, ends: Callable[[Region], None]) -> None:
    """I6: within the second in which the door is looked at again, not at the end of its wait."""
    kent, medway, service = region.kent, region.medway, region.hub.service
    first, second = (member.headers("GET", "/v1/inbox") for member in (kent, medway))

    async def story() -> tuple[Any, Any]:
        poll = await waiting(region, kent, first)
        other = await waiting(region, medway, second, 1)
        ends(region)
        service.desk.door.refresh()
        service._signed(service.desk.checkpoints.size)  # what the watch does every second
        answer = await asyncio.wait_for(poll, 5)
        assert not other.done()
        region.hub.slot()
        service.desk.checkpoints.time = lambda: 1e9  # its twenty seconds are over
        service.desk.checkpoints.wake()
        return answer, await asyncio.wait_for(other, 5)

    out, empty = kent.client.runner.run(story())
    assert (out.status_code, out.json()["code"]) == (401, "access-withdrawn")
    assert (empty.status_code, empty.json()["data"]) == (200, [])


def test_polls_over_the_seats_of_a_member_are_told_to_come_again(region: Region) -> None:
    """429 with `Retry-After`, until the others have gone; who does not wait needs no seat."""
    kent, service = region.kent, region.hub.service
    each = region.hub.service.assembly.settings.polls_per_member
    headers = [kent.headers("GET", "/v1/inbox") for _ in range(each + 2)]

    async def story() -> tuple[list[Any], Any]:
        polls = [await waiting(region, kent, headers[number], number) for number in range(each)]
        over = await kent.client.http.get("/v1/inbox?wait=20", headers=headers[-2])
        at_once = await kent.client.http.get("/v1/inbox", headers=headers[-1])
        service.desk.checkpoints.time = lambda: 1e9  # their twenty seconds are over
        service.desk.checkpoints.wake()
        return [over, at_once], [await asyncio.wait_for(poll, 5) for poll in polls]

    (over, at_once), waited = kent.client.runner.run(story())
    assert (over.status_code, over.json()["code"], over.headers["retry-after"]) == (429, "polls-full", "2")
    assert at_once.status_code == 200
    assert {answer.status_code for answer in waited} == {200}
    assert service.desk.metrics.polls._value.get() == 0


def test_a_poll_that_finds_something_does_not_wait(neighbours: Neighbours) -> None:
    """With something there, `wait` changes nothing."""
    neighbours.slot()
    assert len(neighbours.kent.look("wait=20")) == 1


def test_an_unchanged_page_is_not_sent_again(neighbours: Neighbours) -> None:
    """The ETag of a page, shown again, is answered with 304 and no body."""
    neighbours.slot()
    kent = neighbours.region.kent
    first = kent.gets("/v1/inbox?limit=5")
    again = kent.gets("/v1/inbox?limit=5", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = kent.gets("/v1/inbox?limit=5", **{"If-None-Match": '"another"'})
    assert other.status_code == 200


def test_pages_go_on_where_the_last_one_ended(neighbours: Neighbours) -> None:
    """Every item is listed once, whatever the limit; the cursor stays good where there is no more."""
    neighbours.identity()
    desk = Desk(neighbours.region.medway)
    seen = [one["item"] for _ in range(3) for one in desk.look("limit=1")]
    whole = [one["item"] for one in Desk(neighbours.region.medway).look()]
    assert seen == whole
    assert len(whole) == 2
    assert desk.look() == []


def test_a_cursor_is_good_for_its_own_list_and_member_alone(neighbours: Neighbours) -> None:
    """Another member's cursor, a changed one and a foreign one are refused with one code."""
    neighbours.slot()
    neighbours.kent.look()
    cursor = neighbours.kent.cursor
    assert cursor is not None
    for bent in (cursor, cursor[:-2] + "AA", "bm90IG91cnM", "%20", "A" * 2000):
        member = neighbours.region.medway if bent == cursor else neighbours.region.kent
        answer = member.gets(f"/v1/inbox?cursor={bent}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")


@pytest.mark.parametrize("query", ["limit=501", "limit=-1", "limit=x", "wait=61", "wait=1.5", "limit=٣"])
def test_a_number_out_of_bounds_is_refused(region: Region, query: str) -> None:
    """A limit or wait that is not a number within its bounds is a problem that names the field."""
    answer = region.kent.gets(f"/v1/inbox?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


def test_what_is_waiting_is_counted_beyond_the_place_read_to(neighbours: Neighbours) -> None:
    """The count falls as the member reads on."""
    neighbours.slot()
    kent = neighbours.region.kent
    assert kent.gets("/v1/inbox/count").json() == {"waiting": 1, "most": 1000}
    neighbours.kent.look()
    neighbours.kent.look()  # shows the cursor: what lies before it has been read
    assert kent.gets("/v1/inbox/count").json()["waiting"] == 0


def test_a_stopped_delivery_is_gone_and_the_stop_is_recorded(neighbours: Neighbours) -> None:
    """An agreement suspended after the release stops the hand-over the same second (I6): 410, and logged."""
    item, checked = neighbours.identity()
    kent = neighbours.region.kent
    word = Suspension(
        AgreementId("agr_kent-medway-movers"), 1, kent.member, Change.SUSPEND, neighbours.region.hub.now
    )
    path = "/v1/agreements/agr_kent-medway-movers/suspension"
    assert kent.posts(path, {"word": sign_suspension(word, kent.identity)}).status_code == 202
    answer = neighbours.region.medway.gets(f"/v1/inbox/{item['item']}/delivery")
    assert (answer.status_code, answer.json()["code"]) == (410, "delivery-stopped")
    listed = Desk(neighbours.region.medway).look()
    assert [one["stopped"] for one in listed if one["item"] == item["item"]] == [True]
    neighbours.slot()
    with neighbours.region.hub.store.read() as work:
        records = [work.log.entry(index) for index in range(work.log.size())]
    kinds = [entry.opening.record["kind"] for entry in records if entry and entry.opening]  # type: ignore[index,call-overload]
    assert kinds.count("stopped") == 1
    assert checked.record.delivery == item["item"]


def test_the_same_signed_answer_has_one_effect(neighbours: Neighbours) -> None:
    """An acknowledgement brought twice is answered alike and entered once (I5)."""
    _, checked = neighbours.identity()
    body = {"acknowledgement": neighbours.medway.acknowledgement(checked)}
    path = f"/v1/inbox/{checked.record.delivery}/acknowledgement"
    answers = [neighbours.region.medway.posts(path, body) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [(202, {})] * 2
    neighbours.slot()
    told = [one for one in neighbours.kent.look() if one["kind"] == "acknowledgement"]
    assert len(told) == 1


def _answers(desk: Desk, checked: CheckedDelivery) -> dict[str, Callable[[], Any]]:
    """Every signed answer to a delivery, with a fault in it."""
    other = replace(checked.record, manifest=canonical.digest(b"another"))
    elsewhere = replace(checked, log_index=checked.log_index + 1)
    return {
        "confirmation of another manifest": lambda: desk.confirms(replace(checked, record=other)),
        "outcome of another manifest": lambda: desk.reports(
            replace(checked, record=other), OutcomeKind.NOT_OURS
        ),
        "acknowledgement of another entry": lambda: desk.acknowledges(elsewhere),
    }


def test_an_answer_about_something_else_is_refused(neighbours: Neighbours) -> None:
    """A signed answer that names another notice or another entry is not taken for this one."""
    _, checked = neighbours.identity()
    for name, bring in _answers(neighbours.medway, checked).items():
        answer = bring()
        assert answer.status_code == 422, name
        assert answer.json()["code"].startswith("answer-other-"), name


def test_an_answer_signed_by_another_key_is_refused(neighbours: Neighbours) -> None:
    """A confirmation signed with a key that is not the recipient's has no effect."""
    _, checked = neighbours.identity()
    impostor: WebMember = replace(neighbours.region.medway)
    impostor.signing = neighbours.region.kent.signing
    answer = Desk(impostor).confirms(checked)
    assert (answer.status_code, answer.json()["code"]) == (422, "signing-key")


@pytest.mark.parametrize("path", ["", "/delivery"])
def test_another_members_item_is_as_little_there_as_none(neighbours: Neighbours, path: str) -> None:
    """Absent, malformed and forbidden are one answer, word for word (I7)."""
    item, _ = neighbours.identity()
    kent = neighbours.region.kent
    answers = [
        kent.gets(f"/v1/inbox/{name}{path}")
        for name in (item["item"], "dis_" + "0" * 26, "dis_x", "nonsense")
    ]
    assert {one.status_code for one in answers} == {404}
    bodies = [{k: v for k, v in one.json().items() if k != "request_id"} for one in answers]
    assert all(body == bodies[0] for body in bodies)


def test_a_wrong_answer_ends_the_way_of_the_notice(neighbours: Neighbours) -> None:
    """`different` releases nothing further."""
    _, checked = neighbours.identity()
    assert neighbours.medway.confirms(checked, Answer.DIFFERENT).status_code == 202
    neighbours.slot()
    assert [one["kind"] for one in neighbours.medway.look()] == ["stopped"]


def test_a_grant_for_nobodys_request_is_not_found(region: Region) -> None:
    """A grant to a request that does not exist, or that has not the form of one, is not found."""
    body = {"grant": "e30.e30.AA", "box": None}
    for name in ("req_" + "0" * 26, "req_x"):
        answer = region.kent.posts(f"/v1/key-requests/{name}/grant", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_blind_grant_for_nobodys_request_is_not_found(region: Region) -> None:
    """The same answer as for an open one, with boxes or without."""
    for boxes in ([], ["e30.e30.AA", "e30.e30.AA"]):
        body = {"grant": "e30.e30.AA", "boxes": boxes}
        answer = region.kent.posts(f"/v1/key-requests/req_{'0' * 26}/blind-grant", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_another_members_key_request_is_not_answered_for_it(neighbours: Neighbours) -> None:
    """Medway cannot answer the request that was sent to Kent: for it, there is none (I7)."""
    neighbours.slot()
    (item,) = neighbours.kent.look()
    answer = Desk(neighbours.region.medway).grants(item)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
