"""What lies sealed in the tables, and under which keys.

A thief of the database must learn nothing even with a member's linkage key in hand, and a notice
that is forgotten must be gone from every copy of its body. So each notice has eleven fresh keys:
one for each of its ten parts, one for the published tokens and the key box. They lie in a row of
their own, sealed under a key that derives from the hub's index key, which is kept outside the
database. Filters are read for every candidate of every match and lie under one derived key.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hub.protocols.at_rest import rest_open, rest_seal
from hub.protocols.names import NoticeId, Part
from hub.protocols.subkeys import subkey

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PARTS: Final = tuple(Part)
_SHOWN: Final = len(_PARTS)
"""Place of the key for what is shown beside the parts: published tokens and key box."""
_LENGTH_BYTES: Final = 2
_FRESH: Final = bytes(_NONCE_BYTES)
"""A key that is made for one text and never used again needs no chance in its nonce."""
_FRESH_BOX: Final = b"\x01" + bytes(_NONCE_BYTES - 1)
"""The box is the second text under its key."""


class RestKeys:
    """The eleven keys of one notice."""

    __slots__ = ("_keys", "_notice")

    def __init__(self, keys: bytes, notice: NoticeId) -> None:
        self._keys = keys
        self._notice = notice

    def seal_parts(self, parts: Mapping[Part, str]) -> bytes:
        """The ten parts, each under its key, one behind the other with its length in front."""
        packed = bytearray()
        for place, part in enumerate(_PARTS):
            sealed = rest_seal(parts[part].encode(), self._key(place), _FRESH, self._label(part))
            packed += len(sealed).to_bytes(_LENGTH_BYTES)
            packed += sealed
        return bytes(packed)

    def open_parts(self, packed: bytes, wanted: Iterable[Part]) -> dict[Part, str]:
        """Those of the packed parts that are wanted."""
        asked = frozenset(wanted)
        found, start = {}, 0
        for place, part in enumerate(_PARTS):
            begin = start + _LENGTH_BYTES
            start = begin + int.from_bytes(packed[start:begin])
            if part in asked:
                found[part] = rest_open(packed[begin:start], self._key(place), self._label(part)).decode()
        return found

    def seal_tokens(self, tokens: bytes) -> bytes:
        """The published tokens."""
        return rest_seal(tokens, self._key(_SHOWN), _FRESH, self._label("tokens"))

    def seal_tokens_again(self, tokens: bytes, nonce: bytes) -> bytes:
        """Tokens made anew: the key has sealed a text before, so this one needs a nonce of chance."""
        return rest_seal(tokens, self._key(_SHOWN), nonce, self._label("tokens"))

    def open_tokens(self, sealed: bytes) -> bytes:
        """What `seal_tokens` sealed."""
        return rest_open(sealed, self._key(_SHOWN), self._label("tokens"))

    def seal_box(self, box: str | None) -> bytes | None:
        """The key box, where there is one."""
        return (
            None
            if box is None
            else rest_seal(box.encode(), self._key(_SHOWN), _FRESH_BOX, self._label("box"))
        )

    def open_box(self, sealed: bytes) -> str:
        """What `seal_box` sealed."""
        return rest_open(sealed, self._key(_SHOWN), self._label("box")).decode()

    def _key(self, place: int) -> bytes:
        return self._keys[_KEY_BYTES * place : _KEY_BYTES * (place + 1)]

    def _label(self, what: str) -> str:
        return f"{self._notice}/{what}"


class Seals:
    """Seals and opens what lies in the tables, with keys that derive from the hub's index key."""

    __slots__ = ("_chance", "_filters", "_keys", "_requests")

    def __init__(self, index_key: bytes, chance: Callable[[int], bytes]) -> None:
        self._chance = chance
        self._keys = subkey(index_key, "rest keys")
        self._filters = subkey(index_key, "filters")
        self._requests = subkey(index_key, "key requests")

    def new_keys(self, notice: NoticeId) -> tuple[RestKeys, bytes]:
        """Fresh keys for a notice, and the same sealed."""
        chance = self._chance(_KEY_BYTES * (_SHOWN + 1) + _NONCE_BYTES)
        keys, nonce = chance[:-_NONCE_BYTES], chance[-_NONCE_BYTES:]
        return RestKeys(keys, notice), rest_seal(keys, self._keys, nonce, notice)

    def open_keys(self, sealed: bytes, notice: NoticeId) -> RestKeys:
        """The keys of a notice."""
        return RestKeys(rest_open(sealed, self._keys, notice), notice)

    def nonce(self) -> bytes:
        """Chance, for a key that seals more than one text."""
        return self._chance(_NONCE_BYTES)

    def seal_filters(self, filters: bytes, notice: NoticeId) -> bytes:
        """Both name filters of a notice."""
        return rest_seal(filters, self._filters, self._chance(_NONCE_BYTES), notice)

    def open_filters(self, sealed: bytes, notice: NoticeId) -> bytes:
        """What `seal_filters` sealed."""
        return rest_open(sealed, self._filters, notice)

    def seal_request(self, request: bytes, label: str) -> bytes:
        """A key request, which carries the published tokens of the other notice."""
        return rest_seal(request, self._requests, self._chance(_NONCE_BYTES), label)

    def open_request(self, sealed: bytes, label: str) -> bytes:
        """What `seal_request` sealed."""
        return rest_open(sealed, self._requests, label)
