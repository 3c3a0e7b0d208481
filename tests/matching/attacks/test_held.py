"""The index as an attacker finds it."""

import os
from dataclasses import replace

import numpy as np

from hub.matching.attacks.held import VIEWS, filter_bits, hold
from hub.matching.tokens import Person, make_tokens
from hub.protocols.token_record import COLUMN, HEAD_BYTES, RARITIES, SLOT_BYTES, SLOTS, TokenRecord
from tests.matching.people import AMELIA, EPOCH, KEY, STRANGER

SISTER = replace(AMELIA, first_name="Beatrix", twin=True, upn="", uln="")


def record(person: Person) -> TokenRecord:
    """A record under the key of the tests."""
    return make_tokens(person, KEY, EPOCH, os.urandom)


def test_every_slot_is_a_view_and_so_is_every_kind_with_several() -> None:
    """Whatever can be equal is looked at."""
    names = [view.name for view in VIEWS]
    assert names[: len(SLOTS)] == [slot.name for slot in SLOTS]
    assert "band (all)" in names
    assert "upn (all)" not in names
    (band,) = (view for view in VIEWS if view.name == "band (all)")
    assert [SLOTS[column].kind for column in band.columns] == ["band"] * 8


def test_who_shares_a_token_stands_in_one_group() -> None:
    """Two sisters share last name with birthday; a stranger and what one record alone holds are left out."""
    held = hold([record(AMELIA), record(STRANGER), record(SISTER)])
    assert len(held) == 3
    shared = held.groups["last_birth"]
    assert (shared.holders.tolist(), shared.number.tolist(), shared.sizes.tolist()) == ([0, 2], [0, 0], [2])
    assert shared.starts.tolist() == [0]
    assert not len(held.groups["upn"].sizes)


def test_a_record_that_holds_a_token_twice_is_one_holder() -> None:
    """Shared with nobody, it is no group."""
    made = record(AMELIA)
    from_slot, to_slot = (HEAD_BYTES + SLOT_BYTES * COLUMN[name] for name in ("first_last", "first_half_1"))
    again = made.tokens[from_slot : from_slot + SLOT_BYTES]
    tokens = made.tokens[:to_slot] + again + made.tokens[to_slot + SLOT_BYTES :]
    held = hold([TokenRecord.from_stored(EPOCH, tokens, made.filters), record(STRANGER)])
    assert not any(len(groups.sizes) for groups in held.groups.values())


def test_an_absent_group_of_slots_is_shared_by_nobody() -> None:
    """Zeros are no tokens."""
    shown = [
        TokenRecord.without_other(EPOCH, one.name_birth, one.evidence)
        for one in (record(AMELIA), record(STRANGER))
    ]
    assert not len(hold(shown).groups["current_last_unit"].sizes)


def test_marks_tell_every_rarity_step_and_twin_apart() -> None:
    """What the head says in clear is one number a record."""
    plain, twin = hold([record(AMELIA), record(SISTER)]).marks.tolist()
    assert plain < RARITIES <= twin < 2 * RARITIES


def test_filters_are_read_bit_by_bit() -> None:
    """As many ones as the filter has, first name and last name apart."""
    one = record(AMELIA)
    held = hold([one])
    for which in (0, 1):
        bits = filter_bits(held.filters, which)
        assert bits.shape == (1, 512)
        assert bits.sum() == int.from_bytes(one.filters[64 * which : 64 * (which + 1)]).bit_count()
    assert filter_bits(held.filters, 0).dtype == np.float32
