"""What follows from two nights: a move is a move, a reformatted address is none, doubt is for people."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.member.feed import (
    Before,
    Change,
    Follows,
    Standing,
    State,
    changed,
    follows,
    home_text,
    resumed,
    standing,
)
from adapters.move import Address, Move, Wishes
from hub.protocols.names import MemberKind, NoticeType
from tests.story.people import ADA, NEW_HOME, OLD_HOME

KENT, MEDWAY = "886", "887"
TODAY = date(2026, 11, 21)
NOBODY_TOLD: frozenset[NoticeType] = frozenset()
AT_HOME = replace(ADA, from_address=None, to_address=OLD_HOME, local_ref="K-1")
MOVED = replace(AT_HOME, to_address=NEW_HOME)


def shown(move: Move, whom: Follows = Follows.AREA, area: str | None = KENT) -> Standing:
    """How a row stands tonight."""
    return standing(move, whom, area, TODAY)


def night(
    last: Move | None,
    now: Move,
    told: frozenset[NoticeType] = NOBODY_TOLD,
    whom: Follows = Follows.AREA,
    area: str | None = KENT,
) -> Change | None:
    """What follows when last night's row said this and tonight's says that."""
    after = shown(now, whom, area)
    if last is None:
        return changed(None, after, told, whom)
    was = shown(last, whom, area)
    before = Before(
        was.state, was.area, was.person == after.person, was.home == after.home, was.flags == after.flags
    )
    return changed(before, after, told, whom)


def test_who_moves_out_of_the_area_has_moved_out() -> None:
    """By the postcode, by the status, or by the authority they are transferred to."""
    assert night(AT_HOME, MOVED) is Change.MOVED_OUT
    assert night(AT_HOME, replace(AT_HOME, cohort_status="T")) is Change.MOVED_OUT
    assert night(AT_HOME, replace(AT_HOME, to_authority=MEDWAY)) is Change.MOVED_OUT
    assert night(AT_HOME, replace(AT_HOME, to_authority=KENT)) is None


def test_who_appears_in_the_area_has_arrived_and_who_appears_elsewhere_has_not() -> None:
    """A row for somebody who lives elsewhere says nothing of an arrival here."""
    assert night(None, AT_HOME) is Change.NEW_ARRIVAL
    assert night(None, MOVED) is None
    assert night(None, replace(AT_HOME, to_address=None)) is None


@pytest.mark.parametrize(
    "lines",
    [("1 EXAMPLE RD.", "MAIDSTONE", "Kent"), ("1, Example Road",), ("Maidstone", "1 Example Road")],
)
def test_a_reformatted_address_is_not_a_move(lines: tuple[str, ...]) -> None:
    """Nor is it a correction of a notice that is open."""
    home = Address(lines, " me141xq ")
    assert home_text(home) == home_text(OLD_HOME)
    assert night(AT_HOME, replace(AT_HOME, to_address=home), frozenset({NoticeType.NEW_ARRIVAL})) is None


def test_a_move_inside_the_area_is_told_to_nobody() -> None:
    """It concerns no other authority."""
    near = replace(AT_HOME, to_address=Address(("9 Sample Lane",), "ME14 1XX"))
    assert night(AT_HOME, near, frozenset({NoticeType.NEW_ARRIVAL})) is None


def test_an_address_that_goes_missing_is_for_a_person() -> None:
    """A cleared cell is not yet a move; nor is a home on the boundary."""
    assert night(AT_HOME, replace(AT_HOME, to_address=None)) is Change.LOOK
    assert night(AT_HOME, replace(AT_HOME, to_address=Address((), "ZZ99 3VZ"))) is Change.LOOK


def test_a_home_that_is_no_fixed_one_is_for_a_person() -> None:
    """No machine routes by the postcode of a prison, an office or a friend."""
    assert night(AT_HOME, replace(MOVED, home_unsure=True)) is Change.LOOK
    assert night(None, replace(AT_HOME, home_unsure=True)) is None


@pytest.mark.parametrize("status", ["A", "D", "L", "M", "X"])
def test_who_is_too_old_dead_or_merged_is_not_told_of(status: str) -> None:
    """The tracker's own status says that there is nothing to tell."""
    assert night(AT_HOME, replace(MOVED, cohort_status=status)) is None


def test_who_comes_back_takes_the_notice_back() -> None:
    """While it is open; later, they have arrived anew."""
    assert night(MOVED, AT_HOME, frozenset({NoticeType.MOVED_OUT})) is Change.WITHDRAWAL
    assert night(MOVED, AT_HOME) is Change.NEW_ARRIVAL


def test_a_better_name_mends_an_open_notice_and_no_other() -> None:
    """Without one there is nothing to correct."""
    better = replace(MOVED, family="Examplton")
    assert night(MOVED, better, frozenset({NoticeType.MOVED_OUT})) is Change.CORRECTION
    assert night(MOVED, better) is None
    assert night(MOVED, replace(MOVED, given="ADA"), frozenset({NoticeType.MOVED_OUT})) is None


def test_what_a_killed_gateway_had_begun_is_undone_by_a_row_that_is_as_it_was() -> None:
    """A correction is sent once more, with what is right after all; a notice is withdrawn; else nothing."""
    told, area = frozenset({NoticeType.MOVED_OUT}), Follows.AREA
    gone, here = shown(MOVED), shown(AT_HOME)
    unchanged = {"same_person": True, "same_home": True, "same_flags": True}
    out = Before(gone.state, gone.area, **unchanged)
    assert resumed(Change.CORRECTION, out, gone, told, area) is Change.CORRECTION
    assert resumed(Change.CORRECTION, out, gone, NOBODY_TOLD, area) is None
    assert resumed(Change.MOVED_OUT, out, gone, told, area) is None
    came = Before(here.state, here.area, **unchanged)
    assert resumed(Change.MOVED_OUT, came, here, told, area) is Change.WITHDRAWAL
    assert resumed(Change.MOVED_OUT, came, here, NOBODY_TOLD, area) is None
    unsure = shown(replace(AT_HOME, to_address=None))
    assert resumed(Change.MOVED_OUT, out, unsure, told, area) is None


def test_a_new_home_that_becomes_known_mends_the_move() -> None:
    """The notice said that it was not known, or another one."""
    unknown = replace(MOVED, to_address=None, cohort_status="T")
    known = replace(MOVED, cohort_status="T")
    assert night(unknown, known, frozenset({NoticeType.MOVED_OUT})) is Change.CORRECTION


def test_a_flag_that_changes_while_a_notice_is_open_is_for_a_person() -> None:
    """It belongs into the flag book, which asserts it and recalls what it must."""
    said = replace(MOVED, wishes=Wishes(objection=frozenset({"contact"})))
    assert night(MOVED, said, frozenset({NoticeType.MOVED_OUT})) is Change.LOOK
    assert night(MOVED, said) is None


def test_a_college_tells_of_who_comes_and_who_leaves() -> None:
    """By the end date: one that lies ahead is none yet."""
    enrolled = replace(AT_HOME, end=None)
    left = replace(enrolled, end=TODAY)
    leaves = replace(enrolled, end=TODAY + timedelta(days=1))
    college = Follows.LEARNERS
    assert night(None, enrolled, whom=college) is Change.ENROLMENT
    assert night(None, left, whom=college) is None
    assert night(enrolled, left, whom=college) is Change.LEAVER
    assert night(enrolled, leaves, whom=college) is None
    assert night(left, enrolled, frozenset({NoticeType.LEAVER}), whom=college) is Change.WITHDRAWAL
    assert night(left, enrolled, whom=college) is Change.ENROLMENT


def test_a_learner_who_moves_to_another_area_is_told_to_the_new_one() -> None:
    """An enrolment names the home authority; a home that goes missing names none."""
    college = Follows.LEARNERS
    assert night(AT_HOME, MOVED, whom=college, area=None) is Change.ENROLMENT
    assert night(AT_HOME, replace(AT_HOME, to_address=None), whom=college, area=None) is None


def test_observers_and_charities_have_no_nightly_feed() -> None:
    """Whom an extract lists follows from what the member is."""
    assert follows(MemberKind.CAREERS_COMPANY) is Follows.AREA
    assert follows(MemberKind.SCHOOL) is Follows.LEARNERS
    assert follows(MemberKind.OBSERVER) is None


def test_a_home_on_the_boundary_is_neither_here_nor_away() -> None:
    """In a sector shared with the own area, a postcode newer than the table may lie on either side."""
    shared = replace(AT_HOME, to_address=Address((), "ME5 9SP"))
    assert shown(shared, area=MEDWAY).state is State.IN
    assert shown(shared, area=KENT).state is State.UNSURE
    assert night(AT_HOME, shared) is Change.LOOK
