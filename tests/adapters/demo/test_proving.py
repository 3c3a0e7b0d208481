"""The log is proved from its folder alone, and an altered copy never passes."""

from hashlib import sha256
from pathlib import Path

import pytest

from adapters.demo.proving import Opened, prove
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.entry import Opening, commit
from hub.protocols.errors import Untrusted
from hub.protocols.log_directory import files_of
from hub.protocols.merkle import Frontier, leaf_hash, root_at
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import vkey

KEY, ORIGIN = SigningKey.from_seed(bytes(32)), "hub.example"
VKEY = vkey(ORIGIN, KEY.public)


def openings(count: int) -> list[Opening]:
    """Entries of which every third is a release."""
    kinds = ("published", "release", "confirmation")
    return [
        Opening({"kind": kinds[number % 3], "delivery": f"dis_{number}"}, sha256(b"%d" % number).digest())
        for number in range(count)
    ]


def write(folder: Path, entries: list[Opening]) -> dict[int, Opened]:
    """Write a log of these entries; return them as the members open them."""
    leaves = [commit(one.record, one.salt) for one in entries]
    table = {(level, index): value for level, index, value in Frontier().extend(map(leaf_hash, leaves))[1]}
    note = sign_checkpoint(
        Checkpoint(ORIGIN, len(leaves), root_at(len(leaves), lambda level, index: table[level, index])),
        KEY,
        ORIGIN,
    )
    files = files_of(note, lambda level, index: table[level, index], lambda first, end: leaves[first:end])
    for path, data in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return {index: Opened(index, one, frozenset({"kent"})) for index, one in enumerate(entries)}


@pytest.mark.parametrize(
    ("size", "mended"), [(16, "log-root: entries and tiles agree"), (304, "log-tile: tile/0/000 ")]
)
def test_every_entry_is_proved_and_two_alterations_are_caught(tmp_path: Path, size: int, mended: str) -> None:
    """One entry changed, then its tile mended to fit: both are named, and the folder itself stays whole."""
    opened = write(tmp_path, openings(size))
    for _ in range(2):
        proved = prove(tmp_path, VKEY, opened, {})
        assert (proved.proofs, proved.audit.entries) == (size, size)
        assert proved.disclosures == len([one for one in opened.values() if one.kind == "release"])
        assert proved.caught[0].startswith(f"log-entry: entry {proved.altered} ")
        assert proved.caught[1].startswith(mended)


def test_an_opening_that_is_not_what_the_log_holds_is_refused(tmp_path: Path) -> None:
    """A member that was shown another record than the log commits to is told so."""
    opened = write(tmp_path, openings(32))
    told = Opening({"kind": "release", "delivery": "another"}, opened[4].opening.salt)
    with pytest.raises(Untrusted, match="entry-opening"):
        prove(tmp_path, VKEY, opened | {4: Opened(4, told, frozenset())}, {})
