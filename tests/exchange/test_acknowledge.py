"""What comes back: for this item, by its member, about what was really delivered."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.exchange import acknowledge
from hub.exchange.errors import Declined, HubFault, NotYours
from hub.exchange.sequencer import carry_batch
from hub.exchange.stages import InboxItem, ItemKind
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Approval,
    Confirmation,
    Level,
    Outcome,
    OutcomeKind,
    sign_acknowledgement,
    sign_approval,
    sign_confirmation,
    sign_outcome,
)
from hub.protocols.canonical import digest
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.names import DisclosureId, MatchId, MemberId, NoticeId, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")
NONE = DisclosureId("dis_01k00000000000000000000000")


@pytest.fixture
def delivery(town: Town) -> InboxItem:
    """The identity part that Medway has received of Kent's notice."""
    town.members[MEDWAY].answers = False
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    return town.members[MEDWAY].sees(ItemKind.DELIVERY)[0]


def confirmation(town: Town, item: InboxItem) -> Confirmation:
    """A `same` for this delivery."""
    assert item.about is not None
    return Confirmation(item.item, town.notice(item.about).digest, Answer.SAME, None, town.now)


def acknowledgement(town: Town, item: InboxItem) -> Acknowledgement:
    """All of this delivery, opened."""
    assert item.about is not None
    notice = town.notice(item.about)
    parts = {part: notice.manifest.entry(part).cipher_digest for part in item.parts}
    return Acknowledgement(
        item.item, notice.digest, parts, item.log_index, item.log_index + 16, Level.OPENED, town.now
    )


def outcome(town: Town, item: InboxItem) -> Outcome:
    """In the caseload."""
    assert item.about is not None
    return Outcome(item.item, town.notice(item.about).digest, OutcomeKind.IN_CASELOAD, town.now)


Make = Callable[[Town, InboxItem], Any]
Sign = Callable[[Any, SigningKey], str]
Check = Callable[..., Any]
ANSWERS: list[tuple[Make, Sign, Check]] = [
    (confirmation, sign_confirmation, acknowledge.check_confirmation),
    (acknowledgement, sign_acknowledgement, acknowledge.check_acknowledgement),
    (outcome, sign_outcome, acknowledge.check_outcome),
]
EACH = pytest.mark.parametrize(("make", "sign", "check"), ANSWERS)


@EACH
def test_an_answer_to_its_delivery_is_taken(
    town: Town, delivery: InboxItem, make: Make, sign: Sign, check: Check
) -> None:
    """Signed by the member in whose inbox it lies."""
    said = make(town, delivery)
    with town.store.read() as work:
        jws = sign(said, town.members[MEDWAY].keyring.signing)
        assert check(jws, delivery, work, town.hub) == said


@EACH
def test_an_answer_to_another_delivery_or_notice_is_refused(
    town: Town, delivery: InboxItem, make: Make, sign: Sign, check: Check
) -> None:
    """An answer cannot be moved from one delivery to another."""
    key = town.members[MEDWAY].keyring.signing
    said = make(town, delivery)
    with town.store.read() as work:
        for wrong in (replace(said, delivery=NONE), replace(said, manifest=digest(b"another"))):
            with pytest.raises(Untrusted, match="answer-other-delivery"):
                check(sign(wrong, key), delivery, work, town.hub)


@EACH
def test_nobody_else_answers(town: Town, delivery: InboxItem, make: Make, sign: Sign, check: Check) -> None:
    """I7: neither the sender nor a stranger; and not with another of the member's own keys."""
    said = make(town, delivery)
    keys = (
        town.members[KENT].keyring.signing,
        SigningKey.generate(),
        town.members[MEDWAY].keyring.access,
    )
    with town.store.read() as work:
        for key in keys:
            with pytest.raises(Untrusted, match="signing-key"):
                check(sign(said, key), delivery, work, town.hub)
        with pytest.raises(ProtocolError):
            check("a.b.c", delivery, work, town.hub)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"log_index": 0}, "answer-other-entry"),
        ({"parts": {Part.ADDRESS: digest(b"")}}, "answer-other-parts"),
        ({"parts": {Part.IDENTITY: digest(b"another part")}}, "answer-other-parts"),
    ],
)
def test_an_acknowledgement_is_of_what_was_delivered(
    town: Town, delivery: InboxItem, changes: dict[str, Any], code: str
) -> None:
    """Its entry, its parts, their digests: nothing that was not released can be acknowledged."""
    said = replace(acknowledgement(town, delivery), **changes)
    jws = sign_acknowledgement(said, town.members[MEDWAY].keyring.signing)
    with town.store.read() as work, pytest.raises(Untrusted, match=code):
        acknowledge.check_acknowledgement(jws, delivery, work, town.hub)


def test_less_than_everything_may_be_acknowledged(town: Town, delivery: InboxItem) -> None:
    """A gateway that opened nothing yet says so."""
    said = replace(acknowledgement(town, delivery), parts={})
    with town.store.read() as work:
        jws = sign_acknowledgement(said, town.members[MEDWAY].keyring.signing)
        assert acknowledge.check_acknowledgement(jws, delivery, work, town.hub) == said


def test_erased_is_an_answer_to_a_recall_and_to_nothing_else(town: Town, delivery: InboxItem) -> None:
    """The sender's books would say that it is gone, though nobody had asked for it."""
    assert delivery.about is not None
    said = replace(acknowledgement(town, delivery), level=Level.ERASED)
    jws = sign_acknowledgement(said, town.members[MEDWAY].keyring.signing)

    def check() -> None:
        with town.store.read() as work:
            assert acknowledge.check_acknowledgement(jws, delivery, work, town.hub) == said

    with pytest.raises(Declined, match="erased-unasked"):
        check()
    town.members[KENT].withdraws(delivery.about)
    with pytest.raises(Declined, match="erased-unasked"):
        check()  # its word has not reached Medway's inbox yet
    with town.store.write() as work:
        carry_batch(work, town.hub)
    with pytest.raises(Declined, match="erased-unasked"):
        check()  # it lies there, and is not shown before the checkpoint over it is signed
    town.slot()
    check()


def test_a_recall_of_another_notice_asks_for_nothing_of_this_one(town: Town, delivery: InboxItem) -> None:
    """Each is asked for by itself, and at each recipient by itself."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    boris = replace(ADA, given="Boris", family="Madeup", upn=None)
    other = kent.publishes(boris, NoticeType.MOVED_OUT)
    medway.publishes(boris, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.withdraws(other)
    town.night_passes()
    said = replace(acknowledgement(town, delivery), level=Level.ERASED)
    with town.store.read() as work, pytest.raises(Declined, match="erased-unasked"):
        acknowledge.check_acknowledgement(
            sign_acknowledgement(said, medway.keyring.signing), delivery, work, town.hub
        )


def test_an_item_is_its_members_of_its_kind_and_covered(town: Town, delivery: InboxItem) -> None:
    """I7: another member's, another kind, not there, not covered yet: one answer."""
    with town.store.write() as work:
        assert acknowledge.own_item(delivery.item, MEDWAY, ItemKind.DELIVERY, work) == delivery
        hidden = replace(delivery, item=NONE, log_index=work.log.size())
        work.inboxes.put(hidden)
        for item, member, kind in (
            (delivery.item, KENT, ItemKind.DELIVERY),
            (delivery.item, MEDWAY, ItemKind.OFFICER_TASK),
            (DisclosureId(NONE[:-1] + "1"), MEDWAY, ItemKind.DELIVERY),
            (NONE, MEDWAY, ItemKind.DELIVERY),
        ):
            with pytest.raises(NotYours):
                acknowledge.own_item(item, member, kind, work)


def test_before_anything_is_signed_nothing_is_anybodys() -> None:
    """A hub that has signed no head shows no item."""
    town = Town()
    with town.store.write() as work:
        work.log.signed = lambda: None  # type: ignore[method-assign]  # a log that has signed nothing yet
        with pytest.raises(NotYours):
            acknowledge.own_item(NONE, KENT, ItemKind.DELIVERY, work)


def test_an_item_without_passage_or_notice_is_a_fault_of_ours(town: Town, delivery: InboxItem) -> None:
    """What was kept together came apart."""
    with town.store.read() as work:
        passage = acknowledge.passage_of(delivery, work)
        assert acknowledge.notice_of(passage, work).notice == delivery.about
        for lost in (None, MatchId("mat_01k00000000000000000000000")):
            with pytest.raises(HubFault, match="passage-missing"):
                acknowledge.passage_of(replace(delivery, passage=lost), work)
        with pytest.raises(HubFault, match="notice-missing"):
            acknowledge.notice_of(replace(passage, notice=NoticeId("ntc_x")), work)


def test_an_approval_is_for_its_task_by_its_member(town: Town) -> None:
    """Another task, another notice, another member's name or signature: refused."""
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.members[MEDWAY].publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (task,) = town.members[KENT].tasks
    assert task.about is not None
    said = Approval(task.item, KENT, task.about, approve=True, officer="N. Officer", signed_at=town.now)
    kent = town.members[KENT].keyring.signing
    with town.store.read() as work:
        assert acknowledge.check_approval(sign_approval(said, kent), task, work, town.hub) == said
        for wrong in (
            replace(said, task=NONE),
            replace(said, member=MEDWAY),
            replace(said, notice=NoticeId("ntc_01k00000000000000000000000")),
        ):
            with pytest.raises(Untrusted, match="answer-other-task"):
                acknowledge.check_approval(sign_approval(wrong, kent), task, work, town.hub)
        foreign = sign_approval(said, town.members[MEDWAY].keyring.signing)
        with pytest.raises(Untrusted, match="signing-key"):
            acknowledge.check_approval(foreign, task, work, town.hub)
