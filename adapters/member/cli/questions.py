"""`hub decide` and `hub route`: questions answered here, without a hub."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.member.cli.terminal import FAILED, GOOD, REFUSED, AsJson, answering, say


def decide(
    file: Annotated[Path, typer.Argument(help="A question document.", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Put one question to agreements on paper: permitted or refused, and why; exit 3 where refused."""
    with answering():
        from adapters.member.question_file import read_question
        from hub.consent.decision import decide as answer
        from hub.consent.explain import explain

        question, agreements = read_question(file)
        decision = answer(question, agreements)
        names = {party.member: party.name for one in agreements for party in one.parties}
        says = explain(decision, question, names)
    permit = decision.permit
    found = {
        "category": decision.category.value,
        "permitted": decision.permitted,
        "agreement": None if permit is None else permit.agreement,
        "version": None if permit is None else permit.version,
        "clause": None if permit is None else permit.clause,
        "basis": None if permit is None else permit.basis,
        "reasons": [
            {
                "code": one.code.value,
                "agreement": one.agreement,
                "version": one.version,
                "clause": one.clause,
                "detail": one.detail,
            }
            for one in decision.reasons
        ],
        "officers_could_permit": decision.officer_could_permit,
        "rules": decision.rules_version,
        "says": says,
    }
    say(found, says, as_json=as_json)
    raise typer.Exit(GOOD if decision.permitted else REFUSED)


def route(
    postcode: Annotated[str, typer.Argument(help="A postcode; quote it if it has a space.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say which authority a postcode lies in; exit 1 where a person must look."""
    from datetime import UTC, datetime

    from adapters.member.routing import authority, authority_of

    found = authority_of(postcode)
    known = None if found.authority is None else authority(found.authority, datetime.now(UTC).date())
    answer = {
        "outcome": found.outcome.value,
        "authority": found.authority,
        "name": None if known is None else known.name,
        "nation": found.nation,
        "shared_with": list(found.shared_with),
        "table": found.table,
    }
    where = " ".join(str(word) for word in (found.authority, answer["name"], found.nation) if word)
    doubt = f"; the sector is shared with {', '.join(found.shared_with)}" if found.doubtful else ""
    say(answer, f"{found.outcome.value.replace('_', ' ')}: {where}{doubt} ({found.table})", as_json=as_json)
    raise typer.Exit(GOOD if found.authority is not None and not found.doubtful else FAILED)
