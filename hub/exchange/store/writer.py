"""One thread that commits for many: what queued during one commit goes into the next together.

A commit waits for the disk, and one wait serves 256 publishers as well as one. Each submission has
a savepoint of its own, so that a bad one fails alone; what it returns reaches its caller only after
the commit, since a promise given before it could be broken by a power cut.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from hub.exchange.errors import Declined, HubFault
from hub.exchange.ports import Store, Work
from hub.exchange.stages import CheckedNotice

GROUP: Final = 256
"""Submissions in one commit: above it the time of the statements outweighs that of the flush."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keep:
    """The act of keeping a notice; it returns the promise to give: the first one, if kept before.

    Acts of this kind that stand side by side in a group are done in one go.
    """

    notice: CheckedNotice
    promise: str

    def __call__(self, work: Work) -> str:
        """Keep this notice alone."""
        return work.notices.keep(self.notice, self.promise) or self.promise


@dataclass(frozen=True, slots=True)
class _Submission:
    act: Callable[[Work], Any]
    answer: Future[Any]


Outcome = tuple[Any, BaseException | None]
"""What an act returned, or what it raised."""


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

        An act works through its unit of work alone: it may be tried a second time. Raises
        `HubFault("writer-closed")` once the writer has been closed.
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
                outcomes = list(_do([submission.act for submission in group], work))
        except BaseException as fault:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            outcomes = [(None, fault)] * len(group)
        for submission, (value, raised) in zip(group, outcomes, strict=True):
            if raised is None:
                submission.answer.set_result(value)
            else:
                submission.answer.set_exception(raised)


def _do(acts: Sequence[Callable[[Work], Any]], work: Work) -> Iterator[Outcome]:
    """Do all acts in their order; those that keep notices in one go, and singly where that fails."""
    for kind, run in groupby(acts, type):
        side_by_side = list(run)
        together = _keep_all(side_by_side, work) if kind is Keep and len(side_by_side) > 1 else None
        yield from together or (_attempt(act, work) for act in side_by_side)


def _keep_all(acts: Sequence[Any], work: Work) -> list[Outcome] | None:
    """Keep many notices; None where one of them fails all, so that each has to be tried alone."""
    try:
        with work.attempt():
            kept = work.notices.keep_all([(act.notice, act.promise) for act in acts])
    except Exception:  # noqa: BLE001 - whichever it belongs to will raise it again
        return None
    return [
        (None, before) if isinstance(before, Declined) else (before or act.promise, None)
        for act, before in zip(acts, kept, strict=True)
    ]


def _attempt(act: Callable[[Work], Any], work: Work) -> Outcome:
    try:
        with work.attempt():
            return act(work), None
    except Exception as raised:  # noqa: BLE001 - it belongs to whoever submitted the act
        return None, raised
