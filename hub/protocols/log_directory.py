"""The log as a folder: what is written to it, and the check of all of it from its files alone.

Decides for an auditor whether a folder (or web address) in the C2SP tlog-tiles layout is the log
that its checkpoint signs: that tiles hash to the signed root, that every entry is the one its
leaf hash says, and that an earlier checkpoint is its beginning. It needs no database and no word
of the hub's. Each tile is proved by the one above it before anything below is read, so the first
thing that is wrong can be named. What entries say is not decided here: their openings are
elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.protocols.checkpoint import Checkpoint, parse_checkpoint, verify_quorum
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.merkle import HASH_BYTES, Frontier, Nodes, leaf_hash, root_at
from hub.protocols.signed_note import NoteKey, decode_note, parse_note
from hub.protocols.tiles import (
    FULL_WIDTH,
    TILE_HEIGHT,
    ReadFile,
    TileName,
    bundle_bytes,
    bundles_of,
    entries_path,
    nodes_of_tiles,
    parse_tile_path,
    read_bundle,
    read_tile,
    tile_bytes,
    tiles_of,
    width_at,
)

ReadLeaves = Callable[[int, int], Sequence[bytes]]
"""(first, end) -> the data of the leaves from `first` up to, not including, `end`."""

CHECKPOINT: Final = "checkpoint"
"""Path of the signed checkpoint below the log's prefix."""


@dataclass(frozen=True, slots=True)
class LogAudit:
    """What was read, checked and found right."""

    checkpoint: Checkpoint
    tiles: int
    bundles: int
    entries: int


def files_of(note: str, nodes: Nodes, leaves: ReadLeaves, since: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file of the log under this checkpoint, the checkpoint last.

    With `since`, only what a folder written at that size lacks. Whoever reads a folder while it is
    written in this order always finds all that the checkpoint there signs.
    """
    size = parse_checkpoint(parse_note(note).text).size
    for bundle in bundles_of(size, since):
        first = FULL_WIDTH * bundle.index
        yield bundle.path, bundle_bytes(leaves(first, first + bundle.width))
    for tile in tiles_of(size, since):
        yield tile.path, tile_bytes(tile, nodes)
    yield CHECKPOINT, note.encode()


def verify_directory(
    read: ReadFile,
    key: NoteKey | str,
    *,
    witnesses: Iterable[NoteKey | str] = (),
    quorum: int = 0,
    earlier: Checkpoint | None = None,
) -> LogAudit:
    """Check every file of the log that its checkpoint signs, under the pinned key; return the counts.

    `read` is asked for file after file, so it can show progress; `earlier` is a checkpoint of this
    log that the auditor remembers. Raises `Untrusted`: "log-file" for a missing file, "log-tile" or
    "log-entry" for the first bad one by name, "log-root" where all files agree with one another but
    not with the signed root, "log-shrunk" or "log-rewritten" where `earlier` is no beginning of this
    log. Raises also whatever `checkpoint.verify_quorum` does.
    """
    checkpoint = verify_quorum(decode_note(_read(read, CHECKPOINT)), key, witnesses, quorum)
    audit = _Audit(read, checkpoint.size)
    audit.check_edge(checkpoint.root)
    counts = LogAudit(checkpoint, audit.tiles, audit.bundles, audit.entries)
    if earlier is not None:
        _check_earlier(earlier, checkpoint, nodes_of_tiles(audit.tile_bytes, checkpoint.size))
    return counts


class _Audit:
    """One walk from the signed root down to the entries, with what it has counted so far."""

    def __init__(self, read: ReadFile, size: int) -> None:
        self._read = read
        self._size = size
        self.tiles = self.bundles = self.entries = 0

    def check_edge(self, root: bytes) -> None:
        """Check the partial tiles, which together give the root, and all that hangs below them."""
        edge = {name: self._tile(name) for name in _edge_of(self._size)}
        files = {name.path: b"".join(hashes) for name, hashes in edge.items()}
        if root_at(self._size, nodes_of_tiles(files.__getitem__, self._size)) != root:
            raise self._first_disagreement()
        for name, hashes in edge.items():
            self._check_below(name, hashes)

    def tile_bytes(self, path: str) -> bytes:
        """Read a tile whose absence or wrong length is told by its name."""
        return b"".join(self._tile(parse_tile_path(path)))

    def _check_below(self, name: TileName, hashes: Sequence[bytes]) -> None:
        """Check what hangs below a tile that is itself proved."""
        if not name.level:
            self._check_entries(name, hashes)
            return
        for offset, expected in enumerate(hashes):
            child = TileName(name.level - 1, name.index * FULL_WIDTH + offset)
            below = self._tile(child)
            if Frontier().extend(below)[0].root() != expected:
                raise _bad_tile(child)
            self._check_below(child, below)

    def _check_entries(self, name: TileName, hashes: Sequence[bytes]) -> None:
        entries = self._bundle(name.index, name.width)
        for number, (entry, expected) in enumerate(zip(entries, hashes, strict=True)):
            if len(entry) != HASH_BYTES or leaf_hash(entry) != expected:
                index = name.index * FULL_WIDTH + number
                raise Untrusted("log-entry", f"entry {index} is not the commitment that the log signed")
        self.entries += name.width

    def _first_disagreement(self) -> Untrusted:
        """Build the tree anew from the entries, and name the first tile that tells it otherwise."""
        frontier, told = Frontier(), nodes_of_tiles(self.tile_bytes, self._size)
        for bundle in bundles_of(self._size):
            entries = self._bundle(bundle.index, bundle.width)
            frontier, nodes = frontier.extend(map(leaf_hash, entries))
            for level, index, value in nodes:
                if level % TILE_HEIGHT == 0 and told(level, index) != value:
                    tile = TileName(level // TILE_HEIGHT, index // FULL_WIDTH)
                    return _bad_tile(replace(tile, width=width_at(tile, self._size)))
        return Untrusted("log-root", "entries and tiles agree, but they are not those that the log signed")

    def _tile(self, name: TileName) -> list[bytes]:
        try:
            hashes = read_tile(_read(self._read, name.path), name.width)
        except MalformedMessage:
            raise _bad_tile(name) from None
        self.tiles += 1
        return hashes

    def _bundle(self, index: int, width: int) -> list[bytes]:
        path = entries_path(index, width)
        try:
            entries = read_bundle(_read(self._read, path), width)
        except MalformedMessage:
            raise Untrusted("log-entry", f"{path} does not hold as many whole entries as it should") from None
        self.bundles += 1
        return entries


def _edge_of(size: int) -> Iterator[TileName]:
    """Name the partial tiles of a tree, highest first: they cover its leaves from left to right."""
    for level in range(size.bit_length() // TILE_HEIGHT, -1, -1):
        index, width = divmod(size >> TILE_HEIGHT * level, FULL_WIDTH)
        if width:
            yield TileName(level, index, width)


def _check_earlier(earlier: Checkpoint, checkpoint: Checkpoint, nodes: Nodes) -> None:
    if earlier.origin != checkpoint.origin:
        raise Untrusted("checkpoint-origin", "the remembered checkpoint is of another log")
    if earlier.size > checkpoint.size:
        raise Untrusted("log-shrunk", "the log is shorter than it was; keep both checkpoints")
    if root_at(earlier.size, nodes) != earlier.root:
        raise Untrusted("log-rewritten", "the log no longer begins as it did; keep both checkpoints")


def _read(read: ReadFile, path: str) -> bytes:
    try:
        return read(path)
    except (OSError, LookupError):
        raise Untrusted("log-file", f"{path} is missing or cannot be read") from None


def _bad_tile(name: TileName) -> Untrusted:
    return Untrusted("log-tile", f"{name.path} does not hold the hashes that the log signed")
