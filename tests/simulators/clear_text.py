"""Looks for facts about made-up people in whatever the hub holds: bytes, objects, what is packed in them."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Final

SEPARATORS: Final = b" \t\r\n-_/.,:;'+\0"
BASE64: Final = rb"[A-Za-z0-9_+/=-]"
_TIME_OF_DAY: Final = re.compile(rb"(?<=\d)[t ]\d\d:\d\d:\d\d(\.\d+)?")
"""Without its separators 07:29:20.10 reads as a birthday, the 29th of July 2010."""

_PACKED: Final = re.compile(rb"[A-Za-z0-9_-]{20,}")


def dates(day: date) -> Iterator[str]:
    """One day as people and programs write it."""
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d%m%Y"):
        yield day.strftime(form)
    yield f"{day.day} {day:%B %Y}"
    yield f"{day.day} {day:%b %Y}"


def facts_in(text: bytes, facts: Iterable[str]) -> Iterator[str]:
    """Look with and without case, with and without separators.

    Signatures and sealed bytes lie about as base64, in which a few letters in a row are chance: a
    fact of fewer than eight counts where it stands by itself, or as it is written. The time of day of
    an instant is no birthday.
    """
    small = text.lower()
    bare = _TIME_OF_DAY.sub(b"t", small).translate(None, SEPARATORS)
    for fact in facts:
        said = fact.encode()
        if len(said) >= 8:
            if said.lower() in small or said.lower().translate(None, SEPARATORS) in bare:
                yield fact
        elif said.lower() in small and _stands_alone(said, text):
            yield fact


def unpacked(text: bytes, depth: int = 3) -> Iterator[bytes]:
    """A text, and what lies in it as base64url: the payload of a signature, and of one within that."""
    yield text
    if depth:
        for packed in _PACKED.findall(text):
            whole = packed[:-1] if len(packed) % 4 == 1 else packed  # no text is packed in such a length
            yield from unpacked(urlsafe_b64decode(whole + b"=" * (-len(whole) % 4)), depth - 1)


def texts_of(value: object) -> Iterator[bytes]:
    """Every text, byte string, date and number in a value made of records and collections."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, Mapping):
        for item in value.items():
            yield from texts_of(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts_of(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from texts_of(getattr(value, each.name))
    elif isinstance(value, Enum | date | int | float):
        yield str(value).encode()


def _stands_alone(said: bytes, text: bytes) -> bool:
    exact = len(said) == 7 and said in text
    alone = rb"(?<!" + BASE64 + rb")" + re.escape(said) + rb"(?!" + BASE64 + rb")"
    return exact or re.search(alone, text, re.IGNORECASE) is not None
