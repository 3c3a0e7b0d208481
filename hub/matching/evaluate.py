"""How well the matching does on two files whose true pairs are known, through hashes alone.

Decides the figures of `hub match evaluate`: everything between reading the files and counting is
what the broker does, on tokens under a passing linkage key. It changes no weights.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.assignment import assign_one_to_one
from hub.matching.candidates import InvertedIndex, Places
from hub.matching.evidence import Rows, rows_of
from hub.matching.people_files import KnownPerson
from hub.matching.tokens import TokenMaker, random_linkage_key
from hub.matching.training import unshown_fields
from hub.matching.verdict import Millibits, score_pairs
from hub.matching.weights import Weights, frozen_weights
from hub.protocols.names import EpochId
from hub.protocols.token_record import TokenRecord

BLOCK: Final = 20_000
"""Pairs scored at once: some 60 MB while they are compared."""

_EPOCH: Final = EpochId("ep_" + "0" * 26)
_EVEN: Final = 1_000
_REPORT_EVERY: Final = 1_000

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


def _untold(_stage: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures; shares from 0 to 1. `precision`, `recall` and `f1` at the best threshold."""

    left: int
    right: int
    true_pairs: int
    candidates: int
    candidate_recall: float
    precision: float
    recall: float
    f1: float
    threshold_bits: float
    precision_label_free: float
    recall_label_free: float
    f1_label_free: float
    records_per_s: float
    index_bytes_a_record: int
    weights_version: str


def evaluate(
    left: Sequence[KnownPerson],
    right: Sequence[KnownPerson],
    truth: set[tuple[str, str]],
    progress: Progress = _untold,
    *,
    weights: Weights | None = None,
    randomness: Callable[[int], bytes],
    clock: Callable[[], float] = time.perf_counter,
) -> Evaluation:
    """Match two files one to one and count against the truth."""
    started = clock()
    used = (weights or frozen_weights()).for_sizes(len(left), len(right))
    used = used.without(unshown_fields([one.person for one in left], [one.person for one in right]))
    maker = TokenMaker(random_linkage_key(randomness), _EPOCH, randomness)
    lefts = _make(left, maker, "left tokens", progress)
    rights = _make(right, maker, "right tokens", progress)
    index = InvertedIndex(rights)
    row_bytes = rows_of(rights)
    seekers, holders = index.find(lefts)
    scores = _score(rows_of(lefts), row_bytes, seekers, holders, used, progress)
    kept = assign_one_to_one(seekers, holders, scores)
    seconds = clock() - started
    places = {one.id: place for place, one in enumerate(right)}
    wanted = {one.id: place for place, one in enumerate(left)}
    true_pairs = {(wanted[one], places[other]) for one, other in truth}
    pairs = list(zip(seekers.tolist(), holders.tolist(), strict=True))
    is_true = np.array([pairs[place] in true_pairs for place in kept.tolist()], dtype=bool)
    best = _best_threshold(scores[kept], is_true, len(true_pairs))
    own = _at(int((scores[kept] >= used.certain).sum()), is_true, len(true_pairs))
    return Evaluation(
        left=len(left),
        right=len(right),
        true_pairs=len(true_pairs),
        candidates=len(pairs),
        candidate_recall=_share(len(true_pairs.intersection(pairs)), len(true_pairs)),
        precision=best.precision,
        recall=best.recall,
        f1=best.f1,
        threshold_bits=best.threshold / 1000,
        precision_label_free=own.precision,
        recall_label_free=own.recall,
        f1_label_free=own.f1,
        records_per_s=(len(left) + len(right)) / seconds if seconds else math.inf,
        index_bytes_a_record=round((row_bytes.nbytes + index.bytes) / max(len(right), 1)),
        weights_version=used.version,
    )


@dataclass(frozen=True, slots=True)
class _Figures:
    precision: float
    recall: float
    f1: float
    threshold: int = 0


def _make(
    people: Sequence[KnownPerson], maker: TokenMaker, stage: str, progress: Progress
) -> list[TokenRecord]:
    records = []
    for done, one in enumerate(people, start=1):
        records.append(maker.make(one.person))
        if done % _REPORT_EVERY == 0 or done == len(people):
            progress(stage, done, len(people))
    return records


def _score(
    left: Rows, right: Rows, seekers: Places, holders: Places, weights: Weights, progress: Progress
) -> Millibits:
    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(seekers), BLOCK):
        block = slice(start, start + BLOCK)
        found.append(score_pairs(left[seekers[block]], right[holders[block]], weights).millibits)
        progress("comparing", min(start + BLOCK, len(seekers)), len(seekers))
    return np.concatenate(found)


def _best_threshold(scores: Millibits, is_true: NDArray[np.bool_], true_pairs: int) -> _Figures:
    """The threshold that gives the best F1; equal scores stand or fall together."""
    if not len(scores):
        return _Figures(0, 0, 0)
    right = np.cumsum(is_true)
    f1 = 2 * right / (np.arange(1, len(scores) + 1) + true_pairs)
    last_of_equals = np.append(scores[1:] != scores[:-1], True)
    cut = int(np.argmax(np.where(last_of_equals, f1, -1))) + 1
    found = _at(cut, is_true, true_pairs)
    return _Figures(found.precision, found.recall, found.f1, int(scores[cut - 1]))


def _at(cut: int, is_true: NDArray[np.bool_], true_pairs: int) -> _Figures:
    right = int(is_true[:cut].sum())
    return _Figures(_share(right, cut), _share(right, true_pairs), _share(2 * right, cut + true_pairs))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
