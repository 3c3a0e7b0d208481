"""The data that tools are measured on: each set two files and the truth, alike for every tool.

A set lies in a folder of its own: left.csv, right.csv and truth.csv. Cells are cleaned once, for
everybody: small letters without marks, dates as YYYY-MM-DD, British postcodes with one space. What
only serves to count by (origin of the name, moved, the slips made) stays in truth.csv; no tool is
shown it.

Where a row of made-up people tells the former postcode too, that is its `postcode`: the one which
the left file can have as well, so that each tool has the good of it without a rule of its own. The
new one follows as `current_postcode`; no row of the left file has one, and only ours reads it.
"""

import csv
import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.synth.numbers import uln
from adapters.synth.pairs import Plan, write_pairs
from adapters.synth.rates import read_rates

HERE = Path(__file__).parent
SEED = 20_261
PLAIN = ("id", "first_name", "last_name", "dob", "postcode", "sex")
NUMBERS = ("upn", "uln")
ADDRESS = ("address", "suburb")

_UNIT = re.compile(r"([a-z]{1,2}\d[a-z\d]?)\s*(\d[a-z]{2})")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MARKLESS = str.maketrans({"ł": "l", "ø": "o", "đ": "d"})

Row = dict[str, str]


def clean(row: Row, columns: tuple[str, ...]) -> Row:
    """Give these columns of a row in the form that every tool gets."""
    return {name: _cell(name, row.get(name, "")) for name in columns}


def _cell(name: str, text: str) -> str:
    if name == "id" or name in NUMBERS:
        return text.strip()
    plain = unicodedata.normalize("NFKD", text.strip().casefold().translate(_MARKLESS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    if name.endswith("postcode"):
        found = _UNIT.fullmatch(plain)
        return f"{found[1]} {found[2]}" if found else plain
    if name == "dob":
        found = _DATE.fullmatch(plain)
        return "-".join(found.groups()) if found else plain
    return plain


def make(name: str, folder: Path, febrl_python: Path) -> Path:
    """Make a set in its folder unless it is there; return the folder."""
    place = folder / name
    if not (place / "truth.csv").exists():
        place.mkdir(parents=True, exist_ok=True)
        MAKERS[name](place, febrl_python)
    return place


def _febrl(*, numbers: bool) -> Callable[[Path, Path], None]:
    def make_febrl(place: Path, python: Path) -> None:
        subprocess.run([python, HERE / "matching_febrl.py", place], check=True)
        for side, name in (("a", "left"), ("b", "right")):
            columns = tuple(column for column in PLAIN if column != "sex") + ADDRESS
            rows = [dict(row) for row in _read(place / f"febrl4_{side}.csv")]
            if numbers:
                columns += ("soc_sec_id", "uln")
                for row in rows:
                    row["uln"] = as_learner_number(row["soc_sec_id"])
            _write(place / f"{name}.csv", columns, rows)
        (place / "febrl4_truth.csv").rename(place / "truth.csv")

    return make_febrl


def as_learner_number(number: str) -> str:
    """Carry a number of seven digits as a learner number: equal exactly where the number is.

    Our matcher takes pupil and learner numbers alone, and only with a right check digit; the other
    tools are shown the number as it is, too.
    """
    if not number.isdigit():
        return ""
    return next(found for lead in range(9) if (found := uln(lead * 10**7 + int(number[-7:]))))


def _historical(place: Path, _python: Path) -> None:
    for side, name in (("a", "left"), ("b", "right")):
        _write(place / f"{name}.csv", PLAIN, list(_read(HERE / "data" / f"historical_{side}.csv")))
    (place / "truth.csv").write_bytes((HERE / "data" / "historical_truth.csv").read_bytes())


def _young(each: int, *, numbers: bool, told: float | None = None) -> Callable[[Path, Path], None]:
    """Made-up people; `told`: the share of those who moved that tell the former postcode, else synth's."""

    def make_young(place: Path, _python: Path) -> None:
        rates = read_rates([] if told is None else [f"no_former_postcode={1 - told}"])
        write_pairs(place, Plan(each, round(each * 2 / 3), SEED, rates=rates))
        for name in ("left", "right"):
            columns = (*PLAIN, "current_postcode", *(NUMBERS if numbers else ()))
            rows = [in_common(row) for row in _read(place / f"{name}.csv")]
            _write(place / f"{name}.csv", columns, rows)

    return make_young


def in_common(row: Row) -> Row:
    """Put the former postcode in the place of the one postcode, where the row tells it."""
    if not row["former_postcode"]:
        return row
    return row | {"postcode": row["former_postcode"], "current_postcode": row["postcode"]}


MAKERS: dict[str, Callable[[Path, Path], None]] = {
    "febrl4": _febrl(numbers=True),
    "febrl4_noid": _febrl(numbers=False),
    "historical": _historical,
    "young300": _young(300, numbers=True),
    "young20000": _young(20_000, numbers=True),
    "young20000_noid": _young(20_000, numbers=False),
    "young20000_noid_told0": _young(20_000, numbers=False, told=0),
    "young20000_noid_told25": _young(20_000, numbers=False, told=0.25),
    "young20000_noid_told75": _young(20_000, numbers=False, told=0.75),
    "young20000_noid_told100": _young(20_000, numbers=False, told=1),
    "young150000": _young(150_000, numbers=True),
    "young150000_noid": _young(150_000, numbers=False),
}
"""Every set by its name; _noid is without numbers, _told25: 25 in 100 movers tell the former postcode."""


def _read(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(clean(row, columns) for row in rows)
