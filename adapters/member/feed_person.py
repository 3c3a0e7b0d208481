"""Whether a local reference still names the same young person: pure.

Numbers of records are given again, rows change places, columns shift. What was sent about one child must
not be corrected, withdrawn or found by the home of another, so a machine goes on only where enough of
what names somebody has stayed as it was. Twins share family name, birthday and home: a given name that
changes is a mended one only where a number says so.
"""

import unicodedata
from dataclasses import dataclass

from adapters.move import Move


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Who a row names: texts in one form, or fingerprints of them; empty where the file has none."""

    given: str
    family: str
    born: str
    upn: str
    uln: str
    further: str
    """Middle and former names."""


def person_of(move: Move) -> Person:
    """Whom a row names, in one form, whatever the file's layout."""
    further = "|".join(map(plain, (move.middle or "", *move.former_family)))
    born = move.dob.isoformat()
    return Person(plain(move.given), plain(move.family), born, move.upn or "", move.uln or "", further)


def still_one(before: Person, after: Person) -> bool:
    """Whether both are one young person, of whom something may be better known now."""
    given, family, born = (
        before.given == after.given,
        before.family == after.family,
        before.born == after.born,
    )
    numbers = [(before.upn, after.upn), (before.uln, after.uln)]
    known = [one == other for one, other in numbers if one and other]
    if all((given, family, born)) or (any(known) and any((given, family, born))):
        return True
    return all(known) and given and (family or born)


def plain(text: str) -> str:
    """A text without capitals, spaces and signs."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(letter for letter in composed.casefold() if letter.isalnum())
