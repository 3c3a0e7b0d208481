"""One thread that commits for many: what queued during one commit goes into the next together.

A commit waits for the disk, and one wait serves 256 publishers as well as one. Each submission has
a savepoint of its own, so that a bad one fails alone; what it returns reaches its caller only after
the commit, since a promise given before it could be broken by a power cut.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from hub.exchange.errors import HubFault
from hub.exchange.ports import Store, Work

GROUP: Final = 256
"""Submissions in one commit: above it the time of the statements outweighs that of the flush."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Submission:
    act: Callable[[Work], Any]
    answer: Future[Any]


class Writer:
    """Takes acts from any thread and does them in units of work of its own, in the order they came."""

    def __init__(self, store: Store, group: int = GROUP) -> None:
        self._store = store
        self._group = group
        self._queue: SimpleQueue[_Submission | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hub-writer", daemon=True)
        self._thread.start()

    def submit(self, act: Callable[[Work], T]) -> Future[T]:
        """Have `act` done and committed; the future then holds what it returned or raised.

        Raises `HubFault("writer-closed")` once the writer has been closed.
        """
        answer: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise HubFault("writer-closed", "the hub is shutting down: nothing more is taken")
            self._queue.put(_Submission(act, answer))
        return answer

    def close(self) -> None:
        """Do what has been submitted, then stop."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._next_group()
            self._commit([each for each in group if each.answer.set_running_or_notify_cancel()])

    def _next_group(self) -> tuple[list[_Submission], bool]:
        """Wait for one submission, then take what has queued meanwhile; False once nothing more comes."""
        group: list[_Submission] = []
        try:
            while len(group) < self._group:
                submission = self._queue.get() if not group else self._queue.get_nowait()
                if submission is None:
                    return group, False
                group.append(submission)
        except Empty:
            pass
        return group, True

    def _commit(self, group: Sequence[_Submission]) -> None:
        if not group:
            return
        try:
            with self._store.write() as work:
                outcomes = [_attempt(submission.act, work) for submission in group]
        except BaseException as fault:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            outcomes = [(None, fault)] * len(group)
        for submission, (value, raised) in zip(group, outcomes, strict=True):
            if raised is None:
                submission.answer.set_result(value)
            else:
                submission.answer.set_exception(raised)


def _attempt(act: Callable[[Work], T], work: Work) -> tuple[T | None, BaseException | None]:
    try:
        with work.attempt():
            return act(work), None
    except Exception as raised:  # noqa: BLE001 - it belongs to whoever submitted the act
        return None, raised
