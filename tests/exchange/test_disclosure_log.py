"""The log inside the hub: entries, slots, heads; and who may open what."""

from dataclasses import replace

import pytest

from hub.consent.decision import RULES_VERSION
from hub.exchange import disclosure_log
from hub.exchange.disclosure_log import check_head, close_slot, fill_to, opening_and_proof, sign_head
from hub.exchange.errors import HubFault
from hub.exchange.store.memory import MemoryStore
from hub.protocols.canonical import Reader
from hub.protocols.checkpoint import verify_checkpoint
from hub.protocols.delivery import read_opening
from hub.protocols.entry import FILLER, commit
from hub.protocols.names import MemberId, NoticeType
from hub.protocols.proof import parse_proof, verify_proof
from tests.simulators.town import NullGuard, Town
from tests.story.people import ADA, INSTRUCTED

KENT, MEDWAY, CUSTODIAN = "mbr_kent", "mbr_medway", "mbr_custodian"


def grown(town: Town, entries: int) -> int:
    """The size after so many events and the end of the slot."""
    with town.store.write() as work:
        for number in range(entries):
            disclosure_log.record_event("made_up", {"number": number}, (), work, town.hub)
        return close_slot(work, town.hub)


@pytest.mark.parametrize(("entries", "grows"), [(0, 16), (1, 16), (15, 16), (16, 16), (17, 32), (32, 32)])
def test_a_slot_appends_a_multiple_of_sixteen_and_at_least_one(town: Town, entries: int, grows: int) -> None:
    """I9: empty or not."""
    before = town.sizes[-1]
    assert grown(town, entries) == before + grows


def test_a_slot_that_was_cut_off_before_signing_is_signed_as_it_is(town: Town) -> None:
    """What was committed and aligned, but not signed yet, is not filled a second time."""
    size = grown(town, 3)
    with town.store.write() as work:
        assert close_slot(work, town.hub) == size


def test_fillers_stand_for_nothing_and_are_opened_to_nobody(town: Town) -> None:
    """An auditor with the openings can tell them; members cannot."""
    with town.store.write() as work:
        size = work.log.size()
        assert fill_to(size + 5, work, town.hub) == size + 5
        assert fill_to(size, work, town.hub) == size + 5
        for index in range(size, size + 5):
            entry = work.log.entry(index)
            assert entry is not None
            assert entry.opening is not None
            assert (entry.opening.record, entry.parties, entry.notice) == (FILLER, frozenset(), None)


def test_the_head_that_is_signed_is_the_tree(town: Town) -> None:
    """I8: size and root of all leaves, under the log's own name and key."""
    grown(town, 1)
    with town.store.write() as work:
        size = sign_head(work, town.hub)
        signed = work.log.signed()
        assert signed is not None
        checkpoint = verify_checkpoint(signed[1], town.hub.log_key)
        assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("hub.example", size, work.log.root())
    assert town.hub.guard.last() == (size, checkpoint.root)


def test_a_head_is_remembered_before_it_is_signed(town: Town) -> None:
    """A crash between the two leaves a guard that knows of it, and the same head may be signed again."""
    grown(town, 1)
    with town.store.write() as work:
        town.hub.guard.remember(work.log.size(), work.log.root())
        assert sign_head(work, town.hub) == work.log.size()


def rolled_back(town: Town) -> Town:
    """The same hub over a database that does not know the last slot."""
    older = MemoryStore()
    older._state = town.store._state.copy()  # type: ignore[attr-defined]  # the reference store's own
    town.slot()
    town.store = older
    return town


def forked(town: Town) -> Town:
    """The same hub over a database that has grown otherwise since, and further."""
    town = rolled_back(town)
    with town.store.write() as work:
        for _ in range(64):
            disclosure_log.record_event("made_up", {}, (), work, town.hub)
    return town


def emptied(town: Town) -> Town:
    """The same hub over an empty database."""
    town.store = MemoryStore()
    return town


@pytest.mark.parametrize("damage", [rolled_back, forked, emptied])
def test_a_log_that_is_not_the_one_last_signed_is_not_signed(town: Town, damage: object) -> None:
    """I8: older, other or empty: nothing is signed, and nothing is carried on it."""
    assert callable(damage)
    damage(town)
    with town.store.write() as work:
        with pytest.raises(HubFault, match="log-rolled-back"):
            check_head(work, town.hub)
        with pytest.raises(HubFault, match="log-rolled-back"):
            sign_head(work, town.hub)


def test_a_hub_that_has_signed_nothing_may_begin() -> None:
    """A new hub has nothing to be held to."""
    town = Town()
    with MemoryStore().write() as work:
        check_head(work, replace(town.hub, guard=NullGuard()))


def test_a_hub_that_does_not_remember_what_it_signed_signs_no_more(town: Town) -> None:
    """I8: with the guard lost, nobody can tell an older database from this one."""
    with town.store.write() as work, pytest.raises(HubFault, match="guard-missing"):
        check_head(work, replace(town.hub, guard=NullGuard()))


def test_an_entry_is_proved_to_its_parties(town: Town) -> None:
    """Record, salt and proof: anybody who has them can check them without the hub."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    index = town.notice(notice).log_index
    assert index is not None
    with town.store.read() as work:
        shown, proof = opening_and_proof(index, work)
    opening = read_opening(Reader(shown, "opening"))
    checkpoint = verify_proof(parse_proof(proof), commit(opening.record, opening.salt), town.hub.log_key)
    assert checkpoint.size > index


def test_an_entry_that_is_not_there_or_was_erased_is_not_proved(town: Town) -> None:
    """A fault of ours: the caller has looked before."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    index = town.notice(notice).log_index
    assert index is not None
    with town.store.write() as work:
        work.log.erase(notice)
        for missing in (index, work.log.size()):
            with pytest.raises(HubFault, match="entry-missing"):
                opening_and_proof(missing, work)
    town.check_log()


PARTIES = {
    "published": [{KENT}, {MEDWAY}],
    "key_request": [{KENT, MEDWAY}, {KENT, MEDWAY}],
    "key_grant": [{KENT}, {MEDWAY}],
    "release": [{KENT, MEDWAY}] * 4,
    "withheld": [{KENT}, {MEDWAY}],
    "confirmation": [{KENT, MEDWAY}] * 2,
    "acknowledgement": [{KENT, MEDWAY}] * 4,
}


def test_each_kind_of_entry_is_opened_to_whom_it_concerns(town: Town) -> None:
    """I7: nobody else reads it; of what was withheld only the sender hears the reasons."""
    town.members[KENT].publishes(INSTRUCTED, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    with town.store.read() as work:
        entries = [work.log.entry(index) for index in range(work.log.size())]
    for kind, parties in PARTIES.items():
        found = [
            set(entry.parties)
            for entry in entries
            if entry and entry.opening and isinstance(entry.opening.record, dict)
            if entry.opening.record["kind"] == kind
        ]
        assert sorted(found, key=sorted) == sorted(parties, key=sorted), kind


def test_a_refusal_that_neither_side_may_see_is_opened_to_nobody() -> None:
    """I4: it is in the log, with every reason, for an auditor."""
    town = Town()
    for member, kind in ((KENT, NoticeType.MOVED_OUT), (MEDWAY, NoticeType.NEW_ARRIVAL)):
        town.admits(member).publishes(ADA, kind)
    town.slot()
    refused = [index for index in range(town.sizes[-1]) if record_at(town, index).get("kind") == "refused"]
    assert len(refused) == 2
    for index in refused:
        with town.store.read() as work:
            entry = work.log.entry(index)
            assert entry is not None
            assert entry.parties == frozenset()
        decisions = record_at(town, index)["decisions"]
        assert isinstance(decisions, list)
        assert all(isinstance(one, dict) and one["reasons"] for one in decisions)
        assert record_at(town, index)["rules"] == RULES_VERSION


def record_at(town: Town, index: int) -> dict[str, object]:
    """The record of an entry."""
    with town.store.read() as work:
        entry = work.log.entry(index)
    assert entry is not None
    assert entry.opening is not None
    assert isinstance(entry.opening.record, dict)
    return {**entry.opening.record}


def test_a_stop_and_an_agreements_change_are_opened_to_their_parties_alone(town: Town) -> None:
    """I7: a third member reads neither which delivery was stopped nor who suspended what."""
    town.admits("mbr_lambeth", area="208")
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.collects()
    town.slot()
    town.suspends("agr_kent-medway-movers", KENT)
    medway.collects()
    town.slot()
    for member, seen in ((KENT, 1), (MEDWAY, 1), ("mbr_lambeth", 0), (CUSTODIAN, 0)):
        kinds = [record["kind"] for record in town.members[member].may_read()]
        assert (kinds.count("stopped"), kinds.count("agreement_changed")) == (seen, seen)


def test_a_record_is_an_object(town: Town) -> None:
    """Anything else is a fault of ours."""
    with town.store.write() as work, pytest.raises(HubFault, match="record-form"):
        disclosure_log._append([], (MemberId(KENT),), None, work, town.hub)
