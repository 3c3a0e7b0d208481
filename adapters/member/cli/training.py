"""What `hub match train` tells: what each level is worth in the new weights beside the frozen ones."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.matching.weights import Weights


@dataclass(frozen=True, slots=True)
class Changed:
    """One level of one field whose worth has changed, in bits."""

    field: str
    level: str
    bits_before: float
    bits_after: float


def changed_levels(before: "Weights", after: "Weights") -> list[Changed]:
    """Return the levels that are worth something else than before, in the order of the file."""
    was = before.level_bits()
    return [
        Changed(*place, was[place] / 1000, worth / 1000)
        for place, worth in after.level_bits().items()
        if worth != was[place]
    ]


def training_document(before: "Weights", after: "Weights") -> dict[str, Any]:
    """Return both versions, what the new one was trained on, and every level that has changed."""
    return {
        "version": after.version,
        "trained_on": after.trained_on,
        "beside": before.version,
        "changed": [asdict(one) for one in changed_levels(before, after)],
    }


def training_lines(before: "Weights", after: "Weights", name: str) -> Iterator[str]:
    """Return the same as a table, and what the file is not yet."""
    changed: Sequence[Changed] = changed_levels(before, after)
    yield f"weights {after.version} in {name}, trained on {after.trained_on}"
    yield from ("", f"bits of each level that has changed beside {before.version}:")
    yield f"  {'field':<14} {'level':<12} {'before':>9} {'after':>9} {'change':>9}"
    for one in changed:
        change = one.bits_after - one.bits_before
        yield (
            f"  {one.field:<14} {one.level:<12} {one.bits_before:+9.3f} {one.bits_after:+9.3f} {change:+9.3f}"
        )
    if not changed:
        yield "  none"
    yield from ("", f"{before.version} stays in force: a hub and all its gateways take up weights together.")
