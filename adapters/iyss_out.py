"""Writes the rows that One IYSS imports: its education template, or its training template.

A record with a DfE number goes into the first, one with a provider's number alone into the second.
What a released record cannot know (goal, situation, level, occupation) is left empty for a person.
The header rows are those that the One IYSS import documents; days are dd/mm/yyyy.
"""

import io
from typing import Final

from adapters.export import Value, write_csv
from adapters.move import Address, Establishment, Move

EDUCATION: Final = (
    *("Forename", "Surname", "DOB", "Postcode", "UPN", "DfENo", "StartDate", "EndDate"),
    *("GoalLevel", "GoalDescription"),
)
TRAINING: Final = (
    *("Forename", "Surname", "DOB", "Postcode", "UPN", "UKPRN", "StartDate", "EndDate"),
    *("SituationGroup", "SituationSubGroup", "QualLevel", "OccAreaGroup", "OccAreaSubGroup"),
)


def write_import(move: Move) -> bytes:
    """Give one record as a file to import, with its header row; no cell of it can act."""
    place = move.establishment or Establishment()
    trains = place.number is None and place.ukprn is not None
    header, number = (TRAINING, place.ukprn) if trains else (EDUCATION, place.number)
    home = move.to_address or Address()
    known: list[Value] = [
        move.given,
        move.family,
        move.dob,
        home.postcode,
        move.upn,
        number,
        move.start,
        move.end,
    ]
    row = [*known, *[None] * (len(header) - len(known))]
    text = io.StringIO(newline="")
    write_csv([header, row], text)
    return text.getvalue().encode("utf-8-sig")
