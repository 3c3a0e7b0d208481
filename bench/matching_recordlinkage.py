"""recordlinkage 0.16 on clear text, as a tool under test; runs in its own environment.

    python bench/matching_recordlinkage.py LEFT RIGHT OUT

Its ECM classifier, which needs no labels: Jaro-Winkler names at .88, Damerau-Levenshtein birthdays
at .85, the rest exact, over seven blocks. `own` is a probability of .5 or more, its own line.
"""

import csv
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage

NUMBERS = ("soc_sec_id", "upn", "uln")
BLOCKS = (
    ["first_name", "last_name"],
    ["first_name", "dob"],
    ["last_name", "dob"],
    ["last_name", "postcode"],
    ["first_name", "postcode"],
    ["dob", "postcode"],
)


def read(path: Path) -> pd.DataFrame:
    """Read a file; empty cells are missing."""
    return pd.read_csv(path, dtype=str, index_col="id", keep_default_na=False).replace("", np.nan)


def main(left: Path, right: Path, out: Path) -> None:
    """Compare, classify, write the pairs; tell the seconds on standard output."""
    lefts, rights = read(left), read(right)
    shown = [name for name in lefts if lefts[name].notna().any() and rights[name].notna().any()]
    if "soc_sec_id" in shown:
        shown.remove("uln")  # the same number once more, for ours
    begun = time.perf_counter()
    pairs = _pairs(lefts, rights, shown)
    features = _compare(shown).compute(pairs, lefts, rights).fillna(0).round().astype(int)
    features = features.loc[:, features.min() < features.max()]
    classifier = recordlinkage.ECMClassifier(binarize=0.5)
    classifier.fit(features)
    chances = classifier.prob(features)
    seconds = time.perf_counter() - begun
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["left_id", "right_id", "score", "own"])
        for (one, other), chance in zip(chances.index, chances.to_numpy(), strict=True):
            rows.writerow([one, other, f"{chance:.9f}", int(chance >= 0.5)])
    print(json.dumps({"seconds": seconds, "candidates": len(pairs)}))


def _pairs(lefts: pd.DataFrame, rights: pd.DataFrame, shown: list[str]) -> pd.MultiIndex:
    """Candidate pairs: those that agree on both columns of a block, or on a number."""
    blocks = [list(block) for block in BLOCKS if set(block) <= set(shown)]
    blocks += [[name] for name in NUMBERS if name in shown]
    found = None
    for block in blocks:
        indexer = recordlinkage.Index()
        indexer.block(block)
        some = indexer.index(lefts.dropna(subset=block), rights.dropna(subset=block))
        found = some if found is None else found.union(some)
    return found


def _compare(shown: list[str]) -> recordlinkage.Compare:
    compare = recordlinkage.Compare()
    for name in shown:
        if name in {"first_name", "last_name", "address", "suburb"}:
            compare.string(name, name, method="jarowinkler", threshold=0.88, label=name)
        elif name == "dob":
            compare.string(name, name, method="damerau_levenshtein", threshold=0.85, label=name)
        else:
            compare.exact(name, name, label=name)
    return compare


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*map(Path, sys.argv[1:4]))
