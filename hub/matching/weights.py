"""What each level of agreement is worth, from a frozen file that a person can read.

Decides the bits of evidence (Fellegi and Sunter 1969): log2 of how often a level is met between
two records of one person (m) over how often between strangers (u). Where several levels remain
possible, their shares are added up first. A file is never changed, a new version is another
file: otherwise the order in which notices arrive could change a verdict. Weights are held in
thousandths of a bit, as whole numbers, so that every machine adds them up alike.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Final

from hub.matching.levels import LEVELS, SEEN, Field
from hub.protocols.canonical import Json, Reader, decode
from hub.protocols.errors import MalformedMessage

VERSION: Final = "2026-3"

Shares = Mapping[str, float]
"""Share of pairs on each level of a field; together 1."""

FAMILY: Final = (Field.FIRST, Field.BIRTH)
"""Fields in which brothers and sisters are like neither strangers nor one person."""

_AS_STRANGERS: Final = (Field.SEX, Field.UPN, Field.ULN)
"""Fields in which they are as strangers are. In all others they are as one person's records are."""

_SUM_TOLERANCE: Final = 0.002
_BILLION: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Weights:
    """Levels' shares among pairs of one person (m) and of strangers (u), and where to draw lines.

    `family`: the same among brothers and sisters, of the fields in which they are like neither.

    Millibits: `prior` is what a pair must overcome before any evidence, `family_prior` what one of a
    family must (below 0: the person is met oftener than a brother or sister), `certain` what must then be
    left for a certain match, `second_look` for a person to look, `margin` how far the next best
    candidate must stay behind a certain one.
    """

    version: str
    m: Mapping[Field, Shares]
    u: Mapping[Field, Shares]
    family: Mapping[Field, Shares]
    prior: int
    family_prior: int
    certain: int
    second_look: int
    margin: int
    trained_on: str
    bits: Mapping[Field, tuple[int, ...]] = field(init=False, repr=False, compare=False)
    """Millibits of everything that can be seen of a field, by code."""
    family_bits: Mapping[Field, tuple[int, ...]] = field(init=False, repr=False, compare=False)
    """The same against brothers and sisters at one home; of a field that says nothing there, not there."""

    def __post_init__(self) -> None:
        alike_strangers = {one: self.u[one] for one in _AS_STRANGERS}
        object.__setattr__(self, "bits", _table_of_bits(self.m, self.u))
        object.__setattr__(self, "family_bits", _table_of_bits(self.m, {**alike_strangers, **self.family}))

    def for_sizes(self, left: int, right: int) -> "Weights":
        """Return these weights for two closed files: as many true pairs expected as the smaller has."""
        return replace(self, prior=round(1000 * math.log2(max(left, right, 2))))

    def without(self, fields: Iterable[Field]) -> "Weights":
        """Return these weights with some fields worth nothing: closed files may not have them at all."""
        nothing = {one: self.u[one] for one in fields}
        family = {one: nothing.get(one, shares) for one, shares in self.family.items()}
        return replace(self, m={**self.m, **nothing}, family=family)

    def level_bits(self) -> Mapping[tuple[str, str], int]:
        """Return what each level is worth, in millibits, by field and level as the weights file names them.

        What it is worth against brothers and sisters stands under "family" and the field's name.
        """
        levels = {
            (one.value, level): (self.m[one], self.u[one], (level,))
            for one in LEVELS
            for level in LEVELS[one]
        }
        family = {
            (f"family {one.value}", level): (self.m[one], self.family[one], (level,))
            for one in self.family
            for level in LEVELS[one]
        }
        return {place: _millibits(*shares) for place, shares in {**levels, **family}.items()}

    def to_json(self) -> Json:
        """Return the content of a weights file; shares are parts per thousand million."""
        fields: dict[str, Json] = {one.value: self._table(one) for one in LEVELS}
        return {
            "version": self.version,
            "trained_on": self.trained_on,
            "prior_millibits": self.prior,
            "family_prior_millibits": self.family_prior,
            "certain_millibits": self.certain,
            "second_look_millibits": self.second_look,
            "margin_millibits": self.margin,
            "fields": fields,
            "family": {one.value: self._family_table(one) for one in self.family},
        }

    def _table(self, one: Field) -> Json:
        same, strangers = self.m[one], self.u[one]
        return {
            level: {
                "same_person_per_billion": round(_BILLION * same[level]),
                "strangers_per_billion": round(_BILLION * strangers[level]),
                "millibits": _millibits(same, strangers, (level,)),
            }
            for level in LEVELS[one]
        }

    def _family_table(self, one: Field) -> Json:
        same, family = self.m[one], self.family[one]
        return {
            level: {
                "family_per_billion": round(_BILLION * family[level]),
                "millibits": _millibits(same, family, (level,)),
            }
            for level in LEVELS[one]
        }


def _table_of_bits(
    same: Mapping[Field, Shares], others: Mapping[Field, Shares]
) -> Mapping[Field, tuple[int, ...]]:
    return {
        one: tuple(_millibits(same[one], others[one], seen.levels) for seen in SEEN[one]) for one in others
    }


def in_whole_parts(shares: Shares) -> Shares:
    """Return shares as a weights file can hold them: whole parts per thousand million, none 0."""
    return {level: max(1, round(_BILLION * share)) / _BILLION for level, share in shares.items()}


@cache
def frozen_weights() -> Weights:
    """Return the weights in force."""
    return read_weights(files("hub.matching").joinpath(f"weights-{VERSION}.json").read_bytes())


def read_weights(data: bytes) -> Weights:
    """Read a weights file; raise `MalformedMessage` where it is incomplete or contradicts itself."""
    reader = Reader(decode(data), "weights")
    tables = reader.object("fields")
    shares = {one: _read_shares(tables.object(one.value), one) for one in LEVELS}
    tables.done()
    families = reader.object("family")
    family = {one: _read_family(families.object(one.value), one) for one in FAMILY}
    families.done()
    weights = Weights(
        version=reader.text("version"),
        m={one: same for one, (same, _) in shares.items()},
        u={one: strangers for one, (_, strangers) in shares.items()},
        family=family,
        prior=reader.integer("prior_millibits"),
        family_prior=reader.integer("family_prior_millibits", least=-LONGEST_SCORE, most=LONGEST_SCORE),
        certain=reader.integer("certain_millibits"),
        second_look=reader.integer("second_look_millibits", least=-LONGEST_SCORE, most=LONGEST_SCORE),
        margin=reader.integer("margin_millibits"),
        trained_on=reader.text("trained_on", max=2_000),
    )
    reader.done()
    if weights.to_json() != decode(data):
        raise MalformedMessage("weights-bits", "the bits of a level do not follow from its shares")
    return weights


LONGEST_SCORE: Final = 1_000_000
"""Millibits: no sum of weights comes near it."""


def _read_shares(table: Reader, one: Field) -> tuple[Shares, Shares]:
    same: dict[str, float] = {}
    strangers: dict[str, float] = {}
    for level in LEVELS[one]:
        row = table.object(level)
        same[level] = row.integer("same_person_per_billion", least=1, most=_BILLION) / _BILLION
        strangers[level] = row.integer("strangers_per_billion", least=1, most=_BILLION) / _BILLION
        row.integer("millibits", least=-LONGEST_SCORE, most=LONGEST_SCORE)
        row.done()
    table.done()
    if any(abs(sum(shares.values()) - 1) > _SUM_TOLERANCE for shares in (same, strangers)):
        raise MalformedMessage("weights-shares", f"the shares of {one.value} do not make a whole")
    return same, strangers


def _read_family(table: Reader, one: Field) -> Shares:
    shares: dict[str, float] = {}
    for level in LEVELS[one]:
        row = table.object(level)
        shares[level] = row.integer("family_per_billion", least=1, most=_BILLION) / _BILLION
        row.integer("millibits", least=-LONGEST_SCORE, most=LONGEST_SCORE)
        row.done()
    table.done()
    if abs(sum(shares.values()) - 1) > _SUM_TOLERANCE:
        raise MalformedMessage("weights-shares", f"the shares of {one.value} in families do not make a whole")
    return shares


def _millibits(same: Shares, strangers: Shares, levels: tuple[str, ...]) -> int:
    """The weight of seeing that the level is one of these; 0 where it may be any."""
    if len(levels) == len(same):
        return 0
    return round(
        1000 * math.log2(sum(same[level] for level in levels) / sum(strangers[level] for level in levels))
    )
