"""Wycheproof's attacks on JWS, Ed25519, X25519 and ECDSA, run where they apply to what we verify.

What applies:
- `ed25519_test.json`: every case, against `VerifyingKey`.
- `json_web_signature_test.json`: every token, against `verify` and `key_id_of`. None is signed with
  Ed25519, so none may be accepted, and none may fail in another way than by a typed refusal. Its
  ES256 groups also run against the key of a proof of possession, the one place where ECDSA is
  verified here.
- `x25519_test.json`: X25519 is used inside the hybrid KEM alone, through the library, so its cases
  run against the library's X25519 half that a sealing key is made of.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from hub.protocols.canonical import b64u, encode, unb64u
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.keys import SealingKey, SigningKey, VerifyingKey
from hub.protocols.names import NoticeId
from hub.protocols.proof_key import ProofKey, proof_key
from hub.protocols.sealing import seal_box
from hub.protocols.sealing_keys import SealingPublicKey
from hub.protocols.signing import Typ, key_id_of, verify
from hub.protocols.suites import HYBRID

VECTORS = Path(__file__).parents[1] / "vectors" / "wycheproof"
KEY = SigningKey.from_seed(bytes(range(32)))

NOT_APPLICABLE = {
    "hs256": "a MAC: we have no symmetric signatures, the tokens run as refusals alone",
    "base64": "HS256 again; the same spellings are tried on our own tokens in test_signing",
    "rs256": "RSA: refused as an algorithm",
    "rs384": "RSA: refused as an algorithm",
    "rs512": "RSA: refused as an algorithm",
    "ps256": "RSA: refused as an algorithm",
    "ps384": "RSA: refused as an algorithm",
    "ps512": "RSA: refused as an algorithm",
    "rfc7520": "RSA, P-521 and HMAC: refused as algorithms",
    "rfc7520WithKeyOps": "RSA, P-521 and HMAC: refused as algorithms",
    "rsa_encryption": "RSA: refused as an algorithm",
}
"""Groups of JWS cases whose signatures are not verified here, each with its reason."""

ECDSA = {"es256", "SpecialCaseEs256", "ec_key_for_encryption"}
"""Groups of JWS cases whose signatures a proof of possession could carry."""


def groups(name: str) -> list[dict[str, Any]]:
    """Return the groups of one file."""
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text())["testGroups"]
    return found


JWS = groups("json_web_signature_test.json")


def test_every_group_of_jws_cases_is_accounted_for() -> None:
    """A group runs against ECDSA or has a reason why its signatures do not apply."""
    assert {group["comment"] for group in JWS} == ECDSA | set(NOT_APPLICABLE)
    assert sum(len(group["tests"]) for group in JWS) == 401


@pytest.mark.parametrize(
    "group", groups("ed25519_test.json"), ids=lambda group: group["publicKeyJwk"]["x"][:8]
)
def test_ed25519_signatures_are_judged_as_wanted(group: dict[str, Any]) -> None:
    """Valid signatures verify; truncated, malleable and foreign ones are refused."""
    key = VerifyingKey.from_jwk({name: group["publicKeyJwk"][name] for name in ("kty", "crv", "x")})
    assert key == VerifyingKey(bytes.fromhex(group["publicKey"]["pk"]))
    for case in group["tests"]:
        signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
        if case["result"] == "valid":
            key.verify(signature, message)
        else:
            with pytest.raises(Untrusted, match="signature-invalid"):
                key.verify(signature, message)


@pytest.mark.parametrize("group", JWS, ids=lambda group: group["comment"])
def test_no_foreign_token_is_accepted(group: dict[str, Any]) -> None:
    """Not one of 401 tokens passes for ours, and each is refused with a typed error."""
    for case in group["tests"]:
        text = case["jws"] if isinstance(case["jws"], str) else json.dumps(case["jws"])
        with pytest.raises(ProtocolError):
            verify(text, Typ.NOTICE, KEY.public)
        with pytest.raises(ProtocolError):
            key_id_of(text, Typ.NOTICE)


def _proof_key(public: dict[str, Any]) -> ProofKey:
    """Return the key as the header of a proof of possession would carry it."""
    jwk = {name: value for name, value in public.items() if name != "d"}
    return proof_key(b64u(encode({"alg": "ES256", "jwk": jwk, "typ": "dpop+jwt"})))


@pytest.mark.parametrize("comment", ["es256", "SpecialCaseEs256"])
def test_es256_signatures_are_judged_as_wanted(comment: str) -> None:
    """Under the key of a proof, r or s of 0, of the order or beyond it, and every change, are refused."""
    group = next(group for group in JWS if group["comment"] == comment)
    key = _proof_key(group.get("public") or group["private"])
    for case in group["tests"]:
        signed, _, signature = case["jws"].rpartition(".")
        if case["result"] == "valid":
            key.verify(unb64u(signature), signed.encode())
        else:
            with pytest.raises(ProtocolError):
                key.verify(unb64u(signature), signed.encode())


def test_a_key_for_encryption_is_no_key_of_a_proof() -> None:
    """A P-256 key marked for encryption, by `use` or by `key_ops`, is refused."""
    found = [group for group in JWS if group["comment"] == "ec_key_for_encryption"]
    assert len(found) == 2
    for group in found:
        with pytest.raises(Untrusted, match="dpop-key"):
            _proof_key(group.get("public") or group["private"])


def test_x25519_of_the_library_agrees_or_refuses() -> None:
    """The half of the hybrid KEM gives the published secrets; a shared secret of zeros is refused."""
    zeros = 0
    for case in groups("x25519_test.json")[0]["tests"]:
        private = X25519PrivateKey.from_private_bytes(bytes.fromhex(case["private"]))
        public = X25519PublicKey.from_public_bytes(bytes.fromhex(case["public"]))
        if "ZeroSharedSecret" in case["flags"]:
            zeros += 1
            with pytest.raises(ValueError, match="shared key"):
                private.exchange(public)
        else:
            assert private.exchange(public).hex() == case["shared"]
    assert zeros > 0


def test_nothing_is_sealed_to_a_published_point_of_small_order() -> None:
    """A hybrid key whose X25519 half gives a secret of zeros is refused with a typed error."""
    lattice = SealingKey.from_seed(HYBRID.id, bytes(32)).public.raw[:1184]
    for case in groups("x25519_test.json")[0]["tests"]:
        if "ZeroSharedSecret" in case["flags"]:
            key = SealingPublicKey(HYBRID, lattice + bytes.fromhex(case["public"]))
            with pytest.raises(Untrusted, match="key-unusable"):
                seal_box({}, NoticeId("ntc_01k00000000000000000000000"), key)
