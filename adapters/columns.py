"""Which column of a file holds what: guessed once from its headers, confirmed, remembered.

Knows the headers of the One IYSS starter and leaver templates, the element names of the NCCIS
return and of the ILR, and what councils write in spreadsheets of their own. Guessing is by
exact words, never by likeness: a wrong column would seal one fact as another. What could not
be guessed is named for a person to place. A mapping is kept in the member's own home, under
the set of headers that it was made for. No cell of any file is looked at here.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from adapters.move import UnusableFile


class Field(StrEnum):
    """What a column can hold, by the words that `hub read --json` prints."""

    GIVEN = "given"
    MIDDLE = "middle"
    FAMILY = "family"
    FORMER_FAMILY = "former_family"
    DOB = "dob"
    SEX = "sex"
    ADDRESS = "address"
    POSTCODE = "postcode"
    FROM_ADDRESS = "from_address"
    FROM_POSTCODE = "from_postcode"
    TO_ADDRESS = "to_address"
    TO_POSTCODE = "to_postcode"
    UPN = "upn"
    FORMER_UPN = "former_upn"
    ULN = "uln"
    LOCAL_REF = "local_ref"
    PREVIOUS_REF = "previous_ref"
    ESTABLISHMENT_NUMBER = "establishment_number"
    ESTABLISHMENT_NAME = "establishment_name"
    UKPRN = "ukprn"
    ACTIVITY = "activity"
    START = "start"
    END = "end"
    PREDICTED_END = "predicted_end"
    EVENT_DATE = "event_date"
    ASCERTAINED = "ascertained"
    VERIFIED = "verified"
    REVIEW = "review"
    DUE_TO_LAPSE = "due_to_lapse"
    LAPSED = "lapsed"
    NEET_START = "neet_start"
    EVENT = "event"
    TOLD = "told"
    SURENESS = "sureness"
    HOME_UNSURE = "home_unsure"
    TELLS_OF = "tells_of"
    LEAD_AUTHORITY = "lead_authority"
    TO_AUTHORITY = "to_authority"
    EDUCATED_AUTHORITY = "educated_authority"
    YEAR_11_AUTHORITY = "year_11_authority"
    COHORT_STATUS = "cohort_status"
    LEVEL_OF_NEED = "level_of_need"
    ETHNICITY = "ethnicity"
    CHARACTERISTICS = "characteristics"
    SEN = "sen"
    SEN_SUPPORT = "sen_support"
    EHC_PLAN = "ehc_plan"
    LOOKED_AFTER = "looked_after"
    CARE_LEAVER = "care_leaver"
    SHIELD = "shield"
    TWIN = "twin"
    INSTRUCTION = "instruction"
    OBJECTION = "objection"
    CONSENT = "consent"
    FROM_DWP = "from_dwp"
    PHONE = "phone"
    EMAIL = "email"
    PARENT_NAME = "parent_name"
    PARENT_ADDRESS = "parent_address"
    PARENT_POSTCODE = "parent_postcode"


REQUIRED: Final = (Field.GIVEN, Field.FAMILY, Field.DOB)
"""Without these nobody can be matched, so a file without them is not read."""

SEVERAL: Final = frozenset(
    {
        Field.ADDRESS,
        Field.FROM_ADDRESS,
        Field.TO_ADDRESS,
        Field.PARENT_ADDRESS,
        Field.FORMER_FAMILY,
        Field.CHARACTERISTICS,
        Field.TELLS_OF,
    }
)
"""Fields that may take more than one column, in the order of the file."""

DAYS: Final = frozenset(
    {
        Field.DOB,
        Field.START,
        Field.END,
        Field.PREDICTED_END,
        Field.EVENT_DATE,
        Field.ASCERTAINED,
        Field.VERIFIED,
        Field.REVIEW,
        Field.DUE_TO_LAPSE,
        Field.NEET_START,
    }
)
"""Fields that hold a day."""

COLUMNS: Final = 200
"""Most columns of a file: the widest tracker export known has some 120."""

HEADER_CHARACTERS: Final = 200
"""Longest header in characters; longer ones are text that strayed into the header row."""

_WORDS: Final[dict[Field, str]] = {
    Field.GIVEN: "forename, first name, given name, given names, forenames, first names, legal forename",
    Field.MIDDLE: "middle name, middle names, middlename",
    Field.FAMILY: "surname, family name, last name, legal surname, second name",
    Field.FORMER_FAMILY: "former surname, former family name, previous surname, previous family name, "
    "former name",
    Field.DOB: "dob, date of birth, birth date, d o b, born, date of birth dd mm yyyy",
    Field.SEX: "sex, gender, legal sex, m f",
    Field.ADDRESS: "address, address line 1, address line 2, address line 3, address line 4, "
    "add line 1, add line 2, add line 3, add line 4, address 1, address 2, address 3, "
    "address 4, town, county, home address",
    Field.POSTCODE: "postcode, post code, home postcode, home post code",
    Field.FROM_ADDRESS: "former address, previous address, old address, moved from, from address, "
    "last address",
    Field.FROM_POSTCODE: "former postcode, former post code, previous postcode, previous post code, "
    "old postcode, old post code, from postcode, last known postcode, postcode prior, "
    "moved from postcode",
    Field.TO_ADDRESS: "new address, moved to, to address, current address, forwarding address, "
    "present address",
    Field.TO_POSTCODE: "new postcode, new post code, current postcode, current post code, to postcode, "
    "present postcode, moved to postcode",
    Field.UPN: "upn, unique pupil number",
    Field.FORMER_UPN: "former upn, previous upn, old upn",
    Field.ULN: "uln, unique learner number, unique learner no",
    Field.LOCAL_REF: "local ref, ypid, young persons id, young person id, learn ref number, learner ref, "
    "learner reference, client id, client ref, local id, reference, our ref, student id, "
    "person id, id",
    Field.PREVIOUS_REF: "previous ref, previous ypid, previous ypid identifier, previous id",
    Field.ESTABLISHMENT_NUMBER: "dfe no, dfe number, establishment number, estab, laestab, school number, "
    "establishment no",
    Field.ESTABLISHMENT_NAME: "establishment name, school name, school, college, establishment, provider, "
    "provider name, college name, school or college, last school",
    Field.UKPRN: "ukprn, uk provider reference number",
    Field.ACTIVITY: "activity code, activity, nccis code, nccis activity code, current activity code",
    Field.START: "start date, start, entry date, learn start date, date started, enrolment date, "
    "enrolled on, date enrolled",
    Field.END: "end date, end, left on, leaving date, date left, date of leaving, learn act end date",
    Field.PREDICTED_END: "predicted end, predicted end date, planned end date, learn plan end date, "
    "expected end date",
    Field.EVENT_DATE: "event date, move date, date moved, date of move, moved on, moved in on, moved in, "
    "date moved in, arrival date, date of arrival, arrived on",
    Field.ASCERTAINED: "date ascertained, ascertained",
    Field.VERIFIED: "date verified, verified",
    Field.REVIEW: "review date, review",
    Field.DUE_TO_LAPSE: "due to lapse date, due to lapse",
    Field.LAPSED: "currency lapsed, lapsed",
    Field.NEET_START: "neet start date, neet start",
    Field.EVENT: "event, what happened",
    Field.TOLD: "told by, source kind, source of information",
    Field.SURENESS: "sureness, confidence",
    Field.HOME_UNSURE: "no fixed address, no fixed abode, nfa",
    Field.TELLS_OF: "tells of",
    Field.EDUCATED_AUTHORITY: "educated lea, educated la, educated authority",
    Field.YEAR_11_AUTHORITY: "lea code at year 11, la code at year 11, year 11 authority",
    Field.LEAD_AUTHORITY: "lead lea, lead la, lead authority, home la, lead local authority",
    Field.TO_AUTHORITY: "transferred to la code, transferred to la, to authority, new la, new authority, "
    "moved to la, transferred to",
    Field.COHORT_STATUS: "cohort status",
    Field.LEVEL_OF_NEED: "level of need, level of need code",
    Field.ETHNICITY: "ethnicity",
    Field.CHARACTERISTICS: "characteristics, characteristic code, characteristic codes",
    Field.SEN: "sen, send, send flag, sen d",
    Field.SEN_SUPPORT: "sen support, sen support flag",
    Field.EHC_PLAN: "ehc plan, ehcp, ehc, has ehcp, education health and care plan",
    Field.LOOKED_AFTER: "looked after, looked after child, lac, cla",
    Field.CARE_LEAVER: "care leaver",
    Field.SHIELD: "shield, shielded, protected address",
    Field.TWIN: "twin, multiple birth, twin or triplet",
    Field.INSTRUCTION: "instruction, instructed not to share, do not share",
    Field.OBJECTION: "objection, objects to sharing",
    Field.CONSENT: "consent, explicit consent",
    Field.FROM_DWP: "from dwp, dwp, dwp source",
    Field.PHONE: "phone, telephone, tel no, mobile, mobile number, phone number, telephone number, tel",
    Field.EMAIL: "email, e mail, email address",
    Field.PARENT_NAME: "parent name, parent or carer, parent carer name, parent, parent guardian",
    Field.PARENT_ADDRESS: "parent address, parent carer address",
    Field.PARENT_POSTCODE: "parent postcode, parent carer postcode",
}


def _plain(header: str) -> str:
    """Reduce a header to its letters and digits, so that spaces and capitals do not count."""
    return "".join(letter for letter in header.casefold() if letter.isalnum())


def _known_headers() -> dict[str, Field]:
    known = {_plain(field.value): field for field in Field}
    for field, words in _WORDS.items():
        known.update({_plain(word): field for word in words.split(",")})
    return known


_KNOWN: Final = _known_headers()
_OF_FORMER_HOME: Final = frozenset({Field.FROM_ADDRESS, Field.FROM_POSTCODE})
_OF_PRESENT_HOME: Final = frozenset({Field.TO_ADDRESS, Field.TO_POSTCODE})
_OF_SOME_HOME: Final = frozenset({Field.ADDRESS, Field.POSTCODE})


class Home(StrEnum):
    """Which home a plain "Postcode" column tells of."""

    FORMER = "former"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Mapping:
    """What each column holds: one field, or nothing, for each header in the order of the file.

    `home` says which home a plain address or postcode column tells of; `home_guessed` that
    neither the headers nor the kind of notice said so.
    """

    headers: tuple[str, ...]
    fields: tuple[Field | None, ...]
    home: Home = Home.PRESENT
    home_guessed: bool = False

    @property
    def not_placed(self) -> tuple[str, ...]:
        """Headers that hold nothing known: left alone, and named so that a person can place them."""
        return tuple(h for h, f in zip(self.headers, self.fields, strict=True) if f is None and h)

    @property
    def missing(self) -> tuple[Field, ...]:
        """Fields without which no row can be read and that no column holds."""
        return tuple(field for field in REQUIRED if field not in self.fields)

    def placed(self, header: str, field: Field | None) -> "Mapping":
        """Give a mapping in which this header holds this field; KeyError where there is no such header."""
        if header not in self.headers:
            raise KeyError(header)
        at = self.headers.index(header)
        return replace(self, fields=(*self.fields[:at], field, *self.fields[at + 1 :]))

    def sources(self) -> dict[str, str]:
        """Give the header, or headers, of each field that is placed."""
        found: dict[str, str] = {}
        for header, field in zip(self.headers, self.fields, strict=True):
            if field is not None:
                found[field.value] = f"{found[field.value]}, {header}" if field.value in found else header
        return found

    def to_json(self) -> dict[str, object]:
        """Give the mapping as JSON values."""
        return {
            "columns": [[h, f and f.value] for h, f in zip(self.headers, self.fields, strict=True)],
            "home": self.home.value,
            "home_guessed": self.home_guessed,
        }

    @classmethod
    def from_json(cls, value: object) -> "Mapping":
        """Read what `to_json` gave; raise `UnusableFile` where a hand has spoilt it."""
        try:
            columns, home, guessed = value["columns"], value["home"], value["home_guessed"]  # type: ignore[index] # refused below
            headers = tuple(str(header) for header, _ in columns)
            fields = tuple(None if field is None else Field(field) for _, field in columns)
            return cls(headers, fields, Home(home), bool(guessed))
        except (KeyError, TypeError, ValueError):
            reason = "the remembered columns cannot be read; delete the file and place the columns again"
            raise UnusableFile("columns-unreadable", reason) from None


def check_headers(headers: Sequence[str], mapping: Mapping) -> None:
    """Raise `UnusableFile` unless rows under these headers can be read with this mapping."""
    if len(headers) > COLUMNS:
        raise UnusableFile("columns-many", f"the file has more than {COLUMNS} columns")
    if tuple(headers) != mapping.headers:
        raise UnusableFile("columns-changed", "the headers are not those that the columns were placed for")
    used = [h for h, f in zip(mapping.headers, mapping.fields, strict=True) if f is not None]
    if twice := _twice(used):
        raise UnusableFile("header-twice", "two columns have this header; rename one", twice)
    single = [f for f in mapping.fields if f is not None and f not in SEVERAL]
    if field := _twice(single):
        raise UnusableFile("field-twice", f"two columns are placed as {field}; keep one")
    if mapping.missing:
        named = ", ".join(mapping.missing)
        raise UnusableFile("columns-missing", f"no column is placed for: {named}")


def _twice(words: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    return None


def known_headers(cells: Iterable[object]) -> int:
    """Count the cells that are headers known here: the row with most of them is the header row."""
    return sum(isinstance(cell, str) and _plain(cell) in _KNOWN for cell in cells)


def guess_mapping(headers: Sequence[str], notice_type: str | None = None) -> Mapping:
    """Place every header whose words are known; the first of two alike in meaning wins.

    Of two equal headers both are placed, so that reading refuses until a person has chosen. A
    plain postcode is the present home where the file has a former one too, or for arrivals and
    enrolments; it is the former home where the file has a new one too, or for those moved out.
    """
    taken: dict[Field, str] = {}
    fields: list[Field | None] = []
    for header in headers:
        field = _KNOWN.get(_plain(header))
        if field is not None and field not in SEVERAL and taken.setdefault(field, header) != header:
            field = None
        fields.append(field)
    home, guessed = _home_of(frozenset(filter(None, fields)), notice_type)
    return Mapping(tuple(headers), tuple(fields), home, guessed)


def _home_of(fields: frozenset[Field], notice_type: str | None) -> tuple[Home, bool]:
    if fields & _OF_PRESENT_HOME and not fields & _OF_FORMER_HOME:
        return Home.FORMER, False
    if fields & _OF_FORMER_HOME or not fields & _OF_SOME_HOME:
        return Home.PRESENT, False
    if notice_type is None:
        return Home.PRESENT, True
    return (Home.FORMER if notice_type == "moved_out" else Home.PRESENT), False


def _drawer(home: Path, headers: Sequence[str], notice_type: str | None) -> Path:
    """Give the file in which the mapping for these headers and this kind of notice lies."""
    words = json.dumps([sorted(_plain(h) for h in headers), notice_type or ""], ensure_ascii=True)
    return home / "columns" / f"{hashlib.sha256(words.encode()).hexdigest()[:32]}.json"


def save_mapping(home: Path, mapping: Mapping, notice_type: str | None = None) -> Path:
    """Remember a mapping in a member's home and give the file; whole or not at all."""
    path = _drawer(home, mapping.headers, notice_type)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(mapping.to_json(), indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path


def load_mapping(home: Path, headers: Sequence[str], notice_type: str | None = None) -> Mapping | None:
    """Recall the mapping that was remembered for these headers, in whatever order they stand now.

    None where there is none; raises `UnusableFile` where it cannot be read.
    """
    path = _drawer(home, headers, notice_type)
    if not path.exists():
        return None
    try:
        kept = Mapping.from_json(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        return Mapping.from_json(None)
    places = {_plain(h): f for h, f in zip(kept.headers, kept.fields, strict=True)}
    fields = tuple(places.get(_plain(header)) for header in headers)
    return Mapping(tuple(headers), fields, kept.home, kept.home_guessed)
