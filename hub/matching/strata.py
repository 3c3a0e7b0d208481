"""Recall by group of young people: whether matching serves some worse than others.

Decides the groups of a true pair: the origin of the name, sex, moved or not, twin or not,
identifiers on both sides or not. What the truth file says of a pair counts first, then what either
record says, then what follows from the records. A group of which nothing is known anywhere is left
out. The groups describe files; nothing of them is ever sent or hashed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from hub.matching.people_files import KnownPerson
from hub.matching.sweep import share
from hub.protocols.identifiers import normalise_uln, normalise_upn, read_postcode

Pair = tuple[str, str]
"""Ids of a left and a right record."""

NOT_KNOWN: Final = "not known"

LEAST: Final = 100
"""True pairs below which a group's recall is too uncertain to be held against the mean."""

SAID: Final = ("name_origin", "sex", "moved", "twin")
"""Columns of a truth file that say of which groups a pair is."""

IDENTIFIERS: Final = "identifiers"
_SEXES: Final = {"m": "male", "f": "female", "1": "male", "2": "female"}
_YES_NO: Final = {"y": "yes", "1": "yes", "t": "yes", "n": "no", "0": "no", "f": "no"}


@dataclass(frozen=True, slots=True)
class Stratum:
    """Recall of one group, shares from 0 to 1: at the best threshold and at the hub's own."""

    group: str
    value: str
    true_pairs: int
    recall: float
    recall_label_free: float


def recall_by_stratum(
    truth: Mapping[Pair, tuple[KnownPerson, KnownPerson]],
    said: Mapping[Pair, Mapping[str, str]],
    found: Collection[Pair],
    found_label_free: Collection[Pair],
) -> tuple[Stratum, ...]:
    """Return the recall of every group, the largest of its kind first."""
    members: dict[str, dict[str, list[Pair]]] = defaultdict(lambda: defaultdict(list))
    for pair, (left, right) in truth.items():
        for group, value in _values(left, right, said.get(pair, {})).items():
            members[group][value].append(pair)
    return tuple(
        Stratum(group, value, len(pairs), _part(pairs, found), _part(pairs, found_label_free))
        for group, values in members.items()
        if set(values) != {NOT_KNOWN}
        for value, pairs in sorted(values.items(), key=lambda one: (-len(one[1]), one[0]))
    )


def worst_against_mean(strata: Collection[Stratum], recall: float) -> float:
    """Return how far the worst group stays behind the recall of all, 0 or less; small groups left out."""
    behind = (one.recall - recall for one in strata if one.true_pairs >= LEAST)
    return min(behind, default=0.0)


def _part(pairs: list[Pair], found: Collection[Pair]) -> float:
    return share(sum(pair in found for pair in pairs), len(pairs))


def _values(left: KnownPerson, right: KnownPerson, said: Mapping[str, str]) -> dict[str, str]:
    origin = said.get("name_origin") or left.name_origin or right.name_origin
    sex = said.get("sex") or left.person.sex or right.person.sex
    moved = said.get("moved") or left.moved or right.moved
    return {
        "name origin": origin or NOT_KNOWN,
        "sex": _SEXES.get(sex[:1].lower(), NOT_KNOWN),
        "moved": _YES_NO.get(moved[:1].lower(), "") or _moved(left, right),
        "twin": _YES_NO.get(said.get("twin", "")[:1].lower(), NOT_KNOWN),
        IDENTIFIERS: _identifiers(left, right),
    }


def _moved(left: KnownPerson, right: KnownPerson) -> str:
    """Whether any two of the postcodes known differ: a row may hold one of before a move and one of after."""
    before, after = (_units(one) for one in (left, right))
    if not before or not after:
        return NOT_KNOWN
    return "yes" if len(before | after) > 1 else "no"


def _units(one: KnownPerson) -> set[str]:
    units = {read_postcode(code).unit for code in (one.person.former_postcode, one.person.current_postcode)}
    return units - {""}


def _identifiers(left: KnownPerson, right: KnownPerson) -> str:
    upns = [normalise_upn(one.person.upn) for one in (left, right)]
    ulns = [normalise_uln(one.person.uln) for one in (left, right)]
    return "on both sides" if all(upns) or all(ulns) else "missing on a side"
