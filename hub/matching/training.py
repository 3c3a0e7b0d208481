"""Weights from two closed files without any labels: m from assigned pairs, u from strangers.

Decides the shares that a new weights file holds. Plain expectation-maximisation finds households
rather than people, so m starts from stated priors, and is taken again, six times, from the pairs
that the present weights assign one to one. u comes from random pairs in which every other field
is made equal, so that each level of the field in question can be seen. Shares that a file cannot
show (numbers that it does not have) stay as they were, and "missing" stays worth nothing. It never
sees which pairs are true.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.assignment import assign_one_to_one
from hub.matching.candidates import InvertedIndex
from hub.matching.evidence import Agreement, compare, rows_of
from hub.matching.levels import LEVELS, SEEN, Field
from hub.matching.tokens import Person, Randomness, TokenMaker, random_linkage_key
from hub.matching.verdict import against_strangers
from hub.matching.weights import Shares, Weights, in_whole_parts
from hub.protocols.names import EpochId
from hub.protocols.token_record import COLUMN

ROUNDS: Final = 6
STRANGERS: Final = 5_000
"""People drawn a side to make pairs of strangers from."""
PAIRINGS: Final = 40
"""Pairs of strangers made of each drawn person."""
PRIOR_PAIRS: Final = 1_000
"""Pairs that the stated shares count for, and each pair of files at most: none outvotes the others."""

_SAME_FIRST, _SAME_LAST = "zephyrine", "quillfeather"
_SAME_DAY: Final = date(2008, 5, 17)
_EPOCH: Final = EpochId("ep_" + "0" * 26)

OF_A_POPULATION_U: Final = frozenset({Field.RARITY, Field.BIRTH, Field.POSTCODE, Field.SEX})
OF_A_POPULATION_M: Final = frozenset({Field.RARITY, Field.ONE_NAME, Field.POSTCODE})
"""Fields whose u, and whose m, tell of a population: how often strangers share rare names, a birthday, a
postcode; how often one person's postcodes differ, since movers are what the weights are for. Files of
other ages or places do not teach them."""

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


def _untold(_stage: str, _done: int, _total: int) -> None:
    pass


_STATED_ALONE: Final = frozenset({Field.ORDER, Field.ONE_NAME, Field.UPN, Field.ULN})
"""Fields whose u is stated: strangers' names have no order, strangers' numbers are never the same, and
strangers with one name in common are not made by making all others the same."""

_STATED: Final[Mapping[Field, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    Field.FIRST: (
        (0.80, 0.06, 0.05, 0.02, 0.01, 0.01, 0.01, 0.02, 0.01, 0.01),
        (0.006, 0.004, 0.001, 0.004, 0.008, 0.004, 0.03, 0.065, 0.868, 0.01),
    ),
    Field.LAST: (
        (0.84, 0.014, 0.06, 0.02, 0.01, 0.01, 0.01, 0.026, 0.01),
        (0.003, 0.001, 0.001, 0.003, 0.004, 0.004, 0.02, 0.954, 0.01),
    ),
    Field.ORDER: ((0.99, 0.01), (0.50, 0.50)),
    Field.RARITY: ((0.06, 0.16, 0.24, 0.24, 0.30), (0.45, 0.35, 0.15, 0.035, 0.015)),
    Field.ONE_NAME: ((0.11, 0.17, 0.36, 0.21, 0.15), (0.395, 0.273, 0.30, 0.0295, 0.0025)),
    Field.BIRTH: ((0.88, 0.01, 0.02, 0.01, 0.03, 0.05), (0.00022, 0.0002, 0.011, 0.065, 0.87358, 0.05)),
    Field.POSTCODE: (
        (0.10, 0.25, 0.02, 0.03, 0.30, 0.30),
        (0.000005, 0.000065, 0.0003, 0.0018, 0.69783, 0.30),
    ),
    Field.SEX: ((0.85, 0.15), (0.48, 0.52)),
    Field.UPN: ((0.48, 0.02, 0.50), (0.0000005, 0.4999995, 0.50)),
    Field.ULN: ((0.48, 0.02, 0.50), (0.0000005, 0.4999995, 0.50)),
}
"""Shares to start from (m, u), in the order of `LEVELS`.

m: error rates usual in school and college registers. u of the birthday: 13- to 25-year-olds,
evenly spread (two of three parts alike: one in 156 + 396 + 365); of the numbers: a wrong number
being somebody else's. One name: a quarter of the bearers of first names, and of last ones, having
a very common name of 70, a quarter a known one of 700, half a rare one of 30,000.
"""

_FAMILY: Final[Mapping[Field, tuple[float, ...]]] = {
    Field.FIRST: (0.0008, 0.0008, 0.0003, 0.004, 0.01, 0.0003, 0.0083, 0.06, 0.9055, 0.01),
    Field.BIRTH: (0.014, 0.0002, 0.005, 0.02, 0.9108, 0.05),
}
"""The same of brothers and sisters of 13 to 25, in the order of `LEVELS`.

First names: theirs are as strangers' are, but hardly ever the same one, and somewhat oftener alike
in sound, start or first letter. Birthdays: one birth in 66 is of twins (Office for National
Statistics, births in England and Wales), which makes one pair in 28 of this age; three in five of
them are marked by a sender that has both in its file, which is an assumption, and are never
certain. No other two of one mother are less than ten months apart.
"""

_FAMILY_PRIOR: Final = -700
"""Millibits: for every ten people whom the other side knows, it knows six brothers and sisters."""


_COLUMN_OF: Final[Mapping[Field, str]] = {
    Field.FIRST: "first_name",
    Field.LAST: "last_name",
    Field.ORDER: "first_name",
    Field.RARITY: "last_name",
    Field.ONE_NAME: "last_name",
    Field.BIRTH: "dob",
    Field.POSTCODE: "former_postcode",
    Field.SEX: "sex",
    Field.UPN: "upn",
    Field.ULN: "uln",
}


def stated_weights() -> Weights:
    """Return the weights that training starts from."""
    return Weights(
        version="stated",
        m={field: dict(zip(LEVELS[field], same, strict=True)) for field, (same, _) in _STATED.items()},
        u={field: dict(zip(LEVELS[field], others, strict=True)) for field, (_, others) in _STATED.items()},
        family={field: dict(zip(LEVELS[field], shares, strict=True)) for field, shares in _FAMILY.items()},
        prior=17_000,
        family_prior=_FAMILY_PRIOR,
        certain=4_248,
        second_look=-2_000,
        margin=4_000,
        trained_on="stated shares, no data",
    )


@dataclass(frozen=True, slots=True)
class Files:
    """Two closed files without duplicates, as training wants them."""

    left: Sequence[Person]
    right: Sequence[Person]


def unshown_fields(left: Sequence[Person], right: Sequence[Person]) -> frozenset[Field]:
    """Return the fields that one of two files never has a value for."""
    return frozenset(
        field
        for field, name in _COLUMN_OF.items()
        for side in (left, right)
        if not any(getattr(one, name) for one in side)
    )


def train(
    files: Sequence[Files],
    start: Weights,
    *,
    randomness: Randomness,
    seed: int = 1,
    keep_u: frozenset[Field] = frozenset(),
    keep_m: frozenset[Field] = frozenset(),
    progress: Progress = _untold,
) -> Weights:
    """Return weights trained on pairs of files, each pair matched by itself, their counts added up.

    They keep the name of `start` and what it says that it was trained on.
    `randomness` makes a passing linkage key and the padding; `seed` chooses the strangers. `keep_u`:
    fields whose u stays as in `start`, where the files are of another country or another age.
    `keep_m`: fields whose m does, where they tell of a population and not of errors. `progress` is
    told of the stages `strangers` (fields), `pairs of files` and `rounds`.
    """
    maker = TokenMaker(random_linkage_key(randomness), _EPOCH, randomness)
    u = _strangers(files, start, maker, seed, keep_u | _STATED_ALONE, progress)
    weights = replace(start, u=u)
    compared = []
    for done, pair in enumerate(files, start=1):
        compared.append(_compare_candidates(pair, maker))
        progress("pairs of files", done, len(files))
    for done in range(1, ROUNDS + 1):
        m = dict(_same_people(compared, weights, start, files))
        m |= {field: start.m[field] for field in keep_m}
        weights = replace(weights, m=m)
        progress("rounds", done, ROUNDS)
    return weights


def _shown(field: Field, files: Sequence[Files]) -> bool:
    """Whether every pair of files can show the field."""
    return all(field not in unshown_fields(pair.left, pair.right) for pair in files)


@dataclass(frozen=True, slots=True)
class _Compared:
    sizes: tuple[int, int]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    agreement: Agreement


def _compare_candidates(files: Files, maker: TokenMaker) -> _Compared:
    left, right = [maker.make(one) for one in files.left], [maker.make(one) for one in files.right]
    lefts, rights = InvertedIndex(right).find(left)
    agreement = compare(rows_of(left)[lefts], rows_of(right)[rights])
    return _Compared((len(left), len(right)), lefts, rights, agreement)


def _same_people(
    compared: Sequence[_Compared], weights: Weights, start: Weights, files: Sequence[Files]
) -> Mapping[Field, Shares]:
    """One round: assign with the present weights, count what is seen of the pairs kept."""
    counts = {field: np.zeros(len(seen)) for field, seen in SEEN.items()}
    for one in compared:
        sized = weights.for_sizes(*one.sizes)
        # pairs that a family would explain count too: without them unlike first names would seem ever rarer
        total = against_strangers(one.agreement, sized)
        kept = assign_one_to_one(one.left, one.right, total)
        kept = kept[total[kept] > 0]
        share = min(1.0, PRIOR_PAIRS / max(len(kept), 1))
        for field, codes in one.agreement.codes.items():
            counts[field] += share * np.bincount(codes[kept], minlength=len(SEEN[field]))
    return {
        field: _spread(field, counts[field], weights.m[field], start.m[field])
        if _shown(field, files)
        else start.m[field]
        for field in LEVELS
    }


def _spread(field: Field, counts: NDArray[np.float64], present: Shares, stated: Shares) -> Shares:
    """Turn counts of what is seen into shares of levels: what may be several is divided as at present."""
    found = {level: PRIOR_PAIRS * share for level, share in stated.items()}
    for seen, count in zip(SEEN[field], counts.tolist(), strict=True):
        whole = sum(present[level] for level in seen.levels)
        for level in seen.levels:
            found[level] += count * present[level] / whole
    missing = stated.get("missing", 0.0)
    found["missing"] = 0.0
    scale = (1 - missing) / sum(found.values())
    shares = {level: scale * share for level, share in found.items()} | {"missing": missing}
    return in_whole_parts({level: shares[level] for level in stated})


def _strangers(
    files: Sequence[Files],
    start: Weights,
    maker: TokenMaker,
    seed: int,
    kept: frozenset[Field],
    progress: Progress,
) -> Mapping[Field, Shares]:
    """The u of every field that the files show, from pairs of different people of one file."""
    chance = np.random.default_rng(seed)
    sides = [side for pair in files for side in (pair.left, pair.right)]
    shares: dict[Field, Shares] = {}
    for done, field in enumerate(LEVELS, start=1):
        progress("strangers", done, len(LEVELS))
        if field in kept or not _shown(field, files):
            shares[field] = start.u[field]
            continue
        counts = np.zeros(len(SEEN[field]))
        for side in sides:
            if field is Field.RARITY:
                counts += _namesake_counts(side, maker)
            else:
                counts += _stranger_counts(field, side, maker, chance)
        shares[field] = _spread(field, counts, start.u[field], start.u[field])
    return shares


def _stranger_counts(
    field: Field, people: Sequence[Person], maker: TokenMaker, chance: np.random.Generator
) -> NDArray[np.float64]:
    drawn = chance.permutation(len(people))[:STRANGERS]
    rows = rows_of(maker.make(_alike_but_for(field, people[place])) for place in drawn.tolist())
    counts = np.zeros(len(SEEN[field]))
    for shift in range(1, min(PAIRINGS, len(rows) - 1) + 1):
        codes = compare(rows, np.roll(rows, shift, axis=0)).codes[field]
        counts += np.bincount(codes, minlength=len(SEEN[field]))
    return counts


def _namesake_counts(people: Sequence[Person], maker: TokenMaker) -> NDArray[np.float64]:
    """Pairs of different people of one file with the same two names, by the rarity of the names."""
    rows = rows_of(maker.make(one) for one in people)
    _, first, holders = np.unique(rows[:, 1 + COLUMN["first_last"]], return_index=True, return_counts=True)
    steps = compare(rows[first], rows[first]).codes[Field.RARITY]
    pairs = holders * (holders - 1) / 2
    return np.bincount(steps, weights=pairs, minlength=len(SEEN[Field.RARITY])).astype(np.float64)


def _alike_but_for(field: Field, person: Person) -> Person:
    """The person with every fact but one made the same as everybody's."""
    made = replace(person, twin=False, upn="", uln="", preferred_name="", other_last_name="")
    if field is not Field.FIRST:
        made = replace(made, first_name=_SAME_FIRST)
    if field is not Field.LAST:
        made = replace(made, last_name=_SAME_LAST)
    if field is not Field.BIRTH:
        made = replace(made, dob=_SAME_DAY)
    return made
