"""Splink 5 on clear text, as a tool under test; runs in its own environment.

    python bench/matching_splink.py LEFT RIGHT OUT [wide|names]

wide: first and last name compared apart, with term frequency, wide blocking with phonetic names
and bare postcode: the best setting that was found for it. names: its own ForenameSurnameComparison,
the same blocking. Date of birth, postcode (British or other), sex, address and numbers where the
file has them; u from 5 million random pairs, m by EM on a block of birthdays and one of names; no
nickname table. `own` is a probability of .95 or more. The candidates are those of 14 to 17 rules.
"""

import csv
import json
import re
import sys
import time
from pathlib import Path

import jellyfish
import pyarrow as pa
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

LOWEST_BITS = -20
OWN = 0.95
BRITISH = re.compile(r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}")
NUMBERS = ("soc_sec_id", "upn", "uln")


def read(path: Path) -> list[dict[str, str | None]]:
    """Read a file; empty cells are missing; phonetic names and the swapped pair are added."""
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, str | None]] = [
            {name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)
        ]
    for row in rows:
        for name in ("first_name", "last_name"):
            row[f"{name}_sound"] = jellyfish.metaphone(row[name] or "") or None
        both = row["first_name"] and row["last_name"]
        row["full_name"] = f"{row['first_name']} {row['last_name']}" if both else None
    return rows


def comparisons(setting: str, shown: set[str], *, british: bool) -> list[object]:
    """The comparisons for the columns that the files have."""
    if setting == "names":
        found: list[object] = [
            cl.ForenameSurnameComparison(
                "first_name", "last_name", forename_surname_concat_col_name="full_name"
            )
        ]
    else:
        found = [
            cl.NameComparison(name).configure(term_frequency_adjustments=True)
            for name in ("first_name", "last_name")
        ]
    found.append(cl.DateOfBirthComparison("dob", input_is_string=True))
    postcode = cl.PostcodeComparison("postcode") if british else cl.LevenshteinAtThresholds("postcode", 1)
    found.append(postcode)
    if "sex" in shown:
        found.append(cl.ExactMatch("sex"))
    found += [
        cl.JaroWinklerAtThresholds(name, [0.92, 0.8]) for name in ("address", "suburb") if name in shown
    ]
    found += [cl.DamerauLevenshteinAtThresholds(name, [1, 2]) for name in NUMBERS if name in shown]
    return found


def rules(shown: set[str]) -> list[object]:
    """The blocking rules: pairs that agree on any of these are compared."""
    blocks: list[object] = [
        block_on("first_name", "last_name"),
        block_on("first_name", "dob"),
        block_on("last_name", "dob"),
        block_on("first_name_sound", "last_name_sound"),
        block_on("last_name_sound", "dob"),
        block_on("first_name_sound", "dob"),
        block_on("dob", "substr(postcode, 1, 3)"),
        block_on("last_name", "substr(dob, 1, 7)"),
        block_on("last_name", "substr(dob, 6, 5)"),
        block_on("last_name", "substr(first_name, 1, 1)"),
        block_on("first_name_sound", "substr(last_name_sound, 1, 2)", "substr(dob, 1, 4)"),
        block_on("postcode"),
        block_on("dob", "sex") if "sex" in shown else block_on("dob"),
        "l.first_name = r.last_name and l.last_name = r.first_name",
    ]
    return blocks + [block_on(name) for name in ("address", *NUMBERS) if name in shown]


def main(left: Path, right: Path, out: Path, setting: str = "wide") -> None:
    """Train, predict, write the pairs; tell the seconds on standard output."""
    sides = [read(left), read(right)]
    shown = {name for name in sides[0][0] if all(any(row[name] for row in side) for side in sides)}
    if "soc_sec_id" in shown:
        shown -= {"uln"}  # the same number once more, for ours
    postcodes = [row["postcode"] for row in sides[0] if row["postcode"]]
    british = sum(bool(BRITISH.fullmatch(code)) for code in postcodes) > len(postcodes) / 2
    begun = time.perf_counter()
    api = DuckDBAPI()
    tables = [
        api.register(pa.Table.from_pylist(side), dataset_display_name=name)
        for name, side in zip(("a", "b"), sides, strict=True)
    ]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        comparisons=comparisons(setting, shown, british=british),
        blocking_rules_to_generate_predictions=rules(shown),
        retain_matching_columns=False,
    )
    linker = Linker(tables, settings, log_level=40)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("first_name", "last_name", "dob")], recall=0.7
    )
    training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for rule in (block_on("dob"), block_on("first_name", "last_name")):
        training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_weight=LOWEST_BITS).as_pyarrow_table()
    seconds = time.perf_counter() - begun
    _write(found, out)
    print(json.dumps({"seconds": seconds, "setting": setting, "candidates": found.num_rows}))


def _write(found: pa.Table, out: Path) -> None:
    columns = [found[name].to_pylist() for name in ("id_l", "id_r", "source_dataset_l", "match_weight")]
    chances = found["match_probability"].to_pylist()
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["left_id", "right_id", "score", "own"])
        for (one, other, source, weight), chance in zip(zip(*columns, strict=True), chances, strict=True):
            ids = (one, other) if source == "a" else (other, one)
            rows.writerow([*ids, round(weight, 4), int(chance >= OWN)])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), *sys.argv[4:])
