"""The report of an evaluation: whole by itself, said in words too, for its owner alone."""

import random
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from adapters.member.matching_pictures import Line, histogram, strata_chart, sweep_chart, weight_chart
from adapters.member.matching_report import levels_worth, render, write_report
from hub.matching.evaluate import Study, study
from hub.matching.people_files import KnownPerson
from hub.matching.strata import Stratum
from hub.matching.sweep import Bin, Figures
from hub.matching.weights import frozen_weights
from tests.matching.people import two_files

SVG = "{http://www.w3.org/2000/svg}"
DAY = date(2026, 11, 22)


def studied(size: int) -> Study:
    """An evaluation of two small files."""
    left, right = two_files(size)
    lefts, rights = (
        [KnownPerson(f"{side}{place}", person) for place, person in enumerate(people)]
        for side, people in (("a", left), ("b", right))
    )
    truth = {(f"a{place}", f"b{place}"): {"name_origin": f"<{place % 2}>"} for place in range(size)}
    strict = replace(frozen_weights(), certain=17_000)
    return study(lefts, rights, truth, nearest=2, weights=strict, randomness=random.Random(1).randbytes)


@pytest.fixture(scope="module")
def report() -> str:
    """The report of forty people a side."""
    return render(studied(40), DAY)


def test_the_page_needs_nothing_from_anywhere(report: str) -> None:
    """No script, no address, no picture or font to fetch; the page itself forbids them."""
    assert "default-src 'none'" in report
    assert not re.search(r"<script|<link|<img|<iframe|src=|@import|url\((?!#)|href=", report)
    assert set(re.findall(r"https?://[^\s\"'<]+", report)) == {"http://www.w3.org/2000/svg"}


def test_every_picture_is_named_once_and_has_its_table(report: str) -> None:
    """Whoever cannot see a picture reads the same figures; no two share an id."""
    pictures = [fromstring(picture) for picture in re.findall(r"<svg.*?</svg>", report, re.DOTALL)]
    ids = re.findall(r'id="([^"]+)"', report)
    assert len(pictures) == 8
    assert len(ids) == len(set(ids))
    assert all(picture.get("role") == "img" for picture in pictures)
    assert report.count("<caption>") >= len(pictures)


def test_the_pairs_at_the_threshold_stand_in_clear_and_safely(report: str) -> None:
    """With their facts and their waterfalls; what a file says is text, never markup."""
    assert report.count("What the two files say") == 4
    assert "This page shows people from your own files" in report
    assert "&lt;0&gt;" in report
    assert "<0>" not in report
    assert "22 November 2026" in report


def test_files_without_a_pair_give_a_page_too() -> None:
    """Nothing was compared, and that is said."""
    nobody = study([], [], set(), randomness=random.Random(1).randbytes)
    page = render(nobody, DAY)
    assert "No pair was compared." in page
    assert all(fromstring(picture) is not None for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL))


def test_a_report_is_its_owners_alone_to_read(tmp_path: Path) -> None:
    """People in clear text stand in it."""
    path = tmp_path / "report.html"
    write_report(path, studied(3), DAY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_curves_fall_and_rise_as_the_figures_do() -> None:
    """Recall, dashed, never rises to the right; each curve has a point a threshold that finds a pair."""
    points = [Figures(1_000 * bits, 3 - bits // 2, 0.5 + bits / 8, 1 - bits / 5, 0.5) for bits in range(5)]
    picture = fromstring(sweep_chart([*points, Figures(5_000, 0, 0, 0, 0)], [Line(2, "best")]))
    curves = [
        [tuple(float(one) for one in place.split(",")) for place in line.get("points", "").split()]
        for line in picture.iter(f"{SVG}polyline")
    ]
    assert [len(curve) for curve in curves] == [5, 5]
    assert all(one[1] > other[1] for one, other in pairwise(curves[0]))
    assert all(one[1] < other[1] for one, other in pairwise(curves[1]))
    assert [line.get("stroke-dasharray") for line in picture.iter(f"{SVG}polyline")] == [None, "7 4"]


def test_false_pairs_are_hatched_and_no_pairs_are_no_bar() -> None:
    """Two bars of true pairs, one of false ones, beside the two of the legend."""
    picture = fromstring(
        histogram([Bin(-1, 0, 2), Bin(0, 4, 0), Bin(60, 9, 0)], [Line(4.2, "the hub's own")])
    )
    hatched = [one.get("fill") for one in picture.iter(f"{SVG}rect")].count("url(#scores-against)")
    assert hatched == 2
    bars = [one for one in picture.iter(f"{SVG}rect") if one.get("x") and one.get("height") != "12.0"]
    assert len(bars) == 3


def test_a_level_that_speaks_against_is_drawn_to_the_left() -> None:
    """And with its sign; every level that weighs anything is there."""
    steps = levels_worth(frozen_weights())
    words = [one.text for one in fromstring(weight_chart(steps)).iter(f"{SVG}text")]
    assert [step.words for step in steps] == words[::2]
    assert all(label is not None and label[0] in "+-" for label in words[1::2])
    assert not any(step.millibits == 0 for step in steps)


def test_groups_below_the_mean_stand_out_by_weight_not_colour() -> None:
    """Bold figures, a bar each, and the mean as a line."""
    strata = [Stratum("sex", "male", 200, 0.99, 0.9), Stratum("sex", "female", 200, 0.62, 0.6)]
    picture = fromstring(strata_chart(strata, 0.8))
    bold = [one.text for one in picture.iter(f"{SVG}text") if one.get("font-weight") == "bold"]
    assert bold == ["0.620"]
    assert "all: 0.800" in [one.text for one in picture.iter(f"{SVG}text")]
