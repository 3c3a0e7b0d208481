"""The index as an attacker finds it: equal tokens column by column, marks in clear, filters.

Decides in which ways the index is looked at: every slot by itself, and all slots of one kind
together, since tokens of one kind can be equal across slots. A token that a single record holds
says nothing and is left out here. Works on tokens as members made them and as the hub hashed them
once more, alike: an attack reads equality, never a token.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.evidence import Record, Rows, rows_of
from hub.protocols.token_record import FILTER_BYTES, FILTERS_BYTES, RARITIES, SLOTS

Places = NDArray[np.int64]
"""Places of records, or of whatever else is numbered."""

FILTER_BITS: Final = 8 * FILTER_BYTES
_FILTER_WORDS: Final = FILTERS_BYTES // 8
_WORD_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class View:
    """One way of looking at the index: the slots in which equal tokens count."""

    name: str
    columns: tuple[int, ...]


def _views() -> tuple[View, ...]:
    kinds: dict[str, list[int]] = defaultdict(list)
    for place, slot in enumerate(SLOTS):
        kinds[slot.kind].append(place)
    single = (View(slot.name, (place,)) for place, slot in enumerate(SLOTS))
    pooled = (View(f"{kind} (all)", tuple(all_)) for kind, all_ in kinds.items() if len(all_) > 1)
    return (*single, *pooled)


VIEWS: Final = _views()


@dataclass(frozen=True, slots=True)
class Groups:
    """Who shares a token: the holders of the first group, then of the second, and so on."""

    holders: Places
    number: Places
    """To which group each holder belongs."""
    sizes: Places

    @property
    def starts(self) -> Places:
        """Where each group begins among the holders."""
        found: Places = np.cumsum(self.sizes) - self.sizes
        return found


@dataclass(frozen=True, slots=True)
class Held:
    """Some records of one epoch and who shares what among them."""

    groups: dict[str, Groups]
    """By the name of the view."""
    marks: Places
    """What the head of each record says in clear: rarity step and twin, as one number."""
    filters: Rows
    """Two filters a record, first name then last name."""

    def __len__(self) -> int:
        return len(self.marks)


def hold(records: Sequence[Record]) -> Held:
    """Return what can be seen of these records, all of one epoch."""
    rows = rows_of(records)
    head, tokens, filters = np.split(rows, [1, rows.shape[1] - _FILTER_WORDS], axis=1)
    twin, rarity = (head[:, 0] >> np.uint64(8 * byte) & np.uint64(0xFF) for byte in (1, 2))
    marks = (rarity + twin * np.uint64(RARITIES)).astype(np.int64)
    return Held({view.name: _share(tokens, view) for view in VIEWS}, marks, filters)


def filter_bits(filters: Rows, which: int) -> NDArray[np.float32]:
    """Return one filter of each record as ones and noughts; 0 is the first name's, 1 the last name's."""
    words = np.ascontiguousarray(filters[:, which * _FILTER_WORDS // 2 : (which + 1) * _FILTER_WORDS // 2])
    return np.unpackbits(words.view(np.uint8), axis=1).astype(np.float32)


def _share(tokens: Rows, view: View) -> Groups:
    found = tokens[:, view.columns].ravel()
    holders = np.repeat(np.arange(len(tokens), dtype=np.int64), len(view.columns))
    order = np.lexsort((holders, found))
    found, holders = found[order], holders[order]
    same_as_before = np.zeros(len(found), dtype=bool)
    same_as_before[1:] = (found[1:] == found[:-1]) & (holders[1:] == holders[:-1])
    # zero is an absent group, never a token; a record that holds a token twice counts once
    found, holders = (some[~same_as_before & (found != 0)] for some in (found, holders))
    _, number, sizes = np.unique(found, return_inverse=True, return_counts=True)
    shared = sizes > 1
    kept = shared[number]
    renumbered = np.cumsum(shared) - 1
    return Groups(holders[kept], renumbered[number[kept]], sizes[shared])
