"""How the figures of `hub match evaluate` are told: as a document, and as lines for a person."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.matching.evaluate import Evaluation, Study
    from hub.matching.nearest import Explained
    from hub.matching.people_files import KnownPerson


def evaluation_document(found: "Study", *, clear_text: bool) -> dict[str, Any]:
    """Return all figures; the pairs next to the threshold only where clear text is asked for."""
    document = {
        **asdict(found.figures),
        "own_threshold_bits": found.weights.certain / 1000,
        "thresholds": [
            {
                "bits": one.millibits / 1000,
                "pairs": one.pairs,
                "precision": one.precision,
                "recall": one.recall,
            }
            for one in found.sweep.points()
        ],
    }
    return {**document, "nearest": [_pair(one) for one in found.nearest]} if clear_text else document


def evaluation_lines(found: "Study", *, clear_text: bool) -> Iterator[str]:
    """Return the figures in words, then the groups, then the pairs where they are asked for."""
    yield from _figures(found.figures)
    yield from ("", "recall by group (best threshold, the hub's own):")
    for one in found.figures.strata:
        name = f"{one.group}: {one.value}"
        yield f"  {name:<36} {one.recall:.4f}  {one.recall_label_free:.4f}  of {one.true_pairs} true pairs"
    yield f"the worst served group of some size against all: {found.figures.worst_stratum_against_mean:+.4f}"
    if clear_text:
        yield from ("", f"pairs next to the hub's own threshold of {found.weights.certain / 1000:.1f} bits:")
        for pair in found.nearest:
            yield from _waterfall(pair, found.weights.prior)


def _figures(found: "Evaluation") -> Iterator[str]:
    yield f"{found.left} and {found.right} records, {found.true_pairs} true pairs"
    yield f"{found.candidates} candidates, with {found.candidate_recall:.4f} of the true pairs among them"
    best = _three(found.precision, found.recall, found.f1)
    yield f"at the best threshold ({found.threshold_bits:.1f} bits): {best}"
    own = _three(found.precision_label_free, found.recall_label_free, found.f1_label_free)
    yield f"at the hub's own threshold: {own}"
    yield f"recall at precision .999: {found.recall_at_precision_999:.4f}"
    yield f"{found.records_per_s:.0f} records/s, {found.index_bytes_a_record} index bytes a record"


def _three(precision: float, recall: float, f1: float) -> str:
    return f"precision {precision:.4f}, recall {recall:.4f}, f1 {f1:.4f}"


def _waterfall(pair: "Explained", prior: int) -> Iterator[str]:
    sides = (
        f"{one.id} {one.person.first_name} {one.person.last_name} {one.person.dob or ''}"
        for one in _two(pair)
    )
    yield f"  {' | '.join(sides)}: {'one person' if pair.true else 'two people'}"
    yield f"    {-prior / 1000:+7.1f}  any two people, before anything is seen"
    for bar in pair.verdict.waterfall:
        yield f"    {bar.millibits / 1000:+7.1f}  {bar.words}"
    yield f"    {pair.verdict.bits:+7.1f}  all evidence together"


def _pair(pair: "Explained") -> dict[str, Any]:
    left, right = (
        {"id": one.id, **asdict(one.person), "dob": str(one.person.dob or "")} for one in _two(pair)
    )
    bars = [
        {"field": bar.field.value, "words": bar.words, "bits": bar.millibits / 1000}
        for bar in pair.verdict.waterfall
    ]
    return {"left": left, "right": right, "true": pair.true, "bits": pair.verdict.bits, "waterfall": bars}


def _two(pair: "Explained") -> "tuple[KnownPerson, KnownPerson]":
    return pair.left, pair.right
