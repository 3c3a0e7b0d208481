"""What members bring: taken once, refused when it is not theirs, decided again at the hand-over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange import reception
from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Work
from hub.exchange.reception import check_in, keep, note_stopped, proof_of, shown
from hub.exchange.stages import InboxItem, ItemKind
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.canonical import Json, unb64u
from hub.protocols.delivery import Stage
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.names import MemberId, NoticeId, NoticeType
from hub.protocols.notice import Assertion, assertion_json
from hub.protocols.restatement import Restatement, sign_restatement
from tests.simulators.town import Brought, Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

KENT, MEDWAY, LAMBETH = MemberId("mbr_kent"), MemberId("mbr_medway"), MemberId("mbr_lambeth")


def envelope(town: Town, notice: NoticeId) -> bytes:
    """What Kent published."""
    body = town.members[KENT].sent[notice].body
    assert isinstance(body, dict)
    return unb64u(str(body["envelope"]))


def everything(town: Town) -> list[Brought]:
    """One of each thing that a member can bring about a match, all of them good."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA_KNOWN_BY_NAME, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for _ in range(2):
        town.night_passes()
        for member in (kent, medway):
            for task in member.tasks:
                member.approves(task)
            member.tasks.clear()
    town.night_passes()
    medway.reports(medway.opened[0], OutcomeKind.DATA_DIFFER)
    medway.confirms(medway.opened[0], Answer.UNSURE)
    kent.asserts(departure)
    kent.withdraws(departure)
    return town.brought


KINDS = {
    reception.receive_grant,
    reception.receive_confirmation,
    reception.receive_acknowledgement,
    reception.receive_outcome,
    reception.receive_approval,
    reception.receive_assertion,
    reception.receive_withdrawal,
}


def test_nothing_that_is_anothers_is_taken_and_the_answer_is_as_for_nothing(town: Town) -> None:
    """I7: every function, with everything right but the caller: not yours, or not there, in one word."""
    town.admits(LAMBETH, area="208")
    brought = everything(town)
    assert {one.receive for one in brought} == KINDS
    for one in brought:
        for thief in {KENT, MEDWAY, LAMBETH} - {one.member}:
            with pytest.raises(NotYours) as fault:
                one.again(town, thief)
            assert str(fault.value) == str(NotYours())


def test_no_delivery_is_handed_to_another_member(town: Town) -> None:
    """I7: neither its bytes, nor its stop."""
    everything(town)
    for item in town.members[MEDWAY].sees(ItemKind.DELIVERY):
        with town.store.write() as work:
            for thief in (KENT, LAMBETH):
                with pytest.raises(NotYours):
                    reception.fetch_delivery(item.item, thief, work, town.hub)
                with pytest.raises(NotYours):
                    note_stopped(item.item, thief, work, town.hub)


def test_everything_brought_twice_has_one_effect(town: Town) -> None:
    """I5: before the slot and after it: the same answer or a no, and the log says it once."""
    for one in [*everything(town)]:
        for _ in range(2):
            again(one, town)
    town.night_passes()
    counted = {kind: len(town.entries(kind)) for kind in ("release", "approval", "key_grant", "outcome")}
    for one in [*town.brought]:
        again(one, town)
    town.night_passes()
    assert {kind: len(town.entries(kind)) for kind in counted} == counted
    assert counted == {"release": 4, "approval": 2, "key_grant": 2, "outcome": 1}


def again(one: Brought, town: Town) -> None:
    """Bring it again; a typed no is an answer too."""
    try:
        one.again(town)
    except (Declined, ProtocolError):
        return


def test_the_same_notice_gives_the_first_promise(town: Town) -> None:
    """I5: at the same moment, later, and in one unit of work."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    with town.store.read() as work:
        first = work.notices.promise(notice)
    town.now += timedelta(hours=1)
    keepable = check_in(envelope(town, notice), KENT, town.admission(), town.hub)
    assert keepable.promise != first
    with town.store.write() as work:
        assert keep(keepable, work) == keep(keepable, work) == first


def test_what_is_refused_is_not_kept(town: Town) -> None:
    """Nothing is stored of a notice that does not hold."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    data = envelope(town, notice)
    with pytest.raises(ProtocolError):
        reception.receive_notice(data[:-1], KENT, town.admission(), town.store, town.hub)
    with town.store.read() as work:
        assert work.outbox.waiting() == 1


@pytest.mark.parametrize(
    ("scope", "flags", "fault", "code"),
    [
        ("age_99", None, Declined, "scope-unknown"),
        ("age_16_17", {}, MalformedMessage, "flags-malformed"),
    ],
)
def test_an_assertion_that_means_nothing_is_refused(
    town: Town, scope: str, flags: dict[str, bool] | None, fault: type[Exception], code: str
) -> None:
    """It would loosen or silence what stands: nothing changes."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    stored = town.notice(notice)
    said: Json = stored.manifest.assertion.flags if flags is None else {**flags}
    jws = sign_restatement(
        Restatement(notice, Assertion(scope, said, town.now)), town.members[KENT].keyring.signing
    )
    with town.store.write() as work, pytest.raises(fault, match=code):
        reception.receive_assertion(notice, jws, KENT, work, town.hub)
    assert town.notice(notice).flags == stored.flags


def test_an_assertion_binds_at_once(town: Town) -> None:
    """I6: scope, flags and moment are those of the new one before any slot has passed."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.now += timedelta(days=2)
    town.members[KENT].asserts(notice, shield=True)
    stored = town.notice(notice)
    assert (stored.flags.shield, stored.asserted_at) == (True, town.now)
    assert assertion_json(stored.manifest.assertion) != {}


def lying(town: Town) -> InboxItem:
    """A delivery that lies in Medway's inbox."""
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    town.members[KENT].collects()
    town.slot()
    (item,) = town.members[MEDWAY].sees(ItemKind.DELIVERY)
    return item


def test_a_delivery_is_fetched_as_often_as_it_is_wanted(town: Town) -> None:
    """I5: the same bytes, while it is permitted."""
    item = lying(town)
    assert item.stage is Stage.IDENTITY
    assert town.members[MEDWAY].fetches(item.item) == town.members[MEDWAY].fetches(item.item)


def test_a_stop_that_is_over_is_not_noted(town: Town) -> None:
    """Declined a moment ago, permitted again by now: the delivery is left as it is."""
    item = lying(town)
    with town.store.write() as work:
        note_stopped(item.item, MEDWAY, work, town.hub)
        found = work.inboxes.get(item.item)
        assert found is not None
        assert not found.stopped
        assert work.outbox.waiting() == 0


def test_a_stop_is_noted_once(town: Town) -> None:
    """Ten fetches of a stopped delivery leave one entry."""
    item = lying(town)
    town.suspends("agr_kent-medway-movers", KENT)
    for _ in range(10):
        with pytest.raises(Declined, match="delivery-stopped"):
            town.members[MEDWAY].fetches(item.item)
    town.slot()
    (entry,) = town.entries("stopped")
    assert entry["delivery"] == item.item


def test_items_that_ask_nothing_are_shown_as_they_are(town: Town) -> None:
    """No decision is taken for a page without a request or a task."""
    item = lying(town)
    unread: Work = None  # type: ignore[assignment]  # must not be looked into
    assert shown([item], unread, town.hub) == [item]
    assert shown([], unread, town.hub) == []


def test_the_proof_behind_an_item_is_for_who_may_open_it(town: Town) -> None:
    """I7: a stop is told to the recipient; who stopped it, and why, stands in an entry that is not theirs."""
    item = lying(town)
    with town.store.read() as work:
        opening, proof = proof_of(item, work)
        assert isinstance(opening, dict)
        assert "index" in proof
    kent = town.members[KENT]
    kent.withdraws(next(iter(kent.sent)))
    town.slot()
    (stopped,) = town.members[MEDWAY].sees(ItemKind.STOPPED)
    with town.store.read() as work:
        with pytest.raises(NotYours):
            proof_of(stopped, work)
        with pytest.raises(NotYours):
            proof_of(replace(item, log_index=10**6), work)


def test_a_forged_grant_is_untrusted(town: Town) -> None:
    """The right caller with somebody else's signature."""
    lying(town)
    (grant,) = (one for one in town.brought if one.receive is reception.receive_grant)
    request, jws, box = grant.what
    assert isinstance(jws, str)
    forged: list[Callable[[], str]] = [lambda: jws[:-4] + "AAAA", lambda: jws.replace(".", "")]
    for make in forged:
        with town.store.write() as work, pytest.raises((Untrusted, MalformedMessage)):
            reception.receive_grant(request, make(), box, KENT, work, town.hub)  # type: ignore[arg-type]  # as brought
