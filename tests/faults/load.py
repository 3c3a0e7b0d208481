"""A load of publishing, releasing and answering, by real gateways in threads of their own."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.member import Gateway
from adapters.member.errors import HubUnreachable
from adapters.move import Move
from hub.protocols.names import NoticeType

OFFICER: Final = "A. Officer"
STEP: Final = 4
"""Moves told at a time, so that publishing and polling take turns."""


class GatewayLoad(threading.Thread):
    """One member's gateway: tells moves, a few at a time, and answers whatever waits for it.

    The hub may be away at any moment. Anything else that goes wrong is a fault of the test.
    """

    def __init__(self, home: Path, kind: NoticeType, moves: Iterator[Move]) -> None:
        super().__init__(name=f"gateway-{home.name}", daemon=True)
        self._home = home
        self._kind = kind
        self._moves = moves
        self._allowed = 0
        self._over = threading.Event()
        self.told = 0
        """Moves handed to the gateway, queued for good once this has counted them."""
        self.turns = 0
        """Turns taken so far."""
        self.busy_at = 0
        """The turn in which there was last something to tell or to answer, or no hub."""
        self.complaints: list[str] = []
        """What the gateway could make nothing of when it last looked."""
        self.fault: BaseException | None = None

    def allow(self, moves: int) -> None:
        """Let it tell so many more moves."""
        self._allowed += moves

    def end(self) -> None:
        """Stop after this turn; raise what went wrong."""
        self._over.set()
        self.join(60)
        if self.fault is not None:
            raise self.fault

    def run(self) -> None:
        """Take turns until told to stop."""
        try:
            with Gateway(self._home) as gateway:
                while not self._over.is_set():
                    self._turn(gateway)
        except BaseException as fault:  # noqa: BLE001 - raised again by `end`
            self.fault = fault

    def _turn(self, gateway: Gateway) -> None:
        self.turns += 1
        try:
            more = self._tell(gateway)
            taken = gateway.poll(wait=0)
            self.complaints = taken.faults
            busy = more or taken.delivered or taken.granted or taken.answered or taken.faults
            self.busy_at = self.turns if busy else self.busy_at
        except HubUnreachable:
            self.busy_at = self.turns
        time.sleep(0.02)

    def _tell(self, gateway: Gateway) -> bool:
        step = min(STEP, self._allowed - self.told)
        if step <= 0:
            return False
        gateway.epoch()  # nothing is taken from the list while the hub cannot be asked
        moves = [move for _, move in zip(range(step), self._moves, strict=False)]
        self.told += len(moves)
        gateway.publish(moves, self._kind, OFFICER)
        return True
