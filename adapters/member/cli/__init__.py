"""The member's verbs of the `hub` command: one group a noun, put together here.

`app` is what the entry point `hub.commands` names; the hub's own command mounts its groups and
commands beside the operator's. What a verb needs it imports when it runs: `hub --help` is quick.
"""

import typer

from adapters.member.cli import (
    audit,
    caseload,
    complaints,
    disputes,
    feed,
    flags,
    gateway,
    inbox,
    keys,
    linkage,
    match,
    notices,
    overview,
    papers,
    questions,
    recalls,
    trials,
    webhooks,
    writing,
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

for name, group in (
    ("gateway", gateway.app),
    ("inbox", inbox.app),
    ("caseload", caseload.app),
    ("agreement", writing.agreement),
    ("mandate", papers.mandate),
    ("request", papers.request),
    ("key", keys.app),
    ("webhook", webhooks.app),
    ("flag", flags.app),
    ("recall", recalls.recall),
    ("notice", recalls.notice),
    ("linkage", linkage.app),
    ("dispute", disputes.app),
    ("complaint", complaints.app),
    ("match", match.app),
    ("audit", audit.app),
):
    app.add_typer(group, name=name)

writing.agreement.command("test")(trials.try_out)

writing.agreement.command("matrix")(overview.matrix)
writing.agreement.command("ropa")(overview.ropa)

app.command("read")(notices.read)
app.command("publish")(notices.publish)
gateway.app.command("nights")(feed.nights)

app.command("feed")(feed.feed)
app.command("listen")(webhooks.listen)
app.command("withdraw")(notices.withdraw)
app.command("decide")(questions.decide)
app.command("route")(questions.route)
