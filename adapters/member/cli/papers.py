"""`hub agreement`, `hub mandate`, `hub request`: papers that bind, read first and signed by digest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, answering, note, opened, say
from hub.protocols.mandate import Change
from hub.protocols.names import AgreementId, MemberId, parse_id

agreement = typer.Typer(no_args_is_help=True, help="Agreements: read, propose, sign, suspend.")
mandate = typer.Typer(no_args_is_help=True, help="An authority's word that a careers company acts for it.")
request = typer.Typer(no_args_is_help=True, help="An authority's standing request to an institution.")

File = Annotated[Path, typer.Argument(help="The agreement's document.", exists=True, dir_okay=False)]
Name = Annotated[str, typer.Argument(help="Id of an agreement: agr_...")]
Days = Annotated[int, typer.Option(min=1, max=1100, help="For how many days.")]


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
def explain(
    what: Annotated[str, typer.Argument(help="A document's file, or the id of an agreement at the hub.")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Show an agreement as a page in English, with the digest that is signed."""
    with answering():
        from adapters.member.agreement_page import write_page
        from adapters.member.question_file import read_json_file
        from hub.consent.documents import agreement_digest

        document = read_json_file(Path(what)) if Path(what).is_file() else _shown(home, what)["document"]
        page, digest = write_page(document), agreement_digest(document)
    say({"digest": digest, "page": page}, page, as_json=as_json)


@agreement.command("list")
def list_agreements(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List this member's agreements, and whether this gateway believes them."""
    with opened(home) as gateway:
        found = [_listed(one) for one in gateway.transport.pages("/v1/agreements")]
        doubted = gateway.terms().doubted
    lines = [f"{one['agreement']:36} v{one['version']}  {one['state']:11} {one['digest']}" for one in found]
    lines += [f"not believed: {one}" for one in doubted]
    say(
        {"agreements": found, "not_believed": list(doubted)},
        "\n".join(lines) or "No agreements yet: hub agreement propose FILE",
        as_json=as_json,
    )


@agreement.command()
def show(name: Name, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Show who has signed an agreement, and how it stands."""
    with answering():
        shown = _shown(home, name)
    facts = {key: value for key, value in shown.items() if key != "signed"}
    lines = [f"{key:12} {value}" for key, value in facts.items() if key != "document"]
    say(facts, "\n".join([*lines, f"read it: hub agreement explain {name}"]), as_json=as_json)


@agreement.command()
def propose(file: File, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Sign a document as its first party and propose it to the others."""
    with opened(home) as gateway:
        from adapters.member.question_file import read_json_file
        from hub.consent.documents import agreement_digest

        document = read_json_file(file)
        proposed = gateway.papers.propose(document)
        digest = agreement_digest(document)
    say(
        {"agreement": proposed, "digest": digest},
        f"{proposed} is proposed. The other parties read it and sign this digest:\n"
        f"  hub agreement sign {proposed} --digest {digest}",
        as_json=as_json,
    )


@agreement.command()
def sign(
    name: Name,
    digest: Annotated[str, typer.Option(help="The digest of the page that was read.")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Countersign what another party proposed, by the digest of what was read."""
    with opened(home) as gateway:
        gateway.papers.countersign(_agreement(name), digest)
    say({"agreement": name, "digest": digest}, f"{name} is signed.", as_json=as_json)


@agreement.command()
def suspend(
    name: Name,
    home: Home = HERE,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Let it flow again.")] = False,
    end: Annotated[bool, typer.Option("--end", help="End it for good.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop an agreement at once, by this party's word alone; or resume it, or end it."""
    change = Change.END if end else Change.RESUME if resume else Change.SUSPEND
    with opened(home) as gateway:
        version = gateway.papers.newest_version(_agreement(name))
        gateway.papers.change(_agreement(name), version, change, datetime.now(UTC))
    say({"agreement": name, "change": change.value}, f"{name}: {change.value}.", as_json=as_json)


@mandate.command("sign")
def sign_mandate(
    company: Annotated[str, typer.Argument(help="The careers company: mbr_...")],
    days: Days = 365,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Let a careers company act for this authority."""
    begin, end = _period(days)
    with opened(home) as gateway:
        gateway.papers.mandate(_member(company), begin, end)
    say({"company": company, "until": end.isoformat()}, f"{company} acts for you until {end:%d %B %Y}.",
        as_json=as_json)  # fmt: skip


@request.command("lodge")
def lodge_request(
    institution: Annotated[str, typer.Argument(help="The institution: mbr_...")],
    days: Days = 365,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask an institution, in writing and signed, to notify without being asked each time."""
    begin, end = _period(days)
    with opened(home) as gateway:
        gateway.papers.standing_request(_member(institution), begin, end)
    say({"institution": institution, "until": end.isoformat()},
        f"{institution} is asked to notify until {end:%d %B %Y}.", as_json=as_json)  # fmt: skip


def _shown(home: Path, name: str) -> dict[str, Any]:
    with opened(home) as gateway:
        shown = gateway.transport.get(f"/v1/agreements/{_agreement(name)}")
    note("as the hub shows it; what is signed is the digest")
    return shown if isinstance(shown, dict) else {}


def _listed(one: Any) -> dict[str, Any]:  # noqa: ANN401 - a Reader, imported only where a gateway runs
    return {
        "agreement": one.text("agreement"),
        "version": one.integer("version"),
        "state": one.text("state"),
        "digest": one.text("digest"),
        "signed_by": one.list_of_text("signed_by"),
    }


def _period(days: int) -> tuple[datetime, datetime]:
    begin = datetime.now(UTC).replace(microsecond=0)
    return begin, begin + timedelta(days=days)


def _agreement(name: str) -> AgreementId:
    return AgreementId(parse_id(name, "agr"))


def _member(name: str) -> MemberId:
    return MemberId(parse_id(name, "mbr"))
