"""`hub agreement`, `hub mandate`, `hub request`: papers that bind, read first and signed by digest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, answering, note, opened, say
from adapters.member.cli.writing import File, agreement
from hub.protocols.mandate import Change
from hub.protocols.names import AgreementId, MemberId, parse_id

mandate = typer.Typer(no_args_is_help=True, help="An authority's word that a careers company acts for it.")
request = typer.Typer(no_args_is_help=True, help="An authority's standing request to an institution.")

Name = Annotated[str, typer.Argument(help="Id of an agreement: agr_...")]
Days = Annotated[int, typer.Option(min=1, max=1100, help="For how many days.")]


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
    say(facts, "\n".join([*lines, f"read it: hub agreement page {name}"]), as_json=as_json)


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
        f"{proposed} is proposed. The other parties read it and sign its digest:\n"
        f"  hub agreement page {proposed}\n"
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
def accede(
    name: Name,
    digest: Annotated[str, typer.Option(help="The digest of the page that was read.")],
    party: Annotated[
        str,
        typer.Option(
            "--as",
            help="This member in one line: legal name; dfe_la, ukprn or laestab and number;"
            " ICO registration; DPO's e-mail.",
        ),
    ],
    group: Annotated[str, typer.Option(help="The group that it joins.")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Join an agreement that is open to others: one document, many signers. Stops with `suspend`."""
    with opened(home) as gateway:
        from hub.consent.draft import party_like

        there = gateway.papers.shown(_agreement(name))
        joining = party_like(there["document"], group, f"{gateway.pinned.member}; {party}")
        gateway.papers.accede(_agreement(name), digest, joining, datetime.now(UTC))
    said = f"{name}: joined as one of the {group}; in force for you once its entry is in the log."
    say({"agreement": name, "digest": digest, "group": group}, said, as_json=as_json)


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
        version = gateway.papers.binding_version(_agreement(name))
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


@mandate.command("list")
def list_mandates(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List mandates that this gateway believes: its own, and those of whom it has agreements with."""
    with opened(home) as gateway:
        kept = gateway.terms_here()
        whose = gateway.pinned.member
    held = [
        {"authority": authority, "company": company, "ours": whose in {authority, company}}
        for authority, company in sorted(kept.terms.mandates)
    ]
    lines = [f"{one['company']} acts for {one['authority']}" for one in held]
    none = "No mandate is in force: hub mandate sign COMPANY"
    say({"mandates": held}, "\n".join(lines) or none, as_json=as_json)


@mandate.command("end")
def end_mandate(
    company: Annotated[str, typer.Argument(help="The careers company: mbr_...")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Let a careers company act for this authority no longer, from now on."""
    with opened(home) as gateway:
        gateway.papers.end_mandate(_member(company), datetime.now(UTC))
    say({"company": company, "ended": True}, f"{company} acts for you no longer.", as_json=as_json)


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


@request.command("list")
def list_requests(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List standing requests that this gateway believes: its own, and its partners'."""
    with opened(home) as gateway:
        kept = gateway.terms_here()
        whose = gateway.pinned.member
    held = [
        {"authority": authority, "institution": institution, "ours": whose in {authority, institution}}
        for authority, institution in sorted(kept.terms.requests)
    ]
    lines = [f"{one['authority']} asks {one['institution']} to notify unprompted" for one in held]
    none = "No standing request is in force: hub request lodge INSTITUTION"
    say({"requests": held}, "\n".join(lines) or none, as_json=as_json)


@request.command("end")
def end_request(
    institution: Annotated[str, typer.Argument(help="The institution: mbr_...")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask an institution to notify unprompted no longer, from now on."""
    with opened(home) as gateway:
        gateway.papers.end_standing_request(_member(institution), datetime.now(UTC))
    said = f"{institution} is asked to notify no longer."
    say({"institution": institution, "ended": True}, said, as_json=as_json)


def _shown(home: Path, name: str) -> dict[str, Any]:
    with opened(home) as gateway:
        shown = gateway.papers.shown(_agreement(name))
    note("as the hub shows it; what is signed is the digest")
    return shown


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
