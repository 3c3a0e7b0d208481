"""Which of the records that an index found may mean the same person, and the verdict on each.

An index finds everybody who shares one token; nearly all of them are strangers. What such a pair
has in common is mostly one of a few patterns (the starts of both names, a last name and a month).
A verdict follows from the pattern and the weights alone, so it is remembered and no pattern is
scored twice. Filters lie sealed in a store, and opening one costs as much as finding its record: they
are compared only where the birthday is seen to be equal, so no others are opened. The verdicts are
those of `judge`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from hub.matching.evidence import Record, Rows, overlaps, patterns, rows_of
from hub.matching.verdict import Outcome, Verdict, score_pairs, verdicts
from hub.matching.weights import Weights, frozen_weights
from hub.protocols.errors import MalformedMessage
from hub.protocols.token_record import FILTERS_BYTES, TOKENS_BYTES

_WORD: Final = np.dtype("<u8")
_TOKEN_WORDS: Final = TOKENS_BYTES // _WORD.itemsize
_FILTER_WORDS: Final = FILTERS_BYTES // _WORD.itemsize

MOST_PATTERNS: Final = 16_384
"""Patterns remembered, 2 KiB each at most; a million young people show some thousand."""

Judged = dict[bytes, Verdict | None]
"""Patterns and what the weights say of them; None is a stranger."""


class _Memory:
    """What the frozen weights said. Begun anew once full: whoever reads the old one keeps it to the end."""

    __slots__ = ("_judged",)

    def __init__(self) -> None:
        self._judged = Judged()

    def judged(self) -> Judged:
        if len(self._judged) > MOST_PATTERNS:
            self._judged = Judged()
        return self._judged


_memory: Final = _Memory()


def judge_found(
    record: Record,
    found: Sequence[bytes],
    filters: Callable[[int], bytes],
    weights: Weights | None = None,
) -> list[tuple[int, Verdict]]:
    """Return place and verdict of every found record that is more than a stranger's.

    `found` holds the `tokens` of each, all of the record's epoch; `filters` opens the filters of the
    record at a place, and is called only where they can matter. Each is judged by itself, without a
    runner-up. Raises `MalformedMessage` where one has the wrong length.
    """
    if not found:
        return []
    used, mine, rows = weights or frozen_weights(), rows_of([record]), _rows(found)
    seen = _patterns(mine, rows, filters)
    judged = _memory.judged() if weights is None else Judged()
    new = {pattern: place for place, pattern in enumerate(seen) if pattern not in judged}
    if new:
        judged.update(zip(new, _judge(mine, rows[list(new.values())], used), strict=True))
    verdicts_of = ((place, judged[pattern]) for place, pattern in enumerate(seen))
    return [(place, verdict) for place, verdict in verdicts_of if verdict is not None]


def _rows(found: Sequence[bytes]) -> Rows:
    """The found records as rows; their filters stay empty."""
    if any(len(tokens) != TOKENS_BYTES for tokens in found):
        raise MalformedMessage("tokens-size", "stored identifier tokens have the wrong length")
    rows = np.zeros((len(found), _TOKEN_WORDS + _FILTER_WORDS), dtype=_WORD)
    rows[:, :_TOKEN_WORDS] = np.frombuffer(b"".join(found), dtype=_WORD).reshape(len(found), _TOKEN_WORDS)
    return rows


def _patterns(mine: Rows, rows: Rows, filters: Callable[[int], bytes]) -> list[bytes]:
    """All that a verdict follows from, pair by pair; filters that matter are opened into their rows."""
    seen = patterns(mine, rows)
    born = [place for place, pattern in enumerate(seen) if pattern[0]]
    for place in born:
        rows[place, _TOKEN_WORDS:] = np.frombuffer(filters(place), dtype=_WORD)
    for place, overlap in zip(born, overlaps(mine, rows[born]) if born else (), strict=True):
        seen[place] += overlap
    return seen


def _judge(mine: Rows, rows: Rows, weights: Weights) -> Iterator[Verdict | None]:
    """The verdict on each pair, None for strangers."""
    judged = verdicts(score_pairs(mine, rows, weights), [None] * len(rows), weights)
    return (None if verdict.outcome is Outcome.NONE else verdict for verdict in judged)
