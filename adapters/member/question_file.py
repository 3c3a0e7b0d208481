"""Questions and worked decisions as files: where a document's agreements are found.

The form is `hub.consent.decision_document`'s. An agreement that a document names is looked for
beside it, in a folder `agreements` beside it, and in the folders that the caller adds.
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from hub.consent.agreement import Agreement
from hub.consent.decision_document import DecisionDocument, read_decision_document
from hub.consent.question import Question
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage
from hub.protocols.limits import DOCUMENT_BYTES

_NOT_BESIDE: Final = (
    "the agreement {name} is not beside the document: put it there, or say where it is (--agreements FOLDER)"
)


def read_json_file(path: Path) -> Json:
    """Read a JSON file; raise `MalformedMessage` where it is none, or is too long: which file, which line."""
    if path.stat().st_size > DOCUMENT_BYTES:
        raise MalformedMessage("document-long", f"{path.name} is longer than {DOCUMENT_BYTES} bytes")
    read = path.read_bytes()
    try:
        return canonical.decode(read)
    except MalformedMessage as fault:
        raise MalformedMessage(fault.code, f"{path.name}{_place_of_fault(read)}: {fault.detail}") from None


def _place_of_fault(read: bytes) -> str:
    """Where a person has to look in a file that is no JSON; nothing where it is JSON of another kind."""
    try:
        json.loads(read)
    except json.JSONDecodeError as fault:
        return f", line {fault.lineno}, column {fault.colno}"
    except ValueError:
        return ""
    return ""


def read_question(path: Path) -> tuple[Question, list[Agreement]]:
    """Read one question and the agreements that it names; raise `MalformedMessage` for another form."""
    document = read_document(path)
    if len(document.questions) > 1:
        raise MalformedMessage("question-several", "the document asks about every category: ask about one")
    return document.questions[0], list(document.agreements)


def read_document(path: Path, folders: Iterable[Path] = ()) -> DecisionDocument:
    """Read a decision document and the agreements that it names."""
    around = (path.parent, path.parent / "agreements", *folders)
    return read_decision_document(read_json_file(path), partial(_fetch, around))


def documents_in(place: Path) -> Iterator[Path]:
    """The file itself, or every JSON file of a folder in the order of names."""
    if place.is_dir():
        yield from sorted(place.glob("*.json"))
    else:
        yield place


def _fetch(folders: Iterable[Path], name: str) -> Json:
    """The agreement's document: by its file's name, with or without .json."""
    if Path(name).name != name:
        raise MalformedMessage("agreement-name", "an agreement is named by a file's name, without a folder")
    for folder in folders:
        for candidate in (folder / name, folder / f"{name}.json"):
            if candidate.is_file():
                return read_json_file(candidate)
    raise MalformedMessage("agreement-missing", _NOT_BESIDE.format(name=name))
