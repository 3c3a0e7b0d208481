"""Compounds joined: who shares a token with somebody who shares another token with a third.

Where equal tokens of several views all mean the same last name (or birthday, or first name), the
records hang together in chains, and what is known of one record of a chain is known of all. This
is how tokens that tell little one by one may tell much together. Decides the chains of a target;
a chain is a group like those of equal tokens, so the other attacks work on it unchanged.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from hub.matching.attacks.held import Groups, Held, Places
from hub.matching.attacks.votes import how_telling

SURE: Final = 0.98
"""Chance of sharing the value from which sharing a token counts as sharing the value."""


def sure_views(public: Held, codes: Places) -> tuple[str, ...]:
    """Return the views in which equal tokens mean the same value, learnt from public people."""
    return tuple(name for name, groups in public.groups.items() if how_telling(groups, codes) >= SURE)


def chain(held: Held, views: Iterable[str]) -> Groups:
    """Return the records that hang together through these views."""
    links = [held.groups[name] for name in views]
    label = np.arange(len(held), dtype=np.int64)
    while True:
        before = label.copy()
        for groups in links:
            _take_least(label, groups)
        if np.array_equal(before, label):
            return _by_label(label)


def _take_least(label: Places, groups: Groups) -> None:
    if len(groups.sizes):
        least = np.minimum.reduceat(label[groups.holders], groups.starts)
        np.minimum.at(label, groups.holders, least[groups.number])


def _by_label(label: Places) -> Groups:
    order = np.argsort(label, kind="stable")
    _, number, sizes = np.unique(label[order], return_inverse=True, return_counts=True)
    shared = sizes > 1
    kept = shared[number]
    renumbered = np.cumsum(shared) - 1
    return Groups(order[kept], renumbered[number[kept]], sizes[shared])
