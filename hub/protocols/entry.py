"""What a leaf of the disclosure log is: a salted commitment to a record that only parties can read.

Decides which 32 bytes stand in the log for a record, and whether an opening belongs to them. The
leaf shows nothing of its record, not even kind, time or parties; the opening (record and salt) is
kept in an erasable table, and once its salt is destroyed the leaf says nothing about anybody while
the tree stays valid. The leaf is the SHA-256 of the opening's canonical bytes, so `sha256sum` over
an opening file is all the software that is needed to check one. What a record says is not decided
here.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from hub.protocols.canonical import Json, Reader, b64u, decode_canonical, encode, sha256
from hub.protocols.errors import MalformedMessage, Untrusted

SALT_BYTES: Final = 32
FORMAT: Final = "mxh-entry-1"
"""Sets openings apart from every other hashed document; another layout gets another name."""

FILLER: Final[Json] = {"kind": "filler"}
"""The record of a leaf that stands for nothing: slots are filled up so that all grow alike."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A record with its salt of 32 random bytes: whoever has both can check the leaf.

    Raises `MalformedMessage` for a salt of another length.
    """

    record: Json
    salt: bytes

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_BYTES:
            raise MalformedMessage("entry-salt", "the salt of an entry has 32 bytes")

    def encode(self) -> bytes:
        """Return the canonical bytes of which the leaf is the SHA-256."""
        return encode({"format": FORMAT, "record": self.record, "salt": b64u(self.salt)})

    @property
    def is_filler(self) -> bool:
        """Whether this leaf stands for nothing."""
        return self.record == FILLER


def commit(record: Json, salt: bytes) -> bytes:
    """Return the 32 bytes that stand in the log for a record under a salt never used before."""
    return sha256(Opening(record, salt).encode())


def filler(salt: bytes) -> Opening:
    """Make the opening of a leaf that stands for nothing; auditors can tell it, others cannot."""
    return Opening(FILLER, salt)


def parse_opening(data: bytes) -> Opening:
    """Read the bytes of an opening; raise `MalformedMessage` unless they are canonical."""
    fields = Reader(decode_canonical(data), "opening")
    if fields.text("format") != FORMAT:
        raise MalformedMessage("entry-format", "this version of the software knows only mxh-entry-1 openings")
    opening = Opening(fields.value("record"), fields.binary("salt", SALT_BYTES))
    fields.done()
    return opening


def check_opening(opening: Opening, leaf: bytes) -> None:
    """Raise `Untrusted` unless this opening is the one that the leaf commits to."""
    if not compare_digest(sha256(opening.encode()), leaf):
        raise Untrusted("entry-opening", "record and salt do not give the leaf that is in the log")
