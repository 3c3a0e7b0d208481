"""`hub linkage`: the custodian's verbs, in the custodian's own home; the hub never holds a linkage key."""

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, note, opened, say
from hub.protocols.names import EpochId, MemberId, parse_id

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

app = typer.Typer(no_args_is_help=True, help="Linkage epochs: the custodian's side.")

Members = Annotated[
    list[str] | None, typer.Option("--member", help="Only for these members, else for all that have a key.")
]


@app.command("new-epoch")
def new_epoch(members: Members = None, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Make a linkage key, sign its epoch, and wrap the key to every member."""
    with opened(home) as gateway:
        wrapped = _reachable(gateway, members)
        epoch = gateway.open_epoch(wrapped)
    told = f"{epoch} is open; its key is wrapped to {len(wrapped)} members."
    say({"epoch": epoch, "wrapped_to": wrapped}, told, as_json=as_json)


@app.command()
def wrap(
    epoch: Annotated[str | None, typer.Argument(help="Id of an epoch; else the one in force.")] = None,
    members: Members = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Wrap an epoch's key to members that have joined since."""
    with opened(home) as gateway:
        wrapped = _reachable(gateway, members)
        chosen = EpochId(parse_id(epoch, "ep")) if epoch is not None else gateway.epoch_in_force().id
        gateway.papers.wrap_again(chosen, wrapped)
    say({"epoch": chosen, "wrapped_to": wrapped}, f"{chosen}: wrapped to {len(wrapped)} members.",
        as_json=as_json)  # fmt: skip


@app.command()
def held(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List the epochs at the hub, and whether this home holds and has checked their keys."""
    with opened(home) as gateway:
        found = gateway.epochs()
    lines = [
        f"{one['epoch']}  {one['state']:12} {'key held' if one['held'] else 'key not held'}" for one in found
    ]
    say({"epochs": found}, "\n".join(lines) or "No epoch yet: hub linkage new-epoch", as_json=as_json)


def _reachable(gateway: "Gateway", members: list[str] | None) -> list[MemberId]:
    """Members whose sealing key is in the log; who has none yet is named and left out."""
    from hub.protocols.errors import Untrusted

    named = [MemberId(parse_id(one, "mbr")) for one in members or ()]
    wanted = named or [one for one in gateway.directory.members() if one != gateway.pinned.member]
    reachable = []
    for member in wanted:
        try:
            gateway.directory.sealing_key(member)
            reachable.append(member)
        except Untrusted as fault:
            note(f"{member} is left out ({fault.code}): wrap again when its keys are in the log")
    return reachable
