"""The page on the wire format says what the code does: kinds, sizes, limits, vectors."""

import json
import re
from pathlib import Path

import pytest

from hub.protocols import limits
from hub.protocols.names import Part
from hub.protocols.sealing import box_length, new_part_keys, seal_part
from hub.protocols.signing import Typ
from hub.protocols.suites import SUITES, Suite
from hub.protocols.token_record import SLOTS, Group

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "wire.md").read_text("utf-8")
OWN = ROOT / "tests" / "vectors" / "own"


@pytest.mark.parametrize("typ", list(Typ))
def test_every_kind_of_signed_thing_is_named(typ: Typ) -> None:
    """Once in the table, by its header."""
    assert PAGE.count(f"| `{typ.value}` |") == 1


@pytest.mark.parametrize("part", list(Part))
def test_the_sizes_of_sealed_parts_are_true(part: Part) -> None:
    """Bytes before sealing, characters after it."""
    key = new_part_keys(bytes)[part]
    characters = len(seal_part(part, None, key, bytes(32), bytes(12)).jwe)
    assert f"| `{part.value}` | {limits.PART_BYTES[part]} | {characters} |" in PAGE


@pytest.mark.parametrize("suite", list(SUITES.values()), ids=lambda suite: suite.id)
def test_suites_and_their_boxes_are_true(suite: Suite) -> None:
    """Code points as registered, and the one length of a box."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{suite.id}`")]
    assert f"`{suite.jose_alg}` | {suite.kem} " in row
    assert f"| {suite.kdf} | {suite.aead} | {suite.enc} | {box_length(suite)} characters |" in row


@pytest.mark.parametrize("group", list(Group))
def test_the_groups_of_tokens_are_true(group: Group) -> None:
    """As many slots as the layout has."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{group.value}` | ")]
    assert f"| {sum(slot.group is group for slot in SLOTS)}" in row


@pytest.mark.parametrize(
    "limit",
    [
        limits.NOTICE_BYTES,
        limits.MANIFEST_BYTES,
        limits.BATCH_NOTICES,
        limits.KEY_BOX_BYTES,
        limits.DOCUMENT_BYTES,
    ],
)
def test_limits_are_those_of_the_code(limit: int) -> None:
    """In digits, so that they can be searched for."""
    assert re.search(rf"\b{limit}\b", PAGE)
    assert f"{limits.LOG_MULTIPLE} leaves" in PAGE
    assert f"{limits.NOTICE_AGE.days} days apart" in PAGE
    assert f"good for {limits.ASSERTION_AGE.days} days" in PAGE


def test_every_vector_is_pointed_at_and_exists() -> None:
    """Each wire message of ours has one."""
    named = set(re.findall(r"`([a-z-]+\.json)`", PAGE)) - {"openapi.json"}
    assert named == {path.name for path in OWN.glob("*.json")}


def test_examples_are_taken_from_the_vectors() -> None:
    """Nothing on the page is made up anew."""
    answers = (OWN / "answers.json").read_text("utf-8")
    digest = json.loads((OWN / "notice.json").read_text("utf-8"))["digest"]
    shown = re.findall(r'"manifest":"([A-Za-z0-9_-]{43})"', PAGE)
    assert shown
    assert set(shown) == {digest}
    assert re.findall(r'"kid":"([^"]+)","typ":"mxh-notice', PAGE)[0] in answers
