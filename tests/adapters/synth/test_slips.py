"""What an office writes down: right or wrong as often as the rates say."""

from dataclasses import replace
from datetime import date
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.synth.people import YoungPerson, households
from adapters.synth.rates import EXCLUSIVE, NAMES, Rates, Side, UnusableRate, read_rates
from adapters.synth.slips import Office, Row, short_forms
from adapters.synth.typing_errors import KEYS_BESIDE, mistyped
from hub.matching.nicknames import full_forms
from hub.protocols.identifiers import check_upn, is_temporary_uln, is_temporary_upn, normalise_name

NONE = Rates(**dict.fromkeys(NAMES, 0.0))
PERSON = YoungPerson(
    household=1, twin=False, origin="english", first="Elizabeth", middle="Rose", last="Thornton-Hale",
    other_last="Underhill", sex="F", dob=date(2009, 3, 7), upn="F886499920001", uln="1000000019", moved=True,
    former_authority="886", former_postcode="CT1 1AB", former_school="8869070",
    current_authority="887", current_postcode="ME7 4AB", current_school="8879071",
)  # fmt: skip
PEOPLE = [one for family in islice(households(Random(3), 0.6), 4_000) for one in family]


def _written(
    person: YoungPerson = PERSON, *, side: Side = Side.RIGHT, seed: int = 1, always: str = ""
) -> Row:
    rates = replace(NONE, **({always: 1.0} if always else {}))
    return Office(side, rates, Random(seed)).write_down(person, "R1")[0]


def test_without_slips_the_truth_is_written() -> None:
    """At rates of nothing a row says what is so; the office of before the move knows the former postcode."""
    left, right = _written(side=Side.LEFT), _written(side=Side.RIGHT)
    assert (left.first_name, left.last_name, left.dob) == ("Elizabeth", "Thornton-Hale", "2009-03-07")
    assert (left.sex, left.upn, left.uln) == ("F", "F886499920001", "1000000019")
    assert (left.postcode, left.authority, left.school) == ("CT1 1AB", "886", "8869070")
    assert (right.postcode, right.authority, right.school) == ("ME7 4AB", "887", "8879071")
    assert (left.former_postcode, right.former_postcode) == ("", "CT1 1AB")


def test_a_former_postcode_is_told_by_who_moved_where_it_is_asked_for() -> None:
    """The slip takes it away again; who has not moved has one home, and no slip there can be."""
    assert _written(always="no_former_postcode").former_postcode == ""
    at_home = replace(PERSON, moved=False, current_postcode=PERSON.former_postcode)
    office = Office(Side.RIGHT, NONE, Random(1))
    row, _ = office.write_down(at_home, "R1")
    assert (row.postcode, row.former_postcode) == ("CT1 1AB", "")
    assert office.possible["no_former_postcode"] == 0


@pytest.mark.parametrize(
    ("slip", "column", "values"),
    [
        ("nickname", "first_name", set(short_forms()["Elizabeth"])),
        ("initial_only", "first_name", {"E"}),
        ("middle_name_joined", "first_name", {"Elizabeth Rose", "Elizabeth-Rose", "Elizabethrose"}),
        ("no_first_name", "first_name", {""}),
        ("surname_change", "last_name", {"Underhill"}),
        ("half_of_double_barrel", "last_name", {"Thornton", "Hale"}),
        ("names_swapped", "last_name", {"Elizabeth"}),
        ("day_month_exchanged", "dob", {"2009-07-03"}),
        ("no_dob", "dob", {""}),
        ("year_wrong", "dob", {f"{year}-03-07" for year in (2007, 2008, 2010, 2011)}),
        ("no_postcode", "postcode", {""}),
        ("no_sex", "sex", {""}),
        ("no_upn", "upn", {""}),
        ("no_uln", "uln", {""}),
        ("temporary_uln", "uln", {"9999999999"}),
    ],
)
def test_each_slip_by_itself(slip: str, column: str, values: set[str]) -> None:
    """A slip that is always made gives each of its outcomes, and changes nothing else."""
    rows = [_written(seed=seed, always=slip) for seed in range(60)]
    assert {getattr(row, column) for row in rows} == values
    untouched = {"first_name", "last_name", "dob", "postcode", "sex", "upn", "uln"} - {column}
    if slip != "names_swapped":
        assert all(getattr(row, name) == getattr(_written(), name) for row in rows for name in untouched)


def test_a_temporary_number_is_valid_and_temporary() -> None:
    """Temporary pupil numbers have a right check letter, and the hub knows them for temporary."""
    numbers = {_written(seed=seed, always="temporary_upn").upn for seed in range(50)}
    assert len(numbers) > 40
    assert all(check_upn(number) and is_temporary_upn(number) for number in numbers)
    assert is_temporary_uln(_written(always="temporary_uln").uln)


def test_marks_are_dropped_from_letters_not_with_them() -> None:
    """Where accents go, their letters stay."""
    person = replace(PERSON, first="Łukasz", last="Wiśniewski")
    row = _written(person, always="marks_dropped")
    assert (row.first_name, row.last_name) == ("Lukasz", "Wisniewski")


@settings(max_examples=60, deadline=None)
@given(born=st.dates(date(1999, 1, 1), date(2014, 12, 31)), seed=st.integers(0, 10_000))
def test_any_wrong_birthday_is_a_day_and_differs(born: date, seed: int) -> None:
    """A wrong day, year or order of the two is a date that exists, and not the right one."""
    person = replace(PERSON, dob=born)
    day = date.fromisoformat(_written(person, seed=seed, always="day_wrong").dob)
    assert day != born
    assert (day.year, day.month) == (born.year, born.month)
    year = date.fromisoformat(_written(person, seed=seed, always="year_wrong").dob)
    assert 1 <= abs(year.year - born.year) <= 2


@given(born=st.dates(date(1999, 1, 1), date(2014, 12, 31)))
def test_any_birthday_is_exchanged_only_where_that_changes_it(born: date) -> None:
    """5 May and 20 March stay, and no slip is told; 3 July and 7 March change places."""
    office = Office(Side.LEFT, replace(NONE, day_month_exchanged=1.0), Random(1))
    row, slips = office.write_down(replace(PERSON, dob=born), "L1")
    can = born.day <= 12 and born.day != born.month
    assert (date.fromisoformat(row.dob) != born) == can
    assert slips == (("day_month_exchanged",) if can else ())


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from([one.last for one in PEOPLE]), seed=st.integers(0, 10_000))
def test_any_mistyped_name_differs_by_little(name: str, seed: int) -> None:
    """One mistake: the name differs, keeps its capital, and is at most one letter longer or shorter."""
    wrong = mistyped(name, Random(seed))
    if len(name) < 3:
        assert wrong == name
    else:
        assert wrong != name
        assert abs(len(wrong) - len(name)) <= 1


def test_keys_beside_are_those_of_the_board() -> None:
    """The keys about the g, and being beside goes both ways."""
    assert set(KEYS_BESIDE["g"]) == set("tyfhvb")
    assert all(key in KEYS_BESIDE[other] for key, others in KEYS_BESIDE.items() for other in others)


@pytest.mark.parametrize("side", list(Side))
def test_slips_are_made_as_often_as_their_rates_say(side: Side) -> None:
    """Over thousands of rows each slip is within 3.5 deviations of its rate, where it can be made.

    A former postcode can be left out after a move alone.
    """
    office = Office(side, Rates(), Random(f"{side}"))
    told: list[str] = []
    for person in PEOPLE:
        told += office.write_down(person, "R1")[1]
    here = NAMES if side is Side.RIGHT else [name for name in NAMES if name != "no_former_postcode"]
    assert all((office.possible[name] > 50) == (name in here) for name in NAMES)
    for name in here:
        possible, rate = office.possible[name], getattr(Rates(), name)
        spread = (possible * rate * (1 - rate)) ** 0.5
        assert abs(office.made[name] - possible * rate) < 3.5 * spread
        assert told.count(name) == office.made[name]


def test_slips_of_one_field_exclude_each_other() -> None:
    """No row has two slips of one name, one birthday or one number."""
    office = Office(Side.LEFT, Rates(), Random(4))
    for person in PEOPLE[:2_000]:
        slips = office.write_down(person, "L1")[1]
        assert all(sum(slip in group for slip in slips) <= 1 for group in EXCLUSIVE)


def test_the_short_forms_are_not_those_of_the_matching() -> None:
    """The table is the makers' own: a good part of it the matching does not know, and should not."""
    pairs = [
        (normalise_name(full), normalise_name(form)) for full, told in short_forms().items() for form in told
    ]
    known = sum(full in full_forms(form) or form in full_forms(full) for full, form in pairs)
    assert len(pairs) > 500
    assert 0.2 < known / len(pairs) < 0.8


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nicknames=0.1", "no slip is called 'nicknames'"),
        ("up.nickname=0.1", "no slip is called 'up.nickname'"),
        ("nickname", "a share from 0 to 1"),
        ("nickname=8", "a share from 0 to 1"),
        ("nickname=-0.1", "a share from 0 to 1"),
        ("nickname=nan", "a share from 0 to 1"),
        ("nickname=0.99", "together at most 1"),
    ],
)
def test_a_rate_that_is_none_is_refused(given: str, told: str) -> None:
    """What is no rate is refused with what would be one."""
    with pytest.raises(UnusableRate, match=told):
        read_rates([given])


def test_rates_are_read_for_both_files_or_one() -> None:
    """A rate holds for both files, or for the one that is named."""
    rates = read_rates(["nickname=0.2", "right.no_upn=0.6"])
    assert (rates[Side.LEFT].nickname, rates[Side.RIGHT].nickname) == (0.2, 0.2)
    assert (rates[Side.LEFT].no_upn, rates[Side.RIGHT].no_upn) == (Rates().no_upn, 0.6)
