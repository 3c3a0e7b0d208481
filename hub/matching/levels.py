"""The words of a comparison: fields, their levels of agreement, and what can be seen of a level.

Two records of tokens do not always show on which level a field agrees: whether two first names
are alike shows only beside an equal birthday or last name. So what is seen of a field (`Seen`) is
the set of levels that are still possible; where it is one level, the level is known. "missing" is
a level too, and worth nothing: whether a fact differs or one side does not know it shows only of two
records that agree on something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Field(StrEnum):
    """A fact of a person that two records may agree on."""

    FIRST = "first"
    LAST = "last"
    ORDER = "order"
    RARITY = "rarity"
    ONE_NAME = "one_name"
    BIRTH = "birth"
    POSTCODE = "postcode"
    SEX = "sex"
    UPN = "upn"
    ULN = "uln"
    FAMILY = "family"
    """No fact of its own: what is taken off where brothers and sisters would agree as well."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a field: its name in a waterfall, the levels possible, the words for a person."""

    name: str
    levels: tuple[str, ...]
    words: str


LEVELS: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.FIRST: (
        "exact",
        "nick",
        "near",
        "sound",
        "start",
        "far",
        "weak",
        "initial",
        "different",
        "missing",
    ),
    Field.LAST: ("exact", "half", "near", "sound", "start", "far", "weak", "different", "missing"),
    Field.ORDER: ("as_given", "exchanged"),
    Field.RARITY: ("common", "usual", "uncommon", "rare", "rarest"),
    Field.ONE_NAME: ("common", "usual", "uncommon", "rare", "rarest"),
    Field.BIRTH: ("exact", "exchanged", "part", "year", "different", "missing"),
    Field.POSTCODE: ("address", "unit", "sector", "district", "different", "missing"),
    Field.SEX: ("same", "different"),
    Field.UPN: ("same", "different", "missing"),
    Field.ULN: ("same", "different", "missing"),
}
"""Every level of a field, best first; of a pair exactly one is true. A missing sex is "different".

Rarity is that of the names, where both are the same; "one name" where only one is and the other
is not even alike. Where names are exchanged, "first" is the
pair of names more alike and "last" the other.
"""


def _one(level: str, words: str) -> Seen:
    return Seen(level, (level,), words)


_APART: Final = ("different", "missing")
_NEAR_NAMES: Final = ("near", "far", "weak", *_APART)
_INITIAL: Final = ("near", "far", "weak", "initial")

SEEN: Final[Mapping[Field, tuple[Seen, ...]]] = {
    Field.FIRST: (
        _one("exact", "the same first name"),
        _one("nick", "a short form of the same first name"),
        _one("near", "first names spelt nearly alike"),
        _one("sound", "first names that sound alike"),
        _one("start", "first names that begin or end alike"),
        _one("far", "first names somewhat alike"),
        _one("weak", "first names hardly alike"),
        _one("initial", "another first name with the same first letter"),
        _one("different", "another first name"),
        _one("missing", "one side does not know the first name"),
        Seen("other", ("initial", "different"), "another first name, its first letter not seen"),
        Seen("apart", ("initial", *_APART), "first name different or missing"),
        Seen("letter", _INITIAL, "first name not the same nor alike in sound, with the same first letter"),
        Seen("unlike", (*_INITIAL, *_APART), "first name not the same nor alike in sound"),
        Seen("blank", LEVELS[Field.FIRST], "nothing to be seen of the first name"),
    ),
    Field.LAST: (
        _one("exact", "the same last name"),
        _one("half", "one half of a last name in two parts"),
        _one("near", "last names spelt nearly alike"),
        _one("sound", "last names that sound alike"),
        _one("start", "last names that begin or end alike"),
        _one("far", "last names somewhat alike"),
        _one("weak", "last names hardly alike"),
        _one("different", "another last name"),
        _one("missing", "one side does not know the last name"),
        Seen("apart", _APART, "last name different or missing"),
        Seen("unlike", _NEAR_NAMES, "last name not the same nor alike in sound"),
        Seen("blank", LEVELS[Field.LAST], "nothing to be seen of the last name"),
    ),
    Field.ORDER: (
        _one("as_given", "first and last name in their places"),
        _one("exchanged", "first and last name exchanged"),
        Seen("blank", LEVELS[Field.ORDER], "nothing to be seen of the names' order"),
    ),
    Field.RARITY: (
        _one("common", "both names are very common"),
        _one("usual", "one name is very common, the other common"),
        _one("uncommon", "the names are of middling commonness"),
        _one("rare", "the names are rarely met together"),
        _one("rarest", "both names are rare"),
        Seen(
            "blank",
            LEVELS[Field.RARITY],
            "how common the names are does not count: they are not both the same",
        ),
    ),
    Field.ONE_NAME: (
        _one("common", "one name alone is the same, a very common one"),
        _one("usual", "one name alone is the same, mostly a common one"),
        _one("uncommon", "one name alone is the same, of middling commonness"),
        _one("rare", "one name alone is the same, rarely met"),
        _one("rarest", "one name alone is the same, a rare one"),
        Seen(
            "blank", LEVELS[Field.ONE_NAME], "how common one name is does not count: both are alike or none"
        ),
    ),
    Field.BIRTH: (
        _one("exact", "the same date of birth"),
        _one("exchanged", "day and month exchanged"),
        _one("part", "one part of the date of birth differs"),
        Seen("year", ("exchanged", "part", "year"), "the same year of birth"),
        _one("different", "another date of birth"),
        _one("missing", "one side does not know the date of birth"),
        Seen("other", ("exchanged", "part", "year", "different"), "not the same date of birth"),
        Seen(
            "unlike",
            ("exchanged", "part", "year", *_APART),
            "date of birth not the same, or missing",
        ),
        Seen("blank", LEVELS[Field.BIRTH], "nothing to be seen of the date of birth"),
    ),
    Field.POSTCODE: (
        _one("address", "the same address"),
        Seen("unit", ("address", "unit"), "the same postcode"),
        _one("sector", "the same postcode sector"),
        _one("district", "the same postcode district"),
        _one("different", "another postcode"),
        _one("missing", "one side does not know the postcode"),
        Seen("apart", _APART, "postcode different or missing"),
        Seen("other", ("sector", "district", "different"), "not the same postcode"),
        Seen("unlike", ("sector", "district", *_APART), "postcode not the same, or missing"),
        Seen("blank", LEVELS[Field.POSTCODE], "nothing to be seen of the postcode"),
    ),
    Field.SEX: (
        _one("same", "the same sex"),
        _one("different", "sex different or missing"),
        Seen("blank", LEVELS[Field.SEX], "nothing to be seen of the sex"),
    ),
    Field.UPN: (
        _one("same", "the same UPN"),
        _one("different", "another UPN"),
        _one("missing", "one side does not know the UPN"),
        Seen("apart", _APART, "UPN different or missing"),
    ),
    Field.ULN: (
        _one("same", "the same ULN"),
        _one("different", "another ULN"),
        _one("missing", "one side does not know the ULN"),
        Seen("apart", _APART, "ULN different or missing"),
    ),
}
"""Whatever can be seen of a field, by code: the place in this list."""

CODE: Final[Mapping[Field, Mapping[str, int]]] = {
    field: {seen.name: place for place, seen in enumerate(all_seen)} for field, all_seen in SEEN.items()
}
"""The code of what is seen, by its name."""


class EvidenceStrength(StrEnum):
    """How much more than a name and a birthday two records agree on (I11)."""

    NONE = "none"
    NAME_AND_BIRTH = "name_and_birth"
    STRONG = "strong"
