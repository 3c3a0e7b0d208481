"""A member's word that it joins an agreement: read as it was signed, by its own key, in its one form."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.protocols import canonical
from hub.protocols.accession import Accession, read_accession, reload_accession, sign_accession
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.names import AgreementId
from hub.protocols.signature_keys import DocumentKey
from hub.protocols.signing import Typ, sign_document
from tests.vectors import generate

KEY = DocumentKey.generate()
PARTY: Json = {
    "member": "mbr_surrey",
    "name": "Surrey County Council",
    "group": "councils",
    "signatory": "Director",
}
ACCESSION = Accession(
    AgreementId("agr_kent-medway-movers"),
    1,
    canonical.digest(b"the document"),
    PARTY,
    datetime(2026, 11, 22, 4, 0, tzinfo=UTC),
)


def test_it_is_read_as_it_was_signed() -> None:
    """With the newcomer's own words about itself."""
    signed = sign_accession(ACCESSION, KEY)
    assert read_accession(signed, KEY.public) == reload_accession(signed) == ACCESSION
    assert (ACCESSION.member, ACCESSION.name, ACCESSION.group) == (
        "mbr_surrey",
        "Surrey County Council",
        "councils",
    )


def test_the_golden_bytes_are_read_and_made_again() -> None:
    """Another implementation gets the same payload from the same facts, and reads the same facts from it."""
    vector = json.loads(
        (Path(__file__).parents[1] / "vectors/own/authority.json").read_text(encoding="utf-8")
    )
    key = generate.document_key("authority")
    assert read_accession(vector["accession"], key.public) == generate.accession()
    assert _fields(sign_accession(generate.accession(), key))["payload"] == vector["accession"]["payload"]


def test_another_key_and_another_kind_of_paper_are_refused() -> None:
    """Nobody joins for another, and no other document is taken for an accession."""
    with pytest.raises(Untrusted, match="signature-missing"):
        read_accession(sign_accession(ACCESSION, KEY), DocumentKey.generate().public)
    payload = canonical.unb64u(str(_fields(sign_accession(ACCESSION, KEY))["payload"]))
    with pytest.raises(Untrusted, match="typ-unexpected"):
        read_accession(sign_document(payload, Typ.MANDATE, KEY), KEY.public)


@pytest.mark.parametrize(
    "changes",
    [
        {"agreement": "mbr_kent"},
        {"version": "1"},
        {"digest": "short"},
        {"party": "mbr_surrey"},
        {"party": {"member": "agr_x1", "name": "a", "group": "b"}},
        {"party": {"member": "mbr_surrey", "group": "councils"}},
        {"party": {"member": "mbr_surrey", "name": "a", "group": "b" * 41}},
        {"signed_at": "yesterday"},
        {"more": 1},
    ],
)
def test_another_form_is_refused(changes: dict[str, Json]) -> None:
    """Every field, each in its form, and no other."""
    signed = _fields(sign_accession(ACCESSION, KEY))
    payload = _fields(canonical.decode(canonical.unb64u(str(signed["payload"]))))
    spoilt = sign_document(canonical.encode({**payload, **changes}), Typ.ACCESSION, KEY)
    with pytest.raises(MalformedMessage):
        read_accession(spoilt, KEY.public)


def test_every_cut_is_refused_as_malformed_or_untrusted() -> None:
    """Never another error, wherever the payload ends."""
    signed = _fields(sign_accession(ACCESSION, KEY))
    whole = str(signed["payload"])
    for end in range(0, len(whole), 7):
        with pytest.raises(ProtocolError):
            read_accession({**signed, "payload": whole[:end]}, KEY.public)


def _fields(value: Json) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value
