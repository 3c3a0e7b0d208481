"""What changed between two documents of an agreement, in sentences, and which way each change goes.

A clause is found again by its number, a party by its member id, a purpose by its code. A change
that lets more be told, or to more, *widens*; the other way it *narrows*: these are what a data
protection officer reads first (`hub.consent.widening`). There is no change exactly where the two
documents are the same.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from hub.consent.widening import Way, way_of, way_of_more
from hub.consent.wording import group_of, name_of, quoted, spoken
from hub.protocols.canonical import Json

__all__ = ["Change", "Way", "changes"]


class Change(NamedTuple):
    """One difference: which way it goes, where it is ("clause 2.2, categories"), and a sentence."""

    way: Way
    place: str
    says: str


_KEYS: Final = {"clauses": "number", "parties": "member", "purposes": "code"}
_ONE: Final = {"clauses": "clause", "parties": "party", "purposes": "purpose"}

_PERMITS: Final = {
    "from": "lets tell",
    "to": "lets be told",
    "notice_types": "lets it be told by the notice",
    "purposes": "serves",
    "scopes": "reaches those of",
    "roles": "lets receive",
    "categories": "lets be told",
}
"""Lists of a clause that say what it permits: one more entry widens."""

_EXCEPTS: Final = "unless_flags"
_MISSING: Final = object()

_Path = tuple[str, ...]


def changes(before: Json, after: Json) -> list[Change]:
    """Return every difference between two documents, in the order in which they stand."""
    return list(_objects((), _fields(before), _fields(after)))


def _objects(path: _Path, before: dict[str, Json], after: dict[str, Json]) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        here = (*path, name_of(name))
        if before.get(name, _MISSING) == after.get(name, _MISSING):
            continue
        if len(path) == 1 and path[0].startswith("clause ") and (name in _PERMITS or name == _EXCEPTS):
            yield from _permission(here, name, _list(before.get(name)), _list(after.get(name)))
        elif name not in after:
            way = way_of(name, before[name], None)
            yield _change(way, here, f"is left out; it said {_whole(name, before[name])}")
        elif name not in before:
            way = way_of(name, None, after[name])
            yield _change(way, here, f"is new: {_whole(name, after[name])}")
        else:
            yield from _values(here, name, before[name], after[name])


def _values(path: _Path, name: str, before: Json, after: Json) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _objects(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        if len(path) == 1 and name in _KEYS and _keyed(name, before) and _keyed(name, after):
            yield from _members(name, before, after)
        else:
            yield from _lists(path, name, before, after)
    else:
        way = way_of(name, before, after)
        yield _change(way, path, f"was {_whole(name, before)} and is now {_whole(name, after)}")


def _members(name: str, before: list[Json], after: list[Json]) -> Iterator[Change]:
    """Clauses, parties or purposes, each found again by its key."""
    old, new = _keyed(name, before), _keyed(name, after)
    for key, item in new.items():
        path = (f"{_ONE[name]} {key}",)
        if key not in old:
            yield _change(Way.WIDENS, path, f"is new{_gist(name, item)}")
        else:
            yield from _objects(path, old[key], item)
    for key, item in old.items():
        if key not in new:
            yield _change(Way.NARROWS, (f"{_ONE[name]} {key}",), f"is left out{_gist(name, item)}")
    if [key for key in old if key in new] != [key for key in new if key in old]:
        yield _change(Way.NEITHER, (name_of(name),), "stand in another order")


def _permission(path: _Path, name: str, before: list[Json], after: list[Json]) -> Iterator[Change]:
    """One list of a clause: what it lets be told, to whom, for what; or what it makes an exception of."""
    more, less, verb = (
        (Way.NARROWS, Way.WIDENS, "makes an exception of")
        if name == _EXCEPTS
        else (Way.WIDENS, Way.NARROWS, _PERMITS[name])
    )
    clause = path[0].capitalize()
    place = ", ".join(path)
    for item in (item for item in after if item not in before):
        yield Change(more, place, f"{clause} now also {verb}: {_item(name, item)}.")
    for item in (item for item in before if item not in after):
        yield Change(less, place, f"{clause} no longer {verb}: {_item(name, item)}.")
    if [item for item in before if item in after] != [item for item in after if item in before]:
        yield _change(Way.NEITHER, path, "stands in another order")


def _lists(path: _Path, name: str, before: list[Json], after: list[Json]) -> Iterator[Change]:
    added = [item for item in after if item not in before]
    gone = [item for item in before if item not in after]
    for item in added:
        yield _change(way_of_more(name, more=True), path, f"now also says {_whole(name, item)}")
    for item in gone:
        yield _change(way_of_more(name, more=False), path, f"no longer says {_whole(name, item)}")
    if not added and not gone:
        yield _change(Way.NEITHER, path, "stands in another order, or says something twice")


def _gist(name: str, item: dict[str, Json]) -> str:
    if name == "clauses":
        what = ", ".join(_item("categories", one) for one in _list(item["categories"]))
        return (
            f", {quoted(str(item['title']))}: the {_all_groups(item['from'])} may tell the"
            f" {_all_groups(item['to'])} {what}"
        )
    if name == "parties":
        return f": {quoted(str(item['name']))}, one of the {group_of(str(item['group']))}"
    return ""


def _all_groups(names: Json) -> str:
    return " and ".join(group_of(str(one)) for one in _list(names))


def _item(name: str, item: Json) -> str:
    return group_of(str(item)) if name in {"from", "to"} else spoken(name, item)


def _whole(name: str, value: Json) -> str:
    """A value in a sentence, whatever it holds."""
    if isinstance(value, dict):
        return "; ".join(f"{name_of(inner)} {_whole(inner, value[inner])}" for inner in value)
    if isinstance(value, list):
        return ", ".join(_whole(name, item) for item in value) or "nothing"
    return spoken(name, value)


def _change(way: Way, path: _Path, says: str) -> Change:
    place = ", ".join(path)
    return Change(way, place, f"{place[0].upper()}{place[1:]} {says}.")


def _keyed(name: str, items: list[Json]) -> dict[str, dict[str, Json]]:
    """The items by their key; none where two have the same, so that no difference is passed over."""
    found = {str(_fields(item)[_KEYS[name]]): _fields(item) for item in items}
    return found if len(found) == len(items) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _fields(value: Json) -> dict[str, Json]:
    return cast("dict[str, Json]", value)
