"""The memory of what has been used: every proof and every client assertion counts once.

Decides what the edge asks of such a memory (`UsedProofs`), and gives the one for a hub of a single
process. `store.replay` has the ones for a hub of many. A memory that cannot tell says so: it never
takes the second use for the first because it has forgotten.
"""

from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

Answer: TypeAlias = Literal["first", "again", "unsure"]
"""Used now for the first time; used before; or the memory cannot tell: refuse, a new one will do."""

MOST_KEPT: Final = 1_000_000
"""Uses kept at most, at some 150 bytes each: four minutes of 4,000 requests a second."""

_TURN_SECONDS: Final = 60


class UsedProofs(Protocol):
    """Remembers uses until they would be refused as stale anyway."""

    async def claim(
        self, owner: str, jti: str, issued_at: datetime, expires_at: datetime, now: datetime
    ) -> Answer:
        """Use (`owner`, `jti`) up: of any number of calls, at whatever replica, one gets "first".

        `owner` is the thumbprint of a proof's key, or the id of an assertion's client.
        """


class UsedInMemory:
    """Remembers for one process alone.

    What was used before the process began is not known, so uses issued before `since` are "unsure".
    A clock that is ahead could still bring one of the last minute back: where that matters, ask for
    nonces under a secret that is new at every start, which refuses every earlier proof.
    """

    def __init__(self, since: datetime | None = None, most: int = MOST_KEPT) -> None:
        # whole seconds, as the moments inside proofs are
        self._since = None if since is None else since.replace(microsecond=0)
        self._most = most
        self._count = 0
        self._turns: dict[int, set[tuple[str, str]]] = {}

    async def claim(
        self, owner: str, jti: str, issued_at: datetime, expires_at: datetime, now: datetime
    ) -> Answer:
        """Use (`owner`, `jti`) up."""
        if self._since is not None and issued_at < self._since:
            return "unsure"
        self._forget(int(now.timestamp()) // _TURN_SECONDS)
        use = (owner, jti)
        if any(use in kept for kept in self._turns.values()):
            return "again"
        if self._count >= self._most:  # forgetting instead would let an attacker make room for a replay
            return "unsure"
        self._turns.setdefault(int(expires_at.timestamp()) // _TURN_SECONDS, set()).add(use)
        self._count += 1
        return "first"

    def _forget(self, turn: int) -> None:
        """Drop what expired before this turn of 60 seconds."""
        for over in [kept for kept in self._turns if kept < turn]:
            self._count -= len(self._turns.pop(over))
