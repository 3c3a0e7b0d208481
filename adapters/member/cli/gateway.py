"""`hub gateway`: join a hub, run by itself, say how things stand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.member.cli.terminal import (
    FAILED,
    HERE,
    USAGE,
    AsJson,
    Home,
    answering,
    fail,
    note,
    officer_of,
    opened,
    say,
)
from hub.protocols.names import MemberId, parse_id

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway
    from adapters.member.polling import Poller

app = typer.Typer(no_args_is_help=True, help="This member's own gateway.")


@app.command()
def init(
    hub: Annotated[str, typer.Option(help="The hub's address, as its operator gave it.")],
    member: Annotated[str, typer.Option(help="This member's id: mbr_...")],
    code: Annotated[str, typer.Option(help="The invitation's code; - reads it from standard input.")],
    team: Annotated[str, typer.Option(help="Whom to ring about a notice: the team.")] = "Tracking team",
    telephone: Annotated[str, typer.Option(help="Its telephone.")] = "not given",
    mailbox: Annotated[str, typer.Option(help="Its mailbox.")] = "not given",
    name: Annotated[str, typer.Option(help="The organisation's name; else its id.")] = "",
    officer: Annotated[str, typer.Option(help="Who acts where a command does not say.")] = "",
    acts_for: Annotated[str | None, typer.Option(help="The authority for which this member acts.")] = None,
    area: Annotated[str | None, typer.Option(help="DfE code of the area that this member lies in.")] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Make this member's keys and redeem its invitation; then two people compare fingerprints."""
    with answering():
        from adapters.member.joining import Desk, join

        joined = join(
            home,
            hub,
            typer.get_text_stream("stdin").readline().strip() if code == "-" else code,
            MemberId(parse_id(member, "mbr")),
            Desk(name or member, team, telephone, mailbox, officer, area),
            datetime.now(UTC),
            None if acts_for is None else MemberId(parse_id(acts_for, "mbr")),
        )
    answer = {
        "member": joined.member,
        "fingerprint": joined.fingerprint,
        "hub_fingerprint": joined.hub_fingerprint,
        "home": str(home),
    }
    lines = (
        f"Keys are made and the invitation is redeemed.\n"
        f"  your fingerprint  {joined.fingerprint}\n"
        f"  the hub's         {joined.hub_fingerprint}\n"
        f"Ring the operator: read yours out, compare the hub's. Then pin the custodian's key:\n"
        f"  hub gateway pin-custodian FILE"
    )
    say(answer, lines, as_json=as_json)


@app.command("pin-custodian")
def pin_custodian(
    file: Annotated[Path, typer.Argument(help="The custodian's public identity key.", exists=True)],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Believe this linkage custodian from now on; its file comes from itself, not from the hub."""
    with answering():
        from adapters.member.home import Home as Folder
        from adapters.member.joining import pin_custodian as pin
        from adapters.member.question_file import read_json_file

        fingerprint = pin(Folder(home), read_json_file(file))
    say(
        {"custodian_fingerprint": fingerprint},
        f"Pinned: {fingerprint}\nRing the custodian and compare.",
        as_json=as_json,
    )


@app.command()
def identity(home: Home = HERE) -> None:
    """Print this member's public identity key, to be handed over to others."""
    with answering():
        from adapters.member.home import Home as Folder

        public = Folder(home).keyring().identity.public
    typer.echo(json.dumps(public.jwks, indent=2))
    note(f"fingerprint {public.key_id}")


@app.command()
def status(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Say how this gateway stands: keys, epoch, agreements, the log as seen, what waits."""
    with opened(home) as gateway:
        found = _status(gateway)
    lines = [f"{name.replace('_', ' '):22} {_words(value)}" for name, value in found.items()]
    say(found, "\n".join(lines), as_json=as_json)
    if not found["hub_reached"]:
        raise typer.Exit(5)


@app.command()
def run(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the local API.")] = 8001,
    officer: Annotated[str | None, typer.Option(help="Who acts where a request does not say.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Publish what is dropped here; write to its out/.")
    ] = None,
    out_format: Annotated[
        str, typer.Option("--out-format", help="Of the files in out/: jsonl, csv, xlsx, nccis.xml, iyss.csv.")
    ] = "jsonl",
    home: Home = HERE,
    *,
    no_api: Annotated[bool, typer.Option("--no-api", help="No local API.")] = False,
) -> None:
    """Poll by itself, answer key requests, and serve the local API on 127.0.0.1, until stopped."""
    with opened(home) as gateway:
        from adapters.member.polling import Poller

        poller = Poller(gateway, note)
        with _errands(gateway, folder, out_format, officer_of(gateway, officer)):
            _serve(gateway, poller, None if no_api else port, officer)


@contextmanager
def _errands(gateway: "Gateway", folder: Path | None, out_format: str, officer: str) -> Iterator[None]:
    """What a running gateway does beside polling, until the block is left."""
    from adapters.member.errands import Errand, running

    errands: list[Errand] = []
    if folder is not None:
        from adapters.member.drop import Drop
        from adapters.member.released import FORMATS

        if out_format not in FORMATS:
            fail(f"--out-format is one of: {', '.join(FORMATS)}", USAGE)
        drop = Drop(gateway, folder, officer, out_format)
        drop.prepare()
        note(f"files dropped into {folder / 'in'} are published; what was released comes to {folder / 'out'}")
        errands.append(Errand("folder", drop.look, note))
    from adapters.member.webhooks import webhooks_of

    with webhooks_of(gateway) as hooks:
        errands.append(Errand("webhooks", hooks.look, note))
        with running(errands):
            yield


def _serve(gateway: "Gateway", poller: "Poller", port: int | None, officer: str | None) -> None:
    """Poll, and serve the local API where it has a port."""
    if port is None:
        poller.run_here()
        return
    from adapters.member.local_api import local_app, serve

    token = gateway.home.token()
    note(f"polling {gateway.pinned.hub_url} as {gateway.pinned.member}")
    note(f"local API on http://127.0.0.1:{port}, token in {gateway.home.path / 'token'}")
    poller.start()
    try:
        served = serve(local_app(gateway, token, poller, officer), port)
    finally:
        poller.stop()
    if not served:
        fail(f"port {port} is taken: choose another with --port", FAILED)


@app.command()
def digest(
    maildir: Annotated[Path | None, typer.Option(help="Write it into this maildir as a mail.")] = None,
    smtp: Annotated[str | None, typer.Option(help="Send it by this mail server: HOST or HOST:PORT.")] = None,
    to: Annotated[str | None, typer.Option(help="To whom; else the mailbox of the home.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="From whom; else the same.")] = None,
    user: Annotated[str, typer.Option(help="Who signs in at the mail server.")] = "",
    word_file: Annotated[
        Path | None, typer.Option("--password-file", help="A file with the password.", exists=True)
    ] = None,
    link: Annotated[str, typer.Option(help="Where to look.")] = "http://127.0.0.1:8001/",
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what waits, in counts and ages: fit for a mailbox, since it names nobody."""
    with opened(home) as gateway:
        from adapters.member.digest import digest_of, message_of, put_into_maildir, read_server, send_by_smtp

        found = digest_of(gateway)
        to = to or gateway.pinned.mailbox
        message = message_of(found, to, sender or to, link)
        if found.count and maildir is not None:
            put_into_maildir(message, maildir, gateway.now)
        if found.count and smtp is not None:
            word = "" if word_file is None else word_file.read_text("utf-8").strip()
            send_by_smtp(message, read_server(smtp, user, word))
    say(found.json(), found.text(link) if found.count else "Nothing waits.", as_json=as_json)


@app.command()
def unit() -> None:
    """Print a unit file, hardened, that runs the gateway as a service of systemd."""
    from importlib.resources import files

    typer.echo(
        files("adapters.member").joinpath("templates", "hub-gateway.service").read_text("utf-8"), nl=False
    )


def _status(gateway: "Gateway") -> dict[str, Any]:
    from adapters.member.errors import GatewayFault, HubUnreachable
    from hub.protocols.errors import ProtocolError

    seen = gateway.auditor.seen()
    sent = gateway.records.all_sent()
    found: dict[str, Any] = {
        "member": gateway.pinned.member,
        "hub": gateway.pinned.hub_url,
        "fingerprint": gateway.fingerprint,
        "custodian_pinned": gateway.pinned.custodian_identity is not None,
        "log_seen": None if seen is None else seen.size,
        "queued": sum(one.state == "queued" for one in sent),
        "published": sum(one.promise is not None for one in sent),
        "received": len(gateway.received()),
        "waiting_for_a_person": len(gateway.waiting()),
        "hub_reached": True,
    }
    try:
        gateway.transport.get("/v1/inbox/count")
        found["epoch"] = gateway.epoch()
        terms = gateway.terms()
        found["mandates"] = len(terms.mandates)
        found["papers_not_believed"] = list(terms.doubted)
    except HubUnreachable as fault:
        found |= {"hub_reached": False, "why": fault.detail}
    except (GatewayFault, ProtocolError) as fault:
        found["why"] = fault.detail
    return found


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none yet" if value is None else str(value)
