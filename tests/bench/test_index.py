"""What is measured finds what looking at everybody finds, and each figure stands beside its limits."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import crowd_records, index
from bench.crowd_records import EPOCH, HUB_KEY, Records, told_again
from bench.index import Asking, Figures, Times
from hub.exchange.ports import Candidate
from hub.exchange.stages import Realm
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.matching.candidates import posting_keys
from hub.matching.evidence import rows_of
from hub.matching.shortlist import judge_found
from hub.matching.verdict import Verdict, score_block, verdicts
from hub.matching.weights import frozen_weights
from hub.protocols.names import MemberId
from hub.protocols.token_record import TOKENS_BYTES, KeyedRecord

STORED = 1_200
KNOWN, UNKNOWN = range(0, STORED, 40), range(100_000, 100_030)

Crowd = tuple[SqlStore, list[KeyedRecord]]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """A store that the benchmark has loaded, and the records that are in it."""
    path = tmp_path_factory.mktemp("index") / "hub.db"
    upgrade(f"sqlite:///{path}")
    rows = np.frombuffer(crowd_records._block((0, STORED)), np.uint8).reshape(STORED, -1)
    index._load(Records(rows), 0, STORED, path)
    store = SqlStore(f"sqlite:///{path}", HUB_KEY)
    yield store, [record_of(row) for row in index._with_common_names(rows, np.arange(STORED))]
    store.close()


def record_of(row: NDArray[np.uint8]) -> KeyedRecord:
    """The record that a row has."""
    return KeyedRecord.from_stored(EPOCH, row[:TOKENS_BYTES].tobytes(), row[TOKENS_BYTES:].tobytes())


def by_looking_at_all(
    record: KeyedRecord, stored: list[KeyedRecord], posted: list[frozenset[bytes]]
) -> dict[str, Verdict]:
    """The verdict on everybody who shares a posted token and is no stranger, without index or memory."""
    keys = frozenset(posting_keys(record))
    near = [number for number, others in enumerate(posted) if keys & others]
    rows = rows_of([stored[number] for number in near])
    likely = np.flatnonzero(score_block(record, rows).millibits >= frozen_weights().second_look)
    judged = verdicts(score_block(record, rows[likely]), [None] * len(likely))
    return {f"ntc_{near[place]:026}": verdict for place, verdict in zip(likely, judged, strict=True)}


def by_index(record: KeyedRecord, store: SqlStore) -> dict[str, Verdict]:
    """The same as the hub does it."""

    def filters(found: list[Candidate], place: int) -> bytes:
        return found[place].open_filters()

    with store.read() as work:
        asking = Asking(record, Realm.TRIAL, MemberId("mbr_asking"))
        found = list(work.index.candidates(asking))  # type: ignore[arg-type]  # the index reads no more of it
        judged = judge_found(record, [one.tokens for one in found], partial(filters, found))
    return {found[place].notice: verdict for place, verdict in judged}


def test_a_look_up_gives_the_verdicts_of_looking_at_everybody(crowd: Crowd) -> None:
    """To the bit, waterfall and all, whether somebody is found or nobody."""
    store, stored = crowd
    posted = [frozenset(posting_keys(record)) for record in stored]
    told = [record for numbers in (KNOWN, UNKNOWN) for record in told_again(numbers)]
    asked = [index._named_commonly(record, number) for number, record in enumerate(told)]
    answers = [by_index(record, store) for record in asked]
    assert answers == [by_looking_at_all(record, stored, posted) for record in asked]
    found = sum(bool(answer) for answer in answers)
    assert len(KNOWN) // 2 < found < len(asked)


def figures(stored: int, times: Times, size: int) -> Figures:
    """What a run measured, so far as limits are set to it."""
    return Figures(stored, times, times, times, 0, size, {}, 0, 0, 0, 0, 0)


def test_each_figure_stands_beside_its_limits() -> None:
    """Speed and slowest hundredth of the largest index; growth by processor time."""
    small = figures(10_000, Times(5000, 0.2, 0.5, 6000, 0.1, 0.4), 1600)
    large = figures(1_000_000, Times(1500, 0.5, 3.0, 2000, 0.4, 1.5), 1700)
    rows = {row["figure"]: (row["measured"], row["must"], row["goal"]) for row in index.held_to(small, large)}
    assert rows == {
        "look-ups a second, 1,000,000 stored": (1500, 1000, 3000),
        "look-ups a second of processor time, 1,000,000 stored": (2000, 1000, 3000),
        "slowest hundredth, ms, 1,000,000 stored": (3.0, 5, 2),
        "slowest hundredth, ms of processor time, 1,000,000 stored": (1.5, 5, 2),
        "bytes a record": (1700, 2500, 1200),
        "growth of a look-up from 10,000 stored": (3.0, 6, 2),
    }
