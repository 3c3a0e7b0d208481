"""Is this the same young person: certain, worth a second look, or no.

Decides from the evidence of two records, for the broker and again for the gateway that is asked
for a key. Sums the bits of what is seen of each field and keeps them apart as a waterfall, which
is the explanation. A match is certain only where the sum is, also without the group `other`
(which the gateway is not shown), the next best candidate stays behind by a margin, the first
names are seen to be alike, the whole birthday, a place or a number agrees besides, and neither side
says "twin". It compares no values, releases nothing and asks nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hub.matching.evidence import (
    Agreement,
    Record,
    Rows,
    Truth,
    alike,
    compare,
    rows_of,
    strength,
    without_other,
)
from hub.matching.levels import CODE, SEEN, EvidenceStrength, Field
from hub.matching.weights import Weights, frozen_weights
from hub.protocols.errors import MalformedMessage

Millibits = NDArray[np.int64]


class Outcome(StrEnum):
    """What follows from the evidence."""

    CERTAIN = "certain"
    SECOND_LOOK = "second_look"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the waterfall: what is seen of a field and what it is worth."""

    field: Field
    level: str
    millibits: int
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, its sum after the prior, and its reasons in the order of the fields."""

    outcome: Outcome
    millibits: int
    waterfall: tuple[Bar, ...]
    strength: EvidenceStrength
    weights_version: str

    @property
    def bits(self) -> float:
        """The sum in bits, for a person."""
        return self.millibits / 1000


@dataclass(frozen=True, slots=True)
class Scores:
    """A block of pairs, scored: what `judge` would say of each, before the runner-up is looked at."""

    millibits: Millibits
    agreement: Agreement
    may_be_certain: Truth


def judge(
    left: Record, right: Record, weights: Weights | None = None, runner_up: int | None = None
) -> Verdict:
    """Judge two records, in either order with the same answer.

    `runner_up`: millibits of the next best candidate of either record, where there is one. A record
    without its group `other` is judged on names, birthday and evidence alone. Raises
    `MalformedMessage` where the records are of two epochs: their tokens cannot be compared.
    """
    _check_epochs(left, [right])
    return verdicts(score_block(left, rows_of([right]), weights), [runner_up], weights)[0]


def judge_each(record: Record, candidates: Sequence[Record], weights: Weights | None = None) -> list[Verdict]:
    """Judge a record against all its candidates at once, each beside the best of the others.

    Much cheaper than one `judge` after the other. Raises `MalformedMessage` as `judge` does.
    """
    _check_epochs(record, candidates)
    scores = score_block(record, rows_of(candidates), weights)
    return verdicts(scores, _runners_up(scores.millibits.tolist()), weights)


def _check_epochs(record: Record, others: Sequence[Record]) -> None:
    if any(other.epoch != record.epoch for other in others):
        raise MalformedMessage("epoch-differs", "records of two epochs cannot be compared")


def _runners_up(millibits: list[int]) -> list[int | None]:
    best = sorted(range(len(millibits)), key=lambda place: -millibits[place])
    if len(best) < 2:
        return [None] * len(best)
    first, second = best[:2]
    return [millibits[second if place == first else first] for place in range(len(millibits))]


def score_block(record: Record, rows: Rows, weights: Weights | None = None) -> Scores:
    """Score one record against a block of candidate rows at once (`evidence.rows_of`)."""
    return score_pairs(rows_of([record]), rows, weights)


def score_pairs(left: Rows, right: Rows, weights: Weights | None = None) -> Scores:
    """Score each row of `left` against the same row of `right`; one row stands for many."""
    used = weights or frozen_weights()
    agreement = compare(left, right)
    total = sum_of_bits(agreement, used)
    may_be_certain = _reaches_certain(agreement, total, used)
    places = np.flatnonzero(may_be_certain)
    if len(places):
        # the gateway that is asked for a key is not shown `other`: it must come to the same answer
        mine, others = (without_other(rows if len(rows) == 1 else rows[places]) for rows in (left, right))
        shown = compare(mine, others)
        may_be_certain[places] = _reaches_certain(shown, sum_of_bits(shown, used), used)
    return Scores(total, agreement, may_be_certain)


def _reaches_certain(agreement: Agreement, total: Millibits, weights: Weights) -> Truth:
    """Whether a pair may be certain by itself: the sum, like first names, more than names, no twin."""
    first_alike = alike(Field.FIRST, agreement.codes[Field.FIRST])
    exchanged = agreement.codes[Field.ORDER] == CODE[Field.ORDER]["exchanged"]
    first_alike &= ~exchanged | alike(Field.LAST, agreement.codes[Field.LAST])
    # brothers and sisters share name and address, and their first names often begin or end alike
    first_alike &= _reaches(agreement, Field.BIRTH, "part") | _reaches(agreement, Field.FIRST, "near")
    beyond_names = _reaches(agreement, Field.BIRTH, "exchanged") | _reaches(
        agreement, Field.POSTCODE, "district"
    )
    beyond_names |= _reaches(agreement, Field.UPN, "same") | _reaches(agreement, Field.ULN, "same")
    may_be: Truth = (total >= weights.certain) & first_alike & beyond_names & ~agreement.twin
    return may_be


def _reaches(agreement: Agreement, field: Field, level: str) -> Truth:
    """Whether a field is seen to agree on this level or a better one."""
    found: Truth = agreement.codes[field] <= CODE[field][level]
    return found


def sum_of_bits(agreement: Agreement, weights: Weights) -> Millibits:
    """Return the sum of all evidence less the prior, pair by pair.

    Where a last name and a home agree, brothers and sisters agree on them too: then a pair is worth no more
    than what first name, birthday, sex and numbers say for one person against two of a family.
    """
    return against_strangers(agreement, weights) + _family(agreement, weights)


def against_strangers(agreement: Agreement, weights: Weights) -> Millibits:
    """Return the sum for one person against two strangers alone, as if nobody had brothers or sisters."""
    return _sum(agreement, weights.bits, -weights.prior)


def _family(agreement: Agreement, weights: Weights) -> Millibits:
    """What is taken off because a family would agree as well: 0 or less."""
    against_family = _sum(agreement, weights.family_bits, -weights.family_prior)
    less = np.minimum(against_family - against_strangers(agreement, weights), 0)
    at_home = alike(Field.LAST, agreement.codes[Field.LAST]) & _reaches(agreement, Field.POSTCODE, "unit")
    return np.where(at_home, less, 0)


def _sum(agreement: Agreement, bits: Mapping[Field, tuple[int, ...]], begin: int) -> Millibits:
    total = np.full(len(agreement.strong), begin, dtype=np.int64)
    for field, worth in bits.items():
        total += np.array(worth, dtype=np.int64)[agreement.codes[field]]
    return total


def verdicts(
    scores: Scores, runners_up: Sequence[int | None], weights: Weights | None = None
) -> list[Verdict]:
    """Return the verdict of each scored pair, each beside the next best of its own candidates."""
    used = weights or frozen_weights()
    strengths, families = strength(scores.agreement), _family(scores.agreement, used).tolist()
    return [
        Verdict(
            _outcome(millibits, bool(scores.may_be_certain[place]), runners_up[place], used),
            millibits,
            (*_waterfall(scores.agreement, place, used), _family_bar(families[place])),
            strengths[place],
            used.version,
        )
        for place, millibits in enumerate(scores.millibits.tolist())
    ]


def _outcome(millibits: int, may_be_certain: bool, runner_up: int | None, weights: Weights) -> Outcome:
    if millibits < weights.second_look:
        return Outcome.NONE
    clear = runner_up is None or millibits - runner_up >= weights.margin
    return Outcome.CERTAIN if may_be_certain and clear else Outcome.SECOND_LOOK


def _family_bar(millibits: int) -> Bar:
    if millibits:
        return Bar(Field.FAMILY, "family", millibits, "a brother or sister has the same last name and home")
    return Bar(Field.FAMILY, "apart", 0, "no more likely one family than two strangers")


def _waterfall(agreement: Agreement, place: int, weights: Weights) -> tuple[Bar, ...]:
    bars = []
    for field, codes in agreement.codes.items():
        code = int(codes[place])
        seen = SEEN[field][code]
        bars.append(Bar(field, seen.name, weights.bits[field][code], seen.words))
    return tuple(bars)
