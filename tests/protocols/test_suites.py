"""The registry of suites: what a name means, and what the machine must be able to do."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa

from hub.protocols.errors import Untrusted
from hub.protocols.suites import (
    CLASSICAL,
    HYBRID,
    SUITES,
    Suite,
    registry_document,
    self_test,
    suite,
    suite_of_alg,
)


def test_the_strongest_suite_stands_first_and_is_hybrid() -> None:
    """The default suite is the post-quantum hybrid one, under its IANA code points."""
    first = next(iter(SUITES.values()))
    assert first is HYBRID
    assert (first.jose_alg, first.kem, first.kdf, first.aead) == ("HPKE-9-KE", 0x647A, 0x0011, 0x0002)


def test_a_second_suite_serves_hardware_that_knows_p256() -> None:
    """Two suites exist, so that changing from one to another is exercised."""
    assert suite("MN-2026B") is CLASSICAL
    assert (CLASSICAL.jose_alg, CLASSICAL.kem, CLASSICAL.kdf, CLASSICAL.aead) == (
        "HPKE-7-KE",
        0x0010,
        0x0001,
        0x0002,
    )


def test_no_two_suites_share_an_alg() -> None:
    """The `alg` of a box names one suite, so that a key finds its suite by it."""
    assert len({row.jose_alg for row in SUITES.values()}) == len(SUITES)
    assert [suite_of_alg(row.jose_alg) for row in SUITES.values()] == list(SUITES.values())


def test_an_unknown_suite_is_refused() -> None:
    """A name or alg that the registry does not have is refused, whatever a draft once meant by it."""
    with pytest.raises(Untrusted, match="suite-unknown"):
        suite("MN-1999Z")
    with pytest.raises(Untrusted, match="suite-unknown"):
        suite_of_alg("HPKE-10-KE")


def _with_period(valid_from: datetime, sunset: datetime | None) -> Suite:
    row = HYBRID
    return Suite(
        row.id,
        row.jose_alg,
        row.kem,
        row.kdf,
        row.aead,
        row.enc,
        row.signatures,
        row.hash,
        valid_from,
        sunset,
    )


def test_a_suite_is_in_force_from_its_first_moment_up_to_its_sunset(now: datetime) -> None:
    """The first moment counts, the sunset does not, and without a sunset there is no end."""
    ending = _with_period(now, now + timedelta(days=1))
    assert [ending.in_force(now + timedelta(days=days)) for days in (-1, 0, 1)] == [False, True, False]
    assert _with_period(now, None).in_force(now + timedelta(days=9_999))


def test_the_registry_document_carries_every_row() -> None:
    """What is published, signed and logged names every suite with its code points and its end."""
    document = registry_document()
    assert isinstance(document, dict)
    assert document["version"] == 1
    assert document["suites"] == [row.to_json() for row in SUITES.values()]
    assert HYBRID.to_json()["sunset"] is None
    ending = _with_period(HYBRID.valid_from, datetime(2031, 1, 1, tzinfo=UTC))
    assert ending.to_json() == {
        "suite": "MN-2026A",
        "jose_alg": "HPKE-9-KE",
        "kem": 25722,
        "kdf": 17,
        "aead": 2,
        "enc": "A256GCM",
        "signatures": ["Ed25519"],
        "hash": "sha-256",
        "valid_from": "2026-01-01T00:00:00Z",
        "sunset": "2031-01-01T00:00:00Z",
    }


def test_self_test_passes_where_the_library_can_do_the_suites() -> None:
    """The pinned cryptography wheel has ML-KEM and ML-DSA."""
    self_test()


def test_self_test_refuses_a_library_without_ml_dsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that lacks an algorithm is named at start-up, not at the first notice."""

    def lacking() -> mldsa.MLDSA65PrivateKey:
        raise UnsupportedAlgorithm("ML-DSA-65 is not supported by this backend.")

    monkeypatch.setattr(mldsa.MLDSA65PrivateKey, "generate", lacking)
    with pytest.raises(Untrusted, match="cryptography-incomplete"):
        self_test()
