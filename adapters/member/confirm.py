"""Is this the person we mean? Compared in clear text, here and nowhere else.

Decides what a gateway may sign by itself: `same` where names and date of birth leave no doubt,
`different` where they plainly contradict, `unsure` for everything else, which a person decides. A
wrong match shows a name; a wrong `same` would show a life, so doubt is never `same`.
"""

from typing import Final

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from hub.protocols.acknowledgement import Answer
from hub.protocols.canonical import Json
from hub.protocols.personal_names import normalise_name

SAME_NAME: Final = 0.93
"""Jaro-Winkler similarity from which two spellings of one name are taken as such."""

LIKE_NAME: Final = 0.80
"""Below this on both names, with another date of birth, nobody would call them one person."""

TYPO: Final = 1
"""Edits between two dates of birth that a person could have made by mistyping."""


def compare(theirs: Json, ours: Json) -> Answer:
    """Compare two identity parts: names and date of birth."""
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return Answer.UNSURE
    given, family = _like(theirs, ours, "given"), _family(theirs, ours)
    days = DamerauLevenshtein.distance(_digits(theirs), _digits(ours))
    if days == 0 and given >= SAME_NAME and family >= SAME_NAME:
        return Answer.SAME
    if days > TYPO and given < LIKE_NAME and family < LIKE_NAME:
        return Answer.DIFFERENT
    return Answer.UNSURE


def _like(theirs: dict[str, Json], ours: dict[str, Json], name: str) -> float:
    return float(JaroWinkler.similarity(_plain(theirs.get(name)), _plain(ours.get(name))))


def _family(theirs: dict[str, Json], ours: dict[str, Json]) -> float:
    """The best likeness between any family names, former ones included: people marry."""
    return max(
        float(JaroWinkler.similarity(_plain(one), _plain(other)))
        for one in _families(theirs)
        for other in _families(ours)
    )


def _families(identity: dict[str, Json]) -> list[Json]:
    former = identity.get("former_family")
    return [identity.get("family"), *(former if isinstance(former, list) else ())]


def _plain(name: Json) -> str:
    return normalise_name(name) if isinstance(name, str) else ""


def _digits(identity: dict[str, Json]) -> str:
    return str(identity.get("dob", "")).replace("-", "")
