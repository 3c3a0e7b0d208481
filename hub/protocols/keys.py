"""Whose key, for what, from when to when: directory entries, and every kind of key in one place.

Decides when a public key counts as a member's: its entry is signed by the member's identity key,
a pair that is kept offline. Keys have yearly periods that overlap; an entry says for which use and
which period it stands. The entry's place in the log, and with it what was valid when, is judged
by the reader of the log; revocation is a later entry, not a change of this one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.protocols import suites
from hub.protocols.canonical import Json, Reader, decode_canonical, encode, instant
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import KeyId, MemberId
from hub.protocols.sealing_keys import SealingKey, SealingPublicKey
from hub.protocols.signature_keys import DocumentKey, DocumentPublicKey, SigningKey, VerifyingKey
from hub.protocols.signing import Typ, sign_document, verify_document

__all__ = [
    "DirectoryEntry",
    "DocumentKey",
    "DocumentPublicKey",
    "KeyUse",
    "SealingKey",
    "SealingPublicKey",
    "SigningKey",
    "VerifyingKey",
    "entry_for",
    "read_entry",
    "sign_entry",
]

FORM: Final = 1
"""Version of the entry's form: a new field is a new form, and readers refuse forms unknown to them."""


class KeyUse(StrEnum):
    """What a member uses a key for."""

    SIGNING = "signing"
    SEALING = "sealing"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One key of one member for one use and one period; `suite` is None unless it is for sealing."""

    member: MemberId
    use: KeyUse
    key_id: KeyId
    jwk: Json
    suite: str | None
    valid_from: datetime
    valid_until: datetime

    def in_force(self, now: datetime) -> bool:
        """Tell whether the period of the key covers `now`."""
        return self.valid_from <= now < self.valid_until

    def verifying_key(self) -> VerifyingKey:
        """Return the key, for an entry of use signing or access; raise `MalformedMessage` otherwise."""
        return VerifyingKey.from_jwk(self.jwk)

    def sealing_key(self) -> SealingPublicKey:
        """Return the key, for an entry of use sealing; raise `MalformedMessage` otherwise."""
        return SealingPublicKey.from_jwk(self.jwk)


def entry_for(
    member: MemberId,
    use: KeyUse,
    key: VerifyingKey | SealingPublicKey,
    valid_from: datetime,
    valid_until: datetime,
) -> DirectoryEntry:
    """Return the entry of a key; raise `MalformedMessage` where key, use and period do not agree."""
    suite = key.suite.id if isinstance(key, SealingPublicKey) else None
    entry = DirectoryEntry(member, use, key.key_id, key.jwk, suite, valid_from, valid_until)
    _check(entry)
    return entry


def sign_entry(entry: DirectoryEntry, identity: DocumentKey) -> Json:
    """Return the entry as a document signed by the member's identity key."""
    _check(entry)
    payload: Json = {
        "form": FORM,
        "member": entry.member,
        "use": entry.use.value,
        "key": entry.key_id,
        "jwk": entry.jwk,
        "suite": _suite_json(entry.suite),
        "valid_from": instant(entry.valid_from),
        "valid_until": instant(entry.valid_until),
    }
    return sign_document(encode(payload), Typ.DIRECTORY, identity)


def read_entry(document: Json, identity: DocumentPublicKey) -> DirectoryEntry:
    """Return the entry that this identity key signed.

    Raises `Untrusted` for another signer or an unknown suite, `MalformedMessage` where the form is
    wrong or key, id, suite and use do not agree.
    """
    reader = Reader(decode_canonical(verify_document(document, Typ.DIRECTORY, [identity])), "entry")
    if reader.integer("form") != FORM:
        raise MalformedMessage("form-unknown", "this form of directory entry is not known here")
    entry = DirectoryEntry(
        member=MemberId(reader.id("member", "mbr")),
        use=reader.choice("use", KeyUse),
        key_id=KeyId(reader.digest("key")),
        jwk=reader.value("jwk"),
        suite=_read_suite(reader.value("suite")),
        valid_from=reader.instant("valid_from"),
        valid_until=reader.instant("valid_until"),
    )
    reader.done()
    _check(entry)
    return entry


def _suite_json(suite: str | None) -> Json:
    """Return the suite with its code points: a name alone has changed its meaning in drafts before."""
    if suite is None:
        return None
    row = suites.suite(suite)
    return {"id": row.id, "kem": row.kem, "kdf": row.kdf, "aead": row.aead}


def _read_suite(value: Json) -> str | None:
    if value is None:
        return None
    reader = Reader(value, "entry.suite")
    name = reader.text("id")
    if value != _suite_json(name):
        raise MalformedMessage("suite-differs", "the code points are not those of the suite")
    return name


def _check(entry: DirectoryEntry) -> None:
    sealing = entry.sealing_key() if entry.use is KeyUse.SEALING else None
    key = sealing or entry.verifying_key()
    if key.key_id != entry.key_id:
        raise MalformedMessage("key-differs", "the id of the entry is not that of its key")
    if (sealing.suite.id if sealing else None) != entry.suite:
        raise MalformedMessage("suite-differs", "the suite of the entry is not that of its key")
    if entry.valid_from >= entry.valid_until:
        raise MalformedMessage("period-empty", "the period of the key ends before it begins")
