"""Frequency attacks: what is common among tokens is common among people.

Decides two of them. By rank: nobody leaks anything; the attacker hashes public people under a key
of his own, sorts the groups of equal tokens by size on both sides and lays them against each
other. By known pairs: a member leaks what the commonest tokens stand for, one holder each.
"""

import numpy as np
from numpy.typing import NDArray

from hub.matching.attacks.held import Groups, Places
from hub.matching.attacks.votes import Known, Votes


def lay_by_rank(held: Groups, public: Groups, public_codes: Places) -> Votes:
    """Return what each group is taken for: the value most met in the public group of the same rank."""
    codes, share = _mostly(public, public_codes)
    ties = np.unique(public.sizes, return_inverse=True, return_counts=True)
    chance = share / ties[2][ties[1]]
    theirs, ours = (np.argsort(-some.sizes, kind="stable") for some in (public, held))
    laid = min(len(theirs), len(ours))
    code_of = np.full(len(held.sizes), -1, dtype=np.int64)
    chance_of = np.zeros(len(held.sizes))
    code_of[ours[:laid]], chance_of[ours[:laid]] = codes[theirs[:laid]], chance[theirs[:laid]]
    said = code_of[held.number] >= 0
    number = held.number[said]
    return Votes(held.holders[said], code_of[number], chance_of[number])


def commonest_known(groups: Groups, count: int, chance: np.random.Generator) -> Known:
    """Return which entries a leak of so many pairs gives away: one holder in each of the largest groups."""
    largest = np.argsort(-groups.sizes, kind="stable")[:count]
    known = np.zeros(len(groups.holders), dtype=bool)
    known[groups.starts[largest] + chance.integers(0, groups.sizes[largest])] = True
    return known


def _mostly(groups: Groups, codes: Places) -> tuple[Places, NDArray[np.float64]]:
    """The value most met in each group, below 0 where none is known, and its share of the group."""
    told = codes[groups.holders] >= 0
    width = int(codes.max(initial=0)) + 1
    met, times = np.unique(groups.number[told] * width + codes[groups.holders[told]], return_counts=True)
    order = np.lexsort((times, met // width))
    most = np.full(len(groups.sizes), -1, dtype=np.int64)
    share = np.zeros(len(groups.sizes))
    # the last written stays, and the largest comes last
    most[met[order] // width] = met[order] % width
    share[met[order] // width] = times[order]
    return most, share / np.maximum(groups.sizes, 1)
