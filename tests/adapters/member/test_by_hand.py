"""What README and docs/agreements.md tell a newcomer to type does what they say: against a hub of its own."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.demo.processes import free_port, start_hub
from adapters.member.cli import app as member_app
from hub.cli import app as operator_app

ROOT = Path(__file__).parents[3]
SECTIONS = {
    "README.md": ("## The same by hand", "### From a spreadsheet"),
    "docs/agreements.md": ("## Bring it into force", "## Many parties, one document"),
}
OPERATOR = {"member"}
NEEDED = {"member", "gateway", "agreement"}
PATIENCE = 60


def commands(page: str) -> list[list[str]]:
    """The commands of a page's section, as typed."""
    begin, end = SECTIONS[page]
    text = (ROOT / page).read_text("utf-8")
    block = text[text.index(begin) : text.index(end)]
    return [
        shlex.split(line, comments=True)[1:] for line in re.findall(r"^    (hub .*)$", block, re.MULTILINE)
    ]


@dataclass
class Newcomer:
    """Somebody who types what the page says, with what earlier commands have printed filled in."""

    url: str
    found: dict[str, str] = field(default_factory=dict)

    def types(self, words: list[str]) -> str:
        """Run one command; it must end well."""
        filled = [self._filled(word) for word in words]
        app = operator_app if words[0] in OPERATOR else member_app
        done = CliRunner().invoke(app, filled)
        for _ in range(PATIENCE):  # a person is slower than a slot; until then no key is in the log
            if "client-untrusted" not in done.stderr:
                break
            done = CliRunner().invoke(app, filled)
        assert done.exit_code == 0, (filled, done.output, done.stderr)
        for name, pattern in (
            ("DIGEST", r"digest ([A-Za-z0-9_-]{43})"),
            ("CODE", r"\A([A-Za-z0-9_-]{24})\n"),
            ("FINGERPRINT", r"([A-Za-z0-9_-]{43})"),
        ):
            if (text := re.search(pattern, done.stdout)) is not None:
                self.found[name] = text[1]
        return done.stdout

    def _filled(self, word: str) -> str:
        word = word.replace("http://127.0.0.1:8000", self.url)
        for name, value in self.found.items():
            word = re.sub(rf"\b{name}\b", value, word)
        return word


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """In an empty folder that knows where the project's files are, with a hub running."""
    data = tmp_path / "hub-data"
    data.mkdir()
    (tmp_path / "agreements").symlink_to(ROOT / "agreements")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUB_DATA_DIR", str(data))
    running = start_hub(data, free_port())
    try:
        yield Newcomer(running.url)
    finally:
        running.stop()


def enrol(newcomer: Newcomer, typed: list[list[str]]) -> None:
    """Kent and Medway join as README says; it shows Kent's commands, and Medway does the same."""
    (init,) = (words for words in typed if words[:2] == ["gateway", "init"])
    (approve,) = (words for words in typed if words[:2] == ["member", "approve"])
    for name in ("kent", "medway"):
        (invite,) = (words for words in typed if words[:3] == ["member", "invite", f"mbr_{name}"])
        newcomer.types(invite)
        for words in (init, approve):
            newcomer.types([word.replace("kent", name) for word in words])


def comes_into_force(newcomer: Newcomer, listing: list[str]) -> None:
    """The slots of this hub are a second long: wait for its entry, asking again."""
    told = None
    for _ in range(PATIENCE):
        told = json.loads(newcomer.types([*listing, "--json"]))
        if told["agreements"][0]["state"] == "in_force" and not told["not_believed"]:
            return
    raise AssertionError(told)


@pytest.mark.parametrize("page", SECTIONS)
def test_two_councils_go_from_draft_to_an_agreement_in_force(newcomer: Newcomer, page: str) -> None:
    """By the commands as they stand on the page."""
    enrol(newcomer, commands("README.md"))
    typed = [words for words in commands(page) if words[0] == "agreement"]
    assert typed[0][1] == "draft"
    for words in typed[:-1]:
        newcomer.types(words)
    assert typed[-1][1] == "list"
    comes_into_force(newcomer, typed[-1])
