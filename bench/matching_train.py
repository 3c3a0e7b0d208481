"""Trains a weights file from pairs of CSV files, without labels, and writes it for people to read.

    python bench/matching_train.py VERSION OUT "WHAT IT WAS TRAINED ON" LEFT RIGHT [LEFT RIGHT ...]

The frozen file of 2026-3 came from FEBRL 4 (bench/matching_febrl.py writes its two files) and from
the historical figures of bench/data, beside the stated shares, each counting alike. How often
strangers share rare names, a birthday or a postcode was not learnt from them: they are of other
ages and places. How often the postcodes of one person differ was not learnt either: movers are what
the weights are for.
"""

import json
import random
import sys
from pathlib import Path

from hub.matching.levels import Field
from hub.matching.people_files import read_people
from hub.matching.training import Files, stated_weights, train

KEPT_U = frozenset({Field.RARITY, Field.BIRTH, Field.POSTCODE, Field.SEX})
KEPT_M = frozenset({Field.RARITY, Field.ONE_NAME, Field.POSTCODE})


def main(version: str, out: str, trained_on: str, *paths: str) -> None:
    """Train and write; the randomness is seeded, so that a second run writes the same bytes."""
    sides = [[one.person for one in read_people(Path(path))] for path in paths]
    files = [Files(left, right) for left, right in zip(sides[::2], sides[1::2], strict=True)]
    weights = train(
        files,
        stated_weights(),
        version=version,
        trained_on=trained_on,
        randomness=random.Random(20_261).randbytes,
        keep_u=KEPT_U,
        keep_m=KEPT_M,
    )
    Path(out).write_text(json.dumps(weights.to_json(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
