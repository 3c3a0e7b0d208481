"""Checkpoints: only the log speaks for the log, and only a witness for itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.checkpoint import (
    LARGEST_SIZE,
    Checkpoint,
    add_cosignature,
    cosign,
    cosigned_at,
    cosigned_by,
    cosigning_member,
    parse_checkpoint,
    parse_decimal,
    parse_line,
    sign_checkpoint,
    verify_checkpoint,
    verify_cosignature,
    verify_quorum,
    witness_key,
)
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.merkle import EMPTY_ROOT, verify_consistency
from hub.protocols.names import MemberId
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import (
    NoteKey,
    NoteKind,
    NoteSignature,
    decode64,
    decode_note,
    parse_vkey,
    vkey,
    witness_vkey,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors/own/checkpoint.json").read_text())
CASES: list[dict[str, Any]] = VECTORS["checkpoints"]
ORIGIN = "hub.example/log"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KEY, OTHER, FIRST, SECOND = (SigningKey.from_seed(bytes([number]) * 32) for number in range(4))
LOG = vkey(ORIGIN, KEY.public)
ONE, TWO = witness_vkey("one.example", FIRST.public), witness_vkey("two.example", SECOND.public)
CHECKPOINT = Checkpoint(ORIGIN, 48, bytes(range(32)))
NOTE = sign_checkpoint(CHECKPOINT, KEY, ORIGIN)
COSIGNED = add_cosignature(NOTE, cosign(NOTE, FIRST, "one.example", NOW))
TWICE = add_cosignature(COSIGNED, cosign(NOTE, SECOND, "two.example", NOW + timedelta(seconds=9)))


def log_signs(text: str, name: str = ORIGIN) -> str:
    """A note whose text the log's key signed, whatever the text says."""
    key_id = NoteKey(name, NoteKind.LOG, KEY.public).id
    return f"{text}\n{NoteSignature(name, key_id, KEY.sign(text.encode())).line}"


def every_damage(data: bytes) -> list[bytes]:
    """All truncations and all single flipped bits."""
    flipped = [
        data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        for at in range(len(data))
        for bit in range(8)
    ]
    return [data[:end] for end in range(len(data))] + flipped


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["size"]))
def test_published_checkpoints_verify(case: dict[str, Any]) -> None:
    """Each published note tells its size and root, and each witness's line its time."""
    for count, note in enumerate(case["notes"]):
        found = verify_quorum(note, VECTORS["vkey"], VECTORS["witnesses"], count)
        assert found == verify_checkpoint(note, VECTORS["vkey"])
        assert found == Checkpoint(ORIGIN, case["size"], decode64(case["root"]))
        for witness in VECTORS["witnesses"][:count]:
            assert verify_cosignature(note, witness) == datetime.fromtimestamp(case["signed_at"], UTC)


def test_published_checkpoints_are_consistent() -> None:
    """Each published consistency proof holds between the two roots that it names."""
    roots = {case["size"]: decode64(case["root"]) for case in CASES}
    for row in VECTORS["consistency"]:
        proof = [decode64(value) for value in row["proof"]]
        verify_consistency(row["old"], row["new"], roots[row["old"]], roots[row["new"]], proof)
    assert roots[0] == EMPTY_ROOT


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["size"]))
def test_every_truncation_and_flipped_bit_of_a_published_checkpoint_is_refused(case: dict[str, Any]) -> None:
    """No damaged checkpoint, with or without cosignatures, is taken for what it was."""
    log, witnesses = parse_vkey(VECTORS["vkey"]), [parse_vkey(line) for line in VECTORS["witnesses"]]
    for quorum in (0, len(witnesses)):
        for bad in every_damage(case["notes"][quorum].encode()):
            with pytest.raises(ProtocolError):
                verify_quorum(decode_note(bad), log, witnesses, quorum)


def test_a_checkpoint_is_text_that_people_can_read() -> None:
    """Name, size, root, empty line, signature: four things, one a line."""
    origin, size, root, blank, signature, end = NOTE.split("\n")
    assert (origin, size, blank, end) == (ORIGIN, "48", "", "")
    assert decode64(root) == CHECKPOINT.root
    assert signature.startswith(f"\u2014 {ORIGIN} ")


@given(st.integers(1, LARGEST_SIZE), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_what_is_read(size: int, root: bytes) -> None:
    """Every checkpoint comes back as it was signed."""
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert verify_checkpoint(sign_checkpoint(checkpoint, KEY, ORIGIN), LOG) == checkpoint
    assert parse_checkpoint(checkpoint.text) == checkpoint


def test_another_key_does_not_speak_for_the_log() -> None:
    """A note under the right name but another key is nobody's word."""
    forged = sign_checkpoint(CHECKPOINT, OTHER, ORIGIN)
    with pytest.raises(Untrusted) as fault:
        verify_checkpoint(forged, LOG)
    assert fault.value.code == "note-signature"


def test_a_line_with_the_right_key_id_but_a_false_signature_is_refused() -> None:
    """The key id is only a name: the signature itself decides."""
    log = parse_vkey(LOG)
    forged = f"{CHECKPOINT.text}\n{NoteSignature(ORIGIN, log.id, OTHER.sign(CHECKPOINT.text.encode())).line}"
    with pytest.raises(Untrusted) as fault:
        verify_checkpoint(forged, log)
    assert fault.value.code == "signature-invalid"


def test_a_log_does_not_speak_for_another_log() -> None:
    """The name in the text and the name of the key are the same, for who signs and for who reads."""
    with pytest.raises(MalformedMessage) as malformed:
        sign_checkpoint(CHECKPOINT, KEY, "hub.example/other")
    assert malformed.value.code == "checkpoint-origin"
    with pytest.raises(Untrusted) as untrusted:
        verify_checkpoint(log_signs(Checkpoint("hub.example/other", 48, bytes(32)).text), LOG)
    assert untrusted.value.code == "checkpoint-origin"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{ORIGIN}\n48\n", "checkpoint-form"),
        (f"{ORIGIN}\n48\n{'A' * 43}=\nextension\n", "checkpoint-form"),
        (f"{ORIGIN}\n48\n{'A' * 43}=\n\n", "checkpoint-form"),
        (f"{ORIGIN}\n48\nAAAA\n", "checkpoint-form"),
        (f"{ORIGIN}\n48\n{'A' * 42}B=\n", "base64-malformed"),
        (f"{ORIGIN}\n0\n{'A' * 43}=\n", "checkpoint-form"),
        (f"{ORIGIN}\n048\n{'A' * 43}=\n", "decimal-malformed"),
        (f"{ORIGIN}\n-1\n{'A' * 43}=\n", "decimal-malformed"),
        (f"{ORIGIN}\n+1\n{'A' * 43}=\n", "decimal-malformed"),
        (f"{ORIGIN}\n1_0\n{'A' * 43}=\n", "decimal-malformed"),
        (f"{ORIGIN}\n\u0664\n{'A' * 43}=\n", "decimal-malformed"),
        (f"{ORIGIN}\n{2**63}\n{'A' * 43}=\n", "decimal-malformed"),
        (f"{ORIGIN}\n{'9' * 5000}\n{'A' * 43}=\n", "decimal-malformed"),
        (f"hub example\n48\n{'A' * 43}=\n", "note-name"),
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused_even_if_the_log_signed_it(text: str, code: str) -> None:
    """Leading zeroes, other digits, too large, an extension line, a short root: refused with a code."""
    with pytest.raises(MalformedMessage) as fault:
        verify_checkpoint(log_signs(text), LOG)
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("size", "root"), [(-1, bytes(32)), (2**63, bytes(32)), (1, bytes(31)), (0, bytes(32))]
)
def test_no_log_can_say_an_impossible_checkpoint(size: int, root: bytes) -> None:
    """What would be refused when read cannot be made either."""
    with pytest.raises(MalformedMessage) as fault:
        Checkpoint(ORIGIN, size, root)
    assert fault.value.code == "checkpoint-form"


def test_the_largest_number_is_that_of_63_bits() -> None:
    """The bound is where other implementations have theirs."""
    assert parse_decimal(str(LARGEST_SIZE)) == LARGEST_SIZE == 2**63 - 1


def test_witnesses_say_when_they_saw_it() -> None:
    """Each witness's line tells its own time, and the log's line stays as it was."""
    assert verify_cosignature(TWICE, ONE) == NOW
    assert verify_cosignature(TWICE, parse_vkey(TWO)) == NOW + timedelta(seconds=9)
    assert TWICE.startswith(NOTE)
    assert verify_checkpoint(TWICE, LOG) == CHECKPOINT


def test_a_witness_that_did_not_sign_is_missing() -> None:
    """Nobody can be said to have seen a checkpoint without its own line."""
    with pytest.raises(Untrusted) as fault:
        verify_cosignature(COSIGNED, TWO)
    assert fault.value.code == "note-signature"


def test_a_witness_s_line_counts_for_its_own_checkpoint_alone() -> None:
    """A line moved to another checkpoint of the same log is refused."""
    later = sign_checkpoint(Checkpoint(ORIGIN, 49, bytes(32)), KEY, ORIGIN)
    moved = add_cosignature(later, cosign(NOTE, FIRST, "one.example", NOW))
    with pytest.raises(Untrusted) as fault:
        verify_cosignature(moved, ONE)
    assert fault.value.code == "signature-invalid"


def test_a_plain_signature_is_no_cosignature() -> None:
    """What a member signs elsewhere with the same key cannot be shown as its word about the log."""
    payload = int(NOW.timestamp()).to_bytes(8) + FIRST.sign(CHECKPOINT.text.encode())
    line = NoteSignature("one.example", parse_vkey(ONE).id, payload).line
    with pytest.raises(Untrusted):
        verify_cosignature(NOTE + line, ONE)


@pytest.mark.parametrize(
    "payload", [b"\x00", bytes(72), bytes(7) + b"\x01", b"\xff" * 72, (2**40).to_bytes(8) + bytes(64)]
)
def test_a_line_without_a_possible_time_is_refused(payload: bytes) -> None:
    """No time, time zero, a time beyond the calendar: refused before the signature is looked at."""
    line = NoteSignature("one.example", parse_vkey(ONE).id, payload).line
    with pytest.raises(MalformedMessage) as fault:
        verify_cosignature(NOTE + line, ONE)
    assert fault.value.code == "cosignature-time"


@pytest.mark.parametrize("now", [datetime(2026, 11, 21, 9, 0), datetime(1970, 1, 1, tzinfo=UTC)])  # noqa: DTZ001 - the fault under test
def test_a_witness_signs_at_an_instant(now: datetime) -> None:
    """A time without its zone, or before there were checkpoints, is never signed."""
    with pytest.raises(MalformedMessage) as fault:
        cosign(NOTE, FIRST, "one.example", now)
    assert fault.value.code == "cosignature-time"


def test_a_witness_signs_checkpoints_only() -> None:
    """Any other text is refused, whoever signed it."""
    with pytest.raises(MalformedMessage) as fault:
        cosign(log_signs("I owe you\n"), FIRST, "one.example", NOW)
    assert fault.value.code == "checkpoint-form"


@pytest.mark.parametrize("line", ["", "\n", "x\n", NOTE, cosign(NOTE, FIRST, "one.example", NOW) * 2])
def test_only_one_line_is_added_at_a_time(line: str) -> None:
    """What a witness posts is one line of signature, or it is refused."""
    with pytest.raises(MalformedMessage):
        add_cosignature(NOTE, line)


def test_enough_witnesses_are_enough() -> None:
    """Up to the number of witnesses that did sign, the quorum holds; one more is refused."""
    for quorum in (0, 1, 2):
        assert verify_quorum(TWICE, LOG, [ONE, TWO], quorum) == CHECKPOINT
    for note, witnesses, quorum in (
        (TWICE, [ONE, TWO], 3),
        (TWICE, [ONE], 2),
        (COSIGNED, [ONE, TWO], 2),
        (NOTE, [], 1),
    ):
        with pytest.raises(Untrusted) as fault:
            verify_quorum(note, LOG, witnesses, quorum)
        assert fault.value.code == "checkpoint-quorum"


def test_one_witness_does_not_count_twice() -> None:
    """Neither a repeated name nor a second name for the same key makes two witnesses of one."""
    alias = witness_vkey("alias.example", FIRST.public)
    note = add_cosignature(COSIGNED, cosign(NOTE, FIRST, "alias.example", NOW))
    for witnesses in ([ONE, ONE], [ONE, alias]):
        with pytest.raises(Untrusted) as fault:
            verify_quorum(note, LOG, witnesses, 2)
        assert fault.value.code == "checkpoint-quorum"


def test_a_false_line_by_a_known_witness_spoils_the_note() -> None:
    """Somebody who forges a witness's line is not answered by looking away."""
    line = NoteSignature("two.example", parse_vkey(TWO).id, int(NOW.timestamp()).to_bytes(8) + bytes(64)).line
    with pytest.raises(Untrusted) as fault:
        verify_quorum(COSIGNED + line, LOG, [ONE, TWO], 1)
    assert fault.value.code == "signature-invalid"


def test_a_quorum_is_of_no_use_without_the_log() -> None:
    """Witnesses confirm what the log says; they cannot say it in its place."""
    text_and_lines = CHECKPOINT.text + "\n" + TWICE.removeprefix(NOTE)
    with pytest.raises(Untrusted) as fault:
        verify_quorum(text_and_lines, LOG, [ONE, TWO], 2)
    assert fault.value.code == "note-signature"


def test_keys_of_logs_and_witnesses_are_not_exchanged() -> None:
    """A log's key is refused where a witness's is due, and the reverse."""
    for check in (lambda: verify_checkpoint(NOTE, ONE), lambda: verify_cosignature(NOTE, LOG)):
        with pytest.raises(MalformedMessage) as fault:
            check()
        assert fault.value.code == "vkey-kind"


def test_a_member_s_line_names_the_member_and_the_log() -> None:
    """Under the log's name, a slash and the member's id; a line by anybody else is nobody's."""
    kent = witness_key(ORIGIN, MemberId("mbr_kent"), FIRST.public)
    line = parse_line(cosign(NOTE, FIRST, f"{ORIGIN}/mbr_kent", NOW))
    assert (kent.name, kent.kind) == (f"{ORIGIN}/mbr_kent", NoteKind.WITNESS)
    assert (line.name, line.key_id) == (kent.name, kent.id)
    assert cosigning_member(line, ORIGIN) == "mbr_kent"
    assert cosigned_at(line) == NOW
    for name in (ORIGIN, f"{ORIGIN}/agr_kent", "other.example/mbr_kent", f"{ORIGIN}/mbr_", "mbr_kent"):
        assert cosigning_member(NoteSignature(name, kent.id, line.payload), ORIGIN) is None


def test_who_has_cosigned_is_told_with_the_time() -> None:
    """By the names that the reader gives them; strangers are passed over."""
    known = {"first": parse_vkey(ONE), "second": parse_vkey(TWO), "third": parse_vkey(ONE)}
    assert cosigned_by(COSIGNED, known) == {"first": NOW, "third": NOW}
    assert cosigned_by(NOTE, known) == {}
    assert set(cosigned_by(TWICE, known)) == {"first", "second", "third"}
    with pytest.raises(MalformedMessage):
        cosigned_by(TWICE, {"log": parse_vkey(LOG)})


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no line\n",
        cosign(NOTE, FIRST, "one.example", NOW)[:-1],
        cosign(NOTE, FIRST, "one.example", NOW) * 2,
        "\n" + cosign(NOTE, FIRST, "one.example", NOW),
    ],
)
def test_a_line_is_one_line(line: str) -> None:
    """Nothing can be smuggled in beside it."""
    with pytest.raises(MalformedMessage):
        parse_line(line)


def test_a_line_without_a_time_tells_none() -> None:
    """A note key of another kind has no time in front."""
    with pytest.raises(MalformedMessage) as fault:
        cosigned_at(NoteSignature("one.example", bytes(4), bytes(72)))
    assert fault.value.code == "cosignature-time"
