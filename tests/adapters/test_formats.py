"""A file is known by what it holds, never by its name."""

from pathlib import Path

import openpyxl
import pytest

from adapters.columns import guess_mapping
from adapters.formats import FORMATS, format_of
from adapters.move import Move, UnusableFile


def workbook(path: Path) -> None:
    """Write a workbook with one person in it."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Forename", "Surname", "DOB"])
    book.worksheets[0].append(["Asha", "Sample", "04/10/2009"])
    book.save(path)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("Forename,Surname,DOB\nAsha,Sample,04/10/2009\n", "csv"),
        ('\ufeff\n {"given":"Asha","family":"Sample","dob":"2009-10-04"}\n', "jsonl"),
        (None, "xlsx"),
    ],
)
def test_a_format_is_told_by_its_first_bytes(tmp_path: Path, content: str | None, name: str) -> None:
    """The same person comes out, though every file is called export.txt."""
    path = tmp_path / "export.txt"
    if content is None:
        workbook(path)
    else:
        path.write_text(content, encoding="utf-8")
    found = format_of(path)
    assert found is FORMATS[name]
    (move,) = found.read_moves(path, guess_mapping(found.read_headers(path)))
    assert isinstance(move, Move)
    assert (move.given, move.family, move.dob.isoformat()) == ("Asha", "Sample", "2009-10-04")


def test_a_locked_workbook_is_told_as_one(tmp_path: Path) -> None:
    """Its bytes are not a zip archive, yet the answer must speak of the password."""
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(UnusableFile, match="password"):
        format_of(path).read_headers(path)


DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("nccis_sample_synthetic.xml", "nccis"),
        ("8864999_CTF_8844999_001.xml", "ctf"),
        ("ILR-10000001-2526-20251006-090000-01.xml", "ilr"),
        ("ilr_sample_2025_26_dfe.xml", "ilr"),
    ],
)
def test_an_xml_format_is_told_by_its_root(sample: str, name: str) -> None:
    """However long the comment before it is."""
    assert format_of(DATA / sample) is FORMATS[name]


def test_xml_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    """So that nobody reads a web page as a list of people."""
    path = tmp_path / "export.xml"
    path.write_text("<html><body>Log in</body></html>")
    with pytest.raises(UnusableFile, match="not read here"):
        format_of(path)
