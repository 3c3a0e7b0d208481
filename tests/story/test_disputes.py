"""A council contests a release: both officers in one thread, the agreement's clock, an outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange import enrol, reception
from hub.exchange.dispute import KEPT_CLOSED, MOST_LETTERS
from hub.exchange.errors import Declined, NotYours
from hub.exchange.sequencer import expire_due
from hub.exchange.stages import Dispute, InboxItem, ItemKind
from hub.exchange.states import DisputeState
from hub.protocols.canonical import Json
from hub.protocols.dispute import Act, Grievance, Result, digest_of, reread_message, seal_text, sign_message
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.names import DisputeId, MemberId, NoticeType
from hub.protocols.sealing_keys import SealingKey
from hub.protocols.suites import CLASSICAL
from hub.protocols.working_days import after_working_days
from tests.simulators.town import Town, TownMember
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

WHY = "The participation part did not come."


@pytest.fixture
def town() -> Town:
    """Ada's notices met, and both sides were told; Lambeth stands by."""
    town = Town()
    for name, area in (("mbr_kent", "886"), ("mbr_medway", "887"), ("mbr_lambeth", "208")):
        town.admits(name, area=area)
    town.agrees("kent-medway-movers")
    town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    return town


@pytest.fixture
def kent(town: Town) -> TownMember:
    """Who told."""
    return town.members["mbr_kent"]


@pytest.fixture
def medway(town: Town) -> TownMember:
    """Who was told, and asks."""
    return town.members["mbr_medway"]


def release(member: TownMember) -> int:
    """Place in the log of the first release to this member."""
    found = (one for one in member.may_read() if one["kind"] == "release")
    (first, *_) = [one["index"] for one in found if one["recipient"] == member.member]
    assert isinstance(first, int)
    return first


def stands(town: Town, name: DisputeId) -> Dispute:
    """How a dispute stands at the hub."""
    with town.store.read() as work:
        found = work.disputes.get(name)
    assert found is not None
    return found


def told(member: TownMember) -> list[Json]:
    """What the inbox has told this member of disputes: each time, what was done."""
    bodies = [item.body for item in member.sees(ItemKind.DISPUTE)]
    return [body["act"] for body in bodies if isinstance(body, dict)]


def test_a_dispute_is_opened_answered_and_closed(town: Town, kent: TownMember, medway: TownMember) -> None:
    """One thread; each side reads what is for it; every step is in the log and in an inbox."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    town.night_passes()
    assert (told(kent), told(medway)) == (["open"], [])
    assert kent.reads(name) == [WHY]
    assert stands(town, name).state is DisputeState.OPEN
    kent.writes(name, "The young person has instructed us not to.")
    town.night_passes()
    assert stands(town, name).state is DisputeState.ANSWERED
    assert stands(town, name).due_at is None
    medway.writes(name, "Thank you; that settles it.", Result.NOT_UPHELD)
    town.night_passes()
    closed = stands(town, name)
    assert (closed.state, closed.result) == (DisputeState.CLOSED, Result.NOT_UPHELD)
    assert (told(kent), told(medway)) == (["open", "close"], ["answer"])
    recorded = [(one["act"], one["from"]) for one in town.entries("dispute")]
    assert recorded == [("open", "mbr_medway"), ("answer", "mbr_kent"), ("close", "mbr_medway")]


def test_both_parties_find_each_step_in_the_log_and_nobody_else_does(
    town: Town, kent: TownMember, medway: TownMember
) -> None:
    """I7, I8: entries like other acts, of which only the two can open the record."""
    medway.contests(release(medway), "mbr_kent", WHY, Grievance.WITHHELD)
    town.night_passes()
    for member, number in ((kent, 1), (medway, 1), (town.members["mbr_lambeth"], 0)):
        assert len([one for one in member.may_read() if one["kind"] == "dispute"]) == number


def test_the_hub_sees_no_word_of_it(town: Town, medway: TownMember) -> None:
    """What is said lies sealed, in one size, whatever its length."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    medway.writes(name, WHY * 20)
    with town.store.read() as work:
        first, second = work.disputes.letters(name)
    assert WHY not in first.jws + first.text
    assert len(first.text) == len(second.text)


def test_the_sender_may_contest_how_its_notice_was_used(
    town: Town, kent: TownMember, medway: TownMember
) -> None:
    """Both parties of a release can; each has its own thread."""
    first = medway.contests(release(medway), "mbr_kent", WHY)
    second = kent.contests(release(medway), "mbr_medway", "It was passed on.", Grievance.WRONGLY_USED)
    town.night_passes()
    assert medway.reads(second) == ["It was passed on."]
    assert stands(town, first).grievance is Grievance.WITHHELD
    medway.writes(second, "It was; it has been called back.", Result.UPHELD)
    assert stands(town, second).result is Result.UPHELD
    assert stands(town, first).state is DisputeState.OPEN


def test_without_an_answer_it_is_escalated_once_and_stays_open(
    town: Town, kent: TownMember, medway: TownMember
) -> None:
    """I10: the clock of the agreement (10 working days) marks it; however often swept, it decides nothing."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    town.night_passes()
    due = stands(town, name).due_at
    assert due == after_working_days(stands(town, name).opened_at, 10)
    town.now = due - timedelta(seconds=1)
    expire_due(town.store, town.hub)
    assert stands(town, name).state is DisputeState.OPEN
    town.now = due
    for _ in range(3):
        town.night_passes()
    assert stands(town, name).state is DisputeState.ESCALATED
    assert stands(town, name).result is None
    assert (told(kent), told(medway)) == (["open", "escalated"], ["escalated"])
    kent.writes(name, "Sorry for the delay.")
    assert stands(town, name).state is DisputeState.ESCALATED
    kent.writes(name, "You are right.", Result.UPHELD)
    assert stands(town, name).state is DisputeState.CLOSED


def test_a_further_question_starts_the_clock_again(town: Town, kent: TownMember, medway: TownMember) -> None:
    """From a party's question to the other's answer; a second letter of the same side does not move it."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    first = stands(town, name).due_at
    town.days_pass(1)
    medway.writes(name, "I should add something.")
    assert stands(town, name).due_at == first
    kent.writes(name, "Because of an instruction.")
    kent.writes(name, "Which was given last week.")
    assert stands(town, name).state is DisputeState.ANSWERED
    town.days_pass(7)
    medway.writes(name, "By whom?")
    asked = stands(town, name)
    assert asked.state is DisputeState.OPEN
    assert asked.due_at == after_working_days(town.now, 10)


def test_nobody_learns_of_a_match_by_disputing(town: Town, medway: TownMember) -> None:
    """I4, I9: others' entries, fillers, an own one that is no release, one that is not there: alike."""
    lambeth = town.members["mbr_lambeth"]
    lambeth.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (published,) = [one["index"] for one in lambeth.may_read() if one["kind"] == "published"]
    with town.store.read() as work:
        size = work.log.size()
    answers = set[tuple[str, str]]()
    for entry in (release(medway), 0, published, size - 1, size, size + 10**6):
        assert isinstance(entry, int)
        for other in ("mbr_kent", "mbr_medway"):
            with pytest.raises(NotYours) as refused:
                lambeth.contests(entry, other, WHY)
            answers.add((refused.value.code, refused.value.detail))
    assert len(answers) == 1
    assert told(town.members["mbr_kent"]) == []
    assert town.entries("dispute") == []


def test_a_release_is_contested_with_its_other_party_alone(town: Town, medway: TownMember) -> None:
    """A third member is not drawn into it, and learns nothing."""
    with pytest.raises(NotYours):
        medway.contests(release(medway), "mbr_lambeth", WHY)


def test_a_release_that_no_checkpoint_covers_cannot_be_contested(town: Town, medway: TownMember) -> None:
    """What a member cannot see in its inbox yet is not there."""
    with town.store.write() as work:
        entry = work.log.entry(release(medway))
        assert entry is not None
        assert entry.opening is not None
        index = work.log.append(entry.opening, entry.parties, entry.notice)
    with pytest.raises(NotYours):
        medway.contests(index, "mbr_kent", WHY)


def test_a_stranger_neither_reads_nor_writes_in_a_thread(town: Town, medway: TownMember) -> None:
    """I7: like one that is not there; and its id cannot be taken by another."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    stranger = town.members["mbr_lambeth"]
    for act in (lambda: stranger.reads(name), lambda: stranger.writes(name, "Me too.")):
        with pytest.raises(NotYours):
            act()
    with pytest.raises(NotYours):
        stranger.reads(DisputeId("dsp_01k00000000000000000000000"))


def test_each_side_signs_only_the_outcome_that_goes_against_it(
    town: Town, kent: TownMember, medway: TownMember
) -> None:
    """Nobody is judge in its own cause."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    for member, result in (
        (medway, Result.UPHELD),
        (kent, Result.NOT_UPHELD),
        (kent, Result.WITHDRAWN),
    ):
        with pytest.raises(Declined, match="dispute-result"):
            member.writes(name, "So be it.", result)
    medway.writes(name, "We have found it.", Result.WITHDRAWN)
    with pytest.raises(Declined, match="dispute-closed"):
        kent.writes(name, "But why?")


def test_one_dispute_of_a_member_about_a_release_at_a_time(town: Town, medway: TownMember) -> None:
    """The second is told to go on with the first; once that is closed it may be opened."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    with pytest.raises(Declined, match="dispute-stands"):
        medway.contests(release(medway), "mbr_kent", WHY)
    medway.writes(name, "Never mind.", Result.WITHDRAWN)
    medway.contests(release(medway), "mbr_kent", "It is missing after all.")


def test_a_thread_does_not_grow_without_end(town: Town, medway: TownMember) -> None:
    """At its limit it can only be closed."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    for _ in range(MOST_LETTERS - 1):
        medway.writes(name, "And another thing.")
    with pytest.raises(Declined, match="dispute-full"):
        medway.writes(name, "And another thing.")
    medway.writes(name, "Enough.", Result.WITHDRAWN)


def test_who_has_not_read_the_last_message_is_told(town: Town, kent: TownMember, medway: TownMember) -> None:
    """A message names the one before it: two cannot answer past each other, and none is left out."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    kent.writes(name, "Let me look.")
    stale = town.brought[-1]
    kent.writes(name, "It was an instruction.")
    with pytest.raises(Declined, match="dispute-moved"):
        stale.again(town)


def test_a_copied_message_does_nothing_for_another(town: Town, kent: TownMember, medway: TownMember) -> None:
    """I7: whoever replays it is not its writer."""
    medway.contests(release(medway), "mbr_kent", WHY)
    with pytest.raises(ProtocolError):
        town.brought[-1].again(town, by=kent.member)


def test_words_that_do_not_belong_to_the_message_are_refused(
    town: Town, kent: TownMember, medway: TownMember
) -> None:
    """Exchanged, sealed to oneself or to a third member, or to a key of nobody."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    medway.writes(name, "Never mind.", Result.WITHDRAWN)
    opening = next(one for one in town.brought if one.what[:2] == (None, Act.OPEN))
    signed, words = str(opening.what[2]), str(opening.what[3])
    other = DisputeId("dsp_01k00000000000000000000000")
    for member in (kent, medway, town.members["mbr_lambeth"]):
        text = seal_text(WHY, other, town.sealing_key(member.member))
        message = replace(reread_message(signed), dispute=other, text=digest_of(text))
        jws = sign_message(message, medway.keyring.signing)
        given = words if member is kent else text
        with pytest.raises(Untrusted, match="dispute-text"), town.store.write() as work:
            reception.receive_message(None, Act.OPEN, jws, given, medway.member, work, town.hub)
    nobody = seal_text(WHY, other, SealingKey.generate(CLASSICAL.id).public)
    message = replace(reread_message(signed), dispute=other, text=digest_of(nobody))
    jws = sign_message(message, medway.keyring.signing)
    with pytest.raises(Untrusted, match="dispute-text"), town.store.write() as work:
        reception.receive_message(None, Act.OPEN, jws, nobody, medway.member, work, town.hub)


def test_a_message_is_held_to_what_it_says(town: Town, medway: TownMember) -> None:
    """In another's name, for another thread, dated ahead, about another release: refused."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    signed, words = (str(part) for part in town.brought[-1].what[2:4])
    first = reread_message(signed)
    answer = replace(first, act=Act.ANSWER, follows=digest_of(signed))
    with_name = (name, Act.ANSWER)
    cases = [
        (replace(answer, sender=MemberId("mbr_lambeth")), with_name, Untrusted),
        (replace(answer, recipient=MemberId("mbr_lambeth")), with_name, Untrusted),
        (replace(answer, entry=first.entry + 1), with_name, Untrusted),
        (replace(answer, signed_at=town.now + timedelta(hours=1)), with_name, MalformedMessage),
        (answer, (name, Act.CLOSE), Untrusted),
        (answer, (DisputeId("dsp_01k00000000000000000000000"), Act.ANSWER), Untrusted),
    ]
    for message, (thread, act), fault in cases:
        jws = sign_message(message, medway.keyring.signing)
        with pytest.raises(fault), town.store.write() as work:
            reception.receive_message(thread, act, jws, words, medway.member, work, town.hub)


def test_a_closed_thread_is_forgotten_after_a_year(town: Town, medway: TownMember) -> None:
    """Words and all; what the log says of it stays."""
    name = medway.contests(release(medway), "mbr_kent", WHY)
    medway.writes(name, "Never mind.", Result.WITHDRAWN)
    closed_at = stands(town, name).closed_at
    assert closed_at is not None
    town.night_passes()
    town.now = closed_at + KEPT_CLOSED
    expire_due(town.store, town.hub)
    assert stands(town, name).result is Result.WITHDRAWN
    town.now += timedelta(seconds=1)
    expire_due(town.store, town.hub)
    with pytest.raises(NotYours):
        medway.reads(name)
    assert len(town.entries("dispute")) == 2


def test_an_item_tells_the_step_and_nothing_that_was_said(town: Town, medway: TownMember) -> None:
    """Kind, entry, notice, act and the message's digest; the words are fetched by the two alone."""
    medway.contests(release(medway), "mbr_kent", WHY)
    town.night_passes()
    (item,) = town.members["mbr_kent"].sees(ItemKind.DISPUTE)
    assert isinstance(item, InboxItem)
    assert isinstance(item.body, dict)
    assert item.body["from"] == "mbr_medway"
    assert set(item.body) == {
        "act", "agreement", "dispute", "entry", "from", "grievance", "message", "notice", "result", "version",
    }  # fmt: skip


def test_words_for_a_revoked_key_are_refused(town: Town, kent: TownMember, medway: TownMember) -> None:
    """The other side may no longer be the only one who can open them."""
    with town.store.write() as work:
        enrol.revoke_key(kent.member, kent.keyring.sealing[-1].key_id, work, town.hub)
    town.slot()
    with pytest.raises(Untrusted, match="dispute-text"):
        medway.contests(release(medway), "mbr_kent", WHY)
