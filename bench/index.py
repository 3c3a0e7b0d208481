"""How the token index grows: look-ups a second, their slowest hundredth and bytes a record, up to a million.

    python bench/index.py [--records 1000000] [--cache FOLDER] [--out bench-out/index.json]

A look-up is what the sequencer does for one notice: candidates from the store, their filters opened where
they can matter, scores and verdicts (`hub.exchange.match` less the reading of the notice that was matched).
Half of the notices looked up mean somebody stored, told by another authority with its own errors; half mean
nobody. Every record's tokens are really made, keyed and stored, filters sealed; notices themselves are not
stored, since they cost no look-up anything.
"""

import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.crowd_records import EPOCH, HUB_KEY, Records, stored_records, told_again
from hub.exchange.stages import Realm
from hub.exchange.store.index import TOKEN_BITS
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.sealed import Seals
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.matching.candidates import HEAVY
from hub.matching.shortlist import judge_found
from hub.protocols.names import MemberId, NoticeId
from hub.protocols.token_record import COLUMN, HEAD_BYTES, SLOT_BYTES, SLOTS, TOKENS_BYTES, KeyedRecord

SIZES: Final = (10_000, 100_000, 1_000_000)
ASKED: Final = 3_000
WARM: Final = 600
BATCH: Final = 64
"""Look-ups of one unit of work, as the sequencer has them."""
BLOCK: Final = 2_000
ERA: Final = 1
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
class Figures:
    """What was measured at one size; times in milliseconds."""

    stored: int
    lookups_per_second: float
    p50: float
    p99: float
    cpu: float
    bytes_per_record: float
    candidates_mean: float
    candidates_p99: float
    heavy_tokens: int
    notices_with_a_match: int
    notices_looked_up: int


def main() -> None:
    """Load, measure at each size, write the figures."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--records", type=int, default=SIZES[-1])
    asked.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mxh-index")
    asked.add_argument("--out", type=Path, default=Path("bench-out/index.json"))
    options = asked.parse_args()
    records = stored_records(options.records, options.cache)
    notices = _notices()
    with tempfile.TemporaryDirectory(dir=options.cache) as folder:
        found = [asdict(each) for each in measure_sizes(records, notices, Path(folder) / "hub.db")]
    answer = {
        "store": f"SQLite {sqlite3.sqlite_version}",
        "heavy_above": HEAVY,
        "tokens": {"slots": len(SLOTS), "posted": len(_POSTED)},
        "sizes": found,
        "growth": round(found[0]["lookups_per_second"] / found[-1]["lookups_per_second"], 2),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(answer, indent=2))


def measure_sizes(records: Records, notices: Sequence[Asking], path: Path) -> Iterator[Figures]:
    """Load up to each size and measure there."""
    upgrade(f"sqlite:///{path}")
    empty, start = _used(path), 0
    for size in [size for size in SIZES if size < len(records)] + [len(records)]:
        _load(records, start, size, path)
        start = size
        yield measure(path, notices, size, (_used(path) - empty) / size)


def measure(path: Path, notices: Sequence[Asking], stored: int, each: float) -> Figures:
    """Look all notices up, after some that are not timed."""
    store = SqlStore(f"sqlite:///{path}", HUB_KEY)
    for batch in _batches(notices[-WARM:]):
        with store.write() as work:
            for notice in batch:
                look_up(notice, work)
    times, candidates, matched, cpu = list[float](), list[int](), 0, time.process_time()
    for batch in _batches(notices[:-WARM]):
        with store.write() as work:
            for notice in batch:
                begun = time.perf_counter()
                found, verdicts = look_up(notice, work)
                times.append(time.perf_counter() - begun)
                candidates.append(found)
                matched += verdicts > 0
    cpu = time.process_time() - cpu
    with store.read() as work:
        heavy = _connection(work).execute("SELECT count(*) FROM heavy").fetchone()[0]
    store.close()
    return Figures(
        stored=stored,
        lookups_per_second=round(len(times) / sum(times)),
        p50=round(1000 * float(np.percentile(times, 50)), 3),
        p99=round(1000 * float(np.percentile(times, 99)), 3),
        cpu=round(1000 * cpu / len(times), 3),
        bytes_per_record=round(each),
        candidates_mean=round(mean(candidates), 1),
        candidates_p99=round(float(np.percentile(candidates, 99))),
        heavy_tokens=heavy,
        notices_with_a_match=matched,
        notices_looked_up=len(times),
    )


def look_up(notice: Asking, work: SqlWork) -> tuple[int, int]:
    """Find, score and judge; return how many were found, and how many of them are no strangers."""
    whom: Any = notice
    found = work.index.candidates(whom)
    tokens = [candidate.tokens for candidate in found]
    return len(found), len(judge_found(notice.keyed, tokens, lambda place: found[place].open_filters()))


def _notices() -> list[Asking]:
    """Notices to look up: of people stored at every size, and of people nowhere stored, in turn."""
    half = (ASKED + WARM) // 2
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
    database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000; PRAGMA wal_autocheckpoint=0")
    database.execute("INSERT OR IGNORE INTO era (number, epoch, realm) VALUES (?,?,?)", (ERA, EPOCH, "trial"))
    seals = Seals(HUB_KEY, os.urandom)
    for first in range(start, end, BLOCK):
        numbers = range(first, min(first + BLOCK, end))
        rows = _with_common_names(records.block(numbers), np.array(numbers))
        database.execute("BEGIN")
        database.executemany(
            "INSERT OR IGNORE INTO posting (tok, rec) VALUES (?,?)", _postings(rows, numbers)
        )
        database.executemany("INSERT INTO tokens VALUES (?,?,?,?,?,?)", _tokens(rows, numbers, seals))
        database.execute("COMMIT")
        if first % 20_000 == 0:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            print(f"\r{numbers.stop:,} stored", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    database.execute("DELETE FROM heavy")
    crowded = "INSERT INTO heavy SELECT tok FROM posting GROUP BY tok HAVING count(*) > ?"
    database.execute(crowded, (HEAVY,))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


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
    with sqlite3.connect(path) as database:
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
