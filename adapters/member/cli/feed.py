"""`hub feed`: tonight's extract beside the last one; show what follows, and send it once a person says so."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.member.cli.notices import FormatName, Placed, show_problems
from adapters.member.cli.terminal import (
    FAILED,
    HERE,
    LATER,
    REFUSED,
    AsJson,
    Home,
    Officer,
    fail,
    note,
    officer_of,
    opened,
    progress,
    say,
)

if TYPE_CHECKING:
    from adapters.member.feeding import Night, Told
    from adapters.member.files import Rows

KIND = "feed"
"""Under this word the columns of extracts are remembered."""

MOST_LINES = 50
"""Changes shown on a terminal; `--json` gives them all."""


def feed(
    extract: Annotated[
        Path, typer.Argument(help="Tonight's extract: everybody.", exists=True, dir_okay=False)
    ],
    officer: Officer = None,
    accept: Annotated[
        str | None, typer.Option(help="Why to go on although the extract is doubted; it is kept.")
    ] = None,
    format_name: FormatName = None,
    placed: Placed = None,
    home: Home = HERE,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Send what follows, and remember the extract.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare an extract with the last one, and tell what has changed. Without --yes nothing is sent."""
    with opened(home) as gateway:
        from adapters.member.feeding import nightly_feed
        from adapters.member.files import open_rows, read_placings, remember

        placings = read_placings(placed or ())
        rows = open_rows(extract, home=home, kind=KIND, format_name=format_name, placed=placings)
        with nightly_feed(gateway) as nightly:
            with progress("rows compared") as tell:
                night = nightly.compare(rows, extract, accept, tell)
            if not yes:
                _show(night, rows, None, as_json=as_json)
                return
            remember(rows, home, KIND)
            with progress("changes told", len(night.due)) as tell:
                told = nightly.tell(night, officer_of(gateway, officer), tell)
    _show(night, rows, told, as_json=as_json)
    _end(told)


def nights(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List the nightly feeds that were sent: by whom, how many of what, and what was accepted, and why."""
    with opened(home) as gateway:
        from adapters.member.feeding import nightly_feed

        with nightly_feed(gateway) as nightly:
            kept = nightly.nights()
        found = [{"at": at, **(page if isinstance(page, dict) else {})} for at, page in kept]
    lines = [_night_line(one) for one in found]
    say({"nights": found}, "\n".join(lines) or "No extract was sent yet: hub feed EXTRACT", as_json=as_json)


def _night_line(one: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {change}" for change, count in one["counts"].items()) or "no change"
    accepted = f"; accepted: {', '.join(one['accepted'])} ({one['reason']})" if one["accepted"] else ""
    return f"{one['at']}  {one['officer']}: {one['rows']} people, {counts}{accepted}"


def _show(night: "Night", rows: "Rows", told: "Told | None", *, as_json: bool) -> None:
    show_problems(rows)
    for code, words in night.doubts.items():
        note(f"accepted all the same: {words} ({code})")
    answer = {
        "first": night.first,
        "people": night.rows,
        "unreadable": rows.left_out,
        "counts": night.counts,
        "changes": [{"change": one.change.value, "ref": one.ref, "place": one.place} for one in night.due],
        "gone": night.gone,
        "contradicted": night.contradicted,
        "told": None if told is None else _told(told),
    }
    say(answer, "\n".join(_lines(night, told)), as_json=as_json)


def _lines(night: "Night", told: "Told | None") -> list[str]:
    lines = [f"{one.change.value:22} {one.ref:16} {one.place}" for one in night.due[:MOST_LINES]]
    if len(night.due) > MOST_LINES:
        lines.append(f"and {len(night.due) - MOST_LINES} more: --json shows all")
    lines += [f"{'in it no more':22} {ref}" for ref in night.gone[:MOST_LINES]]
    lines += [f"{'contradicts itself':22} {place}" for place in night.contradicted[:MOST_LINES]]
    if night.first:
        lines.append(f"{night.rows} people: the first extract, nothing to compare it with, nothing to send")
    else:
        lines.append(f"{night.rows} people, {len(night.notices)} changes to tell")
    if told is None:
        lines.append("Nothing was sent. Look, then run it again with --yes")
    elif not told.second_person:
        lines.append(f"{sum(told.told.values())} told, {told.nothing} with nothing to send")
    return lines


def _told(told: "Told") -> dict[str, Any]:
    return {
        "changes": dict(told.told),
        "nothing_to_send": told.nothing,
        "not_told": told.not_told,
        "refused": [{"place": one.place, "code": one.code, "reason": one.detail} for one in told.refused],
        "later": told.later,
        "second_person": told.second_person,
    }


def _end(told: "Told") -> None:
    """Exit 3 where another officer has to say so too, 1 where a change was not told, 5 where it will be."""
    if told.second_person:
        fail("so many notices need a second officer: let them run the same with --officer NAME", REFUSED)
    for unsent in told.refused:
        note(f"{unsent.place}: {unsent.detail}")
    if told.refused:
        raise typer.Exit(FAILED)
    if told.later is not None:
        fail(f"{told.later}; {told.not_told} changes are told by the next run", LATER)
