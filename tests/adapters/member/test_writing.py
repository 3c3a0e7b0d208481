"""Agreements on this computer: drafted, revised, compared, read as a page, without a hub."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.drafting import find_template, template_names
from adapters.member.errors import GatewayFault
from tests.consent.documents_by_chance import example
from tests.consent.test_draft import AS_TYPED, TEMPLATES

ANSWERS = Path(__file__).parents[3] / "agreements" / "examples" / "answers" / "kent-medway-movers.json"

EXAMPLE = ANSWERS.parents[1] / "kent-medway-movers.json"


def run(*words: str, typed: str | None = None, code: int = 0) -> str:
    """What a command says on standard output; it must end with this exit code."""
    result = CliRunner().invoke(app, ["agreement", *words], input=typed)
    assert result.exit_code == code, result.output + result.stderr
    return result.stdout if code == 0 else result.stderr


def test_every_published_template_travels_with_the_gateway() -> None:
    """By its name; a file of one's own is a template too."""
    assert template_names() == [path.stem for path in TEMPLATES]
    for path in TEMPLATES:
        assert find_template(path.stem) == find_template(str(path)) == json.loads(path.read_text("utf-8"))
    with pytest.raises(GatewayFault, match=r"there are college, .*two-council"):
        find_template("three-council")


def test_a_draft_from_answers_in_a_file_is_the_worked_example(tmp_path: Path) -> None:
    """To the digest."""
    out = tmp_path / "agreement.json"
    said = json.loads(
        run("draft", "--template", "two-council", "--answers", str(ANSWERS), "--out", str(out), "--json")
    )
    assert json.loads(out.read_text("utf-8")) == example()
    assert said["digest"] == json.loads(run("lint", str(out), "--json"))["digest"]
    assert run("diff", str(out), str(out)) == "The same document.\n"


@pytest.mark.parametrize("words", [("draft", "--template", "two-council"), ("revise", str(EXAMPLE))])
def test_nothing_is_written_over_a_file_that_is_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    """It may be what people read before they sign; no question is asked before that is said."""
    out = tmp_path / "agreement.json"
    out.write_text("what people read")
    answers = ("--answers", str(ANSWERS)) if words[0] == "draft" else ()
    assert "--force" in run(*words, "--out", str(out), code=1)
    assert out.read_text() == "what people read"
    run(*words, *answers, "--out", str(out), "--force")
    assert json.loads(out.read_text("utf-8"))["id"] == "agr_kent-medway-movers"


def test_a_draft_asks_nine_questions_and_no_more(tmp_path: Path) -> None:
    """A list is typed line by line and ends with an empty line."""
    typed = ["\n".join([*answer, ""]) if isinstance(answer, list) else answer for answer in AS_TYPED.values()]
    out = tmp_path / "agreement.json"
    run("draft", "--template", "two-council", "--out", str(out), typed="\n".join(typed) + "\n")
    document = json.loads(out.read_text("utf-8"))
    assert document["title"] == AS_TYPED["title"]
    assert [party["member"] for party in document["parties"]] == ["mbr_surrey", "mbr_west-sussex"]
    assert document["privacy_notices"] == AS_TYPED["privacy_notices"]


def test_an_answer_that_does_not_fit_ends_in_one_line(tmp_path: Path) -> None:
    """What was wrong, and nothing is written."""
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({**AS_TYPED, "review": "soon"}))
    said = run("draft", "--template", "two-council", "--answers", str(answers), "--out", "x", code=1)
    assert said.splitlines()[-1].endswith("the answer review must be a day such as 2027-06-30")
    assert not Path("x").exists()
    answers.write_text("[]")
    assert "one JSON object" in run("draft", "--template", "two-council", "--answers", str(answers), code=1)


def test_a_revision_is_told_apart_in_sentences(tmp_path: Path) -> None:
    """What lets more be told comes first."""
    before, after = tmp_path / "1.json", tmp_path / "2.json"
    before.write_text(json.dumps(example()))
    run("revise", str(before), "--starts", "2027-07-01", "--review", "2028-06-30", "--out", str(after))
    document: dict[str, Any] = json.loads(after.read_text("utf-8"))
    document["clauses"][2]["categories"].append("parent")
    document["clauses"][2]["scopes"] = ["age_13_15", "age_16_17"]
    after.write_text(json.dumps(document))
    ways = [line[0] for line in run("diff", str(before), str(after)).splitlines()[:-2]]
    assert ways == ["+", "+", "-", "-", "-", " ", " "]
    said = json.loads(run("diff", str(before), str(after), "--json"))
    assert said["changes"][0]["says"].startswith(
        "Clause 2.1 now also lets be told: name and address of a parent"
    )


def test_the_page_is_text_or_html_and_carries_the_digest(tmp_path: Path) -> None:
    """For a screen, a printer or a meeting."""
    file, out = tmp_path / "a.json", tmp_path / "a.html"
    file.write_text(json.dumps(example()))
    digest = json.loads(run("lint", str(file), "--json"))["digest"]
    assert digest in run("page", str(file))
    assert digest in run("page", str(file), "--html", "--out", str(out))
    assert out.read_text("utf-8").count(digest) == 2
    assert "then it lapses by itself" in run("explain", str(file))
