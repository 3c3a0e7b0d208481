"""`hub match`: how well matching through hashes does, on files whose true pairs are known."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import AsJson, answering, progress, say

if TYPE_CHECKING:
    from hub.matching.evaluate import Evaluation

app = typer.Typer(no_args_is_help=True, help="Matching through hashes.")

People = Annotated[Path, typer.Argument(help="CSV: id, first_name, last_name, dob, postcode, sex, upn, uln.")]


@app.callback()
def group() -> None:
    """Matching through hashes."""


@app.command("evaluate")
def evaluate_files(
    left: People,
    right: People,
    truth: Annotated[Path, typer.Option(help="CSV of the true pairs: left_id, right_id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Match two files through hashes alone and count against the truth; nothing is sent anywhere."""
    with answering():
        from hub.matching.evaluate import evaluate
        from hub.matching.people_files import read_people, read_truth

        lefts, rights = read_people(left), read_people(right)
        pairs = read_truth(truth, lefts, rights)
        with progress("records", len(lefts) + len(rights)) as tell:
            stages: dict[str, int] = {}

            def told(stage: str, done: int, _total: int) -> None:
                stages[stage] = done
                tell(sum(count for name, count in stages.items() if "tokens" in name))

            found = evaluate(lefts, rights, pairs, told, randomness=os.urandom)
    say(asdict(found), "\n".join(_lines(found)), as_json=as_json)


def _lines(found: "Evaluation") -> Iterator[str]:
    yield f"{found.left} and {found.right} records, {found.true_pairs} true pairs"
    yield f"{found.candidates} candidates, with {found.candidate_recall:.4f} of the true pairs among them"
    best = _figures(found.precision, found.recall, found.f1)
    yield f"at the best threshold ({found.threshold_bits:.1f} bits): {best}"
    own = _figures(found.precision_label_free, found.recall_label_free, found.f1_label_free)
    yield f"at the hub's own threshold: {own}"
    yield f"{found.records_per_s:.0f} records/s, {found.index_bytes_a_record} index bytes a record"


def _figures(precision: float, recall: float, f1: float) -> str:
    return f"precision {precision:.4f}, recall {recall:.4f}, f1 {f1:.4f}"
