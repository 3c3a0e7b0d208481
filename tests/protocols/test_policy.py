"""Trust policies: enough witnesses, as anybody can be told in a file (C2SP tlog-policy)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.checkpoint import Checkpoint, add_cosignature, cosign, sign_checkpoint, witness_key
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import MemberId
from hub.protocols.policy import (
    NONE,
    POLICY_BYTES,
    Policy,
    encode_policy,
    members_policy,
    read_policy,
    verify_under,
)
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import NoteKey, NoteKind, vkey, witness_vkey

ORIGIN = "hub.example"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HUB, ONE, TWO, THREE, NEW = (SigningKey.from_seed(bytes([number]) * 32) for number in range(5))
LOG = NoteKey(ORIGIN, NoteKind.LOG, HUB.public)
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 48, bytes(range(32))), HUB, ORIGIN)
KENT, MEDWAY, LAMBETH = MemberId("mbr_kent"), MemberId("mbr_medway"), MemberId("mbr_lambeth")
KEYS = {KENT: [ONE, NEW], MEDWAY: [TWO], LAMBETH: [THREE]}
V1, V2, V3 = (
    witness_vkey(f"{name}.example", key.public) for name, key in zip("abc", (ONE, TWO, THREE), strict=True)
)
LINE = f"log {vkey(ORIGIN, HUB.public)}"


def members(least: int) -> Policy:
    """So many of three members; Kent has two keys, an earlier one and its present one."""
    named = {
        member: [witness_key(ORIGIN, member, key.public) for key in keys] for member, keys in KEYS.items()
    }
    return members_policy(LOG, named, least)


def cosigned(*signers: tuple[MemberId, SigningKey]) -> str:
    """The checkpoint with the lines of these."""
    note = NOTE
    for member, key in signers:
        note = add_cosignature(note, cosign(NOTE, key, f"{ORIGIN}/{member}", NOW))
    return note


def test_two_members_are_two_members_whatever_keys_they_use() -> None:
    """Both keys of one member count as one; so nobody is two witnesses."""
    policy = members(2)
    assert verify_under(cosigned((KENT, NEW), (MEDWAY, TWO)), policy).size == 48
    for note in (cosigned((KENT, ONE), (KENT, NEW)), cosigned((MEDWAY, TWO)), NOTE):
        with pytest.raises(Untrusted) as fault:
            verify_under(note, policy)
        assert fault.value.code == "checkpoint-quorum"


def test_fewer_members_cannot_be_asked_for_more() -> None:
    """A region of two asks for the one other; a member by itself for nobody."""
    two = members_policy(LOG, {MEDWAY: [witness_key(ORIGIN, MEDWAY, TWO.public)], KENT: []}, 2)
    assert verify_under(cosigned((MEDWAY, TWO)), two).size == 48
    assert not two.met_by(())
    assert members_policy(LOG, {}, 2).quorum == members(0).quorum == NONE
    assert verify_under(NOTE, members(0)).size == 48


def test_a_false_line_of_a_known_witness_is_never_passed_over() -> None:
    """Also where enough others have cosigned: somebody on the way means harm."""
    note = cosigned((KENT, ONE), (MEDWAY, TWO))
    later = sign_checkpoint(Checkpoint(ORIGIN, 64, bytes(32)), HUB, ORIGIN)
    moved = add_cosignature(note, cosign(later, THREE, f"{ORIGIN}/{LAMBETH}", NOW))
    with pytest.raises(Untrusted) as fault:
        verify_under(moved, members(2))
    assert fault.value.code == "signature-invalid"


def test_a_log_that_the_policy_does_not_name_is_not_looked_at() -> None:
    """However many have cosigned it, and whichever key signed it."""
    other = sign_checkpoint(Checkpoint("other.example", 48, bytes(32)), HUB, "other.example")
    with pytest.raises(Untrusted) as fault:
        verify_under(other, members(0))
    assert fault.value.code == "checkpoint-origin"
    stolen = sign_checkpoint(Checkpoint(ORIGIN, 48, bytes(32)), ONE, ORIGIN)
    with pytest.raises(Untrusted):
        verify_under(stolen, members(0))


@given(st.integers(0, 4))
def test_what_is_written_is_what_is_read(least: int) -> None:
    """The file is the policy, whole."""
    assert read_policy(encode_policy(members(least))) == members(least)


TWO_LEVELS = f"""
# two councils, or the observer with either of them
{LINE}  https://hub.example/log
witness\ta {V1}
witness b {V2} https://b.example
witness c {V3}
group councils any a b
  group all-sides all councils c
quorum all-sides
"""


def test_groups_of_groups_are_met_from_below() -> None:
    """As the format describes it: any, all, and a number."""
    policy = read_policy(TWO_LEVELS)
    assert [log.vkey for log in policy.logs] == [vkey(ORIGIN, HUB.public)]
    assert policy.met_by({"a", "c"})
    assert policy.met_by({"b", "c", "stranger"})
    assert not policy.met_by({"a", "b"})
    assert not policy.met_by({"c", "councils"})
    one = read_policy(f"witness a {V1}\nquorum a\n")
    assert one.met_by({"a"})
    assert not one.met_by(set())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("quorum none", "policy-form"),
        ("quorum none\x00\n", "policy-form"),
        ("#" * POLICY_BYTES + "\n", "policy-form"),
        ("\n", "policy-quorum"),
        ("quorum none\nquorum none\n", "policy-line"),
        ("quorum\n", "policy-line"),
        ("log\n", "policy-line"),
        ("witness a\n", "policy-line"),
        ("group g any\n", "policy-line"),
        ("trust everybody\n", "policy-line"),
        ("quorum a\n", "policy-name"),
        (f"quorum a\nwitness a {V1}\n", "policy-name"),
        ("group g any a\nquorum g\n", "policy-name"),
        (f"witness none {V1}\nquorum none\n", "policy-name"),
        (f"witness a {V1}\nwitness a {V2}\nquorum a\n", "policy-name"),
        (f"witness a {V1}\ngroup a any a\nquorum a\n", "policy-name"),
        (f"witness a {V1}\nwitness b {V1}\nquorum a\n", "policy-key"),
        (f"{LINE}\n{LINE}\nquorum none\n", "policy-key"),
        (f"log {V1}\nquorum none\n", "vkey-kind"),
        (f"witness a {vkey(ORIGIN, HUB.public)}\nquorum a\n", "vkey-kind"),
        ("log nonsense\nquorum none\n", "vkey-form"),
        (f"witness a {V1}\ngroup g 2 a\nquorum g\n", "policy-group"),
        (f"witness a {V1}\ngroup g 0 a\nquorum g\n", "policy-group"),
        (f"witness a {V1}\ngroup g some a\nquorum g\n", "policy-group"),
        (f"witness a {V1}\ngroup g any a a\nquorum g\n", "policy-member"),
        (f"witness a {V1}\ngroup g any a\ngroup h any a\nquorum g\n", "policy-member"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(text: str, code: str) -> None:
    """A policy that is half understood trusts too much; so all of it is read, or none."""
    with pytest.raises(MalformedMessage) as fault:
        read_policy(text)
    assert fault.value.code == code
    if code not in {"policy-form", "policy-quorum"}:
        assert fault.value.detail.startswith("line ")
