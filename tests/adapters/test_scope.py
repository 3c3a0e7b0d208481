"""Nobody outside the ages and statuses of the law is told of."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.move import Found, Move
from adapters.scope import age_on, scope_of, scope_throughout, under_18_throughout
from hub.consent.question import Scope

TODAY = date(2026, 11, 21)


def person(age: int, *found: Found) -> Move:
    """Make somebody who had this birthday a hundred days ago."""
    born = (TODAY - timedelta(days=100)).replace(year=TODAY.year - age)
    return Move(place="row 2", given="Asha", family="Sample", dob=born, found=frozenset(found))


@pytest.mark.parametrize(
    ("age", "found", "scope"),
    [
        (12, (), None),
        (13, (), "age_13_15"),
        (15, (), "age_13_15"),
        (16, (), "age_16_17"),
        (17, (Found.CARE_LEAVER,), "age_16_17"),
        (18, (), "age_18_19"),
        (19, (Found.EHC_PLAN,), "age_18_19"),
        (20, (), None),
        (20, (Found.SEN,), None),
        (20, (Found.EHC_PLAN,), "ehcp_20_24"),
        (24, (Found.EHC_PLAN, Found.CARE_LEAVER), "ehcp_20_24"),
        (25, (Found.EHC_PLAN,), None),
        (20, (Found.CARE_LEAVER,), "care_leaver_16_25"),
        (25, (Found.CARE_LEAVER,), "care_leaver_16_25"),
        (26, (Found.CARE_LEAVER, Found.EHC_PLAN), None),
    ],
)
def test_scope_follows_age_and_status(age: int, found: tuple[Found, ...], scope: str | None) -> None:
    """13 to 19 for all, 20 to 24 with a plan, to 25 as a care leaver; nobody else."""
    assert scope_of(person(age, *found), TODAY) == scope


def test_scopes_are_words_of_the_agreements() -> None:
    """Every scope that is worked out here is one that an agreement can name."""
    found = (Found.EHC_PLAN, Found.CARE_LEAVER)
    said = {scope_of(person(age, *found[:keep]), TODAY) for age in range(12, 27) for keep in range(3)}
    said |= {scope_of(person(20, Found.CARE_LEAVER), TODAY)}
    assert said - {None} == {scope.value for scope in Scope}


def test_a_person_is_older_from_the_birthday_on() -> None:
    """The day before the birthday counts the old age, the birthday the new one."""
    assert age_on(date(2010, 11, 22), TODAY) == 15
    assert age_on(date(2010, 11, 21), TODAY) == 16
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_what_is_asserted_for_a_month_must_hold_for_the_month() -> None:
    """Somebody who leaves every scope within the days asked for is not asserted at all."""
    soon_twenty = Move(place="row 2", given="Asha", family="Sample", dob=date(2006, 12, 1))
    soon_sixteen = Move(place="row 2", given="Ben", family="Sample", dob=date(2010, 12, 1))
    assert scope_of(soon_twenty, TODAY) == "age_18_19"
    assert scope_throughout(soon_twenty, TODAY, 30) is None
    assert scope_throughout(soon_twenty, TODAY, 9) == "age_18_19"
    assert scope_throughout(soon_sixteen, TODAY, 30) == "age_13_15"


@given(st.dates(date(1990, 1, 1), TODAY), st.integers(0, 40), st.sets(st.sampled_from(Found)))
def test_whoever_is_asserted_is_in_scope_on_every_day(born: date, days: int, found: set[Found]) -> None:
    """A scope asserted throughout never covers a day on which the person is in none."""
    move = Move(place="row 2", given="Asha", family="Sample", dob=born, found=frozenset(found))
    if scope_throughout(move, TODAY, days) is not None:
        assert all(scope_of(move, TODAY + timedelta(days=day)) for day in range(days + 1))


@pytest.mark.parametrize(
    ("age", "found", "kind", "scope"),
    [
        (17, (Found.CARE_LEAVER,), "care_leaver_move", "care_leaver_16_25"),
        (25, (Found.CARE_LEAVER, Found.EHC_PLAN), "care_leaver_move", "care_leaver_16_25"),
        (15, (Found.CARE_LEAVER,), "care_leaver_move", None),
        (26, (Found.CARE_LEAVER,), "care_leaver_move", None),
        (17, (), "care_leaver_move", None),
        (17, (Found.EHC_PLAN,), "ehcp_move", "age_16_17"),
        (22, (Found.EHC_PLAN,), "ehcp_move", "ehcp_20_24"),
        (17, (Found.SEN,), "ehcp_move", None),
        (17, (), "moved_out", "age_16_17"),
    ],
)
def test_a_type_that_speaks_of_a_status_speaks_of_nobody_else(
    age: int, found: tuple[Found, ...], kind: str, scope: str | None
) -> None:
    """A care leaver is asserted as one whatever the age; without the status nobody is."""
    assert scope_throughout(person(age, *found), TODAY, 30, kind) == scope


def test_a_care_leaver_who_turns_26_within_the_month_is_not_asserted() -> None:
    """The assertion must hold on its last day too."""
    leaver = person(25, Found.CARE_LEAVER)
    soon = Move("row 2", "Asha", "Sample", date(2000, 12, 1), found=leaver.found)
    assert scope_throughout(soon, TODAY, 30, "care_leaver_move") is None
    assert scope_throughout(soon, TODAY, 9, "care_leaver_move") == "care_leaver_16_25"


@pytest.mark.parametrize(
    ("years", "days_to_birthday", "scope"),
    [
        (16, 31, "age_13_15"),
        (16, 30, "age_13_15"),
        (16, 1, "age_13_15"),
        (16, 0, "age_16_17"),
        (16, -1, "age_16_17"),
        (18, 31, "age_16_17"),
        (18, 30, "age_16_17"),
        (18, 0, "age_18_19"),
        (18, -1, "age_18_19"),
    ],
)
def test_around_a_birthday_the_scope_of_the_day_is_asserted(
    years: int, days_to_birthday: int, scope: str
) -> None:
    """Thirty days of one word tell nobody on which of them the birthday falls."""
    born = (TODAY + timedelta(days=days_to_birthday)).replace(year=TODAY.year - years)
    move = Move(place="row 2", given="Asha", family="Sample", dob=born)
    assert scope_throughout(move, TODAY, 30) == scope


@pytest.mark.parametrize(
    ("days_to_birthday", "told"), [(31, True), (30, False), (1, False), (0, False), (-1, False)]
)
def test_a_parent_is_told_of_only_while_all_thirty_days_are_under_18(
    days_to_birthday: int,
    told: bool,
) -> None:
    """The eighteenth birthday inside the thirty days counts from their first day."""
    birthday = TODAY + timedelta(days=days_to_birthday)
    assert under_18_throughout(birthday.replace(year=birthday.year - 18), TODAY, 30) is told
