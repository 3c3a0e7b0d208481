"""Signed notes: a text for people and machines with the lines of those who signed it.

Decides what a note and a note key are, for checkpoints and everything that carries one (C2SP
signed-note). Lines by keys that are not known are passed over, as the format demands, so that
witnesses and later algorithms can be added without breaking older readers. What a text means,
and what exactly a key signed, is decided in `checkpoint`.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from hub.protocols.canonical import sha256
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.signature_keys import VerifyingKey

NOTE_BYTES: Final = 65_536
"""Longest signed note in bytes: a checkpoint under 16 signatures of ML-DSA-44 takes 56,000."""

KEY_ID_BYTES: Final = 4
_DASH: Final = "\u2014 "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VKEY: Final = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/]+=*)")


class NoteKind(IntEnum):
    """What a note key signs: the first byte of its public form."""

    LOG = 0x01
    """Ed25519 over the text of the note."""
    WITNESS = 0x04
    """Ed25519 over a time and the text of the note (C2SP tlog-cosignature)."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key with the name under which it signs notes; name and key together make its id.

    Raises `MalformedMessage` for a name that is empty or has spaces, control characters or a plus.
    """

    name: str
    kind: NoteKind
    key: VerifyingKey
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        material = _utf8(self.name) + b"\n" + bytes([self.kind]) + self.key.raw
        object.__setattr__(self, "id", sha256(material)[:KEY_ID_BYTES])

    @property
    def vkey(self) -> str:
        """The key as one line of text, to be handed over out of band."""
        return f"{self.name}+{self.id.hex()}+{encode64(bytes([self.kind]) + self.key.raw)}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line below a note: who claims to have signed, and what was made of the key."""

    name: str
    key_id: bytes
    payload: bytes

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {encode64(self.key_id + self.payload)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note taken apart; nothing of it is believed yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @property
    def message(self) -> bytes:
        """The bytes that are signed: the text with its last newline."""
        return _utf8(self.text)


def vkey(name: str, key: VerifyingKey) -> str:
    """Return the text form of a log's key."""
    return NoteKey(name, NoteKind.LOG, key).vkey


def witness_vkey(name: str, key: VerifyingKey) -> str:
    """Return the text form of a witness's key."""
    return NoteKey(name, NoteKind.WITNESS, key).vkey


def parse_vkey(text: str) -> NoteKey:
    """Read the text form of a key; raise `MalformedMessage` for another form or a wrong key id."""
    match = _VKEY.fullmatch(text)
    material = decode64(match["key"]) if match else b""
    if not match or material[:1] not in (bytes([kind]) for kind in NoteKind):
        raise MalformedMessage("vkey-form", "a key like name+1a2b3c4d+base64, Ed25519, was expected")
    key = NoteKey(match["name"], NoteKind(material[0]), VerifyingKey(material[1:]))
    if key.id.hex() != match["id"]:
        raise MalformedMessage("vkey-id", "the key id does not fit name and key; copy the whole line again")
    return key


def decode_note(data: bytes) -> str:
    """Read the bytes of a note as text; raise `MalformedMessage` unless they are UTF-8 of a sane length."""
    if len(data) > NOTE_BYTES:
        raise MalformedMessage("note-length", f"a signed note has at most {NOTE_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _malformed() from None


def parse_note(note: str) -> SignedNote:
    """Take a signed note apart; raise `MalformedMessage` unless it has exactly the form of one."""
    text, blank, below = note.rpartition("\n\n")
    if len(_utf8(note)) > NOTE_BYTES or _CONTROL.search(note):
        raise _malformed()
    if not blank or not text or not below.endswith("\n"):
        raise _malformed()
    return SignedNote(text + "\n", tuple(_read_line(line) for line in below[:-1].split("\n")))


def payload_by(note: SignedNote, key: NoteKey) -> bytes:
    """Return what the line of this key holds, yet to be verified.

    Raises `Untrusted` where the key has no line, or more than one, so that none can be chosen.
    """
    payloads = [sig.payload for sig in note.signatures if (sig.name, sig.key_id) == (key.name, key.id)]
    if len(payloads) != 1:
        raise Untrusted("note-signature", "exactly one signature by the expected key was expected")
    return payloads[0]


def check_name(name: str) -> None:
    """Raise `MalformedMessage` unless this can be the name of a note key."""
    if not name or "+" in name or _CONTROL.search(name) or any(letter.isspace() for letter in name):
        raise MalformedMessage("note-name", "a key name has no spaces, no plus and no control characters")


def encode64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4), as all log formats write it."""
    return b64encode(data).decode("ascii")


def decode64(text: str) -> bytes:
    """Read standard base64; raise `MalformedMessage` unless it is spelt as `encode64` would."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise MalformedMessage("base64-malformed", "padded standard base64 was expected") from None
    if encode64(data) != text:
        raise MalformedMessage("base64-malformed", "padded standard base64 was expected")
    return data


def _read_line(line: str) -> NoteSignature:
    dash, name, encoded = line[:2], *line[2:].partition(" ")[::2]
    if dash != _DASH:
        raise _malformed()
    check_name(name)
    data = decode64(encoded)
    if len(data) <= KEY_ID_BYTES:
        raise _malformed()
    return NoteSignature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _malformed() from None


def _malformed() -> MalformedMessage:
    return MalformedMessage("note-form", "a text, an empty line and lines of signatures were expected")
