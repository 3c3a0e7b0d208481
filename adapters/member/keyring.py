"""A member's private keys and linkage keys, sealed at rest.

The identity key signs directory entries and agreements; the signing key signs notices and
answers; sealing keys open key boxes; the access key proves who calls the hub; linkage keys make
identifier tokens; the vault key seals the gateway's own records. All lie in one file, sealed
under a passphrase or the bytes of a key file: a copied home without them is useless.
"""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.member.errors import GatewayFault
from hub.protocols import canonical
from hub.protocols.at_rest import VAULT_COST, VaultCost, vault_open, vault_seal
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import DocumentKey, KeyUse, SealingKey, SigningKey, entry_for, sign_entry
from hub.protocols.names import EpochId, KeyId, MemberId
from hub.protocols.suites import HYBRID

KEY_PERIOD: Final = timedelta(days=456)
"""Keys live a year and overlap three months, so that nobody is cut off on one day."""

KEY_FILE_COST: Final = VaultCost(memory=8, iterations=1, lanes=1)
"""Under a key file of 32 random bytes nothing is gained by making each guess dear."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything secret that a member holds."""

    identity_seeds: tuple[bytes, bytes]
    signing: SigningKey
    access: SigningKey
    sealing: tuple[SealingKey, ...]
    vault: bytes
    linkage: dict[EpochId, bytes]

    def __repr__(self) -> str:
        """Say nothing: a repr ends in logs and tracebacks."""
        return "Keyring(...)"

    @property
    def identity(self) -> DocumentKey:
        """The pair that signs directory entries and papers."""
        return DocumentKey.from_seeds(*self.identity_seeds)

    def sealing_key(self, key_id: KeyId) -> SealingKey:
        """The sealing key that a box names; raise `GatewayFault` where it is not ours."""
        for key in self.sealing:
            if key.key_id == key_id:
                return key
        raise GatewayFault("box-other-key", "the key box is for a key that this gateway does not hold")

    def with_linkage(self, epoch: EpochId, key: bytes) -> "Keyring":
        """The keyring with one more epoch's linkage key."""
        return replace(self, linkage=self.linkage | {epoch: key})


def new_keyring() -> Keyring:
    """Make every key of a new member."""
    return Keyring(
        identity_seeds=(os.urandom(32), os.urandom(32)),
        signing=SigningKey.generate(),
        access=SigningKey.generate(),
        sealing=(SealingKey.generate(HYBRID.id),),
        vault=os.urandom(32),
        linkage={},
    )


def directory_documents(keyring: Keyring, member: MemberId, now: datetime) -> list[Json]:
    """The signed directory entries of a new member's signing, access and sealing keys."""
    begin = now.astimezone(UTC).replace(microsecond=0)
    until = begin + KEY_PERIOD
    uses = (
        (KeyUse.SIGNING, keyring.signing.public),
        (KeyUse.ACCESS, keyring.access.public),
        (KeyUse.SEALING, keyring.sealing[-1].public),
    )
    return [sign_entry(entry_for(member, use, key, begin, until), keyring.identity) for use, key in uses]


def save_keyring(path: Path, keyring: Keyring, secret: bytes, cost: VaultCost = VAULT_COST) -> None:
    """Write the keyring, sealed; a crash leaves the old file or the new one."""
    body: Json = {
        "identity": [canonical.b64u(seed) for seed in keyring.identity_seeds],
        "signing": canonical.b64u(keyring.signing.seed),
        "access": canonical.b64u(keyring.access.seed),
        "sealing": [{"suite": key.suite.id, "seed": canonical.b64u(key.seed)} for key in keyring.sealing],
        "vault": canonical.b64u(keyring.vault),
        "linkage": {epoch: canonical.b64u(key) for epoch, key in keyring.linkage.items()},
    }
    write_private(path, vault_seal(canonical.encode(body), secret, cost=cost))


def load_keyring(path: Path, secret: bytes) -> Keyring:
    """Open the keyring; raise `GatewayFault` where passphrase or key file do not fit."""
    try:
        reader = Reader(canonical.decode(vault_open(path.read_bytes(), secret)), "keyring")
        return _read(reader)
    except FileNotFoundError:
        raise GatewayFault("no-keyring", "this home has no keys yet: run `hub gateway init` in it") from None
    except ProtocolError as fault:
        raise GatewayFault("keyring-closed", "passphrase or key file do not open the keyring") from fault


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # left by a crash, perhaps with another mode
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)  # the new name itself must survive a power cut
    os.close(folder)


def _read(reader: Reader) -> Keyring:
    identity = [canonical.unb64u(seed, 32) for seed in reader.list_of_text("identity")]
    linkage = reader.value("linkage")
    keyring = Keyring(
        identity_seeds=(identity[0], identity[1]),
        signing=SigningKey.from_seed(reader.binary("signing", 32)),
        access=SigningKey.from_seed(reader.binary("access", 32)),
        sealing=tuple(
            SealingKey.from_seed(one.text("suite"), one.binary("seed", 32))
            for one in reader.objects("sealing")
        ),
        vault=reader.binary("vault", 32),
        linkage={
            EpochId(epoch): canonical.unb64u(str(key), 32)
            for epoch, key in (linkage.items() if isinstance(linkage, dict) else ())
        },
    )
    reader.done()
    return keyring
