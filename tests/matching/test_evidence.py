"""What is seen of two records is true of the two people, and the same from either side."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from hub.matching import evidence
from hub.matching.evidence import compare, patterns, rows_from_stored, rows_of, strength, without_other
from hub.matching.levels import CODE, SEEN, EvidenceStrength, Field
from hub.matching.tokens import Person
from hub.protocols.birthdays import read_birthday
from hub.protocols.errors import MalformedMessage
from hub.protocols.identifiers import normalise_uln, normalise_upn
from hub.protocols.personal_names import read_first_name, read_last_name
from hub.protocols.token_record import COLUMN, rekey
from tests.matching.people import AMELIA, NAME_AND_BIRTH, PEOPLE, STRANGER, record


def seen(one: Person, other: Person) -> dict[Field, str]:
    """What is seen of each field of two people."""
    codes = compare(rows_of([record(one, 1)]), rows_of([record(other, 2)])).codes
    return {field: SEEN[field][int(code[0])].name for field, code in codes.items()}


def beside(**change: str | date | None) -> dict[Field, str]:
    """What is seen of Amelia beside herself with some facts changed."""
    changed: dict[str, Any] = dict(change)
    return seen(AMELIA, replace(AMELIA, **changed))


def test_same_person_agrees_on_everything() -> None:
    """Every field on its best level."""
    assert beside() == {
        Field.FIRST: "exact",
        Field.LAST: "exact",
        Field.ORDER: "as_given",
        Field.RARITY: "uncommon",
        Field.ONE_NAME: "blank",
        Field.BIRTH: "exact",
        Field.POSTCODE: "unit",
        Field.SEX: "same",
        Field.UPN: "same",
        Field.ULN: "same",
    }


def test_strangers_show_nothing_but_their_numbers() -> None:
    """Where no token is equal nothing is known of names, birthday, postcode and sex."""
    found = seen(AMELIA, STRANGER)
    assert {found.pop(Field.UPN), found.pop(Field.ULN)} == {"apart"}
    assert set(found.values()) == {"blank"}


@pytest.mark.parametrize(
    ("first", "level"),
    [
        ("Millie", "nick"),
        ("Ameliah", "near"),
        ("Emelia", "nick"),
        ("Amilia", "sound"),
        ("Amxlia", "far"),
        ("Amara", "weak"),
        ("Zephyrine", "different"),
        ("", "missing"),
    ],
)
def test_first_name_has_its_level_beside_the_same_birthday(first: str, level: str) -> None:
    """A short form, near spelling, sound, and less and less likeness of the filters."""
    assert beside(first_name=first)[Field.FIRST] == level


@pytest.mark.parametrize(
    ("last", "level"),
    [
        ("Thornbury-Hale", "half"),
        ("Thornburyy", "near"),
        ("Thawrnberri", "sound"),
        ("Thornhill", "start"),
        ("Cornbury", "start"),
        ("Tornbry", "far"),
        ("Quill", "different"),
    ],
)
def test_last_name_has_its_level_beside_the_same_birthday(last: str, level: str) -> None:
    """As for the first name, with halves of a double-barrelled one."""
    assert beside(last_name=last)[Field.LAST] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Smith-Jones", "Smith", "half"),
        ("Jones", "Smith-Jones", "half"),
        ("Smith-Jones", "Jones-Hale", "half"),
        ("Kaur Gill", "Gill", "exact"),
        ("Kaur Gill", "Kaur", "half"),
        ("McDonald", "Mac Donald", "exact"),
    ],
)
def test_half_of_a_last_name_is_seen_without_a_birthday(one: str, other: str, level: str) -> None:
    """Either half, beside the same first name."""
    left, right = (replace(NAME_AND_BIRTH, dob=None, last_name=last) for last in (one, other))
    assert seen(left, right)[Field.LAST] == level
    assert seen(left, right)[Field.FIRST] == "exact"


@pytest.mark.parametrize(
    ("dob", "level"),
    [
        (date(2009, 3, 15), "part"),
        (date(2009, 4, 14), "part"),
        (date(2008, 3, 14), "part"),
        (date(2009, 8, 30), "year"),
        (date(2009, 1, 1), "year"),
        (date(2010, 8, 30), "different"),
        (None, "missing"),
    ],
)
def test_birthday_has_its_level_beside_the_same_names(dob: date | None, level: str) -> None:
    """One part wrong, the year alone, nothing."""
    assert beside(dob=dob)[Field.BIRTH] == level


def test_day_and_month_exchanged_are_seen_from_either_side() -> None:
    """12 May entered as 5 December."""
    one, other = replace(AMELIA, dob=date(2009, 5, 12)), replace(AMELIA, dob=date(2009, 12, 5))
    assert seen(one, other)[Field.BIRTH] == seen(other, one)[Field.BIRTH] == "exchanged"


@pytest.mark.parametrize(
    ("former", "level"),
    [
        ("ME7 4AD", "sector"),
        ("ME7 2ZZ", "district"),
        ("ME7", "district"),
        ("SE1 9RT", "different"),
        ("", "missing"),
    ],
)
def test_postcode_has_its_level_beside_the_same_birthday(former: str, level: str) -> None:
    """Unit, sector, district."""
    assert beside(former_postcode=former, current_postcode="")[Field.POSTCODE] == level


def test_without_a_birthday_only_the_whole_postcode_is_seen() -> None:
    """Sector and district are hashed with the birthday alone: what is left may be any of them."""
    one = replace(AMELIA, dob=None, current_postcode="")
    assert seen(one, one)[Field.POSTCODE] == "unit"
    assert seen(one, replace(one, former_postcode="ME7 4AD"))[Field.POSTCODE] == "other"


def test_the_same_address_is_seen_beside_a_name_or_the_birthday() -> None:
    """More than the postcode that it lies in, and seen where the postcode is mistyped."""
    left = replace(AMELIA, former_address="14 Example Road", current_postcode="")
    right = replace(left, former_postcode="ME7 4AD", former_address="14, Example Rd.")
    assert seen(left, right)[Field.POSTCODE] == "address"
    assert seen(left, replace(right, former_address=""))[Field.POSTCODE] == "sector"


@pytest.mark.parametrize(
    ("field", "fact"),
    [
        (Field.BIRTH, {"dob": date(2007, 7, 7)}),
        (Field.POSTCODE, {"former_postcode": "SE1 9RT"}),
        (Field.UPN, {"upn": "X884499921002"}),
        (Field.ULN, {"uln": "1000000027"}),
    ],
)
def test_different_and_missing_are_told_apart_beside_the_same_names(
    field: Field, fact: dict[str, Any]
) -> None:
    """Two that both know it contradict each other; one that does not know it says nothing."""
    one = replace(AMELIA, current_postcode="", sex="")
    missing: dict[str, Any] = {name: None if name == "dob" else "" for name in fact}
    assert seen(one, replace(one, **fact))[field] == "different"
    assert seen(one, replace(one, **missing))[field] == "missing"
    assert seen(replace(one, **missing), one)[field] == "missing"


def test_different_and_missing_first_names_are_told_apart_beside_a_twin() -> None:
    """The same last name and birthday, with and without a first name, at one postcode or not."""
    assert beside(first_name="Benedict")[Field.FIRST] == "different"
    assert beside(first_name="Benedict", former_postcode="")[Field.FIRST] == "different"
    assert beside(first_name="")[Field.FIRST] == "missing"
    assert beside(first_name="", dob=None)[Field.FIRST] == "missing"


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"first_name": "Anouk"}, "initial"),
        ({"first_name": "Benedict"}, "different"),
        ({"first_name": "Anouk", "dob": date(2009, 3, 15)}, "letter"),
        ({"first_name": "Benedict", "dob": date(2009, 3, 15)}, "unlike"),
        ({"first_name": "Anouk", "last_name": "Thornberry"}, "other"),
        ({"first_name": "Benedict", "last_name": "Thornberry"}, "other"),
    ],
)
def test_the_first_letter_of_another_first_name_is_seen_beside_the_last_name_and_a_birthday(
    change: dict[str, Any], level: str
) -> None:
    """Two of three parts of the birthday are enough to see that it is; with another last name, never."""
    assert beside(**change)[Field.FIRST] == level


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"last_name": "Quill"}, "uncommon"),
        ({"first_name": "Benedict"}, "uncommon"),
        ({"last_name": "Thornberry"}, "blank"),
        ({"first_name": "Benedict", "last_name": "Quill"}, "blank"),
        ({"first_name": ""}, "blank"),
        ({"first_name": "Quill", "last_name": "Amelia"}, "blank"),
    ],
)
def test_how_common_one_name_is_counts_where_the_other_is_not_even_alike(
    change: dict[str, Any], level: str
) -> None:
    """A name changed at a wedding: a rare first name still tells. A single name has no step of its own."""
    assert beside(**change)[Field.ONE_NAME] == level


def test_present_postcode_here_may_be_the_former_there() -> None:
    """The new area may know the old address as the present one."""
    left = replace(AMELIA, former_postcode="ME7 4AB", current_postcode="")
    right = replace(AMELIA, former_postcode="", current_postcode="ME7 4AB")
    assert seen(left, right)[Field.POSTCODE] == "unit"


def test_names_alone_are_seen_by_what_is_equal_of_both() -> None:
    """Without birthday or postcode a name shows only beside the other."""
    one = replace(NAME_AND_BIRTH, dob=None)
    assert seen(one, replace(one, last_name="Thornbery"))[Field.LAST] == "sound"
    assert seen(one, replace(one, first_name="Millie"))[Field.FIRST] == "nick"
    assert seen(one, replace(one, first_name="Amber", last_name="Thomas"))[Field.FIRST] == "blank"
    begins = seen(one, replace(one, first_name="Amelita", last_name="Thornhill"))
    assert (begins[Field.FIRST], begins[Field.LAST], begins[Field.ORDER]) == ("start", "start", "as_given")


def test_same_last_name_and_postcode_show_a_first_name_that_is_unlike() -> None:
    """A brother or sister: the first name is none of the levels that would have shown."""
    one = replace(AMELIA, dob=None)
    found = seen(one, replace(one, first_name="Benedict"))
    assert (found[Field.FIRST], found[Field.LAST], found[Field.POSTCODE]) == ("unlike", "exact", "unit")


def test_exchanged_names_are_compared_crosswise() -> None:
    """As in another country's order, spelt alike or nearly so, with or without the birthday."""
    crosswise = beside(first_name="Thornbury", last_name="Amelia")
    assert (crosswise[Field.FIRST], crosswise[Field.LAST], crosswise[Field.ORDER]) == (
        "exact",
        "exact",
        "exchanged",
    )
    nearly = beside(first_name="Thornburyy", last_name="Amelia")
    assert (nearly[Field.FIRST], nearly[Field.LAST], nearly[Field.ORDER]) == ("exact", "near", "exchanged")
    one = replace(NAME_AND_BIRTH, dob=None)
    other = replace(one, first_name="Thornbury", last_name="Amelia")
    assert seen(one, other)[Field.ORDER] == seen(other, one)[Field.ORDER] == "exchanged"


def test_sex_is_seen_beside_birthday_and_a_name() -> None:
    """The same, or different or missing; nothing where there is no birthday, or no group `other`."""
    assert beside(sex="M")[Field.SEX] == "different"
    assert beside(dob=None)[Field.SEX] == "blank"
    rows = without_other(rows_of([record(AMELIA, 1), record(replace(AMELIA, sex="M"), 2)]))
    assert int(compare(rows[:1], rows[1:]).codes[Field.SEX][0]) == CODE[Field.SEX]["blank"]


def test_rarity_is_that_of_the_commoner_claim() -> None:
    """No side can make its names rare by itself; it counts only where both names are the same."""
    common, rare = record(AMELIA, 1), record(AMELIA, 2)
    names = bytearray(common.name_birth)
    names[2] = 0
    codes = compare(rows_of([replace(common, name_birth=bytes(names))]), rows_of([rare])).codes
    assert SEEN[Field.RARITY][int(codes[Field.RARITY][0])].name == "common"
    assert beside(first_name="Millie")[Field.RARITY] == "blank"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, EvidenceStrength.STRONG),
        ({"former_postcode": "", "uln": ""}, EvidenceStrength.STRONG),
        ({"former_postcode": "", "upn": ""}, EvidenceStrength.STRONG),
        ({"upn": "", "uln": ""}, EvidenceStrength.STRONG),
        ({"upn": "", "uln": "", "first_name": "Zephyrine"}, EvidenceStrength.STRONG),
        ({"upn": "", "uln": "", "former_postcode": "ME7 4AD"}, EvidenceStrength.NAME_AND_BIRTH),
        ({"upn": "", "uln": "", "former_postcode": ""}, EvidenceStrength.NAME_AND_BIRTH),
        (
            {"upn": "", "uln": "", "former_postcode": "", "dob": date(2009, 3, 15)},
            EvidenceStrength.NAME_AND_BIRTH,
        ),
        ({"upn": "", "uln": "", "former_postcode": "", "dob": None}, EvidenceStrength.NONE),
        (
            {"upn": "", "uln": "", "first_name": "Zephyrine", "last_name": "Quill"},
            EvidenceStrength.NONE,
        ),
    ],
)
def test_strength_is_what_agrees_beyond_name_and_birthday(
    change: dict[str, Any], expected: EvidenceStrength
) -> None:
    """I11: a number, or the former postcode together with a name; the present postcode does not count."""
    pair = compare(rows_of([record(AMELIA, 1)]), rows_of([record(replace(AMELIA, **change), 2)]))
    assert strength(pair) == [expected]


@given(PEOPLE, PEOPLE)
def test_evidence_is_the_same_from_either_side(one: Person, other: Person) -> None:
    """Comparing A with B and B with A gives the same, for members' tokens and the hub's alike."""
    left, right = record(one, 1), record(other, 2)
    there, back = compare(rows_of([left]), rows_of([right])), compare(rows_of([right]), rows_of([left]))
    keyed = compare(rows_of([rekey(left, b"k")]), rows_of([rekey(right, b"k")]))
    for field, code in there.codes.items():
        assert code[0] == back.codes[field][0] == keyed.codes[field][0], field
    assert there.strong[0] == back.strong[0] == keyed.strong[0]
    assert there.twin[0] == back.twin[0] == (one.twin or other.twin)


@given(PEOPLE, PEOPLE)
def test_what_is_seen_is_true(one: Person, other: Person) -> None:
    """A level that is claimed is there in clear text: tokens are never equal by accident of the design."""
    found = seen(one, other)
    if found[Field.BIRTH] == "exact":
        assert read_birthday(one.dob).whole == read_birthday(other.dob).whole != ""
    if found[Field.FIRST] == "exact" and found[Field.ORDER] == "as_given":
        assert read_first_name(one.first_name).word == read_first_name(other.first_name).word != ""
    if found[Field.LAST] == "exact" and found[Field.ORDER] == "as_given":
        lasts = [
            read_last_name(who.last_name).joined or read_first_name(who.first_name).word
            for who in (one, other)
        ]
        assert lasts[0] == lasts[1] != ""
    assert (found[Field.UPN] == "same") is (normalise_upn(one.upn) == normalise_upn(other.upn) is not None)
    assert (found[Field.ULN] == "same") is (normalise_uln(one.uln) == normalise_uln(other.uln) is not None)


def test_one_row_stands_for_many() -> None:
    """One record is compared with a block at once, none of the block with another."""
    people = [AMELIA, STRANGER, replace(AMELIA, first_name="Millie")]
    block = compare(rows_of([record(AMELIA, 1)]), rows_of(record(one, 2) for one in people))
    names = [SEEN[Field.FIRST][code].name for code in block.codes[Field.FIRST].tolist()]
    assert names == ["exact", "blank", "nick"]


def test_a_pattern_holds_all_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """No reader tells apart what a pattern has as one, nor reads what it leaves out."""
    read = [evidence._BORN]
    one_of = evidence._Comparison._one_of

    def listen(self: evidence._Comparison, pairs: NDArray[np.intp]) -> evidence.Truth:
        read.append(pairs)
        return one_of(self, pairs)

    monkeypatch.setattr(evidence._Comparison, "_one_of", listen)
    compare(rows_of([record(AMELIA, 1)]), rows_of([record(STRANGER, 2)]))
    together = evidence._read_as_one()
    assert all(set(one) <= set(pairs) or not set(one) & set(pairs) for one in together for pairs in read)
    kept = np.bitwise_or.reduce(np.concatenate([evidence._TOGETHER, evidence._APART]))
    needed = evidence._mask(np.concatenate(read).tolist())
    assert not (needed & ~kept).any()


def test_the_same_pattern_of_another_band_or_nickname_is_one_pattern() -> None:
    """So that few are scored: of bands and short forms no more is read than whether one is equal."""
    mine = record(AMELIA, 1)
    other = rows_of([record(STRANGER, 2)])
    by_one, by_other, by_both = other.copy(), other.copy(), other.copy()
    for rows, slots in ((by_one, ("band_1",)), (by_other, ("band_2",)), (by_both, ("band_1", "band_2"))):
        for slot in slots:
            rows[:, 1 + COLUMN[slot]] = rows_of([mine])[:, 1 + COLUMN[slot]]
    (one,), (two,), (both,) = (patterns(rows_of([mine]), rows) for rows in (by_one, by_other, by_both))
    assert one == two == both != patterns(rows_of([mine]), other)[0]


def test_no_rows_give_no_evidence() -> None:
    """A record without candidates is compared with nothing."""
    assert len(compare(rows_of([record(AMELIA)]), rows_of([])).strong) == 0


@pytest.mark.parametrize(("tokens", "filters"), [(-1, None), (None, -1)])
def test_stored_row_of_another_length_is_refused(tokens: int | None, filters: int | None) -> None:
    """A damaged row would shift every row after it."""
    made = record(AMELIA)
    with pytest.raises(MalformedMessage):
        rows_from_stored([(made.tokens[:tokens], made.filters[:filters])])
