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

DISPUTE_TEXT_BYTES: Final = 4096
"""Plaintext bytes of the words of a dispute after padding: a page of a letter, and its size tells nothing."""

DISPUTE_TEXT_CHARS: Final = 3_500
"""Longest words of a dispute, in characters; fewer where they take more than a byte each."""

MANIFEST_BYTES: Final = 8_192
"""Longest manifest, in characters of its JWS: ten part entries and the header facts take 4,000."""

NOTICE_BYTES: Final = 49_152
"""Longest published notice in bytes: a real one takes about 16,000; the rest is headroom."""

BATCH_NOTICES: Final = 200
"""Notices in one batch: 200 real ones stay under 4 MiB and under a second of signature checks."""

DOCUMENT_BYTES: Final = 262_144
"""Longest agreement, mandate or directory document in bytes, without its signatures.

An agreement of 151 parties takes 49,000, one of the 400 that the schema allows 115,000. In a signed
document its payload is base64url, a third longer, and held to the same number.
"""

SIGNED_DOCUMENT_BYTES: Final = 2_359_296
"""Longest document with all its signatures, in bytes: a payload of full length, and the pairs of 400
parties, which take 4,820 each (Ed25519 and ML-DSA-65, base64url). All 151 authorities take 793,000."""

BODY_BYTES: Final = 4 * DOCUMENT_BYTES
"""Longest body of JSON that is no notice and no agreement, in bytes: documents with a pair or two."""

AGREEMENT_BODY_BYTES: Final = DOCUMENT_BYTES + SIGNED_DOCUMENT_BYTES
"""Longest body that brings an agreement: its text, and beside it the text as all have signed it."""

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
