"""Somebody with the same list in clear finds people by how their records hang together."""

from dataclasses import replace

from hub.matching.attacks.held import hold
from hub.matching.attacks.whole_list import find_by_pattern
from tests.matching.attacks.indexes import SoundMaker, crowd
from tests.matching.people import AMELIA, STRANGER


def test_who_hangs_together_as_nobody_else_is_found() -> None:
    """Under another key, in another order; who shares nothing is nobody in particular."""
    people = [one.person for one in crowd(120, days=40)]
    ours, theirs = SoundMaker(), SoundMaker()
    held = hold([ours.make(one) for one in people])
    public = hold([theirs.make(one) for one in reversed(people)])
    found = find_by_pattern(held, public)
    assert len(found.records) > 40
    right = [
        code == len(people) - 1 - record for record, code in zip(found.records, found.codes, strict=True)
    ]
    assert sum(right) / len(right) > 0.95


def test_two_alike_are_not_told_apart() -> None:
    """Neither two strangers of one rarity who share nothing, nor somebody whom the list lacks."""
    ours, theirs = SoundMaker(), SoundMaker()
    both = [AMELIA, replace(STRANGER, first_name="Amelia")]
    held, public = hold([ours.make(one) for one in both]), hold([theirs.make(one) for one in both])
    assert held.marks[0] == held.marks[1]
    assert not len(find_by_pattern(held, public).records)
    three = [*both, replace(AMELIA, first_name="Beatrix")]  # who shares nothing now stands out
    apart = find_by_pattern(
        hold([ours.make(one) for one in three]), hold([theirs.make(one) for one in three])
    )
    assert 1 in apart.records
    sisters = [AMELIA, replace(AMELIA, first_name="Beatrix", upn="", uln="")]
    assert not len(find_by_pattern(hold([ours.make(one) for one in sisters]), public).records)
