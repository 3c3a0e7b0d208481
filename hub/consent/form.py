"""Where a document departs from its schema, said in words that its author can act on.

Each fault names the clause by its number (a party by its place in the list) and what the schema
wants there. What was written is never repeated: it may be personal. Which keywords a schema may
use is fixed by the table in `_cause`; a test walks the schema.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hub.protocols.canonical import Json

_GROUPED: Final = re.compile(r"groups? [0-9]+: ")
"""How a description begins in the schema: by the number of its group, which is no part of what is wanted."""

_NUMBER: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}")


def faults_of_form(value: Json, schema: dict[str, Any]) -> Iterator[str]:
    """Say each departure from the schema in order, or else each day that no calendar has."""
    validator = Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(value), key=_in_order)
    for error in errors:
        yield f"{_place(error, value)}: {_cause(error)}"
    if not errors:
        yield from _impossible_days(cast("dict[str, Any]", value))


def _in_order(error: ValidationError) -> list[str]:
    return [step if isinstance(step, str) else f"{step:09}" for step in error.absolute_path]


def _impossible_days(document: dict[str, Any]) -> Iterator[str]:
    days = {f"life: {name}": document["life"].get(name) for name in ("starts", "review", "ends")}
    days["dpia: date"] = document.get("dpia", {}).get("date")
    for where, day in days.items():
        try:
            if day is not None:
                date.fromisoformat(day)
        except ValueError:
            yield f"{where} is no day of the calendar"


def _place(error: ValidationError, value: Json) -> str:
    """Name the clause by its number, a party by its place in the list, all else by its field."""
    path = list(error.absolute_path)
    match path:
        case []:
            return "the document"
        case ["clauses", int(index), *rest]:
            return ", ".join([_clause_name(value, index), *_fields(rest)])
        case ["parties", int(index), *rest]:
            return ", ".join([f"party {index + 1}", *_fields(rest)])
    return ", ".join(_fields(path))


def _fields(path: Iterable[str | int]) -> list[str]:
    return [step if isinstance(step, str) else f"item {step + 1}" for step in path]


def _clause_name(value: Json, index: int) -> str:
    clause = cast("dict[str, Any]", value)["clauses"][index]
    number = clause.get("number") if isinstance(clause, dict) else None
    if isinstance(number, str) and _NUMBER.fullmatch(number):
        return f"clause {number}"
    return f"the clause in place {index + 1}"


_TYPES: Final = {
    "object": "a group of fields",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
}


def _cause(error: ValidationError) -> str:
    """Say what the schema wants, in words; the value itself is not repeated."""
    wanted: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    causes: dict[str, Callable[[], str]] = {
        "required": lambda: "missing: " + ", ".join(name for name in wanted if name not in instance),
        "additionalProperties": lambda: (
            "holds a field that is not known; known are " + ", ".join(schema["properties"])
        ),
        "enum": lambda: "may only be one of " + ", ".join(wanted),
        "const": lambda: f"must be {json.dumps(wanted)}",
        "type": lambda: f"must be {_TYPES[wanted]}",
        "uniqueItems": lambda: "names something twice",
        "minItems": lambda: f"needs at least {wanted}",
        "minLength": lambda: "must not be empty",
        "maxItems": lambda: f"may have at most {wanted}",
        "maxLength": lambda: f"may have at most {wanted} characters",
        "minimum": lambda: f"must be from {wanted} to {schema['maximum']}",
        "maximum": lambda: f"must be from {schema['minimum']} to {wanted}",
        "pattern": lambda: f"must be {_GROUPED.sub('', schema['description'])}",
    }
    return causes[str(error.validator)]()
