"""Key requests: for the newest key that counts, answered for exactly this question."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange.errors import Declined, HubFault
from hub.exchange.request_key import ask, box_stands, check_answer, check_blind_answer, sealing_keys
from hub.exchange.stages import ItemKind, KeyUse, KeyWanted, Passage, RegisteredKey
from hub.exchange.states import PassageState
from hub.protocols.blind_key import BlindKeyRequest
from hub.protocols.canonical import digest
from hub.protocols.delivery import Ground
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.key_grant import KeyGrant, KeyRequest, read_request, sign_grant
from hub.protocols.keys import SealingKey
from hub.protocols.names import AgreementId, KeyId, MemberId, NoticeId, NoticeType, RequestId
from hub.protocols.notice import manifest_digest
from hub.protocols.sealing import seal_box
from hub.protocols.suites import CLASSICAL, HYBRID
from tests.simulators.town import Town
from tests.story.people import ADA

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


@pytest.fixture
def asked(town: Town) -> Passage:
    """A passage from Kent to Medway for which a key was asked."""
    departure = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    (passage,) = (one for one in town.passages(departure) if one.notice == departure)
    return passage


def request_of(passage: Passage) -> KeyRequest:
    """The request of a passage."""
    assert isinstance(passage.request, KeyRequest)
    return passage.request


def box_for(key: SealingKey, notice: NoticeId) -> str:
    """A key box as a sender makes one."""
    return seal_box({}, notice, key.public)


def grant_for(request: KeyRequest, box: str | None) -> KeyGrant:
    """A grant that answers the request."""
    return KeyGrant(
        request=request.request,
        manifest=request.manifest,
        counter_manifest=manifest_digest(request.counter_manifest),
        recipient=request.recipient,
        recipient_key=request.recipient_key,
        box=None if box is None else digest(box.encode()),
        refused=() if box is not None else ("R-STALE",),
        officer=None,
        granted_at=request.asked_at,
    )


def answered(town: Town, passage: Passage, grant: KeyGrant, box: str | None) -> KeyGrant:
    """What the hub reads of an answer that Kent signed."""
    kent = town.members[KENT].keyring.signing
    with town.store.read() as work:
        return check_answer(sign_grant(grant, kent), box, passage, kent.public, work)


def medway_key(town: Town) -> SealingKey:
    """The key that was asked for."""
    return town.members[MEDWAY].keyring.sealing[-1]


def test_the_request_says_what_the_sender_has_to_check(town: Town, asked: Passage) -> None:
    """Which notice, which counter-notice with its tokens, which key, and who has approved."""
    request = request_of(asked)
    assert (request.sender, request.recipient, request.notice) == (KENT, MEDWAY, asked.notice)
    assert request.manifest == town.notice(asked.notice).digest
    assert asked.counter is not None
    assert request.counter_manifest == town.notice(asked.counter).jws
    assert request.counter_tokens == town.notice(asked.counter).counter_tokens
    assert request.recipient_key == medway_key(town).key_id
    (item,) = town.members[KENT].sees(ItemKind.KEY_REQUEST)
    assert isinstance(item.body, dict)
    assert read_request(str(item.body["request"]), town.hub.key.public) == request


def test_an_answer_to_the_question_is_taken(town: Town, asked: Passage) -> None:
    """A box for that key, or a no."""
    box = box_for(medway_key(town), asked.notice)
    for given in (box, None):
        grant = grant_for(request_of(asked), given)
        assert answered(town, asked, grant, given) == grant


@pytest.mark.parametrize(
    "changes",
    [
        {"request": RequestId("req_01k00000000000000000000000")},
        {"manifest": digest(b"another notice")},
        {"counter_manifest": digest(b"another notice")},
        {"recipient": MemberId("mbr_lambeth")},
        {"recipient_key": KeyId(digest(b"another key"))},
        {"box": digest(b"another box")},
    ],
)
def test_an_answer_to_another_question_is_not(town: Town, asked: Passage, changes: dict[str, object]) -> None:
    """A grant is for one request, one pair of notices, one recipient, one key and one box."""
    box = box_for(medway_key(town), asked.notice)
    with pytest.raises(Untrusted):
        answered(town, asked, replace(grant_for(request_of(asked), box), **changes), box)  # type: ignore[arg-type]  # replace() checks the names itself


def test_a_box_for_another_key_than_the_one_asked_for_is_not_taken(town: Town, asked: Passage) -> None:
    """Kent seals to itself, or to a key that it made for the purpose: of the right suite or of another."""
    for key in (
        town.members[KENT].keyring.sealing[-1],
        SealingKey.generate(HYBRID.id),
        SealingKey.generate(CLASSICAL.id),
    ):
        box = box_for(key, asked.notice)
        with pytest.raises(ProtocolError):
            answered(town, asked, grant_for(request_of(asked), box), box)


def test_what_is_no_box_is_not_taken(town: Town, asked: Passage) -> None:
    """Whatever a grant names as its box must have the form of one."""
    for box in ("", "a.b.c.d.e", box_for(medway_key(town), asked.notice)[:-1]):
        with pytest.raises(ProtocolError):
            answered(town, asked, grant_for(request_of(asked), box), box)


def test_another_members_signature_is_no_answer(town: Town, asked: Passage) -> None:
    """I7: Medway cannot grant itself Kent's keys."""
    medway = town.members[MEDWAY].keyring.signing
    box = box_for(medway_key(town), asked.notice)
    jws = sign_grant(grant_for(request_of(asked), box), medway)
    with town.store.read() as work, pytest.raises(Untrusted):
        check_answer(jws, box, asked, town.members[KENT].keyring.signing.public, work)


@pytest.mark.parametrize("state", sorted(set(PassageState) - {PassageState.AWAITING_KEY}))
def test_what_is_answered_is_closed_to_another_answer(
    town: Town, asked: Passage, state: PassageState
) -> None:
    """I5: the same answer once more is no fault; another is told that nothing more is needed."""
    box, other = (box_for(medway_key(town), asked.notice) for _ in range(2))
    after = replace(asked, state=state, box=box)
    grant = grant_for(request_of(asked), box)
    assert answered(town, after, grant, box) == grant
    for late in (other, None):
        with pytest.raises(Declined, match="request-closed"):
            answered(town, after, grant_for(request_of(asked), late), late)


@pytest.mark.parametrize("state", sorted(set(PassageState) - {PassageState.AWAITING_KEY}))
def test_a_no_said_again_changes_nothing(town: Town, asked: Passage, state: PassageState) -> None:
    """I5: where no box came, a no once more is no fault, and a box comes too late."""
    after = replace(asked, state=state, box=None)
    no = grant_for(request_of(asked), None)
    assert answered(town, after, no, None) == no
    box = box_for(medway_key(town), asked.notice)
    with pytest.raises(Declined, match="request-closed"):
        answered(town, after, grant_for(request_of(asked), box), box)


def test_without_a_request_there_is_nothing_to_answer(town: Town, asked: Passage) -> None:
    """It was forgotten with its notice."""
    grant = grant_for(request_of(asked), None)
    with pytest.raises(Declined, match="request-closed"):
        answered(town, replace(asked, request=None), grant, None)


def key_of(town: Town) -> RegisteredKey:
    """Medway's sealing key as the hub knows it."""
    with town.store.read() as work:
        return next(key for key in work.members.keys(MEDWAY) if key.use is KeyUse.SEALING)


def test_the_newest_key_that_counts_is_asked_for(town: Town) -> None:
    """Logged, unrevoked, in its time; of several the one that began last."""
    old, work_now = key_of(town), town.now
    with town.store.write() as work:
        assert sealing_keys(MEDWAY, work, town.hub) == [old]
        newer = replace(old, key_id=KeyId(digest(b"newer")), valid_from=work_now)
        work.members.put_key(newer)
        assert sealing_keys(MEDWAY, work, town.hub) == [newer, old]
        for unusable in (
            replace(newer, log_index=None),
            replace(newer, revoked_at_index=3),
            replace(newer, valid_until=work_now),
            replace(newer, valid_from=work_now + timedelta(seconds=1)),
        ):
            work.members.put_key(unusable)
            assert sealing_keys(MEDWAY, work, town.hub) == [old]
        assert sealing_keys(MemberId("mbr_nobody"), work, town.hub) == []


def test_each_form_of_question_has_its_own_form_of_answer(town: Town, asked: Passage) -> None:
    """A blind answer to an open request, an open one to a blind request: nothing is asked so."""
    request = request_of(asked)
    kent = town.members[KENT].keyring.signing
    open_grant = sign_grant(grant_for(request, None), kent)
    ground = Ground(AgreementId("agr_kent-medway-movers"), 1, "2.1", "uk-gdpr:6(1)(e)")
    blind = BlindKeyRequest(
        request.request, KENT, request.notice, request.manifest, ground, (), request.asked_at
    )
    with town.store.read() as work:
        with pytest.raises(Declined, match="request-closed"):
            check_blind_answer("e30.e30.AA", [], asked, kent.public, work)
        with pytest.raises(Declined, match="request-closed"):
            check_answer(open_grant, None, asked.moved(request=blind), kent.public, work)


def test_without_a_key_nobody_is_asked(town: Town, asked: Passage) -> None:
    """The caller has looked before: here it is a fault of ours."""
    fact = asked.moved()
    with town.store.write() as work:
        work.members.put_key(replace(key_of(town), revoked_at_index=3))
        wanted = KeyWanted(fact, town.notice(asked.notice), town.notice(asked.notice), None, None)  # type: ignore[arg-type]  # not read here
        with pytest.raises(HubFault, match="no-sealing-key"):
            ask(wanted, work, town.hub)


def test_a_box_stands_for_a_key_of_its_recipient_that_counts(town: Town, asked: Passage) -> None:
    """I6: unknown, revoked, not logged, another member's or no sealing key: it does not stand."""
    boxed = replace(asked, box=box_for(medway_key(town), asked.notice))
    with town.store.write() as work:
        assert box_stands(asked, work)
        assert box_stands(boxed, work)
        assert not box_stands(replace(boxed, recipient=KENT), work)
        stranger = replace(boxed, box=box_for(SealingKey.generate(HYBRID.id), asked.notice))
        assert not box_stands(stranger, work)
        for changes in ({"revoked_at_index": 3}, {"log_index": None}):
            work.members.put_key(replace(key_of(town), **changes))
            assert not box_stands(boxed, work)
        work.members.put_key(key_of(town))


def test_what_no_longer_binds_the_time_of_a_key_still_opens(town: Town, asked: Passage) -> None:
    """A box made in a key's time is handed over after it: its owner keeps the private key."""
    boxed = replace(asked, box=box_for(medway_key(town), asked.notice))
    with town.store.write() as work:
        work.members.put_key(replace(key_of(town), valid_until=town.now))
        assert box_stands(boxed, work)
