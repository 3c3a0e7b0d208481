"""The inbox: nothing is opened before it holds, one bad item harms no other, a repeat has one effect."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.gateway import Gateway
from adapters.member.inbox import _doubt, about_of
from adapters.move import Move
from hub.exchange.stages import ItemKind
from hub.protocols import canonical, merkle
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Level,
    Outcome,
    OutcomeKind,
    read_acknowledgement,
    sign_acknowledgement,
    sign_outcome,
)
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.entry import commit
from hub.protocols.errors import Untrusted
from hub.protocols.identifiers import UPN_LETTERS, check_upn
from hub.protocols.key_grant import read_request, sign_request
from hub.protocols.names import (
    AgreementId,
    Digest,
    DisclosureId,
    MemberId,
    MemberKind,
    NoticeType,
    Part,
    RequestId,
)
from hub.protocols.notice import read_manifest
from hub.protocols.proof import LogProof, encode_proof, parse_proof
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Answer as Answered
from tests.simulators.wire import Wire
from tests.story.people import ADA, TWIN

Neighbours = tuple[Gateway, Gateway]


def facts_of(gateway: Gateway) -> set[str]:
    """The names of all parts that were opened at a gateway."""
    bodies = [one.body for one in gateway.received()]
    return {part for body in bodies if isinstance(body, dict) for part in facts(body)}


def facts(body: dict[str, Json]) -> dict[str, Json]:
    """The facts of one delivery."""
    found = body["facts"]
    assert isinstance(found, dict)
    return found


def delivered(town: Town, neighbours: Neighbours) -> None:
    """Ada moves; both keys are given; the identity parts wait to be collected."""
    move(*neighbours)
    town.slot()
    for gateway in neighbours:
        gateway.poll()
    town.slot()


def test_a_move_is_opened_compared_and_acknowledged_in_two_stages(town: Town, neighbours: Neighbours) -> None:
    """First who it is; after a signed `same` the rest; the sender is told by the recipient's own word."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    kent, medway = neighbours
    assert [(one.stage, one.state) for one in medway.received()] == [("identity", "same"), ("rest", "opened")]
    assert {"identity", "address", "participation"} <= facts_of(medway)
    assert [one.state for one in kent.records.all_sent()] == ["acknowledgement:opened"]
    assert town.entries("confirmation")


# --- a delivery that does not hold is never opened -------------------------------------------------


def of_delivery(change: Callable[[dict[str, Json]], None]) -> Callable[[str, Answered], Answered]:
    """Somebody on the hub's side changes what a delivery holds."""

    def tamper(call: str, answer: Answered) -> Answered:
        status, body = answer
        if not call.endswith("/delivery") or not isinstance(body, bytes):
            return answer
        changed = canonical.decode(body)
        assert isinstance(changed, dict)
        change(changed)
        return status, canonical.encode(changed)

    return tamper


def another_record(body: dict[str, Json]) -> None:
    """A release that the log does not record."""
    opening = body["opening"]
    assert isinstance(opening, dict)
    assert isinstance(opening["record"], dict)
    opening["record"]["rules"] = "others"


def another_salt(body: dict[str, Json]) -> None:
    """An opening that is not the entry's."""
    opening = body["opening"]
    assert isinstance(opening, dict)
    opening["salt"] = canonical.b64u(bytes(32))


def another_index(body: dict[str, Json]) -> None:
    """A proof for another entry."""
    proof = parse_proof(str(body["proof"]))
    body["proof"] = encode_proof(replace(proof, index=proof.index ^ 1))


def unsigned_checkpoint(body: dict[str, Json]) -> None:
    """A tree that nobody has signed."""
    proof = parse_proof(str(body["proof"]))
    lines = proof.checkpoint_note.split("\n")
    lines[2] = canonical.b64u(bytes(32)) + "="
    body["proof"] = encode_proof(replace(proof, checkpoint_note="\n".join(lines)))


def another_box(body: dict[str, Json]) -> None:
    """A key box whose ciphertext was changed."""
    box = str(body["box"]).split(".")
    box[3] = ("A" if box[3][0] != "A" else "B") + box[3][1:]
    body["box"] = ".".join(box)


def another_part(body: dict[str, Json]) -> None:
    """A sealed part that its sender did not sign."""
    parts = body["parts"]
    assert isinstance(parts, dict)
    jwe = str(parts["identity"]).split(".")
    jwe[3] = ("A" if jwe[3][0] != "A" else "B") + jwe[3][1:]
    parts["identity"] = ".".join(jwe)


def another_manifest(body: dict[str, Json]) -> None:
    """A manifest whose signature is broken."""
    head, payload, signature = str(body["manifest"]).split(".")
    body["manifest"] = f"{head}.{payload}.{'A' * len(signature)}"


def one_field_more(body: dict[str, Json]) -> None:
    """A delivery of another form."""
    body["surprise"] = True


@pytest.mark.parametrize(
    "change",
    [
        another_record,
        another_salt,
        another_index,
        unsigned_checkpoint,
        another_box,
        another_part,
        another_manifest,
        one_field_more,
    ],
)
def test_a_delivery_that_does_not_hold_is_never_opened(
    town: Town, wire: Wire, neighbours: Neighbours, change: Callable[[dict[str, Json]], None]
) -> None:
    """Nothing of it is kept but that it came, and nothing is signed about it."""
    delivered(town, neighbours)
    _, medway = neighbours
    wire.tampers = of_delivery(change)
    before = len(wire.calls)
    taken = medway.poll()
    assert taken.delivered == 0
    assert len(taken.faults) == 1
    assert medway.received() == []
    assert [one.kind for one in medway.waiting()] == ["fault"]
    assert not [call for call in wire.calls[before:] if call.endswith(("/acknowledgement", "/confirmation"))]


def test_what_did_not_hold_is_taken_again_when_somebody_asks(
    town: Town, wire: Wire, neighbours: Neighbours
) -> None:
    """A proof that was broken on the way can be whole the next time."""
    delivered(town, neighbours)
    _, medway = neighbours
    wire.tampers = of_delivery(another_salt)
    medway.poll()
    assert len(medway.inbox.again().faults) == 1
    wire.tampers = lambda _, answer: answer
    assert medway.poll().total == 0
    assert medway.inbox.again().delivered == 1
    assert medway.waiting() == []
    assert facts_of(medway) == {"identity"}


def forked(town: Town) -> Callable[[str, Answered], Answered]:
    """A hub that shows this member a log of its own, with entry and proof, signed by the log's key."""

    def show(call: str, answer: Answered) -> Answered:
        status, body = answer
        if not call.endswith("/delivery") or not isinstance(body, bytes):
            return answer
        delivery = canonical.decode(body)
        assert isinstance(delivery, dict)
        proof = parse_proof(str(delivery["proof"]))
        opening = delivery["opening"]
        assert isinstance(opening, dict)
        salt = canonical.unb64u(str(opening["salt"]))
        leaves = [bytes(32)] * 4096
        leaves[proof.index] = commit(opening["record"], salt)
        nodes: dict[tuple[int, int], bytes] = {}
        frontier, made = merkle.Frontier().extend(map(merkle.leaf_hash, leaves))
        nodes = {(node.level, node.index): node.hash for node in made}
        origin = town.hub.origin
        note = sign_checkpoint(Checkpoint(origin, len(leaves), frontier.root()), town.hub.key, origin)
        path = merkle.inclusion_proof(proof.index, len(leaves), lambda level, index: nodes[level, index])
        delivery["proof"] = encode_proof(LogProof(proof.index, tuple(path), note))
        return status, canonical.encode(delivery)

    return show


def test_a_delivery_under_a_second_history_is_never_opened(
    town: Town, wire: Wire, neighbours: Neighbours
) -> None:
    """Its proof holds and its checkpoint is signed, but it is not the log that was seen before."""
    delivered(town, neighbours)
    _, medway = neighbours
    wire.tampers = forked(town)
    taken = medway.poll()
    assert taken.delivered == 0
    assert medway.received() == []
    assert taken.faults[0].split(": ")[1].startswith("log-")


def test_a_delivery_recorded_under_another_id_is_never_opened(
    town: Town, wire: Wire, neighbours: Neighbours
) -> None:
    """A true delivery cannot be shown in the place of another."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    _, medway = neighbours
    kept: list[Answered] = []
    first = medway.received()[0].item

    def remember(call: str, answer: Answered) -> Answered:
        if call.endswith(f"{first}/delivery"):
            kept.append(answer)
        return answer

    wire.tampers = remember
    medway.transport.fetch(f"/v1/inbox/{first}/delivery")
    wire.tampers = lambda call, answer: kept[0] if call.endswith("/delivery") else answer
    with pytest.raises(Exception, match="delivery-other-item"):
        medway.inbox._checked(medway.received()[1].item)


# --- key requests, tasks, answers: believed once their entry is ------------------------------------


def of_item(kind: str, change: Callable[[dict[str, Json]], None]) -> Callable[[str, Answered], Answered]:
    """Somebody on the hub's side changes one kind of item."""

    def tamper(call: str, answer: Answered) -> Answered:
        status, body = answer
        if isinstance(body, dict) and body.get("kind") == kind:
            body = {**body, "body": dict(as_dict(body["body"])), "opening": deep(body.get("opening"))}
            change(body)
        return status, body

    return tamper


def deep(value: Json) -> Json:
    """A copy of an opening, so that the hub's own stays as it is."""
    return None if value is None else canonical.decode(canonical.encode(value))


def as_dict(value: Json) -> dict[str, Json]:
    """The value, which is an object."""
    assert isinstance(value, dict)
    return value


def test_a_request_that_is_not_in_the_log_gets_no_key(town: Town, wire: Wire, neighbours: Neighbours) -> None:
    """Step 1: to ask is to tell of a match, so it is recorded first."""
    move(*neighbours)
    town.slot()
    kent, _ = neighbours

    def other_request(item: dict[str, Json]) -> None:
        asked = read_request(str(as_dict(item["body"])["request"]), town.hub.key.public)
        other = asked.request[:-1] + ("0" if asked.request[-1] != "0" else "1")
        changed = replace(asked, request=RequestId(other))
        as_dict(item["body"])["request"] = sign_request(changed, town.hub.key)

    wire.tampers = of_item("key_request", other_request)
    taken = kent.poll()
    assert (taken.granted, len(taken.faults)) == (0, 1)
    assert "request-not-logged" in taken.faults[0]
    assert not [call for call in wire.calls if call.endswith("/grant")]


def test_a_request_for_another_recipient_than_logged_gets_no_key(
    town: Town, wire: Wire, neighbours: Neighbours
) -> None:
    """The log must say to whom it was told."""
    move(*neighbours)
    town.slot()

    def other_recipient(item: dict[str, Json]) -> None:
        asked = read_request(str(as_dict(item["body"])["request"]), town.hub.key.public)
        changed = replace(asked, recipient=MemberId("mbr_custodian"))
        as_dict(item["body"])["request"] = sign_request(changed, town.hub.key)

    wire.tampers = of_item("key_request", other_recipient)
    assert "request-not-logged" in neighbours[0].poll().faults[0]


def test_an_approval_that_we_did_not_give_is_caught(town: Town, wire: Wire, neighbours: Neighbours) -> None:
    """The hub cannot lift a doubt by saying that our officer has."""
    move(*neighbours)
    town.slot()

    def approved(item: dict[str, Json]) -> None:
        asked = read_request(str(as_dict(item["body"])["request"]), town.hub.key.public)
        changed = replace(asked, approved_by=(MemberId("mbr_kent"), MemberId("mbr_medway")))
        as_dict(item["body"])["request"] = sign_request(changed, town.hub.key)

    wire.tampers = of_item("key_request", approved)
    assert "approval-invented" in neighbours[0].poll().faults[0]


@pytest.mark.parametrize("name", ["says", "signed"])
def test_an_answer_that_the_recipient_did_not_sign_is_not_believed(
    town: Town, wire: Wire, neighbours: Neighbours, name: str
) -> None:
    """The hub's word about what a recipient said is not enough."""
    delivered(town, neighbours)
    kent, medway = neighbours
    medway.poll()
    town.slot()

    def change(item: dict[str, Json]) -> None:
        body, opening = as_dict(item["body"]), as_dict(item["opening"])
        if name == "says":
            body["says"] = "actioned"
            as_dict(opening["record"])["says"] = "actioned"
        else:
            body["signed"] = str(body["signed"])[:-3] + "AAA"

    wire.tampers = of_item("acknowledgement", change)
    faults = kent.poll().faults
    assert [fault for fault in faults if fault.startswith("acknowledgement")]
    assert [one.state for one in kent.records.all_sent()] == ["published"]


@pytest.mark.parametrize("kind", ["surprise", "delivery"])
def test_one_bad_item_does_not_keep_the_others_from_being_taken(
    town: Town, wire: Wire, neighbours: Neighbours, kind: str
) -> None:
    """An item of an unknown kind, or one that cannot be opened here, is kept for a person."""
    delivered(town, neighbours)
    _, medway = neighbours

    def bad_first(call: str, answer: Answered) -> Answered:
        status, body = answer
        if call == "GET /v1/inbox" and isinstance(body, dict):
            data = body["data"]
            assert isinstance(data, list)
            bad: Json = {
                "item": "dis_00000000000000000000000001",
                "kind": kind,
                "about": None,
                "stopped": False,
                "body": {"counter": None},
            }
            return status, {**body, "data": [bad, *data]}
        return answer

    wire.tampers = bad_first
    taken = medway.poll()
    assert (taken.delivered, len(taken.faults)) == (1, 1)
    assert [one.item for one in medway.records.waiting("fault")] == ["dis_00000000000000000000000001"]


def test_an_alarm_is_kept_for_a_person(town: Town, wire: Wire, kent: Gateway) -> None:
    """It names no notice."""
    alarm: Json = {
        "item": "dis_00000000000000000000000001",
        "kind": "alarm",
        "about": None,
        "stopped": False,
        "body": {"code": "over-quota"},
    }
    wire.tampers = lambda call, answer: (
        (200, {"data": [alarm], "next_cursor": "1", "has_more": False}) if call == "GET /v1/inbox" else answer
    )
    assert kent.poll().held == 1
    assert [one.kind for one in kent.waiting()] == ["alarm"]


# --- comparison ------------------------------------------------------------------------------------


def met(town: Town, neighbours: Neighbours, kents: Move, medways: Move) -> None:
    """Both publish what their files say, and look in until they rest."""
    neighbours[0].publish([kents], NoticeType.MOVED_OUT, "A. Officer")
    neighbours[1].publish([medways], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, *neighbours)


def test_an_unsure_identity_waits_for_an_officer(town: Town, neighbours: Neighbours) -> None:
    """Nothing further comes until a person has decided, and then by that person's name."""
    kent, medway = neighbours
    met(town, neighbours, ADA, replace(ADA, given="Adah"))
    assert facts_of(medway) == {"identity"}
    (waiting,) = medway.records.waiting("unsure")
    assert waiting.body == {"reason": "names"}
    medway.decide_unsure(waiting.item, Answer.SAME, "N. Officer")
    come_to_rest(town, kent, medway)
    assert {"identity", "address"} <= facts_of(medway)
    assert medway.records.waiting("unsure") == []


def test_a_person_that_is_somebody_else_is_forgotten(town: Town, neighbours: Neighbours) -> None:
    """A `different` destroys the name that was shown."""
    kent, medway = neighbours
    met(town, neighbours, ADA, replace(ADA, given="Adah"))
    (waiting,) = medway.records.waiting("unsure")
    medway.decide_unsure(waiting.item, Answer.DIFFERENT, "N. Officer")
    assert facts_of(medway) == set()
    come_to_rest(town, kent, medway)
    assert facts_of(medway) == set()


def test_an_asserted_scope_that_the_birthday_contradicts_is_for_a_person(
    town: Town, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipient sees in clear what the hub had to take on the sender's word."""
    monkeypatch.setattr("adapters.member.compose.scope_throughout", lambda *_: "age_18_19")
    _, medway = neighbours
    met(town, neighbours, ADA, ADA)
    assert [one.body for one in medway.records.waiting("unsure")] == [{"reason": "scope"}]


def test_a_marked_twin_is_never_confirmed_by_machine(town: Town, neighbours: Neighbours) -> None:
    """Though names and birthday agree in every letter (I10)."""
    kent, _ = neighbours
    kent.publish([TWIN], NoticeType.MOVED_OUT, "A. Officer")
    body = as_dict(kent.records.all_sent()[0].body)
    envelope = as_dict(canonical.decode(canonical.unb64u(str(body["envelope"]))))
    manifest = read_manifest(str(envelope["manifest"]), kent._keyring.signing.public)
    assert _doubt(manifest, body["identity"]) == "twin"


def test_a_notice_without_counter_is_compared_with_the_caseload(
    town: Town, wire: Wire, tmp_path: Path
) -> None:
    """Exactly one person of the caseload must be the same; a list alone never says `different`."""
    medway = wire.joins("mbr_medway", tmp_path / "medway", area="887")
    college = _college(town, wire, tmp_path)
    medway.load_caseload([replace(ADA, local_ref="1"), replace(ADA, given="Zoe", local_ref="2")])
    college.publish([ADA], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer")
    come_to_rest(town, medway, college)
    assert medway.received()[0].state == "same"


@pytest.mark.parametrize("people", [[], [ADA, replace(ADA, local_ref="2")], [replace(ADA, given="Zoe")]])
def test_nobody_or_several_of_the_caseload_is_for_a_person(
    town: Town, wire: Wire, tmp_path: Path, people: list[Move]
) -> None:
    """One and only one may be the same."""
    medway = wire.joins("mbr_medway", tmp_path / "medway", area="887")
    college = _college(town, wire, tmp_path)
    medway.load_caseload([replace(one, local_ref=str(at)) for at, one in enumerate(people)])
    college.publish([ADA], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer")
    come_to_rest(town, medway, college)
    assert [one.state for one in medway.received()] == ["opened"]
    assert len(medway.records.waiting("unsure")) == 1


def _college(town: Town, wire: Wire, tmp_path: Path) -> Gateway:
    college = wire.joins("mbr_north-kent-college", tmp_path / "college", MemberKind.COLLEGE)
    wire.joins("mbr_kent", tmp_path / "kent", area="886")
    town.agrees("north-kent-college-enrolments")
    town.asks_for_notices("mbr_medway", "mbr_north-kent-college")
    return college


# --- stops, outcomes and forgetting ----------------------------------------------------------------


def test_a_withdrawn_notice_is_recalled_and_forgotten(town: Town, neighbours: Neighbours) -> None:
    """At its sender the keys and the person go; at its recipient the deliveries are marked."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    notice = kent.records.all_sent()[0].notice
    kent.withdraw(notice, "sent_in_error")
    kept = kent.records.sent(notice)
    assert kept is not None
    assert (kept.state, kept.body) == ("withdrawn", {"forgotten": True})
    come_to_rest(town, kent, medway)
    assert {one.state for one in medway.received()} == {"recalled"}


@pytest.mark.parametrize("arrived", [True, False])
def test_what_is_withdrawn_is_erased_in_the_tracker_by_a_person(
    town: Town, neighbours: Neighbours, arrived: bool
) -> None:
    """A gateway cannot reach into the tracker: its people are told, do the same there, and say so."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    if arrived:
        medway.report_outcome(medway.received()[-1].item, OutcomeKind.IN_CASELOAD)
        come_to_rest(town, kent, medway)
    notice = kent.records.all_sent()[0].notice
    kent.withdraw(notice, "sent_in_error")
    come_to_rest(town, kent, medway)
    (waiting,) = medway.waiting()
    says = f"{notice} is recalled (withdrawn): erase in your own system too: everything"
    assert (waiting.kind, waiting.body) == ("recall", {"says": says})
    medway.recall_done(waiting.item)
    come_to_rest(town, kent, medway)
    assert medway.waiting() == []
    done = [one for one in town.entries("acknowledgement") if one["says"] == "actioned"]
    assert {one["notice"] for one in done} == {notice}


def test_of_what_nobody_let_through_nothing_is_to_be_erased_in_the_tracker(
    town: Town, neighbours: Neighbours
) -> None:
    """The names came, an officer had still to compare them, and the notice is withdrawn."""
    kent, medway = neighbours
    met(town, neighbours, ADA, replace(ADA, given="Adah"))
    assert [one.kind for one in medway.waiting()] == ["unsure"]
    kent.withdraw(kent.records.all_sent()[0].notice, "sent_in_error")
    come_to_rest(town, kent, medway)
    assert medway.waiting() == []
    assert {one.state for one in medway.received()} == {"recalled"}


@pytest.mark.parametrize(
    "outcome", [OutcomeKind.IN_CASELOAD, OutcomeKind.ALREADY_KNOWN, OutcomeKind.DATA_DIFFER]
)
def test_a_notice_that_has_arrived_is_forgotten_at_its_sender(
    town: Town, neighbours: Neighbours, outcome: OutcomeKind
) -> None:
    """Once the hub has closed it: content keys, tokens and clear identity."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    medway.report_outcome(medway.received()[-1].item, outcome)
    come_to_rest(town, kent, medway)
    kept = kent.records.all_sent()[0]
    assert (kept.state, kept.body) == ("closed", {"forgotten": True})


def test_a_notice_whose_outcome_came_early_is_kept(town: Town, neighbours: Neighbours) -> None:
    """The hub has not closed it: the rest may still be asked for."""
    kent, medway = neighbours
    met(town, neighbours, ADA, replace(ADA, given="Adah"))
    medway.report_outcome(medway.received()[0].item, OutcomeKind.ALREADY_KNOWN)
    come_to_rest(town, kent, medway)
    kept = kent.records.all_sent()[0]
    assert kept.state == "outcome:already_known"
    assert "keys" in as_dict(kept.body)


@pytest.mark.parametrize("outcome", [OutcomeKind.NOT_OURS, OutcomeKind.CONTRADICTED])
def test_who_is_not_ours_is_forgotten(town: Town, neighbours: Neighbours, outcome: OutcomeKind) -> None:
    """What was opened is destroyed; that it came stays on record."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    medway.report_outcome(medway.received()[-1].item, outcome)
    assert facts_of(medway) == set()
    assert {one.state for one in medway.received()} == {outcome.value}


def test_a_delivery_that_was_stopped_is_no_fault(town: Town, neighbours: Neighbours) -> None:
    """A flag, an agreement or the notice has changed since: there is nothing to open (I6)."""
    delivered(town, neighbours)
    kent, medway = neighbours
    kent.withdraw(kent.records.all_sent()[0].notice, "sent_in_error")
    taken = medway.poll()
    assert (taken.delivered, taken.stopped, taken.faults) == (0, 1, [])


# --- killed at any point ---------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_gateway_cut_off_at_any_call_repeats_without_doubling(
    town: Town, wire: Wire, neighbours: Neighbours, tmp_path: Path, chance: random.Random, when: str
) -> None:
    """The line breaks at a call, before or after the hub has done it; the end is the same.

    Every sixth call in turn, from one that the printed seed chooses: a run of each takes minutes.
    """
    first = chance.randrange(6)
    gateways = dict(zip(("kent", "medway"), neighbours, strict=True))
    broken = wire.dies_before if when == "before" else wire.dies_after
    for number in range(200):
        town.days_pass(1)
        begun = len(wire.calls)
        broken.add(begun + first + 6 * number)
        for name, kind in (("kent", NoticeType.MOVED_OUT), ("medway", NoticeType.NEW_ARRIVAL)):
            gateways[name] = _surely(
                wire, gateways[name], tmp_path / name, _publishes(_somebody(number), kind)
            )
        for _ in range(5):
            town.slot()
            for name, gateway in [*gateways.items()]:
                gateways[name] = _surely(wire, gateway, tmp_path / name, Gateway.poll)
        for gateway in gateways.values():
            received = gateway.received()[2 * number :]
            assert [(one.stage, one.state) for one in received] == [("identity", "same"), ("rest", "opened")]
            assert len(gateway.records.all_sent()) == number + 1
            assert gateway.waiting() == []
        once = [len(town.entries(kind)) for kind in ("published", "confirmation", "key_grant", "release")]
        assert once == [2 * number + 2, 2 * number + 2, 2 * number + 2, 4 * number + 4]
        if begun + first + 6 * number >= len(wire.calls):
            break
    assert number > 8


def _somebody(number: int) -> Move:
    """One person of many, none like another, with a number of her own."""
    letters = "bcdfghjklmnprstvwz"
    family = "".join(letters[(number * 7 + 5 * at) % 18] + "aeiou"[(number + at) % 5] for at in range(4))
    given = letters[number % 18] + "aeiou"[number % 5] + letters[(number // 5) % 18] + "a"
    upns = (f"{letter}8864999{number:05}" for letter in UPN_LETTERS)
    upn = next(one for one in upns if check_upn(one))
    dob = ADA.dob.replace(month=1 + number % 12, day=2 + number % 26)
    return replace(ADA, given=given, family=family, dob=dob, upn=upn, place=f"row {number}")


def _publishes(person: Move, kind: NoticeType) -> Callable[[Gateway], object]:
    def publish(gateway: Gateway) -> object:
        done = gateway.publish([person], kind, "A. Officer")
        if done.later is not None:
            raise HubUnreachable("hub-unreachable", done.later)
        return done

    return publish


def _surely(wire: Wire, gateway: Gateway, path: Path, act: Callable[[Gateway], Any]) -> Gateway:
    """Do it; where the line breaks, the gateway is killed and started anew, and does it again."""
    for _ in range(3):
        try:
            act(gateway)
        except HubUnreachable:
            gateway.close()
            gateway = wire.opens(path)
        else:
            return gateway
    raise AssertionError("the line breaks again and again")


def test_a_place_that_was_lost_repeats_nothing(town: Town, wire: Wire, neighbours: Neighbours) -> None:
    """Where the cursor was not written, all items come again, and none is done twice."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    _, medway = neighbours
    before = medway.received()
    medway.records.set_place("inbox", "0")
    calls = len(wire.calls)
    medway.poll()
    town.slot()
    assert medway.received() == before
    assert not [call for call in wire.calls[calls:] if call.endswith(("/confirmation", "/acknowledgement"))]


def test_pages_are_taken_to_the_end(town: Town, wire: Wire, neighbours: Neighbours) -> None:
    """However small the hub makes them."""
    wire.page = 1
    move(*neighbours)
    come_to_rest(town, *neighbours)
    assert facts_of(neighbours[1]) >= {"identity", "address"}


def test_items_are_of_known_kinds() -> None:
    """What the hub can put into an inbox, the gateway knows."""
    assert {kind.value for kind in ItemKind} <= {
        "delivery",
        "key_request",
        "officer_task",
        "acknowledgement",
        "outcome",
        "lead",
        "dispute",
        "stopped",
        "alarm",
    }
    assert DisclosureId("dis_x")


# --- answers, once more -----------------------------------------------------------------------------


def changed_answer(change: Callable[[dict[str, Json]], None]) -> Callable[[str, Answered], Answered]:
    """Somebody on the hub's side changes what a recipient is said to have acknowledged."""
    return of_item("acknowledgement", change)


def of_another_notice(item: dict[str, Json]) -> None:
    """A notice that was never ours."""
    as_dict(item["body"])["notice"] = "ntc_00000000000000000000000001"


def of_another_entry(item: dict[str, Json]) -> None:
    """Said otherwise than the log has it."""
    as_dict(item["body"])["says"] = "delivered"


@pytest.mark.parametrize(
    ("change", "code"), [(of_another_notice, "answer-other-notice"), (of_another_entry, "answer-not-logged")]
)
def test_an_answer_must_be_the_one_that_is_logged(
    town: Town,
    wire: Wire,
    neighbours: Neighbours,
    change: Callable[[dict[str, Json]], None],
    code: str,
) -> None:
    """About a notice of ours, and with the words of its entry."""
    delivered(town, neighbours)
    kent, medway = neighbours
    medway.poll()
    town.slot()
    wire.tampers = changed_answer(change)
    assert [fault for fault in kent.poll().faults if fault.endswith(code)]


@pytest.mark.parametrize("kind", ["acknowledgement", "outcome"])
def test_a_lie_that_the_hub_has_logged_is_caught_by_the_signature(
    town: Town, neighbours: Neighbours, kind: str
) -> None:
    """The recipient said something else, whatever entry was made of it."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    kent, medway = neighbours
    sent, received = kent.records.all_sent()[0], medway.received()[0]
    about = about_of(received)
    if kind == "acknowledgement":
        parts = {Part.IDENTITY: about.object("ciphers").digest("identity")}
        said = Acknowledgement(received.item, sent.digest, parts, 1, 16, Level.OPENED, town.now)
        jws, true = sign_acknowledgement(said, medway._keyring.signing), "opened"
    else:
        outcome = Outcome(received.item, sent.digest, OutcomeKind.NOT_OURS, town.now)
        jws, true = sign_outcome(outcome, medway._keyring.signing), "not_ours"
    kent.inbox._check_signed(kind, jws, sent, true)
    with pytest.raises(Untrusted, match="answer-other-notice"):
        kent.inbox._check_signed(kind, jws, sent, "actioned")
    with pytest.raises(Untrusted, match="answer-other-notice"):
        kent.inbox._check_signed(kind, jws, replace(sent, digest=Digest("A" * 43)), true)


def test_an_answer_by_a_member_that_was_given_nothing_is_not_believed(
    town: Town, wire: Wire, neighbours: Neighbours
) -> None:
    """A signature of somebody else does not do."""
    delivered(town, neighbours)
    kent, medway = neighbours
    medway.poll()
    town.slot()

    def by_ourselves(item: dict[str, Json]) -> None:
        body = as_dict(item["body"])
        said = read_acknowledgement(str(body["signed"]), medway._keyring.signing.public)
        body["signed"] = sign_acknowledgement(said, kent._keyring.signing)

    wire.tampers = changed_answer(by_ourselves)
    assert [fault for fault in kent.poll().faults if fault.endswith("answer-other-member")]


def test_a_delivery_that_is_stopped_at_its_hand_over_is_no_fault(town: Town, neighbours: Neighbours) -> None:
    """An agreement that was suspended a second ago stops what already lies in an inbox (I6)."""
    delivered(town, neighbours)
    _, medway = neighbours
    town.suspends(AgreementId("agr_kent-medway-movers"), "mbr_kent")
    taken = medway.poll()
    assert (taken.delivered, taken.stopped, taken.faults) == (0, 1, [])
    assert medway.received() == []


def test_a_grant_that_the_hub_does_not_take_is_kept_for_a_person(
    town: Town, wire: Wire, neighbours: Neighbours
) -> None:
    """And can be tried again."""
    move(*neighbours)
    town.slot()
    kent, _ = neighbours
    declined: Json = {"code": "declined", "detail": "as things are"}
    wire.tampers = lambda call, answer: (409, declined) if call.endswith("/grant") else answer
    assert kent.poll().faults[0].endswith("declined")
    wire.tampers = lambda _, answer: answer
    assert kent.inbox.again().granted == 1


def test_what_is_forgotten_cannot_be_answered(town: Town, neighbours: Neighbours) -> None:
    """Nothing is kept that an answer could name."""
    delivered(town, neighbours)
    _, medway = neighbours
    medway.poll()
    received = replace(medway.received()[0], body={"forgotten": True})
    with pytest.raises(GatewayFault, match="item-forgotten"):
        medway.inbox.confirm(received, Answer.SAME, None)


@pytest.mark.parametrize("identity", [None, {}, {"dob": "soon"}])
def test_an_identity_without_a_birthday_is_for_a_person(neighbours: Neighbours, identity: Json) -> None:
    """There is nothing to hold the asserted age to."""
    kent, _ = neighbours
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    body = as_dict(kent.records.all_sent()[0].body)
    envelope = as_dict(canonical.decode(canonical.unb64u(str(body["envelope"]))))
    manifest = read_manifest(str(envelope["manifest"]), kent._keyring.signing.public)
    assert _doubt(manifest, identity) == "birthday"
