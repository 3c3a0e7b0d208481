"""Proof bundles: one file by which anybody can check offline that an entry is in the log.

Decides what a bundle is and whether it holds: index, inclusion proof, and the signed checkpoint
under which the proof holds (C2SP tlog-proof, version 1). Whose leaf it is must come from
elsewhere: the opening, checked by `entry.check_opening`. Extra data is refused: nothing signs it,
so nothing may depend on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.protocols.checkpoint import Checkpoint, parse_decimal, verify_quorum
from hub.protocols.errors import MalformedMessage
from hub.protocols.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from hub.protocols.signed_note import NoteKey, decode64, encode64, parse_note

HEADER: Final = "c2sp.org/tlog-proof@v1"

MOST_HASHES: Final = 63
"""Hashes in a proof: as many as a tree of 2**63 leaves is high."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """The leaf at `index` is under the root of `checkpoint_note`; `hashes` go from leaf to root."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str


def encode_proof(proof: LogProof) -> str:
    """Return the text of a bundle; by custom its file is named *.tlog-proof."""
    lines = [HEADER, f"index {proof.index}", *map(encode64, proof.hashes), "", proof.checkpoint_note]
    return "\n".join(lines)


def parse_proof(text: str) -> LogProof:
    """Read a bundle; raise `MalformedMessage` unless it has exactly the form of one.

    Nothing of it is believed before `verify_proof`.
    """
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != HEADER or not 2 <= len(lines) <= 2 + MOST_HASHES:
        raise _malformed()
    word, _, index = lines[1].partition(" ")
    path = tuple(decode64(line) for line in lines[2:])
    if word != "index" or any(len(value) != HASH_BYTES for value in path):
        raise _malformed()
    parse_note(note)
    return LogProof(parse_decimal(index), path, note)


def verify_proof(
    proof: LogProof,
    leaf_data: bytes,
    key: NoteKey | str,
    witnesses: Iterable[NoteKey | str] = (),
    quorum: int = 0,
) -> Checkpoint:
    """Return the checkpoint under which the proof shows that `leaf_data` is a leaf of the log.

    Raises `Untrusted` where the log's key did not sign, fewer than `quorum` of the witnesses
    cosigned, or the leaf is not in that tree; `MalformedMessage` where the note is no checkpoint.
    """
    checkpoint = verify_quorum(proof.checkpoint_note, key, witnesses, quorum)
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(leaf_data), proof.hashes, checkpoint.root)
    return checkpoint


def _malformed() -> MalformedMessage:
    return MalformedMessage("proof-form", "a C2SP tlog-proof of version 1 without extra data was expected")
