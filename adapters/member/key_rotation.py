"""A member's next keys: made, kept, registered, and used once the log has them.

Signing, access and sealing keys are replaced together, a year old; the earlier ones stay good for
three months more, so nobody is cut off on one day and a process that has not heard of it goes on.
A private sealing key is kept until the last notice that may be addressed to it is over. A rotation
that was missed or cut off harms nothing: it is taken up where it was left, by the next poll.
"""

from dataclasses import dataclass
from datetime import datetime

from adapters.member.directory import Directory
from adapters.member.home import Home
from adapters.member.keyring import ROTATE_AFTER, Keyring, coming_documents
from adapters.member.transport import Transport
from hub.protocols.keys import DirectoryEntry, KeyUse
from hub.protocols.limits import NOTICE_AGE
from hub.protocols.names import KeyId, MemberId


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """Rotation of one member's keys."""

    home: Home
    member: MemberId
    transport: Transport
    directory: Directory

    def begin(self, now: datetime) -> Keyring:
        """Make the next keys, keep them, and register them; twice is as once."""
        keyring = self.home.change(lambda kept: kept.with_coming(now))
        for document in coming_documents(keyring, self.member):
            self.transport.post(f"/v1/members/{self.member}/keys", {"document": document})
        return keyring

    def due(self, keyring: Keyring, now: datetime) -> bool:
        """Whether the newest keys are a year old, or the next ones were made and are not in use yet."""
        newest = self._own(KeyUse.SIGNING, keyring.signing.key_id)
        return newest is not None and newest.valid_from + ROTATE_AFTER <= now

    def settle(self, keyring: Keyring, now: datetime) -> Keyring:
        """Turn to the coming keys where the log has them all; let go of what nothing can be sealed to."""
        if keyring.coming is not None:
            coming = keyring.coming
            self.directory.refresh()
            wanted = {
                KeyUse.SIGNING: coming.signing.key_id,
                KeyUse.ACCESS: coming.access.key_id,
                KeyUse.SEALING: coming.sealing.key_id,
            }
            if all(self._own(use, key_id) is not None for use, key_id in wanted.items()):
                keyring = self.home.change(Keyring.turned)
        over = self._over(keyring, now)
        return self.home.change(lambda kept: kept.without_sealing(over)) if over else keyring

    def _over(self, keyring: Keyring, now: datetime) -> frozenset[KeyId]:
        held = {key.key_id for key in keyring.sealing[:-1]}
        entries = self.directory.keys(self.member).entries
        return frozenset(
            one.key_id for one in entries if one.key_id in held and one.valid_until + NOTICE_AGE < now
        )

    def _own(self, use: KeyUse, key_id: KeyId) -> DirectoryEntry | None:
        entries = self.directory.keys(self.member).entries
        return next((one for one in entries if (one.use, one.key_id) == (use, key_id)), None)
