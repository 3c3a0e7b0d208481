"""Writes records of the NCCIS layout for a tracker's import, and the closing records of those who left.

An arrival becomes a record with the earlier authority's number in PreviousYPIDIdentifier (rule 37);
what the importing system gives by itself (its own number, who leads) is left empty. A closing record
says that somebody went, and whither: CohortStatus T with TransferredToLACode, as the return wants it
once. This is an import of single records, not a return to the department: its header names nobody.
What comes from another member is text to be escaped, whatever it holds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final

from adapters.move import Address, Establishment, Found, Move
from adapters.nccis_xml import GROUPS
from adapters.rows import CHARACTERISTICS

YPID: Final = re.compile(r"\d{13}")
LINES: Final = ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4")
_NOT_XML: Final = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<NCCIS>\n'
_TAIL: Final = "</NCCIS>\n"

Facts = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Closing:
    """Somebody whom another authority counts now: the own number where it is known, and that authority."""

    ref: str | None
    to_authority: str | None


def write_arrivals(moves: Iterable[Move]) -> bytes:
    """Give records for those who came, to be imported."""
    return _document(_arrival(move) for move in moves)


def write_closings(closings: Iterable[Closing]) -> bytes:
    """Give the closing records of those who left."""
    return _document(
        {
            "YoungPersonsID": _some(one.ref),
            "CohortStatus": ["T"],
            "TransferredToLACode": _some(one.to_authority),
        }
        for one in closings
    )


def _arrival(move: Move) -> Facts:
    home, place = move.to_address or Address(), move.establishment or Establishment()
    earlier = move.previous_ref if move.previous_ref and YPID.fullmatch(move.previous_ref) else None
    codes = [code for code, found in CHARACTERISTICS.items() if found in move.found]
    lines = (*home.lines[:3], ", ".join(home.lines[3:]))
    return {
        "CohortStatus": ["P"],
        "GivenName": [move.given],
        "MiddleName": _some(move.middle),
        "FamilyName": [move.family],
        **{name: _some(line) for name, line in zip(LINES, lines, strict=False)},
        "Postcode": _some(home.postcode),
        "Gender": _some(move.sex),
        "DOB": _some(move.dob),
        "Ethnicity": _some(move.ethnicity),
        "EducatedLEA": _some(move.educated_authority),
        "LEACodeAtYear11": _some(move.year_11_authority),
        "UniqueLearnerNo": _some(move.uln),
        "UniquePupilNumber": _some(move.upn),
        "PreviousYPIDIdentifier": _some(earlier),
        "LevelOfNeedCode": _some(move.level_of_need),
        "SENDFlag": ["Y"] if move.found & {Found.SEN, Found.EHC_PLAN} else [],
        "SENSupportFlag": ["Y"] if Found.SEN_SUPPORT in move.found else [],
        "CharacteristicCode": codes,
        "ActivityCode": _some(move.activity),
        "StartDate": _some(move.start),
        "DateAscertained": _some(move.ascertained),
        "DateVerified": _some(move.verified),
        "ReviewDate": _some(move.review),
        "DueToLapseDate": _some(move.due_to_lapse),
        "CurrencyLapsed": ["Y"] if move.lapsed else [],
        "EstablishmentNumber": _some(place.number),
        "EstablishmentName": _some(place.name),
        "UKProviderReferenceNumber": _some(place.ukprn),
        "NEETStartDate": _some(move.neet_start),
        "PredictedEndDate": _some(move.predicted_end),
    }


def _some(value: str | date | None) -> list[str]:
    if value is None or value == "":
        return []
    return [value.isoformat() if isinstance(value, date) else value]


def _document(records: Iterable[Facts]) -> bytes:
    body = "".join(f"<YoungPersonsRecord>\n{''.join(_groups(one))}</YoungPersonsRecord>\n" for one in records)
    return f"{_HEAD}{body}{_TAIL}".encode()


def _groups(facts: Facts) -> Iterator[str]:
    """The groups of a record that hold anything, their elements in the order of the layout."""
    for group, names in GROUPS:
        within = "".join(_element(name, text) for name in names.split() for text in facts.get(name, []))
        if within:
            begin = "".join(f"<{name}>" for name in group.split("/"))
            end = "".join(f"</{name}>" for name in reversed(group.split("/")))
            yield f"{begin}\n{within}{end}\n"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_NOT_XML.sub(' ', text), quote=False)}</{name}>\n"
