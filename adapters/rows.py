"""One row of named cells becomes one `Move`, or the problems that stop it.

For the connectors of flat files (CSV, XLSX, JSON lines), which differ only in how they find
cells. Every unreadable cell of a row is named, not only the first. A cell that could change
whom the row is about, or what protects them, stops the row; a spoilt extra is left out and said.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Map
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from adapters.cells import Cell, UnreadableCell, read_day, read_known, read_parts, read_text, read_yes_no
from adapters.columns import Field, Home, Mapping
from adapters.move import (
    FURTHER_PARTS,
    GROUNDS,
    PARTS,
    Address,
    Contact,
    Establishment,
    Event,
    Found,
    Move,
    Parent,
    Problem,
    Sureness,
    Told,
    Wishes,
)

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

ROWS: Final = 500_000
"""Most rows of a file: twelve times the cohort of the largest authority."""

CHARACTERISTICS: Final = {
    "110": Found.LOOKED_AFTER,
    "120": Found.PARENT,
    "130": Found.REFUGEE,
    "140": Found.CARER,
    "150": Found.SUBSTANCE,
    "160": Found.CARE_LEAVER,
    "170": Found.YOUTH_OFFENDING,
    "180": Found.PREGNANT,
    "190": Found.PARENT_APART,
}
"""NCCIS characteristic codes with a known label; 200 has none and is left out."""

MARKS: Final = {
    Field.SEN: Found.SEN,
    Field.SEN_SUPPORT: Found.SEN_SUPPORT,
    Field.EHC_PLAN: Found.EHC_PLAN,
    Field.LOOKED_AFTER: Found.LOOKED_AFTER,
    Field.CARE_LEAVER: Found.CARE_LEAVER,
    Field.SHIELD: Found.SHIELD,
    Field.TWIN: Found.TWIN,
}
_PROTECTING: Final = frozenset({Field.SHIELD, Field.TWIN, Field.HOME_UNSURE})
_FORMS: Final = {
    Field.UPN: (re.compile(r"[A-Z]\d{11}[0-9A-Z]"), "13 characters, the first a letter"),
    Field.FORMER_UPN: (re.compile(r"[A-Z]\d{11}[0-9A-Z]"), "13 characters, the first a letter"),
    Field.ULN: (re.compile(r"\d{10}"), "10 digits"),
    Field.UKPRN: (re.compile(r"\d{8}"), "8 digits"),
    Field.ACTIVITY: (re.compile(r"\d{3}"), "3 digits"),
    Field.LEAD_AUTHORITY: (re.compile(r"\d{3}"), "3 digits"),
    Field.TO_AUTHORITY: (re.compile(r"\d{3}"), "3 digits"),
    Field.EDUCATED_AUTHORITY: (re.compile(r"\d{3}"), "3 digits"),
    Field.YEAR_11_AUTHORITY: (re.compile(r"\d{3}"), "3 digits"),
}
_WORDS_FOR_SEX: Final = {"f": "F", "female": "F", "m": "M", "male": "M", "u": "U", "w": "W"}
_CODES: Final = re.compile(r"[\s;,|/]+")
_CHARACTERS_OF_A_NAME: Final = 100
_POSTCODE_CHARACTERS: Final = 10


def read_row(
    row: Sequence[Cell], mapping: Mapping, place: str, sources: Map[str, str]
) -> Iterator[Move | Problem]:
    """Give what one row says: its problems, then its `Move` where none of them stops it."""
    cells: dict[Field, list[Cell]] = {}
    for cell, field in zip(row, mapping.fields, strict=False):
        if field is not None:
            cells.setdefault(field, []).append(cell)
    yield from read_cells(cells, mapping.home, place, sources)


def read_cells(
    cells: Map[Field, list[Cell]], home: Home, place: str, sources: Map[str, str]
) -> Iterator[Move | Problem]:
    """Give what the cells of one person say, as `read_row` does, once they are sorted by field."""
    reading = _Row(cells, place, sources)
    move = reading.move(home)
    yield from reading.problems
    if move is not None:
        yield move


class _Row:
    """The reading of one row: its cells, and the problems found so far."""

    def __init__(self, cells: Map[Field, list[Cell]], place: str, sources: Map[str, str]) -> None:
        self._cells = cells
        self._place = place
        self._sources = sources
        self.problems: list[Problem] = []

    def move(self, home: Home) -> Move | None:
        """Read every field; None where a problem stops the row."""
        former_home, present_home = self._homes(home)
        start, end, event = self._day(Field.START), self._day(Field.END), self._day(Field.EVENT_DATE)
        read = Move(
            place=self._place,
            given=self._name(Field.GIVEN),
            family=self._name(Field.FAMILY),
            dob=self._born(),
            middle=self._text(Field.MIDDLE, read_text),
            former_family=self._former_names(),
            sex=self._sex(),
            from_address=former_home,
            to_address=present_home,
            upn=self._number(Field.UPN),
            former_upn=self._number(Field.FORMER_UPN),
            uln=self._number(Field.ULN),
            local_ref=self._text(Field.LOCAL_REF),
            previous_ref=self._text(Field.PREVIOUS_REF),
            establishment=self._establishment(),
            activity=self._number(Field.ACTIVITY),
            start=start,
            end=end,
            predicted_end=self._day(Field.PREDICTED_END),
            event_date=event or end or start,
            ascertained=self._day(Field.ASCERTAINED),
            verified=self._day(Field.VERIFIED),
            review=self._day(Field.REVIEW),
            due_to_lapse=self._day(Field.DUE_TO_LAPSE),
            lapsed=self._says_yes(Field.LAPSED),
            neet_start=self._day(Field.NEET_START),
            event=self._word(Field.EVENT, Event),
            told=self._word(Field.TOLD, Told),
            sureness=self._word(Field.SURENESS, Sureness, stops=True),
            home_unsure=self._says_yes(Field.HOME_UNSURE),
            tells_of=self._tells_of(),
            lead_authority=self._number(Field.LEAD_AUTHORITY),
            to_authority=self._number(Field.TO_AUTHORITY),
            educated_authority=self._number(Field.EDUCATED_AUTHORITY),
            year_11_authority=self._number(Field.YEAR_11_AUTHORITY),
            cohort_status=self._text(Field.COHORT_STATUS),
            level_of_need=self._text(Field.LEVEL_OF_NEED),
            ethnicity=self._text(Field.ETHNICITY),
            found=self._found(),
            wishes=self._wishes(),
            contact=self._contact(),
            parent=self._parent(),
            sources=self._sources,
        )
        return read if all(problem.row_kept for problem in self.problems) else None

    def _read(self, field: Field, cell: Cell, read: Callable[[Cell], T], *, stops: bool = False) -> T | None:
        """Read one cell; note the problem and give None where it cannot be read."""
        try:
            return read(cell)
        except UnreadableCell as unreadable:
            self._note(field, unreadable.code, unreadable.reason, stops=stops)
            return None

    def _note(self, field: Field, code: str, reason: str, *, stops: bool) -> None:
        column = self._sources.get(field.value, field.value)
        if not stops:
            reason = f"{reason}; the row is kept without it"
        self.problems.append(Problem(self._place, column, code, reason, row_kept=not stops))

    def _first(self, field: Field) -> Cell:
        cells = self._cells.get(field)
        return cells[0] if cells else None

    def _text(self, field: Field, read: Callable[[Cell], str | None] = read_known) -> str | None:
        return self._read(field, self._first(field), read)

    def _name(self, field: Field) -> str:
        seen = len(self.problems)
        name = self._read(field, self._first(field), read_text, stops=True)
        if name is None and len(self.problems) == seen:
            self._note(field, "name-missing", "the name is missing", stops=True)
        if name is not None and not (
            len(name) <= _CHARACTERS_OF_A_NAME and any(letter.isalpha() for letter in name)
        ):
            self._note(field, "name-unreadable", "this does not read as a name", stops=True)
        return name or ""

    def _born(self) -> date:
        seen = len(self.problems)
        day = self._read(Field.DOB, self._first(Field.DOB), read_day, stops=True)
        if day is None and len(self.problems) == seen:
            self._note(Field.DOB, "birth-date-missing", "the date of birth is missing", stops=True)
        return day or date.min

    def _day(self, field: Field) -> date | None:
        return self._read(field, self._first(field), read_day)

    def _number(self, field: Field) -> str | None:
        text = self._text(field)
        if text is None:
            return None
        number = "".join(text.split()).upper()
        form, words = _FORMS[field]
        if form.fullmatch(number):
            return number
        self._note(field, "number-form", f"a number of this kind has {words}", stops=False)
        return None

    def _sex(self) -> str | None:
        text = self._text(Field.SEX)
        if text is None:
            return None
        if word := _WORDS_FOR_SEX.get(text.casefold()):
            return word
        self._note(Field.SEX, "sex-unreadable", "write F, M, U or W", stops=False)
        return None

    def _word(self, field: Field, words: type[Word], *, stops: bool = False) -> Word | None:
        """Read one word of a closed list; unknown sureness stops a row, since it could be a candidate."""
        text = self._text(field)
        if text is None:
            return None
        word = text.casefold().replace(" ", "_")
        if word in set(words):
            return words(word)
        self._note(field, "word-unknown", f"write one of: {', '.join(words)}", stops=stops)
        return None

    def _tells_of(self) -> frozenset[str]:
        words = frozenset(word for text in self._several(Field.TELLS_OF) for word in _CODES.split(text))
        if not words <= set(GROUNDS):
            self._note(Field.TELLS_OF, "word-unknown", f"write one of: {', '.join(GROUNDS)}", stops=True)
        return words

    def _several(self, field: Field, read: Callable[[Cell], str | None] = read_known) -> tuple[str, ...]:
        texts = (self._read(field, cell, read) for cell in self._cells.get(field, ()))
        return tuple(text for text in texts if text)

    def _former_names(self) -> tuple[str, ...]:
        names = self._several(Field.FORMER_FAMILY, read_text)
        return tuple(name.strip() for text in names for name in text.split(";") if name.strip())

    def _address(self, lines: Field, postcode: Field) -> Address | None:
        code = self._text(postcode)
        if code is not None and len(code) > _POSTCODE_CHARACTERS:
            self._note(postcode, "postcode-form", "this is too long for a postcode", stops=False)
            code = None
        found = self._several(lines)
        return Address(found, code.upper() if code else None) if found or code else None

    def _homes(self, home: Home) -> tuple[Address | None, Address | None]:
        """Give the former and the present home; a plain address is the one that `home` says."""
        former = self._address(Field.FROM_ADDRESS, Field.FROM_POSTCODE)
        present = self._address(Field.TO_ADDRESS, Field.TO_POSTCODE)
        plain = self._address(Field.ADDRESS, Field.POSTCODE)
        if home is Home.FORMER:
            return _joined(former, plain), present
        return former, _joined(present, plain)

    def _establishment(self) -> Establishment | None:
        number, name = self._text(Field.ESTABLISHMENT_NUMBER), self._text(Field.ESTABLISHMENT_NAME)
        ukprn = self._number(Field.UKPRN)
        return Establishment(number, name, ukprn) if number or name or ukprn else None

    def _contact(self) -> Contact | None:
        phone, email = self._text(Field.PHONE), self._text(Field.EMAIL)
        return Contact(phone, email) if phone or email else None

    def _parent(self) -> Parent | None:
        name = self._text(Field.PARENT_NAME, read_text)
        address = self._address(Field.PARENT_ADDRESS, Field.PARENT_POSTCODE)
        return Parent(name, address) if name or address else None

    def _found(self) -> frozenset[Found]:
        found = {mark for field, mark in MARKS.items() if self._says_yes(field)}
        for text in self._several(Field.CHARACTERISTICS):
            found |= {CHARACTERISTICS[code] for code in _CODES.split(text) if code in CHARACTERISTICS}
        return frozenset(found)

    def _says_yes(self, field: Field) -> bool:
        protects = field in _PROTECTING
        read = partial(read_yes_no, protects=protects)
        return bool(self._read(field, self._first(field), read, stops=protects))

    def _wishes(self) -> Wishes:
        return Wishes(
            instruction=self._parts(Field.INSTRUCTION, FURTHER_PARTS),
            objection=self._parts(Field.OBJECTION, frozenset(PARTS)),
            consent=self._parts(Field.CONSENT, None, stops=False),
            from_dwp=self._parts(Field.FROM_DWP, frozenset({"participation"})),
        )

    def _parts(self, field: Field, yes: frozenset[str] | None, *, stops: bool = True) -> frozenset[str]:
        read = partial(read_parts, yes=yes)
        return self._read(field, self._first(field), read, stops=stops) or frozenset()


def _joined(named: Address | None, plain: Address | None) -> Address | None:
    """Complete the address that is named old or new with what the plain columns add to it."""
    if named is None or plain is None:
        return named or plain
    return Address(named.lines or plain.lines, named.postcode or plain.postcode)
