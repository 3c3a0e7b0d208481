"""Our matcher on two files, as a tool under test: tokens under a passing key, then hashes alone.

    python bench/matching_hub.py LEFT RIGHT OUT

Only what the broker does stands between the tokens and the scores. `own` is a probability of .95
or more under the frozen weights; `certain` is the verdict that may release: that, a margin over
the next best candidate of either side, first names seen to be alike, and no twin.
"""

import csv
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hub.matching.candidates import InvertedIndex
from hub.matching.evaluate import BLOCK
from hub.matching.evidence import rows_of
from hub.matching.people_files import KnownPerson, read_people
from hub.matching.tokens import TokenMaker, random_linkage_key
from hub.matching.training import unshown_fields
from hub.matching.verdict import score_pairs
from hub.matching.weights import Weights, frozen_weights
from hub.protocols.names import EpochId
from hub.protocols.token_record import TokenRecord

EPOCH = EpochId("ep_" + "0" * 26)
LOWEST = -20_000
"""Millibits below which a pair is left out, for every tool that has bits."""


def main(left: Path, right: Path, out: Path) -> None:
    """Match and write the pairs; tell the seconds of each stage on standard output."""
    lefts, rights = read_people(left), read_people(right)
    begun, spent = time.perf_counter(), time.process_time()
    maker = TokenMaker(random_linkage_key(os.urandom), EPOCH, os.urandom)
    left_tokens, right_tokens = _tokens(maker, lefts), _tokens(maker, rights)
    tokens_made, tokens_spent = time.perf_counter(), time.process_time()
    weights = frozen_weights().for_sizes(len(lefts), len(rights))
    weights = weights.without(unshown_fields([one.person for one in lefts], [one.person for one in rights]))
    index = InvertedIndex(right_tokens)
    seekers, holders = index.find(left_tokens)
    left_rows, right_rows = rows_of(left_tokens), rows_of(right_tokens)
    scores, may_be = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
    for start in range(0, len(seekers), BLOCK):
        block = slice(start, start + BLOCK)
        scored = score_pairs(left_rows[seekers[block]], right_rows[holders[block]], weights)
        scores.append(scored.millibits)
        may_be.append(scored.may_be_certain)
    millibits = np.concatenate(scores)
    certain = np.concatenate(may_be) & _clear(seekers, holders, millibits, weights)
    ended = time.perf_counter()
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["left_id", "right_id", "score", "own", "certain"])
        for place in np.flatnonzero(millibits >= LOWEST).tolist():
            ids = lefts[seekers[place]].id, rights[holders[place]].id
            bits = int(millibits[place])
            rows.writerow([*ids, bits / 1000, int(bits >= weights.certain), int(certain[place])])
    told = {
        "seconds": ended - begun,
        "token_seconds": tokens_made - begun,
        "people_tokenised_per_cpu_s": (len(lefts) + len(rights)) / (tokens_spent - spent),
        "candidates": len(seekers),
        "weights": weights.version,
        "index_bytes_a_record": round((right_rows.nbytes + index.bytes) / len(rights)),
    }
    print(json.dumps(told))


def _tokens(maker: TokenMaker, people: list[KnownPerson]) -> list[TokenRecord]:
    return [maker.make(one.person) for one in people]


def _clear(
    seekers: NDArray[np.int64], holders: NDArray[np.int64], millibits: NDArray[np.int64], weights: Weights
) -> NDArray[np.bool_]:
    """Whether each pair is ahead of every other pair of either of its two by the margin."""
    clear = np.ones(len(millibits), dtype=np.bool_)
    for side in (seekers, holders):
        order = np.lexsort((-millibits, side))
        sides, bits = side[order], millibits[order]
        first = np.append(True, sides[1:] != sides[:-1])[: len(sides)]
        second = np.append(first[1:] | np.zeros(len(first) - 1, dtype=np.bool_), True)[: len(sides)]
        following = np.append(bits[1:], 0)[: len(bits)]
        ahead = first & (second | (bits - following >= weights.margin))
        clear[order] &= ahead
    return clear


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
