"""`hub.protocols.subkeys`: one key for one purpose."""

import pytest

from hub.protocols.errors import MalformedMessage
from hub.protocols.subkeys import subkey

KEPT = bytes(range(32))


def test_a_purpose_always_gives_the_same_key_of_32_bytes() -> None:
    """What was sealed before a restart opens after it, so the derivation may never change."""
    assert subkey(KEPT, "filters").hex() == VECTOR


def test_two_purposes_or_two_kept_keys_share_nothing() -> None:
    """A key that hashes never also seals, and another hub's key opens nothing here."""
    keys = {subkey(KEPT, "filters"), subkey(KEPT, "rest keys"), subkey(bytes(32), "filters"), KEPT}
    assert len(keys) == 4


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_kept_key_of_another_length_is_refused(size: int) -> None:
    """A short key would derive without complaint and protect less than it seems."""
    with pytest.raises(MalformedMessage, match="kept-key-size"):
        subkey(bytes(size), "filters")


VECTOR = "c0b80106ee7fc7fa0703ff452b60ed5ff1af7a597c111970d4c42fbf1f581504"
"""HMAC-SHA-256 of the purpose and a one, computed by hand: RFC 5869 section 2.3 for one block."""
