"""`hub.exchange.store.sealed`: what opens what, and nothing else does."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.store.sealed import RestKeys, Seals
from hub.protocols.errors import MalformedMessage, ProtocolError
from hub.protocols.names import NoticeId, Part
from tests.stores.made_up import INDEX_KEY, notice_id, parts

ONE, TWO = notice_id(1), notice_id(2)


def seals(key: bytes = INDEX_KEY) -> Seals:
    """Seals under a hub's key."""
    return Seals(key, os.urandom)


def test_parts_are_opened_one_by_one_under_their_own_keys() -> None:
    """Ten parts, ten keys: one can be destroyed and the others stay."""
    keys, sealed = seals().new_keys(ONE)
    packed = keys.seal_parts(parts(1))
    assert seals().open_keys(sealed, ONE).open_parts(packed, Part) == parts(1)
    assert keys.open_parts(packed, [Part.CARE, Part.IDENTITY]) == {
        Part.IDENTITY: parts(1)[Part.IDENTITY],
        Part.CARE: parts(1)[Part.CARE],
    }
    place = list(Part).index(Part.ADDRESS)
    shredded = RestKeys(keys._keys[: 32 * place] + bytes(32) + keys._keys[32 * (place + 1) :], ONE)
    others = [part for part in Part if part is not Part.ADDRESS]
    assert set(shredded.open_parts(packed, others)) == set(others)
    with pytest.raises(ProtocolError, match="rest-unreadable"):
        shredded.open_parts(packed, [Part.ADDRESS])


def test_every_key_of_a_notice_is_another() -> None:
    """Eleven keys, none twice, none shared with another notice."""
    made = [seals().new_keys(name)[0]._keys for name in (ONE, ONE, TWO)]
    keys = {each[start : start + 32] for each in made for start in range(0, len(each), 32)}
    assert len(keys) == 33


def test_nothing_opens_under_another_hubs_key_or_another_notices_name() -> None:
    """Whoever moves a sealed row to another notice, or to another hub, has moved noise."""
    keys, sealed = seals().new_keys(ONE)
    filters = seals().seal_filters(b"f" * 128, ONE)
    request = seals().seal_request(b"{}", "label")
    for other, name in ((seals(bytes(32)), ONE), (seals(), TWO)):
        with pytest.raises(ProtocolError):
            other.open_keys(sealed, name)
        with pytest.raises(ProtocolError):
            other.open_filters(filters, name)
        with pytest.raises(ProtocolError):
            other.open_request(request, name)
    stranger = RestKeys(keys._keys, TWO)
    for opens in (
        lambda: stranger.open_parts(keys.seal_parts(parts(1)), Part),
        lambda: stranger.open_tokens(keys.seal_tokens(b"t")),
        lambda: stranger.open_box(keys.seal_box("box") or b""),
        lambda: keys.open_tokens(keys.seal_box("box") or b""),
    ):
        with pytest.raises(ProtocolError):
            opens()


@given(st.binary(max_size=300), st.text(max_size=60))
def test_what_is_sealed_comes_back(tokens: bytes, box: str) -> None:
    """Tokens and box lie under one key, apart by their names and nonces."""
    if any("\ud800" <= letter <= "\udfff" for letter in box):
        return
    keys, sealed = seals().new_keys(ONE)
    again = seals().open_keys(sealed, ONE)
    sealed_tokens, sealed_box = keys.seal_tokens(tokens), keys.seal_box(box)
    assert sealed_box is not None
    assert (again.open_tokens(sealed_tokens), again.open_box(sealed_box)) == (tokens, box)
    assert sealed_tokens[1:13] != sealed_box[1:13]


@given(st.integers(0, 4_000), st.integers(1, 255))
def test_a_flipped_byte_of_a_body_is_never_read(place: int, flip: int) -> None:
    """A typed error, never another text."""
    keys, _ = seals().new_keys(ONE)
    packed = bytearray(keys.seal_parts(parts(1)))
    packed[place] ^= flip
    try:
        opened = keys.open_parts(bytes(packed), Part)
    except ProtocolError:
        return
    assert opened == {}, "a changed body was read"


def test_no_box_is_no_box() -> None:
    """A notice without a named recipient has none."""
    assert seals().new_keys(ONE)[0].seal_box(None) is None


def test_a_short_key_is_refused_at_the_start() -> None:
    """Not at the first notice."""
    with pytest.raises(MalformedMessage, match="kept-key-size"):
        Seals(b"short", os.urandom)


def test_labels_are_of_the_notice() -> None:
    """So that a label can be written down for whoever opens a row by hand."""
    assert RestKeys(bytes(352), NoticeId("ntc_x"))._label("tokens") == "ntc_x/tokens"
