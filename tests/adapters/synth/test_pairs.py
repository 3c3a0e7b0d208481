"""The files: their sizes, their truth, and that the same seed writes the same bytes."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from adapters.synth.cli import app
from adapters.synth.pairs import Plan, UnusablePlan, write_pairs
from adapters.synth.rates import NAMES, Rates, Side
from hub.matching.people_files import read_people, read_truth

NO_SLIPS = dict.fromkeys(Side, Rates(**dict.fromkeys(NAMES, 0.0)))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@settings(max_examples=15, deadline=None)
@given(each=st.integers(1, 60), data=st.data(), seed=st.integers(0, 1_000))
def test_any_plan_gives_as_many_as_asked(
    tmp_path_factory: pytest.TempPathFactory, each: int, data: st.DataObject, seed: int
) -> None:
    """Each file has as many rows as asked, the truth as many pairs, and the evaluation reads all three."""
    both = data.draw(st.integers(0, each))
    folder = tmp_path_factory.mktemp("pairs")
    made = write_pairs(folder, Plan(each, both, seed))
    left, right = read_people(folder / "left.csv"), read_people(folder / "right.csv")
    assert (len(left), len(right)) == (each, each)
    truth = read_truth(folder / "truth.csv", left, right)
    assert len(truth) == len({one for one, _ in truth}) == len({one for _, one in truth}) == both
    assert made["people"] == 2 * each - both == sum(made["name_origins"].values())


def test_the_truth_is_true(tmp_path: Path) -> None:
    """Without slips the two rows of a true pair say the same, and those of no other pair do."""
    write_pairs(tmp_path, Plan(600, 400, 7, moved=0, rates=NO_SLIPS))
    left, right = _rows(tmp_path / "left.csv"), _rows(tmp_path / "right.csv")
    by_number = {row["uln"]: row for row in right}
    same = {(row["id"], by_number[row["uln"]]["id"]) for row in left if row["uln"] in by_number}
    truth = _rows(tmp_path / "truth.csv")
    assert same == {(row["left_id"], row["right_id"]) for row in truth}
    lefts = {row["id"]: row for row in left}
    rights = {row["id"]: row for row in right}
    for pair in truth:
        one, other = dict(lefts[pair["left_id"]]), dict(rights[pair["right_id"]])
        assert one.pop("id") != other.pop("id")
        assert one == other
        assert (pair["name_origin"], pair["sex"], pair["moved"]) == (one["name_origin"], one["sex"], "no")
        assert not pair["left_slips"] + pair["right_slips"]


def test_who_moved_has_the_new_postcode_on_the_right(tmp_path: Path) -> None:
    """Right rows of those who moved have another postcode and the former one, and are about six in ten."""
    write_pairs(tmp_path, Plan(1_500, 1_500, 5, rates=NO_SLIPS))
    lefts = {row["id"]: row for row in _rows(tmp_path / "left.csv")}
    rights = {row["id"]: row for row in _rows(tmp_path / "right.csv")}
    truth = _rows(tmp_path / "truth.csv")
    for pair in truth:
        one, other = lefts[pair["left_id"]], rights[pair["right_id"]]
        assert (pair["moved"] == "yes") == (one["postcode"] != other["postcode"])
        assert other["former_postcode"] == (one["postcode"] if pair["moved"] == "yes" else "")
    assert 0.53 < sum(pair["moved"] == "yes" for pair in truth) / len(truth) < 0.67


def test_slips_told_are_slips_seen(tmp_path: Path) -> None:
    """Where the truth tells of no slip in names or birthday, both rows agree in them."""
    write_pairs(tmp_path, Plan(800, 800, 9))
    lefts = {row["id"]: row for row in _rows(tmp_path / "left.csv")}
    rights = {row["id"]: row for row in _rows(tmp_path / "right.csv")}
    seen = 0
    for pair in _rows(tmp_path / "truth.csv"):
        one, other = lefts[pair["left_id"]], rights[pair["right_id"]]
        named = {"first_name", "last_name", "dob"}
        if not (pair["left_slips"] + pair["right_slips"]):
            assert all(one[name] == other[name] for name in named)
        else:
            seen += any(one[name] != other[name] for name in named)
    assert seen > 100


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    """Every file is the same again; another seed gives other people; other rates the same people."""
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_pairs(tmp_path / name, Plan(200, 120, seed))
    write_pairs(tmp_path / "cleaner", Plan(200, 120, 3, rates=NO_SLIPS))
    for file in ("left.csv", "right.csv", "truth.csv", "made.json"):
        one, again, other = ((tmp_path / name / file).read_bytes() for name in ("one", "again", "other"))
        assert one == again
        assert one != other
    rough, clean = (_rows(tmp_path / name / "left.csv") for name in ("one", "cleaner"))
    assert [row["authority"] for row in rough] == [row["authority"] for row in clean]
    assert [row["first_name"] for row in rough] != [row["first_name"] for row in clean]


def test_the_order_of_rows_tells_nothing(tmp_path: Path) -> None:
    """Ids ascend in both files, and partners stand in unlike places."""
    write_pairs(tmp_path, Plan(500, 500, 6))
    for name in ("left.csv", "right.csv"):
        ids = [row["id"] for row in _rows(tmp_path / name)]
        assert ids == sorted(ids)
    apart = [abs(int(row["left_id"][1:]) - int(row["right_id"][1:])) for row in _rows(tmp_path / "truth.csv")]
    assert 130 < sum(apart) / len(apart) < 200  # a third of 500, where chance alone decides


@pytest.mark.parametrize(("each", "both", "moved"), [(0, 0, 0.6), (5, 6, 0.6), (5, -1, 0.6), (5, 5, 1.2)])
def test_a_plan_that_contradicts_itself_is_refused(each: int, both: int, moved: float) -> None:
    """Nobody a side, more in both than on one, or no share at all: nothing is made."""
    with pytest.raises(UnusablePlan):
        Plan(each, both, 1, moved)


def test_the_command_tells_what_it_made(tmp_path: Path) -> None:
    """`--json` is one document with the counts of each slip, the same as made.json."""
    answer = CliRunner().invoke(app, [str(tmp_path), "--each", "50", "--rate", "nickname=0", "--json"])
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    kept = json.loads((tmp_path / "made.json").read_text())
    assert {name: told[name] for name in kept} == kept
    assert told["true_pairs"] == 33
    assert told["slips"]["left"]["nickname"]["made"] == 0
    assert told["slips"]["left"]["nickname"]["possible"] > 10


def test_the_command_refuses_plainly(tmp_path: Path) -> None:
    """A rate or a number that cannot be is a usage error of one line, and nothing is written."""
    for bad in (["--rate", "nickname=2"], ["--both", "51"]):
        answer = CliRunner().invoke(app, [str(tmp_path / "none"), "--each", "50", *bad])
        assert answer.exit_code == 2
        assert answer.stderr.startswith("hub synth: ")
        assert not (tmp_path / "none").exists()
