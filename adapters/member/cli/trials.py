"""`hub agreement test`: decision documents, run without a hub."""

from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.member.cli.terminal import FAILED, GOOD, USAGE, AsJson, answering, fail, progress, say
from hub.protocols.errors import MalformedMessage

Place = Annotated[
    Path, typer.Argument(help="A decision document, or a folder of them (*.json).", exists=True)
]
Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--agreements",
        help="A folder of agreements to look in too; may be repeated.",
        exists=True,
        file_okay=False,
    ),
]


def try_out(place: Place, folders: Folders = None, *, as_json: AsJson = False) -> None:
    """Run decision documents: does each case get the decision that it expects? Exit 1 where one does not."""
    with answering():
        from adapters.member.question_file import documents_in

        paths = list(documents_in(place))
        if not paths:
            fail("no decision document (*.json) there; name a file or another folder", USAGE)
        results = []
        with progress("documents", len(paths)) as done:
            for number, path in enumerate(paths, start=1):
                results.append(_run(path, folders or []))
                done(number)
    failed = sum(not result["passed"] for result in results)
    last = f"{len(results) - failed} passed, {failed} failed"
    lines = [line for result in results for line in _lines(result)]
    say(
        {"passed": len(results) - failed, "failed": failed, "documents": results},
        "\n".join([*lines, last]),
        as_json=as_json,
    )
    raise typer.Exit(FAILED if failed else GOOD)


def _run(path: Path, folders: list[Path]) -> dict[str, Any]:
    """One document's result; one that cannot be read has failed, and says why."""
    from adapters.member.question_file import read_document
    from hub.consent.decision_trial import try_document

    try:
        document = read_document(path, folders)
        differences = [] if document.expected else ["the document asks and expects nothing"]
        differences += [
            f"{trial.question.category}: {difference}"
            for trial in try_document(document)
            for difference in trial.differences
        ]
    except MalformedMessage as fault:
        return {
            "file": path.name,
            "title": "",
            "passed": False,
            "differences": [f"{fault.code}: {fault.detail}"],
        }
    return {
        "file": path.name,
        "title": document.title,
        "passed": not differences,
        "differences": differences,
    }


def _lines(result: dict[str, Any]) -> list[str]:
    word = "pass" if result["passed"] else "FAIL"
    return [
        f"{word}  {result['file']}  {result['title']}",
        *(f"      {one}" for one in result["differences"]),
    ]
