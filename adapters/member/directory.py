"""Whose key is whose: the hub's word is not enough.

A member's key counts here once its directory entry is signed by the member's identity key and the
entry's place in the log is proved under the pinned log key. Sealing to a key that the hub made up
would hand it the contents, so nothing is sealed without that proof. The identity key of a member
is remembered when it is first seen, and another one in its place is refused; under our own name
no key may stand that we did not make.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.member.auditor import Auditor
from adapters.member.errors import GatewayFault
from adapters.member.keyring import Keyring
from adapters.member.records import Records
from adapters.member.transport import Transport
from hub.consent.question import Apart, Role
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import read_opening
from hub.protocols.entry import Opening
from hub.protocols.errors import Untrusted
from hub.protocols.keys import (
    DirectoryEntry,
    DocumentPublicKey,
    KeyUse,
    SealingPublicKey,
    VerifyingKey,
    read_entry,
)
from hub.protocols.names import KeyId, MemberId, MemberKind

FRESH_SECONDS: Final = 60
"""How long what was read of a member's keys is used before it is read again."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A member as the directory lists it."""

    member: MemberId
    name: str
    kind: MemberKind
    role: Role
    area: str | None
    """DfE code of the authority's area, for authorities."""
    apart: Apart | None = None
    """Why it and we exchange nothing, whatever is agreed, as the hub has it."""


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """A member's identity key and the logged keys that it has signed."""

    identity: DocumentPublicKey
    entries: tuple[DirectoryEntry, ...]
    revoked: frozenset[KeyId]


class Directory:
    """Members and their keys, each checked before it is believed."""

    def __init__(
        self, transport: Transport, auditor: Auditor, records: Records, now: Callable[[], datetime]
    ) -> None:
        self._transport = transport
        self._auditor = auditor
        self._records = records
        self._now = now
        self._keys: dict[MemberId, tuple[datetime, MemberKeys]] = {}
        self._listings: tuple[datetime, dict[MemberId, Listing]] | None = None

    def members(self) -> dict[MemberId, Listing]:
        """Every member as listed."""
        if self._listings is None or self._stale(self._listings[0]):
            found = [_listing(one) for one in self._transport.pages("/v1/members")]
            self._listings = (self._now(), {one.member: one for one in found})
        return self._listings[1]

    def listing(self, member: MemberId) -> Listing:
        """One member as listed; raise `GatewayFault` for an unknown one."""
        try:
            return self.members()[member]
        except KeyError:
            raise GatewayFault("member-unknown", "the directory does not list this member") from None

    def refresh(self) -> None:
        """Forget what was read, so that the next question reads it anew."""
        self._keys = {}
        self._listings = None

    def check_own(self, member: MemberId, keyring: Keyring) -> None:
        """Raise `Untrusted` where under our own name a key stands that we did not make."""
        listed = self.keys(member)
        now = self._now()
        usable = {
            entry.key_id
            for entry in listed.entries
            if entry.key_id not in listed.revoked and now < entry.valid_until
        }
        if listed.identity.key_id != keyring.identity.public.key_id or not usable <= keyring.own_ids:
            raise Untrusted(
                "own-name", "the directory lists a key under our name that we did not make; ring the operator"
            )

    def keys(self, member: MemberId) -> MemberKeys:
        """A member's verified keys; raise `Untrusted` where a signature or proof does not hold."""
        known = self._keys.get(member)
        if known is None or self._stale(known[0]):
            known = (self._now(), self._read(member))
            self._keys[member] = known
        return known[1]

    def has_key(self, member: MemberId, key_id: KeyId) -> bool:
        """Whether a member has a logged, unrevoked signing key of this id."""
        try:
            self._entry(member, KeyUse.SIGNING, key_id)
        except Untrusted:
            return False
        return True

    def signing_key(self, member: MemberId, key_id: KeyId) -> VerifyingKey:
        """The logged signing key of this id; raise `Untrusted` where the member has none such."""
        return self._entry(member, KeyUse.SIGNING, key_id).verifying_key()

    def sealing_key(self, member: MemberId, key_id: KeyId | None = None) -> SealingPublicKey:
        """The logged sealing key of this id, or the newest one in its time."""
        if key_id is not None:
            return self._entry(member, KeyUse.SEALING, key_id).sealing_key()
        found = [one for one in self._valid(member, KeyUse.SEALING) if one.in_force(self._now())]
        if not found:
            raise Untrusted("no-sealing-key", "the recipient has no logged sealing key in its time")
        return max(found, key=lambda one: one.valid_from).sealing_key()

    def identity(self, member: MemberId) -> DocumentPublicKey:
        """The identity key that signs this member's papers."""
        return self.keys(member).identity

    def _entry(self, member: MemberId, use: KeyUse, key_id: KeyId) -> DirectoryEntry:
        for fresh in (False, True):
            # A key that was registered a moment ago is not in what was read before that.
            if fresh:
                self._keys.pop(member, None)
            for one in self._valid(member, use):
                if one.key_id == key_id:
                    return one
        raise Untrusted("key-not-logged", "the member has no logged, unrevoked key of this id")

    def _valid(self, member: MemberId, use: KeyUse) -> list[DirectoryEntry]:
        keys = self.keys(member)
        return [one for one in keys.entries if one.use is use and one.key_id not in keys.revoked]

    def _stale(self, read_at: datetime) -> bool:
        return (self._now() - read_at).total_seconds() > FRESH_SECONDS

    def _read(self, member: MemberId) -> MemberKeys:
        reader = Reader(self._transport.get(f"/v1/members/{member}/keys"), "keys")
        identity = self._identity(reader.object("identity"), member)
        entries, revoked = list[DirectoryEntry](), set[KeyId]()
        for one in reader.objects("data"):
            entry_, is_revoked = self._logged_entry(one, identity, member)
            if entry_ is not None:
                entries.append(entry_)
                if is_revoked:
                    revoked.add(entry_.key_id)
        return MemberKeys(identity, tuple(entries), frozenset(revoked))

    def _identity(self, reader: Reader, member: MemberId) -> DocumentPublicKey:
        identity = DocumentPublicKey.from_jwks(reader.value("jwks"))
        logged, proof = reader.nullable_object("opening"), reader.nullable_text("proof", max=16_384)
        if logged is None or proof is None:
            raise Untrusted(
                "identity-not-logged", "this member's identity key is not in the log yet; wait a slot"
            )
        opening = read_opening(logged)
        self._auditor.prove(opening, proof)
        _check_key_record(opening, member, identity.key_id)
        self._check_first_seen(member, identity.key_id)
        return identity

    def _check_first_seen(self, member: MemberId, identity: KeyId) -> None:
        """An identity key changes by hand alone: another one in the log is not believed by itself."""
        name = f"identity:{member}"
        first = self._records.place(name)
        if first is None:
            self._records.set_place(name, identity)
        elif first != identity:
            raise Untrusted(
                "identity-changed", "this member has another identity key than before; ring them and compare"
            )

    def _logged_entry(
        self, reader: Reader, identity: DocumentPublicKey, member: MemberId
    ) -> tuple[DirectoryEntry | None, bool]:
        opening, proof = reader.nullable_object("opening"), reader.nullable_text("proof", max=16_384)
        if opening is None or proof is None:
            return None, False
        found = read_entry(reader.value("document"), identity)
        if found.member != member:
            raise Untrusted("key-other-member", "a directory entry names another member")
        opened = read_opening(opening)
        self._auditor.prove(opened, proof)
        _check_key_record(opened, member, found.key_id)
        return found, reader.value("revoked_at_index") is not None


def _check_key_record(opening: Opening, member: MemberId, key_id: KeyId) -> None:
    record: Json = opening.record
    if not isinstance(record, dict) or (record.get("kind"), record.get("member"), record.get("key")) != (
        "key",
        member,
        key_id,
    ):
        raise Untrusted("key-not-logged", "the log entry beside a key is about another key")


def _listing(reader: Reader) -> Listing:
    return Listing(
        MemberId(reader.id("member", "mbr")),
        reader.text("name"),
        reader.choice("kind", MemberKind),
        reader.choice("role", Role),
        reader.nullable_text("area", max=3),
        read_apart(reader),
    )


def read_apart(reader: Reader) -> Apart | None:
    """Why a listed member and we exchange nothing; None where we may, or where the hub does not say."""
    said = reader.has("apart") and reader.value("apart") is not None
    return reader.choice("apart", Apart) if said else None
