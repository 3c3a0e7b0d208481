"""`hub match`: how well matching through hashes does and what it gives away, on own or made-up files."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.evaluating import evaluation_document, evaluation_lines
from adapters.member.cli.leaking import leak_document, leak_lines
from adapters.member.cli.terminal import AsJson, answering, progress, say
from adapters.member.cli.training import training_document, training_lines
from adapters.member.cli.writing import Force
from adapters.member.errors import GatewayFault
from hub.protocols.errors import MalformedMessage

if TYPE_CHECKING:
    from hub.matching.evaluate import Progress
    from hub.matching.people_files import KnownPerson
    from hub.matching.token_files import HeldRecord
    from hub.matching.tokens import TokenMaker
    from hub.matching.training import Files

app = typer.Typer(no_args_is_help=True, help="Matching through hashes.")

People = Annotated[
    Path,
    typer.Argument(help="CSV: id, first_name, last_name, dob, postcode, former_postcode, sex, upn, uln."),
]


@app.callback()
def group() -> None:
    """Matching through hashes."""


@app.command("evaluate")
def evaluate_files(
    left: People,
    right: People,
    truth: Annotated[Path, typer.Option(help="CSV of the true pairs: left_id, right_id.")],
    pairs: Annotated[
        int, typer.Option(min=0, help="Explain so many pairs on either side of the threshold, in clear text.")
    ] = 0,
    html: Annotated[
        Path | None, typer.Option(help="Write a report to look at or print; it shows people in clear text.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Match two files through hashes alone and count against the truth; nothing is sent anywhere."""
    with answering():
        from adapters.member.matching_report import NEAREST, write_report
        from hub.matching.evaluate import study
        from hub.matching.people_files import read_people, read_said, read_truth
        from hub.matching.strata import SAID

        lefts, rights = read_people(left), read_people(right)
        read_truth(truth, lefts, rights)
        with progress("records", len(lefts) + len(rights)) as tell:
            found = study(
                lefts,
                rights,
                read_said(truth, SAID),
                _tokens_made(tell),
                nearest=pairs or (NEAREST if html else 0),
                randomness=os.urandom,
            )
        if html is not None:
            write_report(html, found, datetime.now(UTC).date())
    shown = evaluation_lines(found, clear_text=bool(pairs))
    say(evaluation_document(found, clear_text=bool(pairs)), "\n".join(shown), as_json=as_json)


def _tokens_made(tell: Callable[[int], None]) -> "Progress":
    """Tell how many records of both files have their tokens."""
    stages: dict[str, int] = {}

    def told(stage: str, done: int, _total: int) -> None:
        stages[stage] = done
        tell(sum(count for name, count in stages.items() if "tokens" in name))

    return told


@app.command("train")
def train_weights(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="LEFT RIGHT [LEFT RIGHT]...", help="CSV files as `evaluate` reads them."),
    ],
    version: Annotated[str, typer.Option(help="What the new weights are called, such as 2026-4.")],
    out: Annotated[Path, typer.Option(help="The weights file to write.", dir_okay=False)],
    trained_on: Annotated[str, typer.Option(help="What the files are, for whoever reads the weights.")] = "",
    seed: Annotated[int, typer.Option(help="The same seed and files give the same weights.")] = 20_261,
    *,
    population: Annotated[
        bool,
        typer.Option(
            "--population",
            help="The files are of the people that the weights are for: learn too how often strangers share"
            " rare names, birthday, postcode and sex, and how often people move.",
        ),
    ] = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Learn weights from pairs of files, without being told who is who; nothing is sent anywhere."""
    with answering():
        from adapters.member.drafting import check_free, write_document
        from hub.matching import training
        from hub.matching.weights import frozen_weights, read_weights

        check_free(out, force=force)
        pairs = _pairs_of_files(files)
        said = trained_on or ", ".join(path.name for path in files)
        with progress("steps") as tell:
            weights = training.train(
                pairs,
                replace(training.stated_weights(), version=version, trained_on=said),
                randomness=Random(seed).randbytes,  # noqa: S311 - a key that is thrown away, to be made again
                keep_u=frozenset() if population else training.OF_A_POPULATION_U,
                keep_m=frozenset() if population else training.OF_A_POPULATION_M,
                progress=_steps_done(tell),
            )
        read_weights(json.dumps(weights.to_json()).encode())
        write_document(weights.to_json(), out)
    frozen = frozen_weights()
    shown = training_lines(frozen, weights, out.name)
    say(training_document(frozen, weights), "\n".join(shown), as_json=as_json)


def _pairs_of_files(paths: Sequence[Path]) -> "list[Files]":
    """Read left and right files in turn; every left one has its right one, and somebody in each."""
    from hub.matching.people_files import read_people
    from hub.matching.training import Files

    if len(paths) % 2:
        raise GatewayFault("files-in-pairs", "name the files in pairs: LEFT RIGHT, then the next LEFT RIGHT")
    sides = []
    for path in paths:
        sides.append([one.person for one in read_people(path)])
        if not sides[-1]:
            raise MalformedMessage("people-none", f"{path.name} has nobody in it to learn from")
    return [Files(left, right) for left, right in zip(sides[::2], sides[1::2], strict=True)]


def _steps_done(tell: Callable[[int], None]) -> "Progress":
    """Tell how many steps of all stages are done."""
    stages: dict[str, int] = {}

    def told(stage: str, done: int, _total: int) -> None:
        stages[stage] = done
        tell(sum(stages.values()))

    return told


@app.command("tokens")
def write_tokens(
    people: People,
    out: Annotated[Path, typer.Option(help="The index to write: one record of tokens a line.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write what a hub would hold of these people, under a linkage key that is thrown away."""
    with answering():
        from hub.matching.people_files import read_people
        from hub.matching.token_files import write_index

        known = read_people(people)
        with progress("records", len(known)) as tell:
            count = write_index(out, _records(known, _throw_away_maker(), tell))
    say({"records": count}, f"{count} records of tokens in {out.name}", as_json=as_json)


@app.command("leak")
def attack_index(
    index: Annotated[Path, typer.Argument(help="An index that `hub match tokens` wrote.")],
    aux: Annotated[Path, typer.Option(help="CSV of the same people, and more: what an attacker may know.")],
    member: Annotated[str, typer.Option(help="Whose records leak; else records by lot.")] = "",
    leaked: Annotated[int, typer.Option(min=0, help="How many records leak by lot.")] = 7_000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same records.")] = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Attack an index without the linkage key and say what could be told; nothing is sent anywhere."""
    with answering():
        from hub.matching.attacks.leak import measure_leak
        from hub.matching.people_files import read_people
        from hub.matching.token_files import read_index

        held, people = read_index(index), read_people(aux)
        with progress("people hashed") as tell:
            found = measure_leak(
                held,
                people,
                _throw_away_maker().make,
                lambda stage, done, _total: tell(done) if "hashed" in stage else None,
                member=member,
                leaked=leaked,
                seed=seed,
            )
    say(leak_document(found), "\n".join(leak_lines(found)), as_json=as_json)


def _throw_away_maker() -> "TokenMaker":
    """A maker of tokens under a key that nobody else ever has."""
    from hub.matching.evaluate import TRIAL
    from hub.matching.tokens import TokenMaker, random_linkage_key

    return TokenMaker(random_linkage_key(os.urandom), TRIAL, os.urandom)


def _records(
    people: "Sequence[KnownPerson]", maker: "TokenMaker", tell: Callable[[int], None]
) -> "Iterator[HeldRecord]":
    from hub.matching.token_files import HeldRecord

    for done, one in enumerate(people, start=1):
        yield HeldRecord(one.id, one.member, maker.make(one.person))
        tell(done)
