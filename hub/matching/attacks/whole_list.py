"""Somebody who already has the same list of people in clear looks for each of them in the index.

Hashes the list under a key of his own and compares not tokens but how each record hangs together
with the others: with how many it shares a token of each view, with how many those share one, and
so on. A pattern that is met once on both sides is one person. Bands do not count: which records share
one depends on the key. No keyed hashing that keeps equality can withstand this; the figure says
how much of a list its owner would find again.
"""

from typing import Final

import numpy as np

from hub.matching.attacks.held import VIEWS, Held
from hub.matching.attacks.votes import Votes
from hub.matching.evidence import Rows
from hub.protocols.token_record import SLOTS

STEPS: Final = 3
"""How far around a record its pattern looks."""

_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
"""Multipliers of SplitMix64 (Steele, Lea, Flood 2014): any that mix well would do."""


_BY_KEY: Final = frozenset(view.name for view in VIEWS if SLOTS[view.columns[0]].kind == "band")


def find_by_pattern(held: Held, public: Held) -> Votes:
    """Return who each record of a unique pattern is: the code is the place among the public."""
    ours, theirs = _patterns(held), _patterns(public)
    patterns, first, times = np.unique(theirs, return_index=True, return_counts=True)
    place = np.minimum(np.searchsorted(patterns, ours), len(patterns) - 1)
    _, inverse, own_times = np.unique(ours, return_inverse=True, return_counts=True)
    found = np.flatnonzero((patterns[place] == ours) & (times[place] == 1) & (own_times[inverse] == 1))
    return Votes(found, first[place[found]].astype(np.int64), np.ones(len(found)))


def _patterns(held: Held) -> Rows:
    pattern = _mix(held.marks.astype(np.uint64))
    for _ in range(STEPS):
        grown = _mix(pattern)
        for number, (view, groups) in enumerate(held.groups.items(), start=1):
            if len(groups.sizes) and view not in _BY_KEY:
                around = np.add.reduceat(pattern[groups.holders], groups.starts)
                np.add.at(grown, groups.holders, _mix(around + np.uint64(number))[groups.number])
        pattern = grown
    return pattern


def _mix(numbers: Rows) -> Rows:
    mixed = numbers + _ODD[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _ODD[1]
    return mixed ^ (mixed >> np.uint64(27))
