"""The crowd's token records, as the hub has them, made once and kept in a file outside the repository.

Every record is really made: each token from names, birthday and postcode under a linkage key, then keyed
once more. A million take some minutes on two cores, so they are kept under a name that changes with
the layout of the tokens and with the crowd.
"""

import hashlib
import multiprocessing
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench import crowd
from bench.crowd import Crowd
from hub.matching import tokens
from hub.matching.tokens import TokenMaker
from hub.protocols.names import EpochId, new_id
from hub.protocols.token_record import (
    FILTERS_BYTES,
    LAYOUT,
    SLOTS,
    TOKENS_BYTES,
    KeyedRecord,
    LinkageKey,
    rekey,
)

EPOCH: Final = EpochId(new_id("ep", datetime(2026, 9, 1, tzinfo=UTC), bytes(10)))
LINKAGE_KEY: Final = LinkageKey(bytes(range(32)))
HUB_KEY: Final = bytes(range(32, 64))
_RECORD_BYTES: Final = TOKENS_BYTES + FILTERS_BYTES
_CHUNK: Final = 5_000


class Records:
    """Keyed records by their number."""

    def __init__(self, rows: NDArray[np.uint8]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def block(self, numbers: range) -> NDArray[np.uint8]:
        """Some records, one a row: tokens, then filters."""
        rows: NDArray[np.uint8] = self._rows[numbers.start : numbers.stop]
        return rows


def stored_records(count: int, cache: Path) -> Records:
    """The records of the first `count` of the crowd, made now unless they are kept."""
    path = cache / f"records-{records_key()}-{count}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _write(path, count)
    return Records(np.load(path, mmap_mode="r"))


def told_again(numbers: range) -> Iterator[KeyedRecord]:
    """The same people as another authority has them."""
    crowd_of, maker = _crowd(), _maker(f"again {numbers.start}")
    for number in numbers:
        yield rekey(maker.make(crowd_of.as_told_by_another(crowd_of.person(number), number)), HUB_KEY)


def _write(path: Path, count: int) -> None:
    starts = range(0, count, _CHUNK)
    fresh = path.with_suffix(".tmp.npy")
    rows = np.lib.format.open_memmap(fresh, "w+", dtype=np.uint8, shape=(count, _RECORD_BYTES))
    spans = [(start, min(start + _CHUNK, count)) for start in starts]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for (start, end), block in zip(spans, pool.imap(_block, spans), strict=True):
            rows[start:end] = np.frombuffer(block, np.uint8).reshape(-1, _RECORD_BYTES)
            print(f"\r{end:,} of {count:,} people's tokens made", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    rows.flush()
    fresh.replace(path)


def _block(span: tuple[int, int]) -> bytes:
    maker = _maker(f"block {span[0]}")
    keyed = (rekey(maker.make(person), HUB_KEY) for person in _crowd().people(*span))
    return b"".join(record.tokens + record.filters for record in keyed)


@cache
def _crowd() -> Crowd:
    return Crowd()


def _maker(seed: str) -> TokenMaker:
    return TokenMaker(LINKAGE_KEY, EPOCH, random.Random(seed).randbytes)


def records_key() -> str:
    """A name that changes with the layout, with how tokens are made, and with the crowd."""
    sources = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (tokens, crowd))
    return hashlib.sha256(f"{LAYOUT}{SLOTS}{sources}".encode()).hexdigest()[:16]
