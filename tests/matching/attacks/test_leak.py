"""The attacks find what leaks, and say so in figures."""

import pytest

from hub.matching.attacks.facts import Target
from hub.matching.attacks.leak import MARKS, Leak, measure_leak
from hub.protocols.errors import MalformedMessage
from tests.matching.attacks.indexes import LeakyMaker, SoundMaker, crowd, index_of

PEOPLE = crowd(800, days=270)


def attacked(maker: SoundMaker, own: SoundMaker, **options: object) -> Leak:
    """The figures of an index of the crowd."""
    told: list[tuple[str, int, int]] = []
    found = measure_leak(
        index_of(PEOPLE, maker),
        PEOPLE,
        own.make,
        lambda *step: told.append(step),
        **options,  # type: ignore[arg-type]
    )
    assert told[-1] == ("facts attacked", len(Target), len(Target))
    assert ("people hashed", 800, 800) in told
    return found


@pytest.fixture(scope="module")
def sound() -> Leak:
    """The figures of an index as members make it."""
    return attacked(SoundMaker(), SoundMaker())


def test_a_bare_date_of_birth_is_caught() -> None:
    """One slot replaced by a token of the date of birth alone: a leaked half decodes most of the others."""
    found = attacked(LeakyMaker(), LeakyMaker())
    assert found.worst_for_birthdays.view == "starts"
    assert found.worst_for_birthdays.by_member > 0.7
    assert found.birthdays.by_member > 0.7
    assert (found.worst.view, found.worst.target) == ("starts", Target.BIRTH)
    assert found.worst.lift > 0.1


def test_compounds_leak_much_less_by_the_same_attack(sound: Leak) -> None:
    """The figures of a sound index: no column gives away many birthdays."""
    assert sound.worst_for_birthdays.by_member < 0.35
    born = [column for column in sound.columns if column.target is Target.BIRTH]
    assert max(column.lift for column in born) < 0.1


def test_every_fact_is_attacked_and_every_floor_is_told(sound: Leak) -> None:
    """A share of right guesses is never below none nor above all; facts that nobody has come to nought."""
    assert [one.target for one in sound.joined] == list(Target)
    assert (sound.records, sound.public, sound.pairs, sound.leaked_records) == (800, 800, 50, 400)
    for one in sound.joined:
        shares = (
            one.floor,
            one.by_rank,
            one.by_pairs,
            one.by_member,
            one.by_member_chains,
            one.by_whole_list,
        )
        assert all(0 <= share <= 1 for share in shares)
        assert (one.by_member_filters is None) is (one.target is not Target.BIRTH)
    upn = next(one for one in sound.joined if one.target is Target.UPN)
    assert (upn.floor, upn.by_member, upn.by_whole_list) == (0, 0, 0)
    assert {column.target for column in sound.columns if column.view == MARKS} == set(Target)


def test_more_evidence_tells_more(sound: Leak) -> None:
    """Joined columns beat the worst alone, and opened filters beat both."""
    born = sound.birthdays
    assert born.by_member_filters is not None
    assert born.floor < sound.worst_for_birthdays.by_member <= born.by_member <= born.by_member_filters
    last = next(one for one in sound.joined if one.target is Target.LAST)
    assert last.floor < last.by_pairs


def test_a_member_leaks_its_own_records() -> None:
    """Named, it is that member's; by lot, never more than half."""
    people = PEOPLE[:90]
    index = index_of(people, SoundMaker())
    of_member = measure_leak(index, people, SoundMaker().make, lambda *_: None, member="member 1")
    assert of_member.leaked_records == 30
    by_lot = measure_leak(index, people, SoundMaker().make, lambda *_: None, leaked=12, seed=3)
    assert by_lot.leaked_records == 12


def test_an_index_of_others_is_refused() -> None:
    """Without the truth nothing can be counted; without records there is nothing to attack."""
    people = PEOPLE[:3]
    index = index_of(people, SoundMaker())
    for code, records, known, member in (
        ("index-empty", [], people, ""),
        ("people-unknown-id", index, people[:2], ""),
        ("member-unknown", index, people, "nobody"),
    ):
        with pytest.raises(MalformedMessage) as refused:
            measure_leak(records, known, SoundMaker().make, lambda *_: None, member=member)
        assert refused.value.code == code
