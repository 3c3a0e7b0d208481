"""`hub webhook`: who is told that something has come, and how each telling went."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.member.cli.terminal import FAILED, GOOD, HERE, AsJson, Home, note, opened, say

if TYPE_CHECKING:
    from adapters.member.webhook_book import Telling
    from adapters.member.webhooks import Webhook

app = typer.Typer(no_args_is_help=True, help="Tell this member's own systems that something has come.")

Hook = Annotated[str, typer.Argument(help="Id of a webhook: whk_...")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to tell it: https://...")],
    home: Home = HERE,
    *,
    loopback: Annotated[
        bool, typer.Option("--insecure-allow-loopback", help="The receiver is on this machine.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell a URL from now on. Prints the secret and the public key that its messages are checked with."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            made = hooks.add(url, loopback=loopback)
    _show(made, "Told from now on, while hub gateway run runs.", as_json=as_json)


@app.command()
def rotate(hook: Hook, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Exchange a webhook's secret and key; for a day the earlier ones sign as well."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            made = hooks.rotate(hook)
    _show(made, "For a day the earlier secret and key sign as well.", as_json=as_json)


@app.command("list")
def list_hooks(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List the webhooks; shows no secret."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            found = hooks.all()
    answer = [
        {"webhook": one.hook, "url": one.url, "state": one.state, "public_key": one.public_text}
        for one in found
    ]
    lines = [f"{one.hook}  {one.state:8} {one.url}" for one in found]
    say({"webhooks": answer}, "\n".join(lines) or "None yet: hub webhook add URL", as_json=as_json)


@app.command()
def remove(hook: Hook, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Tell a webhook nothing more, and destroy its secret."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            hooks.remove(hook)
    say({"webhook": hook, "state": "removed"}, "Removed.", as_json=as_json)


@app.command("test")
def try_out(hook: Hook, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Send a ping now and say how it was answered."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            done = hooks.test(hook)
    _say_tellings([done], as_json=as_json)


@app.command()
def redeliver(
    event: Annotated[str, typer.Argument(help="Id of an event: evt_...")],
    hook: Annotated[str | None, typer.Option("--to", help="To this webhook alone: whk_...")] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Send an event again now."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            done = hooks.redeliver(event, hook)
    _say_tellings(done, as_json=as_json)


@app.command()
def log(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List what was told to whom, the newest first, and how the last attempt was answered."""
    with opened(home) as gateway:
        from adapters.member.webhooks import webhooks_of

        with webhooks_of(gateway) as hooks:
            found = hooks.book.tellings()
    answer = [{**_telling(telling), "type": event.kind, "item": event.item} for event, telling in found]
    lines = [
        f"{one.event}  {event.kind:15} {one.hook}  {one.state:9} {one.attempts} tries  {one.last}"
        for event, one in found
    ]
    say({"log": answer}, "\n".join(lines) or "Nothing was told yet.", as_json=as_json)


def listen(
    forward_to: Annotated[str, typer.Option(help="Whom to tell: http://127.0.0.1:9000/hook")],
    home: Home = HERE,
) -> None:
    """Poll, and tell one address what comes, until interrupted; for who writes a receiver."""
    with opened(home) as gateway:
        from adapters.member.errands import Errand
        from adapters.member.listening import Listener
        from adapters.member.polling import Poller

        listener = Listener(gateway, forward_to)
        note(f"secret      {listener.hook.secret_text}")
        note(f"public key  {listener.hook.public_text}")
        poller = Poller(gateway, note)
        poller.start()
        try:
            Errand("listen", listener.look, typer.echo, every=1.0).run_here()
        finally:
            poller.stop()


def _show(made: "Webhook", words: str, *, as_json: bool) -> None:
    answer = {
        "webhook": made.hook,
        "url": made.url,
        "secret": made.secret_text,
        "public_key": made.public_text,
    }
    lines = f"{made.hook}\n  secret      {made.secret_text}\n  public key  {made.public_text}\n{words}"
    say(answer, lines, as_json=as_json)


def _telling(telling: "Telling") -> dict[str, Any]:
    return {
        "event": telling.event,
        "webhook": telling.hook,
        "state": telling.state,
        "attempts": telling.attempts,
        "last": telling.last,
        "next": telling.next.isoformat(),
    }


def _say_tellings(done: "list[Telling]", *, as_json: bool) -> None:
    lines = [f"{one.event} to {one.hook}: {one.state}, {one.last}" for one in done]
    say({"told": [_telling(one) for one in done]}, "\n".join(lines) or "No webhook yet.", as_json=as_json)
    raise typer.Exit(GOOD if all(one.state == "delivered" for one in done) else FAILED)
