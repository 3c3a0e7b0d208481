"""One JSON value, one byte string, and back, strictly.

Decides which bytes a digest is taken over and which bytes a message may consist of, for every
member and the hub alike. RFC 8785 (JCS) without floats: whole numbers within 2^53-1 alone, so
that no two readers can differ about a number; base64url without padding (RFC 4648 section 5);
instants in whole seconds of UTC (RFC 3339). It knows no message: `Reader` is how the modules
that do take one apart, once, at the door.
"""

import binascii
import hashlib
import json
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, NoReturn, TypeAlias, TypeVar

from hub.protocols.errors import MalformedMessage
from hub.protocols.names import Digest, parse_id

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
"""What a message may hold: JSON without floats."""

LARGEST_INTEGER: Final = 2**53 - 1
"""Largest whole number that every JSON reader keeps exactly (RFC 7493 section 2.2)."""

DEEPEST: Final = 32
"""Deepest nesting of lists and objects: an agreement needs 6; a reader's stack must not decide."""

LONGEST_TEXT: Final = 256
"""Characters of a text field where the caller sets no limit: the longest name of a team fits."""

_URL_SAFE: Final = bytes.maketrans(b"-_+/=", b"+/???")
"""Turns base64url into the alphabet that the library reads strictly; its own signs become faults."""
_TO_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_LAST: Final = (None, "", "AQgw", "AEIMQUYcgkosw048")
"""Signs without spare bits, by how many stand in the last group; one alone is no byte, four are whole."""
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""The canonical base64url of 32 bytes: the last sign has two spare bits."""
_LONGEST_NUMERAL: Final = 17

Pattern: TypeAlias = str | re.Pattern[str]
"""A regular expression that a text must match whole."""

E = TypeVar("E", bound=StrEnum)


def encode(value: Json) -> bytes:
    """Return the one byte string of `value` (RFC 8785).

    Raises `MalformedMessage` for floats, numbers beyond 2^53-1, lone surrogates, keys that are
    not text, values of other types and nesting deeper than `DEEPEST`.
    """
    if _formed(value, 0):  # then the writer's own order, of code points, is that of RFC 8785
        return _utf8(_SORTING_WRITER.encode(value))
    return _utf8(_WRITER.encode(_ordered(value)))


def decode(data: bytes) -> Json:
    """Read JSON as strictly as the standard allows; raise `MalformedMessage` otherwise.

    Refuses bytes that are not UTF-8, a key twice in one object, floats, NaN, minus zero, numbers
    beyond 2^53-1, lone surrogates, trailing data and nesting deeper than `DEEPEST`.
    """
    value = _parse(data)
    _check(value, 0, plain=b"\\u" not in data)
    return value


def decode_canonical(data: bytes) -> Json:
    """Read JSON and refuse bytes that are not exactly `encode` of the value."""
    value = _parse(data)
    if encode(value) != data:
        raise MalformedMessage("json-not-canonical", "send the RFC 8785 form of the value")
    return value


def b64u(data: bytes) -> str:
    """Return base64url without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL_SAFE).decode("ascii")


def unb64u(text: str, size: int | None = None) -> bytes:
    """Read base64url that is unpadded and canonical, of `size` bytes where one is given.

    Each byte string has one text alone: padding, stray characters and set spare bits raise
    `MalformedMessage` (otherwise a signed text could be changed without its meaning changing).
    """
    last = _LAST[len(text) % 4]
    # the last group alone has spare bits, which the library does not look at
    if last is not None and text[-1] not in last:
        raise MalformedMessage("base64url-malformed", "unpadded canonical base64url was expected")
    try:
        data = binascii.a2b_base64(
            text.encode().translate(_URL_SAFE) + b"=" * (-len(text) % 4), strict_mode=True
        )
    except ValueError:
        raise MalformedMessage("base64url-malformed", "unpadded canonical base64url was expected") from None
    if size is not None and len(data) != size:
        raise MalformedMessage("binary-size", f"{size} bytes were expected")
    return data


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


def digest(data: bytes) -> Digest:
    """Return the SHA-256 of `data` as messages carry it."""
    return Digest(b64u(sha256(data)))


def instant(moment: datetime) -> str:
    """Return `moment` as messages carry it: whole seconds of UTC, parts of a second cut off."""
    if moment.tzinfo is None:
        raise MalformedMessage("instant-naive", "a moment needs its time zone")
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def parse_instant(text: str) -> datetime:
    """Read what `instant` writes; raise `MalformedMessage` for any other form."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedMessage("instant-malformed", "a moment like 2026-11-21T09:00:00Z was expected")


def parse_day(text: str) -> date:
    """Read a day like 2026-11-21; raise `MalformedMessage` for any other form."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedMessage("day-malformed", "a day like 2026-11-21 was expected")


class Reader:
    """Takes one JSON object apart, field by field, and knows at the end what was left over.

    `where` names the object for the person who reads the fault (`notice.parts[3]`). Every method
    raises `MalformedMessage`; no text quotes a value, nor the name of an unknown field, since
    both come from the message.
    """

    __slots__ = ("_fields", "_read", "_where")

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, dict):
            raise MalformedMessage("field-type", f"{where} must be an object")
        self._fields = value
        self._where = where
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        """Tell whether the field is there, without counting it as read."""
        return name in self._fields

    def value(self, name: str) -> Json:
        """Return the field as it stands, for a part that has a reader of its own."""
        self._read.add(name)
        if name not in self._fields:
            raise MalformedMessage("field-missing", f"{self._where}.{name} is required")
        return self._fields[name]

    def text(self, name: str, pattern: Pattern | None = None, max: int = LONGEST_TEXT) -> str:  # noqa: A002 - the word of the limit
        """Return a text of at most `max` characters that matches `pattern` whole."""
        return self._text(self.value(name), name, pattern, max)

    def optional_text(
        self,
        name: str,
        pattern: Pattern | None = None,
        max: int = LONGEST_TEXT,  # noqa: A002 - the word of the limit
    ) -> str | None:
        """Return the text, or None where the field is absent (null is refused)."""
        return self.text(name, pattern, max) if self.has(name) else None

    def integer(self, name: str, least: int = 0, most: int = LARGEST_INTEGER) -> int:
        """Return a whole number from `least` to `most`."""
        found = self.value(name)
        if isinstance(found, bool) or not isinstance(found, int):
            self._refuse("field-type", name, "must be a whole number")
        if not least <= found <= most:
            self._refuse("field-range", name, f"must be from {least} to {most}")
        return found

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        found = self.value(name)
        if not isinstance(found, bool):
            self._refuse("field-type", name, "must be true or false")
        return found

    def items(self, name: str, most: int = LARGEST_INTEGER) -> list[Json]:
        """Return a list of at most `most` values, as they stand."""
        found = self.value(name)
        if not isinstance(found, list):
            self._refuse("field-type", name, "must be a list")
        if len(found) > most:
            self._refuse("field-long", name, f"may have at most {most} items")
        return found

    def list_of_text(
        self,
        name: str,
        pattern: Pattern | None = None,
        max: int = LONGEST_TEXT,  # noqa: A002 - the word of the limit
    ) -> list[str]:
        """Return a list of texts, each of at most `max` characters and matching `pattern` whole."""
        return [self._text(item, name, pattern, max) for item in self.items(name)]

    def object(self, name: str) -> "Reader":
        """Return a reader of the object in the field."""
        return Reader(self.value(name), f"{self._where}.{name}")

    def optional_object(self, name: str) -> "Reader | None":
        """Return a reader of the object, or None where the field is absent (null is refused)."""
        return self.object(name) if self.has(name) else None

    def objects(self, name: str) -> "list[Reader]":
        """Return a reader of each object in a list."""
        found = enumerate(self.items(name))
        return [Reader(item, f"{self._where}.{name}[{place}]") for place, item in found]

    def instant(self, name: str) -> datetime:
        """Return a moment in whole seconds of UTC."""
        return parse_instant(self.text(name))

    def optional_instant(self, name: str) -> datetime | None:
        """Return the moment, or None where the field is absent (null is refused)."""
        return self.instant(name) if self.has(name) else None

    def day(self, name: str) -> date:
        """Return a calendar day."""
        return parse_day(self.text(name))

    def optional_day(self, name: str) -> date | None:
        """Return the day, or None where the field is absent (null is refused)."""
        return self.day(name) if self.has(name) else None

    def id(self, name: str, prefix: str) -> str:
        """Return an id with this prefix (`names.parse_id`)."""
        return parse_id(self.value(name), prefix)

    def optional_id(self, name: str, prefix: str) -> str | None:
        """Return the id, or None where the field is absent (null is refused)."""
        return self.id(name, prefix) if self.has(name) else None

    def nullable_text(self, name: str, pattern: Pattern | None = None, max: int = LONGEST_TEXT) -> str | None:  # noqa: A002 - the word of the limit
        """Return the text, or None where the field is null; it must be there."""
        return None if self.value(name) is None else self.text(name, pattern, max)

    def nullable_object(self, name: str) -> "Reader | None":
        """Return a reader of the object, or None where the field is null; it must be there."""
        return None if self.value(name) is None else self.object(name)

    def nullable_id(self, name: str, prefix: str) -> str | None:
        """Return the id, or None where the field is null; it must be there."""
        return None if self.value(name) is None else self.id(name, prefix)

    def choice(self, name: str, among: type[E]) -> E:
        """Return the member of `among` that the field names."""
        return self._choice(self.value(name), name, among)

    def choices(self, name: str, among: type[E]) -> list[E]:
        """Return the members of `among` that a list names, none twice."""
        found = [self._choice(item, name, among) for item in self.items(name, len(among))]
        if len(set(found)) != len(found):
            self._refuse("field-repeated", name, "names a value twice")
        return found

    def binary(self, name: str, size: int | None = None) -> bytes:
        """Return bytes written as base64url, of `size` where one is given."""
        return unb64u(self.text(name, max=LARGEST_INTEGER), size)

    def digest(self, name: str) -> Digest:
        """Return a SHA-256 as messages carry it."""
        found = self.text(name)
        if not _DIGEST.fullmatch(found):
            unb64u(found, hashlib.sha256().digest_size)  # says what is wrong with it
        return Digest(found)

    def done(self) -> None:
        """Refuse a field that nobody asked for: meaning that is not understood is not accepted."""
        if self._fields.keys() - self._read:
            raise MalformedMessage("field-unknown", f"{self._where} has a field that is not known here")

    def _text(self, found: Json, name: str, pattern: Pattern | None, limit: int) -> str:
        if not isinstance(found, str):
            self._refuse("field-type", name, "must be text")
        if len(found) > limit:
            self._refuse("field-long", name, f"may have at most {limit} characters")
        if pattern is not None and not re.fullmatch(pattern, found):
            self._refuse("field-form", name, "does not have the form that it must have")
        return found

    def _choice(self, found: Json, name: str, among: type[E]) -> E:
        try:
            return among(self._text(found, name, None, LONGEST_TEXT))
        except ValueError:
            self._refuse("field-choice", name, f"must be one of {', '.join(among)}")

    def _refuse(self, code: str, name: str, detail: str) -> NoReturn:
        raise MalformedMessage(code, f"{self._where}.{name} {detail}") from None


def _parse(data: bytes) -> Json:
    try:
        value: Json = _STRICT.decode(data.decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise MalformedMessage("json-malformed", "the bytes are not one JSON value in UTF-8") from None
    return value


def _formed(value: Json, depth: int) -> bool:
    """Refuse what has no canonical form; tell whether the names of all fields are ASCII."""
    if value is None or isinstance(value, str | bool):
        return True
    if isinstance(value, int):
        _whole(value)
        return True
    if not isinstance(value, list | dict):
        raise MalformedMessage("json-type", "a message holds text, whole numbers, lists and objects alone")
    if depth == DEEPEST:
        raise _deep()
    plain = True
    if isinstance(value, dict):
        plain, value = _names(value).isascii(), list(value.values())
    for item in value:
        if not isinstance(item, str) and not _formed(item, depth + 1):
            plain = False
    return plain


def _names(fields: dict[str, Json]) -> str:
    try:
        return "".join(fields)
    except TypeError:
        raise MalformedMessage("json-type", "the names of fields are text") from None


def _ordered(value: Json) -> Json:
    """Return `value` with every object's keys in the order of RFC 8785: by UTF-16 code units (3.2.3)."""
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: _utf8(name).decode().encode("utf-16-be"))
        return {name: _ordered(value[name]) for name in names}
    return value


def _check(value: Json, depth: int, *, plain: bool) -> None:
    """Refuse what was read but has no canonical form; `plain` text cannot hold half of a surrogate pair."""
    if isinstance(value, str):
        if not plain:
            _utf8(value)
        return
    if not isinstance(value, list | dict):
        return
    if depth == DEEPEST:
        raise _deep()
    if isinstance(value, dict):
        if not plain:
            _utf8(_names(value))
        value = list(value.values())
    for item in value:
        if not plain or isinstance(item, list | dict):
            _check(item, depth + 1, plain=plain)


def _deep() -> MalformedMessage:
    return MalformedMessage("json-deep", f"at most {DEEPEST} levels of lists and objects")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedMessage("json-surrogate", "half of a surrogate pair is not text") from None


def _whole(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise MalformedMessage("json-number", "whole numbers reach to 2^53-1 and no further")
    return value


def _numeral(text: str) -> int:
    if text == "-0" or len(text) > _LONGEST_NUMERAL:
        return _refuse_number(text)
    return _whole(int(text))


def _refuse_number(_: str) -> NoReturn:
    raise MalformedMessage("json-number", "whole numbers within 2^53-1 are the only numbers")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedMessage("json-repeated", "an object names a field twice")
    return made


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_refuse_number,
    parse_int=_numeral,
    parse_constant=_refuse_number,
)


def _writer(*, sort: bool) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort)


_SORTING_WRITER: Final = _writer(sort=True)
_WRITER: Final = _writer(sort=False)
