"""`hub linkage`: the custodian's verbs and every member's, each in its own home.

The operator's, which looks into the hub's database, is beside the hub. The hub never holds a linkage key.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from adapters.member.cli.terminal import FAILED, HERE, AsJson, Home, note, opened, say
from hub.protocols.names import EpochId, MemberId, parse_id

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

app = typer.Typer(no_args_is_help=True, help="Linkage epochs, whose keys the hub never holds.")

_CUSTODIAN: Final = "The linkage custodian, in its own home"
_MEMBER: Final = "Any member, in its own home"

Members = Annotated[
    list[str] | None, typer.Option("--member", help="Only for these members, else for all that have a key.")
]


@app.command("new-epoch", rich_help_panel=_CUSTODIAN)
def new_epoch(members: Members = None, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Make a linkage key, sign its epoch, and wrap the key to every member."""
    with opened(home) as gateway:
        wrapped = _reachable(gateway, members)
        epoch = gateway.open_epoch(wrapped)
    told = f"{epoch} is open; its key is wrapped to {len(wrapped)} members."
    say({"epoch": epoch, "wrapped_to": wrapped}, told, as_json=as_json)


@app.command(rich_help_panel=_CUSTODIAN)
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


@app.command(rich_help_panel=_CUSTODIAN)
def rotate(
    overlap: Annotated[
        int, typer.Option("--overlap-days", min=1, help="Days until the epochs before it end.")
    ] = 14,
    members: Members = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Open the next epoch, wrap its key to every member that is not suspended, end the last one.

    Until the overlap ends both are taken. Gateways make the tokens of their open notices anew by themselves.
    """
    with opened(home) as gateway:
        wrapped = _reachable(gateway, members)
        epoch = gateway.rotate(timedelta(days=overlap), wrapped)
    told = f"{epoch} is open, wrapped to {len(wrapped)} members; epochs before it end in {overlap} days."
    say({"epoch": epoch, "wrapped_to": wrapped, "overlap_days": overlap}, told, as_json=as_json)


@app.command(rich_help_panel=_MEMBER)
def check(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Check key and signature of the newest epoch; make tokens anew; list notices that cannot be.

    Such a notice (epoch_expired) is found no more once its own epoch ends: publish its row again.
    """
    with opened(home) as gateway:
        epoch, renewed = gateway.epoch(), gateway.renew_tokens()
    lines = [
        f"{epoch}: signed by the pinned custodian; its key is held and is the one signed for.",
        f"{len(renewed.notices)} notices have new tokens.",
        *(f"epoch_expired  {notice}" for notice in renewed.epoch_expired),
    ]
    found = {"epoch": epoch, "renewed": renewed.notices, "epoch_expired": renewed.epoch_expired}
    say(found, "\n".join(lines), as_json=as_json)
    if renewed.epoch_expired:
        raise typer.Exit(FAILED)


@app.command(rich_help_panel=_MEMBER)
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
    left_out = {gateway.pinned.member, *gateway.suspended()}
    wanted = named or [one for one in gateway.directory.members() if one not in left_out]
    reachable = []
    for member in wanted:
        try:
            gateway.directory.sealing_key(member)
            reachable.append(member)
        except Untrusted as fault:
            note(f"{member} is left out ({fault.code}): wrap again when its keys are in the log")
    return reachable
