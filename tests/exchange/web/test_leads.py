"""Second looks and who leads, over HTTP: what the task shows, and what is refused on the way."""

from dataclasses import dataclass
from typing import Any

import pytest

from hub.protocols.acknowledgement import Approval, sign_approval
from hub.protocols.lead import LeadWord, sign_lead
from hub.protocols.names import DisclosureId, NoticeId, NoticeType
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import Desk, WebMember


@dataclass
class Doubled:
    """Kent and Medway both say that somebody has come to them; Kent's officer is asked."""

    region: Region
    kent: Desk
    medway: Desk
    task: dict[str, Any]

    def word(self, member: WebMember, *, ours: bool = True) -> dict[str, str]:
        """A member's signed word on who leads, about this task."""
        word = LeadWord(
            DisclosureId(self.task["item"]),
            member.member,
            NoticeId(self.task["about"]),
            ours,
            "N. Officer",
            self.region.hub.now,
        )
        return {"lead": sign_lead(word, member.signing)}


@pytest.fixture
def doubled(region: Region) -> Doubled:
    """A duplicate, whose holder's officer has a task."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    assert region.kent.publishes(region.kent.notice(NoticeType.NEW_ARRIVAL)).status_code == 202
    region.hub.slot()
    assert region.medway.publishes(region.medway.notice(NoticeType.NEW_ARRIVAL)).status_code == 202
    for _ in range(3):
        region.hub.slot()
    kent, medway = Desk(region.kent), Desk(region.medway)
    (task,) = kent.look()
    assert medway.look() == []
    return Doubled(region, kent, medway, task)


def test_a_task_over_http_shows_levels_and_no_other_side(doubled: Doubled) -> None:
    """Field, level, words, bits; and who may see the entry behind it, sees no more either."""
    body = doubled.task["body"]
    assert (doubled.task["kind"], body["look"], body["people"]) == ("officer_task", "duplicate", 1)
    assert [level["field"] for level in body["levels"]] == ["first", "last", "order", "birth"]
    proved = doubled.region.kent.gets(f"/v1/inbox/{doubled.task['item']}").json()
    assert proved["opening"]["record"]["kind"] == "officer_task"
    assert "medway" not in str(proved).replace("agr_kent-medway-movers", "")


def test_who_leads_cannot_be_said_before_names_were_compared(doubled: Doubled) -> None:
    """409, with what has to be done first."""
    kent = doubled.region.kent
    answer = kent.posts(f"/v1/inbox/{doubled.task['item']}/lead", doubled.word(kent))
    assert (answer.status_code, answer.json()["code"]) == (409, "lead-not-ripe")


def test_a_lead_of_somebody_elses_task_is_not_there(doubled: Doubled) -> None:
    """I7: another member's task and one that is nowhere are one answer; so is another member's signature."""
    kent, medway = doubled.region.kent, doubled.region.medway
    for item in (doubled.task["item"], "dis_01k00000000000000000000000"):
        assert medway.posts(f"/v1/inbox/{item}/lead", doubled.word(medway)).status_code == 404
    foreign = kent.posts(f"/v1/inbox/{doubled.task['item']}/lead", doubled.word(medway))
    assert foreign.status_code == 422


def test_an_approval_is_no_word_on_who_leads(doubled: Doubled) -> None:
    """A distinct type for every kind of signed thing; and a form that every body is held to."""
    kent = doubled.region.kent
    path = f"/v1/inbox/{doubled.task['item']}/lead"
    said = Approval(
        task=DisclosureId(doubled.task["item"]),
        member=kent.member,
        notice=NoticeId(doubled.task["about"]),
        approve=True,
        officer="N. Officer",
        signed_at=doubled.region.hub.now,
    )
    approval = sign_approval(said, kent.signing)
    assert kent.posts(path, {"lead": approval}).status_code == 422
    assert kent.posts(path, {"lead": approval, "more": 1}).status_code == 422
    assert kent.posts(path, {}).status_code == 422
