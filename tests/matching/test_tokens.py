"""A person becomes tokens of joined facts, always as many, none of which stands alone."""

import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from hub.matching.tokens import Person, make_tokens, random_linkage_key
from hub.protocols.errors import MalformedMessage
from hub.protocols.keyed_hashes import TokenKey
from hub.protocols.names import EpochId
from hub.protocols.token_record import (
    COLUMN,
    HEAD_BYTES,
    KNOWN,
    LANE_BYTES,
    SLOT_BYTES,
    SLOTS,
    Fact,
    LinkageKey,
    TokenRecord,
)
from tests.matching.people import AMELIA, EPOCH, KEY, PEOPLE, STRANGER, record

VECTORS = Path(__file__).parents[1] / "vectors" / "own" / "token-records.json"
HASH = TokenKey(KEY)


def slots(of: TokenRecord) -> dict[str, bytes]:
    """Every slot's token, by its name."""
    tokens = of.tokens[HEAD_BYTES:]
    return {name: tokens[SLOT_BYTES * place : SLOT_BYTES * (place + 1)] for name, place in COLUMN.items()}


def fixed(person: Person) -> dict[str, bytes]:
    """The slots that are not left to chance."""
    one, two = slots(record(person, 1)), slots(record(person, 2))
    return {name: token for name, token in one.items() if token == two[name]}


def shared(one: Person, other: Person) -> set[str]:
    """Names of the slots whose token the other person's record has too, in whatever slot."""
    others = set(fixed(other).values())
    return {name for name, token in fixed(one).items() if token in others}


@pytest.mark.parametrize(
    ("slot", "kind", "values"),
    [
        ("first_birth", "name_birth", ("amelia", "20090314")),
        ("last_birth", "name_birth", ("thornbury", "20090314")),
        ("first_sound_birth", "sound_birth", ("AML", "20090314")),
        ("last_sound_birth", "sound_birth", ("0RNBR", "20090314")),
        ("first_last", "first_last", ("amelia", "thornbury")),
        ("sounds", "sounds", ("AML", "0RNBR")),
        ("starts", "starts", ("ame", "tho")),
        ("sounds_year", "sounds_year", ("AML", "0RNBR", "2009")),
        ("nick_sound_1", "nick_sound", ("amelia", "0RNBR")),
        ("initial_last_year_month", "initial_last_year_month", ("a", "thornbury", "200903")),
        ("initial_last_month_day", "initial_last_month_day", ("a", "thornbury", "0314")),
        ("initial_last_year_day", "initial_last_year_day", ("a", "thornbury", "2009-14")),
        ("nick_birth_1", "nick_birth", ("amelia", "20090314")),
        ("first_sound_last", "first_sound_last", ("AML", "thornbury")),
        ("first_last_sound", "first_last_sound", ("amelia", "0RNBR")),
        ("nick_last_1", "nick_last", ("amelia", "thornbury")),
        ("first_last_year_month", "first_last_year_month", ("amelia", "thornbury", "200903")),
        ("first_last_year_day", "first_last_year_day", ("amelia", "thornbury", "2009-14")),
        ("first_last_month_day", "first_last_month_day", ("amelia", "thornbury", "0314")),
        ("first_last_birth", "first_last_birth", ("amelia", "thornbury", "20090314")),
        ("first_last_exchanged", "first_last_birth", ("amelia", "thornbury", "20091403")),
        ("upn", "upn", ("F886499920001",)),
        ("uln", "uln", ("1000000019",)),
        ("former_last_unit", "name_unit", ("thornbury", "ME74AB")),
        ("former_first_unit", "name_unit", ("amelia", "ME74AB")),
        ("former_first_month_district", "first_month_district", ("amelia", "200903", "ME7")),
        ("former_unit_birth", "unit_birth", ("ME74AB", "20090314")),
        ("former_sector_birth", "sector_birth", ("ME74", "20090314")),
        ("former_district_birth", "district_birth", ("ME7", "20090314")),
        ("current_last_unit", "name_unit", ("thornbury", "CT12XY")),
        ("last_sex_birth", "last_sex_birth", ("thornbury", "f", "20090314")),
        ("first_sex_birth", "first_sex_birth", ("amelia", "f", "20090314")),
    ],
)
def test_slot_is_the_token_of_its_facts(slot: str, kind: str, values: tuple[str, ...]) -> None:
    """Two members' software must hash the same text into the same place."""
    assert slots(record(AMELIA))[slot] == HASH.token(kind, *values)


def test_double_barrelled_name_has_a_token_for_each_half() -> None:
    """Another register may have either half alone."""
    found = slots(record(replace(AMELIA, last_name="Smith-Jones")))
    assert found["half_birth_1"] == HASH.token("name_birth", "smith", "20090314")
    assert found["half_birth_2"] == HASH.token("name_birth", "jones", "20090314")
    assert found["first_half_1"] == HASH.token("first_last", "amelia", "smith")
    assert found["first_half_2"] == HASH.token("first_last", "amelia", "jones")


def test_kaur_beside_a_family_name_is_a_half_of_it() -> None:
    """The family name counts; whoever has Kaur alone is still found by the other half."""
    found = fixed(replace(AMELIA, last_name="Kaur Gill"))
    assert found["last_birth"] == HASH.token("name_birth", "gill", "20090314")
    assert found["half_birth_1"] == HASH.token("name_birth", "kaur", "20090314")
    assert "half_birth_2" not in found


def test_married_and_preferred_names_are_found_too() -> None:
    """A second last name stands where a half would; a preferred name where a full form would."""
    found = slots(record(replace(AMELIA, other_last_name="Hartley", preferred_name="Mia")))
    assert found["half_birth_1"] == HASH.token("name_birth", "hartley", "20090314")
    assert found["nick_last_1"] == HASH.token("nick_last", "mia", "thornbury")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bob", "Robert"), ("Millie", "Amelia"), ("Gosia", "Małgorzata"), ("Ionut", "Ion"), ("Callum", "Calum")],
)
def test_short_and_full_form_share_a_name(one: str, other: str) -> None:
    """From the package's table and from our own."""
    both = shared(replace(AMELIA, first_name=one), replace(AMELIA, first_name=other))
    assert any(name.startswith("nick_birth") for name in both)


@pytest.mark.parametrize(
    "same",
    [
        {"dob": AMELIA.dob},
        {"dob": AMELIA.dob, "sex": "F"},
        {"first_name": "Amelia"},
        {"last_name": "Thornbury"},
        {"former_postcode": "ME7 4AB", "current_postcode": "CT1 2XY"},
        {"first_name": "Amelia", "sex": "F"},
        {"last_name": "Thornbury", "sex": "F"},
        {"sex": "F"},
        {"dob": date(2009, 8, 30)},
    ],
)
def test_two_people_with_one_fact_in_common_share_no_token(same: dict[str, Any]) -> None:
    """No token of a single name, birthday, postcode, sex or year, and none that is one in disguise."""
    other = replace(STRANGER, **same)
    assert shared(AMELIA, other) == set()


def test_exchanged_names_share_their_tokens() -> None:
    """First and last name are hashed alike, so that a register that exchanged them is still found."""
    exchanged = replace(AMELIA, first_name="Thornbury", last_name="Amelia")
    assert {"first_birth", "last_birth", "first_last", "former_last_unit", "band_1"} <= shared(
        AMELIA, exchanged
    )


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"upn": "E88649992001A"}, {"upn"}),
        ({"uln": "9999999999"}, {"uln"}),
        ({"upn": "Q886499920001", "uln": "1000000004"}, {"upn", "uln"}),
        ({"sex": "unknown"}, {"last_sex_birth", "first_sex_birth"}),
        ({"former_postcode": "ZZ99 9ZZ"}, {name for name in COLUMN if name.startswith("former_")}),
        ({"current_postcode": "ME7 4AB"}, {name for name in COLUMN if name.startswith("current_")}),
    ],
)
def test_what_may_not_be_matched_on_is_left_to_chance(change: dict[str, Any], lost: set[str]) -> None:
    """Temporary and wrong numbers, stand-in postcodes, a postcode that has not changed."""
    changed = replace(AMELIA, **change)
    gone = fixed(AMELIA).keys() - fixed(changed).keys()
    assert {name for name in gone if name not in KNOWN} == lost


def told(person: Person, name: str) -> set[Fact]:
    """The facts that a `known_` slot does not leave to chance."""
    one, two = (slots(record(person, seed))[name] for seed in (1, 2))
    lanes = [slice(LANE_BYTES * place, LANE_BYTES * (place + 1)) for place in range(SLOT_BYTES // LANE_BYTES)]
    return {fact for fact, lane in zip(KNOWN[name], lanes, strict=False) if one[lane] == two[lane]}


def test_a_known_slot_tells_of_each_further_fact_alone() -> None:
    """A fact that is missing leaves its own two bytes to chance and no others."""
    names, place = "known_sounds", "known_last_unit"
    assert told(AMELIA, names) == {Fact.BIRTH, Fact.POSTCODE, Fact.UPN, Fact.ULN}
    assert told(replace(AMELIA, dob=None, uln=""), names) == {Fact.POSTCODE, Fact.UPN}
    assert told(replace(AMELIA, former_postcode="ME7"), names) == {Fact.BIRTH, Fact.UPN, Fact.ULN}
    assert told(replace(AMELIA, first_name=""), place) == {Fact.BIRTH, Fact.UPN, Fact.ULN}
    assert told(replace(AMELIA, first_name=""), names) == set()


@pytest.mark.parametrize(
    ("change", "slot"),
    [
        ({"first_name": "Amelka"}, "first_start_last"),
        ({"first_name": "Xmelia"}, "first_end_last"),
        ({"last_name": "Thornbury"[:-1]}, "first_last_start"),
        ({"last_name": "Xhornbury"}, "first_last_end"),
        ({"first_name": "Amexx", "last_name": "Quill", "dob": None}, "former_first_start_unit"),
        ({"last_name": "Quill", "former_postcode": "", "dob": None}, "address_first"),
        ({"first_name": "Benedict", "former_postcode": "", "dob": None}, "address_last"),
        ({"first_name": "Benedict", "last_name": "Quill"}, "address_birth"),
    ],
)
def test_a_misspelt_name_keeps_a_token_at_its_other_end(change: dict[str, Any], slot: str) -> None:
    """Beside the other name, the former postcode or the address: without a birthday too."""
    at_home = replace(AMELIA, former_address="Flat 2, 14 Example Road")
    assert slot in shared(at_home, replace(at_home, **change))


def test_default_birthday_is_never_hashed_with_its_day() -> None:
    """1 January stands for "not known"; only its year is left, and that never without both names."""
    left = fixed(replace(AMELIA, dob=date(2009, 1, 1)))
    assert "sounds_year" in left
    assert not {
        name for name in left if "birth" in name or "band" in name or "month" in name or "day" in name
    }


@pytest.mark.parametrize("stand_in", ["", "Unknown", "tbc", "xxx"])
def test_stand_in_names_are_never_hashed(stand_in: str) -> None:
    """Strangers share "unknown": nothing with a name is left."""
    left = fixed(replace(AMELIA, first_name=stand_in, last_name=stand_in))
    assert left.keys() <= {"upn", "uln"} | {name for name in COLUMN if "unit_birth" in name} | {
        f"{when}_{part}_birth" for when in ("former", "current") for part in ("sector", "district")
    }


def test_one_name_in_either_field_is_found() -> None:
    """People with a single name have it in one field here, in the other field or in both there."""
    first, last = replace(AMELIA, last_name="-"), replace(AMELIA, first_name="-", last_name="Amelia")
    both = replace(AMELIA, last_name="Amelia")
    for one, other in ((first, last), (first, both), (both, last)):
        assert "last_birth" in shared(one, other)


def test_a_pair_of_one_name_is_no_pair() -> None:
    """Both names the same would be a token of a single name."""
    left = fixed(replace(AMELIA, last_name="Amelia")).keys()
    assert not left & {"first_last", "sounds", "starts", "sounds_year", "nick_last_1", "first_last_sound"}


@given(PEOPLE)
def test_no_two_tokens_of_a_record_are_equal(person: Person) -> None:
    """Equal tokens inside one record would tell that two of its facts are."""
    made = record(person)
    tokens = list(slots(made).values())
    assert len(set(tokens)) == len(tokens)
    assert made.filters[:64] != made.filters[64:]


@given(PEOPLE)
def test_every_record_is_of_one_form(person: Person) -> None:
    """As many tokens, filters about as full as names make them: what is missing does not show."""
    made = record(person)
    assert len(slots(made)) == len(SLOTS)
    assert b"\0" * SLOT_BYTES not in slots(made).values()
    for half in (made.filters[:64], made.filters[64:]):
        assert 8 <= int.from_bytes(half).bit_count() <= 8 * 24
    assert made.twin is person.twin


def test_missing_name_has_a_filter_of_chance() -> None:
    """A filter that is empty, or always the same, would show that the name is missing."""
    nameless = replace(AMELIA, first_name="", last_name="")
    filters = {record(nameless, seed).filters for seed in range(20)}
    assert len(filters) == 20


def test_rarity_says_how_common_the_names_are() -> None:
    """Both very common, one, none; where a name is missing, chance says it."""

    def step(first: str, last: str, seed: int = 1) -> int:
        return record(replace(AMELIA, first_name=first, last_name=last), seed).name_birth[2]

    assert (step("Jack", "Smith"), step("Jack", "Quillfeather"), step("Zephyrine", "Quillfeather")) == (
        0,
        2,
        4,
    )
    assert len({step("", "Smith", seed) for seed in range(30)}) > 1


def test_linkage_key_of_another_length_is_refused() -> None:
    """Nothing is hashed under a key that could be guessed."""
    with pytest.raises(MalformedMessage):
        make_tokens(AMELIA, LinkageKey(b"short"), EPOCH, random.Random(1).randbytes)


def test_new_linkage_key_is_as_long_as_it_must_be() -> None:
    """A key from the given randomness, ready for use."""
    key = random_linkage_key(random.Random(1).randbytes)
    assert make_tokens(AMELIA, key, EPOCH, random.Random(1).randbytes).epoch == EPOCH


def test_published_records_are_made_again() -> None:
    """A member's own software can be held to these people, key and bytes."""
    published = json.loads(VECTORS.read_text(encoding="utf-8"))
    key = LinkageKey(bytes.fromhex(published["linkage_key_hex"]))
    for case in published["cases"]:
        facts = dict(case["person"])
        facts["dob"] = date.fromisoformat(facts["dob"]) if facts["dob"] else None
        zeros = make_tokens(Person(**facts), key, EpochId(published["epoch"]), bytes)
        assert zeros.to_json() == case["record"], case["about"]
