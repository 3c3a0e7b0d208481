"""From many scored pairs to one-to-one pairs: the best first, nobody twice.

Serves evaluation and training on closed files, where each person has at most one counterpart.
The broker never uses it: with one notice at a time, several claimants are a person's business.
"""

import numpy as np

from hub.matching.candidates import Places
from hub.matching.verdict import Millibits


def assign_one_to_one(left: Places, right: Places, millibits: Millibits) -> Places:
    """Return the places of the pairs kept, best first; equal scores in the order of the records."""
    order = np.lexsort((right, left, -millibits))
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    kept = []
    for place, one, other in zip(order.tolist(), left[order].tolist(), right[order].tolist(), strict=True):
        if one not in taken_left and other not in taken_right:
            taken_left.add(one)
            taken_right.add(other)
            kept.append(place)
    return np.array(kept, dtype=np.int64)
