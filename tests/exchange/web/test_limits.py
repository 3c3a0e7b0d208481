"""The buckets: a burst at once, a rate for long, each member for itself."""

from typing import Final

import pytest

from hub.exchange.web.limits import RateLimits
from hub.protocols.names import MemberId

KENT: Final = MemberId("mbr_kent")
MEDWAY: Final = MemberId("mbr_medway")


class Seconds:
    """A clock that counts when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the second."""
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """A clock that stands still."""
    return Seconds()


def test_a_burst_is_served_and_then_no_more(seconds: Seconds) -> None:
    """As many as the bucket holds at once; the next is told how long to wait."""
    limits = RateLimits(rate=2, burst=3, clock=seconds)

    taken = [limits.take(KENT) for _ in range(4)]

    assert [each.served for each in taken] == [True, True, True, False]
    assert [each.remaining for each in taken] == [2, 1, 0, 0]
    assert [each.wait for each in taken] == [0, 0, 0, 1]


def test_the_bucket_fills_at_its_rate(seconds: Seconds) -> None:
    """Half a second at two a second is one request; the bucket never holds more than its burst."""
    limits = RateLimits(rate=2, burst=3, clock=seconds)
    for _ in range(3):
        limits.take(KENT)
    seconds.now += 0.5

    assert [limits.take(KENT).served for _ in range(2)] == [True, False]
    seconds.now += 3_600
    assert [limits.take(KENT).served for _ in range(4)] == [True, True, True, False]


def test_one_member_does_not_use_up_anothers(seconds: Seconds) -> None:
    """A runaway loop at one member is that member's alone."""
    limits = RateLimits(rate=1, burst=1, clock=seconds)
    limits.take(KENT)

    assert not limits.take(KENT).served
    assert limits.take(MEDWAY).served


def test_the_headers_tell_what_is_left(seconds: Seconds) -> None:
    """RateLimit and RateLimit-Policy on every answer, Retry-After on a refusal alone."""
    limits = RateLimits(rate=0.5, burst=2, clock=seconds)

    assert limits.take(KENT).headers() == {
        "RateLimit": '"member";r=1;t=2',
        "RateLimit-Policy": '"member";q=2;w=4',
    }
    limits.take(KENT)
    assert limits.take(KENT).headers() == {
        "RateLimit": '"member";r=0;t=4',
        "RateLimit-Policy": '"member";q=2;w=4',
        "Retry-After": "2",
    }


def test_the_number_of_buckets_is_bounded(seconds: Seconds) -> None:
    """The member that has been quiet for longest is forgotten, which gives it a full bucket."""
    limits = RateLimits(rate=1, burst=1, clock=seconds, most_members=1)
    limits.take(KENT)
    limits.take(MEDWAY)

    assert limits.take(KENT).served
