"""The log as a folder: an auditor who has nothing but the files finds whatever is wrong, by name."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.checkpoint import Checkpoint, add_cosignature, cosign, sign_checkpoint, verify_checkpoint
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.log_directory import LogAudit, files_of, verify_directory
from hub.protocols.merkle import Frontier, Nodes, leaf_hash, root_at
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import vkey, witness_vkey
from hub.protocols.tiles import bundle_bytes, read_bundle

ORIGIN = "hub.example/log"
KEY = SigningKey.from_seed(bytes(32))
LOG = vkey(ORIGIN, KEY.public)
LARGEST = 66_000
"""Leaves: more than 256 times 256, so that there are tiles of three levels."""

Files = dict[str, bytes]


def leaves(first: int, end: int) -> list[bytes]:
    """Made-up commitments."""
    return [sha256(b"leaf %d" % number).digest() for number in range(first, end)]


def nodes_over(data: list[bytes]) -> Nodes:
    """All subtrees over these leaves as a store keeps them."""
    table = {(level, index): value for level, index, value in Frontier().extend(map(leaf_hash, data))[1]}
    return lambda level, index: table[level, index]


NODES = nodes_over(leaves(0, LARGEST))


def checkpoint(size: int) -> Checkpoint:
    """The log at one size."""
    return Checkpoint(ORIGIN, size, root_at(size, NODES))


def note(size: int) -> str:
    """Its checkpoint, signed."""
    return sign_checkpoint(checkpoint(size), KEY, ORIGIN)


@lru_cache(maxsize=8)
def written(size: int) -> Files:
    """The log at one size, as files, made once."""
    return dict(files_of(note(size), NODES, leaves))


def folder(size: int) -> Files:
    """The log at one size, as files that a test may damage."""
    return dict(written(size))


def verify(files: Files, **wanted: object) -> LogAudit:
    """Audit a folder that is held in memory."""
    return verify_directory(files.__getitem__, LOG, **wanted)  # type: ignore[arg-type]  # passed on as given


def fault_of(files: Files, **wanted: object) -> tuple[str, str]:
    """Code and text of what the auditor finds."""
    with pytest.raises(Untrusted) as fault:
        verify(files, **wanted)
    return fault.value.code, fault.value.detail


@pytest.mark.parametrize(
    ("size", "tiles", "bundles"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (255, 1, 1),
        (256, 2, 1),
        (257, 3, 2),
        (4096, 17, 16),
        (65_536, 258, 256),
        (LARGEST, 261, 258),
    ],
)
def test_a_whole_log_is_checked_from_its_files_alone(size: int, tiles: int, bundles: int) -> None:
    """At every height of tree each file is read, each entry checked, and the counts are told."""
    files = folder(size)
    assert verify(files) == LogAudit(checkpoint(size), tiles, bundles, size)
    assert len(files) == tiles + bundles + 1


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_a_folder_that_grew_is_as_good_as_one_written_at_once(first: int, more: int) -> None:
    """Writing only what is new leaves a folder that verifies, and the older checkpoint is its beginning."""
    files = folder(first)
    files.update(files_of(note(first + more), NODES, leaves, since=first))
    assert verify(files, earlier=checkpoint(first)).entries == first + more


def test_the_checkpoint_is_written_last() -> None:
    """Whoever reads while the folder is written never sees a checkpoint whose tiles are not there yet."""
    assert list(folder(600))[-1] == "checkpoint"


def test_an_altered_entry_is_named() -> None:
    """One entry changed behind the log's back, anywhere: its number is told."""
    for index in (0, 255, 256, 700, 65_535, 65_999):
        files = folder(LARGEST)
        path = next(
            path for path in files if path.startswith("tile/entries/") and f"{index // 256:03}" in path
        )
        width = len(files[path]) // 34
        entries = read_bundle(files[path], width)
        entries[index % 256] = bytes(32)
        files[path] = bundle_bytes(entries)
        assert fault_of(files) == ("log-entry", f"entry {index} is not the commitment that the log signed")


def test_an_entry_that_says_more_than_a_commitment_is_named() -> None:
    """The log holds commitments of 32 bytes only: anything longer is refused even if it was signed."""
    data = [*leaves(0, 3), b"a name in clear text, which nobody may put here"]
    nodes = nodes_over(data)
    signed = sign_checkpoint(Checkpoint(ORIGIN, 4, root_at(4, nodes)), KEY, ORIGIN)
    files = dict(files_of(signed, nodes, lambda first, end: data[first:end]))
    assert fault_of(files)[0] == "log-entry"
    assert "entry 3" in fault_of(files)[1]


@pytest.mark.parametrize(
    "path",
    ["tile/0/000", "tile/0/100", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"],
)
@pytest.mark.parametrize("place", [0, -1])
def test_an_altered_tile_is_named(path: str, place: int) -> None:
    """One bit of one tile, at any level, first or last hash: its path is told."""
    files = folder(LARGEST)
    damaged = bytearray(files[path])
    damaged[place] ^= 1
    files[path] = bytes(damaged)
    assert fault_of(files) == ("log-tile", f"{path} does not hold the hashes that the log signed")


def test_an_entry_altered_together_with_its_tile_is_still_found() -> None:
    """Recomputing the tile over a changed entry helps nobody: the tile above does not agree."""
    altered = leaves(0, 600)
    altered[3] = bytes(32)
    forged = dict(files_of(note(600), nodes_over(altered), lambda first, end: altered[first:end]))
    files = folder(600) | {path: forged[path] for path in ("tile/0/000", "tile/entries/000")}
    assert fault_of(files) == ("log-tile", "tile/0/000 does not hold the hashes that the log signed")


@pytest.mark.parametrize("size", [48, 600])
def test_a_log_rewritten_whole_does_not_have_the_signed_root(size: int) -> None:
    """Whoever rewrites every file consistently but cannot sign is found out by the signature."""
    altered = leaves(0, size)
    altered[3] = bytes(32)
    files = dict(files_of(note(size), nodes_over(altered), lambda first, end: altered[first:end]))
    assert fault_of(files)[0] == "log-root"


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\x00", lambda _: b""])
def test_every_file_of_another_length_is_named(change: Callable[[bytes], bytes]) -> None:
    """A cut or lengthened file is told by its own name, and the checkpoint by its own fault."""
    whole = folder(600)
    for path, data in whole.items():
        files = whole | {path: change(data)}
        if path == "checkpoint":
            with pytest.raises(ProtocolError):
                verify(files)
        else:
            code, detail = fault_of(files)
            assert (code, path in detail) == ("log-entry" if "entries" in path else "log-tile", True)


def test_a_missing_file_is_named() -> None:
    """Whatever the log needs and does not have is told by its path."""
    whole = folder(600)
    for path in whole:
        files = {name: data for name, data in whole.items() if name != path}
        assert fault_of(files) == ("log-file", f"{path} is missing or cannot be read")


def test_a_folder_that_cannot_be_read_is_a_missing_file() -> None:
    """A fault of the disk is told like a missing file, not as a raw error."""

    def read(path: str) -> bytes:
        raise PermissionError(path)

    with pytest.raises(Untrusted) as fault:
        verify_directory(read, LOG)
    assert fault.value.code == "log-file"


def test_every_flipped_bit_of_a_small_log_is_found() -> None:
    """No byte of any file can change unnoticed."""
    whole = folder(5)
    for path, data in whole.items():
        for at in range(len(data)):
            files = whole | {path: data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]}
            with pytest.raises(ProtocolError):
                verify(files)


def test_another_key_does_not_verify_the_log() -> None:
    """The key comes from the auditor, not from the folder."""
    other = vkey(ORIGIN, SigningKey.from_seed(bytes([1]) * 32).public)
    with pytest.raises(Untrusted) as fault:
        verify_directory(folder(5).__getitem__, other)
    assert fault.value.code == "note-signature"


def test_wanted_witnesses_must_have_cosigned() -> None:
    """An auditor who asks for a witness gets its word or a refusal."""
    witness = SigningKey.from_seed(bytes([2]) * 32)
    files, known = folder(5), witness_vkey("kent.example", witness.public)
    assert fault_of(files, witnesses=[known], quorum=1)[0] == "checkpoint-quorum"
    line = cosign(note(5), witness, "kent.example", datetime(2026, 11, 21, 9, tzinfo=UTC))
    files["checkpoint"] = add_cosignature(note(5), line).encode()
    assert verify(files, witnesses=[known], quorum=1).entries == 5


def test_an_earlier_checkpoint_is_the_beginning_of_the_log() -> None:
    """A remembered checkpoint of any size is confirmed; a longer or another one is not."""
    files = folder(600)
    for size in (0, 1, 255, 256, 257, 599, 600):
        assert verify(files, earlier=checkpoint(size)).checkpoint == verify_checkpoint(note(600), LOG)
    assert fault_of(files, earlier=checkpoint(601))[0] == "log-shrunk"
    assert fault_of(files, earlier=Checkpoint(ORIGIN, 300, bytes(32)))[0] == "log-rewritten"
    assert fault_of(files, earlier=Checkpoint("hub.example/other", 300, bytes(32)))[0] == "checkpoint-origin"
