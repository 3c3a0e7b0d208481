"""Cursors: where a list goes on, in a form that only this hub can write, and only this hub can read.

A cursor is bound to its list, the member and the filter, so that nobody reads on in another's list
or under another filter. It is sealed, not only signed: the places in an inbox are numbers that all
members share, and a member that could read them would see how much others got in between (I9).
"""

import hmac
from typing import Final, TypeVar

import msgspec

from hub.protocols import canonical
from hub.protocols.at_rest import rest_open, rest_seal
from hub.protocols.errors import MalformedMessage, ProtocolError
from hub.protocols.names import MemberId
from hub.protocols.subkeys import subkey

_NONCE_BYTES: Final = 12
_DIGITS: Final = 20
"""Every number is written as long as the longest: its length would tell how large it is."""
LONGEST: Final = 1024

After = TypeVar("After", int, str)


class Cursors:
    """Writes and reads cursors under keys of this hub; all replicas have the same ones."""

    def __init__(self, hub_seed: bytes) -> None:
        self._key = subkey(hub_seed, "cursors")
        self._nonces = subkey(hub_seed, "nonces of cursors")

    def write(self, of: str, member: MemberId, after: int | str, within: str = "") -> str:
        """Return the cursor that goes on after `after` in the list `of` of a member, filtered `within`.

        The same place has the same cursor, so that an unchanged page stays unchanged.
        """
        label = _label(of, member, within)
        body = f"n{after:0{_DIGITS}}" if isinstance(after, int) else f"t{after}"
        # a nonce is used twice only for the same place under the same label, and gives the same bytes
        whole = label.encode() + b"\0" + body.encode()
        nonce = hmac.digest(self._nonces, whole, "sha256")[:_NONCE_BYTES]
        return canonical.b64u(rest_seal(body.encode(), self._key, nonce, label))

    def read(self, cursor: str | None, of: str, member: MemberId, start: After, within: str = "") -> After:
        """Return where the list goes on, `start` without a cursor.

        Raises `MalformedMessage("cursor-invalid")` for one that is not of this list.
        """
        if cursor is None:
            return start
        try:
            sealed = canonical.unb64u(cursor[:LONGEST])
            body = rest_open(sealed, self._key, _label(of, member, within)).decode()
        except ProtocolError:
            raise _invalid() from None
        after: int | str = int(body[1:]) if body[0] == "n" else body[1:]
        if not isinstance(after, type(start)):
            raise _invalid()
        return after


def _label(of: str, member: MemberId, within: str) -> str:
    return msgspec.json.encode([of, member, within]).decode()


def _invalid() -> MalformedMessage:
    return MalformedMessage("cursor-invalid", "begin again without a cursor, or with one of this very list")
