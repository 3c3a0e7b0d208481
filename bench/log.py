"""What the disclosure log costs: appends a second, proofs, tiles, bytes, and the check of all of it.

    python bench/log.py [--entries 1000000] [--out bench-out/log.json]

Entries are made-up releases of 600 bytes with two parties, in SQLite as the embedded hub has it
(WAL, synchronous FULL). "By the sequencer" is the unit of work that the sequencer commits: 64 entries. The
rest of the log is filled in larger units, whose time is not counted. Then the log is written as static files
and checked from those files alone, as an auditor would. Times are of this machine under the load stated;
the processor's own seconds stand beside them where both are told.
"""

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress

from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.entry import Opening
from hub.protocols.keys import SigningKey
from hub.protocols.log_directory import files_of, verify_directory
from hub.protocols.merkle import leaf_hash, verify_inclusion
from hub.protocols.names import MemberId
from hub.protocols.signed_note import NoteKey, NoteKind
from hub.protocols.tiles import TileName, tile_bytes

ROOT: Final = Path(__file__).resolve().parents[1]
ORIGIN: Final = "hub.example"
KEY: Final = SigningKey.from_seed(bytes(range(32)))
PARTIES: Final = frozenset({MemberId("mbr_kent"), MemberId("mbr_medway")})
SLOT: Final = 64
"""Entries of one unit of work of the sequencer."""
FILL: Final = 5_000
GOALS: Final = {
    "sequencer_times_one_by_one": 20.0,
    "proof_ms": 0.2,
    "path_verified_ms": 0.02,
    "tile_ms": 2.0,
    "full_verification_s": 30.0,
}


def record(number: int) -> Json:
    """A made-up release."""
    ground: Json = {
        "agreement": "agr_kent-medway-movers",
        "version": 1,
        "clause": "2.1",
        "basis": "esa2008:s68",
    }
    return {
        "kind": "release",
        "delivery": f"dis_{number:026}",
        "stage": "identity",
        "notice": f"ntc_{number:026}",
        "manifest": "A" * 43,
        "sender": "mbr_kent",
        "recipient": "mbr_medway",
        "fact": ground,
        "parts": [{"part": "identity", "cipher": "B" * 43, "ground": ground}],
        "rules": "2026-1",
        "at": "2026-11-22T09:00:00Z",
    }


class Grown:
    """A store whose log grows by made-up releases."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hub.db"
        upgrade(f"sqlite:///{self.path}")
        self.store = SqlStore(f"sqlite:///{self.path}", bytes(32))
        self._chance = random.Random(1)
        self.size = 0

    def append(self, work: SqlWork, count: int) -> None:
        """Append so many in this unit of work."""
        for number in range(self.size, self.size + count):
            work.log.append(Opening(record(number), self._chance.randbytes(32)), PARTIES, None)
        self.size += count

    def timed(self, units: int, count: int) -> dict[str, float]:
        """So many units of work of so many entries: entries a second, and the processor's time for one."""
        begun, busy = time.perf_counter(), time.process_time()
        for _ in range(units):
            with self.store.write() as work:
                self.append(work, count)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
        entries = units * count
        return {
            "entries_per_s": round(entries / seconds, 1),
            "cpu_ms_per_entry": round(cpu / entries * 1000, 4),
        }


def each(act: Callable[[int], object], numbers: Sequence[int]) -> float:
    """Median milliseconds of an act."""
    found = list[float]()
    for number in numbers:
        begun = time.perf_counter()
        act(number)
        found.append((time.perf_counter() - begun) * 1000)
    return round(median(found), 4)


def measure(entries: int, folder: Path) -> dict[str, Any]:
    """Grow a log to this size and measure it."""
    log, chance = Grown(folder), random.Random(2)
    log.timed(5, SLOT)
    one, many = log.timed(300, 1), log.timed(100, SLOT)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("entries", total=entries)
        while log.size < entries:
            with log.store.write() as work:
                log.append(work, min(FILL, entries - log.size))
            bar.update(task, completed=log.size)
    with log.store.write() as work:
        note = sign_checkpoint(Checkpoint(ORIGIN, log.size, work.log.root()), KEY, ORIGIN)
        work.log.keep_signed(log.size, note)
        root = work.log.root()
    log.store.vacuum_wal()
    some = [chance.randrange(log.size) for _ in range(2_000)]
    with log.store.read() as work:
        proof_ms = each(work.log.prove, some)
        proofs = {
            index: (leaf_hash(work.log.leaves(index, index + 1)[0]), work.log.prove(index)) for index in some
        }
        tile_ms = each(
            lambda index: tile_bytes(TileName(0, index), work.log.node),
            [chance.randrange(log.size // 256) for _ in range(200)],
        )
        verified_ms = each(
            lambda index: verify_inclusion(index, log.size, proofs[index][0], proofs[index][1].hashes, root),
            some,
        )
        for path, data in files_of(note, work.log.node, work.log.leaves):
            (folder / "log" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "log" / path).write_bytes(data)
    return {
        "entries": log.size,
        "one_by_one": one,
        "by_the_sequencer": many,
        "sequencer_times_one_by_one": round(many["entries_per_s"] / one["entries_per_s"], 1),
        "proof_ms": proof_ms,
        "path_verified_ms": verified_ms,
        "hashes_of_a_proof": len(proofs[some[0]][1].hashes),
        "tile_ms": tile_ms,
        "bytes_per_entry": round(log.path.stat().st_size / log.size, 1),
        "published_bytes_per_entry": round(
            sum(path.stat().st_size for path in (folder / "log").rglob("*") if path.is_file()) / log.size, 1
        ),
        **check_all(folder / "log"),
    }


def check_all(folder: Path) -> dict[str, float]:
    """Seconds to check every file, with a bar for whoever waits."""
    count = sum(path.is_file() for path in folder.rglob("*"))
    begun, busy = time.perf_counter(), time.process_time()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("files checked", total=count)

        def read(path: str) -> bytes:
            bar.advance(task)
            return (folder / path).read_bytes()

        verify_directory(read, NoteKey(ORIGIN, NoteKind.LOG, KEY.public))
    return {
        "full_verification_s": round(time.perf_counter() - begun, 2),
        "full_verification_cpu_s": round(time.process_time() - busy, 2),
    }


def reached(found: dict[str, Any]) -> dict[str, bool]:
    """Which goals are met; the first is a least, the others are mosts."""
    return {
        name: found[name] >= goal if name.startswith("sequencer") else found[name] <= goal
        for name, goal in GOALS.items()
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=ROOT / "bench-out" / "log.json")
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hub-log-") as folder:
        found = measure(asked.entries, Path(folder))
    report = {
        "what": "the disclosure log in SQLite, WAL, synchronous FULL",
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(load_before, 2),
        **found,
        "goals": {"asked": GOALS, "reached": reached(found)},
    }
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
