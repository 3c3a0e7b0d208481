"""Filters laid beside those of leaked records: they overlap by more than chance on equal birthdays.

Decides what overlap says about the birthday. The salt keeps filters of two birthdays apart, so two
filters that have more in common than chance gives them share the birthday. How much more is
learnt on public people under a key of the attacker's own; then every leaked record speaks for its
birthday, and the best is guessed. Only who sees filters opened can do this: the hub while it
compares, or a thief of database and hub key.
"""

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.attacks.held import Held, Places, filter_bits
from hub.matching.attacks.votes import Known, Votes
from hub.matching.evidence import Rows

BINS: Final = 51
"""Steps of Dice's coefficient from 0 to 1, two hundredths each."""

BLOCK: Final = 500
"""Records laid beside all leaked ones at once."""

_COMBINATIONS: Final = tuple(product((0, 1), repeat=2))
"""First name or last name of either side: names may stand exchanged."""

_Bits = NDArray[np.float32]


def learn_overlaps(public: Held, birthdays: Places, most: int) -> NDArray[np.float64]:
    """Return log2 of how much likelier each overlap is on equal birthdays, by combination and step.

    From the first `most` public people.
    """
    filters, days = _two(public.filters[:most]), birthdays[:most]
    same, all_ = (np.ones((len(_COMBINATIONS), BINS)) for _ in range(2))
    for start in range(0, len(days), BLOCK):
        block = slice(start, start + BLOCK)
        two = np.ones((len(days[block]), len(days)), dtype=bool)
        two[np.arange(len(two)), np.arange(start, start + len(two))] = False
        equal = (days[block, None] == days[None]) & (days[block, None] >= 0) & two
        for place, (mine, theirs) in enumerate(_COMBINATIONS):
            steps = _steps(filters[mine][block], filters[theirs])
            same[place] += np.bincount(steps[equal], minlength=BINS)
            all_[place] += np.bincount(steps[two], minlength=BINS)
    shares = (counts / counts.sum(axis=1, keepdims=True) for counts in (same, all_))
    alike, anybody = (np.log2(share) for share in shares)
    weights: NDArray[np.float64] = alike - anybody
    return weights


def guess_birthdays(
    held: Held,
    leaked: Known,
    asked_for: Known,
    birthdays: Places,
    weights: NDArray[np.float64],
) -> Votes:
    """Return the likeliest birthday of each record asked for, of those that the leaked ones have."""
    teachers = np.flatnonzero(leaked & (birthdays >= 0))
    teachers = teachers[np.argsort(birthdays[teachers], kind="stable")]
    days, starts = np.unique(birthdays[teachers], return_index=True)
    asked = np.flatnonzero(asked_for)
    if not len(days):
        return Votes(asked[:0], asked[:0], np.zeros(0))
    taught = _two(held.filters[teachers])
    best, bits = np.zeros(len(asked), dtype=np.int64), np.zeros(len(asked))
    for start in range(0, len(asked), BLOCK):
        block = slice(start, start + BLOCK)
        evidence = _evidence(_two(held.filters[asked[block]]), taught, weights)
        by_day = np.add.reduceat(evidence, starts, axis=1)
        best[block], bits[block] = by_day.argmax(axis=1), by_day.max(axis=1)
    odds = np.exp2(np.minimum(bits - np.log2(len(days)), 50))
    return Votes(asked, days[best], odds / (1 + odds))


def _evidence(mine: tuple[_Bits, _Bits], theirs: tuple[_Bits, _Bits], weights: NDArray[np.float64]) -> _Bits:
    total: _Bits = np.zeros((len(mine[0]), len(theirs[0])), dtype=np.float32)
    for table, (one, other) in zip(weights.astype(np.float32), _COMBINATIONS, strict=True):
        total += table[_steps(mine[one], theirs[other])]
    return total


def _two(filters: Rows) -> tuple[_Bits, _Bits]:
    return filter_bits(filters, 0), filter_bits(filters, 1)


def _steps(mine: _Bits, theirs: _Bits) -> NDArray[np.int64]:
    """The step of Dice's coefficient of each of `mine` with each of `theirs`."""
    common = 2 * (mine @ theirs.T)
    size = mine.sum(axis=1)[:, None] + theirs.sum(axis=1)[None]
    steps: NDArray[np.int64] = ((BINS - 1) * common / np.maximum(size, 1)).astype(np.int64)
    return steps
