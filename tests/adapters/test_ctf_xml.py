"""A Common Transfer File tells of a pupil who leaves for a school that is known, or is lost."""

import io
from datetime import date
from pathlib import Path

import pytest

from adapters import ctf_xml
from adapters.columns import guess_mapping
from adapters.move import Address, Establishment, Event, Move, Problem, Told, UnusableFile

DATA = Path(__file__).parents[1] / "data"
KNOWN, LOST = DATA / "8864999_CTF_8844999_001.xml", DATA / "8864999_CTF_XXXXXXX_001.xml"


def read(source: Path | io.BytesIO, kind: str | None = None) -> list[Move | Problem]:
    """Read a file as `hub publish` does."""
    return list(ctf_xml.read_moves(source, guess_mapping(ctf_xml.read_headers(source), kind)))


def changed(*changes: tuple[str, str]) -> io.BytesIO:
    """The sample with these texts in place of others."""
    text = KNOWN.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return io.BytesIO(text.encode())


def move(*changes: tuple[str, str], kind: str | None = None) -> Move:
    """The pupil of the changed sample, with nothing wrong about it."""
    (only,) = read(changed(*changes), kind)
    assert isinstance(only, Move)
    return only


def test_a_pupil_with_a_known_destination_is_read() -> None:
    """Ground for a departure at one end and for an arrival at the other."""
    assert read(KNOWN) == [
        Move(
            place="/CTfile/CTFpupilData/Pupil[1]",
            given="Ben",
            family="Sample",
            dob=date(2012, 2, 18),
            sex="M",
            upn="C886499923002",
            establishment=Establishment("8864999", "Sample School"),
            event_date=date(2026, 10, 5),
            ascertained=date(2026, 10, 5),
            event=Event.TRANSFERRED,
            told=Told.SCHOOL,
            tells_of=frozenset({"moved_out", "leaver", "new_arrival"}),
            to_authority="884",
            educated_authority="886",
        )
    ]


def test_a_lost_pupil_went_nobody_knows_where() -> None:
    """XXXXXXX: no authority, and nobody's arrival."""
    (lost,) = read(LOST)
    assert isinstance(lost, Move)
    assert (lost.to_authority, lost.event) == (None, None)
    assert lost.tells_of == {"moved_out", "leaver"}


def test_an_authority_may_be_the_sender() -> None:
    """LLLL in place of the school: its officer says it, and no establishment is named."""
    sent = move(("<Estab>4999</Estab>\n      <SchoolName>", "<Estab>LLLL</Estab>\n      <SchoolName>"))
    assert (sent.told, sent.establishment) == (Told.OFFICER, Establishment(None, "Sample School"))


def test_a_destination_outside_the_funded_sector_names_no_authority() -> None:
    """MMMMMMM is known, but it is no authority's."""
    sent = move(("<LEA>884</LEA>\n      <Estab>4999</Estab>", "<LEA>MMM</LEA>\n      <Estab>MMMM</Estab>"))
    assert (sent.to_authority, sent.event) == (None, Event.TRANSFERRED)


def test_a_school_of_the_same_authority_is_no_transfer_between_authorities() -> None:
    """The code of the destination is left out."""
    assert move(("<LEA>884</LEA>", "<LEA>886</LEA>")).to_authority is None


FULL = """<Gender>F</Gender><Address><PAON>1</PAON><Street>Example Road</Street><PostCode>me14 1xq</PostCode>
</Address><BasicDetails><UniqueLearnerNumber>1000000019</UniqueLearnerNumber><FormerUPN>F886499920001</FormerUPN>
<MiddleNames>Ada</MiddleNames></BasicDetails><SchoolHistory><School><LeavingDate>2023-07-21</LeavingDate></School>
<School><LeavingDate>2026-10-02</LeavingDate></School></SchoolHistory>"""


def test_what_a_full_file_has_more_is_read_where_it_stands() -> None:
    """The last school's leaving date is the day of the event; older files say Gender."""
    changes = (("<Sex>M</Sex>", FULL), ("partial", "full"), ("25.0", "15.0"))
    full = move(*changes, kind="moved_out")
    assert full.from_address == Address(("1", "Example Road"), "ME14 1XQ")
    assert (full.sex, full.middle, full.uln, full.former_upn) == ("F", "Ada", "1000000019", "F886499920001")
    assert (full.end, full.event_date) == (date(2026, 10, 2), date(2026, 10, 2))
    assert full.sources["end"] == "SchoolHistory/School/LeavingDate"


@pytest.mark.parametrize("version", ["31.0", "9", "next", ""])
def test_another_version_is_read_and_said(version: str) -> None:
    """Next year's file is mostly this year's."""
    warning, read_pupil = read(changed(("25.0", version)))
    assert isinstance(warning, Problem)
    assert (warning.code, warning.row_kept) == ("ctf-version", True)
    assert isinstance(read_pupil, Move)


def test_a_date_that_cannot_be_read_is_none() -> None:
    """Of the file; that of a pupil's birth stops the pupil."""
    assert move(("2026-10-05T10:30:00", "yesterday")).ascertained is None
    (problem,) = read(changed(("2012-02-18", "18.2.")))
    assert isinstance(problem, Problem)
    assert str(problem).startswith("/CTfile/CTFpupilData/Pupil[1]/DOB: ")


def test_a_file_without_pupils_is_refused() -> None:
    """It says nothing."""
    text = KNOWN.read_text("utf-8")
    without = text[: text.index("<Pupil>")] + text[text.index("</CTFpupilData>") :]
    with pytest.raises(UnusableFile, match="no pupil"):
        read(io.BytesIO(without.encode()))
