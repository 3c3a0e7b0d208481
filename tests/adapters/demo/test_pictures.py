"""The pictures say no more than they may, and no less than their tables."""

from itertools import product

import pytest
from defusedxml.ElementTree import fromstring

from adapters.demo.pictures import bars, flows
from adapters.demo.suppression import suppress
from adapters.pictures import Lines, Step, waterfall

AREAS = ["Kent", "Medway", "Lambeth", "Southwark"]
CELLS = [(one, other) for one, other in product(AREAS, AREAS) if one != other]
STEPS = [
    Step("prior", "any two people", -17_000),
    Step("last", "the same <last> name", 7_100),
    Step("x", "y", -900),
]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(counts: dict[tuple[str, str], int]) -> str:
    """The grid of moves for these counts."""
    return flows(suppress(counts, CELLS), AREAS)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_small_counts_give_one_and_the_same_drawing(count: int) -> None:
    """Byte for byte: no opacity, no width, no description tells which of them it is."""
    others = {("Kent", "Medway"): 23, ("Medway", "Kent"): 7}
    assert drawn(others | {("Kent", "Lambeth"): count}) == drawn(others)


def test_a_count_that_may_be_shown_is_drawn_as_a_word() -> None:
    """Five is no longer few, and colour is not the only thing that says so."""
    assert "5 or more" in drawn({("Kent", "Lambeth"): 5})
    assert "5 or more" not in drawn({("Kent", "Lambeth"): 4})
    assert drawn({("Kent", "Lambeth"): 5}) == drawn({("Kent", "Lambeth"): 9})


def test_a_waterfall_has_a_bar_and_words_for_every_step_and_for_the_sum() -> None:
    """Whatever the picture shows is said too; signs, not colours, tell for and against."""
    picture = waterfall(STEPS, Lines(-2_000, 4_200))
    words = [text.text for text in fromstring(picture).iter(f"{SVG}text")]
    told = [*(step.words for step in STEPS), "all evidence together"]
    assert [one for one in words if one in told] == told
    assert {"-17.0", "+7.1", "-0.9", "-10.8 bits"} <= set(words)


def test_every_picture_is_plain_svg_that_a_screen_reader_can_name() -> None:
    """Well formed, with a title and a description; no script, no style, nothing from outside."""
    for picture in (
        waterfall(STEPS, Lines(-2_000, 4_200)),
        drawn({}),
        bars([("by notice", 5.5, "5.5 days")]),
    ):
        root = fromstring(picture)
        assert root.get("role") == "img"
        assert [element.tag for element in root][:2] == [f"{SVG}title", f"{SVG}desc"]
        assert not {"script", "style", "image", "use"} & {
            element.tag.removeprefix(SVG) for element in root.iter()
        }
        assert "href" not in picture
        assert " style=" not in picture
