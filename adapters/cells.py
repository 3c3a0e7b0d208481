"""What one cell of a file may hold, and how it is read: text, day, yes or no, list of parts.

For every connector of flat files. Days come first, as councils write them (dd/mm/yyyy); ISO
dates and the serial numbers of spreadsheets are read too. A cell that cannot be read raises
`UnreadableCell` with a stable code and words for an officer, and never holds the value.
"""

import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from adapters.move import PARTS

Cell: TypeAlias = str | int | float | bool | date | None
"""A value as a connector finds it; `datetime` is a `date`."""

CELL_CHARACTERS: Final = 2_000
"""Longest cell in characters that is read: an address with its lines takes 300."""

_BLANK: Final = frozenset({"", "-"})
_NOT_STATED: Final = frozenset(
    {"n/a", "na", "none", "null", "nil", "not known", "unknown", "tbc", "not stated"}
)
_SPREADSHEET_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_MONTH_BY_NAME: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[/.\- ]+([a-z]{3,9})[/.\-, ]+(\d{4}|\d{2})")
_TIME_OF_DAY: Final = re.compile(r"[t ]\d{1,2}:\d\d(:\d\d(\.\d+)?)?z?$")
_SERIAL_DAYS: Final = range(10_000, 73_051)
"""Serial numbers that are taken for days, of 1927 to 2099: smaller numbers are ages or counts."""
_SERIAL_START: Final = date(1899, 12, 30)
_NOT_A_DATE: Final = "not a date that can be read; write it with the day first, as 31/01/2009"
_TEXT_SERIAL: Final = re.compile(r"[2-6]\d{4}(\.0+)?")
_OLDEST_YEAR: Final = 1900
_NEWEST_YEAR: Final = 2099
_CENTURY_PIVOT: Final = 70
_YES: Final = frozenset({"y", "yes", "true", "1", "x"})
_NO: Final = frozenset({"n", "no", "false", "0"})
_BETWEEN_WORDS: Final = re.compile(r"[;,|/]")


class UnreadableCell(Exception):
    """A cell does not hold what its column must hold."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def read_text(cell: Cell) -> str | None:
    """Give the cell as trimmed text on one line, None where it is blank.

    A formula is the text that it is; "Null" and "Na" are names. Raises `UnreadableCell` for a
    spreadsheet error, letters lost on the way, control characters, or a cell that is too long.
    """
    text = " ".join(_without_invisible(_as_text(cell)).split())
    if text in _BLANK:
        return None
    if len(text) > CELL_CHARACTERS:
        raise UnreadableCell("cell-too-long", f"the cell is longer than {CELL_CHARACTERS} characters")
    if text in _SPREADSHEET_ERRORS:
        raise UnreadableCell("cell-error", "the cell shows a spreadsheet error; type the value instead")
    if "\ufffd" in text:
        raise UnreadableCell("letters-lost", "some letters were lost; save the file again as CSV UTF-8")
    if not text.isprintable():
        raise UnreadableCell("cell-control", "the cell holds characters that cannot be seen; type it again")
    return text


def read_known(cell: Cell) -> str | None:
    """Give the cell as `read_text` does, None also where a word says that nothing is known."""
    text = read_text(cell)
    return None if text is None or text.casefold() in _NOT_STATED else text


def _without_invisible(text: str) -> str:
    """Drop marks that no eye sees and that come with pasting (joiners, direction, byte order)."""
    if text.isascii():
        return text
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def read_day(cell: Cell) -> date | None:
    """Give the day that a cell holds, None where it is blank; raise `UnreadableCell` otherwise."""
    if isinstance(cell, datetime):
        return _checked(cell.date())
    if isinstance(cell, date):
        return _checked(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _from_number(cell)
    text = read_known(cell)
    return None if text is None else _from_text(text.casefold())


def _from_number(number: float) -> date:
    if not math.isfinite(number):
        raise UnreadableCell("date-unreadable", _NOT_A_DATE)
    if int(number) in _SERIAL_DAYS:
        return _SERIAL_START + timedelta(days=int(number))
    return _from_text(str(int(number)))


def _from_text(text: str) -> date:
    if text.startswith("="):
        raise UnreadableCell("date-formula", "the cell holds a formula; paste the date itself as a value")
    text = _TIME_OF_DAY.sub("", text)
    if _TEXT_SERIAL.fullmatch(text):
        return _checked(_SERIAL_START + timedelta(days=int(float(text))))
    try:
        return _checked(_date_in(text))
    except ValueError:
        raise UnreadableCell("date-unreadable", _NOT_A_DATE) from None


def _date_in(text: str) -> date:
    if match := _DAY_FIRST.fullmatch(text):
        return date(_year(match[3]), int(match[2]), int(match[1]))
    if match := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _MONTH_BY_NAME.fullmatch(text):
        return date(_year(match[3]), _MONTHS.index(match[2][:3]) + 1, int(match[1]))
    raise ValueError


def _year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) < _CENTURY_PIVOT else 1900)


def _checked(day: date) -> date:
    if _OLDEST_YEAR <= day.year <= _NEWEST_YEAR:
        return day
    reason = f"the year is not between {_OLDEST_YEAR} and {_NEWEST_YEAR}"
    raise UnreadableCell("date-out-of-range", reason)


def read_yes_no(cell: Cell, *, protects: bool = False) -> bool:
    """Tell whether a cell says yes; blank is no; raise `UnreadableCell` for any other word.

    Where the mark protects somebody, "unknown" is such another word: it must not pass for no.
    """
    text = read_text(cell) if protects else read_known(cell)
    if text is None or text.casefold() in _NO:
        return False
    if text.casefold() in _YES:
        return True
    raise UnreadableCell("yes-no-unreadable", "neither yes nor no; write Y or N")


def read_parts(cell: Cell, *, yes: frozenset[str] | None) -> frozenset[str]:
    """Give the parts that a cell names, none for no or blank, and `yes` where it only says yes.

    With `yes=None` a bare yes raises `UnreadableCell`, as does a word that names no part.
    """
    text = read_text(cell)
    if text is None or text.casefold() in _NO:
        return frozenset()
    if text.casefold() in _YES and yes is not None:
        return yes
    words = {word.strip().casefold().replace(" ", "_") for word in _BETWEEN_WORDS.split(text)} - {""}
    if words and words <= set(PARTS):
        return frozenset(words)
    choice = "N" if yes is None else "Y, N"
    reason = f"write {choice}, or the parts that it covers, from: {', '.join(PARTS)}"
    raise UnreadableCell("parts-unreadable", reason)
