"""The published vectors of our own messages: they open, and making them again gives the same bytes.

A stranger's implementation is held to the same files. They are read here from their JSON alone, as
that stranger would.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.protocols.at_rest import rest_open, vault_open
from hub.protocols.canonical import decode_canonical, digest, parse_instant, unb64u
from hub.protocols.epoch import read_epoch, unwrap_linkage_key
from hub.protocols.keys import DocumentPublicKey, SealingKey, VerifyingKey, read_entry
from hub.protocols.names import NoticeId, Part
from hub.protocols.sealing import check_box_form, check_part_form, open_box, open_part, part_digest, seal_part
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signing import Typ, sign, signers, verify, verify_document
from hub.protocols.suites import registry_document
from tests.vectors import generate

OWN = Path(__file__).parents[1] / "vectors" / "own"


def published(name: str) -> Any:  # noqa: ANN401 - a published file, read as a stranger reads it
    """Return the contents of one file."""
    return json.loads((OWN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", generate.VECTORS)
def test_making_a_file_again_changes_nothing(name: str) -> None:
    """The generator agrees with what is published, byte for byte: the wire has not moved."""
    assert generate.text_of(name) == (OWN / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generate.VECTORS)
def test_a_file_made_from_nothing_differs_in_random_outputs_alone(name: str, tmp_path: Path) -> None:
    """What is said to be exact comes out alike without the published file at hand."""
    made = json.loads(generate.text_of(name, tmp_path))
    if made["for"] == generate.EXACT:
        assert made == published(name)
    else:
        assert made.keys() == published(name).keys()
        assert made != published(name)


def test_published_tokens_verify_and_repeat() -> None:
    """Each kind of token verifies under the published key and is made again alike."""
    vector = published("compact-jws")
    key = SigningKey.from_seed(unb64u(vector["seed"]))
    assert VerifyingKey.from_jwk(vector["jwk"]) == key.public
    assert vector["kid"] == key.key_id
    assert set(vector["tokens"]) == {typ.value for typ in Typ}
    for typ, token in vector["tokens"].items():
        assert verify(token, Typ(typ), key.public) == unb64u(vector["payload"])
        assert sign(unb64u(vector["payload"]), Typ(typ), key) == token


def test_the_published_document_verifies() -> None:
    """Both parties' pairs hold under the published keys."""
    vector = published("signed-document")
    keys = [DocumentPublicKey.from_jwks(party["jwks"]) for party in vector["parties"]]
    assert verify_document(vector["document"], Typ(vector["typ"]), keys) == unb64u(vector["payload"])
    assert signers(vector["document"]) == {party["kid"] for party in vector["parties"]}


def test_published_parts_open_and_repeat() -> None:
    """Every part opens to the published facts and is sealed again alike."""
    parts = published("sealed-part")["parts"]
    assert [row["part"] for row in parts] == [part.value for part in Part]
    for row in parts:
        part, key = Part(row["part"]), unb64u(row["content_key"])
        check_part_form(part, row["jwe"])
        assert part_digest(row["jwe"]) == row["cipher"]
        assert open_part(part, row["jwe"], key, row["plain"]) == row["facts"]
        made = seal_part(part, row["facts"], key, unb64u(row["salt"]), unb64u(row["nonce"]))
        assert (made.jwe, made.plain_digest) == (row["jwe"], row["plain"])


def test_published_boxes_open() -> None:
    """Every box opens to the published keys under its recipient's seed."""
    vector = published("key-box")
    for row in vector["boxes"]:
        key = SealingKey.from_seed(row["recipient"]["suite"], unb64u(row["recipient"]["seed"]))
        assert key.key_id == row["recipient"]["kid"]
        check_box_form(row["box"], key.suite)
        opened = open_box(row["box"], NoticeId(vector["notice"]), key)
        assert opened == {Part(part): unb64u(each) for part, each in row["keys"].items()}


def test_published_directory_entries_read() -> None:
    """Every entry reads under the published identity key, with the facts beside it."""
    vector = published("directory-entry")
    identity = DocumentPublicKey.from_jwks(vector["identity"]["jwks"])
    for row in vector["entries"]:
        entry = read_entry(row["document"], identity)
        assert (entry.member, entry.use, entry.key_id, entry.suite, entry.jwk) == (
            row["member"],
            row["use"],
            row["kid"],
            row["suite"],
            row["jwk"],
        )
        assert entry.valid_from == parse_instant(row["valid_from"])
        assert entry.valid_until == parse_instant(row["valid_until"])


def test_the_published_epoch_reads_and_its_key_unwraps() -> None:
    """The epoch reads under the published custodian, and each box holds its linkage key."""
    vector = published("epoch")
    epoch = read_epoch(vector["document"], DocumentPublicKey.from_jwks(vector["custodian"]["jwks"]))
    assert (epoch.id, epoch.check_value) == (vector["epoch"], unb64u(vector["check"]))
    for row in vector["boxes"]:
        key = SealingKey.from_seed(row["recipient"]["suite"], unb64u(row["recipient"]["seed"]))
        assert unwrap_linkage_key(row["box"], epoch, key) == unb64u(vector["linkage_key"])


def test_published_bytes_at_rest_open() -> None:
    """Both formats of bytes at rest open with what is published beside them."""
    vector = published("at-rest")
    rest, vault = vector["rest"], vector["vault"]
    assert rest_open(unb64u(rest["sealed"]), unb64u(rest["key"]), rest["label"]) == unb64u(rest["blob"])
    assert vault_open(vault["vault"].encode(), vault["passphrase"]) == unb64u(vault["blob"])


def test_the_published_registry_is_the_one_in_use() -> None:
    """The registry document is the one byte string whose digest is published."""
    vector = published("suites")
    data = unb64u(vector["bytes"])
    assert decode_canonical(data) == vector["document"] == registry_document()
    assert digest(data) == vector["sha256"]
