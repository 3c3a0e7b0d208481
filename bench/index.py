"""How the token index grows: look-ups a second, their slowest hundredth and bytes a record, up to a million.

    python bench/index.py [--records 1000000] [--cache FOLDER] [--out bench-out/index.json]

Each figure stands beside what it must reach and its goal. A look-up is what the sequencer does for one
notice: candidates from the store, their filters opened where they can matter, scores and verdicts
(`hub.exchange.match` less the reading of the notice that was matched). Half of the notices looked up mean
somebody stored, told by another authority with its own errors; half mean nobody. Every record's tokens are
really made, keyed and stored, filters sealed; notices themselves are not stored, since they cost no look-up
anything.

Times are of one thread, by the clock and by its processor time: on a machine that others use, only the
second means anything. `while_written` is the same with a second thread that stores notices all the while;
what it holds the look-ups up between two units of work is not counted.
"""

import argparse
import gc
import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.crowd_records import EPOCH, HUB_KEY, Records, records_key, stored_records, told_again
from hub.exchange.stages import Realm
from hub.exchange.store.index import TOKEN_BITS
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.schema_version import newest_revision
from hub.exchange.store.sealed import Seals
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.matching import shortlist
from hub.matching.candidates import HEAVY
from hub.matching.shortlist import judge_found
from hub.protocols.names import MemberId, NoticeId
from hub.protocols.token_record import COLUMN, HEAD_BYTES, SLOT_BYTES, SLOTS, TOKENS_BYTES, KeyedRecord

SIZES: Final = (10_000, 100_000, 1_000_000)
ASKED: Final = 3_000
FIRST: Final = 600
WARM: Final = 6_000
"""Look-ups before those that count: patterns of agreement are remembered, and a hub that holds a million
notices has looked up as many. `first` says what the first of them take."""
ADDED: Final = 16
"""Notices of one unit of work of the writer: what few publishers send during one commit."""
BATCH: Final = 64
"""Look-ups of one unit of work, as the sequencer has them."""
BLOCK: Final = 2_000
ERA: Final = 1
MOST_WRITTEN: Final = 4_000
WRITTEN_FROM: Final = 50_000_000
"""Numbers of the writer's notices, beyond all others."""
COMMON: Final = ("first_last", "sounds", "starts", "nick_sound_1")
COMMON_PAIRS: Final = 40
"""Pairs of names of which each has as many bearers as the commonest pairs have among young people in
England: one person in sixteen bears one of them. A crowd that draws both names apart has none."""
_POSTED: Final = [place for place, slot in enumerate(SLOTS) if slot.posted]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the index reads of a notice that is looked up."""

    keyed: KeyedRecord
    realm: Realm
    sender: MemberId


@dataclass(frozen=True, slots=True)
class Times:
    """Of look-ups: how many a second, and milliseconds; `cpu` is processor time, the rest the clock's."""

    per_second: float
    p50: float
    p99: float
    per_second_cpu: float
    p50_cpu: float
    p99_cpu: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured at one size."""

    stored: int
    first: Times
    warm: Times
    while_written: Times
    written: int
    bytes_per_record: float
    bytes_by_table: dict[str, float]
    candidates_mean: float
    candidates_p99: float
    heavy_tokens: int
    notices_with_a_match: int
    notices_looked_up: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One look-up: seconds by the clock and of the processor, candidates, how many are no strangers."""

    clock: float
    cpu: float
    found: int
    matched: int


def main() -> None:
    """Load, measure at each size, write the figures."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--records", type=int, default=SIZES[-1])
    asked.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mxh-index")
    asked.add_argument("--out", type=Path, default=Path("bench-out/index.json"))
    options = asked.parse_args()
    records = stored_records(options.records, options.cache)
    notices = _notices()
    gc.collect()
    gc.freeze()  # as the hub does once it has started
    sizes = [*(size for size in SIZES if size < len(records)), len(records)]
    found = [measure(loaded(records, size, options.cache), notices, size) for size in sizes]
    answer = {
        "store": f"SQLite {sqlite3.sqlite_version}",
        "load_average": os.getloadavg(),
        "heavy_above": HEAVY,
        "tokens": {"slots": len(SLOTS), "posted": len(_POSTED)},
        "sizes": [asdict(each) for each in found],
        "held_to": held_to(found[0], found[-1]),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(answer, indent=2))
    for each in held_to(found[0], found[-1]):
        print("{figure:<52} {measured:>9} must {must:>6} goal {goal:>6}".format(**each))


def held_to(small: Figures, large: Figures) -> list[dict[str, object]]:
    """The figures that have a limit, beside it."""
    times, size = large.warm, f"{large.stored:,} stored"
    growth = small.warm.per_second_cpu / times.per_second_cpu
    rows = [
        (f"look-ups a second, {size}", times.per_second, 1000, 3000),
        (f"look-ups a second of processor time, {size}", times.per_second_cpu, 1000, 3000),
        (f"slowest hundredth, ms, {size}", times.p99, 5, 2),
        (f"slowest hundredth, ms of processor time, {size}", times.p99_cpu, 5, 2),
        ("bytes a record", large.bytes_per_record, 2500, 1200),
        (f"growth of a look-up from {small.stored:,} stored", round(growth, 2), 6, 2),
    ]
    return [dict(zip(("figure", "measured", "must", "goal"), row, strict=True)) for row in rows]


def loaded(records: Records, size: int, cache: Path) -> Path:
    """The index over the first records, loaded now unless it is kept: a million takes minutes, and 1.7 GB."""
    path = cache / f"index-{records_key()}-{TOKEN_BITS}-{newest_revision()}-{size}.db"
    if not path.exists():
        fresh = path.with_suffix(".tmp")
        for left in cache.glob(f"{fresh.name}*"):
            left.unlink()
        upgrade(f"sqlite:///{fresh}")
        _load(records, 0, size, fresh)
        fresh.rename(path)
    return path


def measure(path: Path, notices: Sequence[Asking], stored: int) -> Figures:
    """Look all notices up: those that warm, those that count, and those once more beside a writer."""
    shortlist._memory.judged().clear()  # noqa: SLF001 - as in a hub that has just started
    store = SqlStore(f"sqlite:///{path}", HUB_KEY)
    first = list(look_all_up(notices[:FIRST], store))
    for _ in look_all_up(notices[FIRST:WARM], store):
        pass
    alone = list(look_all_up(notices[WARM:], store))
    with _writing(store) as written:
        beside = list(look_all_up(notices[WARM:], store))
    with store.read() as work:
        heavy = _connection(work).execute("SELECT count(*) FROM heavy").fetchone()[0]
    store.close()
    candidates = [asked.found for asked in alone]
    return Figures(
        stored=stored,
        first=_times(first),
        warm=_times(alone),
        while_written=_times(beside),
        written=len(written),
        bytes_per_record=round(_used(path) / stored),
        bytes_by_table={
            name: round(used / stored, 1) for name, used in _by_table(path).items() if used >= stored
        },
        candidates_mean=round(mean(candidates), 1),
        candidates_p99=round(float(np.percentile(candidates, 99))),
        heavy_tokens=heavy,
        notices_with_a_match=sum(asked.matched > 0 for asked in alone),
        notices_looked_up=len(alone),
    )


def look_all_up(notices: Sequence[Asking], store: SqlStore) -> Iterator[Asked]:
    """Look notices up in units of work like the sequencer's."""
    for batch in _batches(notices):
        with store.write() as work:
            for notice in batch:
                clock, cpu = time.perf_counter(), time.thread_time()
                found, matched = look_up(notice, work)
                cpu = time.thread_time() - cpu
                yield Asked(time.perf_counter() - clock, cpu, found, matched)


def _times(asked: Sequence[Asked]) -> Times:
    clock, cpu = (
        [1000 * one for one in each] for each in zip(*((a.clock, a.cpu) for a in asked), strict=True)
    )
    figures = (
        (round(1000 * len(each) / sum(each)), *(round(float(np.percentile(each, at)), 3) for at in (50, 99)))
        for each in (clock, cpu)
    )
    return Times(*next(figures), *next(figures))


@contextmanager
def _writing(store: SqlStore) -> Iterator[list[int]]:
    """Meanwhile a second thread stores notices, commit after commit; give the numbers of those stored."""
    rows = _passers_by()
    stopped, written = threading.Event(), list[int]()

    def write() -> None:
        for start in range(0, len(rows), ADDED):
            if stopped.is_set():
                return
            numbers = range(WRITTEN_FROM + start, WRITTEN_FROM + min(start + ADDED, len(rows)))
            with store.write() as work:
                _insert(rows[start : start + ADDED], numbers, _connection(work), Seals(HUB_KEY, os.urandom))
            written.extend(numbers)

    with store.write() as work:
        connection = _connection(work)
    connection.execute("PRAGMA foreign_keys=OFF")  # the notices themselves are not stored
    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stopped.set()
        thread.join()
    for table in ("posting", "tokens"):
        connection.execute(f"DELETE FROM {table} WHERE rec >= {WRITTEN_FROM}")  # noqa: S608 - our own words


def look_up(notice: Asking, work: SqlWork) -> tuple[int, int]:
    """Find, score and judge; return how many were found, and how many of them are no strangers."""
    whom: Any = notice
    found = work.index.candidates(whom)
    tokens = [candidate.tokens for candidate in found]
    return len(found), len(judge_found(notice.keyed, tokens, lambda place: found[place].open_filters()))


def _notices() -> list[Asking]:
    """Notices to look up: of people stored at every size, and of people nowhere stored, in turn."""
    half = (WARM + ASKED) // 2
    known = told_again(range(half))
    unknown = told_again(range(20_000_000, 20_000_000 + half))
    return [
        Asking(_named_commonly(record, number), Realm.TRIAL, MemberId("mbr_asking"))
        for number, pair in enumerate(zip(known, unknown, strict=True))
        for record in pair
    ]


def _load(records: Records, start: int, end: int, path: Path) -> None:
    """Store what the index keeps of these records, in the order in which they come."""
    database = sqlite3.connect(path, isolation_level=None)
    # nothing here has to survive a power cut; pages are written once a hundred thousand records
    database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-3000000")
    database.execute("INSERT OR IGNORE INTO era (number, epoch, realm) VALUES (?,?,?)", (ERA, EPOCH, "trial"))
    seals = Seals(HUB_KEY, os.urandom)
    database.execute("BEGIN")
    for first in range(start, end, BLOCK):
        numbers = range(first, min(first + BLOCK, end))
        rows = _with_common_names(records.block(numbers), np.array(numbers))
        _insert(rows, numbers, database, seals)
        if first % 100_000 == 0:
            database.execute("COMMIT")
            database.execute("BEGIN")
        if first % 20_000 == 0:
            print(f"\r{numbers.stop:,} stored", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    database.execute("DELETE FROM heavy")
    crowded = "INSERT INTO heavy SELECT tok FROM posting GROUP BY tok HAVING count(*) > ?"
    database.execute(crowded, (HEAVY,))
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode=WAL")
    database.close()


def _insert(rows: NDArray[np.uint8], numbers: range, database: sqlite3.Connection, seals: Seals) -> None:
    postings = _postings(rows, numbers)
    database.executemany("INSERT OR IGNORE INTO posting (tok, rec) VALUES (?,?)", postings)
    database.executemany("INSERT OR IGNORE INTO tokens VALUES (?,?,?,?,?,?)", _tokens(rows, numbers, seals))


@cache
def _passers_by() -> NDArray[np.uint8]:
    """Notices of people whom nobody looks up, for the writer."""
    told = told_again(range(30_000_000, 30_000_000 + MOST_WRITTEN))
    return np.array([np.frombuffer(record.tokens + record.filters, np.uint8) for record in told])


def _by_table(path: Path) -> dict[str, int]:
    """Bytes of the pages of each table and index; nothing where SQLite was built without `dbstat`."""
    with closing(sqlite3.connect(path)) as database:
        try:
            rows = database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
        except sqlite3.OperationalError:
            return {}
    return dict(rows)


def _postings(rows: NDArray[np.uint8], numbers: range) -> list[tuple[int, int]]:
    words = rows[:, HEAD_BYTES:TOKENS_BYTES].copy().view(">u8")[:, _POSTED].astype(np.uint64)
    numbered = (words >> np.uint64(64 - TOKEN_BITS)) | np.uint64(ERA << TOKEN_BITS)
    recs = np.repeat(np.array(numbers), len(_POSTED))
    return sorted(zip(numbered.ravel().tolist(), recs.tolist(), strict=True))


def _tokens(
    rows: NDArray[np.uint8], numbers: range, seals: Seals
) -> Iterator[tuple[int, str, str, int, bytes, bytes]]:
    for number, row in zip(numbers, rows, strict=True):
        notice = NoticeId(f"ntc_{number:026}")
        filters = seals.seal_filters(row[TOKENS_BYTES:].tobytes(), notice)
        yield number, notice, f"mbr_{number % 150:03}", ERA, row[:TOKENS_BYTES].tobytes(), filters


def _named_commonly(record: KeyedRecord, number: int) -> KeyedRecord:
    row = np.frombuffer(record.tokens, np.uint8).reshape(1, -1)
    tokens = _with_common_names(row, np.array([number]))[0].tobytes()
    return KeyedRecord.from_stored(EPOCH, tokens, record.filters)


def _with_common_names(rows: NDArray[np.uint8], numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """One record in sixteen with the tokens of a common pair of names in the place of its own."""
    changed = rows.copy()
    for row in np.flatnonzero(numbers % 16 == 0).tolist():
        pair = int(numbers[row]) // 16 % COMMON_PAIRS
        for name in COMMON:
            start = HEAD_BYTES + SLOT_BYTES * COLUMN[name]
            token = random.Random(f"{name} {pair}").randbytes(SLOT_BYTES)
            changed[row, start : start + SLOT_BYTES] = np.frombuffer(token, np.uint8)
    return changed


def _batches(notices: Sequence[Asking]) -> Iterator[Sequence[Asking]]:
    return (notices[start : start + BATCH] for start in range(0, len(notices), BATCH))


def _used(path: Path) -> int:
    """Bytes of the pages that hold something."""
    with closing(sqlite3.connect(path)) as database:
        pages, free, size = (
            database.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def _connection(work: SqlWork) -> sqlite3.Connection:
    connection: sqlite3.Connection = work.line._connection  # noqa: SLF001 - the driver below the unit of work
    return connection


if __name__ == "__main__":
    main()
