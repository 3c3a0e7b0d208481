"""Every field of a message left out, doubled by a stranger, or given an odd value; all must be refused."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

import pytest

from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError

Path = tuple[str | int, ...]

ODD: Final[Sequence[Json]] = (
    None,
    True,
    -1,
    0,
    2**53 - 1,
    "",
    "\n",
    "x",
    "A name, perhaps",
    "2026-02-30",
    "2026-02-30T00:00:00Z",
    "mbr_UPPER",
    "ntc_01k0000000000000000000000",
    [],
    [1],
    ["x"],
    {},
    {"x": 1},
    "a" * 70_000,
)
"""Values that hardly any field may have."""


LINES: Final[Sequence[Json]] = (
    "x",
    "A name, perhaps",
    "2026-02-30",
    "2026-02-30T00:00:00Z",
    "mbr_UPPER",
    "ntc_01k0000000000000000000000",
)
"""Those of them that a line of text may be: the name of a team or of an officer."""


def assert_fields_guarded(
    message: Json,
    read: Callable[[Json], object],
    may_be: Mapping[str, Sequence[Json]] | None = None,
    opaque: Collection[str] = (),
) -> None:
    """Assert that `read` takes the message and refuses it with any field missing, unknown or odd.

    `may_be` says, by the name of a field, which of the odd values it may have all the same;
    `opaque` names fields that must be there and whose contents another reader judges.
    """
    read(message)
    for path in _paths(message, opaque):
        _assert_refused(_without(message, path), read, path)
        allowed = (may_be or {}).get(str(path[-1]), ()) if path[-1] not in opaque else ODD
        for value in ODD:
            if not any(_same(value, other) for other in (*allowed, _at(message, path))):
                _assert_refused(_with(message, path, value), read, path, value)
    for path in _objects(message, opaque):
        _assert_refused(_with(message, (*path, "stranger"), 1), read, path)


def _assert_refused(message: Json, read: Callable[[Json], object], path: Path, value: Json = None) -> None:
    try:
        read(message)
    except ProtocolError:
        return
    pytest.fail(f"taken in spite of {path}: {value!r:.40}")


def _same(one: Json, other: Json) -> bool:
    return type(one) is type(other) and one == other


def _paths(value: Json, opaque: Collection[str], before: Path = ()) -> Iterator[Path]:
    """Every named field, also those inside lists."""
    for name, item in _inside(value):
        if isinstance(name, str):
            yield (*before, name)
        if name not in opaque:
            yield from _paths(item, opaque, (*before, name))


def _objects(value: Json, opaque: Collection[str], before: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        yield before
    for name, item in _inside(value):
        if name not in opaque:
            yield from _objects(item, opaque, (*before, name))


def _inside(value: Json) -> list[tuple[str | int, Json]]:
    if isinstance(value, dict):
        return [*value.items()]
    return [*enumerate(value)] if isinstance(value, list) else []


def _at(value: Json, path: Path) -> Any:  # noqa: ANN401 - whatever stands there
    found: Any = value
    for name in path:
        found = found[name]
    return found


def _with(message: Json, path: Path, value: Json) -> Json:
    changed = deepcopy(message)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _without(message: Json, path: Path) -> Json:
    changed = deepcopy(message)
    del _at(changed, path[:-1])[path[-1]]
    return changed
