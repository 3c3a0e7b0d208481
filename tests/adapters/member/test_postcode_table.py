"""A newer directory becomes the table that routing answers by; a part of one never does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.member import routing
from adapters.member.cli import app
from adapters.member.errors import GatewayFault
from adapters.member.postcode_table import Made, make_table, name_of
from adapters.member.routing import VARIABLE, authority_of

HEADER = "pcd,pcd2,pcds,dointr,doterm,oscty,ced,oslaua\n"
ROWS = (
    ("ME14 1XQ", "E07000110"),  # Maidstone, a district of Kent
    ("ME4 4TR", "E06000035"),  # Medway
    ("ME4 4TS", "E06000035"),
    ("S1 2HE", "E08000019"),  # Sheffield's code of before May 2025
    ("S1 2HF", "E08000039"),  # and its present one
    ("CF10 1AA", "W06000015"),
    ("EH1 1AA", "S12000036"),
    ("BT1 1AA", "N09000003"),
    ("JE2 3AA", "L99999999"),
    ("IM1 1AA", "M99999999"),
)


def directory(folder: Path, *more: tuple[str, str], header: str = HEADER) -> Path:
    """A directory of some postcodes, in no order."""
    path = folder / "ONSPD_FEB_2027_UK.csv"
    lines = [f"x,x,{code},200001,,x,x,{district}\n" for code, district in reversed((*ROWS, *more))]
    path.write_text(header + "".join(lines) + "ME4 9ZZ,x,ME4 9ZZ,200001,199901,x,x,\n", "utf-8-sig")
    return path


@pytest.fixture
def fresh_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Routing forgets which table it has read, before and after."""
    for one in (routing._table, routing._answer):
        one.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for one in (routing._table, routing._answer):
        one.cache_clear()


def test_a_directory_becomes_the_table_that_answers(tmp_path: Path, fresh_table: pytest.MonkeyPatch) -> None:
    """Districts are brought to their county, both codes of Sheffield to one; the answer names the table."""
    out = tmp_path / "postcodes.csv.gz"
    made = make_table(directory(tmp_path), out, "ONSPD February 2027", {"ME", "S"})
    assert made == Made("ONSPD February 2027", 10, 8)
    fresh_table.setenv(VARIABLE, str(out))
    told = {code: authority_of(code) for code, _ in ROWS}
    assert {code: route.authority for code, route in told.items()} == {
        "ME14 1XQ": "886",
        "ME4 4TR": "887",
        "ME4 4TS": "887",
        "S1 2HE": "373",
        "S1 2HF": "373",
        "CF10 1AA": "W06000015",
        "EH1 1AA": "S12000036",
        "BT1 1AA": None,
        "JE2 3AA": None,
        "IM1 1AA": None,
    }
    assert told["BT1 1AA"].nation == "northern_ireland"
    assert {route.table for route in told.values()} == {"ONSPD February 2027"}


def test_a_part_of_the_country_is_refused(tmp_path: Path) -> None:
    """The letters that lack are named, and nothing is written."""
    out = tmp_path / "postcodes.csv.gz"
    with pytest.raises(GatewayFault, match="directory-part"):
        make_table(directory(tmp_path), out, "x")
    assert not out.exists()


def test_a_district_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """Authorities merge: a table made without the new one would send its children elsewhere."""
    with pytest.raises(GatewayFault, match="E06000999"):
        make_table(directory(tmp_path, ("GU1 1AA", "E06000999")), tmp_path / "out", "x", {"ME"})


@pytest.mark.parametrize("header", ["Forename,Surname\n", "pcds,postcode\n", "\n"])
def test_another_file_is_refused(tmp_path: Path, header: str) -> None:
    """It has no columns of postcodes and districts."""
    with pytest.raises(GatewayFault, match="directory-columns"):
        make_table(directory(tmp_path, header=header), tmp_path / "out", "x", {"ME"})


def test_newer_editions_name_the_district_by_its_year(tmp_path: Path) -> None:
    """`lad25cd` in place of `oslaua`."""
    renamed = HEADER.replace("oslaua", "lad25cd")
    assert make_table(directory(tmp_path, header=renamed), tmp_path / "out", "x", {"ME"}).runs == 8


@pytest.mark.parametrize(
    ("file", "name"),
    [("ONSPD_FEB_2027_UK.csv", "ONSPD February 2027"), ("onspd_november_2026.csv", "ONSPD November 2026")],
)
def test_the_edition_is_told_by_the_file(file: str, name: str) -> None:
    """As the ONS names its files."""
    assert name_of(Path(file)) == name


@pytest.mark.parametrize("file", ["postcodes.csv", "ONSPD_FOO_2027.csv"])
def test_a_file_that_does_not_tell_its_edition_has_none(file: str) -> None:
    """Somebody has to name it."""
    assert name_of(Path(file)) is None


def test_the_command_makes_a_table_or_says_why_not(tmp_path: Path) -> None:
    """A postcode and `refresh FILE` are the two things that it takes."""
    part = directory(tmp_path)
    done = CliRunner().invoke(app, ["route", "refresh", str(part), "--out", str(tmp_path / "t.csv.gz")])
    assert (done.exit_code, "directory-part" in done.stderr or "lacks postcodes" in done.stderr) == (1, True)
    unnamed = part.rename(tmp_path / "postcodes.csv")
    done = CliRunner().invoke(app, ["route", "refresh", str(unnamed)])
    assert (done.exit_code, "--name" in done.stderr) == (2, True)
    assert CliRunner().invoke(app, ["route", "refresh"]).exit_code == 2
    assert CliRunner().invoke(app, ["route", "ME4 4TR", str(unnamed)]).exit_code == 2
