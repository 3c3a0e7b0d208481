"""A cursor goes on in its own list, and in no other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.web.cursors import Cursors
from hub.protocols import canonical
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import MemberId

CURSORS = Cursors(bytes(32))
KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


def test_without_a_cursor_a_list_begins_at_its_start() -> None:
    """Nothing shown, nothing skipped."""
    assert CURSORS.read(None, "inbox", KENT, 0) == 0


@given(st.integers(min_value=0, max_value=2**53), st.text(max_size=40))
def test_a_cursor_is_read_as_it_was_written(number: int, text: str) -> None:
    """Numbers and names both, under their filter."""
    assert CURSORS.read(CURSORS.write("a", KENT, number, "f"), "a", KENT, 0, "f") == number
    assert CURSORS.read(CURSORS.write("a", KENT, text), "a", KENT, "") == text


@pytest.mark.parametrize(
    ("of", "member", "within", "start"),
    [("b", KENT, "f", 0), ("a", MEDWAY, "f", 0), ("a", KENT, "g", 0), ("a", KENT, "f", "")],
)
def test_a_cursor_of_something_else_is_refused(
    of: str,
    member: MemberId,
    within: str,
    start: Any,  # noqa: ANN401 - an int or a str, each in turn
) -> None:
    """Another list, another member, another filter, another kind of place."""
    with pytest.raises(MalformedMessage, match="cursor-invalid"):
        CURSORS.read(CURSORS.write("a", KENT, 7, "f"), of, member, start, within)


def test_every_flipped_bit_of_a_cursor_is_seen() -> None:
    """Nobody makes or bends one."""
    data = canonical.unb64u(CURSORS.write("a", KENT, 7))
    for place in range(len(data) * 8):
        bent = bytearray(data)
        bent[place // 8] ^= 1 << place % 8
        with pytest.raises(MalformedMessage, match="cursor-invalid"):
            CURSORS.read(canonical.b64u(bytes(bent)), "a", KENT, 0)


@given(st.text(max_size=60))
def test_nonsense_is_a_problem_of_its_own_code(text: str) -> None:
    """Whatever is shown as a cursor: read, or refused with one code."""
    with pytest.raises(MalformedMessage, match="cursor-invalid"):
        CURSORS.read(text, "a", KENT, 0)


def test_another_hubs_cursor_is_refused() -> None:
    """Cursors are signed under a key of the hub."""
    with pytest.raises(MalformedMessage, match="cursor-invalid"):
        CURSORS.read(Cursors(bytes([1]) * 32).write("a", KENT, 7), "a", KENT, 0)


@given(st.integers(min_value=0, max_value=2**53), st.integers(min_value=0, max_value=2**53))
def test_a_cursor_tells_nothing_of_its_place(one: int, other: int) -> None:
    """Places are numbers that all members share: neither the number nor its length can be seen (I9)."""
    first, second = (canonical.unb64u(CURSORS.write("inbox", KENT, place)) for place in (one, other))
    assert len(first) == len(second)
    assert str(one + 10**9).encode() not in canonical.unb64u(CURSORS.write("inbox", KENT, one + 10**9))
    assert b"inbox" not in first
    assert (first == second) is (one == other)


def test_one_place_has_one_cursor() -> None:
    """The same page has the same cursor, so that its ETag stays the same."""
    assert CURSORS.write("inbox", KENT, 7) == CURSORS.write("inbox", KENT, 7)
