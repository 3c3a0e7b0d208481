"""Tells at the end of a run how often something was killed, and what came of it."""

from collections.abc import Callable
from typing import Final

import pytest

TOLD: Final = pytest.StashKey[list[str]]()

Tell = Callable[[str], None]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Give what keeps a line for the end of the run."""
    return request.config.stash.setdefault(TOLD, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the lines that were kept."""
    for line in terminalreporter.config.stash.get(TOLD, []):
        terminalreporter.write_line(line)
