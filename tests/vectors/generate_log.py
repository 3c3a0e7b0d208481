"""Writes the log's own vectors: entries, checkpoints with cosignatures, proof bundles.

All is made from fixed seeds, so running this again gives the same bytes; a difference is a change of
the wire. Keys, names and records are made up.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Final

from hub.protocols.canonical import Json, b64u
from hub.protocols.checkpoint import Checkpoint, add_cosignature, cosign, sign_checkpoint
from hub.protocols.entry import FILLER, Opening, commit
from hub.protocols.merkle import Frontier, Nodes, consistency_proof, inclusion_proof, leaf_hash, root_at
from hub.protocols.proof import LogProof, encode_proof
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import encode64, vkey, witness_vkey

OWN: Final = Path(__file__).parent / "own"
ORIGIN: Final = "hub.example/log"
WITNESSES: Final = ("kent.example/witness", "medway.example/witness")
SLOT: Final = 16
SIZES: Final = (0, 1, SLOT, 3 * SLOT)
START: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

RECORDS: Final[list[Json]] = [
    {"kind": "notice", "notice": "ntc_06avt5zbkhqf0000000000000r", "slot": "2026-11-21T09:00:00Z"},
    {
        "kind": "release",
        "agreement": "agr_kent-medway-movers",
        "version": 3,
        "clause": "4.1",
        "parts": ["identity"],
        "from": "mbr_kent",
        "to": "mbr_medway",
    },
    {"kind": "disposition", "outcome": "none", "reasons": []},
    FILLER,
]


def seed(label: str) -> bytes:
    """Return 32 bytes that look random and are always the same for one label."""
    return sha256(b"mover exchange hub, log vectors: " + label.encode()).digest()


def salt_of(index: int) -> bytes:
    """Return the salt of one leaf."""
    return seed(f"salt {index}")


def record_of(index: int) -> Json:
    """Return the record of one leaf: a few that say something, then fillers."""
    return RECORDS[index] if index < len(RECORDS) else FILLER


def key_of(name: str) -> SigningKey:
    """Return the key under which this name signs."""
    return SigningKey.from_seed(seed(f"key {name}"))


def entries() -> Json:
    """Openings as they travel, with the leaf and the leaf hash that they must give."""
    return [
        {
            "opening": Opening(record, salt_of(index)).encode().decode(),
            "leaf": b64u(commit(record, salt_of(index))),
            "leaf_hash": b64u(leaf_hash(commit(record, salt_of(index)))),
            "filler": record == FILLER,
        }
        for index, record in enumerate(RECORDS)
    ]


def tree() -> Nodes:
    """All subtrees of the log of the vectors."""
    leaves = [leaf_hash(commit(record_of(index), salt_of(index))) for index in range(SIZES[-1])]
    table = {(node.level, node.index): node.hash for node in Frontier().extend(leaves)[1]}
    return lambda level, index: table[level, index]


def checkpoint_note(size: int, nodes: Nodes) -> str:
    """Return the checkpoint of the log at one size, signed by the log alone."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, root_at(size, nodes)), key_of(ORIGIN), ORIGIN)


def cosigned_notes(size: int, nodes: Nodes) -> list[str]:
    """Return the same checkpoint under the log's line, then with each witness's line added."""
    note, now = checkpoint_note(size, nodes), START + timedelta(minutes=5 * size)
    lines = [cosign(note, key_of(name), name, now) for name in WITNESSES]
    return list(accumulate(lines, add_cosignature, initial=note))


def checkpoints() -> Json:
    """Keys and notes of one log and its witnesses."""
    nodes = tree()
    return {
        "vkey": vkey(ORIGIN, key_of(ORIGIN).public),
        "witnesses": [witness_vkey(name, key_of(name).public) for name in WITNESSES],
        "checkpoints": [
            {
                "size": size,
                "root": encode64(root_at(size, nodes)),
                "signed_at": int((START + timedelta(minutes=5 * size)).timestamp()),
                "notes": list[Json](cosigned_notes(size, nodes)),
            }
            for size in SIZES
        ],
        "consistency": [
            {
                "old": old,
                "new": SIZES[-1],
                "proof": list[Json](map(encode64, consistency_proof(old, SIZES[-1], nodes))),
            }
            for old in SIZES[1:]
        ],
    }


def proofs() -> Json:
    """Bundles for a few leaves, each with the data of its leaf."""
    nodes = tree()
    made: list[Json] = []
    for index, size in ((0, 1), (0, SLOT), (1, 3 * SLOT), (3 * SLOT - 1, 3 * SLOT)):
        note = cosigned_notes(size, nodes)[-1]
        bundle = LogProof(index, tuple(inclusion_proof(index, size, nodes)), note)
        made.append({"leaf": b64u(commit(record_of(index), salt_of(index))), "bundle": encode_proof(bundle)})
    return {"vkey": vkey(ORIGIN, key_of(ORIGIN).public), "proofs": made}


def main() -> None:
    """Write every file."""
    made: Mapping[str, Json] = {"entry": entries(), "checkpoint": checkpoints(), "proof": proofs()}
    OWN.mkdir(exist_ok=True)
    for name, value in made.items():
        path = OWN / f"{name}.json"
        path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"wrote {path.relative_to(OWN.parent)}")


if __name__ == "__main__":
    main()
