"""Cursors: where a list goes on, in a form that only this hub can write.

A cursor carries the list it belongs to, the member, the filter and the last thing seen. It is
signed, so that nobody reads on in another's list or under another filter by changing it; and
opaque, so that clients do not learn to make them.
"""

import hmac
from typing import Final, TypeVar

import msgspec

from hub.protocols import canonical
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import MemberId
from hub.protocols.subkeys import subkey

_MAC_BYTES: Final = 16
LONGEST: Final = 1024

After = TypeVar("After", int, str)


class Cursors:
    """Writes and reads cursors under a key of this hub; all replicas have the same one."""

    def __init__(self, hub_seed: bytes) -> None:
        self._key = subkey(hub_seed, "cursors")

    def write(self, of: str, member: MemberId, after: int | str, within: str = "") -> str:
        """Return the cursor that goes on after `after` in the list `of` of a member, filtered `within`."""
        body = msgspec.json.encode([of, member, within, after])
        return canonical.b64u(self._mac(body) + body)

    def read(self, cursor: str | None, of: str, member: MemberId, start: After, within: str = "") -> After:
        """Return where the list goes on, `start` without a cursor.

        Raises `MalformedMessage("cursor-invalid")` for one that is not of this list.
        """
        if cursor is None:
            return start
        try:
            data = canonical.unb64u(cursor[:LONGEST])
        except MalformedMessage:
            raise _invalid() from None
        mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise _invalid()
        *names, after = msgspec.json.decode(body)
        if names != [of, member, within] or not isinstance(after, type(start)):
            raise _invalid()
        found: After = after
        return found

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC_BYTES]


def _invalid() -> MalformedMessage:
    return MalformedMessage("cursor-invalid", "begin again without a cursor, or with one of this very list")
