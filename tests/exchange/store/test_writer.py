"""`hub.exchange.store.writer`: one thread commits for many."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import cast

import pytest

from hub.exchange.errors import Declined, HubFault
from hub.exchange.ports import Work
from hub.exchange.stages import Member
from hub.exchange.store.memory import MemoryStore, MemoryWork
from hub.exchange.store.unit_of_work import SqlStore
from hub.exchange.store.writer import Keep, Writer
from hub.protocols.names import MemberId, Part
from tests.stores.made_up import MEDWAY, checked, member, notice_id

WAIT = 20
"""Seconds after which a test would rather fail than hang."""


class Gate(MemoryStore):
    """A store whose commits can be held up and counted, and made to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.begun = threading.Event()
        self.commits = 0
        self.fault: Exception | None = None

    @contextmanager
    def write(self) -> Iterator[MemoryWork]:
        """Begin, wait at the gate, commit."""
        with super().write() as work:
            self.begun.set()
            assert self.open.wait(WAIT)
            yield work
            if self.fault is not None:
                raise self.fault
            self.commits += 1


@pytest.fixture
def gate() -> Gate:
    """A store whose gate is shut."""
    return Gate()


@pytest.fixture
def writer(gate: Gate) -> Iterator[Writer]:
    """A writer over it, closed at the end."""
    made = Writer(gate, group=4)
    yield made
    gate.open.set()
    made.close()


def named(number: int) -> Member:
    """A member of that number."""
    return member(MemberId(f"mbr_{number:03}"))


def putting(number: int) -> Callable[[Work], int]:
    """An act that admits a member and returns its number."""

    def act(work: Work) -> int:
        work.members.put(named(number))
        return number

    return act


def counting(work: Work) -> int:
    """An act that only looks."""
    return len(work.members.all())


def test_what_an_act_returns_comes_after_its_commit(gate: Gate, writer: Writer) -> None:
    """A promise given before the commit could be broken by a power cut."""
    answer = writer.submit(putting(7))
    assert gate.begun.wait(WAIT)
    assert not answer.done()
    gate.open.set()
    assert answer.result(WAIT) == 7
    assert gate.commits == 1
    with gate.read() as work:
        assert work.members.all() == [named(7)]


def test_what_queues_during_a_commit_goes_into_the_next_together(gate: Gate, writer: Writer) -> None:
    """At most a group at a time: 1 alone, then 4, then the remaining 2."""
    answers = [writer.submit(counting)]
    assert gate.begun.wait(WAIT)
    answers += [writer.submit(putting(n)) for n in range(6)]
    gate.open.set()
    assert [answer.result(WAIT) for answer in answers] == [0, 0, 1, 2, 3, 4, 5]
    assert gate.commits == 3


def test_one_bad_act_never_fails_its_neighbours(gate: Gate, writer: Writer) -> None:
    """It alone is undone, and it alone hears why."""

    def bad(work: Work) -> None:
        work.members.put(named(9))
        raise ZeroDivisionError

    first = writer.submit(putting(1))
    assert gate.begun.wait(WAIT)
    failed, other = writer.submit(bad), writer.submit(putting(2))
    gate.open.set()
    first.result(WAIT)
    with pytest.raises(ZeroDivisionError):
        failed.result(WAIT)
    other.result(WAIT)
    assert gate.commits == 2
    with gate.read() as work:
        assert [each.member for each in work.members.all()] == ["mbr_001", "mbr_002"]


def test_a_failed_commit_fails_everybody_in_it_and_the_writer_lives_on(gate: Gate, writer: Writer) -> None:
    """Nobody is told yes; when there is room on the disk again it goes on by itself."""
    gate.fault = HubFault("store-full", "the disk is full")
    gate.open.set()
    answer = writer.submit(putting(1))
    with pytest.raises(HubFault, match="store-full"):
        answer.result(WAIT)
    gate.fault = None
    writer.submit(putting(1)).result(WAIT)
    assert gate.commits == 1


def test_what_was_taken_back_before_its_turn_is_not_done(gate: Gate, writer: Writer) -> None:
    """A caller that gave up has no effect later."""
    first = writer.submit(counting)
    assert gate.begun.wait(WAIT)
    second = writer.submit(putting(1))
    assert second.cancel()
    gate.open.set()
    first.result(WAIT)
    with pytest.raises(CancelledError):
        second.result(WAIT)
    writer.close()
    with gate.read() as work:
        assert work.members.all() == []


def test_closing_does_what_was_submitted_and_takes_nothing_more(gate: Gate, writer: Writer) -> None:
    """A stop in good order loses nothing that was taken."""
    gate.open.set()
    answers = [writer.submit(putting(n)) for n in range(10)]
    writer.close()
    writer.close()
    assert all(answer.done() for answer in answers)
    with pytest.raises(HubFault, match="writer-closed"):
        writer.submit(counting)


def test_notices_side_by_side_are_kept_in_one_go_and_each_hears_its_own(gate: Gate, writer: Writer) -> None:
    """The promise to give is the first one; who took another's id is declined; the rest are kept."""
    first = writer.submit(counting)
    assert gate.begun.wait(WAIT)
    answers = [
        writer.submit(Keep(checked(1), "first")),
        writer.submit(Keep(checked(1), "second")),
        writer.submit(Keep(checked(1, sender=MEDWAY), "third")),
        writer.submit(Keep(checked(2), "fourth")),
    ]
    gate.open.set()
    first.result(WAIT)
    assert [answers[place].result(WAIT) for place in (0, 1, 3)] == ["first", "first", "fourth"]
    with pytest.raises(Declined, match="notice-id-taken"):
        answers[2].result(WAIT)
    assert gate.commits == 2


def test_one_bad_notice_never_fails_its_neighbours(sqlite: SqlStore) -> None:
    """Where all in one go fail each is tried alone, and only the bad one hears of it."""
    held, go_on = threading.Event(), threading.Event()

    def wait(_: Work) -> None:
        held.set()
        assert go_on.wait(WAIT)

    writer = Writer(sqlite)
    writer.submit(wait)
    assert held.wait(WAIT)
    answers = [
        writer.submit(Keep(checked(1), "promise")),
        writer.submit(Keep(checked(2), cast("str", object()))),  # the database takes no such thing
        writer.submit(Keep(checked(3), "promise")),
    ]
    go_on.set()
    assert [answers[place].result(WAIT) for place in (0, 2)] == ["promise", "promise"]
    with pytest.raises(HubFault, match="store-failed"):
        answers[1].result(WAIT)
    writer.close()
    with sqlite.read() as work:
        assert [work.notices.promise(notice_id(n)) for n in (1, 2, 3)] == ["promise", None, "promise"]
        assert [len(work.notices.parts(notice_id(n), Part)) for n in (1, 3)] == [10, 10]


def test_many_threads_publish_at_once_and_everything_is_kept(sqlite: SqlStore) -> None:
    """Each answer is its own, on the real store; the notice that was there gets its first promise."""
    writer = Writer(sqlite)
    answers: dict[int, str | None] = {}

    def publish(number: int) -> None:
        notice, promise = checked(number % 20), f"promise {number}"
        answers[number] = writer.submit(lambda work: work.notices.keep(notice, promise)).result(WAIT)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    firsts = {number for number, answer in answers.items() if answer is None}
    assert len(firsts) == 20
    with sqlite.read() as work:
        assert work.outbox.waiting() == 20
        for number, answer in answers.items():
            given = work.notices.promise(notice_id(number % 20))
            assert given == (f"promise {number}" if number in firsts else answer)
