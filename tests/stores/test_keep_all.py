"""Many notices kept at once: the same as one after another, on every store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.errors import Declined
from hub.exchange.store.memory import MemoryStore
from hub.protocols.names import Part
from tests.stores.conftest import AnyStore
from tests.stores.made_up import KENT, MEDWAY, NOW, checked, notice_id, parts


def told(outcome: str | Declined | None) -> str | None:
    """What somebody is told: a promise given before, a code, or nothing."""
    return outcome.code if isinstance(outcome, Declined) else outcome


def test_each_of_a_batch_has_its_own_outcome(store: AnyStore) -> None:
    """Kept before, kept twice in the batch, an id taken before and within, and new ones between them."""
    with store.write() as work:
        work.notices.keep(checked(1), "first 1")
        outcomes = work.notices.keep_all(
            [
                (checked(1), "second 1"),
                (checked(2), "first 2"),
                (checked(1, sender=MEDWAY), "other 1"),
                (checked(2), "second 2"),
                (checked(2, sender=MEDWAY), "other 2"),
                (checked(3), "first 3"),
            ]
        )
        assert list(map(told, outcomes)) == [
            "first 1",
            None,
            "notice-id-taken",
            "first 2",
            "notice-id-taken",
            None,
        ]
        assert [errand.subject for errand in work.outbox.claim(9, NOW)] == [notice_id(n) for n in (1, 2, 3)]
        assert [work.notices.promise(notice_id(n)) for n in (1, 2, 3)] == ["first 1", "first 2", "first 3"]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 16, 64, 65, 91, 200])
def test_a_batch_of_any_size_is_kept_whole(store: AnyStore, count: int) -> None:
    """Rows go in groups of a few sizes: none is left out at the edges, and order is kept."""
    with store.write() as work:
        assert work.notices.keep_all([(checked(n), f"promise {n}") for n in range(count)]) == [None] * count
    with store.read() as work:
        assert [kept.notice for kept in work.notices.of_member(KENT, "", 500)] == [
            notice_id(n) for n in range(count)
        ]
        assert [errand.subject for errand in work.outbox.claim(500, NOW)] == [
            notice_id(n) for n in range(count)
        ]
        for number in range(0, count, 13):
            assert work.notices.parts(notice_id(number), Part) == parts(number)
    with store.write() as work:
        again = work.notices.keep_all([(checked(n), "again") for n in range(count)])
        assert list(map(told, again)) == [f"promise {n}" for n in range(count)]


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([KENT, MEDWAY])), max_size=8))
def test_at_once_is_as_one_after_another(wanted: list[tuple[int, str]]) -> None:
    """The reference's own two ways agree, so that every store held to it has both right."""
    singly, at_once = MemoryStore(), MemoryStore()
    notices = [(checked(n, sender=who), f"promise {place}") for place, (n, who) in enumerate(wanted)]  # type: ignore[arg-type]  # ids are text
    outcomes: list[str | None] = []
    with singly.write() as work:
        for notice, promise in notices:
            try:
                outcomes.append(work.notices.keep(notice, promise))
            except Declined as declined:
                outcomes.append(declined.code)
    with at_once.write() as work:
        assert list(map(told, work.notices.keep_all(notices))) == outcomes
