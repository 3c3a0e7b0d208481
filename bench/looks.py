"""How soon officers are asked: slots until every doubtful pair of a burst has been put to somebody.

    PYTHONPATH=. python bench/looks.py [--pairs 300] [--waiting 5000] [--out bench-out/looks.json]

A region of two authorities over SQLite. One publishes departures; then the other publishes, all in one slot,
as many arrivals that agree with them on all but the first name. Counted are the slots until a task about
each lies with an officer, and the entries that they take; the same number of arrivals about nobody follows,
which must take as many (I9). Then so many second looks wait that no slot has room for them, and slots that
carry nothing else are measured.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from adapters.move import Address, Move
from hub.exchange.sequencer import run_slot
from hub.exchange.stages import Errand, ErrandKind, ItemKind
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.names import MemberId, NoticeType
from tests.simulators.town import Town

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")
EMPTY_SLOTS: Final = 20
MOST_SLOTS: Final = 1_000
WITHOUT_QUOTA: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run has measured; times are of the sequencer's process alone."""

    pairs: int
    pairs_that_meet: int
    """Pairs that the matcher holds doubtful: two strangers of the burst can be among them."""
    slots_until_all_are_asked: int
    entries_a_notice: float
    entries_a_notice_about_nobody: float
    sequencer_ms_a_notice: float
    waiting: int
    empty_slot_ms: float
    """Median CPU of a slot in which nothing waits."""
    slot_ms_while_they_wait: float
    """Median CPU of a slot that carries nothing but the looks that it has room for."""


class Burst:
    """The region, its made-up people, and its slots."""

    def __init__(self, store: SqlStore, pairs: int) -> None:
        self._store, self._chance = store, random.Random(4)
        self.town = Town(store)
        self.town.hub = replace(self.town.hub, quota_floor=WITHOUT_QUOTA)
        for member, area in ((KENT, "886"), (MEDWAY, "887")):
            self.town.admits(member, area=area)
        self.town.agrees("kent-medway-movers")
        self.people = [self._person() for _ in range(pairs)]

    def slot(self) -> tuple[int, float]:
        """One slot; return how many entries it appended and its CPU in milliseconds."""
        before, begun = self.size(), time.process_time()
        done = run_slot(self._store, self.town.hub)
        spent = (time.process_time() - begun) * 1000
        self.town.now += self.town.hub.slot
        if done.faults:
            raise SystemExit(f"errands failed: {sorted(set(done.faults))}")
        return done.size - before, spent

    def departures(self) -> None:
        """Everybody has left Kent."""
        for person in self.people:
            self.town.members[KENT].publishes(person, NoticeType.MOVED_OUT)
        self.slot()

    def arrivals(self, people: Sequence[Move]) -> tuple[int, float]:
        """These have come to Medway, all in one slot."""
        for person in people:
            self.town.members[MEDWAY].publishes(person, NoticeType.NEW_ARRIVAL)
        return self.slot()

    def doubtful(self) -> list[Move]:
        """The same people, each under another first name."""
        return [replace(person, given=self._word()) for person in self.people]

    def strangers(self) -> list[Move]:
        """As many people of whom nobody has heard."""
        return [self._person() for _ in self.people]

    def waits(self) -> int:
        """How many second looks wait."""
        with self._store.read() as work:
            return len(work.outbox.claim_of_match(ErrandKind.LOOK, WITHOUT_QUOTA, self.town.now))

    def asked(self) -> int:
        """How many tasks lie with officers of Kent."""
        with self._store.read() as work:
            items = work.inboxes.page(KENT, 0, WITHOUT_QUOTA, work.log.size())
        return sum(item.kind is ItemKind.OFFICER_TASK for item in items)

    def keep_waiting(self, looks: int) -> None:
        """Have people wanted again for what they are looking at: more than any slot has room for."""
        with self._store.write() as work:
            held = work.passages.held_back_between(frozenset({KENT, MEDWAY}))
            for number in range(looks):
                way = held[number % len(held)].passage
                again = Errand(ErrandKind.LOOK, way, {"over_quota": False, "first": False})
                work.outbox.add(again, self.town.now)

    def size(self) -> int:
        """Entries in the log."""
        with self._store.read() as work:
            return work.log.size()

    def _person(self) -> Move:
        return Move(
            place="made up",
            given=self._word(),
            family=self._word() + self._word().lower(),
            dob=date(2008, 9, 1) + timedelta(days=self._chance.randrange(700)),
            to_address=Address((f"{self._chance.randrange(1, 99)} Made Lane", "Chatham"), self._postcode()),
            activity="230",
        )

    def _postcode(self) -> str:
        district, sector = self._chance.randrange(1, 20), self._chance.randrange(1, 10)
        return f"ME{district} {sector}{''.join(self._chance.sample('ABDEFGHJLN', 2))}"

    def _word(self) -> str:
        sounds = [self._chance.choice("bcdfglmnprstv") + self._chance.choice("aeiou") for _ in range(4)]
        return "".join(sounds).title()


def measure(pairs: int, waiting: int) -> Measured:
    """One run over a fresh database."""
    with _database() as store:
        burst = Burst(store, pairs)
        burst.departures()
        burst.town.now += timedelta(seconds=1)
        empty = median(burst.slot()[1] for _ in range(EMPTY_SLOTS))
        grown, spent = burst.arrivals(burst.doubtful())
        slots = 1
        while burst.waits() and slots < MOST_SLOTS:
            burst.slot()
            slots += 1
        asked = burst.asked()
        nobody, _ = burst.arrivals(burst.strangers())
        burst.keep_waiting(waiting)
        busy = median(burst.slot()[1] for _ in range(EMPTY_SLOTS))
    return Measured(
        pairs=pairs,
        pairs_that_meet=asked,
        slots_until_all_are_asked=slots,
        entries_a_notice=round(grown / pairs, 2),
        entries_a_notice_about_nobody=round(nobody / pairs, 2),
        sequencer_ms_a_notice=round(spent / pairs, 3),
        waiting=waiting,
        empty_slot_ms=round(empty, 2),
        slot_ms_while_they_wait=round(busy, 2),
    )


@contextmanager
def _database() -> Iterator[SqlStore]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/hub.db"
        upgrade(url)
        store = SqlStore(url, bytes(32))
        yield store
        store.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; return 1 where the log grew otherwise for notices about nobody."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--waiting", type=int, default=5_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    measured = measure(options.pairs, options.waiting)
    figures = {name: getattr(measured, name) for name in Measured.__slots__}
    text = json.dumps(figures, indent=2)
    print(text)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")
    return int(measured.entries_a_notice != measured.entries_a_notice_about_nobody)


if __name__ == "__main__":
    sys.exit(main())
