"""Whatever is done to them in whatever order, SQLite and the reference give the same answers."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hub.exchange.errors import Declined, HubFault
from hub.exchange.ports import Work
from hub.exchange.stages import (
    OF_A_MATCH,
    Errand,
    ErrandKind,
    ItemKind,
    KeyUse,
    PaperKind,
    Realm,
    RefusalNote,
)
from hub.exchange.states import DisputeState, NoticeState, PassageState
from hub.exchange.store.memory import MemoryStore
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.entry import Opening
from hub.protocols.names import MemberId, NoticeId, Part
from hub.protocols.token_record import SLOTS, rekey
from tests.stores.made_up import (
    DAY,
    INDEX_KEY,
    KENT,
    LAMBETH,
    MEDWAY,
    NOW,
    assertion,
    checked,
    dispute,
    epoch,
    item,
    key,
    letter,
    member,
    name,
    notice_id,
    paper,
    passage,
    request,
    tokens,
)

NUMBERS = st.integers(1, 5)
MEMBERS = st.sampled_from([KENT, MEDWAY, LAMBETH])
COUNTERS = st.one_of(st.none(), NUMBERS)
ERAS = st.integers(1, 3)
NOTICE_STATES = st.sampled_from(NoticeState)
PASSAGE_STATES = st.sampled_from(PassageState)
POSTED = tuple(slot.name for slot in SLOTS if slot.posted)


class Undone(Exception):
    """A unit of work is given up on purpose."""


class SameAnswers(RuleBasedStateMachine):
    """Does everything twice, once to each store, and compares what comes back."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "hub.db"
        copyfile(self.empty, path)
        self.memory = MemoryStore()
        self.sqlite = SqlStore(f"sqlite:///{path}", INDEX_KEY)
        self.salts = 0

    def teardown(self) -> None:
        """Close what is open."""
        self.sqlite.close()
        self.folder.cleanup()

    def both(self, act: Callable[[Work], object]) -> None:
        """The act does the same to both, or fails alike and leaves nothing."""
        assert self.outcome(self.memory, act) == self.outcome(self.sqlite, act)

    @staticmethod
    def outcome(store: MemoryStore | SqlStore, act: Callable[[Work], object]) -> object:
        """What the act returned, or the code of its fault."""
        try:
            with store.write() as work:
                return act(work)
        except (Declined, HubFault) as fault:
            return fault.code

    @rule(
        number=NUMBERS,
        sender=MEMBERS,
        like=NUMBERS,
        slot=st.sampled_from(POSTED),
        realm=st.sampled_from(Realm),
    )
    def keep(self, number: int, sender: MemberId, like: int, slot: str, realm: Realm) -> None:
        """A notice is published."""
        record = tokens(number, like=like, sharing=(slot,))
        notice = checked(
            number,
            sender=sender,
            record=record,
            realm=realm,
            recipient=None if realm is Realm.LIVE else LAMBETH,
        )
        self.both(lambda work: work.notices.keep(notice, f"promise of {sender} {slot}"))

    @rule(number=NUMBERS)
    def find(self, number: int) -> None:
        """A notice is matched and made findable."""

        def act(work: Work) -> object:
            kept = work.notices.get(notice_id(number))
            if kept is None:
                return None
            found = work.index.candidates(kept)
            work.index.add(kept)
            return sorted((one.notice, one.tokens, one.open_filters()) for one in found)

        self.both(act)

    @rule(number=NUMBERS, state=NOTICE_STATES, index=COUNTERS)
    def move(self, number: int, state: NoticeState, index: int | None) -> None:
        """A notice moves, or may not."""
        self.both(lambda work: work.notices.set_state(notice_id(number), state, index))

    @rule(number=NUMBERS, minutes=st.integers(0, 3))
    def assert_again(self, number: int, minutes: int) -> None:
        """A sender asserts anew."""
        again = assertion(at=NOW + timedelta(minutes=minutes))
        self.both(lambda work: work.notices.assert_again(notice_id(number), again))

    @rule(number=NUMBERS)
    def forget(self, number: int) -> None:
        """A notice is forgotten."""
        self.both(lambda work: work.notices.forget(notice_id(number)))

    @rule(number=NUMBERS, like=NUMBERS, slot=st.sampled_from(POSTED), era=ERAS)
    def renew(self, number: int, like: int, slot: str, era: int) -> None:
        """A notice gets the tokens of a later epoch."""
        record = tokens(number, like=like, sharing=(slot,), era=era)
        keyed = rekey(record, INDEX_KEY)
        self.both(lambda work: work.notices.renew_tokens(notice_id(number), record, keyed, f"renewed {era}"))

    @rule(era=ERAS, step=st.integers(1, 60))
    def drop(self, era: int, step: int) -> None:
        """An epoch is over: its tokens go, in as many steps as it takes."""

        def act(work: Work) -> None:
            while work.index.drop(epoch(era), step):
                pass

        self.both(act)

    @rule(who=MEMBERS, back=st.integers(0, 3))
    def count(self, who: MemberId, back: int) -> None:
        """A notice is counted."""
        self.both(lambda work: work.notices.count_carried(who, DAY - timedelta(days=back)))

    @rule(number=NUMBERS, who=MEMBERS, use=st.sampled_from(KeyUse), index=COUNTERS)
    def put_key(self, number: int, who: MemberId, use: KeyUse, index: int | None) -> None:
        """A key is registered, whether or not its member is there."""
        self.both(lambda work: work.members.put_key(key(number, who, use, log_index=index)))

    @rule(who=MEMBERS, allowance=COUNTERS)
    def put_member(self, who: MemberId, allowance: int | None) -> None:
        """A member is admitted or changed."""
        self.both(lambda work: work.members.put(member(who, allowance=allowance)))

    @rule(title=st.sampled_from(["agr_a-b", "agr_c-d"]), version=st.integers(1, 2), index=COUNTERS)
    def put_paper(self, title: str, version: int, index: int | None) -> None:
        """A paper is kept or changed."""
        self.both(lambda work: work.papers.put(paper(title, version, log_index=index)))

    @rule(
        number=NUMBERS,
        carried=NUMBERS,
        counter=COUNTERS,
        sender=MEMBERS,
        recipient=MEMBERS,
        state=PASSAGE_STATES,
    )
    def begin(
        self,
        number: int,
        carried: int,
        counter: int | None,
        sender: MemberId,
        recipient: MemberId,
        state: PassageState,
    ) -> None:
        """A passage begins, or is there already."""
        begun = passage(number, carried, counter, sender=sender, recipient=recipient, state=state)
        self.both(lambda work: work.passages.add(begun))

    @rule(number=NUMBERS, state=PASSAGE_STATES, asked=st.booleans())
    def save(self, number: int, state: PassageState, asked: bool) -> None:
        """A passage moves, or may not."""

        def act(work: Work) -> None:
            old = work.passages.get(passage(number).passage)
            wanted = request(number) if asked else None
            saved = passage(number) if old is None else old
            work.passages.save(saved.moved(state=state, request=wanted, box="box" if asked else None))

        self.both(act)

    @rule(number=NUMBERS, who=MEMBERS, index=st.integers(0, 40), kind=st.sampled_from(ItemKind), of=NUMBERS)
    def put_item(self, number: int, who: MemberId, index: int, kind: ItemKind, of: int) -> None:
        """Something is put into an inbox."""
        put = item(number, who, index, kind=kind, passage=passage(of).passage, body={"of": of})
        self.both(lambda work: work.inboxes.put(put))

    @rule(number=NUMBERS)
    def stop(self, number: int) -> None:
        """An item is stopped."""
        self.both(lambda work: work.inboxes.stop(item(number).item))

    @rule(
        kind=st.sampled_from([ErrandKind.RECORD, *sorted(OF_A_MATCH)]),
        subject=st.text(max_size=8),
        minutes=st.integers(0, 2),
    )
    def add_errand(self, kind: ErrandKind, subject: str, minutes: int) -> None:
        """Work is promised."""
        errand = Errand(kind, subject, {"a": [1, subject]})
        self.both(lambda work: work.outbox.add(errand, NOW + timedelta(minutes=minutes)))

    @rule(
        kind=st.sampled_from([None, *sorted(OF_A_MATCH)]),
        limit=st.integers(1, 3),
        minutes=st.integers(0, 2),
        fails=st.booleans(),
    )
    def work_off(self, kind: ErrandKind | None, limit: int, minutes: int, fails: bool) -> None:
        """Work is claimed, and done or put off."""
        now = NOW + timedelta(minutes=minutes)

        def act(work: Work) -> object:
            outbox = work.outbox
            claimed = outbox.claim(limit, now) if kind is None else outbox.claim_of_match(kind, limit, now)
            for errand in claimed:
                if fails:
                    work.outbox.put_off(errand, now + timedelta(minutes=1), "code")
                else:
                    work.outbox.done(errand)
            return claimed

        self.both(act)

    @rule(count=st.integers(1, 5), notice=COUNTERS, who=MEMBERS, undo=st.booleans(), look=st.booleans())
    def append(self, count: int, notice: int | None, who: MemberId, undo: bool, look: bool) -> None:
        """Entries are appended; some in an attempt that is given up, with and without a look in between."""
        about = None if notice is None else notice_id(notice)
        salts = [(self.salts + place).to_bytes(32) for place in range(count)]
        self.salts += count

        def act(work: Work) -> object:
            work.log.append(Opening({"kind": "first"}, salts[0]), frozenset({who}), about)
            with suppress(Undone), work.attempt():
                for salt in salts[1:]:
                    work.log.append(Opening({"kind": "made_up"}, salt), frozenset({who, KENT}), about)
                if look:
                    work.log.entry(0)
                if undo:
                    raise Undone
            return work.log.size(), work.log.root()

        self.both(act)

    @rule()
    def sign(self) -> None:
        """The head is signed."""

        def act(work: Work) -> None:
            if work.log.size():
                work.log.keep_signed(work.log.size(), f"note {work.log.size()}")

        self.both(act)

    @rule(number=NUMBERS)
    def erase(self, number: int) -> None:
        """A notice's entries are erased."""
        self.both(lambda work: work.log.erase(notice_id(number)))

    @rule(
        number=NUMBERS,
        carried=NUMBERS,
        who=MEMBERS,
        code=st.sampled_from(["R-A", "R-B"]),
        back=st.integers(0, 2),
    )
    def refuse(self, number: int, carried: int, who: MemberId, code: str, back: int) -> None:
        """A refusal is noted."""
        refused, note = passage(number, carried, sender=who), RefusalNote(code, None, None, None)
        self.both(lambda work: work.refusals.note(refused, [note, note], NOW - timedelta(days=back)))

    @rule(number=NUMBERS, who=st.sampled_from([KENT, LAMBETH]))
    def open_dispute(self, number: int, who: MemberId) -> None:
        """A release is contested."""
        self.both(lambda work: work.disputes.add(dispute(number, opener=who), letter(number, 1)))

    @rule(number=NUMBERS, place=st.integers(1, 3))
    def write(self, number: int, place: int) -> None:
        """A further message comes to a thread that is there."""

        def act(work: Work) -> None:
            if work.disputes.get(dispute(number).dispute) is not None:
                work.disputes.append(letter(number, place))

        self.both(act)

    @rule(number=NUMBERS, state=st.sampled_from(DisputeState), days=st.none() | st.integers(-2, 2))
    def move_dispute(self, number: int, state: DisputeState, days: int | None) -> None:
        """A dispute comes further; its clock is set, stopped, or has run out."""

        def act(work: Work) -> None:
            known = work.disputes.get(dispute(number).dispute)
            if known is not None:
                moment = None if days is None else NOW + timedelta(days=days)
                over = moment if state is DisputeState.CLOSED else None
                work.disputes.save(replace(known, state=state, due_at=moment, closed_at=over))

        self.both(act)

    @rule(days=st.integers(-2, 2), limit=st.integers(1, 3))
    def drop_disputes(self, days: int, limit: int) -> None:
        """Threads that were closed before a day are forgotten."""
        self.both(lambda work: work.disputes.drop_closed(NOW + timedelta(days=days), limit))

    @rule(number=NUMBERS)
    def give_up(self, number: int) -> None:
        """A unit of work is given up after it changed everything: nothing of it stays."""
        for store in (self.memory, self.sqlite):
            with pytest.raises(Undone), store.write() as work:  # noqa: PT012 - it fails at its end, after what it did
                work.notices.keep(checked(number + 50), "promise")
                work.log.append(Opening({}, bytes(32)), frozenset({KENT}), None)
                work.inboxes.put(item(number + 50))
                raise Undone

    @invariant()
    def both_tell_the_same(self) -> None:
        """Everything that can be asked."""
        with self.memory.read() as reference, self.sqlite.read() as work:
            assert everything(reference) == everything(work)
        for who in (KENT, MEDWAY, LAMBETH):
            for after in (0, 1, 3):
                assert self.memory.empty_poll(who, after) == self.sqlite.empty_poll(who, after)


def everything(work: Work) -> list[object]:
    """Every answer that a unit of work gives about the small world of this test."""
    notices = [notice_id(number) for number in (*range(1, 6), 51, 55)]
    told: list[object] = [
        work.members.all(),
        work.papers.all(PaperKind.AGREEMENT),
        work.papers.get(PaperKind.AGREEMENT, "agr_a-b"),
        work.outbox.waiting(),
        work.disputes.all(),
        work.disputes.due(NOW, 9),
        work.outbox.claim(20, NOW + timedelta(minutes=1)),
        work.outbox.claim_of_match(ErrandKind.LOOK, 20, NOW + timedelta(minutes=1)),
        work.notices.expired(NOW + timedelta(days=400), 3),
        work.passages.held_back_between(frozenset({KENT, MEDWAY})),
        log_of(work),
    ]
    told += [about_notice(work, notice) for notice in notices]
    told += [about_member(work, who) for who in (KENT, MEDWAY, LAMBETH)]
    told += [work.inboxes.get(item(number).item) for number in range(1, 6)]
    for number in range(1, 6):
        told.append(work.passages.get(passage(number).passage))
        told.append(work.passages.by_request(request(number).request))
        told.append(work.inboxes.of_passage(passage(number).passage))
        told.append(work.members.key(key(number).key_id))
        told.append(work.disputes.letters(dispute(number).dispute))
        told.append(work.disputes.of_entry(number))
    told += [work.disputes.of_member(who, "", 9) for who in (KENT, MEDWAY, LAMBETH)]
    return told


def about_notice(work: Work, notice: NoticeId) -> object:
    """What is known of a notice."""
    return (
        work.notices.get(notice),
        work.notices.promise(notice),
        work.notices.parts(notice, [Part.IDENTITY, Part.PARENT]),
        work.passages.of_notice(notice),
    )


def about_member(work: Work, who: MemberId) -> object:
    """What is known of a member."""
    return (
        work.members.keys(who),
        work.notices.of_member(who, name("ntc", 2), 2),
        work.notices.carried_on(who, DAY),
        work.notices.daily_counts(who, DAY, 2),
        [work.inboxes.page(who, after, 2, size) for after in (0, 2) for size in (0, 16, 64)],
        work.log.entries_for(who, 0, 3, work.log.size()),
        work.refusals.counts(who, DAY - timedelta(days=1), DAY + timedelta(days=1)),
    )


def log_of(work: Work) -> object:
    """What the log says."""
    size, signed = work.log.size(), work.log.signed()
    return (
        size,
        work.log.root(),
        work.log.leaves(0, size),
        signed,
        [work.log.entry(index) for index in range(size + 1)],
        [work.log.prove(index) for index in range(0, signed[0] if signed else 0, 5)],
    )


def test_sqlite_answers_as_the_reference_does(empty_database: Path) -> None:
    """Any order of anything: the same answers, the same faults, the same state after a failure."""

    class Here(SameAnswers):
        empty = empty_database

    run_state_machine_as_test(Here, settings=settings(max_examples=30, stateful_step_count=25, deadline=None))
