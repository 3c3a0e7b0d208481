"""Keys that things are sealed to: one kind for each suite, written as JWK, named by thumbprint."""

import pytest

from hub.protocols.canonical import Json, b64u
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.sealing_keys import SealingKey, SealingPublicKey
from hub.protocols.suites import CLASSICAL, HYBRID, SUITES

HYBRID_KEY = SealingKey.from_seed(HYBRID.id, bytes(range(32)))
CURVE_KEY = SealingKey.from_seed(CLASSICAL.id, bytes(range(32)))


@pytest.mark.parametrize("suite_id", SUITES)
def test_a_generated_key_repeats_from_its_seed_and_its_jwk(suite_id: str) -> None:
    """The seed gives the key again, the JWK its public half, and the id is that of both."""
    key = SealingKey.generate(suite_id)
    assert SealingKey.from_seed(suite_id, key.seed) == key
    assert SealingPublicKey.from_jwk(key.public.jwk) == key.public
    assert key.key_id == key.public.key_id
    assert key.public.suite.id == suite_id
    assert key != SealingKey.generate(suite_id)


def test_the_two_kinds_are_written_as_their_standards_say() -> None:
    """The hybrid key is of type AKP with its algorithm, the P-256 key of type EC."""
    assert HYBRID_KEY.public.jwk == {
        "alg": "HPKE-9-KE",
        "kty": "AKP",
        "pub": b64u(HYBRID_KEY.public.raw),
    }
    jwk = CURVE_KEY.public.jwk
    assert {name: jwk[name] for name in ("alg", "kty", "crv")} == {
        "alg": "HPKE-7-KE",
        "kty": "EC",
        "crv": "P-256",
    }


def test_an_unknown_suite_has_no_keys() -> None:
    """A key is made for a suite of the registry alone."""
    with pytest.raises(Untrusted, match="suite-unknown"):
        SealingKey.generate("MN-1999Z")
    with pytest.raises(Untrusted, match="suite-unknown"):
        SealingKey.from_seed("MN-1999Z", bytes(32))


def test_a_seed_that_is_no_key_is_refused() -> None:
    """A seed has 32 bytes; on P-256 zero and numbers beyond the order are no keys."""
    for suite_id in SUITES:
        with pytest.raises(MalformedMessage, match="key-size"):
            SealingKey.from_seed(suite_id, bytes(31))
    for seed in (bytes(32), b"\xff" * 32):
        with pytest.raises(MalformedMessage, match="key-unusable"):
            SealingKey.from_seed(CLASSICAL.id, seed)


def test_bytes_that_are_no_public_key_are_refused() -> None:
    """A wrong length, a point off the curve and an ML-KEM key out of range are refused."""
    for suite, raw in (
        (HYBRID, b""),
        (HYBRID, HYBRID_KEY.public.raw[:-1]),
        (HYBRID, b"\xff" * 1216),
        (CLASSICAL, b"\x04" + b"\x01" * 64),
        (CLASSICAL, b"\x02" + CURVE_KEY.public.raw[1:33]),
    ):
        with pytest.raises(MalformedMessage, match="key-unusable"):
            SealingPublicKey(suite, raw)


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        ({**HYBRID_KEY.public.jwk, "priv": b64u(HYBRID_KEY.seed)}, "field-unknown"),
        ({**CURVE_KEY.public.jwk, "d": b64u(CURVE_KEY.seed)}, "field-unknown"),
        ({**HYBRID_KEY.public.jwk, "alg": "HPKE-10-KE"}, "suite-unknown"),
        ({**HYBRID_KEY.public.jwk, "alg": "HPKE-7-KE"}, "field-missing"),
        ({**HYBRID_KEY.public.jwk, "kty": "OKP"}, "key-kind"),
        ({**CURVE_KEY.public.jwk, "alg": "HPKE-9-KE"}, "key-kind"),
        ({**CURVE_KEY.public.jwk, "kty": "OKP"}, "key-kind"),
        ({**CURVE_KEY.public.jwk, "crv": "P-384"}, "key-kind"),
        ({**CURVE_KEY.public.jwk, "use": "sig"}, "key-marks"),
        ({**CURVE_KEY.public.jwk, "kid": "medway"}, "key-marks"),
        ({**CURVE_KEY.public.jwk, "x": b64u(bytes(31))}, "binary-size"),
        ({**CURVE_KEY.public.jwk, "x": b64u(bytes(32))}, "key-unusable"),
        ({**HYBRID_KEY.public.jwk, "pub": b64u(bytes(1215))}, "binary-size"),
        ([], "field-type"),
    ],
)
def test_a_jwk_of_another_kind_or_purpose_is_refused(jwk: Json, code: str) -> None:
    """Private members, other families, other uses and numbers that drafts have moved are refused."""
    with pytest.raises(ProtocolError, match=code):
        SealingPublicKey.from_jwk(jwk)


def test_marks_that_agree_are_taken() -> None:
    """A JWK that says what it is for, rightly, is the same key."""
    marked: Json = {**HYBRID_KEY.public.jwk, "use": "enc", "kid": HYBRID_KEY.key_id}
    assert SealingPublicKey.from_jwk(marked) == HYBRID_KEY.public


def test_no_private_key_shows_in_a_representation() -> None:
    """What a log line or a traceback could print holds no seed."""
    assert "seed" not in repr(HYBRID_KEY)
    assert repr(HYBRID_KEY.seed) not in repr(HYBRID_KEY)
