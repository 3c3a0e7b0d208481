"""Which checkpoints are good enough: a trust policy as one file that any verifier can be given.

Decides which logs and witnesses are known, and whether those that have cosigned a checkpoint are
enough (C2SP tlog-policy). The names in a policy mean nothing outside of it. Where the keys come
from is not decided here: whoever writes a policy answers for them.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.protocols.checkpoint import Checkpoint, cosigned_by, verify_checkpoint
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import MemberId
from hub.protocols.signed_note import NoteKey, NoteKind, parse_note, parse_vkey

NONE: Final = "none"
"""The quorum of a policy that asks for no witness."""

POLICY_BYTES: Final = 262_144
"""Longest policy file in bytes: a thousand witnesses with their groups take a fifth of a megabyte."""

_ALLOWED: Final = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f]*")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these, each a witness or a group named before."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs, known witnesses by name, and the name of what has to have cosigned."""

    logs: tuple[NoteKey, ...]
    witnesses: Mapping[str, NoteKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    """In the order in which they are defined: a group names only what stands before it."""
    quorum: str = NONE

    def met_by(self, cosigned: Collection[str]) -> bool:
        """Whether these witnesses, by their names here, are enough."""
        if self.quorum == NONE:
            return True
        good = {name for name in self.witnesses if name in cosigned}
        for name, group in self.groups.items():
            if sum(member in good for member in group.members) >= group.least:
                good.add(name)
        return self.quorum in good


def members_policy(log: NoteKey, members: Mapping[MemberId, Sequence[NoteKey]], least: int) -> Policy:
    """Make the policy that asks for `least` of these members, whichever of its keys each has used.

    Fewer are asked for where there are fewer members; none where `least` is 0 or nobody is named.
    """
    witnesses, groups = dict[str, NoteKey](), dict[str, Group]()
    for member, keys in members.items():
        named = {f"{member}.{key.id.hex()}": key for key in keys}
        if named:
            witnesses |= named
            groups[member] = Group(1, tuple(named))
    least = min(least, len(groups))
    if not least:
        return Policy((log,), witnesses, groups)
    whole = {**groups, "members": Group(least, tuple(groups))}
    return Policy((log,), witnesses, whole, "members")


def encode_policy(policy: Policy) -> str:
    """Return the file of a policy."""
    lines = [f"log {log.vkey}" for log in policy.logs]
    lines += [f"witness {name} {key.vkey}" for name, key in policy.witnesses.items()]
    lines += [
        f"group {name} {group.least} {' '.join(group.members)}" for name, group in policy.groups.items()
    ]
    return "\n".join([*lines, f"quorum {policy.quorum}"]) + "\n"


def read_policy(text: str) -> Policy:
    """Read the file of a policy; raise `MalformedMessage` for a line that is none, with its number."""
    if len(text) > POLICY_BYTES or not text.endswith("\n") or not _ALLOWED.fullmatch(text):
        raise MalformedMessage("policy-form", "a policy is a text of at most 256 KiB, line by line")
    reader = _Reader()
    for number, line in enumerate(text[:-1].split("\n"), 1):
        words = [word for word in re.split("[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            try:
                reader.take(words)
            except MalformedMessage as fault:
                raise MalformedMessage(fault.code, f"line {number}: {fault.detail}") from None
    return reader.policy()


def verify_under(note: str, policy: Policy) -> Checkpoint:
    """Return the checkpoint that one of the known logs has signed and enough witnesses have cosigned.

    Raises `Untrusted` where none of the logs has signed it, where the line of a known witness is
    false, or ("checkpoint-quorum") where too few have cosigned; `MalformedMessage` for what is no
    checkpoint.
    """
    origin = parse_note(note).text.partition("\n")[0]
    log = next((log for log in policy.logs if log.name == origin), None)
    if log is None:
        raise Untrusted("checkpoint-origin", "the checkpoint is of a log that the policy does not know")
    checkpoint = verify_checkpoint(note, log)
    if not policy.met_by(cosigned_by(note, policy.witnesses)):
        raise Untrusted("checkpoint-quorum", "too few of the known witnesses have cosigned; ask again later")
    return checkpoint


class _Reader:
    """The lines of a policy as they come: each may name only what stands before it."""

    def __init__(self) -> None:
        self._logs: list[NoteKey] = []
        self._witnesses: dict[str, NoteKey] = {}
        self._groups: dict[str, Group] = {}
        self._members = set[str]()
        self._quorum: str | None = None

    def take(self, words: list[str]) -> None:
        kind, *rest = words
        if kind == "log" and len(rest) in {1, 2}:
            self._logs.append(self._new_key(rest[0], NoteKind.LOG, self._logs))
        elif kind == "witness" and len(rest) in {2, 3}:
            key = self._new_key(rest[1], NoteKind.WITNESS, self._witnesses.values())
            self._witnesses[self._new_name(rest[0])] = key
        elif kind == "group" and len(rest) > 2:
            self._take_group(rest[0], rest[1], rest[2:])
        elif kind == "quorum" and len(rest) == 1 and self._quorum is None:
            self._quorum = rest[0] if rest[0] == NONE else self._known(rest[0])
        else:
            raise MalformedMessage("policy-line", "log, witness, group or one quorum was expected")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise MalformedMessage("policy-quorum", "a policy has one line that says the quorum")
        return Policy(tuple(self._logs), self._witnesses, self._groups, self._quorum)

    def _take_group(self, name: str, least: str, members: list[str]) -> None:
        known = [self._known(member) for member in members]
        count = {"any": "1", "all": str(len(known))}.get(least, least)
        if not _COUNT.fullmatch(count) or int(count) > len(known):
            raise MalformedMessage("policy-group", "a group asks for all, any, or a number of its members")
        if len({*known}) < len(known) or self._members.intersection(known):
            raise MalformedMessage("policy-member", "each name can be a member of one group, once")
        self._members.update(known)
        self._groups[self._new_name(name)] = Group(int(count), tuple(known))

    def _known(self, name: str) -> str:
        if name not in self._witnesses and name not in self._groups:
            raise MalformedMessage("policy-name", "a line names only what is defined before it")
        return name

    def _new_name(self, name: str) -> str:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise MalformedMessage(
                "policy-name", "every witness and group has a name of its own, and not none"
            )
        return name

    @staticmethod
    def _new_key(text: str, kind: NoteKind, others: Iterable[NoteKey]) -> NoteKey:
        key = parse_vkey(text)
        if key.kind is not kind:
            raise MalformedMessage("vkey-kind", "a log's key cannot stand for a witness's, nor the reverse")
        if any(other.key.raw == key.key.raw for other in others):
            raise MalformedMessage("policy-key", "one key stands in two lines")
        return key
