"""What a terminal gets: one document or a few lines, progress beside it, one line for a failure.

Exit codes: 0 good, 1 failed, 2 usage, 3 refused by agreement or flag, 4 proof or signature failed,
5 try later. Answers go to standard output, everything else to standard error. A failure's line says
what happened and what to do; it never quotes a value of a file or a message.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.move import UnusableFile
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

GOOD, FAILED, USAGE, REFUSED, UNPROVED, LATER = range(6)

Home = Annotated[
    Path, typer.Option("--home", envvar="HUB_GATEWAY_HOME", help="The gateway's folder; else this one.")
]
HERE: Final = Path()
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Named = Annotated[
    bool, typer.Option("--named", help="Where somebody is shielded: the other side may learn who we are.")
]
Officer = Annotated[str | None, typer.Option(help="Who acts; else the one named in the home.")]

QUIET_SECONDS: Final = 1.0
"""Work shorter than this shows no progress."""

LINE_SECONDS: Final = 5.0
"""Where standard error is no terminal, a line of progress is written this often."""

_SAME_AGAIN: Final = frozenset({"no-sealing-key", "identity-not-logged", "log-tiles"})
"""Doubts that go away by themselves with the hub's next slot."""

_USAGE: Final = frozenset(
    {
        "map-form",
        "map-column",
        "map-field",
        "format-unknown",
        "officer-missing",
        "flag-parts",
        "flag-maker",
        "flag-reason",
        "birthday-missing",
        "files-in-pairs",
    }
)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what is raised into one line and an exit code."""
    try:
        yield
    except UnusableFile as fault:
        fail(str(fault), FAILED)
    except HubUnreachable as fault:
        fail(f"{fault.detail}; nothing is lost, run the same command again", LATER)
    except HubRefused as fault:
        fail(f"the hub declines ({fault.code}): {fault.detail}", REFUSED if fault.status == 403 else FAILED)
    except GatewayFault as fault:
        fail(fault.detail, USAGE if fault.code in _USAGE else FAILED)
    except Untrusted as fault:
        fail(f"{fault.code}: {fault.detail}", LATER if fault.code in _SAME_AGAIN else UNPROVED)
    except MalformedMessage as fault:
        fail(f"{fault.code}: {fault.detail}", FAILED)
    except ProtocolError as fault:
        fail(f"{fault.code}: {fault.detail}", FAILED)
    except KeyboardInterrupt:
        fail("interrupted; what was not sent is sent by the next run", FAILED)
    except OSError as fault:
        where = "" if fault.filename is None else f": {Path(str(fault.filename)).name}"
        fail(f"{fault.strerror or type(fault).__name__}{where}; look at the path, then try again", FAILED)


@contextmanager
def opened(home: Path) -> Iterator["Gateway"]:
    """The gateway of a home, and its failures as lines."""
    with answering():
        from adapters.member.gateway import Gateway

        with Gateway(home) as gateway:
            yield gateway


def say(answer: Mapping[str, Any], lines: str, *, as_json: bool) -> None:
    """Give the answer, to a program or to a person."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else lines)


def note(line: str) -> None:
    """Say something beside the answer."""
    typer.echo(line, err=True)


def fail(line: str, code: int) -> NoReturn:
    """End with one line."""
    typer.echo(line, err=True)
    raise typer.Exit(code)


def officer_of(gateway: "Gateway", officer: str | None) -> str:
    """Who acts: as said, else as set in the home, else its team."""
    return officer or gateway.pinned.officer or gateway.pinned.team


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Yield a function to be told how much is done; shown on standard error after a second."""
    show = _Bar(what, total) if sys.stderr.isatty() else _Lines(what, total)
    try:
        yield show.tell
    finally:
        show.stop()


class _Bar:
    """A bar that redraws itself, where somebody is looking."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what, self._total = what, total
        self._begun = time.monotonic()
        self._shown: Any = None
        self._task: Any = None

    def tell(self, done: int) -> None:
        if self._shown is None:
            if time.monotonic() - self._begun < QUIET_SECONDS:
                return
            self._start()
        self._shown.update(self._task, completed=done)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._shown = Progress(console=Console(stderr=True), transient=True)
        self._task = self._shown.add_task(self._what, total=self._total)
        self._shown.start()

    def stop(self) -> None:
        if self._shown is not None:
            self._shown.stop()


class _Lines:
    """A line now and then, where a log is kept."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what, self._of = what, "" if total is None else f" of {total}"
        self._next = time.monotonic() + QUIET_SECONDS

    def tell(self, done: int) -> None:
        if time.monotonic() >= self._next:
            note(f"{self._what}: {done}{self._of}")
            self._next = time.monotonic() + LINE_SECONDS

    def stop(self) -> None:
        """Nothing is left to tidy up."""
