"""A released record becomes a row that One IYSS imports."""

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from adapters.iyss_out import EDUCATION, TRAINING, write_import
from adapters.move import Address, Establishment, Move

DATA = Path(__file__).parents[1] / "data"
FARAH = Move(
    place="ntc",
    given="Farah",
    family="=Sample",
    dob=date(2008, 11, 12),
    to_address=Address((), "ME4 4TR"),
    establishment=Establishment("8864999", None, "10000001"),
    start=date(2025, 9, 8),
)


def row(move: Move) -> dict[str, str]:
    """The one row of the file, by its headers."""
    (only,) = csv.DictReader(io.StringIO(write_import(move).decode("utf-8-sig"), newline=""))
    return only


@pytest.mark.parametrize(
    ("headers", "sample"),
    [(EDUCATION, "education_starters_leavers.csv"), (TRAINING, "training_starters_leavers.csv")],
)
def test_the_headers_are_those_of_the_templates(headers: tuple[str, ...], sample: str) -> None:
    """Exactly, or the import refuses the file."""
    assert ",".join(headers) == (DATA / sample).read_text("utf-8").splitlines()[0]


def test_who_learns_at_a_school_or_college_goes_into_the_education_template() -> None:
    """Days as councils write them; no cell acts."""
    written = row(FARAH)
    assert (written["DfENo"], written["DOB"], written["StartDate"]) == ("8864999", "12/11/2008", "08/09/2025")
    assert (written["Surname"], written["Postcode"], written["GoalLevel"]) == ("'=Sample", "ME4 4TR", "")


def test_who_has_a_provider_alone_goes_into_the_training_template() -> None:
    """By its UKPRN."""
    written = row(replace(FARAH, establishment=Establishment(None, None, "10000001"), to_address=None))
    assert (written["UKPRN"], written["Postcode"]) == ("10000001", "")


def test_who_learns_nowhere_has_an_empty_number() -> None:
    """The education template, with what is known."""
    assert row(replace(FARAH, establishment=None))["DfENo"] == ""
