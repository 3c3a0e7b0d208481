"""Which algorithms may be used together: the registry of suites.

Decides, for senders, hub and recipients alike, what a suite's name means. The meaning of a row
never changes: a renumbering in a draft, or a new algorithm, is a new row. Rows are keyed by the
IANA code points of HPKE (RFC 9180 section 7, draft-ietf-hpke-pq) since names in drafts have moved
while code points have not. There is no negotiation on the wire: the sender takes the strongest
suite that is in force and that the recipient's directory entry has.

Two suites exist from the first day, so that changing from one to another is everyday work.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem

from hub.protocols.canonical import Json, instant
from hub.protocols.errors import Untrusted

REGISTRY_VERSION: Final = 1
"""Version of the published registry document: one more whenever a row is added or gets a sunset."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One row: what a sender and a recipient must both do."""

    id: str
    jose_alg: str
    """`alg` of a key box (draft-ietf-jose-hpke-encrypt, draft-ietf-jose-hpke-pq-pqt)."""
    kem: int
    kdf: int
    aead: int
    enc: str
    """Content encryption of key boxes and sealed parts (RFC 7518 section 5.1)."""
    signatures: tuple[str, ...]
    hash: str
    valid_from: datetime
    sunset: datetime | None
    """From this moment nothing new may be sealed with the suite; None while no end is set."""

    def in_force(self, now: datetime) -> bool:
        """Tell whether something may be sealed with this suite at `now`."""
        return self.valid_from <= now and (self.sunset is None or now < self.sunset)

    def to_json(self) -> dict[str, Json]:
        """Return the row as the registry document carries it."""
        return {
            "suite": self.id,
            "jose_alg": self.jose_alg,
            "kem": self.kem,
            "kdf": self.kdf,
            "aead": self.aead,
            "enc": self.enc,
            "signatures": list(self.signatures),
            "hash": self.hash,
            "valid_from": instant(self.valid_from),
            "sunset": None if self.sunset is None else instant(self.sunset),
        }


_FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)

HYBRID: Final = Suite(
    id="MN-2026A",
    jose_alg="HPKE-9-KE",
    kem=0x647A,
    kdf=0x0011,
    aead=0x0002,
    enc="A256GCM",
    signatures=("Ed25519",),
    hash="sha-256",
    valid_from=_FIRST_DAY,
    sunset=None,
)
"""MLKEM768-X25519 (X-Wing), SHAKE256, AES-256-GCM: the default. A child's address must stay secret
for longer than X25519 alone can be trusted to hold."""

CLASSICAL: Final = Suite(
    id="MN-2026B",
    jose_alg="HPKE-7-KE",
    kem=0x0010,
    kdf=0x0001,
    aead=0x0002,
    enc="A256GCM",
    signatures=("Ed25519",),
    hash="sha-256",
    valid_from=_FIRST_DAY,
    sunset=None,
)
"""P-256, HKDF-SHA256, AES-256-GCM: for members whose key hardware knows only P-256."""

SUITES: Final[dict[str, Suite]] = {row.id: row for row in (HYBRID, CLASSICAL)}
"""Every suite by its name, strongest first."""


def suite(name: str) -> Suite:
    """Return the suite with this name; raise `Untrusted` where the registry has none."""
    try:
        return SUITES[name]
    except KeyError:
        raise Untrusted("suite-unknown", "the registry has no suite of that name") from None


def suite_of_alg(alg: str) -> Suite:
    """Return the suite whose key boxes carry this `alg`; raise `Untrusted` where there is none."""
    for row in SUITES.values():
        if row.jose_alg == alg:
            return row
    raise Untrusted("suite-unknown", "the registry has no suite with that alg")


def registry_document() -> Json:
    """Return the registry as it is published, signed and logged."""
    return {"version": REGISTRY_VERSION, "suites": [row.to_json() for row in SUITES.values()]}


def self_test() -> None:
    """Raise `Untrusted` if the installed `cryptography` lacks what the suites need.

    Run at start-up: a distribution's build on an older OpenSSL has no ML-KEM and no ML-DSA, and
    a process that found out at the first notice would have promised what it cannot do.
    """
    try:
        mlkem.MLKEM768PrivateKey.generate()
        mldsa.MLDSA65PrivateKey.generate()
    except UnsupportedAlgorithm:
        raise Untrusted(
            "cryptography-incomplete", "install the cryptography wheel: this build has no ML-KEM or ML-DSA"
        ) from None
