"""`hub audit`: check a log, or one entry of it, from files alone; no hub is asked."""

from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, answering, fail, progress, say
from hub.protocols.errors import Untrusted

app = typer.Typer(no_args_is_help=True, help="Check the disclosure log without trusting the hub.")


@app.callback()
def group() -> None:
    """Check the disclosure log without trusting the hub."""


@app.command()
def verify(
    what: Annotated[
        Path, typer.Argument(help="Folder of a published log, or a .tlog-proof file.", exists=True)
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
    """Check a published log, or that one entry is in it; exit 4 where anything does not hold."""
    with answering():
        if what.is_dir():
            found, lines = _folder(what, vkey, home)
        else:
            found, lines = _proof(what, _key(vkey, home, None), opening)
    say({"holds": True, **found}, lines, as_json=as_json)


def _folder(folder: Path, vkey: str | None, home: Path) -> tuple[dict[str, Any], str]:
    from hub.protocols.log_directory import verify_directory

    key = _key(vkey, home, folder / "vkey")
    with progress("files read") as tell:
        count = 0

        def read(path: str) -> bytes:
            nonlocal count
            count += 1
            tell(count)
            return (folder / path).read_bytes()

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
