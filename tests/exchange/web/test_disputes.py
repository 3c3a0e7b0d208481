"""A contested release over HTTP: who may open, read, answer and close; and what is refused on the way."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from hub.protocols.dispute import (
    Act,
    DisputeMessage,
    Grievance,
    Result,
    digest_of,
    open_text,
    reread_message,
    seal_text,
    sign_message,
)
from hub.protocols.names import DisputeId, MemberKind, NoticeId, NoticeType
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import Desk, WebMember

NAME = DisputeId("dsp_01k00000000000000000000000")
OTHER = DisputeId("dsp_01k00000000000000000000001")


def message(by: WebMember, to: WebMember, said: DisputeMessage, words: str = "Why?") -> dict[str, Any]:
    """A signed message with its sealed words, as a gateway sends it."""
    text = seal_text(words, said.dispute, to.sealing.public)
    now = by.town.now.replace(microsecond=0)
    made = replace(said, sender=by.member, recipient=to.member, text=digest_of(text), signed_at=now)
    return {"message": sign_message(made, by.signing), "text": text}


def following(body: dict[str, Any], act: Act, result: Result | None = None) -> DisputeMessage:
    """What answers or closes after a message."""
    said = reread_message(body["message"])
    return replace(said, act=act, result=result, follows=digest_of(body["message"]))


@pytest.fixture
def opening(region: Region) -> DisputeMessage:
    """Medway holds the identity part of Kent's notice; the message that would contest it."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    region.kent.publishes(region.kent.notice())
    region.medway.publishes(region.medway.notice(NoticeType.NEW_ARRIVAL))
    region.hub.slot()
    for desk in (Desk(region.kent), Desk(region.medway)):
        for item in desk.look():
            desk.grants(item)
    region.hub.slot()
    shown = region.medway.gets("/v1/disclosures?limit=500").json()["data"]
    (found, *_) = [
        one
        for one in shown
        if (record := one["opening"]["record"])["kind"] == "release"
        and record["recipient"] == region.medway.member
    ]
    return DisputeMessage(
        dispute=NAME,
        act=Act.OPEN,
        entry=found["log_index"],
        notice=NoticeId(found["opening"]["record"]["notice"]),
        sender=region.medway.member,
        recipient=region.kent.member,
        grievance=Grievance.WITHHELD,
        result=None,
        follows=None,
        text=digest_of(""),
        officer="D. P. Officer",
        signed_at=region.hub.now.replace(microsecond=0),
    )


@pytest.fixture
def stranger(region: Region) -> WebMember:
    """A third council."""
    return region.hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")


def refused(answer: httpx.Response) -> dict[str, Any]:
    """A problem, without the one field that differs from request to request."""
    assert answer.status_code == 404, answer.text
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_a_thread_is_opened_answered_and_closed(region: Region, opening: DisputeMessage) -> None:
    """Its state, its clock and its messages are there for both; the words open for whom they are."""
    first = message(region.medway, region.kent, opening, "The participation part is missing.")
    assert region.medway.posts("/v1/disputes", first).status_code == 202
    region.hub.slot()
    for member in (region.kent, region.medway):
        (listed,) = member.gets("/v1/disputes").json()["data"]
        assert (listed["state"], listed["grievance"], listed["result"]) == ("open", "withheld", None)
        assert listed["due_at"] is not None
        assert member.gets(f"/v1/disputes/{NAME}").json() == listed
    (item,) = [one for one in Desk(region.kent).look() if one["kind"] == "dispute"]
    assert (item["body"]["dispute"], item["body"]["act"]) == (NAME, "open")
    (kept,) = region.kent.gets(f"/v1/disputes/{NAME}/messages").json()["data"]
    assert kept == first
    assert open_text(kept["text"], NAME, region.kent.sealing) == "The participation part is missing."
    answer = message(region.kent, region.medway, following(first, Act.ANSWER))
    assert region.kent.posts(f"/v1/disputes/{NAME}/messages", answer).status_code == 202
    end = message(region.medway, region.kent, following(answer, Act.CLOSE, Result.NOT_UPHELD))
    assert region.medway.posts(f"/v1/disputes/{NAME}/outcome", end).status_code == 202
    closed = region.kent.gets(f"/v1/disputes/{NAME}").json()
    assert (closed["state"], closed["result"], closed["due_at"]) == ("closed", "not_upheld", None)


def test_the_same_message_again_has_one_effect(region: Region, opening: DisputeMessage) -> None:
    """I5: a signed message is its own idempotency key."""
    first = message(region.medway, region.kent, opening)
    for _ in range(3):
        assert region.medway.posts("/v1/disputes", first).status_code == 202
    assert len(region.medway.gets(f"/v1/disputes/{NAME}/messages").json()["data"]) == 1
    again = message(region.medway, region.kent, replace(opening, dispute=OTHER))
    answer = region.medway.posts("/v1/disputes", again)
    assert (answer.status_code, answer.json()["code"]) == (409, "dispute-stands")


def test_what_is_not_yours_to_contest_is_not_there(
    region: Region, stranger: WebMember, opening: DisputeMessage
) -> None:
    """I4, I7, I9: another's release, no place of the log, a release under another notice: alike."""
    answers = [
        refused(stranger.posts("/v1/disputes", message(stranger, region.kent, said)))
        for said in (
            opening,
            replace(opening, entry=10**6),
            replace(opening, notice=NoticeId("ntc_01k00000000000000000000000")),
        )
    ]
    answers += [
        refused(region.medway.posts("/v1/disputes", message(region.medway, stranger, opening))),
        refused(
            region.medway.posts(
                "/v1/disputes",
                message(
                    region.medway,
                    region.kent,
                    replace(opening, notice=NoticeId("ntc_01k00000000000000000000000")),
                ),
            )
        ),
    ]
    assert all(answer == answers[0] for answer in answers)


def test_a_thread_is_there_for_its_two_parties_alone(
    region: Region, stranger: WebMember, opening: DisputeMessage
) -> None:
    """I7: forbidden and absent are one answer, word for word, in reading and in writing."""
    first = message(region.medway, region.kent, opening)
    region.medway.posts("/v1/disputes", first)
    assert stranger.gets("/v1/disputes").json()["data"] == []
    for part in ("", "/messages"):
        one, none = (stranger.gets(f"/v1/disputes/{name}{part}") for name in (NAME, OTHER))
        assert refused(one) == refused(none)
    answer = message(stranger, region.kent, following(first, Act.ANSWER))
    elsewhere = message(stranger, region.kent, replace(following(first, Act.ANSWER), dispute=OTHER))
    one = stranger.posts(f"/v1/disputes/{NAME}/messages", answer)
    none = stranger.posts(f"/v1/disputes/{OTHER}/messages", elsewhere)
    assert refused(one) == refused(none)
    assert region.kent.gets("/v1/disputes/dsp_UPPER").status_code == 404


def test_a_message_counts_on_its_own_route_alone(region: Region, opening: DisputeMessage) -> None:
    """An outcome does not pass as an answer, nor an answer into another thread."""
    first = message(region.medway, region.kent, opening)
    for path in (f"/v1/disputes/{NAME}/messages", f"/v1/disputes/{NAME}/outcome"):
        answer = region.medway.posts(path, first)
        assert (answer.status_code, answer.json()["code"]) == (422, "dispute-other"), answer.text
    region.medway.posts("/v1/disputes", first)
    end = message(region.medway, region.kent, following(first, Act.CLOSE, Result.WITHDRAWN))
    assert region.medway.posts(f"/v1/disputes/{NAME}/messages", end).status_code == 422
    assert region.medway.posts(f"/v1/disputes/{OTHER}/outcome", end).status_code == 422
    assert region.medway.gets(f"/v1/disputes/{NAME}").json()["state"] == "open"
