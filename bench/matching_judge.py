"""One judge for every tool: scored pairs and the truth in, the same figures out.

A tool gives `left_id, right_id, score, own`: the higher the score, the likelier one person; `own`
is 1 where the tool itself, without labels, would call the pair a match. The judge assigns one to
one, the best first, equal scores in an order that depends on nothing but the ids, and counts:

- `f1`, `precision`, `recall`: at the threshold that is best in hindsight, for everybody alike;
- `recall_p999`: the most of the true pairs that any threshold finds at a precision of .999 or more;
- `own_...`: of the pairs that the tool itself calls matches, after the assignment;
- `strata`: recall of those, by what truth.csv tells of each person.
"""

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

Pair = tuple[str, str]
STRATA = ("name_origin", "sex", "moved", "twin")
NEARLY_ALL = 0.999
FEWEST = 50
"""True pairs that a stratum needs for its recall to be told."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair as a tool gives it; `certain` where the tool has a stricter call than `own`."""

    left: str
    right: str
    score: float
    own: bool
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """The true pairs, and what is told of each."""

    pairs: Mapping[Pair, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Figures:
    """The judge's answer; shares from 0 to 1."""

    scored_pairs: int
    found_share: float
    """Of the true pairs, those that are among the scored ones at all."""
    f1: float
    precision: float
    recall: float
    recall_p999: float
    own_f1: float
    own_precision: float
    own_recall: float
    certain_precision: float | None = None
    certain_recall: float | None = None
    strata: Mapping[str, float] = field(default_factory=dict)

    @property
    def worst_stratum(self) -> tuple[str, float] | None:
        """The stratum whose recall lies furthest below that of all, and how far."""
        if not self.strata:
            return None
        name = min(self.strata, key=self.strata.__getitem__)
        return name, self.strata[name] - self.own_recall

    def to_json(self) -> dict[str, object]:
        """Everything, for the report."""
        return {**asdict(self), "worst_stratum": self.worst_stratum}


def read_scored(path: Path) -> list[Scored]:
    """Read a tool's pairs; the first of a pair that is there twice counts."""
    with path.open(encoding="utf-8", newline="") as file:
        found: dict[Pair, Scored] = {}
        for row in csv.DictReader(file):
            one = Scored(
                row["left_id"],
                row["right_id"],
                float(row["score"]),
                row["own"] == "1",
                row.get("certain") == "1",
            )
            found.setdefault((one.left, one.right), one)
    return list(found.values())


def read_truth(path: Path) -> Truth:
    """Read truth.csv: left_id, right_id, and what else it tells."""
    with path.open(encoding="utf-8", newline="") as file:
        return Truth({(row["left_id"], row["right_id"]): row for row in csv.DictReader(file)})


def assign(scored: Iterable[Scored]) -> list[Scored]:
    """Keep the best pairs, nobody twice; best first."""
    taken_left: set[str] = set()
    taken_right: set[str] = set()
    kept = []
    for one in sorted(scored, key=_order):
        if one.left not in taken_left and one.right not in taken_right:
            taken_left.add(one.left)
            taken_right.add(one.right)
            kept.append(one)
    return kept


def _order(one: Scored) -> tuple[float, int, str, str]:
    """Best first; equals by a checksum, so that no tool gains by the order of the files."""
    return -one.score, zlib.crc32(f"{one.left} {one.right}".encode()), one.left, one.right


def judge(scored: Sequence[Scored], truth: Truth) -> Figures:
    """Count one tool's pairs against the truth."""
    kept = assign(scored)
    best = _best(kept, truth)
    own = [one for one in kept if one.own]
    precision, recall, f1 = _figures(own, truth)
    certain = [one for one in kept if one.certain]
    sure = _figures(certain, truth)[:2] if certain else (None, None)
    return Figures(
        scored_pairs=len(scored),
        found_share=_share(sum((one.left, one.right) in truth.pairs for one in scored), len(truth.pairs)),
        f1=best.f1,
        precision=best.precision,
        recall=best.recall,
        recall_p999=best.recall_p999,
        own_f1=f1,
        own_precision=precision,
        own_recall=recall,
        certain_precision=sure[0],
        certain_recall=sure[1],
        strata=_strata(own, truth),
    )


@dataclass(frozen=True, slots=True)
class _Best:
    f1: float = 0
    precision: float = 0
    recall: float = 0
    recall_p999: float = 0


def _best(kept: Sequence[Scored], truth: Truth) -> _Best:
    """Walk down the scores; equal scores stand or fall together."""
    best, right, recall_p999 = (0.0, 0.0, 0.0), 0, 0.0
    for place, one in enumerate(kept, start=1):
        right += (one.left, one.right) in truth.pairs
        if place < len(kept) and kept[place].score == one.score:
            continue
        precision, recall = right / place, _share(right, len(truth.pairs))
        best = max(best, (_f1(right, place, truth), precision, recall))
        if precision >= NEARLY_ALL:
            recall_p999 = max(recall_p999, recall)
    return _Best(*best, recall_p999)


def _figures(kept: Sequence[Scored], truth: Truth) -> tuple[float, float, float]:
    right = sum((one.left, one.right) in truth.pairs for one in kept)
    return _share(right, len(kept)), _share(right, len(truth.pairs)), _f1(right, len(kept), truth)


def _strata(kept: Sequence[Scored], truth: Truth) -> dict[str, float]:
    found = {(one.left, one.right) for one in kept}
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for pair, told in truth.pairs.items():
        for name in STRATA:
            if told.get(name):
                count = counts[f"{name} {told[name]}"]
                count[0] += pair in found
                count[1] += 1
    return {name: right / all_ for name, (right, all_) in sorted(counts.items()) if all_ >= FEWEST}


def _f1(right: int, said: int, truth: Truth) -> float:
    return _share(2 * right, said + len(truth.pairs))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
