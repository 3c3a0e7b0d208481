"""`hub agreement`, offline: draft, check, compare and read agreements, as files on this computer."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, answering, note, opened, say
from hub.protocols.names import AgreementId, parse_id

agreement = typer.Typer(
    no_args_is_help=True,
    help="Agreements: draft, check, read, compare, propose, sign, suspend; who may tell whom what.",
)

File = Annotated[Path, typer.Argument(help="The agreement's document.", exists=True, dir_okay=False)]
What = Annotated[str, typer.Argument(help="A document's file, or the id of an agreement at the hub.")]
Out = Annotated[Path | None, typer.Option(help="Write it to this file.", dir_okay=False)]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day, such as 2027-06-30.")]


@agreement.command()
def draft(
    template: Annotated[str, typer.Option(help="Name of a template (two-council, ...), or a file.")],
    answers: Annotated[
        Path | None,
        typer.Option(help="Answers from a file (JSON); else they are asked.", exists=True, dir_okay=False),
    ] = None,
    out: Out = None,
    *,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a document from a template and at most twelve answers; the template fills in the rest."""
    with answering():
        from adapters.member.drafting import ask_all, check_free, find_template, read_answers
        from hub.consent.draft import draft as fill

        check_free(out, force=force)
        chosen = find_template(template)
        given = ask_all(chosen, _prompt) if answers is None else read_answers(answers)
        document = fill(chosen, given)
    _give(document, out, as_json=as_json)


@agreement.command()
def revise(
    file: File,
    starts: Day = None,
    review: Day = None,
    out: Out = None,
    *,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make the version that follows: the same words, its predecessor's digest, new days. Edit, then lint."""
    with answering():
        from adapters.member.drafting import check_free
        from adapters.member.question_file import read_json_file
        from hub.consent.draft import next_version

        check_free(out, force=force)
        document = next_version(
            read_json_file(file),
            starts=None if starts is None else starts.date(),
            review=None if review is None else review.date(),
        )
    _give(document, out, as_json=as_json)


@agreement.command()
def lint(file: File, *, as_json: AsJson = False) -> None:
    """Check a document as the hub will: form, words, and whether its clauses contradict the law's table."""
    with answering():
        from adapters.member.question_file import read_json_file
        from hub.consent.documents import agreement_digest, read_agreement

        document = read_json_file(file)
        read = read_agreement(document)
        digest = agreement_digest(document)
    say(
        {"agreement": read.id, "version": read.version, "digest": digest, "clauses": len(read.clauses)},
        f"{read.id} version {read.version} is well formed: {len(read.clauses)} clauses\ndigest {digest}",
        as_json=as_json,
    )


@agreement.command()
def diff(before: File, after: File, *, as_json: AsJson = False) -> None:
    """Say in sentences what changed from one document to another, what widens first."""
    with answering():
        from adapters.member.question_file import read_json_file
        from hub.consent.diff import Way, changes
        from hub.consent.documents import read_agreement

        documents = [read_json_file(before), read_json_file(after)]
        for document in documents:
            read_agreement(document)
        found = sorted(changes(*documents), key=lambda change: [*Way].index(change.way))
    marks = {Way.WIDENS: "+", Way.NARROWS: "-", Way.NEITHER: " "}
    lines = [f"{marks[one.way]} {one.says}" for one in found]
    say(
        {"changes": [{"way": one.way.value, "place": one.place, "says": one.says} for one in found]},
        "\n".join([*lines, "", "+ lets more be told   - lets less be told"])
        if lines
        else "The same document.",
        as_json=as_json,
    )


@agreement.command()
def page(
    what: What,
    home: Home = HERE,
    out: Out = None,
    *,
    html: Annotated[
        bool, typer.Option("--html/--text", help="For a browser and a printer, or plain.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write an agreement as the page in English that people read before they sign its digest."""
    with answering():
        from hub.consent.documents import agreement_digest
        from hub.consent.page import write_html, write_text

        document = document_of(what, home)
        written = write_html(document) if html else write_text(document)
        digest = agreement_digest(document)
        if out is not None:
            out.write_text(written, encoding="utf-8")
    if out is None:
        say({"digest": digest, "page": written}, written, as_json=as_json)
    else:
        say({"digest": digest, "file": str(out)}, f"{out}\ndigest {digest}", as_json=as_json)


@agreement.command()
def explain(what: What, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Say in a few lines who may tell whom what, what it rests on and when it lapses; `page` says all."""
    with answering():
        from hub.consent.documents import agreement_digest, read_agreement
        from hub.consent.summary import summarise

        document = document_of(what, home)
        says, digest = summarise(read_agreement(document)), agreement_digest(document)
    say(
        {"digest": digest, "says": says},
        "\n".join([*says, f"In full: hub agreement page {what}", f"digest {digest}"]),
        as_json=as_json,
    )


def document_of(what: str, home: Path) -> Any:  # noqa: ANN401 - a document of any kind
    """The document in a file, or the newest version of an agreement as the hub shows it."""
    from adapters.member.question_file import read_json_file

    if Path(what).is_file():
        return read_json_file(Path(what))
    with opened(home) as gateway:
        note("as the hub shows it; what is signed is the digest")
        return gateway.papers.shown(AgreementId(parse_id(what, "agr")))["document"]


def _prompt(says: str) -> str:
    found: str = typer.prompt(says, default="", show_default=False, err=True)
    return found


def _give(document: Any, out: Path | None, *, as_json: bool) -> None:  # noqa: ANN401 - a document
    from hub.consent.documents import agreement_digest

    text = json.dumps(document, indent=2, ensure_ascii=False)
    digest = agreement_digest(document)
    if out is None:
        say(document, text, as_json=as_json)
        note(f"digest {digest}; read it: hub agreement page FILE; propose it: hub agreement propose FILE")
        return
    with answering():
        from adapters.member.drafting import write_document

        write_document(document, out)
    say(
        {"agreement": document["id"], "version": document["version"], "digest": digest, "file": str(out)},
        f"{out}: {document['id']} version {document['version']}\nRead it, and let your lawyer read it:"
        f" hub agreement page {out}\nThen: hub agreement propose {out}",
        as_json=as_json,
    )
