"""Documents by chance: a worked example, changed here and there, and still of the published form."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hub.consent.documents import agreement_schema

_FORM = Draft202012Validator(agreement_schema())
EXAMPLES = sorted((Path(__file__).parents[2] / "agreements" / "examples").glob("*.json"))


def example(name: str = "kent-medway-movers") -> dict[str, Any]:
    """A worked example, fresh for each test to spoil."""
    found: dict[str, Any] = json.loads(
        next(path for path in EXAMPLES if path.stem == name).read_text("utf-8")
    )
    return found


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Every place in a document, the document itself left out."""
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, step)
        yield from paths(value[step], (*path, step))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document of the published form, up to three changes away from an example."""
    document = example(draw(st.sampled_from(EXAMPLES[:2])).stem)
    for _ in range(draw(st.integers(0, 3))):
        changed = copy.deepcopy(document)
        _spoil(changed, draw(st.sampled_from(list(paths(changed)))), draw)
        if _FORM.is_valid(changed):
            document = changed
    return document


def _spoil(document: dict[str, Any], path: tuple[Any, ...], draw: st.DrawFn) -> None:
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    here = place[path[-1]]
    if isinstance(here, list):
        change = draw(st.sampled_from(["turn", "drop", "double"]))
        place[path[-1]] = {"turn": here[::-1], "drop": here[1:], "double": [*here, *here[:1]]}[change]
    elif isinstance(here, str):
        place[path[-1]] = draw(st.sampled_from([here.upper(), here + "1", here[:-1]]) | st.text(max_size=5))
    elif isinstance(here, int):
        place[path[-1]] = here + draw(st.sampled_from([-1, 1]))
    else:
        del place[path[-1]]
