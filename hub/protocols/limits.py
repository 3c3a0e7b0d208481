"""Every size, count and age limit of the wire, with its unit and its reason."""

from datetime import timedelta
from typing import Final

from hub.protocols.names import Part

PART_BYTES: Final[dict[Part, int]] = {
    Part.IDENTITY: 512,
    Part.ADDRESS: 512,
    Part.PARTICIPATION: 1024,
    Part.CONTACT: 384,
    Part.SEND: 256,
    Part.CARE: 256,
    Part.CIRCUMSTANCES: 256,
    Part.EQUALITY_HEALTH: 256,
    Part.OFFENDING: 256,
    Part.PARENT: 512,
}
"""Plaintext bytes of each sealed part after padding: one size a kind, so that size tells nothing."""

KEY_BOX_BYTES: Final = 1024
"""Plaintext bytes of a key box after padding: ten keys of 43 characters with their names fit."""

MANIFEST_BYTES: Final = 8_192
"""Longest manifest, in characters of its JWS: ten part entries and the header facts take 4,000."""

NOTICE_BYTES: Final = 49_152
"""Longest published notice in bytes: a real one takes about 16,000; the rest is headroom."""

BATCH_NOTICES: Final = 200
"""Notices in one batch: 200 real ones stay under 4 MiB and under a second of signature checks."""

DOCUMENT_BYTES: Final = 262_144
"""Longest agreement, mandate or directory document in bytes: a template with 151 parties fits."""

ASSERTION_AGE: Final = timedelta(days=30)
"""What the hub takes on a sender's word is safe for this long (R-STALE after it)."""

CLOCK_SKEW: Final = timedelta(seconds=60)
"""Difference between two honest clocks that is borne."""

PROOF_AGE: Final = timedelta(seconds=120)
"""Age at which a DPoP proof is stale; the replay store keeps it for this plus the skew."""

CLIENT_ASSERTION_AGE: Final = timedelta(seconds=60)
"""A client assertion may not expire later than this from now (RFC 7523 section 3)."""

ACCESS_TOKEN_AGE: Final = timedelta(minutes=10)
"""Life of an access token: short, because it is checked without asking the database."""

NOTICE_AGE: Final = timedelta(days=370)
"""Farthest expiry of a notice: the 31 January that follows is never farther than this."""

INCLUSION_SLOTS: Final = 2
"""A promised notice is in the log within this many slots."""

LOG_MULTIPLE: Final = 16
"""Leaves appended by a slot are a multiple of this, so that the log grows alike whatever happened."""
