"""A log that we wrote is a log to others, and theirs to us: both ways, with code that is not ours."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Signer, Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import ConsistencyProof, ConsistencyProofInvalid, InclusionProof, InclusionProofInvalid
from tlog_scales.writer import TilesWriter

from hub.protocols.checkpoint import Checkpoint, add_cosignature, cosign, sign_checkpoint
from hub.protocols.log_directory import files_of, verify_directory
from hub.protocols.merkle import (
    EMPTY_ROOT,
    Frontier,
    Nodes,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import vkey, witness_vkey
from tests.independent.verify_log import verify_log

ORIGIN = "hub.example/log"
SEED = bytes(range(32))
KEY = SigningKey.from_seed(SEED)
LOG = vkey(ORIGIN, KEY.public)
LARGEST = 66_000
"""Leaves: more than 256 times 256, so that there are tiles of three levels."""

LEAVES = [sha256(b"leaf %d" % number).digest() for number in range(LARGEST)]


def all_nodes() -> Nodes:
    """All subtrees over these leaves as a store keeps them."""
    completed = Frontier().extend(map(leaf_hash, LEAVES))[1]
    table = {(level, index): value for level, index, value in completed}
    return lambda level, index: table[level, index]


NODES = all_nodes()


def note_of(size: int) -> str:
    """Our checkpoint at one size."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, root_at(size, NODES)), KEY, ORIGIN)


def write(folder: Path, size: int, since: int = 0) -> Path:
    """Write our log at one size into a folder."""
    for path, data in files_of(note_of(size), NODES, lambda first, end: LEAVES[first:end], since):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def reader_of(folder: Path) -> Callable[[str], bytes]:
    """Read files of a folder for our own audit."""
    return lambda path: (folder / path).read_bytes()


@dataclass(frozen=True)
class Damage:
    """One change behind the log's back."""

    path: str
    place: int


@pytest.mark.parametrize("size", [1, 48, 256, 1000])
def test_others_prove_every_entry_of_our_log(tmp_path: Path, size: int) -> None:
    """Signature, root, each entry's inclusion and growth from earlier sizes hold in their code too."""
    checkpoint = verify_log(write(tmp_path, size), LOG)
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
    assert checkpoint.root_hash == root_at(size, NODES)


def test_others_find_the_root_of_a_log_of_three_levels(tmp_path: Path) -> None:
    """Tiles of every level stand where they look for them."""
    reader = TilesReader(LocalBackend(write(tmp_path, LARGEST)))
    checkpoint = reader.get_checkpoint()
    assert reader.calculate_root_hash() == checkpoint.root_hash == root_at(LARGEST, NODES)
    for index in (0, 255, 256, 65_535, 65_536, LARGEST - 1):
        assert reader.get_entry(index) == LEAVES[index]
        proof = reader.get_inclusion_proof(index, LARGEST)
        assert proof.node_hashes == inclusion_proof(index, LARGEST, NODES)
        proof.check(leaf_hash(LEAVES[index]), checkpoint.root_hash)


def test_others_prove_our_log_after_it_grew(tmp_path: Path) -> None:
    """A folder to which only the new files were added is whole to them."""
    write(write(tmp_path, 250), 520, since=250)
    assert verify_log(tmp_path, LOG).size == 520


@pytest.mark.parametrize(
    "damage",
    [
        Damage("tile/entries/000", 5),
        Damage("tile/0/001", 0),
        Damage("tile/1/000.p/3", 40),
        Damage("checkpoint", 17),
    ],
)
def test_others_refuse_our_log_when_it_was_altered(tmp_path: Path, damage: Damage) -> None:
    """One bit of an entry, a tile or the checkpoint, and their code does not accept the log either."""
    target = write(tmp_path, 1000) / damage.path
    data = bytearray(target.read_bytes())
    data[damage.place] ^= 1
    target.write_bytes(bytes(data))
    with pytest.raises((ValueError, InclusionProofInvalid, InvalidSignature, RuntimeError)):
        verify_log(tmp_path, LOG)


def test_others_and_we_make_the_same_proofs() -> None:
    """For every leaf and pair of sizes to 40, our proofs pass their checks."""
    for size in range(1, 41):
        root = root_at(size, NODES)
        for index in range(size):
            ours = inclusion_proof(index, size, NODES)
            InclusionProof(index, size, ours).check(leaf_hash(LEAVES[index]), root)
            with pytest.raises(InclusionProofInvalid):
                InclusionProof(index, size, ours).check(leaf_hash(b"another"), root)
        for old in range(1, size + 1):
            grown = consistency_proof(old, size, NODES)
            ConsistencyProof(old, size, grown).check(root_at(old, NODES), root)
            with pytest.raises(ConsistencyProofInvalid):
                ConsistencyProof(old, size, grown).check(EMPTY_ROOT, root)


def test_others_read_our_witnesses() -> None:
    """The lines of two witnesses verify under their keys, and under nobody else's."""
    seeds = {"kent.example/witness": bytes([1]) * 32, "medway.example/witness": bytes([2]) * 32}
    note, now = note_of(48), datetime(2026, 11, 21, 9, tzinfo=UTC)
    keys = []
    for name, seed in seeds.items():
        key = SigningKey.from_seed(seed)
        note = add_cosignature(note, cosign(note, key, name, now))
        keys.append(Vkey.from_string(witness_vkey(name, key.public)))
    checkpoint = TheirCheckpoint.from_text(note)
    found = VkeySet(Vkey.from_string(LOG), *keys).verify(checkpoint.signatures, checkpoint)
    assert {key.name for key, _ in found} == {ORIGIN, *seeds}
    assert checkpoint.serialize() == note


@pytest.mark.parametrize("sizes", [[1], [48], [200, 300], [256, 512, 1000]])
def test_we_prove_every_entry_of_their_log(tmp_path: Path, sizes: list[int]) -> None:
    """A log that their writer made in several steps passes our audit, and its files are ours to the byte."""
    folder = tmp_path / "theirs"
    writer = TilesWriter.create(folder, ORIGIN)
    for first, size in pairwise([0, *sizes]):
        for leaf in LEAVES[first:size]:
            writer.add_leaf(leaf)
        writer.commit([PlainEd25519Signer(ORIGIN, SEED)])
    assert verify_directory(reader_of(folder), LOG).entries == sizes[-1]
    ours = dict(files_of(note_of(sizes[-1]), NODES, lambda first, end: LEAVES[first:end]))
    assert ours == {path: (folder / path).read_bytes() for path in ours}


def test_we_check_their_proofs(tmp_path: Path) -> None:
    """Proofs that their code makes from tiles pass our checks."""
    reader = TilesReader(LocalBackend(write(tmp_path, 600)))
    root = reader.get_checkpoint().root_hash
    for place in range(1, 600, 37):
        proof = reader.get_inclusion_proof(place, 600)
        verify_inclusion(place, 600, leaf_hash(LEAVES[place]), proof.node_hashes, root)
        growth = reader.get_consistency_proof(place, 600)
        verify_consistency(place, 600, reader.mth(0, place), root, growth.node_hashes)


SKIPPED = 77
"""Exit code of a check whose tool is not installed."""

GO = "sh", str(Path(__file__).with_name("verify_log_go.sh"))


def test_the_go_project_s_own_code_proves_our_log(tmp_path: Path) -> None:
    """Where Go and its x/mod sources are installed, they accept our log and refuse an altered one."""
    proved = subprocess.run(
        [*GO, str(write(tmp_path, 600)), LOG], capture_output=True, text=True, check=False
    )
    if proved.returncode == SKIPPED:
        pytest.skip(proved.stderr.strip())
    assert (proved.returncode, proved.stdout) == (
        0,
        f"{ORIGIN}: 600 entries proved by golang.org/x/mod/sumdb\n",
    )
    bundle = tmp_path / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"\x00")
    refused = subprocess.run([*GO, str(tmp_path), LOG], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "refused: invalid transparency proof" in refused.stderr
