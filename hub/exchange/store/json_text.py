"""JSON as the tables hold it: canonical text in, plain values out."""

from collections.abc import Iterable

import msgspec

from hub.protocols.canonical import Json, encode
from hub.protocols.names import MemberId


def to_text(value: Json) -> str:
    """The canonical text of a value."""
    return encode(value).decode()


def from_text(text: str | bytes) -> Json:
    """The value of a text that this store wrote."""
    value: Json = msgspec.json.decode(text)
    return value


def names(members: Iterable[MemberId]) -> str:
    """Members in one column; their ids hold no spaces."""
    return " ".join(members)


def read_names(text: str) -> tuple[MemberId, ...]:
    """What `names` wrote, in the same order."""
    return tuple(MemberId(member) for member in text.split())
