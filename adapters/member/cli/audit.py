"""`hub audit`: evidence in one file, and its check from files alone; `verify` asks no hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.member.cli.terminal import (
    FAILED,
    HERE,
    LATER,
    UNPROVED,
    USAGE,
    AsJson,
    Home,
    answering,
    fail,
    opened,
    progress,
    say,
)
from hub.protocols.errors import MalformedMessage, Untrusted

if TYPE_CHECKING:
    from adapters.member.records import Waiting
    from hub.protocols.tiles import ReadFile

LOG_FILE_BYTES = 1 << 20
"""Most bytes of one file of a log that are read from an address: a tile has 8 KiB, a checkpoint 64."""

app = typer.Typer(no_args_is_help=True, help="Check the disclosure log without trusting the hub.")


@app.callback()
def group() -> None:
    """Check the disclosure log without trusting the hub."""


@app.command()
def verify(
    what: Annotated[
        str,
        typer.Argument(
            help="A bundle (.zip), a published log (folder or web address), or a .tlog-proof file."
        ),
    ],
    vkey: Annotated[
        str | None, typer.Option(help="The log's key, or a file with it; else the home's.")
    ] = None,
    opening: Annotated[
        Path | None, typer.Option(help="With a proof: the entry's opening.", exists=True)
    ] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Check a bundle, a published log, or that one entry is in it; exit 4 where anything does not hold."""
    with answering():
        try:
            found, lines = _verify(what, vkey, opening, home)
        except MalformedMessage as fault:  # what is no proof proves nothing
            fail(f"{fault.code}: {fault.detail}", UNPROVED)
    say({"holds": True, **found}, lines, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The archive to write, .zip.", dir_okay=False)],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Write all evidence of this member into one file: openings, proofs, keys, agreements, cosignatures."""
    with opened(home) as gateway:
        from datetime import UTC, datetime

        from adapters.member.bundle import write_bundle
        from adapters.member.bundle_export import export as gather

        with progress("entries") as tell:
            files, done = gather(gateway, tell)
        write_bundle(file, files, gateway.pinned.member, done.checkpoint.origin, datetime.now(UTC))
    answer = {
        "file": str(file),
        "size": done.checkpoint.size,
        "entries": done.entries,
        "newer": done.newer,
        "witnessed": done.witnessed,
    }
    lines = [f"{done.entries} entries with their proofs, {len(files)} files in {file}"]
    if not done.witnessed:
        lines.append("Too few other members have cosigned this checkpoint: export again a little later.")
    if done.newer:
        lines.append(f"{done.newer} newer entries are not under this checkpoint.")
    say(answer, "\n".join(lines), as_json=as_json)


@app.command()
def reconcile(
    member: Annotated[str, typer.Argument(help="The other side: mbr_...")],
    month: Annotated[str, typer.Option(help="The month, as 2026-11.")],
    theirs: Annotated[
        Path | None, typer.Option("--with", help="Their account of the same month.", exists=True)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write our signed account here.", dir_okay=False)] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Account for a month with one other member, and compare it with theirs; exit 1 where they differ."""
    with opened(home) as gateway:
        from adapters.member.reconciling import make_account, read_theirs
        from hub.protocols.names import MemberId, parse_id
        from hub.protocols.reconciliation import OPEN, differences

        other = MemberId(parse_id(member, "mbr"))
        ours, signed = make_account(gateway, other, month)
        if out is not None:
            out.write_text(signed + "\n", "utf-8")
        found = None
        if theirs is not None:
            account = read_theirs(gateway, other, month, theirs.read_text("utf-8").strip())
            found = differences(ours, account)
    waiting = sum(line.state == OPEN for line in (*ours.sent, *ours.received))
    answer = {"member": ours.member, "other": other, "month": month, "sent": len(ours.sent),
              "received": len(ours.received), "open": waiting, "unreleased": len(ours.unreleased),
              "differences": found}  # fmt: skip
    counts = f"{len(ours.sent)} sent, {len(ours.received)} received, {waiting} open"
    unreleased = f"{len(ours.unreleased)} asked for and not released"
    lines = [f"{month} with {other}: {counts}, {unreleased}", *(found or [])]
    if found == []:
        lines.append("Both accounts say the same.")
    say(answer, "\n".join(lines), as_json=as_json)
    if found:
        raise typer.Exit(FAILED)


@app.command()
def status(
    evidence: Annotated[
        Path | None, typer.Option(help="Write what was kept against the hub here.", file_okay=False)
    ] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what this gateway has seen and cosigned of the log; exit 4 where it has two histories."""
    with opened(home) as gateway:
        records = gateway.records
        seen, cosigned = gateway.auditor.seen(), gateway.witness.cosigned()
        kept = [one for kind in ("fork", "rollback") for one in records.of_kind(kind)]
        overdue = gateway.witness.overdue()
    if evidence is not None:
        _write_evidence(evidence, kept)
    found = {
        "seen": None if seen is None else seen.size,
        "cosigned": None if cosigned is None else cosigned.size,
        "evidence": [{"kind": one.kind, "item": one.item, **_body(one)} for one in kept],
        "unwitnessed_since": None if overdue is None else overdue.isoformat(),
    }
    lines = [f"seen       {found['seen']} entries", f"cosigned   {found['cosigned']} entries"]
    red = [f"{one.kind.upper()}: {_ACCUSED[one.kind]}" for one in kept]
    if overdue is not None:
        red.append(f"ALARM: too few other members have cosigned the log since {overdue:%Y-%m-%d %H:%M} UTC")
    lines += [typer.style(line, fg="red", bold=True) for line in red]
    say(found, "\n".join(lines), as_json=as_json)
    if kept:
        raise typer.Exit(UNPROVED)


_ACCUSED = {
    "fork": "the hub has signed two histories; write both out with --evidence DIR, show them",
    "rollback": "the hub's log was shorter than before; write both checkpoints out with --evidence DIR",
}


def _body(one: "Waiting") -> dict[str, Any]:
    return one.body if isinstance(one.body, dict) else {}


def _write_evidence(folder: Path, kept: list["Waiting"]) -> None:
    """Two signed notes for each accusation, as files: whoever has the log's key can check them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(kept, 1):
        for name in ("seen", "shown"):
            text = str(_body(one).get(name, ""))
            (folder / f"{one.kind}-{number}-{name}.checkpoint").write_text(text, "utf-8")


def _verify(what: str, vkey: str | None, opening: Path | None, home: Path) -> tuple[dict[str, Any], str]:
    if what.startswith(("http://", "https://")):
        return _address(what.rstrip("/"), _key(vkey, home, None))
    path = Path(what)
    if path.is_dir():
        return _folder(path, vkey, home)
    if path.suffix == ".zip":
        return _bundle(path, vkey, home)
    return _proof(path, _key(vkey, home, None), opening)


def _bundle(file: Path, vkey: str | None, home: Path) -> tuple[dict[str, Any], str]:
    from dataclasses import asdict

    from adapters.member.bundle import read_bundle
    from adapters.member.bundle_check import NOT_PROVED, check_bundle, in_words

    member, log, files = read_bundle(file)
    given = vkey is not None or (home / "gateway.json").exists()
    with progress("entries proved") as tell:
        evidence = check_bundle(member, log, files, _key(vkey, home, None) if given else None, tell)
    found = asdict(evidence) | {
        "checkpoint": {
            "origin": log,
            "size": evidence.checkpoint.size,
            "root": evidence.checkpoint.root.hex(),
        },
        "not_proved": [*evidence.unseen, *NOT_PROVED],
    }
    return found, in_words(evidence)


def _address(address: str, key: str) -> tuple[dict[str, Any], str]:
    """A log that is served as files: by the hub itself, or by anybody's server of static files."""
    import httpx

    with httpx.Client(timeout=30) as client:

        def read(path: str) -> bytes:
            with client.stream("GET", f"{address}/{path}") as answer:
                data = b""
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > LOG_FILE_BYTES:
                        break
            if not answer.is_success or len(data) > LOG_FILE_BYTES:
                raise LookupError(path)
            return data

        try:
            return _whole_log(read, key)
        except httpx.InvalidURL:
            fail("this is no web address; write it as https://hub.example/log", USAGE)
        except httpx.HTTPError as fault:
            fail(f"no answer from that address ({type(fault).__name__}); try again later", LATER)


def _folder(folder: Path, vkey: str | None, home: Path) -> tuple[dict[str, Any], str]:
    key = _key(vkey, home, folder / "vkey")
    return _whole_log(lambda path: (folder / path).read_bytes(), key)


def _whole_log(read_file: "ReadFile", key: str) -> tuple[dict[str, Any], str]:
    from hub.protocols.log_directory import verify_directory

    with progress("files read") as tell:
        count = 0

        def read(path: str) -> bytes:
            nonlocal count
            count += 1
            tell(count)
            return read_file(path)

        audit = verify_directory(read, key)
    size = audit.checkpoint.size
    return (
        {"size": size, "entries": audit.entries, "tiles": audit.tiles, "root": audit.checkpoint.root.hex()},
        f"The log holds: {audit.entries} entries, {audit.tiles} tiles, as {audit.checkpoint.origin} signed.",
    )


def _proof(file: Path, key: str, opening: Path | None) -> tuple[dict[str, Any], str]:
    from adapters.member.question_file import read_json_file
    from hub.protocols import canonical, entry
    from hub.protocols.canonical import Reader
    from hub.protocols.proof import parse_proof, verify_proof

    if opening is None:
        fail("say which entry it proves: --opening FILE", 2)
    read = Reader(read_json_file(opening), "opening")
    record, salt = read.value("record"), read.binary("salt", 32)
    proof = parse_proof(file.read_text("utf-8"))
    checkpoint = verify_proof(proof, entry.commit(record, salt), key)
    kind = record.get("kind") if isinstance(record, dict) else None
    return (
        {"index": proof.index, "size": checkpoint.size, "record": record,
         "opening_digest": canonical.digest(canonical.encode(record))},
        f"Entry {proof.index} ({kind}) is in the log of {checkpoint.origin}, size {checkpoint.size}.",
    )  # fmt: skip


def _key(vkey: str | None, home: Path, beside: Path | None) -> str:
    """The log's key: as given, else as pinned in the home, else as it lies beside the log."""
    if vkey is not None:
        return Path(vkey).read_text("utf-8").strip() if Path(vkey).is_file() else vkey
    if (home / "gateway.json").exists():
        from adapters.member.home import Home as Folder

        return Folder(home).pinned().log_vkey
    if beside is not None and beside.is_file():
        return beside.read_text("utf-8").strip()
    raise Untrusted("vkey-missing", "say under which key: --vkey, as the operator gave it out of band")
