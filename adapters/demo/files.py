"""Writes what the made-up members wrote down as the files that their systems would export.

Kent's tracker export has the layout of the One IYSS starter and leaver template, with the columns
a council adds to it; Medway keeps a spreadsheet by hand, with a title and words of its own;
Southwark, Lambeth and Lambeth's careers company export CSV from three systems (a byte order
mark, tabs, semicolons in Windows-1252); the colleges list enrolments in the two One IYSS
layouts. Each member's caseload, for comparing in clear, lies beside them. truth.csv lies outside
every home. The same records give the same bytes.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Final, TypeAlias

import openpyxl
from openpyxl.styles import Font

from adapters.demo.records import Listing, Pair, Record

Value: TypeAlias = str | date
Columns: TypeAlias = tuple[tuple[str, Callable[[Record], Value]], ...]

_FIXED_TIME: Final = (2026, 1, 1, 0, 0, 0)
"""Stands in a workbook for when it was written, so that the same records give the same bytes."""


def _day(name: str) -> Callable[[Record], str]:
    return lambda record: getattr(record, name).strftime("%d/%m/%Y")


def _mark(name: str) -> Callable[[Record], str]:
    return lambda record: "Y" if getattr(record, name) else ""


def _same(text: str) -> Callable[[Record], str]:
    return lambda _: text


def _year_before(record: Record) -> str:
    """Give the first school day of the year before a move: when a leaver had started."""
    return f"04/09/{record.event_date.year - 1}"


_NAMES: Final[Columns] = (
    ("Forename", attrgetter("given")),
    ("Surname", attrgetter("family")),
    ("DOB", _day("dob")),
)
_COURSE: Final[Columns] = (("GoalLevel", _same("3")), ("GoalDescription", _same("Level 3 study programme")))
_TRAINING: Final[Columns] = (
    ("SituationGroup", _same("1")),
    ("SituationSubGroup", _same("1")),
    ("QualLevel", _same("2")),
    ("OccAreaGroup", _same("1")),
    ("OccAreaSubGroup", _same("1")),
)

_KENT_LEAVERS: Final[Columns] = (
    *_NAMES,
    ("Postcode", attrgetter("old_postcode")),
    ("UPN", attrgetter("upn")),
    ("DfENo", _same("4999")),
    ("StartDate", _year_before),
    ("EndDate", _day("event_date")),
    *_COURSE,
    ("YPID", attrgetter("local_ref")),
    ("ULN", attrgetter("uln")),
    ("NewPostcode", attrgetter("new_postcode")),
    ("Mobile", attrgetter("phone")),
    ("Instruction", attrgetter("instruction")),
    ("Shield", _mark("shield")),
    ("EHCPlan", _mark("ehc_plan")),
    ("Twin", _mark("twin")),
)
_KENT_STARTERS: Final[Columns] = (
    *_NAMES,
    ("Postcode", attrgetter("new_postcode")),
    ("UPN", attrgetter("upn")),
    ("DfENo", _same("4999")),
    ("StartDate", _day("event_date")),
    ("EndDate", _same("")),
    *_COURSE,
    ("YPID", attrgetter("local_ref")),
    ("ULN", attrgetter("uln")),
    ("FormerPostcode", attrgetter("old_postcode")),
    ("EHCPlan", _mark("ehc_plan")),
    ("CareLeaver", _mark("care_leaver")),
)
_MEDWAY_NAMES: Final[Columns] = (
    ("Our ref", attrgetter("local_ref")),
    ("First name", attrgetter("given")),
    ("Family name", attrgetter("family")),
    ("Date of birth", attrgetter("dob")),
    ("Gender", attrgetter("sex")),
)
_MEDWAY_ARRIVALS: Final[Columns] = (
    *_MEDWAY_NAMES,
    ("Home post code", attrgetter("new_postcode")),
    ("Former post code", attrgetter("old_postcode")),
    ("Moved in on", attrgetter("event_date")),
    ("Unique pupil number", attrgetter("upn")),
    ("ULN", attrgetter("uln")),
    ("Activity code", _same("810")),
    ("Telephone", attrgetter("phone")),
    ("Twin or triplet", _mark("twin")),
    ("Worker", _same("Duty desk")),
)
_MEDWAY_LEAVERS: Final[Columns] = (
    *_MEDWAY_NAMES,
    ("Last known postcode", attrgetter("old_postcode")),
    ("New post code", attrgetter("new_postcode")),
    ("Date moved", attrgetter("event_date")),
    ("Unique pupil number", attrgetter("upn")),
    ("ULN", attrgetter("uln")),
    ("Activity code", _same("810")),
    ("EHC plan", _mark("ehc_plan")),
    ("Worker", _same("Duty desk")),
)
_SOUTHWARK: Final[Columns] = (
    ("Client ID", attrgetter("local_ref")),
    ("Given name", attrgetter("given")),
    ("Last name", attrgetter("family")),
    ("D.O.B.", _day("dob")),
    ("Sex", attrgetter("sex")),
    ("Old postcode", attrgetter("old_postcode")),
    ("New postcode", attrgetter("new_postcode")),
    ("UPN", attrgetter("upn")),
    ("ULN", attrgetter("uln")),
    ("Date of move", _day("event_date")),
)
_LAMBETH: Final[Columns] = (
    ("YoungPersonsID", attrgetter("local_ref")),
    ("GivenName", attrgetter("given")),
    ("FamilyName", attrgetter("family")),
    ("DOB", lambda record: record.dob.isoformat()),
    ("Gender", attrgetter("sex")),
    ("Previous postcode", attrgetter("old_postcode")),
    ("Current postcode", attrgetter("new_postcode")),
    ("UniquePupilNumber", attrgetter("upn")),
    ("UniqueLearnerNo", attrgetter("uln")),
    ("Event date", lambda record: record.event_date.isoformat()),
    ("Care leaver", _mark("care_leaver")),
)
_CAREERS: Final[Columns] = (
    ("Our ref", attrgetter("local_ref")),
    ("First names", attrgetter("given")),
    ("Surname", attrgetter("family")),
    ("Date of birth", _day("dob")),
    ("Home postcode", attrgetter("new_postcode")),
    ("Previous postcode", attrgetter("old_postcode")),
    ("UPN", attrgetter("upn")),
    ("Arrived on", _day("event_date")),
    ("Mobile", attrgetter("phone")),
)
_THAMES_COLLEGE: Final[Columns] = (
    *_NAMES,
    ("Postcode", attrgetter("new_postcode")),
    ("UPN", _same("")),
    ("DfENo", _same("4999")),
    ("StartDate", _day("event_date")),
    ("EndDate", _same("")),
    *_COURSE,
    ("ULN", attrgetter("uln")),
    ("LearnRefNumber", attrgetter("local_ref")),
)
_NORTH_KENT_COLLEGE: Final[Columns] = (
    *_NAMES,
    ("Postcode", attrgetter("new_postcode")),
    ("UPN", attrgetter("upn")),
    ("UKPRN", _same("10000001")),
    ("StartDate", _day("event_date")),
    ("EndDate", _same("")),
    *_TRAINING,
    ("ULN", attrgetter("uln")),
    ("LearnRefNumber", attrgetter("local_ref")),
)
_CASELOAD: Final[Columns] = (
    ("Local ref", attrgetter("local_ref")),
    ("Forename", attrgetter("given")),
    ("Surname", attrgetter("family")),
    ("Date of birth", _day("dob")),
    ("Gender", attrgetter("sex")),
    ("Current postcode", lambda record: record.new_postcode or record.old_postcode),
    ("Former postcode", lambda record: record.old_postcode if record.new_postcode else ""),
    ("UPN", attrgetter("upn")),
    ("ULN", attrgetter("uln")),
    ("Twin", _mark("twin")),
)


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that a member publishes from: its home, its name, and what its rows tell."""

    member: str
    name: str
    notice_type: str
    listing: Listing
    columns: Columns
    delimiter: str = ","
    encoding: str = "utf-8"
    title: str = ""


FILES: Final = (
    InputFile("kent", "leavers.csv", "moved_out", Listing.LEAVERS, _KENT_LEAVERS),
    InputFile("kent", "starters.csv", "new_arrival", Listing.ARRIVALS, _KENT_STARTERS),
    InputFile(
        "medway",
        "neet-arrivals.xlsx",
        "new_arrival",
        Listing.ARRIVALS,
        _MEDWAY_ARRIVALS,
        title="NEET: new arrivals",
    ),
    InputFile(
        "medway", "neet-leavers.xlsx", "moved_out", Listing.LEAVERS, _MEDWAY_LEAVERS, title="NEET: gone away"
    ),
    InputFile("southwark", "arrivals.csv", "new_arrival", Listing.ARRIVALS, _SOUTHWARK, encoding="utf-8-sig"),
    InputFile("southwark", "leavers.csv", "moved_out", Listing.LEAVERS, _SOUTHWARK, encoding="utf-8-sig"),
    InputFile("lambeth", "leavers.csv", "moved_out", Listing.LEAVERS, _LAMBETH, delimiter="\t"),
    InputFile(
        "thames-careers",
        "arrivals.csv",
        "new_arrival",
        Listing.ARRIVALS,
        _CAREERS,
        delimiter=";",
        encoding="cp1252",
    ),
    InputFile(
        "thames-college", "enrolments.csv", "cross_border_enrolment", Listing.ENROLMENTS, _THAMES_COLLEGE
    ),
    InputFile(
        "north-kent-college",
        "enrolments.csv",
        "cross_border_enrolment",
        Listing.ENROLMENTS,
        _NORTH_KENT_COLLEGE,
    ),
)
"""Every file that is published from, in the order of the story."""

CASELOAD: Final = "caseload.csv"
"""In each home: everybody whom the member knows of, for comparing in clear."""

CASELOADS: Final = {
    "kent": ("kent",),
    "medway": ("medway",),
    "southwark": ("southwark",),
    "lambeth": ("lambeth", "thames-careers"),
    "thames-careers": ("thames-careers", "lambeth"),
    "thames-college": ("thames-college",),
    "north-kent-college": ("north-kent-college",),
}
"""Whose rows each caseload holds: Lambeth and its careers company work on the same young people."""

TRUTH: Final = "truth.csv"


def write_files(records: Sequence[Record], truth: Sequence[Pair], home_root: Path) -> tuple[Path, ...]:
    """Write the input files and caseloads into the homes and the truth beside them; give the paths."""
    written = [_write_input(file, records, home_root / file.member / file.name) for file in FILES]
    for member, holders in CASELOADS.items():
        known = [record for record in records if record.member in holders]
        written.append(_written(home_root / member / CASELOAD, _csv_bytes(_table(known, _CASELOAD))))
    rows = [[field.name for field in fields(Pair)], *(list(astuple(pair)) for pair in truth)]
    written.append(_written(home_root / TRUTH, _csv_bytes(rows)))
    return tuple(written)


def _write_input(file: InputFile, records: Sequence[Record], path: Path) -> Path:
    rows = _table([r for r in records if (r.member, r.listing) == (file.member, file.listing)], file.columns)
    if path.suffix == ".xlsx":
        return _written(path, _xlsx_bytes(file.title, rows))
    return _written(path, _csv_bytes(rows, file.delimiter, file.encoding))


def _table(records: Sequence[Record], columns: Columns) -> list[list[Value]]:
    headers: list[Value] = [header for header, _ in columns]
    return [headers, *([value(record) for _, value in columns] for record in records)]


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _csv_bytes(rows: Sequence[Sequence[Value]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def _xlsx_bytes(title: str, rows: Sequence[Sequence[Value]]) -> bytes:
    """Give a workbook as it is kept by hand: a title, a blank row, bold headers, real dates."""
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "List"
    sheet.append([title])
    sheet.append([])
    for row in rows:
        sheet.append(list(row))
    for cell in sheet[3]:
        cell.font = Font(bold=True)
    for cells in sheet.iter_rows(min_row=4):
        for cell in cells:
            if isinstance(cell.value, date):
                cell.number_format = "dd/mm/yyyy"
    packed = io.BytesIO()
    workbook.save(packed)
    return _without_clock(packed.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """Pack a workbook again with one fixed time in place of the clock's."""
    stamp = datetime(*_FIXED_TIME).isoformat() + "Z"  # noqa: DTZ001 - written into text, never compared
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", stamp.encode(), data)
            new.writestr(zipfile.ZipInfo(part.filename, _FIXED_TIME), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
