"""Reads the two CSV files of an evaluation and its truth: clear text of whoever owns them.

Decides which columns count (id, first_name, last_name, dob, postcode, former_postcode,
current_postcode, sex, upn, uln, and about a record rather than in it: name_origin, moved, member or
authority; all but id may be absent) and says plainly what is wrong with a file: which file, which
row, never a value. The one postcode of a row is taken as the former one, which two records of a
mover have in common; beside a former one it is the current one.
For evaluation, attacks and training alone; notices are read by the connectors.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from hub.matching.tokens import Person
from hub.protocols.errors import MalformedMessage

DATE_FORMS: Final = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y")


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of a file, with the file's own id and what the file says about the record.

    `name_origin`: a group whose recall is to be told apart. `moved`: whether the person has moved.
    `member`: whose record it is. Each as the file has it, "" where it says nothing.
    """

    id: str
    person: Person
    name_origin: str = ""
    moved: str = ""
    member: str = ""


def read_people(path: Path) -> list[KnownPerson]:
    """Read one file; a date that is none counts as missing.

    Raises `MalformedMessage`: `people-file` where it cannot be read as CSV in UTF-8, `people-id`
    where the id column is missing, or an id is empty or there twice.
    """
    people: list[KnownPerson] = []
    known: set[str] = set()
    for number, row in _rows(path, ("id",)):
        if not row["id"] or row["id"] in known:
            raise MalformedMessage("people-id", f"{path.name} row {number}: the id is empty or not the first")
        known.add(row["id"])
        people.append(_known_person(row))
    return people


def read_truth(path: Path, left: Sequence[KnownPerson], right: Sequence[KnownPerson]) -> set[tuple[str, str]]:
    """Read the true pairs (left_id, right_id).

    Raises `MalformedMessage`: `people-file`, `people-id` as above, `truth-unknown-id` where a row
    names somebody whom the file of that side does not have.
    """
    sides = {"left_id": {one.id for one in left}, "right_id": {one.id for one in right}}
    pairs = set()
    for number, row in _rows(path, tuple(sides)):
        for column, known in sides.items():
            if row[column] not in known:
                detail = f"{path.name} row {number}: {column} names nobody of that file"
                raise MalformedMessage("truth-unknown-id", detail)
        pairs.add((row["left_id"], row["right_id"]))
    return pairs


def read_said(path: Path, columns: Sequence[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Read what a truth file says of its pairs in these columns; "" where it has no such column.

    Raises `MalformedMessage` as `read_truth` does for a file that is none.
    """
    return {
        (row["left_id"], row["right_id"]): {name: row.get(name, "") for name in columns}
        for _, row in _rows(path, ("left_id", "right_id"))
    }


def _rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its number as a spreadsheet shows it; cells trimmed, absent ones empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", restkey="")
            missing = [name for name in required if name not in (reader.fieldnames or ())]
            if missing:
                raise MalformedMessage("people-id", f"{path.name} has no column {missing[0]}")
            for number, row in enumerate(reader, start=2):
                yield number, {name: cell.strip() for name, cell in row.items() if name}
    except (OSError, UnicodeDecodeError, csv.Error):
        raise MalformedMessage("people-file", f"{path.name} cannot be read as CSV in UTF-8") from None


def _known_person(row: dict[str, str]) -> KnownPerson:
    return KnownPerson(
        row["id"],
        _person(row),
        name_origin=row.get("name_origin", ""),
        moved=row.get("moved", ""),
        member=row.get("member") or row.get("authority", ""),
    )


def _person(row: dict[str, str]) -> Person:
    only, former = row.get("postcode", ""), row.get("former_postcode", "")
    return Person(
        first_name=row.get("first_name", ""),
        last_name=row.get("last_name", ""),
        dob=_day(row.get("dob", "")),
        former_postcode=former or only,
        former_address=row.get("address", ""),
        current_postcode=row.get("current_postcode") or (only if former else ""),
        sex=row.get("sex", ""),
        upn=row.get("upn", ""),
        uln=row.get("uln", ""),
    )


def _day(text: str) -> date | None:
    for form in DATE_FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no time zone
        except ValueError:
            continue
    return None
