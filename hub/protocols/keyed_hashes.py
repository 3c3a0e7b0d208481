"""Keyed hashes under an epoch's linkage key: tokens of values, marks of letter pairs, filters.

Decides how a value becomes eight bytes and how a name becomes 512 bits, the same for every
member. A token is HMAC-SHA-256 over its kind and values (RFC 2104), cut to eight bytes. A letter
pair of a name, salted with the birthday, is hashed once by HMAC-SHA-512: the first 16 bytes are
its eight positions in the filter, the other 48 its value in each of twenty-four minhash rows,
three to a band. What goes into a token is the caller's decision; only the member's side has the key.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

from hub.protocols.errors import MalformedMessage
from hub.protocols.token_record import BAND_ROWS, BANDS, FILTER_BYTES, SLOT_BYTES, LinkageKey

KEY_BYTES: Final = 32

POSITION_BYTES: Final = 16
"""Eight positions of two bytes each; 512 divides 65,536, so every position is as likely."""

_ROW_BYTES: Final = 2
_FILTER_BITS: Final = 8 * FILTER_BYTES


class TokenKey:
    """A linkage key made ready: one set-up, many hashes."""

    __slots__ = ("_pairs", "_tokens")

    def __init__(self, key: LinkageKey) -> None:
        if len(key) != KEY_BYTES:
            raise MalformedMessage("linkage-key-size", f"a linkage key has {KEY_BYTES} bytes")
        self._tokens = hmac.new(key, digestmod=hashlib.sha256)
        self._pairs = hmac.new(key, digestmod=hashlib.sha512)

    def token(self, kind: str, *values: str) -> bytes:
        """Return the token of these values; the kind keeps equal values of two kinds apart."""
        return self.token_and_rest(kind, *values)[0]

    def token_and_rest(self, kind: str, *values: str) -> tuple[bytes, bytes]:
        """Return the token of these values, and as many further bytes that follow from them."""
        made = self._tokens.copy()
        made.update("|".join((kind, *values)).encode())
        hashed = made.digest()
        return hashed[:SLOT_BYTES], hashed[SLOT_BYTES : 2 * SLOT_BYTES]

    def marks(self, birthday: str, pairs: Iterable[str]) -> list[bytes]:
        """Return the 64-byte mark of each letter pair of a name, salted with the birthday.

        First and last names are marked alike, so that exchanged names are still found to be alike.
        """
        salted = self._pairs.copy()
        salted.update(f"{birthday}|".encode())
        found = []
        for pair in pairs:
            one = salted.copy()
            one.update(pair.encode())
            found.append(one.digest())
        return found


def name_filter(marks: Iterable[bytes]) -> bytes:
    """Return the filter of a name's marks; of each only the first `POSITION_BYTES` count."""
    bits = 0
    for mark in marks:
        for place in range(0, POSITION_BYTES, 2):
            bits |= 1 << ((mark[place] << 8 | mark[place + 1]) % _FILTER_BITS)
    return bits.to_bytes(FILTER_BYTES)


def bands(marks: Sequence[bytes]) -> list[str]:
    """Return the text of each band: the least value of each of its rows among the marks of both names."""
    rows = [
        min(mark[start : start + _ROW_BYTES] for mark in marks)
        for start in range(POSITION_BYTES, POSITION_BYTES + BANDS * BAND_ROWS * _ROW_BYTES, _ROW_BYTES)
    ]
    return [b"".join(rows[start : start + BAND_ROWS]).hex() for start in range(0, len(rows), BAND_ROWS)]
