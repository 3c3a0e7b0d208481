"""What members witness of the log: which checkpoint to cosign, whose word counts, when it is enough.

A gateway fetches the checkpoint that is offered, checks by itself that the log only grew, and
brings one line of signature (C2SP tlog-cosignature). Councils expose no service, so nothing is sent
to a witness. Address and everything else beyond the identity part are handed over under a
checkpoint that others than the recipient have cosigned: a hub that shows one member another history
would have to show it to those as well. Whether the log grew is the witness's affair, not decided
here.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import KeyUse, Member, Realm, RegisteredKey, Standing
from hub.exchange.trust import in_force
from hub.protocols.checkpoint import (
    add_cosignature,
    cosigned_at,
    cosigning_member,
    parse_line,
    verify_cosignature,
    witness_key,
)
from hub.protocols.errors import Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import MemberId, MemberKind
from hub.protocols.policy import Policy, members_policy
from hub.protocols.proof import LogProof
from hub.protocols.signed_note import NoteKey, NoteSignature, parse_note

ON_ITS_WAY: Final = timedelta(seconds=60)
"""How long a line may take from its witness to here, beside what clocks may differ by."""

MOST_LINES: Final = 16
"""Cosignatures kept for one checkpoint; they travel with every proof, at 150 bytes each."""

RECENT: Final = 288
"""Checkpoints that are looked through: those of a day at five minutes a slot. A day without any
cosignature is an alarm."""

ALARM: Final = timedelta(hours=24)
"""Without any cosignature for so long, the operator is told."""

_ADMITTED: Final = frozenset({Standing.TRIAL, Standing.LIVE})


def offered(work: Work, hub: Hub, after: int = 0) -> str | None:
    """Return the checkpoint of more than `after` entries that is to be cosigned next by who has signed those.

    The one that most have cosigned, and still too few; so members that look in hours after one another
    meet under the same one. Where there is none, the newest. None before the first is signed.
    """
    newest = work.log.checkpoints(0, 1)
    best, most = newest[0][1] if newest else None, 0
    members = list(work.members.all())
    for _, note in work.log.checkpoints(after, RECENT):
        lines = {member for member, _ in _cosigners(note, hub)}
        if most < len(lines) < MOST_LINES and _too_few(lines, members, hub):
            best, most = note, len(lines)
    return best


def receive_cosignature(size: int, line: str, caller: MemberId, work: Work, hub: Hub) -> None:
    """Keep a member's cosignature of the checkpoint of this size; the same line again changes nothing.

    Raises `Declined` for a size that was never signed or is too old, a second line of one member, or
    a checkpoint that enough have cosigned; `Untrusted` for a line by anybody but the caller, under a key
    that does not count, of another checkpoint or of another time than now; `MalformedMessage` for what
    is no line.
    """
    signature = parse_line(line)
    if cosigning_member(signature, hub.origin) != caller:
        raise Untrusted("cosignature-name", "a witness signs as the log's name, a slash and its member id")
    found = [note for signed, note in work.log.checkpoints(size - 1, RECENT) if signed == size]
    if not found:
        raise Declined("checkpoint-unknown", "no checkpoint of this size is offered: ask for the one that is")
    note = found[0]
    key = next((key for key in _keys(caller, work, hub) if key.id == signature.key_id), None)
    if key is None:
        raise Untrusted(
            "cosignature-key", "cosign with a signing key that is logged, in its time, not revoked"
        )
    kept = dict(_cosigners(note, hub))
    if kept.get(caller) == signature:
        return
    if caller in kept:
        raise Declined("cosignature-kept", "you have cosigned this checkpoint before; the first line stands")
    longer = add_cosignature(note, line)
    if abs(verify_cosignature(longer, key) - hub.now()) > ON_ITS_WAY + CLOCK_SKEW:
        raise Untrusted(
            "cosignature-time", "the cosignature is of another time: compare your clock with ours"
        )
    if len(kept) >= MOST_LINES:
        raise Declined("checkpoint-witnessed", "enough members have cosigned this one: wait for the next")
    work.log.keep_signed(size, longer)


def witnessed_proof(index: int, candidates: Sequence[MemberId], work: Work, hub: Hub) -> LogProof:
    """Prove an entry under a checkpoint that enough members other than its recipient have cosigned.

    Where its sender may not know the recipient, enough for each of the candidates: the lines are public,
    and who of them would have to wait still must not be told by what is handed over.

    Raises `Declined("delivery-unwitnessed")` where there is none yet: the delivery stays where it is.
    """
    members = work.members.all()
    wanted = [_wanted(one, members, hub) for one in candidates]
    for size, note in work.log.checkpoints(index, RECENT):
        lines = {member for member, _ in _cosigners(note, hub)}
        if all(len(lines & others) >= enough for others, enough in wanted):
            return work.log.prove(index, (size, note))
    raise Declined(
        "delivery-unwitnessed",
        "too few other members have cosigned the log since; it is handed over when they have",
    )


def _wanted(recipient: MemberId, members: Sequence[Member], hub: Hub) -> tuple[frozenset[MemberId], int]:
    """Whose lines count for a recipient, and how many of them it takes."""
    realm = next(one.realm for one in members if one.member == recipient)
    others = [one for one in members if one.member != recipient and _counts(one, realm)]
    enough = min(hub.witnesses, sum(one.kind is not MemberKind.OBSERVER for one in others))
    return frozenset(one.member for one in others), enough


def policy_of(work: Work, hub: Hub) -> Policy:
    """Return the policy by which anybody can hold a checkpoint to the members' cosignatures."""
    members = {
        one.member: list(_keys(one.member, work, hub))
        for one in work.members.all()
        if one.standing in _ADMITTED
    }
    return members_policy(hub.log_key, members, hub.witnesses)


def last_cosigned(work: Work, hub: Hub) -> tuple[int, datetime, frozenset[MemberId]] | None:
    """Return size, time and witnesses of the newest checkpoint that any member has cosigned."""
    for size, note in work.log.checkpoints(0, RECENT):
        found = list(_cosigners(note, hub))
        if found:
            return size, max(cosigned_at(line) for _, line in found), frozenset(name for name, _ in found)
    return None


def _too_few(lines: Collection[MemberId], members: Sequence[Member], hub: Hub) -> bool:
    """Whether some recipient still waits for another line: one more than it asks for serves everybody."""
    for realm in Realm:
        near = [one for one in members if _counts(one, realm)]
        exchanging = sum(one.kind is not MemberKind.OBSERVER for one in near)
        wanted = min(hub.witnesses + 1, exchanging) if exchanging > 1 else 0
        if sum(one.member in lines for one in near) < wanted:
            return True
    return False


def _counts(one: Member, realm: Realm) -> bool:
    """Whether a member's line counts in a realm: of those that exchange in it, and of real observers."""
    near = one.realm is realm or (one.kind is MemberKind.OBSERVER and not one.made_up)
    return one.standing in _ADMITTED and near


def _cosigners(note: str, hub: Hub) -> Iterator[tuple[MemberId, NoteSignature]]:
    for line in parse_note(note).signatures:
        member = cosigning_member(line, hub.origin)
        if member is not None:
            yield member, line


def _keys(member: MemberId, work: Work, hub: Hub) -> Iterator[NoteKey]:
    return (
        witness_key(hub.origin, member, VerifyingKey.from_jwk(key.jwk))
        for key in work.members.keys(member)
        if _may_cosign(key, hub)
    )


def _may_cosign(key: RegisteredKey, hub: Hub) -> bool:
    return key.use is KeyUse.SIGNING and in_force(key, hub)
