"""Recalls at real gateways: a word is said, and everybody who was told hears of it and signs."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.member.errors import GatewayFault
from adapters.member.flagging import Wish
from adapters.member.gateway import Gateway
from adapters.member.recalls import RecallState
from adapters.move import Contact, Wishes
from hub.consent.flag_record import Kind, MadeBy, Outcome
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.canonical import Json
from hub.protocols.names import DisclosureId, MemberId, NoticeId, NoticeType, Part
from tests.adapters.member.conftest import come_to_rest as rest
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

Two = tuple[Gateway, Gateway]
ADA_AT_KENT = replace(ADA, local_ref="K-1", wishes=Wishes(), contact=Contact(phone="01632 960001"))
CONTACT = frozenset({Part.CONTACT})
SAYS_NO = Wish("K-1", Kind.INSTRUCTION, MadeBy.YOUNG_PERSON, "A. Officer", CONTACT, evidence="letter 14")
IN_HIDING = Wish("K-1", Kind.SHIELD, MadeBy.OFFICER, "A. Officer")


def come_to_rest(town: Town, *gateways: Gateway) -> None:
    """What is due is carried, and then nobody has anything more to do."""
    for gateway in gateways:
        gateway.poll()
    rest(town, *gateways)


def told(town: Town, neighbours: Two) -> NoticeId:
    """Kent has told Medway of Ada, names first and then the rest."""
    kent, medway = neighbours
    kent.publish([ADA_AT_KENT], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "B. Officer")
    come_to_rest(town, kent, medway)
    (sent,) = kent.records.all_sent()
    return sent.notice


def facts_at(gateway: Gateway, notice: NoticeId) -> dict[str, Json]:
    """What a gateway still holds of a notice, part by part."""
    bodies = [one.body for one in gateway.records.of_notice(notice)]
    found = [body["facts"] for body in bodies if isinstance(body, dict)]
    return {part: fact for facts in found if isinstance(facts, dict) for part, fact in facts.items()}


def states(gateway: Gateway) -> list[RecallState]:
    """How far this gateway's recalls have come."""
    return [recall.state for recall in gateway.flagging.recalls.all()]


def test_a_word_said_later_reaches_who_was_told(town: Town, neighbours: Two) -> None:
    """Art. 19: the telephone number is destroyed where it went, and that is signed; the rest stays."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    assert facts_at(medway, notice)["contact"]
    followed = kent.flagging.set(SAYS_NO)
    assert followed.notices == (notice,)
    assert [(one.member, one.parts) for one in followed.recalls] == [("mbr_medway", (Part.CONTACT,))]
    come_to_rest(town, kent, medway)
    left = facts_at(medway, notice)
    assert "contact" not in left
    assert left["identity"]
    assert states(kent) == [RecallState.ERASED]
    (recall,) = kent.flagging.recalls.all(notice)
    assert len(recall.signed) == 1


def test_their_people_answer_too(town: Town, neighbours: Two) -> None:
    """A gateway cannot reach into the tracker: a person does, and says so."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    kent.flagging.set(SAYS_NO)
    come_to_rest(town, kent, medway)
    (waiting,) = medway.waiting()
    assert waiting.kind == "recall"
    assert waiting.body == {
        "says": f"{notice} is recalled (instruction): erase in your own system too: contact"
    }
    medway.recall_done(waiting.item)
    come_to_rest(town, kent, medway)
    assert states(kent) == [RecallState.DONE]
    assert medway.waiting() == []


def test_the_hub_learns_the_flag_and_nothing_else(town: Town, neighbours: Two) -> None:
    """Only the derived flag reaches it, never whose word it was nor where the letter lies."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    kent.flagging.set(SAYS_NO)
    come_to_rest(town, kent, medway)
    stored = town.notice(notice)
    assert stored.flags.instruction == CONTACT
    (recall,) = kent.flagging.recalls.all()
    assert recall.carried_by is not None
    carrier = town.notice(recall.carried_by)
    assert (carrier.manifest.refers_to, carrier.flags.instruction) == (notice, frozenset())
    assert "letter" not in carrier.jws + stored.jws


def test_what_has_ended_is_recalled_all_the_same(town: Town, neighbours: Two) -> None:
    """The body is long forgotten; who was told of whom is not."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    item = next(one for one in medway.received() if one.stage == "rest")
    medway.report_outcome(item.item, OutcomeKind.IN_CASELOAD)
    come_to_rest(town, kent, medway)
    sent = kent.records.sent(notice)
    assert sent is not None
    assert sent.over
    followed = kent.flagging.set(SAYS_NO)
    assert followed.notices == ()
    come_to_rest(town, kent, medway)
    assert "contact" not in facts_at(medway, notice)
    assert states(kent) == [RecallState.ERASED]


def test_a_shield_recalls_everything(town: Town, neighbours: Two) -> None:
    """Who is in hiding now is nobody's to know by machine any more."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    kent.flagging.set(IN_HIDING)
    come_to_rest(town, kent, medway)
    assert facts_at(medway, notice) == {}
    assert {one.state for one in medway.records.of_notice(notice)} == {"recalled"}
    assert states(kent) == [RecallState.ERASED]


def test_consent_taken_back_is_recalled(town: Town, neighbours: Two) -> None:
    """Consent can be withdrawn; where nothing rested on it, nothing is recalled."""
    kent, medway = neighbours
    told(town, neighbours)
    wish = Wish("K-1", Kind.CONSENT, MadeBy.YOUNG_PERSON, "A. Officer", CONTACT)
    given = kent.flagging.set(wish)
    assert given.recalls == ()
    ended = kent.flagging.end(given.entry.flag, "A. Officer")
    assert ended.notices != ()
    come_to_rest(town, kent, medway)


def test_an_objection_restricts_until_it_is_decided(town: Town, neighbours: Two) -> None:
    """Received: recalled. Overridden, with a reason: asserted as such, and nothing more is recalled."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    objected = kent.flagging.set(Wish("K-1", Kind.OBJECTION, MadeBy.YOUNG_PERSON, "A. Officer", CONTACT))
    come_to_rest(town, kent, medway)
    assert town.notice(notice).flags.objection == CONTACT
    assert states(kent) == [RecallState.ERASED]
    with pytest.raises(GatewayFault, match="with a reason"):
        kent.flagging.decide(objected.entry.flag, Outcome.OVERRIDDEN, "A. Officer", "")
    decided = kent.flagging.decide(objected.entry.flag, Outcome.OVERRIDDEN, "A. Officer", "risk of harm")
    assert decided.recalls == ()
    come_to_rest(town, kent, medway)
    assert town.notice(notice).flags.objection_overridden == CONTACT


def test_while_the_hub_is_down_the_word_binds_here(town: Town, neighbours: Two) -> None:
    """A key asked for in between is answered under it, and the hub hears of it with the next poll."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    followed = kent.flagging.set(SAYS_NO)
    assert [one.state for one in followed.recalls] == [RecallState.DUE]
    assert town.notice(notice).flags.instruction == frozenset()
    kent.poll()
    assert town.notice(notice).flags.instruction == CONTACT
    come_to_rest(town, kent, medway)
    assert states(kent) == [RecallState.ERASED]


def test_where_no_agreement_lets_it_go_nobody_is_told_and_we_know(town: Town, neighbours: Two) -> None:
    """I2: a recall needs a permit as well; a withdrawal needs none."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    town.suspends("agr_kent-medway-movers", "mbr_kent")
    kent.refresh()
    kent.flagging.set(SAYS_NO)
    come_to_rest(town, kent, medway)
    assert states(kent) == [RecallState.NOT_CARRIED]
    kent.withdraw(notice, "instruction")
    come_to_rest(town, kent, medway)
    assert states(kent) == [RecallState.NOT_CARRIED, RecallState.ERASED]
    assert facts_at(medway, notice) == {}


def test_a_flag_counts_for_the_next_file_too(town: Town, neighbours: Two) -> None:
    """What was said once need not stand in every row."""
    kent, medway = neighbours
    kent.flagging.set(SAYS_NO)
    notice = told(town, neighbours)
    assert town.notice(notice).flags.instruction == CONTACT
    assert "contact" not in facts_at(medway, notice)
    assert "participation" in facts_at(medway, notice)


def test_nobody_recalls_what_another_has_said(town: Town, neighbours: Two) -> None:
    """A recall of somebody else's notice reaches nobody."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    (own,) = medway.records.all_sent()
    about = medway.flagging.book.about(own.notice)
    assert about is not None
    medway.flagging.recalls.note(
        replace(about, notice=notice), kent.pinned.member, [Part.IDENTITY], "instruction", "B. Officer"
    )
    come_to_rest(town, kent, medway)
    assert states(medway) == [RecallState.SENT]
    assert kent.waiting() == []
    assert facts_at(medway, notice)["identity"]


def test_a_parents_word_needs_a_birthday(town: Town, neighbours: Two) -> None:
    """It ends at sixteen, so somebody has to know when that is; the day stays here."""
    kent, _ = neighbours
    word = Wish("K-9", Kind.INSTRUCTION, MadeBy.PARENT, "A. Officer", CONTACT)
    with pytest.raises(GatewayFault, match="--born"):
        kent.flagging.set(word)
    kent.flagging.set(replace(word, born=date(2012, 5, 3)))
    assert kent.flagging.book.derived("K-9", town.now.date()).instruction == CONTACT
    assert kent.flagging.book.derived("K-9", date(2028, 5, 3)).instruction_lapsed == CONTACT


@pytest.mark.parametrize(
    ("kind", "made_by"), [(Kind.SHIELD, MadeBy.YOUNG_PERSON), (Kind.INSTRUCTION, MadeBy.OFFICER)]
)
def test_a_flag_is_set_by_whose_it_is(neighbours: Two, kind: Kind, made_by: MadeBy) -> None:
    """An officer gives no instruction in a young person's name."""
    kent, _ = neighbours
    with pytest.raises(GatewayFault, match="flag is"):
        kent.flagging.set(Wish("K-1", kind, made_by, "A. Officer"))


def test_wrong_facts_are_corrected_where_they_went(town: Town, neighbours: Two) -> None:
    """The right ones lie beside them; nothing more of the wrong ones leaves by machine."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    (made,) = kent.correct(notice, replace(ADA_AT_KENT, middle="Maud"), "A. Officer")
    assert made.member == "mbr_medway"
    come_to_rest(town, kent, medway)
    assert town.notice(notice).flags.restricted
    (recall,) = kent.flagging.recalls.all()
    assert recall.state is RecallState.OPENED
    assert recall.carried_by is not None
    assert facts_at(medway, recall.carried_by)["identity"] != facts_at(medway, notice)["identity"]
    bodies = [one.body for one in medway.records.of_notice(notice)]
    assert {body["corrected_by"] for body in bodies if isinstance(body, dict)} == {recall.carried_by}
    (waiting,) = [one for one in medway.waiting() if one.kind == "recall"]
    medway.recall_done(waiting.item)
    come_to_rest(town, kent, medway)
    assert states(kent) == [RecallState.DONE]


def test_an_officer_recalls_one_part(town: Town, neighbours: Two) -> None:
    """Sent in error: one part goes, and the notice waits for a named officer from then on."""
    kent, medway = neighbours
    notice = told(town, neighbours)
    kent.recall(notice, CONTACT, "sent_in_error", "A. Officer")
    come_to_rest(town, kent, medway)
    assert "contact" not in facts_at(medway, notice)
    assert town.notice(notice).flags.restricted
    (waiting,) = medway.waiting()
    assert DisclosureId(waiting.item) in {one.item for one in medway.received()}


def test_what_was_never_sent_is_recalled_from_nobody(town: Town, wire: Wire, neighbours: Two) -> None:
    """A row that waits in the queue has told nobody; with the hub down the flag is kept all the same."""
    kent, _ = neighbours
    kent.epoch()
    wire.down = True
    kent.publish([ADA_AT_KENT], NoticeType.MOVED_OUT, "A. Officer")
    (sent,) = kent.records.all_sent()
    kent.records.tell(sent.notice, MemberId("mbr_medway"))
    assert kent.flagging.set(IN_HIDING).recalls == ()
    assert kent.carry_flags() is None
    kent.withdraw(sent.notice, "sent_in_error")
    assert states(kent) == []


def test_who_is_listed_no_more_is_for_the_telephone(town: Town, neighbours: Two) -> None:
    """Nothing can be sealed to it; that it had everything is kept, and shown as not carried."""
    kent, _ = neighbours
    notice = told(town, neighbours)
    kent.records.tell(notice, MemberId("mbr_gone"))
    kent.flagging.set(SAYS_NO)
    kent.poll()
    gone = [one for one in kent.flagging.recalls.all(notice) if one.member == "mbr_gone"]
    assert [(one.state, len(one.parts)) for one in gone] == [(RecallState.NOT_CARRIED, 10)]


def test_the_hub_cannot_tell_a_birthday_from_what_is_renewed(town: Town, neighbours: Two) -> None:
    """I1: a parent's word passes to the young person in silence; it is said with the next renewal."""
    kent, _ = neighbours
    young = replace(ADA_AT_KENT, dob=town.now.date().replace(year=town.now.year - 16) + timedelta(days=5))
    kent.publish([young], NoticeType.MOVED_OUT, "A. Officer")
    town.slot()
    kent.flagging.set(replace(SAYS_NO, made_by=MadeBy.PARENT))
    kent.poll()
    (sent,) = kent.records.all_sent()
    said = list[tuple[int, bool]]()
    for day in range(1, 24):
        town.days_pass(1)
        kent.poll()
        flags = town.notice(sent.notice).flags
        said.append((day, flags.instruction_lapsed == CONTACT))
        assert CONTACT in {flags.instruction, flags.instruction_lapsed}
    assert [day for day, lapsed in said if lapsed] == [20, 21, 22, 23]
    (waiting,) = [one for one in kent.waiting() if one.kind == "flag"]
    assert "past sixteen" in str(waiting.body)
