"""This gateway as a witness: it cosigns a log that only grew, and asks the same of others.

Each poll looks which checkpoint is offered, holds it to everything seen of the log before, keeps it,
and only then signs one line for it (C2SP tlog-cosignature, pulled: councils expose no service that
a tlog-witness request could reach). It never cosigns a smaller tree after a larger one, also after a
restart. A restored, older home could: its signing key is to be replaced (`hub key rotate`).

What goes beyond an identity part is opened only under a checkpoint that others have cosigned:
under the home's own `tlog-policy` where there is one, else under the logged signing keys of any two
members other than ourselves with whom we could exchange, or of one where the region has only two.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from adapters.member.auditor import Auditor
from adapters.member.directory import Directory, Listing
from adapters.member.errors import HubRefused
from adapters.member.home import Home, Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Records, Waiting
from adapters.member.transport import Transport
from hub.consent.question import Apart
from hub.protocols import canonical
from hub.protocols.checkpoint import (
    Checkpoint,
    cosign,
    cosigned_by,
    cosigning_member,
    verify_checkpoint,
    witness_key,
)
from hub.protocols.errors import Untrusted
from hub.protocols.keys import KeyUse
from hub.protocols.names import MemberId, MemberKind
from hub.protocols.policy import Policy, members_policy, read_policy, verify_under
from hub.protocols.signed_note import NoteKey, parse_note, parse_vkey

COSIGNED: Final = "cosigned"
"""Where the records keep the largest checkpoint that this member has cosigned."""

CHECKED: Final = "checked"
"""Where the records keep the largest checkpoint that enough others have cosigned."""

WITNESSED: Final = "witnessed"
"""Where the records keep when the log was last seen cosigned by another member, or first looked at."""

UNWITNESSED: Final = "unwitnessed"
"""Kind of what waits for cosignatures; nobody has to do anything about it."""

ALARM: Final = timedelta(hours=24)
"""Without a cosignature of anybody else for so long, people are told."""

NOTED: Final = timedelta(hours=1)
"""How long it is remembered that others have cosigned."""

_DONE: Final = frozenset({"cosignature-kept", "checkpoint-witnessed", "checkpoint-unknown"})
"""Answers after which there is nothing more to bring for this checkpoint."""


class Witness:
    """Cosigns for one member, and holds checkpoints to the cosignatures of others."""

    def __init__(
        self,
        home: Home,
        pinned: Pinned,
        keyring: Callable[[], Keyring],
        records: Records,
        transport: Transport,
        directory: Directory,
        auditor: Auditor,
        now: Callable[[], datetime],
    ) -> None:
        self._home = home
        self._pinned = pinned
        self._keyring = keyring
        self._records = records
        self._transport = transport
        self._directory = directory
        self.auditor = auditor
        self._now = now
        self._log: NoteKey = parse_vkey(pinned.log_vkey)

    def attend(self) -> None:
        """Cosign what others have begun to cosign, then the newest."""
        if self._pinned.witnesses or self._home.policy() is not None:
            _ = self._attend() and self._attend()

    def _attend(self) -> bool:
        """Cosign the checkpoint that is offered; False where nothing was to be signed.

        Raises `Untrusted` ("log-forked", "log-rolled-back") where the hub tells two histories: then
        nothing is signed, and both notes are kept.
        """
        try:
            last = self.cosigned()
            after = 0 if last is None else last.size
            note = self._transport.public(f"/log/witnessing?after={after}").decode()
            offered = self.auditor.accept(note)
            self._hold_head(offered)
        except HubRefused:
            return False  # nothing is signed yet
        except Untrusted as fault:
            if fault.code != "log-tiles":  # a tile that is not there yet: with the next poll
                raise
            return False
        self._note_others(note)
        if not self._is_new(note) or not self._keep(offered, note):
            return False
        return self._bring(offered.size, note)

    def cosigned(self) -> Checkpoint | None:
        """The largest checkpoint that this member has cosigned."""
        note = self._records.place(COSIGNED)
        return None if note is None else verify_checkpoint(note, self._log)

    def check(self, note: str) -> Checkpoint:
        """Return the checkpoint if enough others have cosigned it; raise `Untrusted` otherwise."""
        checkpoint, kept = verify_under(note, self.policy(note)), self.checked()
        if kept is None or verify_checkpoint(kept, self._log).size < checkpoint.size:
            self._records.set_place(CHECKED, note)
        return checkpoint

    def checked(self) -> str | None:
        """The largest checkpoint that enough others had cosigned when it was checked, with their lines."""
        return self._records.place(CHECKED)

    def policy(self, note: str | None = None) -> Policy:
        """The home's own policy; else one over the members that a note names, or over all of them.

        At least one is asked for, whoever the hub lists: what is opened came from somebody.
        """
        own = self._home.policy()
        if own is not None:
            return read_policy(own)
        listed = self._directory.members()
        others = {name for name, one in listed.items() if name != self._pinned.member and _counts(one)}
        exchanging = sum(listed[name].kind is not MemberKind.OBSERVER for name in others)
        wanted = min(self._pinned.witnesses, max(1, exchanging))
        named = others if note is None else others & self._named(note)
        keys = {name: found for name in sorted(named) if (found := self._keys(name))}
        if note is not None and len(keys) < wanted:
            raise Untrusted("checkpoint-quorum", "too few other members have cosigned; ask again later")
        return members_policy(self._log, keys, wanted)

    def overdue(self) -> datetime | None:
        """Since when too few others cosign, where that is over a day ago; people are told once a day.

        Too few: nobody at all, or not as many as something that came for us waits for.
        """
        last = canonical.parse_instant(self._records.place(WITNESSED) or canonical.instant(self._now()))
        since = min([last, *self._waiting_since()])
        if self._pinned.witnesses == 0 or self._now() - since <= ALARM:
            return None
        says = (
            f"too few other members have cosigned the log since {canonical.instant(since)}: ring the operator"
        )
        name = f"{UNWITNESSED}:{self._now().date().isoformat()}"
        self._records.wait(Waiting(name, "alarm", None, "open", {"says": says}))
        return since

    def _waiting_since(self) -> Iterator[datetime]:
        for one in self._records.waiting(UNWITNESSED):
            if isinstance(one.body, dict) and "since" in one.body:
                yield canonical.parse_instant(str(one.body["since"]))

    def _hold_head(self, offered: Checkpoint) -> None:
        """What is offered may be some slots old; then the head itself must not be behind what was seen."""
        seen = self.auditor.seen()
        if seen is not None and offered.size < seen.size:
            self.auditor.hold_head(lambda: self._transport.public("/log/checkpoint").decode())

    def _note_others(self, note: str) -> None:
        """Once an hour at most: who else has cosigned is worth reading their keys for, not at every poll."""
        last = self._records.place(WITNESSED)
        if last is not None and self._now() - canonical.parse_instant(last) < NOTED:
            return
        others = self._named(note) - {self._pinned.member}
        keys = {key.vkey: key for member in others for key in self._keys(member)}
        if last is None or cosigned_by(note, keys):
            self._records.set_place(WITNESSED, canonical.instant(self._now()))

    def _is_new(self, note: str) -> bool:
        return self._pinned.member not in self._named(note)

    def _keep(self, offered: Checkpoint, note: str) -> bool:
        """Keep what is about to be signed, before it is signed; False where it is behind what was signed."""
        with self._records.together():
            last = self.cosigned()
            if last is not None and offered != last and offered.size <= last.size:
                return False
            self._records.set_place(COSIGNED, note)
        return True

    def _bring(self, size: int, note: str) -> bool:
        name = f"{self._log.name}/{self._pinned.member}"
        line = cosign(note, self._keyring().signing, name, self._now())
        try:
            self._transport.post("/v1/cosignatures", {"size": size, "line": line})
        except HubRefused as fault:
            if fault.code not in _DONE:
                raise
            return False
        return True

    def _named(self, note: str) -> set[MemberId]:
        lines = parse_note(note).signatures
        named = (cosigning_member(line, self._log.name) for line in lines)
        return {member for member in named if member is not None}

    def _keys(self, member: MemberId) -> list[NoteKey]:
        """A member's logged signing keys, as it cosigns with them; one that is revoked counts no more.

        None where its entries do not hold: what is wrong with one member must not stop the others.
        """
        try:
            keys = self._directory.keys(member)
        except Untrusted:
            return []
        signing = (
            one for one in keys.entries if one.use is KeyUse.SIGNING and one.key_id not in keys.revoked
        )
        return [witness_key(self._log.name, member, one.verifying_key()) for one in signing]


def _counts(one: Listing) -> bool:
    """Whether a member's line counts here: of those with whom we could exchange, and of any observer.

    Who is suspended cosigns no more; and members that are made up are the operator's own.
    """
    return one.apart is None or (one.kind is MemberKind.OBSERVER and one.apart is Apart.REALM)
