"""The judge of the matching benchmark: what it counts can be counted by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.matching_judge import Scored, Truth, assign, judge, read_scored

ROOT = Path(__file__).parents[2]
TRUTH = Truth({(f"L{n}", f"R{n}"): {} for n in range(4)})


def _scored(*pairs: tuple[int, int, float]) -> list[Scored]:
    return [Scored(f"L{one}", f"R{other}", score, own=score >= 0.5) for one, other, score in pairs]


def test_nobody_is_assigned_twice() -> None:
    """The best pair is kept, and neither of its two is left for another."""
    kept = assign(_scored((1, 2, 0.7), (1, 1, 0.9), (2, 1, 0.8), (2, 3, 0.1)))
    assert [(one.left, one.right) for one in kept] == [("L1", "R1"), ("L2", "R3")]


def test_figures_by_hand() -> None:
    """Four true pairs; two found above .5 beside a wrong one, a third below it."""
    found = judge(_scored((0, 0, 0.9), (1, 1, 0.8), (5, 6, 0.6), (2, 2, 0.4)), TRUTH)
    assert (found.own_precision, found.own_recall) == (2 / 3, 2 / 4)
    assert found.own_f1 == pytest.approx(4 / 7)
    assert (found.precision, found.recall, found.f1) == (3 / 4, 3 / 4, 3 / 4)
    assert found.recall_p999 == 2 / 4
    assert found.found_share == 3 / 4
    assert found.certain_precision is None


@pytest.mark.parametrize("wrong", range(5, 13))
def test_equal_scores_stand_or_fall_together(wrong: int) -> None:
    """No threshold lies between a right and a wrong pair of one score, whichever comes first."""
    found = judge(_scored((0, 0, 0.9), (1, 1, 0.5), (wrong, 20 - wrong, 0.5)), TRUTH)
    assert found.recall_p999 == 1 / 4
    assert found.f1 == pytest.approx(4 / 7)


@given(st.permutations([(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 3, 1.0), (3, 2, 1.0)]))
def test_any_order_of_the_pairs_gives_the_same_figures(pairs: list[tuple[int, int, float]]) -> None:
    """Ties go by the ids alone: a tool gains nothing by writing true pairs first."""
    assert judge(_scored(*pairs), TRUTH) == judge(_scored(*sorted(pairs)), TRUTH)


def test_recall_is_told_by_group() -> None:
    """Of each group with enough people its own recall, and which lies furthest behind."""
    pairs = {(f"L{n}", f"R{n}"): {"name_origin": "polish" if n % 2 else "english"} for n in range(200)}
    scored = _scored(*((n, n, 0.9) for n in range(200) if n % 2 == 0 or n % 4 == 1))
    found = judge(scored, Truth(pairs))
    assert found.strata == {"name_origin english": 1.0, "name_origin polish": 0.5}
    assert found.worst_stratum == ("name_origin polish", 0.5 - 0.75)


def test_nothing_scored_is_no_failure(tmp_path: Path) -> None:
    """A tool that finds nobody has found nobody."""
    (tmp_path / "none.csv").write_text("left_id,right_id,score,own\n")
    found = judge(read_scored(tmp_path / "none.csv"), TRUTH)
    assert (found.f1, found.own_recall, found.recall_p999) == (0, 0, 0)


def test_a_small_set_from_end_to_end(tmp_path: Path) -> None:
    """The benchmark makes a set, runs and judges our matcher, and says which peer is not there."""
    out = tmp_path / "matching.json"
    options = ["--sets", "young300", "--tools", "hub,splink"]
    places = ["--peer-root", str(tmp_path), "--out", str(out)]
    subprocess.run(
        [sys.executable, str(ROOT / "bench" / "matching.py"), *options, *places],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    tools = json.loads(out.read_text())["sets"]["young300"]["tools"]
    assert tools["hub"]["f1"] > 0.9
    assert tools["hub"]["own_precision"] > 0.98
    assert tools["hub"]["peak_mib"] > 10
    assert tools["splink"] == {"failed": "its environment is not installed"}
