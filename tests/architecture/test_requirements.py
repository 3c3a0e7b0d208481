"""What is installed: the same names everywhere, each pinned by hash, from no named place."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))


def names(lines: list[str]) -> set[str]:
    """Give the requirements among these lines, without spaces and comments."""
    bare = (line.split("#")[0].strip() for line in lines)
    return {re.sub(r"[\s'\"]", "", line) for line in bare if line and not line.startswith("-")}


def test_the_package_asks_for_what_is_pinned() -> None:
    """pyproject.toml and requirements/base.in name the same packages with the same lower bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    base = (ROOT / "requirements" / "base.in").read_text("utf-8")
    assert names(project["dependencies"]) == names(base.splitlines())


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_a_pinned_file_names_no_place(path: Path) -> None:
    """No address, no index, no folder: any mirror serves the same bytes, and the hashes say so."""
    text = path.read_text("utf-8")
    assert not re.search(
        r"://|--index-url|--extra-index-url|--find-links|--trusted-host|^/", text, re.MULTILINE
    )


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_pinned_package_has_a_version_and_a_hash(path: Path) -> None:
    """Each requirement is one exact version followed by at least one SHA-256."""
    wanted = re.split(r"\n(?=[a-z0-9])", path.read_text("utf-8").split("make lock\n", 1)[1])
    assert len(wanted) > 3
    for requirement in wanted:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+ ", requirement), requirement[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement[:80]


def test_the_pinned_sets_agree_with_one_another() -> None:
    """A package has one version in base and dev, so that what is tested is what runs."""
    seen: dict[str, set[str]] = {}
    for name in ("base", "build", "dev"):
        for line in (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines():
            if found := re.match(r"([a-z0-9._-]+)==(\S+)( ; .*?)? \\", line):
                seen.setdefault(found[1] + (found[3] or ""), set()).add(found[2])
    assert {name: versions for name, versions in seen.items() if len(versions) > 1} == {}
