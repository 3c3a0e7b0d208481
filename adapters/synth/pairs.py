"""Writes two files of people and their true pairs, row by row, in an order that tells nothing.

Decides how many stand in both files and who those are: mostly whole families, so that a brother
on one side alone is there to be mistaken for the sister on the other. Rows are put in the order
of chance ids by way of temporary files, so that memory holds one of sixteen parts of a file at
a time.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path
from random import Random
from tempfile import TemporaryFile
from typing import IO, Any, Final

from adapters.synth.people import ON, YoungPerson, households
from adapters.synth.rates import MOVED, NAMES, Rates, Side
from adapters.synth.slips import COLUMNS, Office, cells

LEFT, RIGHT, TRUTH, MADE = "left.csv", "right.csv", "truth.csv", "made.json"
TRUTH_COLUMNS: Final = (
    "left_id", "right_id", "name_origin", "sex", "moved", "twin", "household", "left_slips", "right_slips",
)  # fmt: skip

BOTH_SHARE: Final = 2 / 3
"""Share of each file whose people stand in the other too, unless a number is given."""

_PARTS: Final = 16
_WITH_FAMILY: Final = 0.8
"""Of people who stand where the rest of the family stands."""

_TELL_EVERY: Final = 500

Told = Callable[[int], None]


class UnusablePlan(ValueError):
    """Numbers that cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: people a side, how many of them in both, and the chance that decides the rest."""

    each: int
    both: int
    seed: int
    moved: float = MOVED
    on: date = ON
    rates: Mapping[Side, Rates] = field(default_factory=lambda: {side: Rates() for side in Side})

    def __post_init__(self) -> None:
        """Raise `UnusablePlan` where the numbers contradict each other."""
        if not 0 <= self.both <= self.each or self.each < 1:
            raise UnusablePlan("there is to be somebody on each side, and no more in both than on each")
        if not 0 <= self.moved <= 1:
            raise UnusablePlan("the share of those who have moved is to be from 0 to 1")

    @property
    def people(self) -> int:
        """How many people there are in all."""
        return 2 * self.each - self.both


class _Where(Enum):
    BOTH = (Side.LEFT, Side.RIGHT)
    LEFT_ALONE = (Side.LEFT,)
    RIGHT_ALONE = (Side.RIGHT,)


class _Places:
    """The places still free: in both files, in the left alone, in the right alone."""

    def __init__(self, plan: Plan, chance: Random) -> None:
        alone = plan.each - plan.both
        self._free = {_Where.BOTH: plan.both, _Where.LEFT_ALONE: alone, _Where.RIGHT_ALONE: alone}
        self._chance = chance
        self.left = plan.people

    def draw(self) -> _Where:
        at = self._chance.random() * self.left
        for where, free in self._free.items():
            at -= free
            if at < 0:
                return where
        return max(self._free, key=self._free.__getitem__)

    def take(self, with_family: _Where) -> _Where:
        near = self._free[with_family] and self._chance.random() < _WITH_FAMILY
        where = with_family if near else self.draw()
        self._free[where] -= 1
        self.left -= 1
        return where


class _OrderedFile:
    """A file whose rows arrive in any order and stand in that of their numbers."""

    def __init__(self, path: Path, columns: Sequence[str], rows: int, stack: ExitStack) -> None:
        self._path, self._columns, self._rows = path, columns, rows
        self._parts = [stack.enter_context(_part(path.parent)) for _ in range(_PARTS)]
        self._writers = [csv.writer(part, lineterminator="\n") for part in self._parts]

    def add(self, number: int, row: Sequence[str]) -> None:
        self._writers[number * _PARTS // self._rows].writerow(row)

    def close(self) -> None:
        """Write the file; a row's first cell, its id, sorts as its number does."""
        with self._path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(self._columns)
            for part in self._parts:
                part.seek(0)
                file.writelines(sorted(part))


def _part(folder: Path) -> IO[str]:
    return TemporaryFile("w+", encoding="utf-8", newline="", dir=folder)


class _Writing:
    """Both files and the truth, as far as they are written."""

    def __init__(self, folder: Path, plan: Plan, stack: ExitStack) -> None:
        self.offices = {s: Office(s, plan.rates[s], Random(f"{plan.seed}:{s}")) for s in Side}
        self._numbers = {side: _shuffled(plan.each, Random(f"{plan.seed}:{side}:order")) for side in Side}
        self._files = {
            side: _OrderedFile(folder / name, COLUMNS, plan.each, stack)
            for side, name in ((Side.LEFT, LEFT), (Side.RIGHT, RIGHT))
        }
        self._truth = _OrderedFile(folder / TRUTH, TRUTH_COLUMNS, plan.each, stack)

    def add(self, person: YoungPerson, where: _Where) -> None:
        ids, slips, number = {}, {}, 0
        for side in where.value:
            number = self._numbers[side].pop()
            ids[side] = f"{side[0].upper()}{number + 1:08}"
            row, slips[side] = self.offices[side].write_down(person, ids[side])
            self._files[side].add(number, cells(row))
        if where is _Where.BOTH:
            left = int(ids[Side.LEFT][1:]) - 1
            self._truth.add(left, _truth_row(person, ids, slips))

    def close(self) -> None:
        for file in (*self._files.values(), self._truth):
            file.close()


def _truth_row(
    person: YoungPerson, ids: Mapping[Side, str], slips: Mapping[Side, Sequence[str]]
) -> list[str]:
    return [
        ids[Side.LEFT],
        ids[Side.RIGHT],
        person.origin,
        person.sex,
        "yes" if person.moved else "no",
        "yes" if person.twin else "no",
        str(person.household),
        " ".join(slips[Side.LEFT]),
        " ".join(slips[Side.RIGHT]),
    ]


def _shuffled(count: int, chance: Random) -> list[int]:
    numbers = list(range(count))
    chance.shuffle(numbers)
    return numbers


def write_pairs(folder: Path, plan: Plan, told: Told = lambda _done: None) -> dict[str, Any]:
    """Write left.csv, right.csv, truth.csv and made.json; return what made.json says.

    `told` hears how many people are done. Raises `OSError` where the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writing = _Writing(folder, plan, stack)
        counted = _fill(writing, plan, told)
        writing.close()
    made = _what_was_made(plan, counted, writing.offices)
    (folder / MADE).write_text(json.dumps(made, indent=2) + "\n", "utf-8")
    return made


def _fill(writing: _Writing, plan: Plan, told: Told) -> Counter[str]:
    chance = Random(f"{plan.seed}:places")
    places, counted = _Places(plan, chance), Counter[str]()
    for family in households(Random(f"{plan.seed}:people"), plan.moved, plan.on):
        with_family = places.draw()
        counted["households"] += 1
        for person in family[: places.left]:
            writing.add(person, places.take(with_family))
            counted[f"origin {person.origin}"] += 1
            counted["twins"] += person.twin
            counted["moved"] += person.moved
        if places.left % _TELL_EVERY < len(family):
            told(plan.people - places.left)
        if not places.left:
            break
    return counted


def _what_was_made(plan: Plan, counted: Counter[str], offices: Mapping[Side, Office]) -> dict[str, Any]:
    origins = {key.removeprefix("origin "): n for key, n in counted.items() if key.startswith("origin ")}
    return {
        "seed": plan.seed,
        "on": plan.on.isoformat(),
        "left": plan.each,
        "right": plan.each,
        "true_pairs": plan.both,
        "people": plan.people,
        "households": counted["households"],
        "twins": counted["twins"],
        "moved": counted["moved"],
        "name_origins": dict(sorted(origins.items(), key=lambda one: -one[1])),
        "slips": {side: _slips(office) for side, office in offices.items()},
    }


def _slips(office: Office) -> dict[str, Any]:
    return {
        name: {
            "rate": getattr(office.rates, name),
            "possible": office.possible[name],
            "made": office.made[name],
        }
        for name in NAMES
    }
