"""Who may come in, as it stood a moment ago: read once a second, answered from memory.

Decides whether the holder of a token may still enter, which keys a member may ask for tokens with,
and what publishing is checked against. It only admits; what may leave is decided anew, in the
transaction that releases it.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.exchange.ports import Store, Work
from hub.exchange.reception import Admission, read_admission
from hub.exchange.stages import KeyUse, RegisteredKey, Standing
from hub.protocols.access import AccessToken
from hub.protocols.keys import VerifyingKey
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import KeyId, MemberId

FRESH: Final = timedelta(seconds=1)
"""Age at which what is remembered is read again."""

ADMITTED: Final = frozenset({Standing.TRIAL, Standing.LIVE})


@dataclass(frozen=True, slots=True)
class _Snapshot:
    admission: Admission
    access: Mapping[MemberId, tuple[RegisteredKey, ...]]
    revoked: frozenset[KeyId | None]
    size: int
    """Size of the log as last signed when this was read."""
    read_at: datetime


class Door:
    """Admission from memory; one object for the life of the process."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._reading = threading.Lock()
        self._snapshot = self._read()

    @property
    def admission(self) -> Admission:
        """Who may publish, as last read."""
        return self._snapshot.admission

    def refresh(self) -> None:
        """Read again."""
        with self._reading:
            self._snapshot = self._read()

    def refresh_if_stale(self, signed_size: int) -> bool:
        """Read again if a second has passed or another checkpoint was signed; tell whether it was."""
        known = self._snapshot
        if known.size == signed_size and self._now() - known.read_at < FRESH:
            return False
        self.refresh()
        return True

    def admits(self, token: AccessToken) -> bool:
        """Whether the holder of this token may still enter (I6)."""
        member = self._snapshot.admission.members.get(token.client)
        if member is None or member.standing not in ADMITTED:
            return False
        return self._snapshot.revoked.isdisjoint({token.key_id, token.asked_with})

    def access_keys(self, member: MemberId) -> list[VerifyingKey]:
        """The access keys of an admitted member that are logged, in their time and not revoked.

        Whoever is not known yet makes this read again, so that a new member need not wait.
        """
        found = self._access_keys(member)
        if not found and self._now() - self._snapshot.read_at > FRESH / 4:
            self.refresh()
            found = self._access_keys(member)
        return found

    def _access_keys(self, member: MemberId) -> list[VerifyingKey]:
        known = self._snapshot.admission.members.get(member)
        if known is None or known.standing not in ADMITTED:
            return []
        now = self._now()
        return [
            VerifyingKey.from_jwk(key.jwk)
            for key in self._snapshot.access.get(member, ())
            if key.valid_from - CLOCK_SKEW <= now < key.valid_until
        ]

    def _read(self) -> _Snapshot:
        with self._store.read() as work:
            return _take(work, self._now())


def _take(work: Work, now: datetime) -> _Snapshot:
    admission = read_admission(work, now)
    keys = [key for member in admission.members for key in work.members.keys(member)]
    access: dict[MemberId, tuple[RegisteredKey, ...]] = {}
    for key in keys:
        if key.use is KeyUse.ACCESS and key.log_index is not None and key.revoked_at_index is None:
            access[key.member] = (*access.get(key.member, ()), key)
    signed = work.log.signed()
    return _Snapshot(
        admission=admission,
        access=access,
        revoked=frozenset(key.key_id for key in keys if key.revoked_at_index is not None),
        size=0 if signed is None else signed[0],
        read_at=now,
    )
