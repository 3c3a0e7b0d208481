"""Tokens are HMACs that keep kinds apart; filters and bands show likeness only under one salt."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import MalformedMessage
from hub.protocols.keyed_hashes import TokenKey, bands, name_filter
from hub.protocols.personal_names import bigrams
from hub.protocols.token_record import BANDS, FILTER_BYTES, LinkageKey

RAW = bytes(range(32))
KEY = TokenKey(LinkageKey(RAW))
NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=12)


def test_token_is_the_published_hmac() -> None:
    """HMAC-SHA-256 over kind and values joined by a bar, cut to eight bytes."""
    expected = hmac.digest(RAW, b"name_birth|amelia|20080314", hashlib.sha256)[:8]
    assert KEY.token("name_birth", "amelia", "20080314") == expected


def test_kind_keeps_equal_values_apart() -> None:
    """The same letters as a name and as its sound are two tokens."""
    assert KEY.token("name_birth", "ann", "20080314") != KEY.token("sound_birth", "ann", "20080314")


def test_another_key_gives_other_tokens() -> None:
    """Tokens of two epochs cannot be joined."""
    assert TokenKey(LinkageKey(bytes(32))).token("upn", "x") != KEY.token("upn", "x")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_key_of_another_length_is_refused(size: int) -> None:
    """A short key could be guessed."""
    with pytest.raises(MalformedMessage) as raised:
        TokenKey(LinkageKey(bytes(size)))
    assert raised.value.code == "linkage-key-size"


def test_mark_is_the_published_hmac() -> None:
    """HMAC-SHA-512 over salt and letter pair: filter positions and minhash values in one."""
    assert KEY.marks("20080314", ["am"]) == [hmac.digest(RAW, b"20080314|am", hashlib.sha512)]


def test_filter_sets_the_eight_positions_of_each_mark() -> None:
    """Each mark's first sixteen bytes are eight positions modulo 512."""
    [mark] = KEY.marks("20080314", ["am"])
    positions = {int.from_bytes(mark[start : start + 2]) % 512 for start in range(0, 16, 2)}
    bits = int.from_bytes(name_filter([mark]))
    assert {place for place in range(512) if bits >> place & 1} == positions
    assert len(name_filter([])) == FILTER_BYTES


@given(NAMES)
def test_same_name_under_another_salt_has_another_filter(name: str) -> None:
    """Filters are comparable only where the birthday is the same."""
    pairs = bigrams(name)
    assert name_filter(KEY.marks("20080314", pairs)) != name_filter(KEY.marks("20080315", pairs))


@given(NAMES, NAMES)
def test_band_is_the_least_of_three_rows(first: str, last: str) -> None:
    """Eight bands, whatever order the letter pairs come in, each of three two-byte minima."""
    marks = KEY.marks("20080314", (*bigrams(first), *bigrams(last)))
    found = bands(marks)
    assert len(found) == BANDS
    assert found == bands(marks[::-1])
    for place, band in enumerate(found):
        starts = (16 + 6 * place, 18 + 6 * place, 20 + 6 * place)
        assert band == "".join(min(mark[start : start + 2] for mark in marks).hex() for start in starts)
