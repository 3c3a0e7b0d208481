"""The log as static files: names and bytes of tiles and of entry bundles.

Decides what `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]` name and hold, for the hub that
serves them and for whoever reads a copy (C2SP tlog-tiles). A tile is 256 consecutive hashes of
level 8L of the tree; the last one of a level may be partial. Whether a tile belongs to a signed
tree is not decided here but in `log_directory`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hub.protocols.errors import MalformedMessage
from hub.protocols.merkle import HASH_BYTES, Frontier, Nodes

ReadFile = Callable[[str], bytes]
"""Path below the log's prefix -> bytes; raises `OSError` or `LookupError` where there is none."""

TILE_HEIGHT: Final = 8
FULL_WIDTH: Final = 256
MAX_LEVEL: Final = 63
"""Highest tile level of the format; a tree of 2**63 leaves needs eight."""

ENTRY_BYTES: Final = 65_535
"""Longest entry of a bundle in bytes: its length prefix is an unsigned 16-bit number."""

_CACHED_TILES: Final = 64
"""Tiles of 8 KiB that one reader keeps: a proof touches eight, its neighbours mostly the same."""

_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])"
    r"/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


@dataclass(frozen=True, slots=True)
class TileName:
    """One tile or, where `level` is None, one entry bundle; `width` counts its hashes or entries."""

    level: int | None
    index: int
    width: int = FULL_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        suffix = f".p/{self.width}" if self.width < FULL_WIDTH else ""
        return f"tile/{'entries' if self.level is None else self.level}/{_index_path(self.index)}{suffix}"


def tile_path(level: int, index: int, width: int = FULL_WIDTH) -> str:
    """Return the path of a tile."""
    return TileName(level, index, width).path


def entries_path(index: int, width: int = FULL_WIDTH) -> str:
    """Return the path of an entry bundle."""
    return TileName(None, index, width).path


def parse_tile_path(path: str) -> TileName:
    """Return what a path names; raise `MalformedMessage` unless it is exactly as we would write it."""
    match = _PATH.fullmatch(path)
    if match:
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        name = TileName(level, index, int(match["width"] or FULL_WIDTH))
        if name.path == path:
            return name
    raise MalformedMessage("tile-path", "a path like tile/0/x001/234.p/17 or tile/entries/000 was expected")


def width_at(name: TileName, size: int) -> int:
    """Return how many hashes (entries) this tile (bundle) has in a tree of `size` leaves; 0 if none.

    A tile may be served where its own width is no more than this.
    """
    hashes = size >> TILE_HEIGHT * (name.level or 0)
    return max(0, min(FULL_WIDTH, hashes - FULL_WIDTH * name.index))


def tiles_of(size: int, since: int = 0) -> Iterator[TileName]:
    """Name the tiles of a tree of `size` leaves that the tree of `since` leaves did not have."""
    level = 0
    while size >> TILE_HEIGHT * level:
        yield from _row(level, size >> TILE_HEIGHT * level, since >> TILE_HEIGHT * level)
        level += 1


def bundles_of(size: int, since: int = 0) -> Iterator[TileName]:
    """Name the entry bundles of a log of `size` entries that the log of `since` did not have."""
    yield from _row(None, size, since)


def tile_bytes(name: TileName, nodes: Nodes) -> bytes:
    """Return what a tile holds, read from the stored subtrees."""
    level, first = TILE_HEIGHT * (name.level or 0), FULL_WIDTH * name.index
    return b"".join(nodes(level, first + offset) for offset in range(name.width))


def read_tile(data: bytes, width: int) -> list[bytes]:
    """Split a tile into its hashes; raise `MalformedMessage` unless there are exactly `width`."""
    if len(data) != HASH_BYTES * width:
        raise MalformedMessage("tile-length", "a tile holds as many 32-byte hashes as its path says")
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """Return what an entry bundle holds; raise `MalformedMessage` for an entry over 65,535 bytes."""
    if any(len(entry) > ENTRY_BYTES for entry in entries):
        raise MalformedMessage("entry-length", "an entry has at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """Split a bundle into its entries; raise `MalformedMessage` unless there are exactly `width`."""
    entries: list[bytes] = []
    start = 0
    while start < len(data) and len(entries) < width:
        end = start + 2 + int.from_bytes(data[start : start + 2])
        entries.append(data[start + 2 : end])
        start = end
    if start != len(data) or len(entries) != width:
        raise MalformedMessage("bundle-length", "a bundle holds as many whole entries as its path says")
    return entries


def nodes_of_tiles(read: ReadFile, size: int) -> Nodes:
    """Return the subtrees of a tree of `size` leaves as its tiles tell them.

    They are believed only as far as a root that is computed from them equals a signed one. Raises
    `MalformedMessage` for a tile of a wrong length, and whatever `read` raises.
    """

    @lru_cache(maxsize=_CACHED_TILES)
    def tile(level: int, index: int) -> list[bytes]:
        width = width_at(TileName(level, index), size)
        return read_tile(read(tile_path(level, index, width)), width)

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, first = divmod(index << height, FULL_WIDTH)
        hashes = tile(tile_level, tile_index)[first : first + (1 << height)]
        return Frontier().extend(hashes)[0].root()

    return node


def _row(level: int | None, count: int, since: int) -> Iterator[TileName]:
    """Name the tiles of one level that holds `count` hashes, from the one that changed first."""
    if count > since:
        for index in range(since // FULL_WIDTH, (count + FULL_WIDTH - 1) // FULL_WIDTH):
            yield TileName(level, index, min(FULL_WIDTH, count - FULL_WIDTH * index))


def _index_path(index: int) -> str:
    """Write an index in groups of three digits, all but the last after an x: 1234067 is x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))
