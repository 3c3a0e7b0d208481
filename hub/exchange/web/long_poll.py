"""Wait for the next signed checkpoint, which is when something new can show.

An item shows once a signed checkpoint covers its entry, so a poll that finds nothing has nothing to
wait for but the next checkpoint. All who wait are woken together; each then looks again by itself.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress


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
            self._next.set()
            self._next = asyncio.Event()

    def coming(self) -> asyncio.Event:
        """The next checkpoint; ask before looking whether there is something already."""
        return self._next

    async def wait(self, coming: asyncio.Event, seconds: float) -> None:
        """Return at that checkpoint, or after these seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(coming.wait(), seconds)
