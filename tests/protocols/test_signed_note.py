"""Signed notes: what is signed is exactly what is read, and by exactly the key that is known."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import (
    NOTE_BYTES,
    NoteKey,
    NoteKind,
    NoteSignature,
    decode64,
    decode_note,
    encode64,
    parse_note,
    parse_vkey,
    payload_by,
    vkey,
    witness_vkey,
)

EXAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors/signed-note/examples.json").read_text()
)["cases"]
KEY = SigningKey.from_seed(bytes(32))
NAME = "log.example"
LOG = NoteKey(NAME, NoteKind.LOG, KEY.public)
VKEY = LOG.vkey


def signed(text: str) -> str:
    """A note under one line by `KEY`."""
    return f"{text}\n{NoteSignature(NAME, LOG.id, KEY.sign(text.encode())).line}"


def verify(data: bytes, key: NoteKey) -> str:
    """Read a note to its end: form, line of the key, signature."""
    note = parse_note(decode_note(data))
    key.key.verify(payload_by(note, key), note.message)
    return note.text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["vkey"]).split("+")[0])
def test_published_notes_verify_under_their_keys(example: dict[str, Any]) -> None:
    """The notes of two specifications are read, verify, and their keys are spelt as there."""
    key = parse_vkey(example["vkey"])
    assert verify(example["note"].encode(), key) + "\n" in example["note"]
    assert key.vkey == example["vkey"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["vkey"]).split("+")[0])
def test_every_truncation_and_flipped_bit_of_a_published_note_is_refused(example: dict[str, Any]) -> None:
    """No damaged note verifies, and none causes another fault than a typed one."""
    key, data = parse_vkey(example["vkey"]), example["note"].encode()
    damaged = [data[:end] for end in range(len(data))]
    damaged += [flipped(data, at, bit) for at in range(len(data)) for bit in range(8)]
    for bad in damaged:
        with pytest.raises(ProtocolError):
            verify(bad, key)


def flipped(data: bytes, at: int, bit: int) -> bytes:
    """The same bytes but for one bit."""
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def test_a_text_may_hold_empty_lines() -> None:
    """The last empty line parts text from signatures; those before belong to the text."""
    assert verify(signed("one\n\ntwo\n").encode(), LOG) == "one\n\ntwo\n"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        f"\n\n{NoteSignature(NAME, LOG.id, bytes(64)).line}",
        "text\n\nno dash\n",
        "text\n\n- log.example AAAAAAAA\n",
        "text\n\n\u2014 log.example\n",
        "text\n\n\u2014  AAAAAAAA\n",
        "text\n\n\u2014 log.example AAAAAA==\n",
        "text\n\n\u2014 log.example AAAAAAAA\nAAAA\n",
        "text\n\n\u2014 log.example AAAAAAAA",
        "text\r\n\n\u2014 log.example AAAAAAAA\n",
        "te\x00xt\n\n\u2014 log.example AAAAAAAA\n",
        "te\tt\n\n\u2014 log.example AAAAAAAA\n",
        "\ud800\n\n\u2014 log.example AAAAAAAA\n",
        f"{'x' * NOTE_BYTES}\n\n\u2014 log.example AAAAAAAA\n",
    ],
)
def test_what_has_not_the_form_of_a_note_is_refused(note: str) -> None:
    """Missing parts, control characters, lone surrogates, another dash, too long: one code for all."""
    with pytest.raises(MalformedMessage) as fault:
        parse_note(note)
    assert fault.value.code in {"note-form", "note-name", "base64-malformed"}


def test_bytes_that_are_no_text_or_too_many_are_refused() -> None:
    """What comes from a file or the network is checked before it is text."""
    with pytest.raises(MalformedMessage) as fault:
        decode_note(b"\xff")
    assert fault.value.code == "note-form"
    with pytest.raises(MalformedMessage) as fault:
        decode_note(b"x" * (NOTE_BYTES + 1))
    assert fault.value.code == "note-length"
    assert decode_note(b"x" * NOTE_BYTES) == "x" * NOTE_BYTES


def test_lines_by_unknown_keys_are_passed_over() -> None:
    """Another algorithm or another witness beside the known key's line disturbs nobody."""
    strange = NoteSignature(NAME, b"\x00\x00\x00\x00", bytes(2420)).line * 2
    assert verify((signed("text\n") + strange).encode(), LOG) == "text\n"


@pytest.mark.parametrize("lines", [0, 2])
def test_a_known_key_has_exactly_one_line(lines: int) -> None:
    """No line by the known key is no signature, and of two none is chosen."""
    note = "text\n\n" + NoteSignature("other.example", LOG.id, bytes(64)).line
    note += NoteSignature(NAME, LOG.id, KEY.sign(b"text\n")).line * lines
    with pytest.raises(Untrusted) as fault:
        verify(note.encode(), LOG)
    assert fault.value.code == "note-signature"


def test_the_same_key_under_another_name_or_kind_is_another_key() -> None:
    """Name and kind are in the key id, so a line cannot be moved from one to the other."""
    ids = {
        NoteKey(name, kind, KEY.public).id
        for name in (NAME, "log.example/2")
        for kind in (NoteKind.LOG, NoteKind.WITNESS)
    }
    assert len(ids) == 4


def test_keys_survive_their_text() -> None:
    """A key read back from its line is the same key, for logs and for witnesses."""
    assert parse_vkey(vkey(NAME, KEY.public)) == LOG
    assert parse_vkey(witness_vkey(NAME, KEY.public)) == NoteKey(NAME, NoteKind.WITNESS, KEY.public)


def test_every_truncation_and_flipped_bit_of_a_key_is_refused() -> None:
    """A key line copied badly is noticed before anything is verified with it."""
    damaged = [VKEY[:end] for end in range(len(VKEY))]
    damaged += [
        flipped(VKEY.encode(), at, bit).decode("latin-1") for at in range(len(VKEY)) for bit in range(8)
    ]
    for bad in damaged:
        with pytest.raises(MalformedMessage):
            parse_vkey(bad)


def test_a_key_of_an_unknown_kind_is_refused() -> None:
    """What we cannot verify we do not pretend to know."""
    with pytest.raises(MalformedMessage) as fault:
        parse_vkey(f"{NAME}+00000000+{encode64(bytes([6]) + bytes(1312))}")
    assert fault.value.code == "vkey-form"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\x00b", "a\x85b"])
def test_an_unusable_name_is_refused(name: str) -> None:
    """No spaces of any alphabet, no plus, no control characters, and never nothing."""
    with pytest.raises(MalformedMessage) as fault:
        NoteKey(name, NoteKind.LOG, KEY.public)
    assert fault.value.code == "note-name"


def test_a_name_that_is_no_text_is_refused() -> None:
    """A lone surrogate cannot be hashed into a key id."""
    with pytest.raises(MalformedMessage):
        NoteKey("\ud800", NoteKind.LOG, KEY.public)


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AB==", "AAA", "AAB=", "AA==\n", " AA==", "AA==AA==", "A-_A", "é"]
)
def test_base64_has_one_spelling(text: str) -> None:
    """Padding, alphabet and spare bits are fixed: a note cannot be changed without its bytes changing."""
    with pytest.raises(MalformedMessage) as fault:
        decode64(text)
    assert fault.value.code == "base64-malformed"


@given(st.binary(max_size=64))
def test_base64_survives_the_round_trip(data: bytes) -> None:
    """All bytes come back."""
    assert decode64(encode64(data)) == data


@given(st.text(max_size=60))
def test_no_text_causes_another_fault_than_a_typed_one(text: str) -> None:
    """Whatever arrives in place of a note or a key is refused with a code."""
    for read in (parse_note, parse_vkey):
        with pytest.raises(MalformedMessage):
            read(text)
