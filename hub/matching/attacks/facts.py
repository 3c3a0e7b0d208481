"""What an attacker is after, and what everybody knows about it beforehand.

Decides the targets (names, date of birth, postcodes, identifiers) in the one form in which they
are hashed, and the floor of each: the share of records that are guessed right by always saying
the commonest value. A fact that a record lacks is not counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hub.matching.attacks.held import Places
from hub.matching.tokens import Person
from hub.protocols.birthdays import read_birthday
from hub.protocols.identifiers import normalise_uln, normalise_upn, read_postcode
from hub.protocols.personal_names import read_first_name, read_last_name


class Target(StrEnum):
    """A fact of a person that an attacker wants."""

    FIRST = "first name"
    LAST = "last name"
    BIRTH = "date of birth"
    FORMER = "former postcode"
    CURRENT = "current postcode"
    UPN = "UPN"
    ULN = "ULN"


Facts = Mapping[Target, Places]
"""The value of each target by record, as a number; below 0 where the record lacks it."""


def number_facts(people: Sequence[Person]) -> dict[Target, Places]:
    """Return the facts of these people, the same number for the same value."""
    table = [_values(person) for person in people]
    found = {}
    for place, target in enumerate(Target):
        numbers: dict[str, int] = {"": -1}
        found[target] = np.array(
            [numbers.setdefault(row[place], len(numbers) - 1) for row in table], dtype=np.int64
        )
    return found


def facts_of(facts: Facts, places: Places) -> dict[Target, Places]:
    """Return the facts of some of the people."""
    return {target: codes[places] for target, codes in facts.items()}


@dataclass(frozen=True, slots=True)
class Guess:
    """What is said of each record, and how likely it is to be right (0 to 1)."""

    codes: Places
    chance: "np.typing.NDArray[np.float64]"


def commonest(public: Places, marks: Places, of: Places) -> Guess:
    """Return the commonest value among the public, for each mark by itself; `of` are the marks asked for.

    With one and the same mark for everybody it is the floor.
    """
    width = int(max(marks.max(initial=0), of.max(initial=0))) + 1
    best = np.full(width, -1, dtype=np.int64)
    chance = np.zeros(width)
    for mark in np.unique(of).tolist():
        values = public[(marks == mark) & (public >= 0)]
        counts = np.bincount(values)
        if len(counts):
            best[mark], chance[mark] = counts.argmax(), counts.max() / counts.sum()
    return Guess(best[of], chance[of])


def share_right(guesses: Places, truth: Places, counted: "np.typing.NDArray[np.bool_]") -> float:
    """Return the share of the counted records that are guessed right, those that lack the fact left out."""
    asked = counted & (truth >= 0)
    return float((guesses[asked] == truth[asked]).mean()) if asked.any() else 0.0


def _values(person: Person) -> tuple[str, ...]:
    return (
        read_first_name(person.first_name).word,
        read_last_name(person.last_name).joined,
        read_birthday(person.dob).whole,
        read_postcode(person.former_postcode).unit,
        read_postcode(person.current_postcode).unit,
        normalise_upn(person.upn) or "",
        normalise_uln(person.uln) or "",
    )
