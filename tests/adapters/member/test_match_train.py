"""`hub match train`: weights from files by a command, the same from the same, and nothing on bad input."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.member.cli import app
from adapters.member.cli.training import changed_levels, training_lines
from hub.matching.tokens import Person
from hub.matching.weights import VERSION, frozen_weights, read_weights
from tests.matching.people import two_files

GOOD, FAILED, USAGE = range(3)
PEOPLE = 50


def write(path: Path, people: list[Person]) -> str:
    """People as a file of theirs."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "first_name", "last_name", "dob", "postcode", "sex"])
        for number, one in enumerate(people):
            rows.writerow([number, one.first_name, one.last_name, one.dob, one.former_postcode, one.sex])
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two files of the same made-up people."""
    folder = tmp_path_factory.mktemp("people")
    left, right = two_files(PEOPLE)
    return [write(folder / "left.csv", left), write(folder / "right.csv", right)]


def train(*words: str, code: int = GOOD) -> Result:
    """Run the command, which must end with this exit code."""
    result = CliRunner().invoke(app, ["match", "train", *words, "--version", "2027-1"])
    assert result.exit_code == code, result.output + result.stderr
    return result


def test_a_trained_file_is_one_that_a_hub_could_read(files: list[str], tmp_path: Path) -> None:
    """It carries its version and what it was trained on; fields that tell of a population stay as stated."""
    out, all_of_it = tmp_path / "weights.json", tmp_path / "population.json"
    train(*files, "--out", str(out), "--trained-on", "made-up people")
    train(*files, "--out", str(all_of_it), "--population")
    weights, learnt = read_weights(out.read_bytes()), read_weights(all_of_it.read_bytes())
    assert (weights.version, weights.trained_on) == ("2027-1", "made-up people")
    assert learnt.trained_on == "left.csv, right.csv"
    frozen = frozen_weights()
    same = [field for field in weights.u if weights.u[field] == frozen.u[field]]
    assert {"rarity", "birth", "postcode", "sex"} <= set(same)
    assert all(learnt.u[field] != frozen.u[field] for field in ("birth", "postcode", "sex"))  # type: ignore[index]  # a field is its name


def test_the_same_files_and_seed_give_the_same_bytes(files: list[str], tmp_path: Path) -> None:
    """So that anybody can make a weights file again; another seed draws other strangers."""
    one, again, other = (tmp_path / name for name in ("one.json", "again.json", "other.json"))
    train(*files, "--out", str(one))
    train(*files, "--out", str(again))
    train(*files, "--out", str(other), "--seed", "5")
    assert one.read_bytes() == again.read_bytes() != other.read_bytes()


def test_what_changed_is_told_level_by_level(files: list[str], tmp_path: Path) -> None:
    """Every level whose bits differ from those in force, before and after; as a table and as one document."""
    out = tmp_path / "weights.json"
    found: dict[str, Any] = json.loads(train(*files, "--out", str(out), "--json").stdout)
    assert (found["version"], found["beside"]) == ("2027-1", VERSION)
    was, now = frozen_weights().level_bits(), read_weights(out.read_bytes()).level_bits()
    told = {(one["field"], one["level"]): (one["bits_before"], one["bits_after"]) for one in found["changed"]}
    assert told == {
        place: (was[place] / 1000, now[place] / 1000) for place in was if was[place] != now[place]
    }
    assert ("last", "near") in told
    said = train(*files, "--out", str(out), "--force").stdout
    before, after = told["last", "near"]
    assert any(
        line.split() == ["last", "near", f"{before:+.3f}", f"{after:+.3f}", f"{after - before:+.3f}"]
        for line in said.splitlines()
    )
    assert f"{VERSION} stays in force" in said


def test_weights_beside_themselves_have_not_changed() -> None:
    """An empty table says so."""
    frozen = frozen_weights()
    assert changed_levels(frozen, frozen) == []
    assert "  none" in list(training_lines(frozen, frozen, "weights.json"))


def test_a_file_that_is_there_is_kept_unless_forced(files: list[str], tmp_path: Path) -> None:
    """Weights once used decide verdicts on record: they are not written over by mistake."""
    out = tmp_path / "weights.json"
    out.write_text("mine")
    assert "--force" in train(*files, "--out", str(out), code=FAILED).stderr
    assert out.read_text() == "mine"
    train(*files, "--out", str(out), "--force")
    assert read_weights(out.read_bytes()).version == "2027-1"


def test_weights_that_nobody_could_read_again_are_not_written(files: list[str], tmp_path: Path) -> None:
    """What they were trained on is said in 2,000 letters at most."""
    out = tmp_path / "weights.json"
    said = train(*files, "--out", str(out), "--trained-on", "x" * 2_001, code=FAILED).stderr
    assert "weights.trained_on" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (None, "name the files in pairs", USAGE),
        ("name\nAda\n", "other.csv has no column id", FAILED),
        ("id,first_name\n", "other.csv has nobody in it", FAILED),
    ],
)
def test_files_to_train_on_that_are_none_write_nothing(
    files: list[str], tmp_path: Path, text: str | None, words: str, code: int
) -> None:
    """One line that names the file, and no weights."""
    out, other = tmp_path / "weights.json", tmp_path / "other.csv"
    asked = [files[0]]
    if text is not None:
        other.write_text(text)
        asked.append(str(other))
    assert words in train(*asked, "--out", str(out), code=code).stderr
    assert not out.exists()
