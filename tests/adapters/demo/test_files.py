"""The made-up members' files are read like real ones, and lose nothing on the way."""

import csv
from datetime import date
from pathlib import Path

import pytest

from adapters.columns import guess_mapping
from adapters.demo.files import CASELOAD, CASELOADS, FILES, TRUTH, InputFile
from adapters.demo.people import Region, make_region
from adapters.formats import format_of
from adapters.move import Found, Move

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def region() -> Region:
    """Make one region for all tests."""
    return make_region(1, TODAY)


@pytest.fixture(scope="module")
def homes(region: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write its files once."""
    root = tmp_path_factory.mktemp("region")
    region.write(root)
    return root


def moves(path: Path, notice_type: str) -> dict[str, Move]:
    """Read a file as a member would, with the columns as they are guessed; nothing may be wrong with it."""
    found = format_of(path)
    mapping = guess_mapping(found.read_headers(path), notice_type)
    assert not mapping.home_guessed
    read = list(found.read_moves(path, mapping))
    assert all(isinstance(said, Move) for said in read)
    return {said.local_ref or "": said for said in read if isinstance(said, Move)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.member}-{file.name}")
def test_every_input_file_is_read_as_it_was_meant(file: InputFile, region: Region, homes: Path) -> None:
    """Every row, with names, birthday, homes, numbers and flags where the layout has them."""
    read = moves(homes / file.member / file.name, file.notice_type)
    written = {r.local_ref: r for r in region.records if (r.member, r.listing) == (file.member, file.listing)}
    headers = {header for header, _ in file.columns}
    assert read.keys() == written.keys()
    assert len(read) >= 3
    for ref, record in written.items():
        move = read[ref]
        assert (move.given, move.family, move.dob) == (record.given, record.family, record.dob)
        assert move.event_date == record.event_date
        homes_said = {a.postcode for a in (move.from_address, move.to_address) if a}
        assert homes_said <= {record.old_postcode, record.new_postcode}
        assert (Found.SHIELD in move.found) == (record.shield and "Shield" in headers)
        assert (Found.EHC_PLAN in move.found) == record.ehc_plan


def test_the_former_home_of_a_mover_is_told_on_both_sides(region: Region, homes: Path) -> None:
    """It is the evidence that both sides have: the leaver's last home is the arrival's former one."""
    kent = moves(homes / "kent" / "leavers.csv", "moved_out")
    medway = moves(homes / "medway" / "neet-arrivals.xlsx", "new_arrival")
    left = kent[region.record("strong", "kent").local_ref].from_address
    right = medway[region.record("strong", "medway").local_ref].from_address
    assert left is not None
    assert left == right
    assert left.postcode == region.person("strong").old_postcode


def test_kents_export_begins_with_the_one_iyss_columns(homes: Path) -> None:
    """The layout is the import template's, with the council's own columns after it."""
    template = "Forename,Surname,DOB,Postcode,UPN,DfENo,StartDate,EndDate,GoalLevel,GoalDescription"
    for name in ("leavers.csv", "starters.csv"):
        assert (homes / "kent" / name).read_text(encoding="utf-8").startswith(template + ",")


def test_an_instruction_is_read_from_the_file(region: Region, homes: Path) -> None:
    """The young person's word goes with the row that Kent publishes from."""
    move = moves(homes / "kent" / "leavers.csv", "moved_out")[region.record("instruction", "kent").local_ref]
    assert move.wishes.instruction == {"participation", "contact"}


@pytest.mark.parametrize("member", CASELOADS)
def test_every_member_has_its_caseload(member: str, region: Region, homes: Path) -> None:
    """Everybody whom it knows of, readable like any other file."""
    known = moves(homes / member / CASELOAD, "new_arrival")
    assert known.keys() == {r.local_ref for r in region.records if r.member in CASELOADS[member]}


def test_the_truth_lies_outside_every_home(region: Region, homes: Path) -> None:
    """No member's folder holds a person's id or the pairs."""
    with (homes / TRUTH).open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["person"] for row in rows] == [pair.person for pair in region.truth]
    inside = {path.name for path in homes.rglob("*") if path.is_file() and path.parent != homes}
    assert TRUTH not in inside
    assert {path.name for path in homes.iterdir()} == {*CASELOADS, TRUTH}


def test_the_same_region_gives_the_same_bytes(region: Region, tmp_path: Path) -> None:
    """Workbooks too, which carry the time at which they were made."""
    first = [(path.name, path.read_bytes()) for path in region.write(tmp_path / "a")]
    second = [(path.name, path.read_bytes()) for path in make_region(1, TODAY).write(tmp_path / "b")]
    assert first == second
