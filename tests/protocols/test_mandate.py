"""An authority's signed word: mandate, standing request, suspension."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.protocols.canonical import Json, decode, encode
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import DocumentKey, DocumentPublicKey
from hub.protocols.mandate import (
    Change,
    read_mandate,
    read_suspension,
    reload_suspension,
    sign_mandate,
    sign_suspension,
)
from hub.protocols.names import MemberId
from hub.protocols.signing import Typ, sign_document, verify_document
from tests.protocols.bad_fields import assert_fields_guarded
from tests.protocols.mutations import assert_document_guarded
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/authority.json").read_text(encoding="utf-8")
)
AUTHORITY = generate.document_key("authority")
KINDS = pytest.mark.parametrize(
    ("name", "typ"), [("mandate", Typ.MANDATE), ("standing_request", Typ.STANDING_REQUEST)]
)


@KINDS
def test_the_published_words_read(name: str, typ: Typ) -> None:
    """A stranger reads them with the published pair of keys."""
    key = DocumentPublicKey.from_jwks(VECTOR["authority"]["jwks"])
    assert read_mandate(VECTOR[name], typ, key) == generate.mandate()


def test_the_published_suspension_reads() -> None:
    """So it is with a party's word on an agreement."""
    key = DocumentPublicKey.from_jwks(VECTOR["authority"]["jwks"])
    assert read_suspension(VECTOR["suspension"], key) == generate.suspension()


@KINDS
def test_a_word_reads_back(name: str, typ: Typ) -> None:
    """What the authority signs anew says the same, over the same bytes."""
    made = sign_mandate(generate.mandate(), typ, AUTHORITY)
    assert read_mandate(made, typ, AUTHORITY.public) == generate.mandate()
    assert isinstance(made, dict)
    assert made["payload"] == VECTOR[name]["payload"]


@pytest.mark.parametrize("change", list(Change))
def test_every_change_reads_back(change: Change) -> None:
    """Suspend, resume, end."""
    word = replace(generate.suspension(), change=change)
    signed = sign_suspension(word, AUTHORITY)
    assert read_suspension(signed, AUTHORITY.public) == word
    assert reload_suspension(signed) == word


@pytest.mark.parametrize("name", ["mandate", "standing_request", "suspension"])
def test_every_cut_and_every_changed_byte_is_refused(name: str) -> None:
    """No truncation and no flipped byte goes unnoticed, in either signature."""
    assert_document_guarded(VECTOR[name], _reader(name))


@pytest.mark.parametrize("name", ["mandate", "standing_request", "suspension"])
def test_every_field_is_checked(name: str) -> None:
    """A missing, unknown or odd field is refused although the authority signed it."""
    typ = _typ(name)
    payload = decode(verify_document(VECTOR[name], typ, [AUTHORITY.public]))
    assert_fields_guarded(
        payload,
        lambda changed: _reader(name)(sign_document(encode(changed), typ, AUTHORITY)),
        {"version": [0, 2**53 - 1]},
    )


@pytest.mark.parametrize(
    "empty",
    [
        replace(generate.mandate(), valid_until=generate.START),
        replace(generate.mandate(), valid_from=generate.END),
        replace(generate.mandate(), other=generate.KENT),
    ],
)
def test_a_mandate_for_no_time_or_for_oneself_is_refused(empty: Any) -> None:  # noqa: ANN401 - as parametrised
    """A mandate ends after it begins and is for another member."""
    with pytest.raises(MalformedMessage, match="mandate-empty"):
        read_mandate(sign_mandate(empty, Typ.MANDATE, AUTHORITY), Typ.MANDATE, AUTHORITY.public)


def test_a_mandate_is_no_standing_request() -> None:
    """One kind of word is not taken for the other."""
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_mandate(VECTOR["mandate"], Typ.STANDING_REQUEST, AUTHORITY.public)
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_suspension(VECTOR["mandate"], AUTHORITY.public)


def test_nobody_else_speaks_for_an_authority() -> None:
    """A word by another pair of keys is not believed."""
    stranger = DocumentKey.generate()
    with pytest.raises(Untrusted, match="signature-missing"):
        read_mandate(VECTOR["mandate"], Typ.MANDATE, stranger.public)
    with pytest.raises(Untrusted, match="signature-missing"):
        read_suspension(VECTOR["suspension"], stranger.public)


def test_bytes_that_are_not_canonical_are_refused() -> None:
    """Documents of long life have one byte string: a space more is another document."""
    spaced = json.dumps(
        {"authority": "mbr_kent", "other": MemberId("mbr_made-up"), "valid_from": "x", "valid_until": "y"}
    ).encode()
    with pytest.raises(MalformedMessage, match="json-not-canonical"):
        read_mandate(sign_document(spaced, Typ.MANDATE, AUTHORITY), Typ.MANDATE, AUTHORITY.public)


def _typ(name: str) -> Typ:
    return {"mandate": Typ.MANDATE, "standing_request": Typ.STANDING_REQUEST}.get(name, Typ.SUSPENSION)


def _reader(name: str) -> Callable[[Json], object]:
    if name == "suspension":
        return lambda document: read_suspension(document, AUTHORITY.public)
    return lambda document: read_mandate(document, _typ(name), AUTHORITY.public)
