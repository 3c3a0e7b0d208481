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
from hub.protocols.keys import (
    DocumentKey,
    KeyUse,
    SealingKey,
    SealingPublicKey,
    SigningKey,
    VerifyingKey,
    entry_for,
    sign_entry,
)
from hub.protocols.names import EpochId, KeyId, MemberId
from hub.protocols.suites import HYBRID

KEY_PERIOD: Final = timedelta(days=456)
"""Keys live a year and overlap three months, so that nobody is cut off on one day."""

ROTATE_AFTER: Final = timedelta(days=365)
"""Age at which a gateway makes its next keys by itself."""

KEY_FILE_COST: Final = VaultCost(memory=8, iterations=1, lanes=1)
"""Under a key file of 32 random bytes nothing is gained by making each guess dear."""


@dataclass(frozen=True, slots=True)
class Coming:
    """The next keys: kept before anybody hears of them, used once the log has them."""

    signing: SigningKey
    access: SigningKey
    sealing: SealingKey
    begin: datetime
    """Beginning of their time, so that what a crash interrupts is registered again as it was."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything secret that a member holds."""

    identity_seeds: tuple[bytes, bytes]
    signing: SigningKey
    access: SigningKey
    sealing: tuple[SealingKey, ...]
    vault: bytes
    linkage: dict[EpochId, bytes]
    coming: Coming | None = None
    before: tuple[Json, ...] = ()
    """Public halves of earlier signing and access keys: what we signed with them stays ours."""

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

    @property
    def own_ids(self) -> frozenset[KeyId]:
        """Ids of every key that this member has made, those of before and the coming ones with them."""
        coming = () if self.coming is None else (self.coming.signing, self.coming.access)
        ids = {key.key_id for key in (self.signing, self.access, *coming)}
        earlier = {VerifyingKey.from_jwk(jwk).key_id for jwk in self.before}
        return frozenset(ids | earlier | {key.key_id for key in self.sealing})

    def signed_with(self, key_id: KeyId) -> VerifyingKey:
        """The own key of this id, of now or before; raise `GatewayFault` where it is not ours."""
        for key in (self.signing.public, *map(VerifyingKey.from_jwk, self.before)):
            if key.key_id == key_id:
                return key
        raise GatewayFault("key-not-ours", "this notice was signed with a key that this gateway never had")

    def with_coming(self, begin: datetime) -> "Keyring":
        """The keyring with the next keys; the sealing key opens from now on what others seal to it."""
        if self.coming is not None:
            return self
        sealing = SealingKey.generate(HYBRID.id)
        coming = Coming(SigningKey.generate(), SigningKey.generate(), sealing, begin.replace(microsecond=0))
        return replace(self, coming=coming, sealing=(*self.sealing, sealing))

    def turned(self) -> "Keyring":
        """The keyring that signs and calls with the coming keys; the earlier private ones are gone."""
        if self.coming is None:
            return self
        before = (*self.before, self.signing.public.jwk, self.access.public.jwk)
        return replace(
            self, signing=self.coming.signing, access=self.coming.access, coming=None, before=before
        )

    def without_sealing(self, over: frozenset[KeyId]) -> "Keyring":
        """The keyring without sealing keys to which nothing can be sealed any more."""
        return replace(self, sealing=tuple(key for key in self.sealing if key.key_id not in over))

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
    keys = (keyring.signing.public, keyring.access.public, keyring.sealing[-1].public)
    return _entries(keyring, keys, member, now)


def coming_documents(keyring: Keyring, member: MemberId) -> list[Json]:
    """The signed directory entries of the coming keys; always the same ones."""
    coming = keyring.coming
    if coming is None:
        return []
    keys = (coming.signing.public, coming.access.public, coming.sealing.public)
    return _entries(keyring, keys, member, coming.begin)


def _entries(
    keyring: Keyring,
    keys: tuple[VerifyingKey, VerifyingKey, SealingPublicKey],
    member: MemberId,
    now: datetime,
) -> list[Json]:
    begin = now.astimezone(UTC).replace(microsecond=0)
    signing, access, sealing = keys
    until = begin + KEY_PERIOD
    entries = (
        entry_for(member, KeyUse.SIGNING, signing, begin, until),
        entry_for(member, KeyUse.ACCESS, access, begin, until),
        entry_for(member, KeyUse.SEALING, sealing, begin, until),
    )
    return [sign_entry(entry, keyring.identity) for entry in entries]


def keyring_json(keyring: Keyring) -> Json:
    """Everything of a keyring, in clear: to be sealed at once, and never written otherwise."""
    return {
        "identity": [canonical.b64u(seed) for seed in keyring.identity_seeds],
        "signing": canonical.b64u(keyring.signing.seed),
        "access": canonical.b64u(keyring.access.seed),
        "sealing": [{"suite": key.suite.id, "seed": canonical.b64u(key.seed)} for key in keyring.sealing],
        "vault": canonical.b64u(keyring.vault),
        "linkage": {epoch: canonical.b64u(key) for epoch, key in keyring.linkage.items()},
        "coming": _coming_json(keyring.coming),
        "before": [*keyring.before],
    }


def save_keyring(path: Path, keyring: Keyring, secret: bytes, cost: VaultCost = VAULT_COST) -> None:
    """Write the keyring, sealed; a crash leaves the old file or the new one."""
    write_private(path, vault_seal(canonical.encode(keyring_json(keyring)), secret, cost=cost))


def load_keyring(path: Path, secret: bytes) -> Keyring:
    """Open the keyring; raise `GatewayFault` where passphrase or key file do not fit."""
    try:
        reader = Reader(canonical.decode(vault_open(path.read_bytes(), secret)), "keyring")
        return read_keyring(reader)
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


def read_keyring(reader: Reader) -> Keyring:
    """Read what `keyring_json` gave; raise `MalformedMessage` for anything else."""
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
    if reader.has("coming"):  # a keyring that was written before keys were rotated has neither
        before = reader.value("before")
        coming = _read_coming(reader.nullable_object("coming"))
        keyring = replace(keyring, coming=coming, before=tuple(before) if isinstance(before, list) else ())
    reader.done()
    return keyring


def _coming_json(coming: Coming | None) -> Json:
    if coming is None:
        return None
    return {
        "signing": canonical.b64u(coming.signing.seed),
        "access": canonical.b64u(coming.access.seed),
        "sealing": {"suite": coming.sealing.suite.id, "seed": canonical.b64u(coming.sealing.seed)},
        "begin": canonical.instant(coming.begin),
    }


def _read_coming(reader: Reader | None) -> Coming | None:
    if reader is None:
        return None
    sealing = reader.object("sealing")
    return Coming(
        SigningKey.from_seed(reader.binary("signing", 32)),
        SigningKey.from_seed(reader.binary("access", 32)),
        SealingKey.from_seed(sealing.text("suite"), sealing.binary("seed", 32)),
        reader.instant("begin"),
    )
