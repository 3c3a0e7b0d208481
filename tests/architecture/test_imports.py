"""The shape of the house: who may import whom, and the few things an import rule cannot see."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.application import use_cases
from importlinter.configuration import configure

ROOT = Path(__file__).parents[2]

HASHES_OUTSIDE_PROTOCOLS: dict[str, str] = {
    "adapters/columns.py": "names the file in which a member's column mapping is remembered",
    "hub/exchange/web/authentication.py": "compares two thumbprints in constant time",
    "hub/exchange/web/cursors.py": "a page's cursor is the hub's own note to itself: nobody else reads it",
    "hub/exchange/web/inbox.py": "an ETag is the hub's own mark of a page (RFC 9110 section 8.8.3)",
}
"""Modules outside hub/protocols that may import hashlib or hmac, each with its reason."""

PROCESSES: dict[str, str] = {
    "adapters/demo": "starts the hub and each gateway as a process of its own",
}
"""Folders and modules that may start processes, each with its reason."""

PLANTED = [
    ("hub/protocols/canonical.py", "import fastapi", "3 the core"),
    ("hub/protocols/canonical.py", "import pydantic", "4 wire code"),
    ("hub/protocols/canonical.py", "import hub.consent", "1 hub"),
    ("hub/consent/decision.py", "import cryptography", "5 cryptography"),
    ("hub/matching/verdict.py", "import rapidfuzz", "6 the hub never"),
    ("hub/exchange/release.py", "import hub.exchange.match", "2 exchange"),
    ("hub/exchange/ports.py", "import hub.exchange.store", "2 exchange"),
    ("hub/exchange/web/__init__.py", "import hub.exchange.release", "12 routes"),
    ("hub/app.py", "import adapters", "8 the hub never imports"),
    ("hub/app.py", "import celery", "14 one home"),
    ("hub/settings.py", "import fastapi", "13 one home"),
    ("adapters/member/inbox.py", "import hub.exchange", "7 members never"),
    ("adapters/member/inbox.py", "import rapidfuzz", "15 clear text"),
    ("adapters/member/inbox.py", "import numpy", "16 names"),
    ("adapters/csv_file.py", "import hub", "9 connectors know"),
    ("adapters/csv_file.py", "import adapters.xlsx_file", "10 adapters"),
    ("hub/exchange/release.py", "import hub.exchange.journey", "2 exchange"),
    ("hub/utils.py", "", "1 hub"),
    ("adapters/utils.py", "", "10 adapters"),
    ("hub/exchange/utils.py", "", "2 exchange"),
]


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield each module's path from the root with its syntax tree."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Name the modules that a module imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def called(tree: ast.Module) -> set[str]:
    """Name the functions and classes that a module calls, without what they are reached through."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names.add(node.func.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.add(node.func.attr)
    return names


def test_the_import_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """Every contract of pyproject.toml is kept, so that pytest alone is enough to see one broken."""
    configure()
    kept = use_cases.lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)
    assert kept, capsys.readouterr().out


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the code and its contracts, in which wrong imports can be planted."""
    folder = tmp_path_factory.mktemp("planted")
    for name in ("hub", "adapters"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(("path", "line", "contract"), PLANTED)
def test_a_planted_import_is_caught(copy: Path, path: str, line: str, contract: str) -> None:
    """Each kind of forbidden import, and a module without a place, breaks the contract that speaks of it."""
    planted = copy / path
    before = planted.read_text("utf-8") if planted.exists() else None
    planted.write_text(f"{before or ''}\n{line}\n", "utf-8")
    command = Path(sys.executable).with_name("lint-imports")
    try:
        run = subprocess.run(
            [command, "--no-logo", "--no-cache"], cwd=copy, capture_output=True, text=True, check=False
        )
    finally:
        if before is None:
            planted.unlink()
        else:
            planted.write_text(before, "utf-8")
    broken = [row for row in run.stdout.splitlines() if " BROKEN" in row]
    assert run.returncode == 1
    assert any(row.startswith(contract) for row in broken), run.stdout


def test_only_the_command_line_loads_code_by_name() -> None:
    """A dynamic import is invisible to the contracts: `hub/cli.py` has the only one."""
    dynamic = {
        path
        for path, tree in modules("hub", "adapters")
        if {"import_module", "__import__", "entry_points"} & called(tree)
    }
    assert dynamic <= {"hub/cli.py"}


def test_hashes_are_made_in_protocols_or_where_listed() -> None:
    """A hash is a promise two strangers must keep alike: elsewhere than in protocols it needs a reason."""
    users = {
        path
        for path, tree in modules("hub", "adapters")
        if {"hashlib", "hmac"} & imported(tree) and not path.startswith("hub/protocols/")
    }
    assert users == set(HASHES_OUTSIDE_PROTOCOLS)


def test_only_the_disclosure_log_makes_a_recorded_release() -> None:
    """I3: a release is recorded because the log says so, not because somebody built the type."""
    makers = {path for path, tree in modules("hub", "adapters") if "RecordedRelease" in called(tree)}
    assert makers == {"hub/exchange/disclosure_log.py"}


def test_only_the_demonstration_starts_processes() -> None:
    """Neither the hub nor a gateway runs another program."""
    starters = {
        path
        for path, tree in modules("hub", "adapters")
        if {"subprocess", "multiprocessing", "pty"} & imported(tree) and not path.startswith(tuple(PROCESSES))
    }
    assert starters == set()
