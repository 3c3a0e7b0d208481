"""A record of tokens has one layout, shows nothing about missing facts, and can be hashed again."""

import base64
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.canonical import Json, decode, digest, encode
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import EpochId
from hub.protocols.token_record import (
    COLUMN,
    EVIDENCE_BYTES,
    FILTERS_BYTES,
    HEAD_BYTES,
    KNOWN,
    KNOWN_BESIDE,
    NAME_BIRTH_BYTES,
    OTHER_BYTES,
    RARITIES,
    SLOT_BYTES,
    SLOTS,
    Group,
    KeyedRecord,
    TokenRecord,
    compose,
    posted_tokens,
    rekey,
)

EPOCH = EpochId("ep_06avt5zbkhqf0000000000000r")
HUB_KEY = bytes(range(32))


def record(seed: int = 1, *, twin: bool = False, rarity: int = 2) -> TokenRecord:
    """A record of chance tokens."""
    chance = random.Random(seed)
    slots = [chance.randbytes(SLOT_BYTES) for _ in SLOTS]
    return compose(EPOCH, slots, chance.randbytes(FILTERS_BYTES), twin=twin, rarity=rarity)


def slot(of: TokenRecord | KeyedRecord, name: str) -> bytes:
    """The token in a slot."""
    start = HEAD_BYTES + SLOT_BYTES * COLUMN[name]
    return of.tokens[start : start + SLOT_BYTES]


def test_slots_stand_group_by_group_and_have_names_of_their_own() -> None:
    """The groups are one stretch of bytes each, so that each has a digest of its own."""
    groups = [slot.group for slot in SLOTS]
    assert groups == sorted(groups, key=list(Group).index)
    assert len(COLUMN) == len(SLOTS)


@pytest.mark.parametrize(
    "kind", ["first", "last", "birth", "year", "postcode", "unit", "sex", "nhs", "sex_birth", "initial"]
)
def test_no_slot_holds_a_single_fact(kind: str) -> None:
    """Only UPN and ULN stand alone; sex with the birthday is a birthday in disguise."""
    assert kind not in {slot.kind for slot in SLOTS}
    assert {slot.kind for slot in SLOTS if "_" not in slot.kind} == {"sounds", "starts", "band", "upn", "uln"}


def test_evidence_is_numbers_and_the_former_postcode() -> None:
    """What makes evidence strong may be shown to the other side; the present postcode may not."""
    evidence = {slot.name for slot in SLOTS if slot.group is Group.EVIDENCE}
    assert all(
        name in {"upn", "uln"} or name.startswith(("former_", "address_", "known_")) for name in evidence
    )
    other = {slot.name for slot in SLOTS if slot.group is Group.OTHER}
    assert all("sex" in name or name.startswith("current_") for name in other)


def test_digests_cover_their_own_group_alone() -> None:
    """Whoever is shown two groups can check them without the third."""
    whole, other = record(1), record(2)
    mixed = replace(whole, other=other.other)
    assert mixed.digests.name_birth == whole.digests.name_birth == digest(whole.name_birth)
    assert mixed.digests.evidence == whole.digests.evidence == digest(whole.evidence)
    assert mixed.digests.other == other.digests.other != whole.digests.other


def test_a_record_without_other_keeps_the_rest() -> None:
    """A key request carries two groups; zeros stand where the third would."""
    whole = record()
    shown = TokenRecord.without_other(whole.epoch, whole.name_birth, whole.evidence)
    assert shown.other == b""
    assert shown.tokens == whole.tokens[:-OTHER_BYTES] + bytes(OTHER_BYTES)


def test_posted_tokens_are_always_as_many() -> None:
    """The number of tokens says nothing about a record; without `other` its own are left out."""
    whole = record()
    assert posted_tokens(whole) == [slot(whole, one.name) for one in SLOTS if one.posted]
    shown = replace(whole, other=b"")
    expected = [one.name for one in SLOTS if one.posted and one.group is not Group.OTHER]
    assert posted_tokens(shown) == [slot(whole, name) for name in expected]


def test_marks_are_read_back() -> None:
    """Twin mark, tokens and filters come back as they were put in."""
    twin = record(twin=True)
    assert twin.twin
    assert not record().twin
    assert twin.name_birth.endswith(twin.filters)
    assert len(twin.filters) == FILTERS_BYTES


@given(st.integers(0, 2**32), st.booleans(), st.integers(0, RARITIES - 1))
def test_json_and_store_give_the_record_back(seed: int, twin: bool, rarity: int) -> None:
    """What a notice carries and what a store keeps is the same record."""
    whole = record(seed, twin=twin, rarity=rarity)
    assert TokenRecord.from_json(decode(encode(whole.to_json()))) == whole
    assert TokenRecord.from_stored(EPOCH, whole.tokens, whole.filters) == whole
    keyed = rekey(replace(whole, other=b""), HUB_KEY)
    assert KeyedRecord.from_stored(EPOCH, keyed.tokens, keyed.filters) == keyed


def test_hub_key_keeps_equality_and_hides_the_token() -> None:
    """Equal tokens stay equal in any slot, others stay apart; nothing of the member's token is left."""
    one, two = record(1), record(2)
    slots = [
        two.tokens[start : start + SLOT_BYTES] for start in range(HEAD_BYTES, len(two.tokens), SLOT_BYTES)
    ]
    slots[COLUMN["half_birth_1"]] = slot(one, "last_birth")
    slots[COLUMN["known_sounds"]] = slot(one, "known_sounds")
    like = compose(EPOCH, slots, two.filters, twin=True, rarity=0)
    keyed_one, keyed_like = rekey(one, HUB_KEY), rekey(like, HUB_KEY)
    assert slot(keyed_one, "last_birth") == slot(keyed_like, "half_birth_1")
    kept = {slot(keyed_one, name) for name in COLUMN} & {slot(keyed_like, name) for name in COLUMN}
    assert len(kept) == 1
    assert not {slot(one, name) for name in COLUMN} & {slot(keyed_one, name) for name in COLUMN}
    assert (keyed_like.twin, keyed_like.filters) == (True, like.filters)


def test_what_is_known_is_kept_beside_an_equal_slot_and_is_noise_beside_another() -> None:
    """Two bytes a fact: equal ones stay equal where the slot they lie beside is equal, others apart."""
    one, two = record(1), record(2)
    known = slot(one, "known_sounds")[:2] + slot(two, "known_sounds")[2:]
    for sounds in (slot(one, "sounds"), slot(two, "sounds")):
        slots = {name: slot(two, name) for name in COLUMN} | {"sounds": sounds, "known_sounds": known}
        like = rekey(compose(EPOCH, list(slots.values()), two.filters, twin=False, rarity=0), HUB_KEY)
        kept = slot(like, "known_sounds")[:2] == slot(rekey(one, HUB_KEY), "known_sounds")[:2]
        assert kept is (sounds == slot(one, "sounds"))
        assert slot(like, "known_sounds")[2:] != slot(rekey(one, HUB_KEY), "known_sounds")[2:]


def test_every_known_slot_lies_beside_one_of_its_group() -> None:
    """It is shown to whom that one is shown, and covered by it at rest."""
    for beside, known in KNOWN_BESIDE.items():
        assert SLOTS[COLUMN[beside]].group is SLOTS[COLUMN[known]].group
    assert set(KNOWN_BESIDE.values()) == set(KNOWN)


def test_another_hub_key_gives_other_tokens() -> None:
    """Two stolen indexes cannot be joined."""
    one = record()
    assert rekey(one, HUB_KEY).evidence != rekey(one, bytes(32)).evidence


def test_an_absent_group_stays_absent_under_the_hub_key() -> None:
    """Zeros are not hashed into tokens that would be equal everywhere."""
    shown = replace(record(), other=b"")
    assert rekey(shown, HUB_KEY).other == b""


@pytest.mark.parametrize(
    ("name_birth", "evidence", "other"),
    [
        (NAME_BIRTH_BYTES - 1, EVIDENCE_BYTES, OTHER_BYTES),
        (NAME_BIRTH_BYTES, EVIDENCE_BYTES + SLOT_BYTES, OTHER_BYTES),
        (NAME_BIRTH_BYTES, EVIDENCE_BYTES, OTHER_BYTES - SLOT_BYTES),
        (0, 0, 0),
    ],
)
def test_wrong_length_is_refused(name_birth: int, evidence: int, other: int) -> None:
    """Another number of tokens, or filters of another size, is no record."""
    with pytest.raises(MalformedMessage) as raised:
        TokenRecord(EPOCH, b"\x02" + bytes(max(name_birth - 1, 0)), bytes(evidence), bytes(other))
    assert raised.value.code == "tokens-size"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"\x02\x00\x00\x00\x00\x00\x00\x00", "tokens-layout"),
        (b"\x04\x02\x00\x00\x00\x00\x00\x00", "tokens-head"),
        (b"\x04\x00\x05\x00\x00\x00\x00\x00", "tokens-head"),
        (b"\x04\x00\x00\x00\x00\x00\x00\x01", "tokens-head"),
    ],
)
def test_unknown_head_is_refused(head: bytes, code: str) -> None:
    """Another layout and unknown marks are refused: what is not understood is not accepted."""
    whole = record()
    with pytest.raises(MalformedMessage) as raised:
        replace(whole, name_birth=head + whole.name_birth[HEAD_BYTES:])
    assert raised.value.code == code


@pytest.mark.parametrize(("tokens", "filters"), [(-1, 0), (0, -1), (1, 0)])
def test_stored_bytes_of_another_length_are_refused(tokens: int, filters: int) -> None:
    """A damaged row is found before it is compared."""
    whole = record()
    with pytest.raises(MalformedMessage) as raised:
        TokenRecord.from_stored(
            EPOCH,
            whole.tokens[:tokens] if tokens < 0 else whole.tokens + b"\0" * tokens,
            whole.filters[: filters or None],
        )
    assert raised.value.code == "tokens-size"


def altered(name: str, value: Json) -> dict[str, Json]:
    """The record's JSON with one field changed."""
    whole = record().to_json()
    assert isinstance(whole, dict)
    return {**whole, name: value}


@pytest.mark.parametrize(
    "message",
    [
        [],
        altered("epoch", "ep_no"),
        altered("other", ""),
        altered("evidence", 5),
        altered("surprise", "x"),
        altered("name_birth", base64.b64encode(record().name_birth).decode()),
    ],
)
def test_malformed_message_is_refused(message: Json) -> None:
    """A notice carries all three groups, each of its length, and nothing else."""
    with pytest.raises(MalformedMessage):
        TokenRecord.from_json(message)
