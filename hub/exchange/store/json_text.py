"""JSON as the tables hold it: canonical text in, plain values out."""

from collections.abc import Iterable

import msgspec

from hub.exchange.errors import HubFault
from hub.protocols.canonical import Json, encode
from hub.protocols.names import MemberId


def to_text(value: Json) -> str:
    """The canonical text of a value."""
    return encode(value).decode()


def from_text(text: str | bytes) -> Json:
    """The value of a text that this store wrote; raise `HubFault` where it is none."""
    try:
        value: Json = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise HubFault("store-damaged", "a row does not hold what was written: run `hub fsck`") from None
    return value


def names(members: Iterable[MemberId]) -> str:
    """Members in one column; their ids hold no spaces."""
    return " ".join(members)


def read_names(text: str) -> tuple[MemberId, ...]:
    """What `names` wrote, in the same order."""
    return tuple(MemberId(member) for member in text.split())
