"""clkhash and anonlink, as a tool under test; runs in its own environment.

    python bench/matching_anonlink.py LEFT RIGHT OUT

One filter of 1,024 bits a record from bigrams, names, birthday and numbers weighted 200, postcode
and address 100, sex 30, scaled to 750 insertions; all pairs by Dice, no blocking. `own` is a Dice
of .8 or more.
"""

import csv
import io
import json
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from anonlink.candidate_generation import find_candidate_pairs  # noqa: E402 - it warns when imported
from anonlink.similarities import dice_coefficient_accelerated  # noqa: E402 - same
from clkhash.clk import generate_clk_from_csv  # noqa: E402 - same
from clkhash.comparators import ExactComparison, NgramComparison  # noqa: E402 - same
from clkhash.field_formats import (  # noqa: E402 - same
    BitsPerFeatureStrategy,
    FieldHashingProperties,
    Ignore,
    StringSpec,
)
from clkhash.schema import Schema  # noqa: E402 - same

BITS, INSERTIONS = 1_024, 750
LOWEST, OWN = 0.6, 0.8
SECRET = "a secret of this run"  # noqa: S105 - nobody is kept from anything by it
WEIGHTS = {
    "first_name": 200, "last_name": 200, "dob": 200, "soc_sec_id": 200, "upn": 200, "uln": 200,
    "postcode": 100, "address": 100, "suburb": 100, "sex": 30,
}  # fmt: skip


def main(left: Path, right: Path, out: Path) -> None:
    """Encode, compare all pairs, write them; tell the seconds on standard output."""
    sides = [_rows(path) for path in (left, right)]
    shown = {name for name in WEIGHTS if all(any(row.get(name) for row in side) for side in sides)}
    if "soc_sec_id" in shown:
        shown -= {"uln"}  # the same number once more, for ours
    columns = list(sides[0][0])
    begun = time.perf_counter()
    schema = _schema(columns, shown)
    filters = [_encode(side, columns, schema) for side in sides]
    encoded = time.perf_counter()
    scores, _, (ones, others) = find_candidate_pairs(filters, dice_coefficient_accelerated, LOWEST, k=10)
    ended = time.perf_counter()
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["left_id", "right_id", "score", "own"])
        for score, one, other in zip(scores, ones, others, strict=True):
            rows.writerow([sides[0][one]["id"], sides[1][other]["id"], f"{score:.6f}", int(score >= OWN)])
    print(json.dumps({"seconds": ended - begun, "token_seconds": encoded - begun, "candidates": len(scores)}))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _schema(columns: list[str], shown: set[str]) -> Schema:
    total = sum(WEIGHTS[name] for name in shown)
    fields = [
        StringSpec(name, _hashing(name, round(WEIGHTS[name] * INSERTIONS / total)))
        if name in shown
        else Ignore(name)
        for name in columns
    ]
    return Schema(fields, BITS)


def _hashing(name: str, insertions: int) -> FieldHashingProperties:
    comparison = ExactComparison() if name == "sex" else NgramComparison(2)
    return FieldHashingProperties(comparison, BitsPerFeatureStrategy(insertions))


def _encode(rows: list[dict[str, str]], columns: list[str], schema: Schema) -> list[object]:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    text.seek(0)
    return generate_clk_from_csv(text, SECRET, schema, validate=False, progress_bar=False)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
