"""Reads the two CSV files of an evaluation and its truth: clear text of whoever owns them.

Decides which columns count (id, first_name, last_name, dob, postcode, sex, upn, uln; all but id
may be absent) and says plainly what is wrong with a file: which file, which row, never a value.
The one postcode of a plain file is taken as the former one, which is what two records of a mover
have in common. For evaluation and training alone; notices are read by the connectors.
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
    """A person of a file, with the file's own id."""

    id: str
    person: Person


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
        people.append(KnownPerson(row["id"], _person(row)))
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


def _person(row: dict[str, str]) -> Person:
    return Person(
        first_name=row.get("first_name", ""),
        last_name=row.get("last_name", ""),
        dob=_day(row.get("dob", "")),
        former_postcode=row.get("postcode", ""),
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
