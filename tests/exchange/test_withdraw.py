"""Stopping: whose word counts, from which instant, and who is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange import withdraw
from hub.exchange.errors import HubFault, NotYours
from hub.exchange.stages import ErrandKind, ItemKind
from hub.exchange.states import NoticeState, PassageState
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.names import MatchId, MemberId, NoticeId, NoticeType
from hub.protocols.notice import Assertion
from hub.protocols.restatement import Restatement, Retraction, sign_restatement, sign_retraction
from tests.simulators.town import Town
from tests.stores.made_up import item, passage
from tests.story.people import ADA

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")
OTHER = NoticeId("ntc_01k00000000000000000000000")


@pytest.fixture
def notice(town: Town) -> NoticeId:
    """A notice of Kent's, in the log."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    return notice


def test_not_mine_and_not_there_are_one_answer(town: Town, notice: NoticeId) -> None:
    """I7: of another member's notice nothing can be learned, not even that it is."""
    with town.store.read() as work:
        assert withdraw.own_notice(notice, KENT, work).notice == notice
        for name, member in ((notice, MEDWAY), (OTHER, KENT)):
            with pytest.raises(NotYours):
                withdraw.own_notice(name, member, work)


def test_a_withdrawal_is_for_its_notice_and_by_its_sender(town: Town, notice: NoticeId) -> None:
    """Another notice's withdrawal, another member's signature, another kind of word: refused."""
    stored, kent = town.notice(notice), town.members[KENT].keyring.signing
    word = Retraction(notice, "sent_in_error", town.now)
    with town.store.read() as work:
        assert withdraw.check_retraction(sign_retraction(word, kent), stored, work, town.hub) == word
        with pytest.raises(Untrusted, match="answer-other-notice"):
            withdraw.check_retraction(
                sign_retraction(replace(word, notice=OTHER), kent), stored, work, town.hub
            )
        foreign = sign_retraction(word, town.members[MEDWAY].keyring.signing)
        with pytest.raises(Untrusted, match="signing-key"):
            withdraw.check_retraction(foreign, stored, work, town.hub)
        with pytest.raises(ProtocolError):
            withdraw.check_retraction("a.b.c", stored, work, town.hub)


def test_an_assertion_is_for_its_notice_and_not_older_than_the_last(town: Town, notice: NoticeId) -> None:
    """The same moment again is taken; a second earlier is not."""
    stored, kent = town.notice(notice), town.members[KENT].keyring.signing
    said = Assertion("age_16_17", stored.manifest.assertion.flags, stored.asserted_at)

    def checked(which: NoticeId, assertion: Assertion) -> Assertion:
        with town.store.read() as work:
            jws = sign_restatement(Restatement(which, assertion), kent)
            return withdraw.check_assertion(jws, stored, work, town.hub)

    assert checked(notice, said) == said
    with pytest.raises(Untrusted, match="assertion-older"):
        checked(notice, replace(said, asserted_at=said.asserted_at - timedelta(seconds=1)))
    with pytest.raises(Untrusted, match="assertion-older"):
        checked(OTHER, said)


def test_a_retired_notice_is_ended_from_this_instant(town: Town, notice: NoticeId) -> None:
    """I6: its state changes now; its entry follows by errand, once."""
    with town.store.write() as work:
        stored = work.notices.get(notice)
        assert stored is not None
        withdraw.retire(stored, NoticeState.WITHDRAWN, work, town.hub)
        ended = work.notices.get(notice)
        assert ended is not None
        assert ended.state is NoticeState.WITHDRAWN
        (errand,) = work.outbox.claim(10, town.now)
        assert (errand.kind, errand.body) == (ErrandKind.STOP, {"state": "withdrawn", "was": "open"})
        with pytest.raises(HubFault, match="state-notice"):
            withdraw.retire(ended, NoticeState.EXPIRED, work, town.hub)


def test_a_notice_that_has_arrived_needs_no_errand_when_it_is_over(town: Town, notice: NoticeId) -> None:
    """It has its disposition already."""
    with town.store.write() as work:
        work.notices.set_state(notice, NoticeState.CLOSED)
        closed = work.notices.get(notice)
        assert closed is not None
        withdraw.retire(closed, NoticeState.EXPIRED, work, town.hub)
        assert work.outbox.claim(10, town.now) == []


@pytest.mark.parametrize("state", list(NoticeState))
@pytest.mark.parametrize("counter", [None, *NoticeState])
def test_a_notice_stands_while_it_is_open_and_its_counter_was_not_taken_back(
    town: Town, notice: NoticeId, state: NoticeState, counter: NoticeState | None
) -> None:
    """A counter-notice that has arrived itself still stands for what it met."""
    stored = town.notice(notice)
    own, other = replace(stored, state=state), None if counter is None else replace(stored, state=counter)
    stands = state is NoticeState.OPEN and counter in {None, NoticeState.OPEN, NoticeState.CLOSED}
    assert withdraw.stand(own, other) is stands


@pytest.mark.parametrize("state", list(PassageState))
@pytest.mark.parametrize("delivered", [True, False])
@pytest.mark.parametrize("recalled", [True, False])
def test_a_stop_is_told_to_who_has_received_something(
    town: Town, state: PassageState, delivered: bool, recalled: bool
) -> None:
    """What lies in inboxes is stopped, and what has arrived too; a recall is told, retention is not."""
    kind = ItemKind.DELIVERY if delivered else ItemKind.KEY_REQUEST
    with town.store.write() as work:
        way = replace(passage(1), state=state)
        work.passages.add(way)
        work.inboxes.put(item(1, kind=kind, passage=MatchId(way.passage)))
        withdraw.stop_passage(way, 7, work, town.hub, recalled=recalled)
        found = work.passages.get(way.passage)
        assert found is not None
        assert found.state is PassageState.STOPPED
        first, *told = work.inboxes.of_passage(way.passage)
        assert first.stopped is (state is not PassageState.STOPPED)
    if state is PassageState.STOPPED or not (delivered and recalled):
        assert told == []
    else:
        (word,) = told
        assert (word.kind, word.member, word.log_index) == (ItemKind.STOPPED, way.recipient, 7)
        assert word.body == {"notice": way.notice}
