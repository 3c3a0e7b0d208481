"""Is this the person we mean? Compared in clear text, here and nowhere else.

Decides what a gateway may sign by itself: `same` where names and date of birth leave no doubt,
`different` where they plainly contradict, `unsure` for everything else, which a person decides. A
wrong match shows a name; a wrong `same` would show a life, so doubt is never `same`. Twins share
a birthday and a family name: two given names that differ as Daniel and Daniela do are doubt. So
are a missing name, a birthday that stands for "not known", names or day and month exchanged.
"""

from datetime import date
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from hub.matching.nicknames import full_forms
from hub.protocols.acknowledgement import Answer
from hub.protocols.birthdays import Birthday, read_birthday
from hub.protocols.canonical import Json
from hub.protocols.personal_names import normalise_name, read_first_name

SAME_NAME: Final = 0.93
"""Jaro-Winkler similarity from which two spellings of one name are taken as such."""

LIKE_NAME: Final = 0.80
"""Below this on both names, with another date of birth, nobody would call them one person."""

TYPO: Final = 1
"""Edits between two dates of birth that a person could have made by mistyping."""

ENDING: Final = 2
"""Letters at the end of a given name that tell brother from sister: Daniel, Daniela; Ali, Alia."""

LIKELY_FORMS: Final = 3
"""Full forms of a short name that are taken for it, the likeliest first: farther ones are guesses."""


def compare(theirs: Json, ours: Json) -> Answer:
    """Compare two identity parts: names and date of birth."""
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return Answer.UNSURE
    one, other = _birthday(theirs), _birthday(ours)
    if one.whole and one.whole == other.whole and _same_names(theirs, ours):
        return Answer.SAME
    if _other_birthday(one, other) and _other_names(theirs, ours):
        return Answer.DIFFERENT
    return Answer.UNSURE


def _same_names(theirs: dict[str, Json], ours: dict[str, Json]) -> bool:
    family = _family_likeness(theirs, ours)
    if family < SAME_NAME:
        return False
    one, other = _text(theirs, "given"), _text(ours, "given")
    return _same_given(one, other) or (family == 1 and _nicknames(one, other))


def _same_given(one: str, other: str) -> bool:
    """One given name in two spellings: the same word, or a slip that is not in its ending."""
    ours, theirs = read_first_name(one), read_first_name(other)
    if not ours.word or not theirs.word:
        return False
    if ours.word == theirs.word or ours.word in theirs.others or theirs.word in ours.others:
        return True
    alike = _likeness(ours.word, theirs.word) >= SAME_NAME
    return alike and not _differ_in_ending(ours.word, theirs.word)


def _differ_in_ending(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    return one[-1] != other[-1] and one[: shorter - ENDING] == other[: shorter - ENDING]


def _nicknames(one: str, other: str) -> bool:
    """One is a known short form of the other, or both are of one name."""
    ours, theirs = normalise_name(one), normalise_name(other)
    return bool({*full_forms(ours)[:LIKELY_FORMS]} & {*full_forms(theirs)[:LIKELY_FORMS]} - {""})


def _other_birthday(one: Birthday, other: Birthday) -> bool:
    """Both are known, and no slip of the hand and no exchange of day and month makes them one."""
    if not one.whole or not other.whole or one.whole == other.exchanged:
        return False
    return DamerauLevenshtein.distance(one.whole, other.whole) > TYPO


def _other_names(theirs: dict[str, Json], ours: dict[str, Json]) -> bool:
    """Neither name is like the other's, straight or exchanged, and none is missing."""
    names = [normalise_name(_text(side, name)) for side in (theirs, ours) for name in ("given", "family")]
    if not all(names):
        return False
    given, family, our_given, our_family = names
    straight = max(_likeness(given, our_given), _family_likeness(theirs, ours))
    exchanged = max(_likeness(given, our_family), _likeness(family, our_given))
    return straight < LIKE_NAME and exchanged < LIKE_NAME


def _family_likeness(theirs: dict[str, Json], ours: dict[str, Json]) -> float:
    """The best likeness between any family names, former ones included: people marry."""
    return max(_likeness(one, other) for one in _families(theirs) for other in _families(ours))


def _families(identity: dict[str, Json]) -> list[str]:
    former = identity.get("former_family")
    names = [identity.get("family"), *(former if isinstance(former, list) else ())]
    return [normalise_name(name) if isinstance(name, str) else "" for name in names]


def _likeness(one: str, other: str) -> float:
    """From 0 to 1; a missing name is like nothing, not even like another missing one."""
    return float(JaroWinkler.similarity(one, other)) if one and other else 0.0


def _text(identity: dict[str, Json], name: str) -> str:
    value = identity.get(name)
    return value if isinstance(value, str) else ""


def _birthday(identity: dict[str, Json]) -> Birthday:
    """The birthday; nothing where it is missing or stands for "not known"."""
    try:
        return read_birthday(date.fromisoformat(_text(identity, "dob")))
    except ValueError:
        return Birthday()
