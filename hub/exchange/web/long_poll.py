"""Wait for the next signed checkpoint, which is when something new can show.

An item shows once a signed checkpoint covers its entry, so a poll that finds nothing has nothing to
wait for but the next checkpoint. All who wait are woken together; each then looks again by itself,
and asks again whether it may still be here. To wait takes a seat: a member has a few, the process
has many, and nobody waits standing.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from hub.exchange.errors import Declined
from hub.protocols.access import AccessToken
from hub.protocols.names import MemberId


class Checkpoints:
    """The size last signed, and an alarm for when it grows. Lives on one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = 0
        self.time = clock
        """Seconds, steadily: how long a poll has waited."""
        self._next = asyncio.Event()

    def announce(self, size: int) -> None:
        """Wake everybody who waits, if this size is new; from another thread, through the loop."""
        if size != self.size:
            self.size = size
            self.wake()

    def wake(self) -> None:
        """Wake everybody who waits, checkpoint or not: something has changed that concerns them."""
        self._next.set()
        self._next = asyncio.Event()

    def coming(self) -> asyncio.Event:
        """The next checkpoint; ask before looking whether there is something already."""
        return self._next

    async def wait(self, coming: asyncio.Event, seconds: float) -> None:
        """Return at that checkpoint, or after these seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(coming.wait(), seconds)


class Seats:
    """Who waits, and how many may: `each` a member, `most` in this process. Lives on one event loop."""

    def __init__(self, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._free = most
        self._taken: dict[MemberId, list[AccessToken]] = {}

    @contextmanager
    def taken(self, token: AccessToken) -> Iterator[None]:
        """Sit for as long as the block lasts; raise `Declined("polls-full")` where no seat is free."""
        if len(self._taken.get(token.client, ())) >= self._each:
            raise Declined("polls-full", f"{self._each} polls of this member wait already")
        if not self._free:
            raise Declined("polls-full", "as many polls wait as this hub has seats for")
        self._free -= 1
        sitting = self._taken.setdefault(token.client, [])
        sitting.append(token)
        try:
            yield
        finally:
            self._free += 1
            sitting.remove(token)
            if not sitting:
                del self._taken[token.client]

    def all_admitted(self, admits: Callable[[AccessToken], bool]) -> bool:
        """Whether everybody who waits may still be here."""
        return all(admits(token) for sitting in self._taken.values() for token in sitting)
