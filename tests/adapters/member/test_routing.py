"""Every postcode is answered with its authority, its nation, or the reason why a person must look."""

import csv
import gzip
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters
from adapters.authorities import authority
from adapters.member.routing import (
    TABLE,
    Outcome,
    Route,
    authority_of,
    normalise,
    route_of,
    settle_home,
)
from adapters.move import Address, Move, Told

DATA = Path(adapters.__file__).parent / "data"


@pytest.mark.parametrize(
    ("postcode", "code"),
    [
        ("ME4 4TR", "887"),
        ("me44tr", "887"),
        (" ME14 1XQ ", "886"),
        ("SW9 8AB", "208"),
        ("SE15 3AB", "210"),
        ("HR4 0LE", "884"),
    ],
)
def test_an_english_postcode_gives_its_education_authority(postcode: str, code: str) -> None:
    """In any spelling, by the DfE's code; the version of the table goes with the answer."""
    assert authority_of(postcode) == Route(Outcome.FOUND, code, "england", (), TABLE)
    assert not authority_of(postcode).doubtful


@pytest.mark.parametrize(
    ("postcode", "code", "nation"),
    [
        ("CF10 1AA", "W06000015", "wales"),
        ("EH1 1AA", "S12000036", "scotland"),
        ("BT1 1AA", None, "northern_ireland"),
        ("JE2 3AA", None, "channel_islands"),
        ("IM1 1AA", None, "isle_of_man"),
    ],
)
def test_a_postcode_outside_england_says_where(postcode: str, code: str | None, nation: str) -> None:
    """The agreements decide about other nations; here they are only told apart."""
    route = authority_of(postcode)
    assert (route.outcome, route.authority, route.nation) == (Outcome.OUTSIDE_ENGLAND, code, nation)


@pytest.mark.parametrize("postcode", ["ZZ99 9ZZ", "zz99 3vz"])
def test_a_placeholder_is_never_routed(postcode: str) -> None:
    """No known home, no fixed address: a person decides."""
    assert authority_of(postcode) == Route(Outcome.NO_HOME)


@pytest.mark.parametrize("postcode", ["", "QQ1 1QQ", "ME4", "in Chatham", "ME4 4TRX", "12345", "NPT 0AD"])
def test_what_is_no_postcode_is_never_routed(postcode: str) -> None:
    """Half a postcode or an area that does not exist gives no authority."""
    assert authority_of(postcode) == Route(Outcome.NOT_A_POSTCODE)


def test_a_border_is_said_and_not_guessed_silently() -> None:
    """SE5 9 lies in Lambeth and Southwark: the answer names the other one."""
    route = authority_of("SE5 9AB")
    assert (route.authority, route.shared_with) == ("208", ("210",))
    assert route.doubtful


def test_every_run_of_the_table_answers_with_itself() -> None:
    """The first postcode of each of the 43,123 runs lies in the area that the table gives it."""
    with gzip.open(DATA / "postcode_ranges_la.csv.gz", "rt", encoding="ascii") as text:
        rows = list(csv.reader(text))[1:]
    assert len(rows) == 43_123
    # Newport's NPT of before 1990 has no longer the form of a postcode: a person looks at it.
    rows = [row for row in rows if not row[0].startswith("NPT")]
    marks = {"NI": "northern_ireland", "CI": "channel_islands", "IM": "isle_of_man"}
    wrong = []
    for start, area in rows:
        postcode = start if normalise(start) else f"{start}1 1AA"
        route = authority_of(postcode)
        if area not in {route.authority, next((m for m, n in marks.items() if n == route.nation), None)}:
            wrong.append(start)
    assert wrong == []


def test_a_forces_post_office_is_no_council() -> None:
    """A service child's address tells no authority: Service Children's Education, or the family, is asked."""
    route = authority_of("BF1 1AA")
    assert (route.outcome, route.authority, route.needs_person) == (Outcome.FORCES, None, True)
    assert "forces" in route.why


ENROLLED = Move("row 2", "Asha", "Sample", date(2009, 10, 4), told=Told.COLLEGE)


def test_an_enrolment_goes_by_the_present_home() -> None:
    """Two homes in one authority are no doubt."""
    moved = replace(ENROLLED, from_address=Address((), "ME14 1XQ"), to_address=Address((), "ME15 6XX"))
    assert authority_of("ME14 1XQ").authority == authority_of("ME15 6XX").authority == "886"
    assert not route_of(moved).needs_person


def test_two_homes_in_different_authorities_of_a_colleges_return_ask_a_person() -> None:
    """PostcodePrior is not updated during a programme, and may be the true one."""
    moved = replace(ENROLLED, from_address=Address((), "ME14 1XQ"), to_address=Address((), "ME4 4TR"))
    route = route_of(moved)
    assert (route.authority, route.before, route.needs_person) == ("887", "886", True)
    assert "before enrolment" in route.why
    assert not route.lives_in("887")
    assert not route_of(replace(moved, told=None)).needs_person


def test_a_home_that_may_be_none_is_never_routed() -> None:
    """Whatever its postcode is."""
    unsure = replace(ENROLLED, home_unsure=True, to_address=Address((), "ME4 4TR"))
    assert route_of(unsure) == Route(Outcome.NO_HOME)


def test_the_only_home_of_somebody_who_left_is_the_new_one_where_it_lies_there() -> None:
    """And that is said; an arrival, or a home that lies elsewhere, stays as it is."""
    left = Move(
        "row 2", "Ben", "Sample", date(2009, 2, 18), from_address=Address((), "HR4 0LE"), to_authority="884"
    )
    settled, (noted,) = settle_home(left, "moved_out", "row 2")
    assert (settled.from_address, settled.to_address) == (None, left.from_address)
    assert (noted.code, noted.row_kept) == ("home-is-new", True)
    assert settle_home(left, "new_arrival", "row 2") == (left, [])
    kept = replace(left, to_authority="887")
    assert settle_home(kept, "moved_out", "row 2") == (kept, [])


@given(st.text(max_size=12))
def test_any_text_is_answered(text: str) -> None:
    """Nothing that a file may hold in a postcode column makes routing fail."""
    assert authority_of(text).outcome in Outcome


@given(st.from_regex(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}", fullmatch=True))
def test_an_authority_is_given_only_where_one_is_found(postcode: str) -> None:
    """An answer is either complete or none."""
    route = authority_of(postcode)
    assert (route.authority is not None) >= (route.outcome is Outcome.FOUND)
    assert (route.nation is None) == (
        route.outcome in {Outcome.NO_HOME, Outcome.NOT_A_POSTCODE, Outcome.FORCES}
    )
    assert route.authority not in route.shared_with


def test_every_english_answer_is_an_authority_that_stands() -> None:
    """No code of the range table is one that the list of authorities does not know."""
    with gzip.open(DATA / "postcode_ranges_la.csv.gz", "rt", encoding="ascii") as text:
        codes = {area for _, area in list(csv.reader(text))[1:] if area.isdigit()}
    assert {code for code in codes if authority(code, date(2025, 11, 30)) is None} == set()


def test_the_licence_wording_is_shipped() -> None:
    """The table may be shipped only with the words that its licence asks for."""
    notice = (DATA.parents[1] / "NOTICE").read_text(encoding="utf-8")
    for words in (
        "licensed under the Open Government Licence v3.0",
        "Contains OS data © Crown copyright and database right",
        "Contains Royal Mail data © Royal Mail copyright and database right",
    ):
        assert words in notice
