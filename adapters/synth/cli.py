"""`hub synth`: two files of made-up young people with their true pairs."""

import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.member.cli.terminal import USAGE, AsJson, answering, fail, progress, say
from adapters.synth.rates import MOVED, Rates, UnusableRate, read_rates

EACH, SEED = 20_000, 1

RATES = "  ".join(f"{one.name}={one.default:g}" for one in fields(Rates))
EPILOG = (
    f"Slips and their rates, shares of the rows in which they can be made: {RATES}. "
    "Nobody in the files is real."
)

app = typer.Typer(add_completion=False)


@app.command(epilog=EPILOG)
def synth(
    folder: Annotated[Path, typer.Argument(help="Folder for left.csv, right.csv, truth.csv, made.json.")],
    *,
    each: Annotated[int, typer.Option(min=1, help="People a side.")] = EACH,
    both: Annotated[int | None, typer.Option(min=0, help="How many are on both sides; else 2 of 3.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another number, other people.")] = SEED,
    moved: Annotated[
        float, typer.Option(help="Share of those who moved; right.csv has the new postcode of each.")
    ] = MOVED,
    on: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Day on which they are 13 to 25 years old.")
    ] = "2026-09-01",  # type: ignore[assignment] # typer reads the text
    rate: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=SHARE, of both files; left.NAME=SHARE or right.NAME=SHARE of one. Repeatable."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make two files of made-up young people, and the true pairs among them, for `hub match evaluate`."""
    from adapters.synth.pairs import BOTH_SHARE, Plan, UnusablePlan, write_pairs

    with answering():
        try:
            shared = round(each * BOTH_SHARE) if both is None else both
            plan = Plan(each, shared, seed, moved, on.date(), read_rates(rate or ()))
        except (UnusableRate, UnusablePlan) as fault:
            fail(f"hub synth: {fault}", USAGE)
        begun = time.perf_counter()
        with progress("people", plan.people) as told:
            made = write_pairs(folder, plan, told)
        seconds = time.perf_counter() - begun
    answer = {"folder": str(folder), **made, "seconds": round(seconds, 2)}
    say(answer, "\n".join(_lines(answer)), as_json=as_json)


def _lines(made: dict[str, Any]) -> Iterator[str]:
    sides = f"{made['left']} and {made['right']} rows in {made['folder']}"
    yield f"{sides}, {made['true_pairs']} true pairs, nobody real"
    people = f"{made['people']} people of {made['households']} families"
    yield f"{people}, {made['moved']} moved, {made['twins']} twins"
    for side, slips in made["slips"].items():
        told = ", ".join(f"{name} {one['made']}" for name, one in slips.items() if one["made"])
        yield f"slips in {side}.csv: {told or 'none'}"
    yield f"{made['people'] / max(made['seconds'], 0.01):.0f} people/s"
