"""A gateway as a witness: it signs what only grew, and opens an address once others have signed too."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.member.errors import HubUnreachable
from adapters.member.gateway import Gateway
from adapters.member.records import Records
from hub.exchange.disclosure_log import close_slot
from hub.exchange.enrol import suspend
from hub.exchange.witnessing import offered, policy_of
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from hub.protocols.errors import Untrusted
from hub.protocols.names import MemberId, MemberKind
from hub.protocols.policy import encode_policy, verify_under
from hub.protocols.signed_note import parse_note
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import CUSTODIAN, Town
from tests.simulators.wire import Answer, Wire


@pytest.fixture
def town() -> Town:
    """A region in which two other members have to cosign."""
    town = Town()
    town.hub = replace(town.hub, witnesses=2)
    return town


@pytest.fixture
def lambeth(wire: Wire, tmp_path: Path) -> Gateway:
    """A third council; all three are live."""
    gateway = wire.joins("mbr_lambeth", tmp_path / "lambeth", area="208")
    wire.town.goes_live(*(MemberId(name) for name in wire.town.members if name != CUSTODIAN))
    return gateway


def newest(town: Town) -> str:
    """The newest checkpoint that anybody has cosigned, with its lines."""
    with town.store.read() as work:
        return max((note for _, note in work.log.checkpoints(0, 50)), key=lambda note: note.count("\u2014"))


def rest_of(gateway: Gateway) -> list[str]:
    """Second stages that were opened."""
    return [one.item for one in gateway.received() if one.stage == "rest"]


def test_each_gateway_cosigns_while_it_polls(
    town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """Three polls, three lines under one checkpoint; the policy that the hub publishes accepts them."""
    town.slot()
    for gateway in (kent, medway, lambeth):
        gateway.poll()
    note = newest(town)
    assert {line.name for line in parse_note(note).signatures} == {
        "hub.example",
        *(f"hub.example/mbr_{name}" for name in ("kent", "medway", "lambeth")),
    }
    with town.store.read() as work:
        published = policy_of(work, town.hub)
    assert verify_under(note, published) == medway.witness.cosigned() == lambeth.witness.cosigned()


def test_an_address_is_opened_once_two_others_have_cosigned(
    town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """Names come at once; the rest lies in the inbox while one is missing, and opens by itself."""
    town.agrees("kent-medway-movers")
    move(kent, medway)
    for _ in range(8):
        town.slot()
        for gateway in (kent, medway):
            assert gateway.poll().faults == []
    assert medway.received()
    assert rest_of(medway) == []
    assert [one.kind for one in medway.waiting()] == ["unwitnessed"]
    lambeth.poll()
    come_to_rest(town, lambeth, kent, medway)
    come_to_rest(town, lambeth, kent, medway)
    assert rest_of(medway)
    assert medway.waiting() == []


def test_members_that_look_in_once_a_day_still_witness_for_one_another(
    town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """Never two of them within an hour: each goes on with the checkpoint that the one before has cosigned."""
    town.agrees("kent-medway-movers")
    move(kent, medway)
    for _ in range(8):
        for gateway in (kent, lambeth, medway):
            town.now += timedelta(hours=8)
            town.slot()
            assert gateway.poll().faults == []
    assert rest_of(medway)


def test_in_a_region_of_two_the_other_one_is_enough(town: Town, kent: Gateway, medway: Gateway) -> None:
    """The custodian is an observer: it may cosign, and nobody waits for it."""
    town.agrees("kent-medway-movers")
    move(kent, medway)
    come_to_rest(town, kent, medway)
    come_to_rest(town, kent, medway)
    assert rest_of(medway)
    assert rest_of(kent)


def test_a_hub_that_hands_it_over_regardless_is_not_followed(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """What the gateway asks for was pinned when it joined; a hub cannot take it back."""
    town.agrees("kent-medway-movers")
    town.hub = replace(town.hub, witnesses=0)
    move(kent, medway)
    for _ in range(8):
        town.slot()
        for gateway in (kent, medway):
            assert gateway.poll().faults == []
    assert medway.received()
    assert rest_of(medway) == []
    assert medway.poll().unwitnessed == 1


def test_a_member_s_own_policy_overrules_what_was_pinned(
    town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """A file in its home names the witnesses that it trusts: here the one other council it knows."""
    key = lambeth.directory.keys(kent.pinned.member).entries
    assert key
    whole = kent.witness.policy()
    kents_view = replace(whole, groups={}, quorum=next(name for name in whole.witnesses if "lambeth" in name))
    (kent.home.path / "tlog-policy").write_text(encode_policy(kents_view), "utf-8")
    town.slot()
    medway.poll()
    with town.store.read() as work:
        note = offered(work, town.hub)
    assert note is not None
    with pytest.raises(Untrusted, match="checkpoint-quorum"):
        kent.witness.check(note)
    lambeth.poll()
    assert kent.witness.check(newest(town)).size > 0


def test_nobody_else_s_word_counts_as_a_member_s(
    town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """Our own line is not another's; one other is not two."""
    town.slot()
    kent.poll()
    medway.poll()
    with pytest.raises(Untrusted, match="checkpoint-quorum"):
        kent.witness.check(newest(town))
    lambeth.poll()
    assert kent.witness.check(newest(town)) == lambeth.witness.cosigned()


def test_a_larger_tree_is_never_followed_by_a_smaller_one(town: Town, kent: Gateway, wire: Wire) -> None:
    """Whatever the hub offers, and across a restart: what was signed last is kept before it is signed."""
    town.slot()
    with town.store.read() as work:
        early = offered(work, town.hub)
    assert early is not None
    town.slot()
    kent.poll()
    signed = kent.witness.cosigned()
    assert signed is not None
    wire.tampers = lambda call, answer: (200, early.encode()) if call.endswith("witnessing") else answer
    again = wire.opens(kent.home.path)
    before = len(wire.calls)
    again.poll()
    assert "POST /v1/cosignatures" not in wire.calls[before:]
    assert again.witness.cosigned() == signed


def test_a_line_that_was_lost_on_the_way_is_signed_again(town: Town, kent: Gateway, wire: Wire) -> None:
    """A crash between keeping and bringing costs nothing."""
    town.slot()
    wire.tampers = lambda call, answer: (503, b"") if call.endswith("cosignatures") else answer
    with pytest.raises(HubUnreachable, match=r"no-problem-document|unreachable"):
        kent.poll()
    wire.tampers = lambda _, answer: answer
    kent.poll()
    signed = kent.witness.cosigned()
    assert signed is not None
    assert verify_checkpoint(newest(town), town.hub.log_key) == signed


def test_nobody_waits_for_a_member_that_is_suspended(
    town: Town, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """A region of three, of which one was suspended, is a region of two; its line counts no more."""
    town.agrees("kent-medway-movers")
    with town.store.write() as work:
        suspend(lambeth.pinned.member, work, town.hub)
    move(kent, medway)
    come_to_rest(town, kent, medway)
    come_to_rest(town, kent, medway)
    assert rest_of(medway)


def test_a_hub_that_lists_nobody_else_does_not_do_away_with_witnesses(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway
) -> None:
    """The list of members is the hub's word; whoever is left, one other has to have cosigned."""
    town.slot()
    medway.poll()
    wire.tampers = lambda call, answer: (200, {"data": [], "has_more": False, "next_cursor": None}) \
        if call == "GET /v1/members" else answer  # fmt: skip
    medway.directory.refresh()
    with pytest.raises(Untrusted, match="checkpoint-quorum"):
        medway.witness.check(newest(town))


def test_a_head_that_another_process_has_overtaken_accuses_nobody(
    town: Town, wire: Wire, kent: Gateway
) -> None:
    """Two processes use one home: what one sees while the other's answer is on its way is only newer."""
    town.slot()
    with town.store.read() as work:
        early = offered(work, town.hub)
    assert early is not None
    town.slot()
    kent.poll()
    again = wire.opens(kent.home.path)

    def overtake(call: str, answer: Answer) -> Answer:
        if call.endswith("witnessing"):
            return 200, early.encode()
        if call.endswith("log/checkpoint"):
            wire.tampers = lambda _, answer: answer
            town.slot()
            again.poll()
        return answer

    wire.tampers = overtake
    kent.poll()
    assert kent.records.waiting("rollback") == []


def fork(town: Town, call: str, answer: Answer) -> Answer:
    """A hub that shows this member another history, under its own good key."""
    if not call.endswith("witnessing"):
        return answer
    size = town.sizes[-1]
    return 200, sign_checkpoint(
        Checkpoint("hub.example", size, bytes(32)), town.hub.key, "hub.example"
    ).encode()


def test_a_fork_is_not_cosigned_and_stops_the_gateway(town: Town, kent: Gateway, wire: Wire) -> None:
    """Both notes are kept, as evidence that needs nobody's word; nothing more is taken."""
    town.slot()
    kent.poll()
    before = len(wire.calls)
    wire.tampers = lambda call, answer: fork(town, call, answer)
    with pytest.raises(Untrusted, match="log-forked"):
        kent.poll()
    assert "POST /v1/cosignatures" not in wire.calls[before:]
    (evidence,) = kent.records.waiting("fork")
    assert isinstance(evidence.body, dict)
    for name in ("seen", "shown"):
        verify_checkpoint(str(evidence.body[name]), town.hub.log_key)


def test_a_log_that_shrank_is_refused_and_both_checkpoints_are_kept(
    town: Town, kent: Gateway, wire: Wire
) -> None:
    """A restored, older database: its head is the beginning of what was seen, and yet it is not the log."""
    with town.store.read() as work:
        early = work.log.signed()
    assert early is not None
    town.slot()
    kent.poll()
    old = early[1].encode()
    late = {"GET /log/witnessing", "GET /log/checkpoint"}
    wire.tampers = lambda call, answer: (200, old) if call in late else answer
    with pytest.raises(Untrusted, match="log-rolled-back"):
        kent.poll()
    (evidence,) = kent.records.waiting("rollback")
    assert isinstance(evidence.body, dict)
    assert evidence.body["shown"] == early[1]


def test_tiles_that_are_not_there_yet_are_waited_for(town: Town, kent: Gateway, wire: Wire) -> None:
    """Nothing is signed on the strength of them, and nobody is accused."""
    town.slot()
    kent.poll()
    town.slot()
    wire.tampers = lambda call, answer: (404, b"{}") if "/tile/" in call else answer
    before = kent.witness.cosigned()
    kent.witness.attend()
    assert kent.witness.cosigned() == before


def test_a_day_without_anybody_else_is_told(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Once a day; and not where another has cosigned since."""
    town.slot()
    kent.poll()
    town.now += timedelta(hours=25)
    kent.witness.overdue()
    kent.witness.overdue()
    (alarm,) = kent.records.waiting("alarm")
    assert isinstance(alarm.body, dict)
    assert "cosigned" in str(alarm.body["says"])
    kent.records.decided(alarm.item)
    town.slot()
    medway.poll()
    kent.poll()
    assert kent.witness.overdue() is None


def test_what_waits_for_a_day_is_told_although_somebody_cosigns(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway, lambeth: Gateway
) -> None:
    """One of two that are asked for is down; and the hub is not asked again for each thing that waits."""
    town.agrees("kent-medway-movers")
    move(kent, medway)
    for _ in range(8):
        town.slot()
        kent.poll()
        medway.poll()
    (waiting,) = medway.records.waiting("unwitnessed")
    medway.records.wait(replace(waiting, item=f"{waiting.item}x"))
    before = len(wire.calls)
    assert medway.poll().unwitnessed == 1
    fetched = [call for call in wire.calls[before:] if call.endswith("/delivery")]
    assert len(fetched) == 1
    for _ in range(3):
        town.now += timedelta(hours=10)
        town.slot()
        kent.poll()
        medway.poll()
    assert kent.witness.overdue() is not None  # a second stage waits for Kent as well
    medway.witness.overdue()
    (alarm,) = medway.records.waiting("alarm")
    assert isinstance(alarm.body, dict)
    assert "too few" in str(alarm.body["says"])


def test_where_no_witness_is_asked_for_nothing_is_cosigned(tmp_path: Path) -> None:
    """A trial of one hub and one gateway makes no calls that nobody needs."""
    town = Town()
    wire = Wire(town)
    one = wire.joins("mbr_kent", tmp_path / "kent", MemberKind.AUTHORITY, "886")
    one.poll()
    assert not [call for call in wire.calls if call.endswith(("witnessing", "cosignatures"))]
    assert one.witness.overdue() is None


def test_before_the_first_checkpoint_there_is_nothing_to_witness(
    town: Town, kent: Gateway, wire: Wire, tmp_path: Path
) -> None:
    """A hub that has signed nothing answers so, and the poll goes on."""
    wire.tampers = lambda call, answer: (404, b"{}") if call.endswith("witnessing") else answer
    kent.witness.attend()
    assert kent.witness.cosigned() is None
    assert Records(tmp_path / "fresh.db", bytes(32)).place("cosigned") is None
    with town.store.write() as work:
        assert close_slot(work, town.hub) > 0
