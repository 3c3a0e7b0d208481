"""The Merkle tree: proofs hold for what is in the tree and for nothing else."""

import json
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.merkle import (
    EMPTY_ROOT,
    Frontier,
    Nodes,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors/merkle/transparency-dev-merkle-testdata.json").read_text()
)
LARGEST = 70
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(LARGEST)]


def recomputed_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word: the slow answer that the fast one must equal."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + recomputed_root(leaves[:split]) + recomputed_root(leaves[split:])).digest()


def recomputed_nodes(leaves: list[bytes]) -> Nodes:
    """Each subtree by the definition."""
    return lambda level, index: recomputed_root(leaves[index << level : index + 1 << level])


@pytest.fixture(scope="module")
def stored() -> Nodes:
    """All subtrees of the largest tree as a store keeps them."""
    _, nodes = Frontier().extend(LEAVES)
    table = {(node.level, node.index): node.hash for node in nodes}
    return lambda level, index: table[level, index]


def of(kind: str) -> list[Any]:
    """The published cases of one kind, each under the name its authors gave it."""
    return [pytest.param(row["case"], id=row["path"]) for row in VECTORS if f"/{kind}/" in row["path"]]


def accepts(check: Callable[[], None]) -> bool:
    """Whether the check lets it pass; any fault but `Untrusted` goes through."""
    try:
        check()
    except Untrusted:
        return False
    return True


def decoded(values: list[str] | None) -> list[bytes]:
    """Hashes of a published case; `null` stands for none."""
    return [b64decode(value) for value in values or []]


@pytest.mark.parametrize("case", of("inclusion"))
def test_published_inclusion_cases_are_judged_as_published(case: dict[str, Any]) -> None:
    """Every published inclusion case is accepted or refused as its authors say."""
    leaf, root, proof = b64decode(case["leafHash"]), b64decode(case["root"]), decoded(case["proof"])
    accepted = accepts(lambda: verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof, root))
    assert accepted is not case["wantErr"]


@pytest.mark.parametrize("case", of("consistency"))
def test_published_consistency_cases_are_judged_as_published(case: dict[str, Any]) -> None:
    """Every published consistency case is accepted or refused as its authors say."""
    roots = b64decode(case["root1"]), b64decode(case["root2"])
    accepted = accepts(
        lambda: verify_consistency(case["size1"], case["size2"], *roots, decoded(case["proof"]))
    )
    assert accepted is not case["wantErr"]


def test_all_published_cases_are_run() -> None:
    """None of the 196 cases is left out by the way they are picked."""
    assert len(of("inclusion")) + len(of("consistency")) == len(VECTORS) == 196


def test_hashes_are_those_of_the_standard() -> None:
    """A leaf and a node can never be taken for one another: their prefixes differ."""
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"ab") != node_hash(b"a", b"b")
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_appending_gives_the_subtrees_that_a_recomputation_gives() -> None:
    """Growth by single leaves completes the very subtrees, and has the very roots, of the definition."""
    frontier, stored = Frontier(), {}
    for size, leaf in enumerate(LEAVES, start=1):
        frontier, nodes = frontier.append(leaf)
        stored.update({(node.level, node.index): node.hash for node in nodes})
        assert frontier.size == size
        assert frontier.root() == recomputed_root(LEAVES[:size])
    complete = {(level, index) for level in range(7) for index in range(LARGEST >> level)}
    recomputed = recomputed_nodes(LEAVES)
    assert stored == {place: recomputed(*place) for place in complete}


@given(st.integers(0, LARGEST), st.data())
def test_appending_a_slot_equals_appending_its_leaves(size: int, data: st.DataObject) -> None:
    """A slot that is appended at once completes the same subtrees as its leaves one by one."""
    start = data.draw(st.integers(0, size))
    before, _ = Frontier().extend(LEAVES[:start])
    at_once, nodes = before.extend(LEAVES[start:size])
    singly, expected = before, []
    for leaf in LEAVES[start:size]:
        singly, completed = singly.append(leaf)
        expected += completed
    assert (at_once, nodes) == (singly, expected)


def test_a_frontier_read_back_is_the_frontier_that_was(stored: Nodes) -> None:
    """After a restart the right edge at any size comes back from the stored subtrees."""
    for size in range(LARGEST + 1):
        frontier, _ = Frontier().extend(LEAVES[:size])
        assert frontier_at(size, stored) == frontier
        assert root_at(size, stored) == recomputed_root(LEAVES[:size])


@pytest.mark.parametrize(
    ("size", "hashes"), [(1, ()), (3, (LEAVES[0],)), (0, (LEAVES[0],)), (-1, (LEAVES[0],))]
)
def test_a_frontier_with_another_number_of_hashes_is_refused(size: int, hashes: tuple[bytes, ...]) -> None:
    """A right edge that cannot be that of its size is never appended to."""
    with pytest.raises(MalformedMessage) as fault:
        Frontier(size, hashes)
    assert fault.value.code == "log-frontier"


def test_every_leaf_of_every_tree_can_be_proved(stored: Nodes) -> None:
    """For all sizes and all leaves the proof holds for its leaf, and for no other place or size."""
    for size in range(1, LARGEST + 1):
        root = root_at(size, stored)
        for index in range(size):
            proof = inclusion_proof(index, size, stored)
            verify_inclusion(index, size, LEAVES[index], proof, root)
            assert not accepts(lambda: verify_inclusion(index ^ 1, size, LEAVES[index], proof, root))  # noqa: B023 - called at once


def test_every_tree_is_proved_to_begin_with_every_earlier_one(stored: Nodes) -> None:
    """For all pairs of sizes the proof holds, and not with the two roots exchanged."""
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, stored)
            roots = root_at(old, stored), root_at(new, stored)
            verify_consistency(old, new, *roots, proof)
            exchanged = accepts(lambda: verify_consistency(old, new, *roots[::-1], proof))  # noqa: B023 - called at once
            assert exchanged is (old == new)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 5), (5, 5), (2, -1)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int, stored: Nodes) -> None:
    """Asking for a leaf outside the tree is the asker's fault, told with a code."""
    with pytest.raises(MalformedMessage) as fault:
        inclusion_proof(index, size, stored)
    assert fault.value.code == "log-proof-range"


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_proof_is_made_from_nothing_or_backwards(old: int, new: int, stored: Nodes) -> None:
    """A proof from the empty tree would prove nothing, so none is given."""
    with pytest.raises(MalformedMessage) as fault:
        consistency_proof(old, new, stored)
    assert fault.value.code == "log-proof-range"


def test_a_proof_from_the_empty_tree_is_refused(stored: Nodes) -> None:
    """Nobody can present "it began with nothing" as a proof that the log only grew."""
    for new in (0, 1, 8):
        with pytest.raises(Untrusted) as fault:
            verify_consistency(0, new, EMPTY_ROOT, root_at(new, stored), [])
        assert fault.value.code == "log-consistency"


def test_hashes_of_another_length_are_refused(stored: Nodes) -> None:
    """A shortened or lengthened hash proves nothing, wherever it stands."""
    proof, leaf, root = inclusion_proof(2, 7, stored), LEAVES[2], root_at(7, stored)
    for short in (b"", leaf[:31], leaf + b"\x00"):
        for parts in ((short, proof, root), (leaf, [*proof[:-1], short], root), (leaf, proof, short)):
            assert not accepts(lambda: verify_inclusion(2, 7, *parts))  # noqa: B023 - called at once
    old, new, path = root_at(4, stored), root_at(7, stored), consistency_proof(4, 7, stored)
    for short in (b"", old[:31], old + b"\x00"):
        for ends in ((short, new, path), (old, short, path), (old, new, [short])):
            assert not accepts(lambda: verify_consistency(4, 7, *ends))  # noqa: B023 - called at once


def test_hashes_of_one_wrong_length_do_not_make_a_tree_of_their_own() -> None:
    """A tree built of hashes that are not 32 bytes is refused even where its roots agree."""
    left, right = b"left", b"right"
    with pytest.raises(Untrusted):
        verify_inclusion(0, 2, left, [right], node_hash(left, right))
    with pytest.raises(Untrusted):
        verify_consistency(1, 2, left, node_hash(left, right), [right])


SIZES = st.integers(1, LARGEST)


@given(SIZES, st.data())
def test_a_path_longer_than_the_tree_is_high_is_refused(size: int, data: st.DataObject) -> None:
    """A hash more, even under a root that was made to fit it, does not put the leaf in that tree."""
    nodes = recomputed_nodes(LEAVES)
    index = data.draw(st.integers(0, size - 1))
    proof, extra = inclusion_proof(index, size, nodes), leaf_hash(b"extra")
    with pytest.raises(Untrusted):
        verify_inclusion(index, size, LEAVES[index], [*proof, extra], node_hash(extra, root_at(size, nodes)))


@given(SIZES, st.data())
def test_a_consistency_path_longer_than_the_tree_is_high_is_refused(new: int, data: st.DataObject) -> None:
    """A hash more, even under roots that were made to fit it, does not show growth."""
    nodes = recomputed_nodes(LEAVES)
    old = data.draw(st.integers(1, new))
    proof, extra = consistency_proof(old, new, nodes), leaf_hash(b"extra")
    first, second = (node_hash(extra, root_at(size, nodes)) for size in (old, new))
    with pytest.raises(Untrusted):
        verify_consistency(old, new, first, second, [*proof, extra])


@given(SIZES, st.data())
def test_a_tampered_inclusion_proof_is_never_accepted(size: int, data: st.DataObject) -> None:
    """One flipped bit, one hash more, fewer or exchanged, another place or size: refused."""
    nodes = recomputed_nodes(LEAVES)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, nodes), root_at(size, nodes)
    tampered = data.draw(damaged([LEAVES[index], root, *proof]))
    with pytest.raises(Untrusted):
        verify_inclusion(index, size, tampered[0], tampered[2:], tampered[1])


@given(SIZES, st.integers(0, LARGEST), st.data())
def test_an_inclusion_proof_holds_at_its_own_place_alone(size: int, other: int, data: st.DataObject) -> None:
    """A proof of one leaf shows no other leaf, and its leaf at no other index."""
    nodes = recomputed_nodes(LEAVES)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, nodes), root_at(size, nodes)
    if other != index:
        with pytest.raises(Untrusted):
            verify_inclusion(other, size, LEAVES[index], proof, root)
        with pytest.raises(Untrusted):
            verify_inclusion(index, size, leaf_hash(b"entry %d" % other), proof, root)


@given(SIZES, st.data())
def test_a_tampered_consistency_proof_is_never_accepted(new: int, data: st.DataObject) -> None:
    """One flipped bit, one hash more, fewer or exchanged: refused, whatever the two sizes."""
    nodes = recomputed_nodes(LEAVES)
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, nodes)
    tampered = data.draw(damaged([root_at(old, nodes), root_at(new, nodes), *proof]))
    with pytest.raises(Untrusted):
        verify_consistency(old, new, tampered[0], tampered[1], tampered[2:])


@given(st.integers(-2, 2**64), st.integers(-2, 2**64), st.lists(st.binary(max_size=40), max_size=70))
def test_no_answer_but_untrusted_is_given_to_nonsense(first: int, second: int, hashes: list[bytes]) -> None:
    """Whatever numbers and bytes arrive, the only fault is the typed one, and it comes at once."""
    repeated = [LEAVES[2]] * len(hashes)
    assert not accepts(lambda: verify_inclusion(first, second, LEAVES[0], hashes, LEAVES[1]))
    assert not accepts(lambda: verify_inclusion(first, second, LEAVES[0], repeated, LEAVES[1]))
    assert not accepts(lambda: verify_consistency(first, second, LEAVES[0], LEAVES[1], hashes))
    assert not accepts(lambda: verify_consistency(first, second, LEAVES[0], LEAVES[1], repeated))


@st.composite
def damaged(draw: st.DrawFn, values: list[bytes]) -> list[bytes]:
    """Damage two ends and their proof in one way: a bit, a hash more, a hash fewer, two exchanged."""
    place = draw(st.integers(0, len(values) - 1))
    flipped = bytearray(values[place])
    flipped[draw(st.integers(0, 31))] ^= 1 << draw(st.integers(0, 7))
    ways = [[*values[:place], bytes(flipped), *values[place + 1 :]], [*values, values[place]]]
    if len(values) > 2:
        ways.append(values[:-1])
    if len(values) > 3:
        ways.append([*values[:2], values[3], values[2], *values[4:]])
    return draw(st.sampled_from(ways))
