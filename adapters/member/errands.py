"""What a running gateway does beside polling: again and again, each on a thread of its own.

An errand that fails says so and is done again at its next time; it ends with the process and no sooner.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from adapters.member.errors import GatewayFault
from hub.protocols.errors import ProtocolError

LOOK_SECONDS: Final = 5.0
"""Between two looks into a folder: a file that is still being copied grows in this time."""


class Errand:
    """Something that is done every so many seconds; `say` gets what a person would want to know."""

    def __init__(
        self,
        name: str,
        do: Callable[[], Iterable[str]],
        say: Callable[[str], None],
        every: float = LOOK_SECONDS,
    ) -> None:
        self.name = name
        self._do = do
        self._say = say
        self._every = every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_fault = ""

    def once(self) -> None:
        """Do it once; a fault is said the first time, not every few seconds."""
        try:
            for line in self._do():
                self._say(line)
            self._last_fault = ""
        except (GatewayFault, ProtocolError, OSError, ValueError, sqlite3.Error) as fault:
            words = fault.detail if isinstance(fault, GatewayFault | ProtocolError) else type(fault).__name__
            if words != self._last_fault:
                self._say(f"{self.name}: {words}; it is tried again")
            self._last_fault = words

    def run_here(self) -> None:
        """Do it until stopped, on this thread."""
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(self._every)

    def start(self) -> None:
        """Do it on a thread of its own."""
        self._thread = threading.Thread(target=self.run_here, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, within: float = 2.0) -> None:
        """Do it no more; what is under way may be cut off, and is repeated by the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(within)


@contextmanager
def running(errands: Sequence[Errand]) -> Iterator[None]:
    """Run errands until the block is left."""
    for errand in errands:
        errand.start()
    try:
        yield
    finally:
        for errand in errands:
            errand.stop()
