"""Second looks at real gateways: confirm, compare, recall and erase, agree who leads."""

from dataclasses import replace

import pytest

from adapters.member.errors import GatewayFault, HubRefused
from adapters.member.gateway import Gateway
from adapters.member.looks import LOOK, Says
from adapters.member.summaries import fact_summary, look_lines, look_summary
from hub.exchange.states import NoticeState
from hub.protocols.names import NoticeId, NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

DOUBTFUL = replace(ADA_KNOWN_BY_NAME, given="Zoe")
Two = tuple[Gateway, Gateway]


def rests(town: Town, *gateways: Gateway) -> None:
    """Slots pass and gateways poll until nothing comes any more."""
    for _ in range(12):
        town.slot()
        if not sum(gateway.poll().total for gateway in gateways):
            with town.store.read() as work:
                if not work.outbox.waiting():
                    return
    raise AssertionError("the gateways do not come to rest")


def in_doubt(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Kent holds the record; Medway's notice may be about the same person."""
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    town.slot()
    medway.publish([DOUBTFUL], NoticeType.NEW_ARRIVAL, "B. Officer")
    rests(town, kent, medway)


def confirmed(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Officers of both have confirmed, and names lie at both."""
    for gateway in (kent, medway):
        (look,) = [one for one in gateway.looks.all() if one.state == "open"]
        assert gateway.looks.confirm(look.item, "N. Officer", yes=True) == 0
        rests(town, kent, medway)


def own(gateway: Gateway) -> NoticeId:
    """The one notice that this gateway sent."""
    (sent,) = gateway.records.all_sent()
    return sent.notice


def test_a_look_shows_levels_and_nobody(town: Town, neighbours: Two) -> None:
    """The officer sees bits and words of names and birthday; no value, no other side."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    (look,) = kent.looks.all()
    assert (look.kind, look.notice, medway.looks.all()) == (LOOK, own(kent), [])
    summary = look_summary(look)
    assert (summary["why"], summary["state"], summary["people"]) == ("uncertain", "open", 1)
    assert [level["field"] for level in summary["levels"]] == ["first", "last", "order", "birth"]
    text = "\n".join(look_lines(look))
    assert "bits  the same date of birth" in text
    assert not any(word in text.lower() for word in ("ada", "zoe", "exampleton", "mbr_medway", "me14"))


def test_names_of_a_confirmed_look_wait_for_a_person(town: Town, neighbours: Two) -> None:
    """This gateway signs nothing by itself about what people had to look at."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    confirmed(town, kent, medway)
    (waiting,) = medway.waiting()
    assert (waiting.kind, waiting.body) == ("unsure", {"reason": "second_look"})
    medway.say_of(waiting.item, Says.CANNOT_TELL, "N. Officer")
    rests(town, kent, medway)
    assert [one.item for one in medway.waiting()] == [waiting.item]
    medway.say_of(waiting.item, Says.SAME, "N. Officer")
    rests(town, kent, medway)
    assert {one.stage for one in medway.received()} == {"identity", "rest"}
    assert medway.waiting() == []


def test_not_the_same_erases_on_both_sides_and_says_so(town: Town, neighbours: Two) -> None:
    """Reversal: what was opened is destroyed at both gateways, each with a signed word of it."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    confirmed(town, kent, medway)
    (theirs,), (ours,) = kent.received(), medway.received()
    medway.say_of(ours.item, Says.NOT_SAME, "N. Officer")
    rests(town, kent, medway)
    for gateway in (kent, medway):
        (received,) = gateway.received()
        assert isinstance(received.body, dict)
        assert received.body["facts"] == {}
        assert gateway.waiting() == []
    erased = [record["delivery"] for record in town.entries("acknowledgement") if record["says"] == "erased"]
    assert sorted(map(str, erased)) == sorted([theirs.item, ours.item])
    assert medway.records.sent(own(medway)) is not None
    with pytest.raises(GatewayFault, match="recalled"):
        medway.say_of(ours.item, Says.SAME, "N. Officer")


def test_a_no_needs_nobody_else(town: Town, neighbours: Two) -> None:
    """Declined by the holder's officer: the other side never hears of it."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    (look,) = kent.looks.all()
    kent.looks.confirm(look.item, "N. Officer", yes=False)
    rests(town, kent, medway)
    assert medway.waiting() == medway.looks.all() == []
    assert medway.received() == []
    with pytest.raises(GatewayFault, match="answered already"):
        kent.looks.confirm(look.item, "N. Officer", yes=True)


def test_two_people_where_the_task_says_so(town: Town, neighbours: Two) -> None:
    """The second yes is somebody else's; the look stays open until then."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    (look,) = kent.looks.all()
    assert isinstance(look.body, dict)
    kent.records.settle(look.item, "open", look.body | {"people": 2})
    assert kent.looks.confirm(look.item, "N. Officer", yes=True) == 1
    with pytest.raises(GatewayFault, match="somebody else"):
        kent.looks.confirm(look.item, "n. officer", yes=True)
    assert not kent.looks.confirmed(own(kent))
    assert kent.looks.confirm(look.item, "O. Fficer", yes=True) == 0
    assert kent.looks.confirmed(own(kent))


def counted_twice(town: Town, kent: Gateway, medway: Gateway) -> tuple[str, str]:
    """Both say that Ada came to them, have looked, compared and found her to be one; the two tasks."""
    kent.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    town.slot()
    medway.publish([replace(ADA, activity="540")], NoticeType.NEW_ARRIVAL, "B. Officer")
    rests(town, kent, medway)
    confirmed(town, kent, medway)
    for gateway in (kent, medway):
        (received,) = gateway.received()
        gateway.say_of(received.item, Says.SAME, "N. Officer")
    rests(town, kent, medway)
    (first,), (second,) = kent.looks.all(), medway.looks.all()
    return first.item, second.item


def test_the_lead_is_proposed_and_agreed(town: Town, neighbours: Two) -> None:
    """The other side's officer is asked, agrees, and its notice is merged on both sides of the wire."""
    kent, medway = neighbours
    ours, theirs = counted_twice(town, kent, medway)
    kent.looks.say_who_leads(ours, "N. Officer", ours=True)
    rests(town, kent, medway)
    (asked,) = medway.waiting()
    assert (asked.kind, asked.body) == ("lead", {"they_lead": True})
    medway.looks.say_who_leads(theirs, "N. Officer", ours=False)
    rests(town, kent, medway)
    assert medway.waiting() == kent.waiting() == []
    states = [gateway.records.sent(own(gateway)) for gateway in (kent, medway)]
    assert [sent.state for sent in states if sent] == ["leads", "merged"]
    assert town.notice(own(medway)).state is NoticeState.MERGED


def test_only_a_duplicate_has_a_lead(town: Town, neighbours: Two) -> None:
    """Asked of another look, the gateway says so; of a duplicate too early, the hub does."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    (look,) = kent.looks.all()
    with pytest.raises(GatewayFault, match="duplicate alone"):
        kent.looks.say_who_leads(look.item, "N. Officer", ours=True)
    assert isinstance(look.body, dict)
    kent.records.settle(look.item, "open", look.body | {"look": "duplicate"})
    with pytest.raises(HubRefused, match="lead-not-ripe"):
        kent.looks.say_who_leads(look.item, "N. Officer", ours=True)
    with pytest.raises(GatewayFault, match="no second look"):
        kent.looks.confirm("dis_unknown", "N. Officer", yes=True)


def test_contradicting_facts_stand_side_by_side(town: Town, neighbours: Two) -> None:
    """Each with its source and dates; ours is not written over, and who agrees is not marked."""
    kent, medway = neighbours
    counted_twice(town, kent, medway)
    facts = {(fact.part, fact.name): fact_summary(fact) for fact in kent.facts_of(own(kent))}
    activity = facts["participation", "activity"]
    assert activity["contradicted"] is True
    assert [(said["source"], said["value"]) for said in activity["said"]] == [
        ("mbr_kent", "230"),
        ("mbr_medway", "540"),
    ]
    assert all(said["event_on"] and said["ascertained_on"] for said in activity["said"])
    assert facts["identity", "family"]["contradicted"] is False
    assert len(facts["identity", "family"]["said"]) == 2
    with pytest.raises(GatewayFault, match="no notice of this id"):
        kent.facts_of(NoticeId("ntc_unknown"))
