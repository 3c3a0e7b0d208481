"""Proof bundles: an entry is in the log, or the bundle says nothing."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.canonical import unb64u
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.merkle import Frontier, inclusion_proof, leaf_hash
from hub.protocols.proof import LogProof, encode_proof, parse_proof, verify_proof
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import parse_vkey, vkey

OWN = Path(__file__).parents[1] / "vectors/own"
VECTORS: dict[str, Any] = json.loads((OWN / "proof.json").read_text())
WITNESSES: list[str] = json.loads((OWN / "checkpoint.json").read_text())["witnesses"]
KEY = SigningKey.from_seed(bytes(32))
ORIGIN = "hub.example/log"
LOG = vkey(ORIGIN, KEY.public)
LEAVES = [b"entry %d" % number for number in range(21)]


def bundle(index: int, size: int) -> LogProof:
    """The proof of one leaf under a checkpoint that the log signed."""
    frontier, completed = Frontier().extend(map(leaf_hash, LEAVES[:size]))
    table = {(node.level, node.index): node.hash for node in completed}
    path = inclusion_proof(index, size, lambda level, at: table[level, at])
    return LogProof(
        index, tuple(path), sign_checkpoint(Checkpoint(ORIGIN, size, frontier.root()), KEY, ORIGIN)
    )


@pytest.mark.parametrize("case", VECTORS["proofs"], ids=lambda case: case["bundle"].split("\n")[1])
def test_published_bundles_hold(case: dict[str, Any]) -> None:
    """Each published bundle shows its leaf under its checkpoint, with both witnesses."""
    proof = parse_proof(case["bundle"])
    assert encode_proof(proof) == case["bundle"]
    assert verify_proof(proof, unb64u(case["leaf"]), VECTORS["vkey"], WITNESSES, 2).size > proof.index


@pytest.mark.parametrize("case", VECTORS["proofs"], ids=lambda case: case["bundle"].split("\n")[1])
def test_every_truncation_and_flipped_bit_of_a_published_bundle_is_refused(case: dict[str, Any]) -> None:
    """No damaged bundle shows anything, and none causes another fault than a typed one."""
    data, leaf = case["bundle"].encode(), unb64u(case["leaf"])
    log, witnesses = parse_vkey(VECTORS["vkey"]), [parse_vkey(line) for line in WITNESSES]
    damaged = [data[:end] for end in range(len(data))]
    damaged += [
        data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        for at in range(len(data))
        for bit in range(8)
    ]
    for bad in damaged:
        with pytest.raises(ProtocolError):
            verify_proof(parse_proof(bad.decode("utf-8", "surrogateescape")), leaf, log, witnesses, 2)


@given(st.integers(1, len(LEAVES)), st.data())
def test_a_bundle_survives_its_text_and_holds(size: int, data: st.DataObject) -> None:
    """Every leaf of every tree can be proved in one file."""
    index = data.draw(st.integers(0, size - 1))
    proof = bundle(index, size)
    assert parse_proof(encode_proof(proof)) == proof
    assert verify_proof(proof, LEAVES[index], LOG).size == size


def test_another_leaf_is_not_shown() -> None:
    """The bundle of one entry proves nothing about another."""
    for leaf in (LEAVES[4], leaf_hash(LEAVES[3]), b""):
        with pytest.raises(Untrusted) as fault:
            verify_proof(bundle(3, 7), leaf, LOG)
        assert fault.value.code == "log-inclusion"


def test_a_bundle_under_another_checkpoint_does_not_hold() -> None:
    """Index and hashes belong to the size that the checkpoint states."""
    with pytest.raises(Untrusted) as fault:
        verify_proof(replace(bundle(3, 7), checkpoint_note=bundle(3, 21).checkpoint_note), LEAVES[3], LOG)
    assert fault.value.code == "log-inclusion"


def test_a_bundle_of_another_log_or_with_too_few_witnesses_does_not_hold() -> None:
    """The pinned key and the wanted number of witnesses come from the reader, not from the bundle."""
    with pytest.raises(Untrusted) as fault:
        verify_proof(bundle(3, 7), LEAVES[3], vkey(ORIGIN, SigningKey.from_seed(bytes([1]) * 32).public))
    assert fault.value.code == "note-signature"
    with pytest.raises(Untrusted) as fault:
        verify_proof(bundle(3, 7), LEAVES[3], LOG, WITNESSES, 1)
    assert fault.value.code == "checkpoint-quorum"


NOTE = bundle(0, 1).checkpoint_note
HASH = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "proof-form"),
        ("c2sp.org/tlog-proof@v1", "proof-form"),
        ("c2sp.org/tlog-proof@v1\n\n" + NOTE, "proof-form"),
        ("c2sp.org/tlog-proof@v2\nindex 0\n\n" + NOTE, "proof-form"),
        ("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n" + NOTE, "base64-malformed"),
        ("c2sp.org/tlog-proof@v1\nextra 0\n\n" + NOTE, "proof-form"),
        ("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" + NOTE, "proof-form"),
        ("c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 64 + "\n" + NOTE, "proof-form"),
        ("c2sp.org/tlog-proof@v1\nindex 00\n\n" + NOTE, "decimal-malformed"),
        ("c2sp.org/tlog-proof@v1\nindex -1\n\n" + NOTE, "decimal-malformed"),
        ("c2sp.org/tlog-proof@v1\nindex  0\n\n" + NOTE, "decimal-malformed"),
        (f"c2sp.org/tlog-proof@v1\nindex {2**63}\n\n" + NOTE, "decimal-malformed"),
        ("c2sp.org/tlog-proof@v1\r\nindex 0\n\n" + NOTE, "proof-form"),
        ("c2sp.org/tlog-proof@v1\nindex 0\n\n", "note-form"),
    ],
)
def test_what_has_not_the_form_of_a_bundle_is_refused(text: str, code: str) -> None:
    """Other versions, extra data, other numbers, too many hashes: refused, each with its code."""
    with pytest.raises(MalformedMessage) as fault:
        verify_proof(parse_proof(text), LEAVES[0], LOG)
    assert fault.value.code == code


def test_a_proof_as_high_as_any_tree_is_read() -> None:
    """Sixty-three hashes are still a bundle; whether they prove anything is another question."""
    text = "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 63 + "\n" + NOTE
    with pytest.raises(Untrusted):
        verify_proof(parse_proof(text), LEAVES[0], LOG)


def test_a_checkpoint_that_was_moved_down_a_line_is_not_the_one_that_was_signed() -> None:
    """An empty line too many belongs to the text, which the log did not sign so."""
    with pytest.raises(Untrusted):
        verify_proof(parse_proof("c2sp.org/tlog-proof@v1\nindex 0\n\n\n" + NOTE), LEAVES[0], LOG)


@given(st.text(max_size=80))
def test_no_text_causes_another_fault_than_a_typed_one(text: str) -> None:
    """Whatever arrives in place of a bundle is refused with a code, or proves nothing."""
    for bad in (
        text,
        f"c2sp.org/tlog-proof@v1\nindex 0\n{text}\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\n{text}",
    ):
        with pytest.raises(ProtocolError):
            verify_proof(parse_proof(bad), b"not an entry", LOG)
