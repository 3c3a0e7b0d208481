"""An entry of the log: a commitment that shows nothing and that only its own opening fits."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.canonical import Json, encode, unb64u
from hub.protocols.entry import FILLER, Opening, check_opening, commit, filler, parse_opening
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.merkle import leaf_hash

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors/own/entry.json").read_text())
SALT = bytes(range(32))
RECORD: Json = {"kind": "release", "agreement": "agr_kent-medway-movers", "version": 3, "parts": ["identity"]}

RECORDS: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SALTS = st.binary(min_size=32, max_size=32)


def test_the_leaf_is_what_sha256sum_prints_for_the_opening() -> None:
    """The commitment can be checked with no software of ours: SHA-256 over the opening's bytes."""
    opening = Opening(RECORD, SALT)
    assert opening.encode() == (
        b'{"format":"mxh-entry-1","record":{"agreement":"agr_kent-medway-movers","kind":"release",'
        b'"parts":["identity"],"version":3},"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}'
    )
    assert commit(RECORD, SALT).hex() == "c3e820a75960d8a3366e6c9f4d20e8baba1aa3687d4a8303f177780a3d1d84f1"


@given(RECORDS, SALTS)
def test_an_opening_fits_its_own_leaf(record: Json, salt: bytes) -> None:
    """Every record can be opened against the leaf that was made for it, also after transport."""
    opening = parse_opening(Opening(record, salt).encode())
    check_opening(opening, commit(record, salt))
    assert opening == Opening(record, salt)


@given(RECORDS, RECORDS, SALTS, SALTS)
def test_no_other_record_or_salt_fits(record: Json, other: Json, salt: bytes, other_salt: bytes) -> None:
    """A party cannot be shown another record, or the same under another salt, for a leaf."""
    if encode(record) != encode(other):
        with pytest.raises(Untrusted) as fault:
            check_opening(Opening(other, salt), commit(record, salt))
        assert fault.value.code == "entry-opening"
    if salt != other_salt:
        with pytest.raises(Untrusted):
            check_opening(Opening(record, other_salt), commit(record, salt))


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["leaf"])
def test_published_openings_fit_their_leaves(case: dict[str, Any]) -> None:
    """Each published opening is spelt as we spell it, and gives the leaf and the hash beside it."""
    opening, leaf = parse_opening(case["opening"].encode()), unb64u(case["leaf"])
    check_opening(opening, leaf)
    assert opening.encode() == case["opening"].encode()
    assert leaf_hash(leaf) == unb64u(case["leaf_hash"])
    assert opening.is_filler is case["filler"]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["leaf"])
def test_every_truncation_and_flipped_bit_of_a_published_opening_is_refused(case: dict[str, Any]) -> None:
    """A damaged opening either cannot be read or does not fit: never a raw error, never a yes."""
    data, leaf = case["opening"].encode(), unb64u(case["leaf"])
    damaged = [data[:end] for end in range(len(data))]
    for at in range(len(data)):
        damaged += [data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :] for bit in range(8)]
    for bad in damaged:
        with pytest.raises(ProtocolError):
            check_opening(parse_opening(bad), leaf)


def test_a_filler_looks_like_any_other_leaf_and_opens_as_a_filler() -> None:
    """Only who holds the opening can tell a leaf that stands for nothing."""
    opening = filler(SALT)
    assert opening == Opening(FILLER, SALT)
    assert opening.is_filler
    assert not Opening(RECORD, SALT).is_filler
    leaf = commit(opening.record, opening.salt)
    check_opening(opening, leaf)
    assert len(leaf) == len(commit(RECORD, SALT)) == 32


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_of_another_length_is_refused(length: int) -> None:
    """A short salt would let the record be guessed."""
    with pytest.raises(MalformedMessage) as fault:
        commit(RECORD, bytes(length))
    assert fault.value.code == "entry-salt"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"format": "mxh-entry-2", "record": RECORD, "salt": "A" * 43}, "entry-format"),
        ({"format": "mxh-entry-1", "record": RECORD, "salt": "A" * 42}, "binary-size"),
        ({"format": "mxh-entry-1", "record": RECORD}, "field-missing"),
        ({"format": "mxh-entry-1", "record": RECORD, "salt": "A" * 43, "note": ""}, "field-unknown"),
        ([], "field-type"),
    ],
)
def test_another_form_of_opening_is_refused_with_its_code(value: Json, code: str) -> None:
    """Another version, a short salt, a missing or an unknown field: each has its own code."""
    with pytest.raises(MalformedMessage) as fault:
        parse_opening(encode(value))
    assert fault.value.code == code
