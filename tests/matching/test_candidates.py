"""Candidates are the records that share a posted token, the crowded tokens last."""

import random
from dataclasses import replace

from hub.matching.candidates import HEAVY, InvertedIndex, posting_keys
from hub.matching.tokens import Person
from hub.protocols.token_record import SLOTS, rekey
from tests.matching.people import AMELIA, STRANGER, record


def found(seekers: list[Person], holders: list[Person]) -> set[tuple[int, int]]:
    """Which pairs are candidates."""
    index = InvertedIndex([record(one, 100 + place) for place, one in enumerate(holders)])
    left, right = index.find([record(one, place) for place, one in enumerate(seekers)])
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    return set(pairs)


def test_keys_are_the_posted_tokens_each_once() -> None:
    """As many for every record: nothing can be read from their number."""
    assert len(posting_keys(record(AMELIA))) == sum(slot.posted for slot in SLOTS)
    assert posting_keys(rekey(record(AMELIA), b"k")) != posting_keys(record(AMELIA))


def test_one_equal_token_makes_a_candidate() -> None:
    """The same postcode and birthday; a typing error in both names; nothing in common."""
    neighbour = replace(STRANGER, dob=AMELIA.dob, former_postcode=AMELIA.former_postcode)
    misspelt = replace(AMELIA, first_name="Amelai", last_name="Thonrbury", former_postcode="", upn="", uln="")
    assert found([AMELIA], [neighbour, misspelt, STRANGER]) == {(0, 0), (0, 1)}


def test_exchanged_names_and_short_forms_are_found() -> None:
    """By names alone, without birthday, postcode or number."""
    one = Person("Amelia", "Thornbury")
    others = [Person("Thornbury", "Amelia"), Person("Millie", "Thornbury"), Person("Amelja", "Thornberry")]
    assert found([one], others) == {(0, 0), (0, 1), (0, 2)}


def test_crowded_token_is_followed_only_where_nothing_else_finds_anybody() -> None:
    """A common pair of names says little and costs much."""
    crowd = [Person("Jack", "Smith")] * (HEAVY + 1)
    known = replace(AMELIA, first_name="Jack", last_name="Smith")
    assert found([known], [*crowd, known]) == {(0, HEAVY + 1)}
    assert len(found([Person("Jack", "Smith")], crowd)) == HEAVY + 1


def test_empty_index_finds_nobody() -> None:
    """The first notice of all has no candidates; nor has nobody."""
    assert found([AMELIA], []) == set()
    assert found([], [AMELIA]) == set()


def test_index_knows_its_size() -> None:
    """Key and place of every posting."""
    records = [record(AMELIA, random.Random(1).randrange(100)) for _ in range(3)]
    assert InvertedIndex(records).bytes == 3 * 16 * len(posting_keys(records[0]))
