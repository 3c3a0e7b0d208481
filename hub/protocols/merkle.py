"""The Merkle tree of the disclosure log: hashes, growth, and proofs that strangers can check.

Decides whether an entry is in a tree (inclusion) and whether a tree only grew (consistency), for
the hub that makes the proofs and for every member that checks them. RFC 9162 section 2.1 with
SHA-256. A tree is kept as the hashes of its complete subtrees, each named by level and index
(level 0 are the leaves); what stores them is not known here. What a leaf says is in `entry`, who
signed a root is in `checkpoint`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from hub.protocols.errors import MalformedMessage, Untrusted

Nodes = Callable[[int, int], bytes]
"""(level, index) -> hash of that complete subtree, which covers leaves index*2**level onwards."""

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 section 2.1.1)."""


class Node(NamedTuple):
    """A complete subtree: its hash covers leaves index*2**level up to (index+1)*2**level."""

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index(), which nobody needs here
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Hash the data of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above them."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to append a leaf or to state the root.

    `hashes` are the roots of the complete subtrees that make up the tree, largest first: one for
    each bit that is set in `size`. Raises `MalformedMessage` where their number is another.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise MalformedMessage("log-frontier", "a frontier has one hash for each set bit of its size")

    def append(self, leaf: bytes) -> tuple["Frontier", list[Node]]:
        """Add one leaf hash; return the frontier after it and the subtrees that it completed."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> tuple["Frontier", list[Node]]:
        """Add many leaf hashes at once; return the frontier after them and all completed subtrees.

        The sequencer appends whole slots, so one frontier is made for all of them.
        """
        nodes: list[Node] = []
        edge, size = list(self.hashes), self.size
        for leaf in leaves:
            above, level, index = leaf, 0, size
            nodes.append(Node(0, index, above))
            while index & 1:
                level, index, above = level + 1, index >> 1, node_hash(edge.pop(), above)
                nodes.append(Node(level, index, above))
            edge.append(above)
            size += 1
        return Frontier(size, tuple(edge)), nodes

    def root(self) -> bytes:
        """Return the root hash of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        above = self.hashes[-1]
        for left in self.hashes[-2::-1]:
            above = node_hash(left, above)
        return above


def frontier_at(size: int, nodes: Nodes) -> Frontier:
    """Read the frontier that the tree had at `size` leaves from its stored subtrees."""
    return Frontier(size, tuple(nodes(level, index) for level, index in _cover(0, size)))


def root_at(size: int, nodes: Nodes) -> bytes:
    """Return the root that the tree had at `size` leaves."""
    return frontier_at(size, nodes).root()


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Prove that the leaf at `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3.1).

    Raises `MalformedMessage` where there is no such leaf.
    """
    if not 0 <= index < size:
        raise MalformedMessage("log-proof-range", "the tree of that size has no leaf at that index")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(_subtree(split, end, nodes))
            end = split
        else:
            path.append(_subtree(start, split, nodes))
            start = split
    return path[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Prove that the tree of `new` leaves begins with that of `old` (RFC 9162 section 2.1.4.1).

    Raises `MalformedMessage` where `old` is 0 (there is nothing to prove) or beyond `new`.
    """
    if not 0 < old <= new:
        raise MalformedMessage("log-proof-range", "a consistency proof runs from at least one leaf onwards")
    path: list[bytes] = []
    start, end = 0, new
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            path.append(_subtree(split, end, nodes))
            end = split
        else:
            path.append(_subtree(start, split, nodes))
            start = split
    if start:  # otherwise the old tree is itself the first hash, and whoever checks has it
        path.append(_subtree(start, end, nodes))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash `leaf` is at `index` of the tree (RFC 9162 section 2.1.3.2).

    Raises `Untrusted` ("log-inclusion") for whatever does not prove it.
    """
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        raise _not_included()
    node, last, above = index, size - 1, leaf  # step 2: fn, sn; step 3: r
    for sibling in proof:  # step 4
        if last == 0:
            raise _not_included()
        if node & 1 or node == last:
            above = node_hash(sibling, above)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            above = node_hash(above, sibling)
        node, last = node >> 1, last >> 1
    if last or above != root:  # step 5
        raise _not_included()


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the new tree begins with the old one (RFC 9162 section 2.1.4.2).

    Raises `Untrusted` ("log-consistency") for whatever does not prove it, and for an old tree
    without leaves: every tree begins with that one, so such a proof would prove nothing.
    """
    if not 0 < old <= new:
        raise _not_consistent()
    if old == new:  # nothing is hashed: the same tree, or not
        if proof or old_root != new_root:
            raise _not_consistent()
        return
    if not proof or not _are_hashes((old_root, new_root, *proof)):  # step 1
        raise _not_consistent()
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)  # step 2
    if _replay(old, new, path) != (old_root, new_root):
        raise _not_consistent()


def _replay(old: int, new: int, path: list[bytes]) -> tuple[bytes, bytes]:
    """Rebuild both roots from a consistency path (steps 3-7 of the same section)."""
    node, last = old - 1, new - 1  # step 3: fn, sn
    while node & 1:  # step 4
        node, last = node >> 1, last >> 1
    first = second = path[0]  # step 5: fr, sr
    for sibling in path[1:]:  # step 6
        if last == 0:
            raise _not_consistent()
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last:  # step 7
        raise _not_consistent()
    return first, second


def _split(width: int) -> int:
    """Return the largest power of two below `width` (2 or more)."""
    return 1 << (width - 1).bit_length() - 1


def _cover(start: int, end: int) -> Iterable[tuple[int, int]]:
    """Name the complete subtrees that make up leaves `start` to `end`, largest first.

    `start` is a multiple of a power of two that is no less than the width, as in every range that
    the splits of RFC 9162 give.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _subtree(start: int, end: int, nodes: Nodes) -> bytes:
    """Return the hash over leaves `start` to `end`, a range that the splits of RFC 9162 give."""
    return Frontier(end - start, tuple(nodes(level, index) for level, index in _cover(start, end))).root()


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _not_included() -> Untrusted:
    return Untrusted("log-inclusion", "the proof does not show that the entry is in the log; fetch a new one")


def _not_consistent() -> Untrusted:
    return Untrusted("log-consistency", "the proof does not show growth alone; keep both checkpoints")
