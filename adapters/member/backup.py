"""One file and one passphrase, from which a member's gateway can be made again on another machine.

A backup holds the settings and every key, sealed under a passphrase (Argon2id and AES-256-GCM, as the
keyring itself). It holds no record: what was sent and received is in `records.db`, which is copied as a
file. A drill proves that a backup opens and that its keys work, and tells which keys it does not have yet,
without installing anything: a backup that was never tried is a hope.
"""

import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.home import Home, Pinned
from adapters.member.keyring import Keyring, keyring_json, read_keyring, write_private
from hub.protocols import canonical
from hub.protocols.at_rest import VAULT_COST, VaultCost, vault_open, vault_seal
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import SealingKey
from hub.protocols.names import KeyId, MemberId, NoticeId, Part, new_id
from hub.protocols.sealing import open_box, seal_box
from hub.protocols.signature_keys import ED25519, ML_DSA_65

FORM: Final = 1

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Of the notice about nobody with which a sealing key is tried."""

PASSPHRASE_CHARACTERS: Final = 14
"""Shortest passphrase: the file may lie in places where nobody counts the guesses."""

PASSPHRASE_DIFFERENT: Final = 6
"""Fewest different characters in one: a sign that is held down is no passphrase."""


@dataclass(frozen=True, slots=True, repr=False)
class Backup:
    """An opened backup."""

    made_at: datetime
    pinned: Pinned
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill has shown."""

    member: MemberId
    fingerprint: KeyId
    made_at: datetime
    keys: int
    missing: tuple[str, ...]
    """Keys of the home beside it that the backup does not have: make a new one."""


def back_up(home: Home, file: Path, passphrase: str, now: datetime, cost: VaultCost = VAULT_COST) -> KeyId:
    """Write a backup of a home's keys and settings, and return the fingerprint of its identity key.

    Raises `GatewayFault` where the passphrase is short, or a file of this name is there already.
    """
    if len(passphrase.strip()) < PASSPHRASE_CHARACTERS or len(set(passphrase)) < PASSPHRASE_DIFFERENT:
        raise GatewayFault(
            "passphrase-short",
            f"a passphrase has {PASSPHRASE_CHARACTERS} characters at least,"
            f" {PASSPHRASE_DIFFERENT} of them different: several words are good",
        )
    if file.exists():
        raise GatewayFault("backup-exists", "a file of this name is there already: choose another name")
    pinned, keyring = home.pinned(), home.keyring()
    body: Json = {
        "form": FORM,
        "made_at": canonical.instant(now),
        "settings": asdict(pinned),
        "keyring": keyring_json(keyring),
    }
    write_private(file, vault_seal(canonical.encode(body), passphrase, cost=cost))
    return keyring.identity.public.key_id


def open_backup(file: Path, passphrase: str) -> Backup:
    """Open a backup; raise `GatewayFault` where the passphrase is another, or the file is none."""
    try:
        reader = Reader(canonical.decode(vault_open(file.read_bytes(), passphrase)), "backup")
        if reader.integer("form") != FORM:
            raise GatewayFault("backup-form", "a newer version has written this backup: use that version")
        made_at, settings = reader.instant("made_at"), reader.value("settings")
        keyring = read_keyring(reader.object("keyring"))
    except ProtocolError as fault:
        closed = "the passphrase does not open this backup, or it was changed"
        raise GatewayFault("backup-closed", closed) from fault
    return Backup(made_at, _pinned(settings), keyring)


def recover(file: Path, passphrase: str, home: Home) -> Backup:
    """Make a gateway's home again from a backup; raise `GatewayFault` where one is there already.

    The keyring is sealed anew, under this machine's own passphrase or key file. What was cut off before
    there were keys is simply repeated.
    """
    found = open_backup(file, passphrase)
    others = (home.path / "gateway.json").exists() and home.pinned() != found.pinned
    if others or home.has_keyring():
        raise GatewayFault("home-taken", "a gateway lives in this folder already: recover into an empty one")
    home.pin(found.pinned)
    home.keep(found.keyring)
    return found


def drill(file: Path, passphrase: str, home: Home | None = None) -> Drill:
    """Open a backup, use every key of it once, and compare it with the home where there is one.

    Raises `GatewayFault` where it does not open, a key does not work, or it is another member's.
    """
    found = open_backup(file, passphrase)
    keyring = found.keyring
    _try_keys(keyring)
    missing: tuple[str, ...] = ()
    if home is not None and home.has_keyring():
        kept = home.keyring()
        if kept.identity.public.key_id != keyring.identity.public.key_id:
            raise GatewayFault(
                "backup-other", "this is a backup of another gateway than the one in this folder"
            )
        missing = _missing(kept, keyring)
    count = 3 + len(keyring.sealing) + len(keyring.linkage)
    return Drill(found.pinned.member, keyring.identity.public.key_id, found.made_at, count, missing)


def _pinned(settings: Json) -> Pinned:
    try:
        return Pinned(**settings)  # type: ignore[arg-type]  # as asdict wrote them
    except TypeError:
        raise GatewayFault(
            "backup-form", "the settings in this backup cannot be read by this version"
        ) from None


def _try_keys(keyring: Keyring) -> None:
    """Sign and verify, seal and open; nothing of it is kept."""
    words = os.urandom(32)
    try:
        for key in (keyring.signing, keyring.access):
            key.public.verify(key.sign(words), words)
        for alg in (ED25519, ML_DSA_65):
            keyring.identity.public.verify(alg, keyring.identity.sign(alg, words), words)
        for sealing in keyring.sealing:
            _try_box(sealing)
    except ProtocolError as fault:
        raise GatewayFault("backup-key", "a key of this backup does not work: make a new one") from fault


def _try_box(key: SealingKey) -> None:
    notice = NoticeId(new_id("ntc", _LONG_AGO, os.urandom(10)))
    keys = {Part.IDENTITY: os.urandom(32)}
    if open_box(seal_box(keys, notice, key.public), notice, key) != keys:
        raise GatewayFault("backup-key", "a sealing key of this backup opens another box than it should")


def _missing(kept: Keyring, saved: Keyring) -> tuple[str, ...]:
    """What was made or learnt since the backup, in words."""
    found: list[tuple[str, str, Collection[str]]] = [
        ("signing key", kept.signing.key_id, {saved.signing.key_id}),
        ("access key", kept.access.key_id, {saved.access.key_id}),
    ]
    sealing = {one.key_id for one in saved.sealing}
    found += [("sealing key", key.key_id, sealing) for key in kept.sealing]
    found += [("linkage key", epoch, saved.linkage) for epoch in kept.linkage]
    return tuple(f"{words} {name}" for words, name, has in found if name not in has)
