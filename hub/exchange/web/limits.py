"""How many requests a member may make: a bucket of tokens for each, in this process.

Decides whether one more request is served now, and what the answer says of what is left
(`RateLimit` and `RateLimit-Policy`, draft-ietf-httpapi-ratelimit-headers). It protects the hub
from a member's runaway loop; the daily quota of notices, which protects people (I11), is
elsewhere and counted in the database. Each replica counts by itself: with n of them a member has
up to n times the rate.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_MEMBERS: Final = 10_000
"""Buckets kept: three times the members of all of England; the one unused for longest goes first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request was answered with: `remaining` more at once, all of them after `reset` seconds."""

    served: bool
    remaining: int
    reset: int
    wait: int
    """Seconds until a refused request would be served; 0 for a served one."""
    policy: str

    def headers(self) -> dict[str, str]:
        """The header fields of the answer."""
        fields = {"RateLimit": f'"member";r={self.remaining};t={self.reset}', "RateLimit-Policy": self.policy}
        return fields if self.served else {**fields, "Retry-After": str(self.wait)}


class RateLimits:
    """One bucket a member: `burst` at once, refilled by `rate` a second; `clock` counts seconds, steadily."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float], most_members: int = MOST_MEMBERS
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._most = most_members
        self._policy = f'"member";q={burst};w={math.ceil(burst / rate)}'
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, member: str) -> Allowance:
        """Take one request of this member, or whoever is counted by this name, out of its bucket."""
        now = self._clock()
        left, at = self._buckets.pop(member, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._rate)
        served = left >= 1
        left -= served
        self._buckets[member] = (left, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        wait = 0 if served else math.ceil((1 - left) / self._rate)
        reset = math.ceil((self._burst - left) / self._rate)
        return Allowance(served, int(left), reset, wait, self._policy)
