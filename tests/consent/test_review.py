"""Before an agreement lapses its parties are told, 90, 30 and 7 days ahead, once each."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.agreement import State
from hub.consent.documents import read_agreement
from hub.consent.review import TOLD_AFTER, reminders
from tests.consent.documents_by_chance import example

AGREEMENT = read_agreement(example()).recorded_as(State.IN_FORCE)
REVIEW = datetime(2027, 6, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("at", "days_before"),
    [
        (REVIEW - timedelta(days=90) - SECOND, []),
        (REVIEW - timedelta(days=90), [90]),
        (REVIEW - timedelta(days=30) - SECOND, [90]),
        (REVIEW - timedelta(days=30), [30]),
        (REVIEW - timedelta(days=7), [7]),
        (AGREEMENT.lapses_at - SECOND, [7]),
        (AGREEMENT.lapses_at, [0]),
        (AGREEMENT.lapses_at + TOLD_AFTER, []),
    ],
)
def test_parties_are_told_in_time(at: datetime, days_before: list[int]) -> None:
    """To the second, and of the lapse as well."""
    assert [one.days_before for one in reminders([AGREEMENT], at)] == days_before


def test_a_reminder_says_what_to_do_by_when() -> None:
    """With agreement and version, as refusals cite them."""
    (before,) = reminders([AGREEMENT], REVIEW - timedelta(days=30))
    assert before.id == "agr_kent-medway-movers.v1.30"
    assert "is to be reviewed by 2027-06-30; it lapses by itself on 2027-07-31" in before.says
    (after,) = reminders([AGREEMENT], AGREEMENT.lapses_at)
    assert "has lapsed and nothing flows under it any more" in after.says


def test_an_end_before_the_review_is_told_of_as_well() -> None:
    """What stops first is what parties have to be ready for."""
    sooner = replace(AGREEMENT, ends=date(2027, 3, 31))
    end = datetime(2027, 3, 31, tzinfo=UTC)
    (before,) = reminders([sooner], end - timedelta(days=30))
    assert before.days_before == 30
    assert "is to be reviewed by 2027-03-31; it lapses by itself on 2027-04-01" in before.says
    assert reminders([sooner], end - timedelta(days=90) - SECOND) == []
    later = replace(AGREEMENT, ends=date(2028, 3, 31))
    assert reminders([later], REVIEW - timedelta(days=7)) == reminders(
        [AGREEMENT], REVIEW - timedelta(days=7)
    )


@pytest.mark.parametrize("state", [State.DRAFT, State.PROPOSED, State.ENDED])
def test_what_does_not_bind_is_not_called_to_mind(state: State) -> None:
    """A suspended one is: it may be resumed."""
    at = REVIEW - timedelta(days=7)
    assert reminders([AGREEMENT.recorded_as(state)], at) == []
    assert len(reminders([AGREEMENT.recorded_as(State.SUSPENDED)], at)) == 1


@given(st.lists(st.integers(0, 500), min_size=1, max_size=40))
def test_nobody_is_told_the_same_twice(days: list[int]) -> None:
    """However often and on whichever days somebody looks: at most three warnings and a lapse."""
    began = datetime(2027, 1, 1, 12, tzinfo=UTC)
    told = [one for day in sorted(days) for one in reminders([AGREEMENT], began + timedelta(days=day))]
    ids = [one.id for one in told]
    assert len(set(ids)) <= 4
    assert ids == sorted(ids, key=[f"agr_kent-medway-movers.v1.{one}" for one in (90, 30, 7, 0)].index)
