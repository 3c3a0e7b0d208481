"""A blind key request at the gateway: what it checks, what it makes, and what it never hears."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.member import blind_grants
from adapters.member.blind_grants import BlindlyGranted
from adapters.member.errors import GatewayFault
from adapters.member.flagging import Wish
from adapters.member.gateway import Gateway
from adapters.member.key_grants import Held
from adapters.member.recalls import RecallState
from adapters.member.reconciling import make_account
from adapters.member.records import UNNAMED, Received, Sent
from hub.consent.flag_record import Kind, MadeBy
from hub.exchange.stages import ItemKind
from hub.protocols import canonical
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.blind_answer import BlindAnswer, read_blind_answer, sign_blind_answer
from hub.protocols.blind_key import (
    BlindKeyRequest,
    Candidate,
    read_blind_grant,
    read_blind_request,
    sign_blind_request,
)
from hub.protocols.errors import Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.names import Digest, DisclosureId, KeyId, MemberId, NoticeId, NoticeType, Part
from hub.protocols.sealing import open_box
from tests.adapters.member.conftest import come_to_rest
from tests.simulators.clear_text import unpacked
from tests.simulators.region import AREAS, region_agreement
from tests.simulators.town import Town
from tests.simulators.wire import Answer, Wire
from tests.story.people import ADA, SHIELDED

Region = dict[str, Gateway]
PUBLIC = re.compile(r"/v1/(members|agreements|mandates|standing-requests|epochs)|/log/|\.well-known")
"""What every member may look up about every other."""


@pytest.fixture
def region(town: Town, wire: Wire, tmp_path: Path) -> Region:
    """Three gateways with one agreement."""
    made = {name: wire.joins(name, tmp_path / name, area=area) for name, area in AREAS.items()}
    town.binds(region_agreement())
    return made


def met(town: Town, region: Region, arrived: str = "mbr_medway") -> tuple[Gateway, Gateway]:
    """Ada, in hiding, has left Kent for one of the others."""
    kent, there = region["mbr_kent"], region[arrived]
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    there.publish([SHIELDED], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, *region.values())
    return kent, there


def approve(town: Town, gateway: Gateway, region: Region, *, named: bool = False) -> None:
    """The gateway's named officer says yes."""
    (task,) = gateway.records.waiting("officer_task")
    gateway.approve_task(task.item, "N. Officer", approve=True, named=named)
    come_to_rest(town, *region.values())


def told(town: Town, region: Region, arrived: str = "mbr_medway") -> tuple[Gateway, Gateway, NoticeId]:
    """Officers of both sides have approved, and what may go has gone."""
    kent, there = met(town, region, arrived)
    approve(town, there, region)
    approve(town, kent, region)
    (sent,) = kent.records.all_sent()
    return kent, there, sent.notice


def request_to(town: Town, gateway: Gateway) -> BlindKeyRequest:
    """The blind request as it was put."""
    with town.store.read() as work:
        items = work.inboxes.page(gateway.pinned.member, 0, 500, work.log.size())
    (body,) = [item.body for item in items if item.kind is ItemKind.KEY_REQUEST]
    assert isinstance(body, dict)
    return read_blind_request(str(body["request"]), town.hub.key.public)


def sent_by(gateway: Gateway) -> Sent:
    """The one notice of a member."""
    (sent,) = gateway.records.all_sent()
    return sent


def facts(received: Received) -> set[str]:
    """The parts that are opened of a delivery."""
    assert isinstance(received.body, dict)
    opened = received.body["facts"]
    assert isinstance(opened, dict)
    return set(opened)


def test_it_is_answered_by_itself_once_an_officer_has_approved(town: Town, region: Region) -> None:
    """Names arrive, further parts too, the address does not; nobody stands in the list of who was told."""
    kent, medway, notice = told(town, region)
    parts = {part for one in medway.received() for part in facts(one)}
    assert {"identity", "participation"} <= parts
    assert "address" not in parts
    assert kent.received() == []
    assert kent.records.told(sent_by(kent)) == [UNNAMED]
    assert sent_by(kent).state.startswith("acknowledgement:")
    assert kent.waiting() == []
    assert notice == sent_by(kent).notice


@pytest.mark.parametrize("collects", [False, True])
def test_an_account_of_the_month_does_not_tell_the_old_area(
    town: Town, region: Region, *, collects: bool
) -> None:
    """Medway sends its account to Kent, which must not read there that Ada's delivery was its own."""
    kent, medway = met(town, region)
    approve(town, medway, region)
    (task,) = kent.records.waiting("officer_task")
    kent.approve_task(task.item, "N. Officer", approve=True)
    come_to_rest(town, kent, *([medway] if collects else []))
    assert bool(medway.received()) is collects
    month = f"{town.now:%Y-%m}"
    account, _ = make_account(medway, kent.pinned.member, month)
    assert (account.sent, account.received, account.unreleased) == ((), (), ())


def marks(gateway: Gateway) -> list[bytes]:
    """What would name a member, and stands in a list of candidates."""
    member = gateway.pinned.member
    key = gateway._keyring.sealing[-1].public.key_id
    return [member.encode(), key.encode(), member.removeprefix("mbr_").encode()]


def test_every_byte_that_the_old_area_ever_heard_names_neither_more_than_the_other(
    town: Town, wire: Wire, region: Region
) -> None:
    """Search, also in what is packed: the new area's ids and keys stand where the third one's stand too."""
    kent, medway, _ = told(town, region)
    (first, *_) = medway.received()
    medway.report_outcome(first.item, OutcomeKind.IN_CASELOAD)
    come_to_rest(town, *region.values())
    assert sent_by(kent).state == "closed"
    heard = [data for call, data in wire.heard["mbr_kent"] if not PUBLIC.search(call)]
    text = b"\n".join(piece for data in heard for piece in unpacked(data))
    lambeth = region["mbr_lambeth"]
    medways, lambeths = marks(medway), marks(lambeth)
    assert [text.count(mark) for mark in medways] == [text.count(mark) for mark in lambeths]
    assert all(text.count(mark) for mark in medways)
    for secret in (medway._keyring.signing.public.key_id, sent_by(medway).notice, "Medway"):
        assert secret.encode() not in text.replace(b"Lambeth", b"")


def test_whoever_it_is_the_old_area_hears_as_much(tmp_path: Path) -> None:
    """The same calls with answers of the same lengths, in the same order."""

    def lengths(arrived: str) -> list[tuple[str, int]]:
        town = Town()
        wire = Wire(town)
        made = {name: wire.joins(name, tmp_path / arrived / name, area=area) for name, area in AREAS.items()}
        town.binds(region_agreement())
        told(town, made, arrived)
        calls = [(call, len(data)) for call, data in wire.heard["mbr_kent"] if not PUBLIC.search(call)]
        return [(re.sub("(dis|req|ntc)_[0-9a-z]+", "ID", call), size) for call, size in calls]

    assert lengths("mbr_medway") == lengths("mbr_lambeth")


def test_each_candidate_gets_the_keys_that_it_may_have(town: Town, region: Region) -> None:
    """The same for two councils: no whereabouts, although Kent itself knows of no shield."""
    kent, _, _ = told(town, region)
    request, sent = request_to(town, kent), sent_by(kent)
    decided = answer(town, kent, request, sent)
    assert isinstance(decided, BlindlyGranted)
    for candidate, box in zip(request.candidates, decided.boxes, strict=True):
        key = region[candidate.member]._keyring.sealing_key(candidate.key)
        opened = open_box(box, sent.notice, key)
        assert {Part.IDENTITY, Part.PARTICIPATION} <= opened.keys()
        assert not {Part.ADDRESS, Part.PARENT} & opened.keys()


def answer(
    town: Town, kent: Gateway, request: BlindKeyRequest, sent: Sent | None, officer: str | None = None
) -> BlindlyGranted | Held:
    """What Kent's gateway makes of a request."""
    return blind_grants.answer(
        request, sent, kent.pinned, kent._keyring, kent.directory, kent.terms(), town.now, officer
    )


def test_a_request_that_does_not_hold_draws_nothing(town: Town, region: Region) -> None:
    """Another's notice, another manifest, a key that is not logged."""
    kent, _, _ = told(town, region)
    request, sent = request_to(town, kent), sent_by(kent)
    stranger = Candidate(MemberId("mbr_medway"), KeyId(canonical.digest(b"no key")))
    for changed, kept in (
        (request, None),
        (replace(request, sender=MemberId("mbr_lambeth")), sent),
        (replace(request, manifest=Digest(canonical.digest(b"another"))), sent),
        (replace(request, candidates=(request.candidates[0], stranger)), sent),
    ):
        with pytest.raises(Untrusted):
            answer(town, kent, changed, kept)


def test_a_no_to_one_is_a_no_to_all(town: Town, region: Region, wire: Wire, tmp_path: Path) -> None:
    """A fourth member without an agreement among the candidates: no box for anybody."""
    kent, _, _ = told(town, region)
    other = wire.joins("mbr_southwark", tmp_path / "southwark", area="210")
    kent.refresh()
    request = request_to(town, kent)
    fourth = Candidate(MemberId("mbr_southwark"), other._keyring.sealing[-1].public.key_id)
    decided = answer(town, kent, replace(request, candidates=(*request.candidates, fourth)), sent_by(kent))
    assert isinstance(decided, BlindlyGranted)
    assert decided.boxes == ()
    assert {"R-AGREEMENT", "R-RECIPIENT", "R-SUSPENDED"} & {*decided.refused}
    grant = read_blind_grant(decided.grant, kent._keyring.signing.public)
    assert (grant.boxes, grant.refused) == ((), decided.refused)


def test_a_notice_that_is_over_gives_no_key(town: Town, region: Region) -> None:
    """Withdrawn here, whatever the hub still asks."""
    kent, _, _ = told(town, region)
    decided = answer(town, kent, request_to(town, kent), replace(sent_by(kent), state="withdrawn"))
    assert isinstance(decided, BlindlyGranted)
    assert decided.refused == ("R-WITHDRAWN",)


def test_an_approval_that_was_never_given_waits_for_a_person(town: Town, region: Region) -> None:
    """The hub says that our officer has approved; here nobody has: a person decides, and may say no."""
    kent, medway = met(town, region)
    approve(town, medway, region)
    (task,) = kent.records.waiting("officer_task")
    kent.approve_task(task.item, "N. Officer", approve=True)
    kent.records.settle(task.item, "open", task.body)  # as if it had been forgotten here
    come_to_rest(town, *region.values())
    (waiting,) = kent.records.waiting("key_request")
    assert waiting.body == {"reason": "unapproved"}
    assert medway.received() == []
    taken = kent.grant_restricted(waiting.item, "N. Officer", grant=False)
    assert (taken.granted, taken.refused) == (0, 1)
    come_to_rest(town, *region.values())
    assert medway.received() == []


def test_a_shielded_notice_of_ours_waits_for_an_officer_once_more(town: Town, region: Region) -> None:
    """As for an open request; then every box goes."""
    kent, medway = region["mbr_kent"], region["mbr_medway"]
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, *region.values())
    approve(town, medway, region)
    approve(town, kent, region)
    (waiting,) = kent.records.waiting("key_request")
    assert waiting.body == {"reason": "restricted"}
    assert kent.grant_restricted(waiting.item, "N. Officer").granted == 1
    come_to_rest(town, *region.values())
    assert [one.stage for one in medway.received()][:1] == ["identity"]


@pytest.mark.parametrize("words", [(True,), (False,), (True, True), (True, False), (False, True)])
def test_a_hub_that_keeps_nothing_back_draws_no_key_of_the_hidden_side(
    town: Town, region: Region, monkeypatch: pytest.MonkeyPatch, words: tuple[bool, ...]
) -> None:
    """Our gateway goes by what our own officers have said, each of them, whatever the hub makes of it."""
    monkeypatch.setattr("hub.exchange.naming.keeps_back", lambda *_: False)
    monkeypatch.setattr("hub.exchange.tasks.officers_each_side", lambda *_: len(words))
    kent, medway = region["mbr_kent"], region["mbr_medway"]
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, *region.values())
    for gateway, said in ((medway, words), (kent, [False] * len(words))):
        (task,) = gateway.records.waiting("officer_task")
        for number, named in enumerate(said):
            gateway.approve_task(task.item, f"Officer {number}", approve=True, named=named)
        come_to_rest(town, *region.values())
    assert (kent.received() != []) is all(words)
    refused = [
        record["refused"]
        for record in town.entries("key_grant")
        if record["notice"] == sent_by(medway).notice
    ]
    assert refused == [[] if all(words) else ["R-SHIELD"]]


def test_the_log_has_to_name_the_same_candidates(town: Town, wire: Wire, region: Region) -> None:
    """Step 1: a request beside another's entry is not answered, and kept for a person."""
    kent, medway = met(town, region)
    approve(town, medway, region)

    def alters(call: str, given: Answer) -> Answer:
        status, body = given
        if "/v1/inbox/dis_" not in call or not isinstance(body, dict) or body.get("kind") != "key_request":
            return given
        request = request_to(town, kent)
        lambeth, _ = request.candidates
        other = replace(request, candidates=(lambeth, Candidate(MemberId("mbr_zzz"), lambeth.key)))
        return status, body | {"body": {"request": sign_blind_request(other, town.hub.key)}}

    (task,) = kent.records.waiting("officer_task")
    kent.approve_task(task.item, "N. Officer", approve=True)
    town.slot()
    wire.tampers = alters
    assert [fault.split(": ")[1] for fault in kent.poll().faults] == ["request-not-logged"]


def test_the_hubs_word_counts_for_what_was_given_blindly_alone(town: Town, region: Region) -> None:
    """Not for a notice whose recipient we know, and only as it was signed."""
    kent, _, notice = told(town, region)
    sent, item, check = sent_by(kent), first_item(town, kent), kent.inbox._check_blind
    word = BlindAnswer(notice, item, OutcomeKind.NOT_OURS, town.now)
    signed = sign_blind_answer(word, town.hub.key)
    assert check(item, signed, sent, "not_ours") == UNNAMED
    for other, says in ((item, "opened"), ("dis_x", "not_ours")):
        with pytest.raises(Untrusted, match="answer-other-notice"):
            check(other, signed, sent, says)
    stranger = sign_blind_answer(word, SigningKey.generate())
    with pytest.raises(Untrusted, match="key-unexpected"):
        check(item, stranger, sent, "not_ours")
    elsewhere = replace(sent, notice=NoticeId("ntc_01k00000000000000000000009"))
    with pytest.raises(Untrusted, match="answer-other-member"):
        check(item, signed, elsewhere, "not_ours")


# --- afterwards ---------------------------------------------------------------------------------------


def test_what_is_recalled_is_withdrawn_and_the_answer_names_nobody(town: Town, region: Region) -> None:
    """An instruction after the release: nothing can be sealed to who has it, so all of it goes back."""
    kent, medway, notice = told(town, region)
    about = kent.flagging.book.about(notice)
    assert about is not None
    contact = frozenset({Part.CONTACT})
    wish = Wish(about.ref, Kind.INSTRUCTION, MadeBy.YOUNG_PERSON, "N. Officer", contact)
    followed = kent.flagging.set(wish)
    assert [one.member for one in followed.recalls] == [UNNAMED]
    kent.poll()
    come_to_rest(town, *region.values())
    assert not any(facts(one) for one in medway.received())
    (recall,) = kent.flagging.recalls.all(notice)
    assert (recall.state, recall.carried_by) == (RecallState.ERASED, notice)
    assert {read_blind_answer(one, town.hub.key.public).notice for one in recall.signed} == {notice}


def test_a_flag_that_takes_nothing_away_recalls_nothing(town: Town, region: Region) -> None:
    """A shield that the old area sets as well: officers have approved of just that."""
    kent, medway, notice = told(town, region)
    about = kent.flagging.book.about(notice)
    assert about is not None
    followed = kent.flagging.set(Wish(about.ref, Kind.SHIELD, MadeBy.OFFICER, "N. Officer"))
    assert followed.recalls == ()
    kent.poll()
    come_to_rest(town, *region.values())
    assert facts(medway.received()[0])


def test_an_officer_recalls_all_or_nothing_and_corrects_by_publishing_anew(
    town: Town, region: Region
) -> None:
    """A correction names its recipient: there is none to name."""
    kent, medway, notice = told(town, region)
    with pytest.raises(GatewayFault, match="correct-unnamed"):
        kent.correct(notice, ADA, "N. Officer")
    (recall,) = kent.recall(notice, [Part.CONTACT], "officer", "N. Officer")
    assert recall.parts == tuple(Part)
    come_to_rest(town, *region.values())
    assert [one.state for one in kent.flagging.recalls.all(notice)] == [RecallState.ERASED]
    assert not any(facts(one) for one in medway.received())


def test_what_is_over_at_the_hub_is_recalled_by_nobody(town: Town, region: Region) -> None:
    """Its time is over there: whoever has it cannot be told through the hub any more."""
    kent, _, notice = told(town, region)
    kent.records.forget(notice, "expired")
    kent.recall(notice, [Part.CONTACT], "officer", "N. Officer")
    assert [one.state for one in kent.flagging.recalls.all(notice)] == [RecallState.NOT_CARRIED]


def first_item(town: Town, gateway: Gateway) -> DisclosureId:
    """The first thing that came to a member."""
    with town.store.read() as work:
        return work.inboxes.page(gateway.pinned.member, 0, 500, work.log.size())[0].item
