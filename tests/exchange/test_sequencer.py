"""The one sequencer: what fails fails alone, what is promised is entered, the head never goes back."""

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.exchange import disclosure_log, journey, sequencer
from hub.exchange.decide import Terms, read_terms
from hub.exchange.errors import Declined, HubFault, LogFork
from hub.exchange.ports import Hub, Work
from hub.exchange.second_look import LEAVES
from hub.exchange.sequencer import BATCH, RETRY_SECONDS, Batch, ask, carry_batch, expire_due, run_slot
from hub.exchange.stages import Errand, ErrandKind
from hub.exchange.states import NoticeState
from hub.exchange.store.memory import MemoryStore
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import MemberId, NoticeId, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


class Undone(Exception):
    """Raised to undo a unit of work."""


def poison(
    monkeypatch: pytest.MonkeyPatch, kind: ErrandKind, when: Callable[[str], bool], fault: Exception
) -> None:
    """Let errands of a kind fail after they have done half of their work."""
    true = journey.CARRY[kind]

    def failing(errand: Errand, terms: Terms, work: Work, hub: Hub) -> Terms | None:
        done = true(errand, terms, work, hub)
        if when(errand.subject):
            raise fault
        return done

    monkeypatch.setitem(journey.CARRY, kind, failing)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (HubFault("made-up", "text"), "made-up"),
        (Declined("declined", "text"), "declined"),
        (MalformedMessage("malformed", "text"), "malformed"),
        (ZeroDivisionError("Ada Exampleton"), "ZeroDivisionError"),
    ],
)
def test_a_poisoned_errand_fails_alone_and_is_named_by_a_code(
    town: Town, monkeypatch: pytest.MonkeyPatch, fault: Exception, code: str
) -> None:
    """I5: the others are done; what it had done is undone; its fault says nothing of a message."""
    bad = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    good = town.members[KENT].publishes(replace(ADA, given="Other", upn=None), NoticeType.MOVED_OUT)
    poison(monkeypatch, ErrandKind.CARRY, lambda subject: subject == bad, fault)
    town.slot(f"carry:{code}")
    assert town.notice(good).log_index is not None
    with town.store.read() as work:
        assert work.outbox.waiting() == 1


def test_a_promise_holds_though_matching_fails(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """I5: the notice is in the log within its slots, whatever becomes of its match."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    poison(monkeypatch, ErrandKind.CARRY, lambda _: True, ZeroDivisionError())
    town.slot("carry:ZeroDivisionError")
    assert [entry["notice"] for entry in town.entries("published")] == [notice]


def test_what_failed_is_tried_again_later_and_later(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not lost, it does not stand in the way, and it ends well once its cause is gone."""
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    with monkeypatch.context() as poisoned:
        poison(poisoned, ErrandKind.CARRY, lambda subject: subject == notice, ZeroDivisionError())
        for wait in (*RETRY_SECONDS, RETRY_SECONDS[-1]):
            town.slot("carry:ZeroDivisionError")
            town.now += timedelta(seconds=wait - 2)
            town.slot()
            town.now += timedelta(seconds=2)
    town.slot()
    assert len(town.entries("key_request")) == 2
    assert len(town.entries("published")) == 2


def test_a_fault_at_the_entry_leaves_nothing_half_done(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be entered is not matched either; both are made good together."""
    true, notice = journey.enter, town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)

    def failing(errand: Errand, terms: Terms, work: Work, hub: Hub) -> None:
        true(errand, terms, work, hub)
        raise ZeroDivisionError

    with monkeypatch.context() as poisoned:
        poisoned.setattr(sequencer, "enter", failing)
        town.slot("carry:ZeroDivisionError")
    assert town.notice(notice).log_index is None
    assert town.entries("published") == []
    town.days_pass(1)
    town.slot()
    assert town.notice(notice).log_index is not None


def test_a_fork_of_the_log_stops_everything(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sequencers: the second to move the head does not go on as if one errand had failed."""
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    poison(monkeypatch, ErrandKind.CARRY, lambda _: True, LogFork("log-fork", "text"))
    with pytest.raises(LogFork):
        run_slot(town.store, town.hub)
    assert town.entries("published") == []
    with town.store.read() as work:
        assert work.outbox.waiting() == 1


def test_two_sequencers_over_one_database_enter_everything_once(tmp_path: Path) -> None:
    """Taking turns as two processes would, they lose nothing and double nothing."""
    path = tmp_path / "hub.db"
    upgrade(f"sqlite:///{path}")
    stores = [SqlStore(f"sqlite:///{path}", bytes(32)) for _ in range(2)]
    town = Town(store=stores[0])
    town.admits(KENT, area="886")
    town.admits(MEDWAY, area="887")
    town.agrees("kent-medway-movers")
    notices = []
    for number in range(4):
        who = replace(ADA, given=f"Ada {number}", upn=None)
        notices.append(town.members[KENT].publishes(who, NoticeType.MOVED_OUT))
        town.store = stores[number % 2]
        town.slot()
    assert sorted(str(entry["notice"]) for entry in town.entries("published")) == sorted(notices)
    for store in stores:
        store.close()


def test_more_than_a_batch_is_one_slot(town: Town) -> None:
    """The slot goes on until nothing waits, and is filled up once."""
    with town.store.write() as work:
        for number in range(BATCH + 3):
            work.outbox.add(Errand(ErrandKind.RECORD, f"made-up-{number}", {"what": "made_up"}), town.now)
    done = town.slot()
    assert (done.carried, len(town.entries("made_up"))) == (BATCH + 3, BATCH + 3)


def test_what_is_not_due_waits(town: Town) -> None:
    """An errand with a later moment is left where it is."""
    with town.store.write() as work:
        later = town.now + timedelta(minutes=1)
        work.outbox.add(Errand(ErrandKind.RECORD, "later", {"what": "made_up"}), later)
    assert town.slot().carried == 0
    town.now += timedelta(minutes=1)
    assert town.slot().carried == 1


def test_an_empty_slot_grows_the_log_all_the_same(town: Town) -> None:
    """I9: sixteen leaves, and a signed head over them."""
    before = town.sizes[-1]
    done = town.slot()
    assert (done.carried, done.faults, done.size) == (0, (), before + 16)


def test_what_binds_and_what_stops_comes_first(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one batch: papers and stops, then answers, then matches; each in the order it came."""
    done: list[str] = []
    for kind in ErrandKind:
        monkeypatch.setitem(
            journey.CARRY, kind, lambda errand, *_rest: done.append(f"{errand.kind} {errand.subject}")
        )
    monkeypatch.setattr(sequencer, "enter", lambda errand, *_rest: done.append(f"enter {errand.subject}"))
    with town.store.write() as work:
        for number, kind in enumerate([*ErrandKind, *ErrandKind]):
            work.outbox.add(Errand(kind, str(number)), town.now)
        assert carry_batch(work, town.hub) == Batch(more=False, carried=24, faults=())
    order = ["enter", "record", "stop"]
    assert [one.split()[0] for one in done[:6]] == [name for name in order for _ in range(2)]
    answers = {"granted", "confirmed", "approved", "close", "lead", "dispute"}
    assert {one.split()[0] for one in done[6:18]} == answers
    assert {one.split()[0] for one in done[18:22]} == {"carry", "asserted"}
    assert [one.split()[0] for one in done[22:]] == ["reconsider", "reconsider", "look", "look"]
    for part in (done[6:18], done[18:22], done[22:24]):
        numbers = [int(one.split()[1]) for one in part]
        assert numbers == sorted(numbers)


def test_what_comes_of_matches_is_carried_whole_however_much_it_is(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins where the batches of everything else are done, and takes batches of its own."""
    done: list[str] = []
    for kind in (ErrandKind.RECORD, ErrandKind.RECONSIDER):
        monkeypatch.setitem(journey.CARRY, kind, lambda errand, *_rest: done.append(errand.kind.value))
    with town.store.write() as work:
        for kind, count in ((ErrandKind.RECONSIDER, 2 * BATCH + 1), (ErrandKind.RECORD, BATCH)):
            for number in range(count):
                work.outbox.add(Errand(kind, str(number)), town.now)
    assert town.slot().carried == 3 * BATCH + 1
    assert done == ["record"] * BATCH + ["reconsider"] * (2 * BATCH + 1)


def looks_at(monkeypatch: pytest.MonkeyPatch, step: Callable[[str, Work, Hub], None]) -> None:
    """Let a second look do no more than this."""
    monkeypatch.setitem(
        journey.CARRY, ErrandKind.LOOK, lambda errand, _terms, work, hub: step(errand.subject, work, hub)
    )


def promise_looks(town: Town, *subjects: str) -> None:
    """Have second looks wait."""
    with town.store.write() as work:
        for subject in subjects:
            work.outbox.add(Errand(ErrandKind.LOOK, subject), town.now)


def test_a_notice_makes_room_once_it_is_carried(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """I9: one that failed takes its entry alone; what it takes beyond that comes when it is tried again."""
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    sizes = [town.sizes[-1]]
    with monkeypatch.context() as poisoned:
        poison(poisoned, ErrandKind.CARRY, lambda _: True, ZeroDivisionError())
        with town.store.write() as work:
            carry_batch(work, town.hub)
            sizes.append(work.log.size())
    town.now += timedelta(seconds=RETRY_SECONDS[0])
    with town.store.write() as work:
        carry_batch(work, town.hub)
        sizes.append(work.log.size())
    assert [b - a for a, b in itertools.pairwise(sizes)] == [1, journey.MATCH_LEAVES + LEAVES]


def test_looks_that_find_no_room_wait_where_they_are_oldest_first(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty slot has room for five; who waits is not written again, and is not called failed."""
    done: list[str] = []
    looks_at(monkeypatch, lambda subject, *_: done.append(subject))
    promise_looks(town, *"abcdefg")
    assert town.slot().carried == 5
    assert sorted(done) == [*"abcde"]
    with town.store.read() as work:
        waiting = work.outbox.claim_of_match(ErrandKind.LOOK, 9, town.now)
    assert [(one.subject, one.attempts) for one in waiting] == [("f", 0), ("g", 0)]
    assert town.slot().carried == 2


def test_every_notice_that_is_carried_makes_room_for_one_look(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room grows with what is carried: nobody waits for an empty slot."""
    done: list[str] = []
    looks_at(monkeypatch, lambda subject, *_: done.append(subject))
    for number in range(20):
        nobody = replace(ADA, given=f"Nemo{number}", upn=None, from_address=None)
        town.members[KENT].publishes(nobody, NoticeType.MOVED_OUT)
    promise_looks(town, *(str(number) for number in range(30)))
    town.slot()
    assert len(done) >= 20


@pytest.mark.parametrize("leaves", [0, 1, 3])
@pytest.mark.parametrize("fails", [False, True])
def test_a_look_takes_as_many_leaves_whatever_comes_of_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, leaves: int, fails: bool
) -> None:
    """I9: asked, refused, void or failed."""

    def step(_subject: str, work: Work, hub: Hub) -> None:
        disclosure_log.fill_to(work.log.size() + leaves, work, hub)
        if fails:
            raise ZeroDivisionError

    looks_at(monkeypatch, step)
    promise_looks(town, "a", "b")
    with town.store.write() as work:
        before, nothing = work.log.size(), Batch(more=False, carried=0, faults=())
        batch = ask(4, nothing, read_terms(work, town.now), work, town.hub)
        assert work.log.size() - before == 4 * LEAVES
    assert batch == (
        Batch(more=False, carried=0 if fails else 2, faults=("look:ZeroDivisionError",) * 2 * fails)
    )


@pytest.mark.parametrize("others", [0, 1, 3])
def test_the_place_of_a_look_does_not_tell_how_many_were_asked_before(
    town: Town, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """I9: whoever waited in front of it, chance puts it into any of the places."""
    places, before = set[int](), town.sizes[-1]
    for seed in range(60):
        looks_at(
            monkeypatch, lambda subject, work, _: places.add(work.log.size()) if subject == "own" else None
        )
        promise_looks(town, *(f"other-{number}" for number in range(others)), "own")
        hub = replace(town.hub, chance=random.Random(seed).randbytes)
        with suppress(Undone), town.store.write() as work:
            ask(4, Batch(more=False, carried=0, faults=()), read_terms(work, town.now), work, hub)
            raise Undone
        with town.store.write() as work:
            for errand in work.outbox.claim_of_match(ErrandKind.LOOK, 9, town.now):
                work.outbox.done(errand)
    assert {place - before for place in places} == {0, LEAVES, 2 * LEAVES, 3 * LEAVES}


def test_a_paper_that_is_recorded_binds_for_what_follows_in_the_batch() -> None:
    """An agreement that was signed in this slot permits what was published in this slot."""
    town = Town()
    kent, medway = town.admits(KENT, area="886"), town.admits(MEDWAY, area="887")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.agrees("kent-medway-movers")
    assert len(town.entries("key_request")) == 2
    assert town.entries("refused") == []


def test_a_restored_database_carries_nothing(town: Town) -> None:
    """I8: it is noticed before anything is done, and nothing is."""
    older = MemoryStore()
    older._state = town.store._state.copy()  # type: ignore[attr-defined]  # the reference store's own
    town.slot()
    town.store = older
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    with pytest.raises(HubFault, match="log-rolled-back"):
        run_slot(town.store, town.hub)
    assert town.entries("published") == []


def test_a_crash_between_commit_and_signature_is_made_good(town: Town) -> None:
    """I5: what was committed is signed by the next slot, and shown once."""

    class CutStore(MemoryStore):
        """A store whose third unit of work in a slot does not come: the process died before it."""

        units = 0

        @contextmanager
        def write(self) -> Iterator[Work]:  # type: ignore[override]  # a store for one crash
            self.units += 1
            if self.units == 2:
                raise ConnectionError
            with super().write() as work:
                yield work

    cut = CutStore()
    cut._state = town.store._state.copy()  # type: ignore[attr-defined]  # the reference store's own
    whole = MemoryStore()
    town.store = whole
    whole._state = cut._state
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    cut._state = whole._state
    with pytest.raises(ConnectionError):
        run_slot(cut, town.hub)
    whole._state = cut._state
    with whole.read() as work:
        signed = work.log.signed()
        assert signed is not None
        assert signed[0] < work.log.size()
    town.slot()
    assert len(town.entries("published")) == 1
    assert town.sizes[-1] % 16 == 0


def test_time_ends_notices_from_this_instant(town: Town) -> None:
    """Found once, ended at once, told how many; what is over already is not found again."""
    notices = [
        town.members[KENT].publishes(replace(ADA, given=f"Ada {n}", upn=None), NoticeType.MOVED_OUT)
        for n in range(3)
    ]
    town.slot()
    assert expire_due(town.store, town.hub) == 0
    town.days_pass(80)
    assert expire_due(town.store, town.hub) == 3
    assert expire_due(town.store, town.hub) == 0
    assert {town.notice(NoticeId(notice)).state for notice in notices} == {NoticeState.EXPIRED}
    town.slot()
    assert len(town.entries("disposition")) == 3
    with town.store.read() as work:
        assert all(work.notices.parts(notice, list(Part)) == {} for notice in notices)
