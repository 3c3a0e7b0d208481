"""The log as static files: one name for one tile, and bytes that cannot be misread."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import MalformedMessage
from hub.protocols.merkle import Frontier, Nodes, leaf_hash, root_at
from hub.protocols.tiles import (
    FULL_WIDTH,
    TileName,
    bundle_bytes,
    bundles_of,
    entries_path,
    nodes_of_tiles,
    parse_tile_path,
    read_bundle,
    read_tile,
    tile_bytes,
    tile_path,
    tiles_of,
    width_at,
)


def stored(size: int) -> Nodes:
    """All subtrees of a tree as a store keeps them."""
    _, nodes = Frontier().extend(leaf_hash(b"entry %d" % number) for number in range(size))
    table = {(node.level, node.index): node.hash for node in nodes}
    return lambda level, index: table[level, index]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tile/0/000", TileName(0, 0)),
        ("tile/0/999.p/1", TileName(0, 999, 1)),
        ("tile/1/x001/000", TileName(1, 1000)),
        ("tile/0/x001/x234/067", TileName(0, 1234067)),
        ("tile/63/000.p/255", TileName(63, 0, 255)),
        ("tile/entries/x001/234.p/17", TileName(None, 1234, 17)),
    ],
)
def test_a_tile_has_one_path(path: str, name: TileName) -> None:
    """Names and paths are those of the format, both ways."""
    assert parse_tile_path(path) == name
    assert name.path == path


@pytest.mark.parametrize(
    "path",
    [
        "", "/tile/0/000", "tile/0/000/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
        "tile/64/000", "tile/-1/000", "tile/0/x000/001", "tile/0/001/000", "tile/0/x001",
        "tile/0/x001/x000", "tile/0/001x", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
        "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/1/", "tile/0/../0/000", "tile/entries/../0/000",
        "tile/0/%30%30%30", "tile/0/000\n", "tile/0/\u0660\u0660\u0660", "tile/\u0660/000",
        "tile/entry/000", "tile/data/000", "checkpoint", "tile/0/X001/000", "tile/0/000.P/1",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
    ],
)  # fmt: skip
def test_any_other_path_is_refused(path: str) -> None:
    """No second spelling of a path, no way out of the folder, nothing beyond the format's bounds."""
    with pytest.raises(MalformedMessage) as fault:
        parse_tile_path(path)
    assert fault.value.code == "tile-path"


@given(st.integers(0, 63) | st.none(), st.integers(0, 10**12), st.integers(1, FULL_WIDTH))
def test_every_name_survives_its_path(level: int | None, index: int, width: int) -> None:
    """A path read back names what it was written for."""
    name = TileName(level, index, width)
    assert parse_tile_path(name.path) == name
    assert name.path == (entries_path(index, width) if level is None else tile_path(level, index, width))


@given(st.text(alphabet="tile/0139x.pentrs", max_size=24).map("tile/".__add__))
def test_whatever_is_accepted_is_spelt_as_we_spell_it(path: str) -> None:
    """If a path is taken at all, it is the one path of its tile."""
    try:
        name = parse_tile_path(path)
    except MalformedMessage:
        return
    assert name.path == path


def test_the_example_of_the_format_has_its_tiles() -> None:
    """A tree of 70,000 leaves is made of the tiles that the format's own example counts."""
    tiles = list(tiles_of(70_000))
    assert [tile for tile in tiles if tile.width < FULL_WIDTH] == [
        TileName(0, 273, 112), TileName(1, 1, 17), TileName(2, 0, 1),
    ]  # fmt: skip
    assert [sum(tile.level == level for tile in tiles) for level in range(4)] == [274, 2, 1, 0]
    assert list(bundles_of(70_000))[-1] == TileName(None, 273, 112)


def test_a_full_tile_has_its_hash_in_the_one_above() -> None:
    """With exactly 256 leaves there is one full tile and a tile of one hash above it."""
    assert list(tiles_of(256)) == [TileName(0, 0), TileName(1, 0, 1)]
    nodes = stored(256)
    assert tile_bytes(TileName(1, 0, 1), nodes) == nodes(8, 0) == root_at(256, nodes)


def test_an_empty_log_has_no_tiles() -> None:
    """Empty tiles are never served."""
    assert list(tiles_of(0)) == list(bundles_of(0)) == []


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=5).map(sorted))
def test_growth_writes_exactly_what_the_new_tree_has_more(sizes: list[int]) -> None:
    """Tiles written at each growth, together, are all that a reader of any of these trees needs."""
    written: set[TileName] = set()
    for since, size in pairwise([0, *sizes]):
        written |= {*tiles_of(size, since), *bundles_of(size, since)}
        assert {*tiles_of(size), *bundles_of(size)} <= written


@given(st.integers(0, 70_000), st.integers(0, 63) | st.none(), st.integers(0, 300))
def test_a_tile_may_be_served_as_wide_as_the_tree_has_it(size: int, level: int | None, index: int) -> None:
    """The width of a tile in a tree is that under which the tree lists it, or none."""
    listed = [*tiles_of(size), *bundles_of(size)]
    widths = [name.width for name in listed if (name.level, name.index) == (level, index)]
    assert width_at(TileName(level, index), size) == sum(widths)


def test_a_tile_is_its_hashes_one_after_another() -> None:
    """The bytes of a tile are the leaf hashes in order, and read back as such."""
    nodes = stored(300)
    data = tile_bytes(TileName(0, 1, 44), nodes)
    assert read_tile(data, 44) == [leaf_hash(b"entry %d" % number) for number in range(256, 300)]


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65, 96])
def test_a_tile_of_another_length_is_refused(length: int) -> None:
    """A cut or padded tile is not read as a narrower or wider one."""
    with pytest.raises(MalformedMessage) as fault:
        read_tile(bytes(length), 2)
    assert fault.value.code == "tile-length"


def test_a_bundle_is_length_prefixed_entries() -> None:
    """Two bytes of length, most significant first, then the entry, and nothing between."""
    data = bundle_bytes([b"a", b"", b"b" * 258])
    assert data == b"\x00\x01a" + b"\x00\x00" + b"\x01\x02" + b"b" * 258
    assert read_bundle(data, 3) == [b"a", b"", b"b" * 258]


def test_an_entry_too_long_for_its_prefix_is_refused() -> None:
    """The longest entry goes in whole, a longer one not at all."""
    assert read_bundle(bundle_bytes([b"x" * 65_535]), 1) == [b"x" * 65_535]
    with pytest.raises(MalformedMessage) as fault:
        bundle_bytes([b"x" * 65_536])
    assert fault.value.code == "entry-length"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_a_bundle_survives_the_round_trip_and_no_truncation(entries: list[bytes]) -> None:
    """Each bundle reads back; cut anywhere, lengthened, or taken for another width, it is refused."""
    data, width = bundle_bytes(entries), len(entries)
    assert read_bundle(data, width) == entries
    damaged = [(data[:end], width) for end in range(len(data))]
    damaged += [(data + b"\x00", width), (data + b"\x00\x00", width), (data, width + 1), (data, width - 1)]
    for cut, claimed in damaged:
        with pytest.raises(MalformedMessage) as fault:
            read_bundle(cut, claimed)
        assert fault.value.code == "bundle-length"


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 65_536, 66_000])
def test_the_tree_can_be_read_back_from_its_tiles(size: int) -> None:
    """Whoever has the tiles alone finds every subtree of the tree, at every level."""
    nodes = stored(size)
    files = {name.path: tile_bytes(name, nodes) for name in tiles_of(size)}
    from_tiles = nodes_of_tiles(files.__getitem__, size)
    assert root_at(size, from_tiles) == root_at(size, nodes)
    assert root_at(size - 1, from_tiles) == root_at(size - 1, nodes)
    for level in range(size.bit_length()):
        last = (size >> level) - 1
        assert from_tiles(level, last) == nodes(level, last)
