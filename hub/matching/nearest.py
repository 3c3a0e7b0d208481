"""The pairs on either side of the threshold, explained: where a threshold is wrong, it is wrong here.

Decides which pairs an owner of two files is shown: of the pairs kept one to one, those that just
reach the hub's own threshold and those that just miss it, each with its waterfall of bits. They
come with the people in clear text, which whoever holds both files has anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.matching.candidates import Places
from hub.matching.evidence import Rows
from hub.matching.people_files import KnownPerson
from hub.matching.sweep import Sweep
from hub.matching.verdict import Verdict, score_pairs, verdicts
from hub.matching.weights import Weights


@dataclass(frozen=True, slots=True)
class Explained:
    """Two records, whether they are about one person, and what the comparison says."""

    left: KnownPerson
    right: KnownPerson
    true: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """Pairs kept one to one, best first: places in either file, their people and rows."""

    left: Sequence[KnownPerson]
    right: Sequence[KnownPerson]
    left_rows: Rows
    right_rows: Rows
    left_places: Places
    right_places: Places


def explain_nearest(kept: Kept, sweep: Sweep, weights: Weights, count: int) -> tuple[Explained, ...]:
    """Return so many pairs above the hub's own threshold and as many below, the best first."""
    reach = sweep.at(weights.certain).pairs
    shown = slice(max(0, reach - count), reach + count)
    mine, theirs = kept.left_places[shown], kept.right_places[shown]
    scores = score_pairs(kept.left_rows[mine], kept.right_rows[theirs], weights)
    judged = verdicts(scores, [None] * len(mine), weights)
    return tuple(
        Explained(kept.left[one], kept.right[other], true, verdict)
        for one, other, true, verdict in zip(
            mine.tolist(), theirs.tolist(), sweep.is_true[shown].tolist(), judged, strict=True
        )
    )
