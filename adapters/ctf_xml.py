"""Reads moves from a Common Transfer File: a pupil leaves for a school that is known, or is lost.

Partial and full files, of any year from 2015 on; from a school or from an authority (LLLL). Where
the destination is XXXXXXX nobody knows where the pupil went: that is ground for `moved_out` or
`leaver`; where it is known, for `new_arrival` at its end too. Groups of elements that the formats
of the years place differently are looked for in each place; what is unknown is left alone. The
content counts, not the name of the file. The file says nothing of who follows the pupil up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from adapters.cells import Cell, UnreadableCell, read_day
from adapters.columns import Field, Mapping, check_headers
from adapters.move import Establishment, Event, Move, Problem, Told, UnusableFile
from adapters.rows import ROWS, read_cells
from adapters.safe_xml import Element, Found, Source, read_elements

HEADER: Final = "CTfile/Header"
PUPIL: Final = "CTfile/CTFpupilData/Pupil"

ELEMENTS: Final = {
    "UPN": ("UPN",),
    "FormerUPN": ("FormerUPN", "BasicDetails/FormerUPN"),
    "Surname": ("Surname",),
    "Forename": ("Forename",),
    "MiddleNames": ("MiddleNames", "BasicDetails/MiddleNames"),
    "FormerSurname": ("FormerSurname", "BasicDetails/FormerSurname"),
    "DOB": ("DOB",),
    "Sex": ("Sex", "Gender"),
    "UniqueLearnerNumber": ("UniqueLearnerNumber", "BasicDetails/UniqueLearnerNumber"),
    "Postcode": ("Address/PostCode", "Address/Postcode", "PostCode", "Addresses/Address/PostCode"),
    "LeavingDate": ("LeavingDate", "SchoolHistory/School/LeavingDate"),
    "EntryDate": ("EntryDate", "SchoolHistory/School/EntryDate"),
    "Phone": ("Phone", "Phones/Phone/PhoneNo"),
    "Email": ("Email", "BasicDetails/Email"),
}
"""What is read of a pupil, and the places where the versions of the file have it; the first wins."""

LINES: Final = "AddressLine1"
"""The header that stands for every line of the address, whatever its elements are called."""

_HOMES: Final = ("Address", "Addresses/Address")
_NO_LINES: Final = frozenset({"PostCode", "Postcode", "UniquePropertyReferenceNumber", "Easting", "Northing"})
_VERSIONS: Final = range(15, 27)
_CODE: Final = re.compile(r"\d{3}")
_NUMBER: Final = re.compile(r"\d{4}")
_LOST: Final = re.compile(r"X+")
_OF_AN_AUTHORITY: Final = "LLLL"


@dataclass(frozen=True, slots=True)
class _Sender:
    """What the header says: who sends, to where, on which day."""

    told: Told = Told.SCHOOL
    establishment: Establishment | None = None
    authority: str | None = None
    to_authority: str | None = None
    lost: bool = False
    sent_on: date | None = None


def read_headers(source: Source) -> tuple[str, ...]:
    """Give the names of the elements that are read; raise `UnusableFile` for another kind of file."""
    next(iter(read_elements(source, frozenset({HEADER, PUPIL}))), None)
    return (*ELEMENTS, LINES)


def read_moves(source: Source, mapping: Mapping) -> Iterator[Move | Problem]:
    """Give what each pupil's element says, in the order of the file.

    Raises `UnusableFile` before any pupil where the file as a whole cannot be read. What goes
    wrong later is a `Problem` of its pupil.
    """
    check_headers((*ELEMENTS, LINES), mapping)
    sender, number = _Sender(), 0
    for found in read_elements(source, frozenset({HEADER, PUPIL})):
        if isinstance(found, Problem):
            yield found
        elif found.element.name == "Header":
            sender = _sender(found.element)
            yield from _of_version(found)
        else:
            number += 1
            if number > ROWS:
                yield Problem(found.place, None, "rows-many", f"the file is read up to pupil {ROWS}")
                return
            yield from _pupil(found, mapping, sender)
    if not number:
        raise UnusableFile("records-none", "the file holds no pupil (CTFpupilData/Pupil)")


def _of_version(header: Found) -> Iterator[Problem]:
    version = (header.element.first("CTFversion") or "").partition(".")[0]
    if not (version.isascii() and version.isdigit() and int(version) in _VERSIONS):
        reason = "this version of the file is not known here; look whether everything was read"
        yield Problem(header.place, "CTFversion", "ctf-version", reason, row_kept=True)


def _sender(header: Element) -> _Sender:
    lea, estab = header.first("SourceSchool/LEA") or "", header.first("SourceSchool/Estab") or ""
    to, to_estab = header.first("DestSchool/LEA") or "", header.first("DestSchool/Estab") or ""
    authority = lea if _CODE.fullmatch(lea) else None
    number = f"{lea}{estab}" if authority and _NUMBER.fullmatch(estab) else None
    name = header.first("SourceSchool/SchoolName")
    try:
        sent_on = read_day((header.first("DateTime") or "")[:10])
    except UnreadableCell:
        sent_on = None
    return _Sender(
        told=Told.OFFICER if estab == _OF_AN_AUTHORITY else Told.SCHOOL,
        establishment=Establishment(number, name) if number or name else None,
        authority=authority,
        to_authority=to if _CODE.fullmatch(to) and to != authority else None,
        lost=not to or bool(_LOST.fullmatch(f"{to}{to_estab}")),
        sent_on=sent_on,
    )


def _pupil(found: Found, mapping: Mapping, sender: _Sender) -> Iterator[Move | Problem]:
    cells: dict[Field, list[Cell]] = {}
    sources: dict[str, str] = {}
    for header, field in zip(mapping.headers, mapping.fields, strict=True):
        if field is None:
            continue
        path, texts = _texts(found.element, header)
        if texts:
            cells.setdefault(field, []).extend(texts)
            sources.setdefault(field.value, path)
    for said in read_cells(cells, mapping.home, found.place, sources):
        yield said if isinstance(said, Problem) else _sent(said, sender)


def _texts(pupil: Element, header: str) -> tuple[str, list[str]]:
    """The texts that stand for a header, and the first path that has any."""
    if header == LINES:
        for path in _HOMES:
            home = pupil.all(path)
            lines = [line.text for line in home[0].children if line.name not in _NO_LINES] if home else []
            if any(lines):
                return path, [line for line in lines if line]
        return "", []
    for path in ELEMENTS[header]:
        if texts := pupil.texts(path):
            return path, texts[-1:] if "/School/" in path else texts[:1]
    return "", []


def _sent(move: Move, sender: _Sender) -> Move:
    """Add what the header says of everybody in the file."""
    grounds = {"moved_out", "leaver"} | (set() if sender.lost else {"new_arrival"})
    return replace(
        move,
        told=sender.told,
        establishment=sender.establishment,
        to_authority=move.to_authority or sender.to_authority,
        educated_authority=sender.authority,
        ascertained=move.ascertained or sender.sent_on,
        event_date=move.event_date or sender.sent_on,
        event=None if sender.lost else Event.TRANSFERRED,
        tells_of=frozenset(grounds),
    )
