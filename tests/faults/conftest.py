"""Tells at the end of a run how often something was killed, and what came of it."""

from collections.abc import Callable

import pytest

Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Give what keeps a line for the end of the run, whichever process the test runs in."""

    def keep(line: str) -> None:
        record_property("told", line)

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the lines that were kept."""
    reports = [report for one in ("passed", "failed") for report in terminalreporter.getreports(one)]
    for report in reports:
        for _, line in report.user_properties if report.when == "call" else ():
            terminalreporter.write_line(line)
