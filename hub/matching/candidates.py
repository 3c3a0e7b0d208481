"""Which records are worth comparing: those that share a posted token.

Decides the keys that a record is posted and looked up under, and which of the records found are
taken further. A token that very many records share (a common pair of names) says little and costs
much: it is followed only where no other token finds anybody. The index here lies in memory and
serves evaluation and tests; a store keeps the same keys in a table and asks the same questions.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.evidence import Record
from hub.protocols.token_record import posted_tokens

HEAVY: Final = 300
"""Records sharing one token above which it is followed only where nothing else finds anybody."""

Places = NDArray[np.int64]


def posting_keys(record: Record) -> list[bytes]:
    """Return the eight-byte keys that a record is posted and looked up under, each once."""
    return list(dict.fromkeys(posted_tokens(record)))


class InvertedIndex:
    """Posting key to the places of the records that hold it, for a file that no longer changes."""

    def __init__(self, records: Sequence[Record]) -> None:
        keys, holders = _postings(records)
        order = np.argsort(keys, kind="stable")
        self._keys, self._holders = keys[order], holders[order]

    @property
    def bytes(self) -> int:
        """Bytes of the postings in memory."""
        return self._keys.nbytes + self._holders.nbytes

    def find(self, records: Sequence[Record]) -> tuple[Places, Places]:
        """Return the candidate pairs, each once: places in `records`, places in the index."""
        keys, seekers = _postings(records)
        start = np.searchsorted(self._keys, keys, side="left")
        count = np.searchsorted(self._keys, keys, side="right") - start
        light = count <= HEAVY
        found = np.zeros(len(records), dtype=bool)
        found[seekers[light & (count > 0)]] = True
        follow = (count > 0) & (light | ~found[seekers])
        return self._pairs(seekers[follow], start[follow], count[follow])

    def _pairs(self, seekers: Places, start: Places, count: Places) -> tuple[Places, Places]:
        seeking = np.repeat(seekers, count)
        offsets = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        holders = self._holders[np.repeat(start, count) + offsets]
        width = int(self._holders.max(initial=0)) + 1
        unique = np.unique(seeking * width + holders)
        return unique // width, unique % width


def _postings(records: Sequence[Record]) -> tuple[NDArray[np.uint64], Places]:
    keys = [posting_keys(record) for record in records]
    joined = np.frombuffer(b"".join(key for some in keys for key in some), dtype="<u8").astype(np.uint64)
    holders = np.repeat(np.arange(len(records), dtype=np.int64), [len(some) for some in keys])
    return joined, holders
