"""The examples of RFC 7520, RFC 7797 and RFC 8037: what is ours is matched, the rest is refused.

One example uses an algorithm that we sign with (RFC 8037, Ed25519): `test_signature_keys` matches
its thumbprint and its signature byte for byte. All others use RSA, HMAC, P-521, AES key wrap,
PBES2, ECDH-ES or RSA encryption, which nothing here accepts: they run as refusals.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.protocols.errors import ProtocolError
from hub.protocols.jwe import read_jwe
from hub.protocols.keys import DocumentKey, SigningKey
from hub.protocols.names import Part
from hub.protocols.sealing import check_part_form
from hub.protocols.sealing_keys import SealingPublicKey
from hub.protocols.signature_keys import VerifyingKey
from hub.protocols.signing import Typ, verify, verify_document

COOKBOOK = Path(__file__).parents[1] / "vectors" / "jose-cookbook"
EXAMPLES = {path.name: json.loads(path.read_text()) for path in sorted(COOKBOOK.glob("*.json"))}
TOKENS = {name: each["output"] for name, each in EXAMPLES.items() if "output" in each}
NESTED = "6.nesting_signatures_and_encryption.json"
KEYS = {name: each for name, each in EXAMPLES.items() if name.startswith("jwk_")}
KEY = SigningKey.from_seed(bytes(32))
PARTY = DocumentKey.from_seeds(bytes(32), bytes(32))


def test_every_example_is_accounted_for() -> None:
    """Each file holds a token, a key or two nested tokens; one only describes the package."""
    assert set(EXAMPLES) == set(TOKENS) | set(KEYS) | {NESTED, "package.json"}
    assert (len(TOKENS), len(KEYS)) == (25, 6)


def compact_forms() -> Iterator[Any]:
    """Yield every compact token, those inside the nested example among them."""
    for name, output in TOKENS.items():
        if "compact" in output:
            yield pytest.param(output["compact"], id=name)
    for step in ("sign", "encrypt"):
        yield pytest.param(EXAMPLES[NESTED][step]["output"]["compact"], id=f"{NESTED}-{step}")


@pytest.mark.parametrize("token", list(compact_forms()))
def test_a_foreign_compact_token_is_refused_everywhere(token: str) -> None:
    """No reader of ours takes it, and none fails in another way than by a typed refusal."""
    with pytest.raises(ProtocolError):
        verify(token, Typ.NOTICE, KEY.public)
    with pytest.raises(ProtocolError):
        read_jwe(token)
    with pytest.raises(ProtocolError):
        check_part_form(Part.IDENTITY, token)


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("form", ["json", "json_flat"])
def test_a_foreign_json_token_is_refused(name: str, form: str) -> None:
    """Neither general nor flattened JSON of another algorithm passes for a document."""
    with pytest.raises(ProtocolError):
        verify_document(TOKENS[name].get(form), Typ.AGREEMENT, [PARTY.public])


@pytest.mark.parametrize("name", KEYS)
def test_a_foreign_key_is_refused(name: str) -> None:
    """RSA, P-521 and symmetric keys are keys of nobody here, neither for signing nor for sealing."""
    with pytest.raises(ProtocolError):
        VerifyingKey.from_jwk(KEYS[name])
    with pytest.raises(ProtocolError):
        SealingPublicKey.from_jwk(KEYS[name])
