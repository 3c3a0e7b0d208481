"""How well the matching does on two files whose true pairs are known, through hashes alone.

Decides the figures of `hub match evaluate`: everything between reading the files and counting is
what the broker does, on tokens under a passing linkage key. It changes no weights.
"""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hub.matching.assignment import assign_one_to_one
from hub.matching.candidates import InvertedIndex, Places
from hub.matching.evidence import Rows, rows_of
from hub.matching.nearest import Explained, Kept, explain_nearest
from hub.matching.people_files import KnownPerson
from hub.matching.strata import Pair, Stratum, recall_by_stratum, worst_against_mean
from hub.matching.sweep import Sweep, share
from hub.matching.tokens import TokenMaker, random_linkage_key
from hub.matching.training import unshown_fields
from hub.matching.verdict import Millibits, score_pairs
from hub.matching.weights import Weights, frozen_weights
from hub.protocols.names import EpochId
from hub.protocols.token_record import TokenRecord

BLOCK: Final = 20_000
"""Pairs scored at once: some 60 MB while they are compared."""

RELEASABLE: Final = 0.999
"""Precision at which pairs might be released without a person."""

TRIAL: Final = EpochId("ep_" + "0" * 26)
"""The epoch of records that are made for a trial and never sent."""

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
    recall_at_precision_999: float
    records_per_s: float
    index_bytes_a_record: int
    weights_version: str
    strata: tuple[Stratum, ...]
    worst_stratum_against_mean: float


@dataclass(frozen=True, slots=True)
class Study:
    """An evaluation with what its report draws: every threshold, the weights, the pairs to look at."""

    figures: Evaluation
    sweep: Sweep
    weights: Weights
    nearest: tuple[Explained, ...]


def evaluate(
    left: Sequence[KnownPerson],
    right: Sequence[KnownPerson],
    truth: Collection[Pair],
    progress: Progress = _untold,
    *,
    weights: Weights | None = None,
    randomness: Callable[[int], bytes],
    clock: Callable[[], float] = time.perf_counter,
) -> Evaluation:
    """Match two files one to one and count against the truth.

    A truth that is a mapping also says of which groups a pair is (`strata.SAID`).
    """
    return study(left, right, truth, progress, weights=weights, randomness=randomness, clock=clock).figures


def study(
    left: Sequence[KnownPerson],
    right: Sequence[KnownPerson],
    truth: Collection[Pair],
    progress: Progress = _untold,
    *,
    nearest: int = 0,
    weights: Weights | None = None,
    randomness: Callable[[int], bytes],
    clock: Callable[[], float] = time.perf_counter,
) -> Study:
    """Evaluate as `evaluate` does, and explain so many pairs on either side of the threshold."""
    started = clock()
    matched = _match(left, right, weights or frozen_weights(), randomness, progress)
    seconds = clock() - started
    used, kept = matched.weights, matched.kept
    names = _names(kept)
    sweep = Sweep(matched.scores, np.array([name in truth for name in names], dtype=bool), len(truth))
    best, own = sweep.best(), sweep.at(used.certain)
    by_left, by_right = ({one.id: one for one in people} for people in (left, right))
    people = {pair: (by_left[pair[0]], by_right[pair[1]]) for pair in truth}
    said: Mapping[Pair, Mapping[str, str]] = truth if isinstance(truth, Mapping) else {}
    strata = recall_by_stratum(people, said, set(names[: best.pairs]), set(names[: own.pairs]))
    figures = Evaluation(
        left=len(left),
        right=len(right),
        true_pairs=len(truth),
        candidates=len(matched.candidates),
        candidate_recall=share(sum(pair in matched.candidates for pair in truth), len(truth)),
        precision=best.precision,
        recall=best.recall,
        f1=best.f1,
        threshold_bits=best.millibits / 1000,
        precision_label_free=own.precision,
        recall_label_free=own.recall,
        f1_label_free=own.f1,
        recall_at_precision_999=sweep.recall_at_precision(RELEASABLE),
        records_per_s=(len(left) + len(right)) / seconds if seconds else math.inf,
        index_bytes_a_record=matched.index_bytes_a_record,
        weights_version=used.version,
        strata=strata,
        worst_stratum_against_mean=worst_against_mean(strata, best.recall),
    )
    return Study(figures, sweep, used, explain_nearest(kept, sweep, used, nearest))


@dataclass(frozen=True, slots=True)
class _Matched:
    """Two files matched: every pair compared, and those kept one to one with their scores."""

    candidates: set[Pair]
    kept: Kept
    scores: Millibits
    weights: Weights
    index_bytes_a_record: int


def _match(
    left: Sequence[KnownPerson],
    right: Sequence[KnownPerson],
    weights: Weights,
    randomness: Callable[[int], bytes],
    progress: Progress,
) -> _Matched:
    used = weights.for_sizes(len(left), len(right))
    used = used.without(unshown_fields([one.person for one in left], [one.person for one in right]))
    maker = TokenMaker(random_linkage_key(randomness), TRIAL, randomness)
    lefts = _make(left, maker, "left tokens", progress)
    rights = _make(right, maker, "right tokens", progress)
    index = InvertedIndex(rights)
    left_rows, right_rows = rows_of(lefts), rows_of(rights)
    seekers, holders = index.find(lefts)
    scores = _score(left_rows, right_rows, seekers, holders, used, progress)
    chosen = assign_one_to_one(seekers, holders, scores)
    pairs = zip(seekers.tolist(), holders.tolist(), strict=True)
    return _Matched(
        {(left[one].id, right[other].id) for one, other in pairs},
        Kept(left, right, left_rows, right_rows, seekers[chosen], holders[chosen]),
        scores[chosen],
        used,
        round((right_rows.nbytes + index.bytes) / max(len(right), 1)),
    )


def _names(kept: Kept) -> list[Pair]:
    """The ids of each pair kept."""
    places = zip(kept.left_places.tolist(), kept.right_places.tolist(), strict=True)
    return [(kept.left[one].id, kept.right[other].id) for one, other in places]


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
