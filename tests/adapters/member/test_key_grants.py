"""A key request is answered only when every numbered step holds; each step has its refusal here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.member import key_grants
from adapters.member.gateway import Gateway
from adapters.member.key_grants import Granted, Held, is_nearly_18
from adapters.member.records import Sent
from adapters.move import Move
from hub.exchange.stages import ItemKind
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.key_grant import KeyRequest, counter_tokens, read_grant, read_request, sign_request
from hub.protocols.keys import SealingKey
from hub.protocols.names import AgreementId, Digest, KeyId, MemberId, NoticeId, NoticeType, Part
from hub.protocols.notice import read_envelope, read_manifest, sign_manifest
from hub.protocols.sealing import box_key_id, open_box
from tests.adapters.member.conftest import move
from tests.conftest import START
from tests.simulators.town import Town
from tests.story.people import ADA, INSTRUCTED, SHIELDED

Neighbours = tuple[Gateway, Gateway]


def request_in(town: Town, gateway: Gateway) -> KeyRequest:
    """The key request that waits in a member's inbox."""
    with town.store.read() as work:
        signed = work.log.signed()
        assert signed is not None
        items = work.inboxes.page(gateway.pinned.member, 0, 100, signed[0])
    (item,) = [item for item in items if item.kind is ItemKind.KEY_REQUEST]
    assert isinstance(item.body, dict)
    return read_request(str(item.body["request"]), town.hub.key.public)


def sent_by(gateway: Gateway) -> Sent:
    """The one notice that a gateway has sent."""
    (sent,) = gateway.records.all_sent()
    return sent


def answer(
    town: Town, gateway: Gateway, request: KeyRequest, sent: Sent | None = None, officer: str | None = None
) -> Granted | Held:
    """What a gateway answers to a request."""
    return key_grants.answer(
        request,
        sent or gateway.records.sent(request.notice),
        gateway.pinned,
        gateway._keyring,
        gateway.directory,
        gateway.terms(),
        town.now,
        officer,
    )


@pytest.fixture
def asked(town: Town, neighbours: Neighbours) -> KeyRequest:
    """Ada has moved, and the hub asks Kent for a key."""
    move(*neighbours)
    town.slot()
    return request_in(town, neighbours[0])


def test_a_request_that_holds_gets_a_box_for_what_is_permitted(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """Signed by the sender, for the recipient's key, with the keys of the permitted parts and no others."""
    kent, medway = neighbours
    granted = answer(town, kent, asked)
    assert isinstance(granted, Granted)
    assert granted.box is not None
    grant = read_grant(granted.grant, kent._keyring.signing.public)
    assert (grant.request, grant.refused, grant.officer) == (asked.request, (), None)
    assert grant.box == canonical.digest(granted.box.encode())
    key = medway._keyring.sealing_key(box_key_id(granted.box))
    assert set(open_box(granted.box, asked.notice, key)) == {
        Part.IDENTITY,
        Part.ADDRESS,
        Part.PARTICIPATION,
        Part.CONTACT,
        Part.SEND,
    }


# --- 1: the hub signed it, and its entry is in the log (the inbox's step: see test_inbox) ----------


def test_step_1_a_request_that_the_hub_did_not_sign_is_not_read(town: Town, asked: KeyRequest) -> None:
    """Nobody else may ask."""
    with pytest.raises(Untrusted):
        read_request(sign_request(asked, town.custodian.keyring.signing), town.hub.key.public)


# --- 2: it is about a notice of ours, as we signed it ----------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: replace(asked, notice=NoticeId("ntc_00000000000000000000000001")),
        lambda asked: replace(asked, sender=MemberId("mbr_medway")),
        lambda asked: replace(asked, manifest=Digest("A" * 43)),
    ],
    ids=["another notice", "another sender", "another manifest"],
)
def test_step_2_a_request_about_something_else_is_refused(
    town: Town, neighbours: Neighbours, asked: KeyRequest, change: Callable[[KeyRequest], KeyRequest]
) -> None:
    """The notice, its sender and the very bytes that were signed."""
    with pytest.raises(Untrusted) as caught:
        answer(town, neighbours[0], change(asked))
    assert caught.value.code == "request-other-notice"


def test_step_2_a_notice_that_is_over_gets_a_signed_no(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """Though the hub may not know it yet."""
    kent, _ = neighbours
    refused = answer(town, kent, asked, replace(sent_by(kent), state="withdrawn"))
    assert isinstance(refused, Granted)
    assert (refused.box, refused.refused) == (None, ("R-WITHDRAWN",))


# --- 3: the counter-notice is signed by the recipient's own logged key -----------------------------


def test_step_3_a_counter_notice_by_another_key_is_refused(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """A hub that makes up a counter-notice has no key for it."""
    kent, medway = neighbours
    manifest = read_manifest(asked.counter_manifest, medway._keyring.signing.public)
    forged = sign_manifest(manifest, town.custodian.keyring.signing)
    with pytest.raises(Untrusted, match="key-not-logged"):
        answer(town, kent, replace(asked, counter_manifest=forged))


def test_step_3_a_counter_notice_of_another_member_is_refused(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """Who asks must be who says it has met the young person."""
    kent, medway = neighbours
    manifest = read_manifest(asked.counter_manifest, medway._keyring.signing.public)
    forged = sign_manifest(replace(manifest, sender=MemberId("mbr_lambeth")), medway._keyring.signing)
    with pytest.raises(Untrusted, match="request-other-recipient"):
        answer(town, kent, replace(asked, counter_manifest=forged))


def test_step_3_a_counter_notice_that_is_over_draws_no_key(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """An old notice of the recipient's cannot be brought out again."""
    town.days_pass(400)
    with pytest.raises(Untrusted, match="request-expired"):
        answer(town, neighbours[0], asked)


# --- 4: its tokens are those that were signed, and they match ours here too ------------------------


def test_step_4_tokens_that_were_not_signed_are_refused(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """A hub cannot lend a stranger's notice the tokens of ours."""
    kent, _ = neighbours
    body = sent_by(kent).body
    assert isinstance(body, dict)
    ours = read_envelope(canonical.unb64u(str(body["envelope"]))).tokens
    with pytest.raises(Untrusted, match="token-digest"):
        answer(town, kent, replace(asked, counter_tokens=counter_tokens(ours)))


def test_step_4_tokens_of_another_epoch_are_refused(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """Than the one that the counter-notice says."""
    tokens = asked.counter_tokens
    assert isinstance(tokens, dict)
    other: dict[str, Json] = {**tokens, "epoch": "ep_00000000000000000000000001"}
    with pytest.raises(Untrusted, match="token-epoch"):
        answer(town, neighbours[0], replace(asked, counter_tokens=other))


def test_step_4_an_invented_match_draws_no_key(town: Town, neighbours: Neighbours) -> None:
    """The gateway judges the pair itself: somebody else's notice, well signed, does not match ours."""
    kent, medway = neighbours
    move(kent, medway)
    stranger = replace(
        ADA, given="Zoe", family="Quirk", upn="X884499921002", from_address=None, place="row 3"
    )
    done = medway.publish([stranger], NoticeType.NEW_ARRIVAL, "A. Officer")
    town.slot()
    asked = request_in(town, kent)
    published = medway.records.sent(done.promised[0])
    assert published is not None
    body = published.body
    assert isinstance(body, dict)
    other = read_envelope(canonical.unb64u(str(body["envelope"])))
    forged = replace(asked, counter_manifest=other.manifest, counter_tokens=counter_tokens(other.tokens))
    with pytest.raises(Untrusted, match="request-no-match"):
        answer(town, kent, forged)


# --- 5: the recipient's sealing key is logged ------------------------------------------------------


def test_step_5_a_key_that_the_hub_made_up_gets_no_box(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """Sealing to it would hand the contents to the hub."""
    made_up = SealingKey.generate("MN-2026A").key_id
    with pytest.raises(Untrusted, match="key-not-logged"):
        answer(town, neighbours[0], replace(asked, recipient_key=KeyId(made_up)))


# --- 6: our own copy of the agreements permits it, under both notices' flags -----------------------


def test_step_6_without_an_agreement_the_answer_is_no(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """Whatever the hub has decided; the reasons are signed."""
    kent, _ = neighbours
    town.suspends(AgreementId("agr_kent-medway-movers"), "mbr_medway")
    kent.refresh()
    refused = answer(town, kent, asked)
    assert isinstance(refused, Granted)
    assert (refused.box, refused.refused) == (None, ("R-SUSPENDED",))
    assert read_grant(refused.grant, kent._keyring.signing.public).refused == ("R-SUSPENDED",)


def test_step_6_a_stale_assertion_is_no(town: Town, neighbours: Neighbours, asked: KeyRequest) -> None:
    """What we asserted more than thirty days ago permits nothing until it is renewed."""
    kent, _ = neighbours
    town.days_pass(31)
    kent.refresh()
    refused = answer(town, kent, asked)
    assert isinstance(refused, Granted)
    assert "R-STALE" in refused.refused


def published(town: Town, neighbours: Neighbours, kents: Move, medways: Move) -> KeyRequest:
    """Both publish, as their own files have it."""
    neighbours[0].publish([kents], NoticeType.MOVED_OUT, "A. Officer")
    neighbours[1].publish([medways], NoticeType.NEW_ARRIVAL, "A. Officer")
    town.slot()
    return request_in(town, neighbours[0])


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_step_6_an_instruction_on_either_side_leaves_keys_out(
    town: Town, neighbours: Neighbours, side: str
) -> None:
    """What the young person told either of the two not to pass on has no key in the box."""
    told = (INSTRUCTED, ADA) if side == "ours" else (ADA, INSTRUCTED)
    asked = published(town, neighbours, *told)
    granted = answer(town, neighbours[0], asked)
    assert isinstance(granted, Granted)
    assert granted.box is not None
    key = neighbours[1]._keyring.sealing_key(box_key_id(granted.box))
    parts = set(open_box(granted.box, asked.notice, key))
    assert not parts & {Part.PARTICIPATION, Part.CONTACT}
    assert {Part.IDENTITY, Part.ADDRESS} <= parts


# --- 7: a restricted notice waits for a named officer ----------------------------------------------


def restricted(sent: Sent) -> Sent:
    """The same notice, asserted as restricted since."""
    assert isinstance(sent.body, dict)
    assertion = sent.body["assertion"]
    assert isinstance(assertion, dict)
    flags = assertion["flags"]
    assert isinstance(flags, dict)
    changed: Json = {**assertion, "flags": {**flags, "restricted": True}}
    return replace(sent, body={**sent.body, "assertion": changed})


def test_step_7_a_restricted_notice_is_held(town: Town, neighbours: Neighbours, asked: KeyRequest) -> None:
    """Held where approvals are there, refused where they are not; never granted by machine."""
    kent, _ = neighbours
    approved = replace(asked, approved_by=(MemberId("mbr_kent"), MemberId("mbr_medway")))
    assert answer(town, kent, approved, restricted(sent_by(kent))) == Held("restricted")
    granted = answer(town, kent, approved, restricted(sent_by(kent)), officer="N. Officer")
    assert isinstance(granted, Granted)
    assert granted.box is not None
    assert read_grant(granted.grant, kent._keyring.signing.public).officer == "N. Officer"


def test_step_7_a_restricted_notice_without_approvals_is_refused(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """An officer of one side alone opens nothing."""
    kent, _ = neighbours
    refused = answer(town, kent, asked, restricted(sent_by(kent)), officer="N. Officer")
    assert isinstance(refused, Granted)
    assert (refused.box, refused.refused) == (None, ("R-SHIELD",))


def test_a_shielded_match_sends_no_request_at_all(town: Town, neighbours: Neighbours) -> None:
    """Named officers first: the hub does not even ask for a key."""
    with pytest.raises(ValueError, match="not enough values"):
        published(town, neighbours, SHIELDED, ADA)


# --- what is no longer kept ------------------------------------------------------------------------


def test_a_notice_whose_keys_are_gone_grants_nothing(
    town: Town, neighbours: Neighbours, asked: KeyRequest
) -> None:
    """What was forgotten cannot be given away, whatever its state says."""
    kent, _ = neighbours
    with pytest.raises(Exception, match="keys-gone"):
        answer(town, kent, asked, replace(sent_by(kent), body={"forgotten": True}))


@pytest.mark.parametrize("value", [None, [], "x", {}, {"epoch": "ep_1"}])
def test_tokens_of_another_form_are_refused_in_kind(
    town: Town, neighbours: Neighbours, asked: KeyRequest, value: Json
) -> None:
    """Typed, and never a raw error."""
    with pytest.raises(ProtocolError) as caught:
        answer(town, neighbours[0], replace(asked, counter_tokens=value))
    assert isinstance(caught.value, MalformedMessage)


@pytest.mark.parametrize(("days", "nearly"), [(31, False), (30, True), (0, True)])
def test_the_key_of_a_parents_part_is_kept_back_before_the_eighteenth_birthday(
    days: int,
    nearly: bool,
) -> None:
    """The part was sealed when all thirty days were before it; the key is asked for later."""
    birthday = START.date() + timedelta(days=days)
    body: Json = {"identity": {"dob": birthday.replace(year=birthday.year - 18).isoformat()}}
    sent = Sent(NoticeId("ntc_" + "0" * 26), Digest("x"), "moved_out", None, "kept", "row 2", None, body)
    assert is_nearly_18(sent, START) is nearly


@pytest.mark.parametrize(("years", "told"), [(17, {Part.IDENTITY, Part.PARENT}), (18, {Part.IDENTITY})])
def test_a_grant_leaves_the_key_of_a_parents_part_out_at_eighteen(
    town: Town,
    neighbours: Neighbours,
    asked: KeyRequest,
    monkeypatch: pytest.MonkeyPatch,
    years: int,
    told: set[Part],
) -> None:
    """Whatever a clause would permit; all else of the box stays."""
    kent, medway = neighbours
    monkeypatch.setattr(key_grants, "could_get", lambda *_: frozenset({Part.IDENTITY, Part.PARENT}))
    sent = sent_by(kent)
    assert isinstance(sent.body, dict)
    born = START.date().replace(year=START.year - years)
    granted = answer(town, kent, asked, replace(sent, body={**sent.body, "identity": {"dob": str(born)}}))
    assert isinstance(granted, Granted)
    assert granted.box is not None
    key = medway._keyring.sealing_key(box_key_id(granted.box))
    assert set(open_box(granted.box, asked.notice, key)) == told
