"""Names of things, each a type of its own, so that two look-alike strings cannot be exchanged.

Members and agreements carry names that people read in refusals (`mbr_kent`,
`agr_kent-medway-movers`); all that is made in numbers carries a sortable id: a prefix and a
UUIDv7 (RFC 9562) in Crockford base32.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from hub.protocols.errors import MalformedMessage

MemberId = NewType("MemberId", str)
AgreementId = NewType("AgreementId", str)
NoticeId = NewType("NoticeId", str)
EpochId = NewType("EpochId", str)
MatchId = NewType("MatchId", str)
RequestId = NewType("RequestId", str)
DisclosureId = NewType("DisclosureId", str)
DisputeId = NewType("DisputeId", str)
KeyId = NewType("KeyId", str)
"""RFC 7638 thumbprint of a public key, base64url without padding (43 characters)."""
Digest = NewType("Digest", str)
"""SHA-256, base64url without padding (43 characters)."""


class NoticeType(StrEnum):
    """What a notice says has happened."""

    MOVED_OUT = "moved_out"
    NEW_ARRIVAL = "new_arrival"
    CROSS_BORDER_ENROLMENT = "cross_border_enrolment"
    LEAVER = "leaver"
    CARE_LEAVER_MOVE = "care_leaver_move"
    EHCP_MOVE = "ehcp_move"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    RECALL = "recall"


class Part(StrEnum):
    """The ten sealed parts of a notice, one data category each; all are always present."""

    IDENTITY = "identity"
    ADDRESS = "address"
    PARTICIPATION = "participation"
    CONTACT = "contact"
    SEND = "send"
    CARE = "care"
    CIRCUMSTANCES = "circumstances"
    EQUALITY_HEALTH = "equality_health"
    OFFENDING = "offending"
    PARENT = "parent"


class MemberKind(StrEnum):
    """What sort of organisation a member is."""

    AUTHORITY = "authority"
    CAREERS_COMPANY = "careers_company"
    COLLEGE = "college"
    SCHOOL = "school"
    VOLUNTARY_BODY = "voluntary_body"
    OBSERVER = "observer"


SORTABLE_ID: Final = re.compile(r"(ntc|mat|req|dis|dsp|cmp|evt|key|ep|sub|idm)_[0-9a-hjkmnp-tv-z]{26}")
READABLE_ID: Final = re.compile(r"(mbr|agr)_[a-z0-9][a-z0-9-]{1,58}[a-z0-9]")
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str, now: datetime, randomness: bytes) -> str:
    """Make a sortable id from a prefix, the time and ten random bytes (UUIDv7, RFC 9562 5.7)."""
    millis = int(now.timestamp() * 1000)
    high = int.from_bytes(randomness[:2]) & 0x0FFF
    low = int.from_bytes(randomness[2:10]) & (2**62 - 1)
    value = (millis & (2**48 - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return f"{prefix}_" + "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def first_id_at(prefix: str, moment: datetime) -> str:
    """Return what sorts before every id that was made at this millisecond or later, and after all others."""
    return new_id(prefix, moment, bytes(10))


def parse_id(text: object, prefix: str) -> str:
    """Return `text` if it is an id with this prefix; raise `MalformedMessage` otherwise."""
    if isinstance(text, str) and text.startswith(f"{prefix}_"):
        pattern = READABLE_ID if prefix in {"mbr", "agr"} else SORTABLE_ID
        if pattern.fullmatch(text):
            return text
    raise MalformedMessage("id-malformed", f"an id that begins with {prefix}_ was expected")
