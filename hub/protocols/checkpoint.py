"""Checkpoints: the log's signed word about its size and root, and its witnesses' word on that.

Decides whether a note is a checkpoint of the log whose key is pinned, and by how many witnesses
it was seen (C2SP tlog-checkpoint, tlog-cosignature with Ed25519). A witness signs only after it
has checked consistency with the last checkpoint it saw: that is its own affair, as is refusing to
sign a smaller size. Extension lines are refused, since nobody who monitors a log can audit them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.merkle import EMPTY_ROOT, HASH_BYTES
from hub.protocols.names import READABLE_ID, MemberId
from hub.protocols.signature_keys import SigningKey, VerifyingKey
from hub.protocols.signed_note import (
    NoteKey,
    NoteKind,
    NoteSignature,
    SignedNote,
    check_name,
    decode64,
    encode64,
    parse_note,
    parse_vkey,
    payload_by,
)

LARGEST_SIZE: Final = 2**63 - 1
"""Leaves: what a signed 64-bit number of any other implementation can hold."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_TIME_BYTES: Final = 8
_LAST_SECOND: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log named `origin` has `size` leaves under `root`.

    Raises `MalformedMessage` for what no log can say: another length of root, a size below 0 or
    beyond 2**63-1, an empty tree with another root than the empty one, an unusable name.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_name(self.origin)
        if not 0 <= self.size <= LARGEST_SIZE or len(self.root) != HASH_BYTES:
            raise _malformed()
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise _malformed()

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint, without signatures; raise `MalformedMessage` otherwise."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise _malformed()
    return Checkpoint(lines[0], parse_decimal(lines[1]), decode64(lines[2]))


def parse_decimal(text: str) -> int:
    """Read a size or an index; raise `MalformedMessage` for leading zeroes or beyond 2**63-1."""
    if not _DECIMAL.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise MalformedMessage("decimal-malformed", "a decimal number without leading zeroes was expected")
    return int(text)


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey, name: str) -> str:
    """Return the signed note of a checkpoint, its first line of signature by the log itself.

    `name` must be the origin, so that a key of one log cannot speak for another: raises
    `MalformedMessage` otherwise. That sizes never go backwards is the caller's to hold.
    """
    if name != checkpoint.origin:
        raise MalformedMessage("checkpoint-origin", "the log signs under its origin")
    signer = NoteKey(name, NoteKind.LOG, key.public)
    signature = NoteSignature(name, signer.id, key.sign(checkpoint.text.encode()))
    return f"{checkpoint.text}\n{signature.line}"


def verify_checkpoint(note: str, key: NoteKey | str) -> Checkpoint:
    """Return what the log of this key (a `NoteKey` or the text of a vkey) signed.

    Raises `MalformedMessage` for what is no checkpoint, `Untrusted` for one that this log's key
    did not sign or that speaks for another log.
    """
    return _verify_log(parse_note(note), _of_kind(key, NoteKind.LOG))


def cosign(note: str, key: SigningKey, name: str, now: datetime) -> str:
    """Return the line by which a witness says: at `now` this was the largest tree I have seen.

    The caller has verified the checkpoint and its consistency. Append the line to the note with
    `add_cosignature`. Raises `MalformedMessage` for what is no checkpoint or no time.
    """
    parsed = parse_note(note)
    parse_checkpoint(parsed.text)
    if now.tzinfo is None or now.timestamp() < 1:
        raise MalformedMessage("cosignature-time", "a witness signs at an instant with its time zone")
    seconds = int(now.timestamp())
    witness = NoteKey(name, NoteKind.WITNESS, key.public)
    payload = seconds.to_bytes(_TIME_BYTES) + key.sign(_cosigned(seconds, parsed.message))
    return NoteSignature(name, witness.id, payload).line


def add_cosignature(note: str, line: str) -> str:
    """Return the note with one more line of signature; raise `MalformedMessage` unless it is one."""
    longer = parse_note(note + line)
    if len(longer.signatures) != len(parse_note(note).signatures) + 1:
        raise MalformedMessage("note-form", "one line of signature was expected")
    return note + line


def verify_cosignature(note: str, witness: NoteKey | str) -> datetime:
    """Return when this witness cosigned; raise `Untrusted` where it did not, or not this text."""
    return _verify_witness(parse_note(note), _of_kind(witness, NoteKind.WITNESS))


def witness_key(origin: str, member: MemberId, key: VerifyingKey) -> NoteKey:
    """Return the key under which a member cosigns the log of this origin.

    It is the member's logged signing key: nobody has to be believed about it who is not believed
    about the member's notices, and it is revoked with them. What a witness signs begins with a line
    of its own, so no cosignature can be taken for anything else that this key signs.
    """
    return NoteKey(f"{origin}/{member}", NoteKind.WITNESS, key)


def cosigning_member(line: NoteSignature, origin: str) -> MemberId | None:
    """Return which member a line of a checkpoint claims to be by; None for the log's own, or a stranger's."""
    prefix, _, member = line.name.rpartition("/")
    known = prefix == origin and member.startswith("mbr_") and READABLE_ID.fullmatch(member)
    return MemberId(member) if known else None


def parse_line(line: str) -> NoteSignature:
    """Read one line of signature; raise `MalformedMessage` unless it is exactly one."""
    found = parse_note(f"a line by itself\n\n{line}").signatures
    if len(found) != 1 or found[0].line != line:
        raise MalformedMessage("note-form", "one line of signature was expected")
    return found[0]


def cosigned_at(line: NoteSignature) -> datetime:
    """Return the time that a witness's line tells; it is believed once the line is verified."""
    return datetime.fromtimestamp(_seconds(line.payload), UTC)


def cosigned_by(note: str, witnesses: Mapping[str, NoteKey]) -> dict[str, datetime]:
    """Return which of these witnesses have cosigned, by the names given here, and when.

    Raises `Untrusted` as soon as the line of one of them is false: whoever wrote it means harm.
    """
    parsed = parse_note(note)
    lines = {(line.name, line.key_id) for line in parsed.signatures}
    return {
        name: _verify_witness(parsed, _of_kind(key, NoteKind.WITNESS))
        for name, key in witnesses.items()
        if (key.name, key.id) in lines
    }


def verify_quorum(
    note: str, key: NoteKey | str, witnesses: Iterable[NoteKey | str], quorum: int
) -> Checkpoint:
    """Return what the log signed and at least `quorum` of the witnesses cosigned.

    A key counts once, under however many names. Raises as `verify_checkpoint`, and `Untrusted`
    ("checkpoint-quorum") where there are too few, or as soon as one known witness's line is false.
    """
    parsed = parse_note(note)
    checkpoint = _verify_log(parsed, _of_kind(key, NoteKind.LOG))
    seen: set[bytes] = set()
    lines = {(line.name, line.key_id) for line in parsed.signatures}
    for witness in (_of_kind(candidate, NoteKind.WITNESS) for candidate in witnesses):
        if (witness.name, witness.id) in lines:
            _verify_witness(parsed, witness)
            seen.add(witness.key.raw)
    if len(seen) < quorum:
        raise Untrusted("checkpoint-quorum", "too few of the known witnesses have cosigned; ask again later")
    return checkpoint


def _verify_log(note: SignedNote, key: NoteKey) -> Checkpoint:
    key.key.verify(payload_by(note, key), note.message)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise Untrusted("checkpoint-origin", "the checkpoint speaks for another log than its key")
    return checkpoint


def _verify_witness(note: SignedNote, witness: NoteKey) -> datetime:
    payload = payload_by(note, witness)
    seconds = _seconds(payload)
    witness.key.verify(payload[_TIME_BYTES:], _cosigned(seconds, note.message))
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(payload: bytes) -> int:
    seconds = int.from_bytes(payload[:_TIME_BYTES])
    if len(payload) <= _TIME_BYTES or not 0 < seconds <= _LAST_SECOND:
        raise MalformedMessage("cosignature-time", "a cosignature begins with a POSIX time")
    return seconds


def _cosigned(seconds: int, message: bytes) -> bytes:
    """Return what a witness signs; the first line keeps it apart from everything else Ed25519 signs."""
    return b"cosignature/v1\ntime %d\n" % seconds + message


def _of_kind(key: NoteKey | str, kind: NoteKind) -> NoteKey:
    known = parse_vkey(key) if isinstance(key, str) else key
    if known.kind is not kind:
        raise MalformedMessage("vkey-kind", "a log's key cannot stand for a witness's, nor the reverse")
    return known


def _malformed() -> MalformedMessage:
    return MalformedMessage("checkpoint-form", "a checkpoint is a name, a size and a root, one a line")
