"""`hub key`: a member's own keys, replaced without cutting anybody off."""

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, opened, say

app = typer.Typer(no_args_is_help=True, help="This member's own keys.")


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
