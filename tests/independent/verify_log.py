"""Checks a log folder with somebody else's code: nothing here, nor what it imports, is ours.

`tlog-scales` (Apache-2.0) reads C2SP tiles, notes and cosignatures. Run it on any folder that holds
`checkpoint`, `tile/` and, unless the key is given, `vkey`:

    .venv/bin/python tests/independent/verify_log.py demo-out/log [VKEY]
"""

import sys
from pathlib import Path

from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash
from tlog_scales.tlog import Checkpoint, ConsistencyProof, InclusionProof

PREFIXES = 8
"""Earlier sizes between which growth is checked, besides that to the signed size."""


def verify_log(folder: Path, vkey: str) -> Checkpoint:
    """Return the checkpoint of a log whose every leaf is proved; any exception means that it is not."""
    reader = TilesReader(LocalBackend(folder))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(vkey))
    if reader.calculate_root_hash() != checkpoint.root_hash:
        raise ValueError("the tiles do not have the signed root")
    for index in range(checkpoint.size):
        proof = reader.get_inclusion_proof(index, checkpoint.size)
        InclusionProof(index, checkpoint.size, proof.node_hashes).check(
            leaf_hash(reader.get_entry(index)), checkpoint.root_hash
        )
    for size in sorted({1 + checkpoint.size * part // PREFIXES for part in range(PREFIXES)}):
        if size <= checkpoint.size:
            growth = reader.get_consistency_proof(size, checkpoint.size)
            ConsistencyProof(size, checkpoint.size, growth.node_hashes).check(
                reader.mth(0, size), checkpoint.root_hash
            )
    return checkpoint


def main() -> None:
    """Verify the folder named on the command line and say what was found."""
    folder = Path(sys.argv[1])
    vkey = sys.argv[2] if len(sys.argv) > 2 else (folder / "vkey").read_text("utf-8").strip()
    checkpoint = verify_log(folder, vkey)
    sys.stdout.write(f"{checkpoint.origin}: {checkpoint.size} entries proved by tlog-scales\n")


if __name__ == "__main__":
    main()
