"""One key for one purpose, made from a key that is kept.

Decides how the hub's index key becomes the keys under which it seals what lies in its database,
so that a key that hashes never also seals. HKDF-Expand with SHA-256 (RFC 5869 section 2.3): the
kept key is uniformly random already, so that nothing has to be extracted first.
"""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from hub.protocols.errors import MalformedMessage

KEY_BYTES: Final = 32


def subkey(key: bytes, purpose: str) -> bytes:
    """The 32-byte key for `purpose`; raise `MalformedMessage` where the kept key has other than 32 bytes."""
    if len(key) != KEY_BYTES:
        raise MalformedMessage("kept-key-size", f"a kept key has {KEY_BYTES} bytes")
    return HKDFExpand(SHA256(), KEY_BYTES, f"mxh subkey 1: {purpose}".encode()).derive(key)
