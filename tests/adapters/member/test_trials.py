"""`hub agreement test`: an outsider's decision documents are run as the project's own are."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "agreements" / "examples"
CASES = sorted((ROOT / "tests" / "decisions").glob("00*.json"))
RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as an outsider has it: two cases, and the agreements in a folder beside them."""
    (tmp_path / "agreements").mkdir()
    for path in EXAMPLES.glob("*.json"):
        (tmp_path / "agreements" / path.name).write_bytes(path.read_bytes())
    for path in CASES[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def spoil(path: Path, **change: Any) -> None:  # noqa: ANN401 - any JSON
    """Change fields of a document."""
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change))


def test_cases_that_hold_pass(folder: Path) -> None:
    """One line a case, a count at the end, exit 0; a single file will do."""
    done = RUN.invoke(app, ["agreement", "test", str(folder)])
    assert done.exit_code == 0
    assert [line[:4] for line in done.stdout.splitlines()] == ["pass", "pass", "2 pa"]
    one = RUN.invoke(app, ["agreement", "test", str(folder / CASES[0].name)])
    assert one.stdout.endswith("1 passed, 0 failed\n")


def test_a_case_that_does_not_hold_is_told_with_the_difference(folder: Path) -> None:
    """Which category, what was expected, what was found; exit 1, for programs too."""
    spoil(folder / CASES[1].name, expected={"decision": "refused", "reasons": ["R-SHIELD"]})
    done = RUN.invoke(app, ["agreement", "test", str(folder), "--json"])
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert (answer["passed"], answer["failed"]) == (1, 1)
    (wrong,) = [one for one in answer["documents"] if not one["passed"]]
    assert wrong["differences"] == [
        "identity: expected refused, found permitted by agr_kent-medway-movers v1 clause 2.1"
    ]


def test_a_document_that_cannot_be_read_has_failed(folder: Path) -> None:
    """The others are run all the same, and the line says what to mend."""
    spoil(folder / CASES[0].name, question="shoe_size")
    spoil(folder / CASES[1].name, agreements=[{"document": "no-such", "recorded_as": "in_force"}])
    done = RUN.invoke(app, ["agreement", "test", str(folder)])
    assert done.exit_code == 1
    assert "field-choice: question: one of fact_of_match" in done.stdout
    assert "agreement-missing: the agreement no-such is not beside the document" in done.stdout
    assert done.stdout.endswith("0 passed, 2 failed\n")


def test_a_document_without_an_expectation_has_failed(folder: Path) -> None:
    """A test that expects nothing cannot fail, and so is none."""
    document = json.loads((folder / CASES[0].name).read_text("utf-8"))
    del document["expected"]
    (folder / CASES[0].name).write_text(json.dumps(document))
    done = RUN.invoke(app, ["agreement", "test", str(folder)])
    assert done.exit_code == 1
    assert "the document asks and expects nothing" in done.stdout


def test_a_folder_without_documents_is_a_mistake(tmp_path: Path) -> None:
    """Nothing was run, so nothing was shown: exit 2."""
    assert RUN.invoke(app, ["agreement", "test", str(tmp_path)]).exit_code == 2


def test_agreements_are_found_in_a_folder_that_is_named(tmp_path: Path) -> None:
    """And a name cannot lead out of it."""
    case = tmp_path / "case.json"
    case.write_bytes(CASES[0].read_bytes())
    assert RUN.invoke(app, ["agreement", "test", str(case)]).exit_code == 1
    done = RUN.invoke(app, ["agreement", "test", str(case), "--agreements", str(EXAMPLES)])
    assert done.exit_code == 0
    spoil(case, agreements=[{"document": f"../{EXAMPLES.name}/kent", "recorded_as": "in_force"}])
    away = RUN.invoke(app, ["agreement", "test", str(case)])
    assert "named by a file's name, without a folder" in away.stdout
