"""The memory of one process: a use counts once, and what is not known is not taken for new."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.web.replay import Answer, UsedInMemory
from hub.protocols.access import REPLAY_AGE

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def claim(
    memory: UsedInMemory, jti: str, now: datetime = NOW, owner: str = "key", issued: datetime | None = None
) -> Answer:
    """Use one proof up, issued now unless said otherwise."""
    issued_at = issued or now
    return asyncio.run(memory.claim(owner, jti, issued_at, issued_at + REPLAY_AGE, now))


def test_a_use_counts_once() -> None:
    """The second use is known; the same jti under another key is another use."""
    memory = UsedInMemory()

    assert claim(memory, "a") == "first"
    assert claim(memory, "a") == "again"
    assert claim(memory, "a", owner="other") == "first"
    assert claim(memory, "b") == "first"


def test_a_use_is_remembered_until_it_is_stale() -> None:
    """Rule 3: window plus skew, counted from iat, and not a second less."""
    memory = UsedInMemory()
    claim(memory, "a")

    assert claim(memory, "a", NOW + REPLAY_AGE, issued=NOW) == "again"


def test_a_use_is_remembered_under_whatever_moment_it_comes_again() -> None:
    """A jti that returns with another iat is still a replay."""
    memory = UsedInMemory()
    claim(memory, "a")

    assert claim(memory, "a", NOW + timedelta(seconds=90)) == "again"


def test_stale_uses_are_forgotten() -> None:
    """The memory does not grow for ever: room comes back as uses grow stale."""
    memory = UsedInMemory(most=2)
    claim(memory, "a")
    claim(memory, "b")

    assert claim(memory, "c") == "unsure"
    assert claim(memory, "c", NOW + REPLAY_AGE + timedelta(minutes=2)) == "first"


def test_a_full_memory_refuses_instead_of_forgetting() -> None:
    """What fills the memory must not make room for a replay."""
    memory = UsedInMemory(most=1)
    claim(memory, "a")

    assert claim(memory, "b") == "unsure"
    assert claim(memory, "a") == "again"


def test_what_was_issued_before_the_process_began_is_unsure() -> None:
    """A restart forgets: an older proof may have been used already."""
    memory = UsedInMemory(since=NOW + timedelta(milliseconds=700))

    assert claim(memory, "a", NOW + timedelta(seconds=1), issued=NOW - timedelta(seconds=1)) == "unsure"
    assert claim(memory, "b", NOW + timedelta(seconds=1), issued=NOW) == "first"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400)), max_size=40))
def test_no_proof_counts_twice_within_its_window(uses: list[tuple[int, int]]) -> None:
    """Against a list that never forgets: whatever the order, nothing fresh counts twice."""
    memory = UsedInMemory()
    last: dict[int, int] = {}
    for which, second in sorted(uses, key=lambda use: use[1]):
        answer = claim(memory, str(which), NOW + timedelta(seconds=second))
        if which in last and second - last[which] <= REPLAY_AGE.total_seconds():
            assert answer == "again"
        else:
            assert answer in ("first", "again")
        last[which] = second if answer == "first" else last.get(which, second)
