"""The NCCIS return tells who left for where, and who came with an earlier number."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import nccis_xml
from adapters.columns import Field, guess_mapping
from adapters.move import STAYS, Address, Establishment, Found, Move, Problem, UnusableFile

SAMPLE = Path(__file__).parents[1] / "data" / "nccis_sample_synthetic.xml"
HEADER = """<FileHeader><Databases><DatabaseID>886</DatabaseID></Databases>
<SourceLEAs><LEACode>886</LEACode></SourceLEAs><PeriodEnd>2026-10-31</PeriodEnd></FileHeader>"""
PERSON = {
    "YoungPersonsID": "8860000000001",
    "CohortStatus": "P",
    "GivenName": "Asha",
    "FamilyName": "Sample",
    "DOB": "2009-10-04",
    "LeadLEA": "886",
}
DEPARTURES = frozenset({"moved_out", "care_leaver_move", "ehcp_move"})


def record(**change: str) -> str:
    """One record, with these elements beside or instead of the good ones."""
    elements = PERSON | change
    groups: dict[str, str] = {}
    for name, text in elements.items():
        group = nccis_xml.ELEMENTS[name].rpartition("/")[0]
        groups[group] = groups.get(group, "") + f"<{name}>{text}</{name}>"
    inner = ""
    for group, within in groups.items():
        begin, end = "", ""
        for name in group.split("/"):
            begin, end = f"{begin}<{name}>", f"</{name}>{end}"
        inner += begin + within + end
    return f"<YoungPersonsRecord>{inner}</YoungPersonsRecord>"


def read(*records: str, header: str = HEADER, kind: str | None = None) -> list[Move | Problem]:
    """Read a return of these records."""
    stream = io.BytesIO(f"<NCCIS>{header}{''.join(records)}</NCCIS>".encode())
    mapping = guess_mapping(nccis_xml.read_headers(stream), kind)
    return list(nccis_xml.read_moves(stream, mapping))


def one(**change: str) -> Move:
    """Read one record with nothing wrong about it."""
    (move,) = read(record(**change))
    assert isinstance(move, Move)
    return move


def codes(*records: str) -> list[str]:
    """Read records; give the codes of what is wrong with them, though all of them are kept."""
    found = read(*records)
    problems = [said for said in found if isinstance(said, Problem)]
    assert all(problem.row_kept for problem in problems)
    assert len(found) - len(problems) == len(records)
    return [problem.code for problem in problems]


def test_the_sample_return_is_read() -> None:
    """Five people: one of them transferred, one left England, one with a plan at twenty-three."""
    mapping = guess_mapping(nccis_xml.read_headers(SAMPLE), "moved_out")
    assert None not in mapping.fields
    moves = [said for said in nccis_xml.read_moves(SAMPLE, mapping) if isinstance(said, Move)]
    assert [(m.given, m.cohort_status, m.tells_of) for m in moves] == [
        ("Asha", "P", {STAYS}),
        ("Ben", "T", DEPARTURES),
        ("Cara", "P", {STAYS}),
        ("Dev", "P", {STAYS}),
        ("Eli", "E", DEPARTURES),
    ]
    assert moves[0] == Move(
        place="/NCCIS/YoungPersonsRecord[1]",
        given="Asha",
        family="Sample",
        dob=date(2009, 10, 4),
        sex="U",
        from_address=Address(("1 Example Road", "Maidstone"), "ME14 1XQ"),
        upn="F886499920001",
        uln="1000000000",
        local_ref="8860000000001",
        establishment=Establishment("8869999", "Sample College", "10000001"),
        activity="230",
        start=date(2026, 9, 7),
        predicted_end=date(2028, 7, 31),
        event_date=date(2026, 9, 7),
        ascertained=date(2026, 9, 10),
        verified=date(2026, 10, 12),
        due_to_lapse=date(2027, 8, 31),
        tells_of=frozenset({STAYS}),
        lead_authority="886",
        educated_authority="886",
        year_11_authority="886",
        cohort_status="P",
        level_of_need="3",
        ethnicity="NOBT",
    )
    assert moves[0].sources["activity"] == "Activities/Cohort/ActivityCode"
    assert moves[3].found == {Found.SEN, Found.EHC_PLAN, Found.CARE_LEAVER}


def test_an_element_can_be_placed_by_hand() -> None:
    """Where a system writes the new home into the return, somebody says so once."""
    stream = io.BytesIO(f"<NCCIS>{HEADER}{record(Postcode='HR4 0LE')}</NCCIS>".encode())
    mapping = guess_mapping(nccis_xml.read_headers(stream), "moved_out").placed("Postcode", Field.TO_POSTCODE)
    (move,) = nccis_xml.read_moves(stream, mapping)
    assert isinstance(move, Move)
    assert move.to_address == Address((), "HR4 0LE")


@pytest.mark.parametrize(("status", "code"), [("D", "deceased"), ("M", "merged"), ("X", "left-before")])
def test_nothing_is_ever_told_of_some(status: str, code: str) -> None:
    """A notice about somebody who died would be the worst that this software can do."""
    (problem,) = read(record(CohortStatus=status))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.row_kept) == (code, False)


def test_who_came_is_known_by_an_earlier_number_or_year_11_elsewhere() -> None:
    """Rule 37: the importing authority keeps the old number beside its own."""
    assert one(PreviousYPIDIdentifier="8840000000009").tells_of == {"new_arrival"}
    assert one(LEACodeAtYear11="884").tells_of == {"new_arrival"}
    assert one(LEACodeAtYear11="886").tells_of == {STAYS}


def test_a_plan_is_known_by_the_age_of_those_who_are_still_there() -> None:
    """From nineteen on the return holds only young people with a current plan; before, the flag is SEND."""
    assert one(SENDFlag="Y", DOB="2007-10-31").found == {Found.SEN, Found.EHC_PLAN}
    assert one(SENDFlag="Y", DOB="2007-11-01").found == {Found.SEN}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"CohortStatus": "T"}, "nccis-13"),
        ({"TransferredToLACode": "884"}, "nccis-34"),
        ({"CohortStatus": "T", "TransferredToLACode": "999"}, "nccis-35"),
        ({"CohortStatus": "T", "TransferredToLACode": "909"}, "nccis-35"),
        ({"CohortStatus": "T", "TransferredToLACode": "000"}, "nccis-35"),
        ({"CohortStatus": "T", "TransferredToLACode": "004"}, "nccis-41"),
        ({"CohortStatus": "T", "TransferredToLACode": "886"}, "nccis-42"),
        ({"LeadLEA": "884"}, "nccis-26"),
        ({"PreviousYPIDIdentifier": "884-9"}, "nccis-37"),
        ({"UKProviderReferenceNumber": "20000001"}, "nccis-39"),
        ({"YoungPersonsID": "8840000000001"}, "nccis-903"),
        (
            {"ActivityCode": "310", "DueToLapseDate": "2027-09-01", "PredictedEndDate": "2027-08-01"},
            "nccis-238",
        ),
        ({"ActivityCode": "310", "ReviewDate": "2027-09-01", "PredictedEndDate": "2027-08-01"}, "nccis-257"),
        ({"ActivityCode": "310", "DueToLapseDate": "2026-10-30"}, "nccis-231"),
        ({"ActivityCode": "310", "DueToLapseDate": "2026-11-01", "CurrencyLapsed": "Y"}, "nccis-232"),
        ({"ActivityCode": "230"}, "nccis-259"),
        ({"ActivityCode": "350"}, "nccis-262"),
        ({"ActivityCode": "619"}, "nccis-224"),
        ({"ActivityCode": "310", "NEETStartDate": "2026-06-01"}, "nccis-225"),
        (
            {"ActivityCode": "619", "NEETStartDate": "2026-06-02", "StartDate": "2026-06-01"},
            "nccis-226",
        ),
    ],
)
def test_a_reject_rule_is_a_warning(change: dict[str, str], rule: str) -> None:
    """By its number; the record is kept, since it may still tell of a mover."""
    assert codes(record(**change)) == [rule]


def test_who_left_england_has_a_code_of_its_own() -> None:
    """000 to 003 go with status E."""
    assert codes(record(CohortStatus="E", TransferredToLACode="000")) == []


def test_who_took_over_from_an_authority_that_ended_is_named() -> None:
    """Cumbria's area is with two others; service children have a code of their own."""
    warning, _ = read(record(CohortStatus="T", TransferredToLACode="909"))
    assert "942 or 943" in str(warning)
    assert codes(record(CohortStatus="T", TransferredToLACode="702")) == []


def test_a_code_is_judged_by_the_day() -> None:
    """Cumbria (909) stood until 31 March 2023."""
    earlier = HEADER.replace("2026-10-31", "2023-03-31")
    left = record(CohortStatus="T", TransferredToLACode="909")
    assert not [said for said in read(left, header=earlier) if isinstance(said, Problem)]
    assert not [said for said in read(left, header="") if isinstance(said, Problem)]


def test_a_record_that_stands_twice_is_said() -> None:
    """902 for the number, 908 for the person; both records are kept."""
    assert codes(record(), record()) == ["nccis-902", "nccis-908"]


def test_a_uln_on_two_people_is_left_out_the_second_time() -> None:
    """Rule 907: in doubt the ULN is removed, because a wrong one meets a stranger."""
    other = {"YoungPersonsID": "8860000000002", "GivenName": "Ben", "UniqueLearnerNo": "1000000019"}
    said = read(record(UniqueLearnerNo="1000000019"), record(**other))
    first, warning, second = said
    assert isinstance(first, Move)
    assert isinstance(second, Move)
    assert isinstance(warning, Problem)
    assert (first.uln, second.uln, warning.code) == ("1000000019", None, "nccis-907")


def test_a_bad_record_costs_no_other() -> None:
    """Its problem names the path; no value is in it."""
    problem, move = read(record(DOB="31/02/2009"), record())
    assert isinstance(problem, Problem)
    assert str(problem).startswith("/NCCIS/YoungPersonsRecord[1]/PersonalDetails/DOB: not a date")
    assert isinstance(move, Move)


def test_a_return_without_people_is_refused() -> None:
    """An empty month is a mistake of the export."""
    with pytest.raises(UnusableFile, match="no young person"):
        read()


def test_a_return_that_was_cut_short_gives_what_came_before() -> None:
    """Good records are kept."""
    data = SAMPLE.read_bytes()
    stream = io.BytesIO(data[: data.index(b"Cara")])
    *moves, problem = nccis_xml.read_moves(stream, guess_mapping(nccis_xml.read_headers(stream)))
    assert [move.given for move in moves if isinstance(move, Move)] == ["Asha", "Ben"]
    assert isinstance(problem, Problem)
    assert problem.code == "file-cut-short"


def test_a_header_whose_day_cannot_be_read_is_none() -> None:
    """The rules that need it are left out."""
    header = HEADER.replace("2026-10-31", "soon")
    move = replace(one(), place="/NCCIS/YoungPersonsRecord[1]")
    assert read(record(), header=header) == [move]


@given(st.dictionaries(st.sampled_from(sorted(nccis_xml.ELEMENTS)), st.text(max_size=15), max_size=12))
def test_any_text_in_any_element_is_read_or_said(change: dict[str, str]) -> None:
    """Never an error that nobody can understand."""
    escaped = {
        name: "".join(f"&#{ord(c)};" for c in text if c.isprintable()) for name, text in change.items()
    }
    found = read(record(**escaped), record(YoungPersonsID="8860000000002", GivenName="Ben"))
    assert any(isinstance(said, Move) and said.given == "Ben" for said in found)
