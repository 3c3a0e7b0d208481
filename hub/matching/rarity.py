"""How common a pair of first and last name is, in five steps, from a frozen table.

Two people called Jack Smith say less by it than two called Zephyrine Quill. The broker sees no
name, so the member's side says how common the pair is, as a step alone: it joins the commonest
and the rarest names in the same few groups, and the broker can count common pairs anyway. A
frozen table, not the index's own counts: those would let the order of arrival change a verdict.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Final

TABLE: Final = "name-frequencies-uk-1.json"

_STEP: Final = {"common": 0, "known": 1}
_RAREST: Final = 2


def rarity(first: str, last: str) -> int:
    """Return the step of a pair of names, in their one form: 0 for the commonest, 4 for the rarest."""
    table = _table()
    return table["first"].get(first, _RAREST) + table["last"].get(last, _RAREST)


@cache
def _table() -> dict[str, dict[str, int]]:
    document = json.loads(files("hub.matching").joinpath(TABLE).read_text(encoding="utf-8"))
    return {
        field: {
            name: step
            for word, step in _STEP.items()
            for line in document[field][word]
            for name in line.split()
        }
        for field in ("first", "last")
    }
