"""From pieces of evidence to one guess a record: each piece votes, unlikely ones count little.

A piece of evidence says: this record has this value, with this chance of being right. Pieces that
say the same add up as if they were independent: the chance that all of them are wrong is the
product. The best value is guessed, or the commonest where nothing speaks louder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.attacks.facts import Guess
from hub.matching.attacks.held import Groups, Places

Known = NDArray[np.bool_]
"""Of which entries of some groups, or of which records, the attacker knows the value."""

_SUREST: Final = 0.9999


@dataclass(frozen=True, slots=True)
class Votes:
    """One piece of evidence a row: the record, the value, and the chance that it is right."""

    records: Places
    codes: Places
    chance: NDArray[np.float64]


def elect(votes: Sequence[Votes], otherwise: Guess) -> Places:
    """Return the value with the most weight for each record."""
    records = np.concatenate([one.records for one in votes] or [np.zeros(0, dtype=np.int64)])
    named = np.unique(records)
    fallback = Votes(named, otherwise.codes[named], otherwise.chance[named])
    cast = [*votes, fallback]
    records, codes = (
        np.concatenate(some) for some in zip(*((v.records, v.codes) for v in cast), strict=True)
    )
    weights = -np.log1p(-np.minimum(np.concatenate([one.chance for one in cast]), _SUREST))
    width = int(codes.max(initial=0)) + 2
    ballots, inverse = np.unique(records * width + codes + 1, return_inverse=True)
    totals = np.bincount(inverse, weights, len(ballots))
    order = np.lexsort((totals, ballots // width))
    last_of_record = np.diff(ballots[order] // width, append=-1) != 0
    chosen = otherwise.codes.copy()
    chosen[named] = ballots[order][last_of_record] % width - 1
    return chosen


def ask_holders(groups: Groups, known: Known, codes: Places, chance: float) -> Votes:
    """Return what the known entries of each group say about its other holders.

    `known` marks entries of the groups (not records) whose holder's value is known to the attacker.
    """
    teaching = known & (codes[groups.holders] >= 0)
    width = int(codes.max(initial=0)) + 1
    taught = np.unique(groups.number[teaching] * width + codes[groups.holders[teaching]])
    taught_in, taught_codes = taught // width, taught % width
    lessons = np.bincount(taught_in, minlength=len(groups.sizes))
    begin = np.cumsum(lessons) - lessons
    in_group = groups.number[~known]
    count = lessons[in_group]
    offsets = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    guesses = taught_codes[np.repeat(begin[in_group], count) + offsets]
    records = np.repeat(groups.holders[~known], count)
    return Votes(records, guesses, np.full(len(records), chance))


def how_telling(groups: Groups, codes: Places) -> float:
    """Return the chance that two records that share a token of these groups share the value too."""
    told = codes[groups.holders] >= 0
    number, values = groups.number[told], codes[groups.holders[told]]
    _, alike = np.unique(number * (int(codes.max(initial=0)) + 1) + values, return_counts=True)
    return (_pairs(alike) + 0.5) / (_pairs(np.bincount(number)) + 1)


def _pairs(sizes: Places) -> int:
    return int((sizes * (sizes - 1)).sum()) // 2
