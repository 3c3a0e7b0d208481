"""What holds for every test: no network, no clock of its own, chance with a printed seed.

Sockets are closed except on loopback and warnings are errors; both are settings in pyproject.toml.
"""

import logging
import os
import random
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
import structlog

START = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)
"""The instant at which every test begins, unless it says otherwise."""

SEED = pytest.StashKey[int]()

# No deadline: a slow machine is no wrong answer.
hypothesis.settings.register_profile("default", max_examples=100, deadline=None, print_blob=True)
hypothesis.settings.register_profile("quick", max_examples=20, deadline=None, print_blob=True)
hypothesis.settings.register_profile("thorough", max_examples=2_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed before hypothesis looks for one, so that it can be named at the end."""
    given = config.getoption("--hypothesis-seed")
    seed = int(given) if given not in (None, "random") else secrets.randbelow(2**32)
    config.option.hypothesis_seed = str(seed)
    config.stash[SEED] = seed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the seed at the end of every run, failed or not."""
    terminalreporter.write_line(f"seed of this run: repeat with --hypothesis-seed={config.stash[SEED]}")


@pytest.fixture(autouse=True)
def no_settings_from_elsewhere() -> Iterator[None]:
    """A test meets no setting of the machine's, and leaves none behind: `hub serve` puts its own there."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("HUB_")}
    yield
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(autouse=True)
def no_logging_from_elsewhere() -> Iterator[None]:
    """A test that sets logging up, as the hub's start does, leaves none of it to the next one."""
    root, accesses = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, level, disabled = root.handlers[:], root.level, accesses.disabled
    yield
    root.handlers[:], accesses.disabled = handlers, disabled
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class FixedClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        """Tell the instant, aware, in UTC."""
        return self._now

    def advance(self, step: timedelta) -> datetime:
        """Move by `step` (back, if negative) and tell the new instant."""
        self._now += step
        return self._now

    def set(self, now: datetime) -> None:
        """Move to `now`."""
        self._now = now


@pytest.fixture
def now() -> datetime:
    """Tell the instant at which every test begins."""
    return START


@pytest.fixture
def clock() -> FixedClock:
    """Give a clock that starts at `START` and moves only when told."""
    return FixedClock(START)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Give chance that depends on the printed seed and the test's own name, not on the order of tests."""
    return random.Random(f"{request.config.stash[SEED]} {request.node.nodeid}")
