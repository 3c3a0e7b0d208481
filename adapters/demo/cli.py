"""`hub demo`: the whole exchange with made-up people, on this computer alone."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from adapters.demo.errors import DemoFault

FAILED = 1
SEED = 5

_ERASE = "\r\x1b[K"

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    *,
    serve: Annotated[bool, typer.Option("--serve", help="Keep the same world up until Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another number, other made-up people.")] = SEED,
    out: Annotated[Path, typer.Option(help="Folder to leave everything in.")] = Path("demo-out"),
) -> None:
    """Tell the whole story with made-up people: nothing leaves this computer."""
    signal.signal(signal.SIGTERM, _end)
    try:
        _run(out, seed, serve=serve)
    except DemoFault as fault:
        _fail(str(fault))
    except KeyboardInterrupt:
        _fail("stopped: run it again whenever you like")
    except Exception as fault:  # noqa: BLE001 - a newcomer sees one line; the whole story is in a file
        _fail(f"{type(fault).__name__}: {_first_line(fault)}: see {_write_down(out)}")


def _run(out: Path, seed: int, *, serve: bool) -> None:
    from adapters.demo import serving
    from adapters.demo.story import tell

    with ExitStack() as stack:
        if serve:
            serving.check_ports()
        world, _ = tell(out, seed, _say, stack, serving.HUB_PORT if serve else None)
        if serve:
            serving.keep_up(world, _say, stack)
        _say_no_more()


def _say(words: str) -> None:
    """Tell a line; where somebody watches, say until the next one that work goes on."""
    watched = sys.stderr.isatty()
    typer.echo(_ERASE if watched else "", nl=False, err=True)
    typer.echo(words)
    typer.echo("   … at work" if watched else "", nl=False, err=True)


def _say_no_more() -> None:
    typer.echo(_ERASE if sys.stderr.isatty() else "", nl=False, err=True)


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or ["no words"])[0]


def _write_down(out: Path) -> Path:
    """Keep the traceback of what nobody foresaw, and return where."""
    import traceback

    log = out / "hub" / "demo.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(traceback.format_exc(), "utf-8")
    return log


def _fail(words: str) -> NoReturn:
    _say_no_more()
    typer.echo(f"hub demo: {words}", err=True)
    raise typer.Exit(FAILED)


def _end(_number: int, _frame: object) -> NoReturn:
    """Turn an order to end into the same clean end as Ctrl-C."""
    sys.exit(128 + signal.SIGTERM)
