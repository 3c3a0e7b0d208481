"""Look into the inbox by itself, for as long as the process lives.

A first look that does not wait, then long polls, one after the other. Where the hub does not
answer, the next try waits: twice as long each time, up to five minutes, with chance in it so that a
region does not come back all at once. What was queued meanwhile is sent by the first poll that gets
through. Where the hub's log or directory does not hold, it is said, and tried again at the slowest
pace: whether to go on is for people.
"""

import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import httpx

from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.inbox import Taken
from hub.protocols.errors import ProtocolError

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

WAIT_SECONDS: Final = 20
"""One long poll: below every proxy's idle limit that is known."""

FIRST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 300.0

_CHANCES: Final = 1_000


def _half_to_whole() -> float:
    """From one half to one, evenly."""
    return 0.5 + secrets.randbelow(_CHANCES) / _CHANCES / 2


class Poller:
    """Polls until it is stopped; `say` gets a line for whatever a person would want to know."""

    def __init__(
        self,
        gateway: "Gateway",
        say: Callable[[str], None],
        *,
        chance: Callable[[], float] = _half_to_whole,
        wait: int = WAIT_SECONDS,
    ) -> None:
        self._gateway = gateway
        self._say = say
        self._chance = chance
        self._wait = wait
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self.reached = False
        """Whether the last poll got through."""

    def start(self) -> None:
        """Poll on a thread of its own."""
        self._thread = threading.Thread(target=self.run_here, name="polling", daemon=True)
        self._thread.start()

    def stop(self, within: float = 2.0) -> None:
        """Poll no more; a poll that is under way may be cut off, and is then repeated by the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(within)

    def run_here(self) -> None:
        """Poll until stopped, on this thread."""
        while not self._stopping.is_set():
            pause = self.once()
            self._stopping.wait(pause)

    def once(self) -> float:
        """Poll once; return the seconds to wait before the next time."""
        try:
            taken = self._gateway.poll(self._wait if self.reached else 0)
        except HubUnreachable as fault:
            return self._pause(fault.detail, most=MOST_SECONDS)
        except HubRefused as fault:
            passes = (
                fault.status >= httpx.codes.INTERNAL_SERVER_ERROR
                or fault.status == httpx.codes.TOO_MANY_REQUESTS
            )
            least = 0.0 if passes else MOST_SECONDS / 2
            return self._pause(f"{fault.code}: {fault.detail}", least=least)
        except (GatewayFault, ProtocolError) as fault:
            return self._pause(f"{fault.code}: {fault.detail}", least=MOST_SECONDS / 2)
        if self._failures:
            self._say("the hub answers again")
        self._failures, self.reached = 0, True
        self._tell(taken)
        return 0.0

    def _tell(self, taken: Taken) -> None:
        if taken.total:
            self._say(
                f"{taken.delivered} deliveries, {taken.granted} keys given, {taken.held} wait for a person,"
                f" {taken.answered} answers, {taken.stopped} stopped"
            )
        for fault in taken.faults:
            self._say(f"not used: {fault}")

    def _pause(self, why: str, *, least: float = 0.0, most: float = MOST_SECONDS) -> float:
        self.reached = False
        doubled = min(most, FIRST_SECONDS * (1 << min(self._failures, 20)))
        self._failures += 1
        pause = max(least, doubled) * self._chance()
        self._say(f"{why}; next try in {pause:.0f} s")
        return pause
