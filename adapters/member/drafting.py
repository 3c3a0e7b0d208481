"""Templates that travel with the gateway, and the answers that fill one: from a file, or typed.

What is asked and what comes out is decided in `hub.consent.draft`; here are the files and the
person at the terminal. Nothing of it needs a hub.
"""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import cast

from adapters.member.errors import GatewayFault
from adapters.member.question_file import read_json_file
from hub.consent.draft import Ask, questions
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage

SUFFIX = ".json"


def template_names() -> list[str]:
    """Names of the templates that travel with the gateway."""
    folder = resources.files("adapters.member").joinpath("templates")
    return sorted(one.name.removesuffix(SUFFIX) for one in folder.iterdir() if one.name.endswith(SUFFIX))


def find_template(name: str) -> Json:
    """The template of this name, or in this file; raise `GatewayFault` where there is none."""
    if Path(name).is_file():
        return read_json_file(Path(name))
    if name not in template_names():
        raise GatewayFault(
            "template-unknown",
            f"no template of this name; there are {', '.join(template_names())}, or name a file",
        )
    file = resources.files("adapters.member").joinpath("templates", name + SUFFIX)
    return canonical.decode(file.read_bytes())


def read_answers(path: Path) -> dict[str, Json]:
    """The answers in a file: an object, one answer a question."""
    answers = read_json_file(path)
    if not isinstance(answers, dict):
        raise MalformedMessage(
            "template-answers", "the answers are one JSON object, by the names of the questions"
        )
    return answers


def ask_all(template: Json, prompt: Callable[[str], str]) -> dict[str, Json]:
    """Put each question to a person; a list is answered line by line and ends with an empty line."""
    asked = questions(template)
    return {
        ask.name: _ask(ask, f"{place}/{len(asked)} {ask.says}", prompt) for place, ask in enumerate(asked, 1)
    }


def _ask(ask: Ask, says: str, prompt: Callable[[str], str]) -> Json:
    if not ask.many:
        return prompt(says).strip()
    lines = [prompt(f"{says} (an empty line ends the list)").strip()]
    while lines[-1]:
        lines.append(prompt("  and").strip())
    return cast("Json", lines[:-1])


def check_free(out: Path | None, *, force: bool) -> None:
    """Raise `GatewayFault` where a document would be written over a file that is there.

    It may be what people are reading before they sign; and nobody shall answer twelve questions in vain.
    """
    if out is not None and out.exists() and not force:
        raise GatewayFault("file-there", f"{out.name} is there already: take another name, or --force")


def write_document(document: Json, out: Path) -> None:
    """Write a document as people read JSON: indented, one field a line."""
    out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
