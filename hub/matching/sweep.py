"""Precision and recall of scored pairs at every threshold, against a known truth.

Decides how a threshold is judged: a pair counts as found where its score reaches the threshold, so
equal scores stand or fall together. Takes pairs that are already one to one, best first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.matching.verdict import Millibits

IsTrue = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a threshold gives: pairs found, and shares from 0 to 1."""

    millibits: int
    pairs: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs whose score lies from this bit up to the next."""

    bits: int
    true: int
    false: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Scores of pairs, best first, which of them are true, and how many true ones there are at all."""

    scores: Millibits
    is_true: IsTrue
    true_pairs: int

    def at(self, millibits: int) -> Figures:
        """Return the figures of a threshold."""
        pairs = int((self.scores >= millibits).sum())
        right = int(self.is_true[:pairs].sum())
        return Figures(
            millibits,
            pairs,
            share(right, pairs),
            share(right, self.true_pairs),
            share(2 * right, pairs + self.true_pairs),
        )

    def best(self) -> Figures:
        """Return the threshold of the best F1, in hindsight."""
        if not len(self.scores):
            return Figures(0, 0, 0, 0, 0)
        f1 = 2 * np.cumsum(self.is_true) / (np.arange(1, len(self.scores) + 1) + self.true_pairs)
        return self.at(int(self.scores[int(np.argmax(np.where(self._last_of_equals(), f1, -1)))]))

    def recall_at_precision(self, precision: float) -> float:
        """Return the largest recall of a threshold that is at least so precise; 0 where none is."""
        right = np.cumsum(self.is_true)
        precise = right >= precision * np.arange(1, len(right) + 1)
        return share(int(right[precise & self._last_of_equals()].max(initial=0)), self.true_pairs)

    def points(self) -> list[Figures]:
        """Return the figures of every whole bit from the lowest score to the highest."""
        return [self.at(1_000 * bits) for bits in self._whole_bits()]

    def histogram(self) -> list[Bin]:
        """Return how many true and false pairs score how much."""
        bits = self.scores // 1_000
        return [
            Bin(one, int((self.is_true & (bits == one)).sum()), int((~self.is_true & (bits == one)).sum()))
            for one in self._whole_bits()
        ]

    def _whole_bits(self) -> range:
        if not len(self.scores):
            return range(0)
        return range(int(self.scores[-1]) // 1_000, int(self.scores[0]) // 1_000 + 1)

    def _last_of_equals(self) -> IsTrue:
        return np.append(self.scores[1:] != self.scores[:-1], True)[: len(self.scores)]


def share(part: int, whole: int) -> float:
    """Return the part of a whole, 0 of nothing."""
    return part / whole if whole else 0.0
