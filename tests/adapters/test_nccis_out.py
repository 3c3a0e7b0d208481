"""A released record becomes one that a tracker imports; one that went away is closed."""

import io
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from adapters import nccis_xml
from adapters.columns import guess_mapping
from adapters.move import Address, Establishment, Found, Move
from adapters.nccis_out import Closing, write_arrivals, write_closings
from adapters.safe_xml import read_elements

BEN = Move(
    place="/NCCIS/YoungPersonsRecord[1]",
    given="Ben",
    middle="Ada",
    family="O'Brien & Sons <b>",
    dob=date(2009, 2, 18),
    sex="M",
    to_address=Address(("1 Example Road", "Chatham"), "ME4 4TR"),
    upn="G886499920019",
    uln="1000000019",
    previous_ref="8860000000002",
    establishment=Establishment("8864999", "Sample School", "10000001"),
    activity="619",
    start=date(2026, 10, 1),
    event_date=date(2026, 10, 1),
    predicted_end=date(2027, 7, 1),
    ascertained=date(2026, 10, 5),
    verified=date(2026, 10, 6),
    review=date(2026, 12, 1),
    due_to_lapse=date(2027, 2, 1),
    lapsed=True,
    neet_start=date(2026, 9, 1),
    educated_authority="887",
    year_11_authority="886",
    cohort_status="P",
    level_of_need="3",
    ethnicity="NOBT",
    found=frozenset({Found.SEN, Found.SEN_SUPPORT, Found.CARER, Found.CARE_LEAVER}),
    tells_of=frozenset({"new_arrival"}),
)


def back(data: bytes) -> list[object]:
    """Read it again, as the return is read."""
    stream = io.BytesIO(data)
    return list(nccis_xml.read_moves(stream, guess_mapping(nccis_xml.read_headers(stream), "new_arrival")))


def test_an_arrival_is_read_back_as_it_was() -> None:
    """Every fact of the layout, with the earlier number in PreviousYPIDIdentifier."""
    assert back(write_arrivals([BEN])) == [BEN]


def test_what_the_importing_system_gives_is_left_empty() -> None:
    """Its own number, who leads, and a transfer that is over."""
    data = write_arrivals([replace(BEN, local_ref="8860000000002", lead_authority="886", to_authority="887")])
    for name in (b"YoungPersonsID", b"LeadLEA", b"TransferredToLACode"):
        assert name not in data


def test_another_systems_reference_is_no_earlier_number() -> None:
    """PreviousYPIDIdentifier has thirteen digits (rule 37)."""
    assert b"PreviousYPIDIdentifier" not in write_arrivals([replace(BEN, previous_ref="K-1042")])


def test_a_long_address_keeps_all_its_lines() -> None:
    """The layout has four."""
    long = replace(BEN, to_address=Address(("a", "b", "c", "d", "e")))
    assert b"<AddressLine4>d, e</AddressLine4>" in write_arrivals([long])


def test_who_went_away_is_closed() -> None:
    """Status T with the authority; one whose number is not known has none."""
    data = write_closings([Closing("8860000000002", "887"), Closing(None, None)])
    assert data.count(b"<CohortStatus>T</CohortStatus>") == 2
    assert data.count(b"<YoungPersonsID>8860000000002</YoungPersonsID>") == 1
    assert data.count(b"<TransferredToLACode>887</TransferredToLACode>") == 1


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_no_text_of_another_member_breaks_the_file(family: str, line: str) -> None:
    """Nor makes an element of its own: what comes back is one record."""
    stream = io.BytesIO(write_arrivals([replace(BEN, family=family, to_address=Address((line,)))]))
    found = list(read_elements(stream, frozenset({nccis_xml.RECORD})))
    assert len(found) == 1
