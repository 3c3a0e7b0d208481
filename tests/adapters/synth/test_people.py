"""The people themselves: who they are before anybody writes them down."""

import re
from datetime import date, timedelta
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.member.routing import authority_of
from adapters.synth.names import stock
from adapters.synth.people import OLDEST, YOUNGEST, Household, YoungPerson, births_of, households
from hub.protocols.identifiers import check_uln, check_upn, is_temporary_upn

ON = date(2026, 9, 1)


def _families(count: int, seed: int = 1, moved: float = 0.6, on: date = ON) -> list[Household]:
    return list(islice(households(Random(seed), moved, on), count))


def _people(count: int, seed: int = 1, on: date = ON) -> list[YoungPerson]:
    return [person for family in _families(count, seed, on=on) for person in family]


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), on=st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_any_day_everybody_is_13_to_25(seed: int, on: date) -> None:
    """On the day asked for nobody is younger than 13 or older than 25."""
    ages = [_age(person.dob, on) for person in _people(30, seed, on)]
    assert min(ages) >= YOUNGEST
    assert max(ages) <= OLDEST


@given(on=st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_any_day_the_window_of_birthdays_is_exact(on: date) -> None:
    """A day outside the window somebody would be 26, or still 12."""
    first, last = births_of(on)
    assert (_age(first, on), _age(first - timedelta(days=1), on)) == (OLDEST, OLDEST + 1)
    assert (_age(last, on), _age(last + timedelta(days=1), on)) == (YOUNGEST, YOUNGEST - 1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_seed_numbers_pass_the_checks_of_the_hub(seed: int) -> None:
    """Pupil and learner numbers are right and permanent to the hub, and nobody's are another's."""
    people = _people(60, seed)
    assert all(check_upn(one.upn) and not is_temporary_upn(one.upn) for one in people)
    assert all(check_uln(one.uln) for one in people)
    assert len({one.upn for one in people}) == len({one.uln for one in people}) == len(people)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_home_lies_in_its_authority(seed: int) -> None:
    """The routing table places each postcode in the authority that it was invented for."""
    for one in _people(30, seed):
        assert authority_of(one.former_postcode).authority == one.former_authority
        assert authority_of(one.current_postcode).authority == one.current_authority


def test_moved_means_another_authority_and_school() -> None:
    """Who moved lives in another authority and goes to another school; who did not, lives where he lived."""
    people = _people(400)
    for one in people:
        assert one.moved == (one.former_authority != one.current_authority)
        assert one.moved == (one.former_postcode != one.current_postcode)
        assert one.moved == (one.former_school != one.current_school)
    assert 0.5 < sum(one.moved for one in people) / len(people) < 0.7


def test_families_share_a_roof_and_mostly_a_name() -> None:
    """Brothers and sisters come from one postcode, bear different first names, and mostly one last name."""
    siblings = [family for family in _families(2_000, moved=0) if len(family) > 1]
    assert len(siblings) > 500
    english = [family for family in siblings if family[0].origin == "english"]
    for family in siblings:
        assert len({one.former_postcode for one in family}) == 1
        assert len({one.first for one in family}) == len(family)
    alike = sum(len({one.last for one in family}) == 1 for family in english)
    assert 0.85 < alike / len(english) < 0.99


def test_twins_share_the_birthday_and_others_do_not() -> None:
    """Two of one family have the same birthday exactly where they are twins."""
    twins = 0
    for family in _families(4_000):
        for one in family:
            same = [other for other in family if other is not one and other.dob == one.dob]
            assert one.twin == bool(same)
            twins += one.twin
    assert 60 < twins < 260


def test_names_are_as_skewed_as_in_life() -> None:
    """The commonest last names are common, most are rare; Singh and Kaur go by sex."""
    people = _people(12_000)
    last = [one.last for one in people]
    assert 0.002 < last.count("Smith") / len(last) < 0.02
    assert len(set(last)) > 3_000
    sikh = [one for one in people if one.origin == "sikh"]
    assert sum(one.last == "Singh" and one.sex == "M" for one in sikh) > 10
    assert sum(one.last == "Kaur" and one.sex == "F" for one in sikh) > 10
    assert not [one for one in people if one.last == "Kaur" and one.sex == "M"]


def test_every_origin_is_there_by_its_share() -> None:
    """Each origin of names has about its stated share of families."""
    families = _families(8_000)
    for name, reached, before in zip(
        stock().shares.values,
        stock().shares.reached,
        (0.0, *stock().shares.reached),
        strict=False,
    ):
        share = sum(family[0].origin == name for family in families) / len(families)
        assert share == pytest.approx(reached - before, abs=0.03)


def test_the_stock_has_clean_names() -> None:
    """No name of the stock is empty, has a stray sign, or stands twice in its list."""
    for origin in stock().origins.values():
        for draw in (*origin.given.values(), origin.last):
            assert len(set(draw.values)) == len(draw.values)
            assert all(re.fullmatch(r"[^\W\d_]+(['-][^\W\d_]+)*", name) for name in draw.values)
