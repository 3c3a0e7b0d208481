"""Weights are a frozen file that a person can read and that follows from its own shares."""

import json
import math
from dataclasses import replace
from importlib.resources import files

import pytest

from hub.matching.levels import CODE, LEVELS, SEEN, Field
from hub.matching.weights import VERSION, frozen_weights, in_whole_parts, read_weights
from hub.protocols.errors import MalformedMessage

FILE = files("hub.matching").joinpath(f"weights-{VERSION}.json").read_bytes()


def test_frozen_file_gives_itself_back() -> None:
    """Reading and writing loses nothing: the file is the weights."""
    weights = frozen_weights()
    assert weights.version == VERSION
    assert weights.to_json() == json.loads(FILE)


def test_frozen_bits_do_not_change_under_a_version() -> None:
    """A version once used decides verdicts that are on record: another table is another version."""
    first = frozen_weights().bits[Field.FIRST]
    table = json.loads(FILE)["fields"]["first"]
    assert [table[level]["millibits"] for level in LEVELS[Field.FIRST]] == list(first[: len(table)])


@pytest.mark.parametrize("field", list(LEVELS))
def test_better_level_is_never_worth_less_than_the_worst(field: Field) -> None:
    """Agreement speaks for, difference against."""
    bits = frozen_weights().bits[field]
    last = [level for level in LEVELS[field] if level != "missing"][-1]
    if field not in {Field.RARITY, Field.ONE_NAME}:
        assert bits[0] > 0 > bits[CODE[field][last]] or field is Field.ORDER
    else:
        assert list(bits[:5]) == sorted(bits[:5])


@pytest.mark.parametrize("field", list(LEVELS))
def test_bits_follow_from_shares(field: Field) -> None:
    """The logarithm of m over u, shares of the levels still possible added up first; all of them: 0."""
    weights = frozen_weights()
    for code, seen in enumerate(SEEN[field]):
        m = sum(weights.m[field][level] for level in seen.levels)
        u = sum(weights.u[field][level] for level in seen.levels)
        expected = 0 if seen.levels == LEVELS[field] else round(1000 * math.log2(m / u))
        assert weights.bits[field][code] == expected


def test_the_bits_of_every_level_are_those_of_the_file() -> None:
    """By the names that a person reads there; against a family beside against strangers."""
    read = json.loads(FILE)
    tables = {**read["fields"], **{f"family {name}": table for name, table in read["family"].items()}}
    assert frozen_weights().level_bits() == {
        (name, level): row["millibits"] for name, table in tables.items() for level, row in table.items()
    }


@pytest.mark.parametrize("field", [Field.FIRST, Field.BIRTH])
def test_bits_against_a_family_follow_from_its_shares(field: Field) -> None:
    """As against strangers, of the two fields in which brothers and sisters are like nobody else."""
    weights = frozen_weights()
    for code, seen in enumerate(SEEN[field]):
        m = sum(weights.m[field][level] for level in seen.levels)
        k = sum(weights.family[field][level] for level in seen.levels)
        expected = 0 if seen.levels == LEVELS[field] else round(1000 * math.log2(m / k))
        assert weights.family_bits[field][code] == expected


def test_a_family_tells_by_sex_and_numbers_as_strangers_do_and_by_name_and_home_not_at_all() -> None:
    """Whatever is not in the table of a family adds nothing there."""
    weights = frozen_weights()
    assert set(weights.family_bits) == {Field.FIRST, Field.BIRTH, Field.SEX, Field.UPN, Field.ULN}
    assert all(weights.family_bits[one] == weights.bits[one] for one in (Field.SEX, Field.UPN, Field.ULN))


def test_two_closed_files_have_a_prior_of_their_own() -> None:
    """As many pairs are expected as the smaller file has people."""
    assert frozen_weights().for_sizes(1024, 100).prior == 10_000
    assert frozen_weights().for_sizes(0, 0).prior == 1_000


def test_fields_that_files_lack_are_worth_nothing() -> None:
    """A closed file without numbers says nothing by their absence."""
    without = frozen_weights().without([Field.UPN])
    assert set(without.bits[Field.UPN]) == {0}
    assert without.bits[Field.ULN] == frozen_weights().bits[Field.ULN]
    unborn = frozen_weights().without([Field.BIRTH])
    assert set(unborn.bits[Field.BIRTH]) == set(unborn.family_bits[Field.BIRTH]) == {0}


def test_shares_are_never_nought() -> None:
    """A level never met is still possible: its logarithm must exist."""
    assert in_whole_parts({"same": 1.0, "different": 0.0}) == {"same": 1.0, "different": 1e-9}


def changed(path: str, value: object) -> bytes:
    """The frozen file with one value changed, or removed (None)."""
    document = json.loads(FILE)
    *parents, last = path.split("/")
    place = document
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", None),
        ("fields/upn", None),
        ("fields/shoe", {}),
        ("fields/sex/unsure", {}),
        ("fields/sex/same/millibits", 5_000),
        ("fields/sex/same/same_person_per_billion", 0),
        ("fields/sex/same/same_person_per_billion", 10),
        ("fields/sex/same/strangers_per_billion", 900_000_000),
        ("family/sex", {}),
        ("family/first", None),
        ("family/first/exact/family_per_billion", 0),
        ("family/birth/exact/family_per_billion", 700_000_000),
        ("family/birth/exact/millibits", 1),
        ("family/birth/shoe", {}),
        ("prior_millibits", -1),
        ("extra", 1),
    ],
)
def test_file_that_contradicts_itself_is_refused(path: str, value: object) -> None:
    """A level missing, shares that make no whole, bits that do not follow: nothing is guessed."""
    with pytest.raises(MalformedMessage):
        read_weights(changed(path, value))


def test_version_can_be_told_apart() -> None:
    """Two weights with other numbers are not equal."""
    assert replace(frozen_weights(), prior=1) != frozen_weights()
