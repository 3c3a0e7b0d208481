"""A question on paper gets the answer that the hub would give."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.member.question_file import read_json_file, read_question
from hub.consent.decision import decide
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted((ROOT / "tests" / "decisions").glob("[01]*.json"))


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder with all agreements that the worked questions name."""
    for folder in (ROOT / "agreements" / "examples", ROOT / "tests" / "decisions" / "agreements"):
        for path in folder.glob("*.json"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def put(folder: Path, document: dict[str, Any]) -> Path:
    """Write a question beside its agreements."""
    path = folder / "question.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("path", DOCUMENTS[::9], ids=lambda path: path.stem)
def test_a_worked_question_gets_its_answer(path: Path, beside: Path) -> None:
    """The form is the one of the worked decisions."""
    document = json.loads(path.read_text("utf-8"))
    for entry in document["agreements"]:
        entry.pop("version", None)
    question, agreements = read_question(put(beside, document))
    permitted = document["expected"]["decision"] == "permitted"
    assert decide(question, agreements).permitted is permitted


def test_an_agreement_can_stand_in_place(tmp_path: Path) -> None:
    """So that one file is all there is."""
    document = json.loads(DOCUMENTS[0].read_text("utf-8"))
    named = document["agreements"][0]["document"]
    text = (ROOT / "agreements" / "examples" / f"{named}.json").read_text("utf-8")
    document["agreements"][0]["document"] = json.loads(text)
    _, agreements = read_question(put(tmp_path, document))
    assert [one.id for one in agreements] == [f"agr_{named}"]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("question", "everything"),
        ("surprise", 1),
        ("agreements", [{"document": "no-such", "recorded_as": "in_force"}]),
        ("agreements", [{"document": 7, "recorded_as": "in_force"}]),
    ],
)
def test_a_question_of_another_form_is_refused(beside: Path, where: str, value: Json) -> None:
    """In words, never with a raw error."""
    document = json.loads(DOCUMENTS[0].read_text("utf-8")) | {where: value}
    with pytest.raises(MalformedMessage):
        read_question(put(beside, document))


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("young_person", "age_99"),
        ("flags", []),
        ("flags", {"surprise": True}),
        ("sender", {"member": "kent", "kind": "authority", "role": "tracking_team"}),
        ("asked_at", "today"),
        ("surprise", 1),
    ],
)
def test_a_fact_of_another_form_is_refused(beside: Path, fact: str, value: Json) -> None:
    """Each by itself."""
    document = json.loads(DOCUMENTS[0].read_text("utf-8"))
    document["facts"][fact] = value
    with pytest.raises(MalformedMessage):
        read_question(put(beside, document))


def test_nobody_asserted_is_a_fact_too(beside: Path) -> None:
    """The young person's scope may be unknown; then the answer is no."""
    document = json.loads(DOCUMENTS[0].read_text("utf-8"))
    document["facts"]["young_person"] = None
    question, agreements = read_question(put(beside, document))
    assert "R-SCOPE" in {reason.code for reason in decide(question, agreements).reasons}


def test_a_file_that_is_too_long_or_no_json_is_refused(tmp_path: Path) -> None:
    """Before all of it is read."""
    (tmp_path / "long.json").write_bytes(b"1" * 300_000)
    (tmp_path / "text.json").write_bytes(b"{")
    for name in ("long.json", "text.json"):
        with pytest.raises(MalformedMessage):
            read_json_file(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n  "a": 1,\n}', "movers.json, line 3, column 1: "),
        ('{"a": 1.5}', "movers.json: "),
        ('{"a": "\udcff"}', "movers.json: "),
    ],
)
def test_a_file_that_is_no_json_says_where_to_look(tmp_path: Path, text: str, says: str) -> None:
    """A comma too many is found by its line; nothing of the file is repeated."""
    path = tmp_path / "movers.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(MalformedMessage) as fault:
        read_json_file(path)
    assert fault.value.detail.startswith(says)
