"""An answer to a key request stands once the hub has it, whether or not the gateway heard so."""

from dataclasses import replace

import httpx
import pytest

from adapters.member import key_grants
from adapters.member.errors import HubUnreachable
from adapters.member.gateway import Gateway
from adapters.member.key_grants import Held
from adapters.member.records import KeyAnswer
from hub.exchange.states import PassageState
from hub.protocols.errors import Untrusted
from hub.protocols.names import AgreementId, NoticeType
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Answer, Wire
from tests.story.people import ADA, SHIELDED

Neighbours = tuple[Gateway, Gateway]


def unheard(call: str, answer: Answer) -> Answer:
    """The line breaks after the hub has taken a grant."""
    if call.endswith("/grant"):
        raise httpx.ReadError("the line is broken")
    return answer


def heard(_: str, answer: Answer) -> Answer:
    """The line holds."""
    return answer


def brought(wire: Wire, answer: KeyAnswer) -> int:
    """How often an answer to this request came to the hub."""
    return wire.calls.count(f"POST /v1/key-requests/{answer.name}/grant")


def entered(town: Town, gateway: Gateway) -> int:
    """How many entries the log has of answers about the one notice of a member."""
    (sent,) = gateway.records.all_sent()
    return sum(entry["notice"] == sent.notice for entry in town.entries("key_grant"))


def kept(gateway: Gateway) -> KeyAnswer:
    """The one answer that waits to be heard."""
    (answer,) = gateway.records.unheard()
    return answer


@pytest.fixture
def cut(town: Town, wire: Wire, neighbours: Neighbours) -> KeyAnswer:
    """Kent's grant came to the hub, which answered; Kent never heard it."""
    move(*neighbours)
    town.slot()
    wire.tampers = unheard
    with pytest.raises(HubUnreachable):
        neighbours[0].poll()
    wire.tampers = heard
    return kept(neighbours[0])


@pytest.mark.parametrize("carried", [False, True], ids=["before the hub acts", "after the hub has acted"])
def test_a_grant_that_was_never_heard_stands(
    town: Town, wire: Wire, neighbours: Neighbours, cut: KeyAnswer, carried: bool
) -> None:
    """I5: the same bytes are sent again, the hub answers alike, and there is one effect."""
    kent, medway = neighbours
    if carried:
        town.slot()
    before = brought(wire, cut)
    assert kent.poll().granted == 1
    assert brought(wire, cut) == before + 1
    assert kent.records.key_answer(cut.item) == replace(cut, state="granted")
    come_to_rest(town, kent, medway)
    assert brought(wire, cut) == before + 1
    assert entered(town, kent) == 1
    assert kent.waiting() == medway.waiting() == []
    assert {one.state for one in medway.received()} == {"same", "opened"}


def test_who_may_have_been_let_in_is_believed_before_the_grant_is_heard(
    town: Town, wire: Wire, neighbours: Neighbours, cut: KeyAnswer
) -> None:
    """The recipient's signed answer can be there before our own line is mended."""
    kent, _ = neighbours
    (sent,) = kent.records.all_sent()
    assert kent.records.told(sent) == ["mbr_medway"]


def test_what_may_flow_no_longer_is_not_sent_again(
    town: Town, neighbours: Neighbours, cut: KeyAnswer
) -> None:
    """Decided anew before the box leaves a second time: the agreement was suspended meanwhile."""
    kent, _ = neighbours
    town.suspends(AgreementId("agr_kent-medway-movers"), "mbr_kent")
    kent.refresh()
    taken = kent.poll()
    assert taken.granted == 0
    again = kent.records.key_answer(cut.item)
    assert again is not None
    assert (again.box, again.state) == (None, "refused")


def test_a_no_that_was_never_heard_is_sent_again(town: Town, wire: Wire, neighbours: Neighbours) -> None:
    """The hub answers alike to a no, although it waits for none any more."""
    kent, medway = neighbours
    move(kent, medway)
    town.slot()
    (sent,) = kent.records.all_sent()
    kent.records.forget(sent.notice, "withdrawn")
    wire.tampers = unheard
    with pytest.raises(HubUnreachable):
        kent.poll()
    wire.tampers = heard
    no = kept(kent)
    town.slot()
    assert kent.poll().refused == 1
    assert kent.records.key_answer(no.item) == replace(no, state="refused")
    assert entered(town, kent) == 1


def test_a_request_that_is_closed_ends_the_answer(town: Town, neighbours: Neighbours, cut: KeyAnswer) -> None:
    """The recipient has withdrawn its notice before the grant was carried: nothing is left to send."""
    kent, medway = neighbours
    (theirs,) = medway.records.all_sent()
    medway.withdraw(theirs.notice, "sent_in_error")
    with town.store.write() as work:
        (passage,) = (one for one in town.passages(theirs.notice) if one.sender == "mbr_kent")
        work.passages.save(passage.moved(state=PassageState.STOPPED))
    taken = kent.poll()
    assert (taken.granted, taken.refused, taken.faults) == (0, 0, [])
    closed = kent.records.key_answer(cut.item)
    assert closed is not None
    assert closed.state == "closed"


def test_a_request_that_holds_no_longer_draws_nothing(
    town: Town, neighbours: Neighbours, cut: KeyAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named to a person, once, and the others are taken."""
    kent, _ = neighbours

    def revoked(*_: object) -> None:
        raise Untrusted("key-not-logged", "the key was revoked")

    monkeypatch.setattr(kent.directory, "sealing_key", revoked)
    assert kent.poll().faults == [f"key_request {cut.item}: key-not-logged"]
    closed = kent.records.key_answer(cut.item)
    assert closed is not None
    assert closed.state == "closed"
    assert kent.records.unheard() == []


def test_a_notice_that_was_restricted_meanwhile_waits_for_an_officer(
    town: Town, neighbours: Neighbours, cut: KeyAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No machine gives the key a second time; the officer finds it among what waits."""
    kent, _ = neighbours
    monkeypatch.setattr(key_grants, "answer", lambda *_: Held("restricted"))
    assert kent.poll().held == 1
    assert [one.item for one in kent.waiting()] == [cut.item]
    assert kent.poll().total == 0
    assert kent.grant_restricted(cut.item, "N. Officer", grant=False).refused == 1
    assert kent.waiting() == []


@pytest.mark.parametrize("grant", [True, False])
def test_an_officers_word_that_was_never_heard_is_said_again(
    town: Town, wire: Wire, neighbours: Neighbours, grant: bool
) -> None:
    """By the officer, who need not know what has become of it, or by the gateway's next look."""
    kent, medway = neighbours
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    for gateway in (medway, kent):
        come_to_rest(town, kent, medway)
        (task,) = gateway.records.waiting("officer_task")
        gateway.approve_task(task.item, "N. Officer", approve=True, named=True)
    come_to_rest(town, kent, medway)
    (request,) = kent.waiting()
    wire.tampers = unheard
    with pytest.raises(HubUnreachable):
        kent.grant_restricted(request.item, "N. Officer", grant=grant)
    wire.tampers = heard
    town.slot()
    taken = kent.grant_restricted(request.item, "N. Officer") if grant else kent.poll()
    assert (taken.granted, taken.refused) == ((1, 0) if grant else (0, 1))
    assert kent.waiting() == []
    assert entered(town, kent) == 1
