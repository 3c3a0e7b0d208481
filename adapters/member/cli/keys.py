"""`hub key`: a member's own keys, replaced without cutting anybody off."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from adapters.member.cli.terminal import FAILED, GOOD, HERE, AsJson, Home, answering, fail, opened, say

app = typer.Typer(no_args_is_help=True, help="This member's own keys.")

BACKUP_PASSPHRASE: Final = "HUB_GATEWAY_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret

BackupFile = Annotated[Path, typer.Argument(help="The backup's file, to be made.", dir_okay=False)]
MadeFile = Annotated[Path, typer.Argument(help="The backup's file.", dir_okay=False, exists=True)]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="A file whose first line is the backup's passphrase.", exists=True)
]


@app.command()
def rotate(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Make the next signing, sealing and access keys; the earlier ones stay good for three months.

    The gateway does this by itself once a year. A private sealing key is kept until the last notice
    that may be addressed to it is over: back the keyring up again afterwards.
    """
    with opened(home) as gateway:
        turned = gateway.rotate_keys()
    said = "in use" if turned else "registered; in use from the poll after the hub's next slot"
    say({"in_use": turned}, f"The next keys are {said}. Back up the keyring again.", as_json=as_json)


@app.command("list")
def list_keys(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List this member's keys as the log has them, and whether this home holds them."""
    with opened(home) as gateway:
        found = gateway.own_keys()
    lines = [
        f"{one['use']:8} {one['key']}  {one['from'][:10]} to {one['until'][:10]}  {one['state']}"
        for one in found
    ]
    say({"keys": found}, "\n".join(lines), as_json=as_json)


@app.command()
def backup(
    file: BackupFile, passphrase_file: PassphraseFile = None, home: Home = HERE, *, as_json: AsJson = False
) -> None:
    """Write every key and setting into one file under a passphrase, which you keep apart from it."""
    with answering():
        from adapters.member.backup import back_up
        from adapters.member.home import Home as Folder

        fingerprint = back_up(Folder(home), file, _passphrase(passphrase_file, new=True), datetime.now(UTC))
    lines = (
        f"Backed up: {file}\n  identity key {fingerprint}\n"
        "Keep file and passphrase apart. Copy records.db as well. Try it: hub key drill FILE"
    )
    say({"file": str(file), "fingerprint": fingerprint}, lines, as_json=as_json)


@app.command()
def recover(
    file: MadeFile, passphrase_file: PassphraseFile = None, home: Home = HERE, *, as_json: AsJson = False
) -> None:
    """Make this gateway's home again from a backup, in a folder that has none."""
    with answering():
        from adapters.member.backup import recover as make_again
        from adapters.member.home import Home as Folder

        found = make_again(file, _passphrase(passphrase_file), Folder(home))
    fingerprint = found.keyring.identity.public.key_id
    lines = (
        f"{found.pinned.member} is here again, as of {found.made_at:%d %B %Y}\n  identity key {fingerprint}\n"
        "Put records.db back where you have it, then: hub gateway status, hub inbox pull.\n"
        "Never run two gateways of one member from two machines."
    )
    say({"member": found.pinned.member, "fingerprint": fingerprint}, lines, as_json=as_json)


@app.command()
def drill(
    file: MadeFile, passphrase_file: PassphraseFile = None, home: Home = HERE, *, as_json: AsJson = False
) -> None:
    """Prove that a backup opens and that its keys work; compare it with this home; install nothing."""
    with answering():
        from adapters.member.backup import drill as try_out
        from adapters.member.home import Home as Folder

        done = try_out(file, _passphrase(passphrase_file), Folder(home))
    answer = {
        "member": done.member,
        "fingerprint": done.fingerprint,
        "made_at": done.made_at.isoformat(),
        "keys": done.keys,
        "missing": [*done.missing],
    }
    lines = [f"The backup of {done.member} of {done.made_at:%d %B %Y} opens; its {done.keys} keys work"]
    lines += [f"  it does not have the {words}: make a new one with hub key backup" for words in done.missing]
    say(answer, "\n".join(lines), as_json=as_json)
    raise typer.Exit(FAILED if done.missing else GOOD)


def _passphrase(path: Path | None, *, new: bool = False) -> str:
    """The backup's passphrase: the first line of a file, else the environment's, else asked for."""
    if path is not None:
        return next(iter(path.read_text("utf-8").splitlines()), "")
    given = os.environ.get(BACKUP_PASSPHRASE)
    if given:
        return given
    try:
        asked: str = typer.prompt(
            "Passphrase of the backup", hide_input=True, confirmation_prompt=new, err=True
        )
    except typer.Abort:
        fail(f"no passphrase was given: type it, give --passphrase-file, or set {BACKUP_PASSPHRASE}", FAILED)
    return asked
