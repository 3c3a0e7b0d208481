"""Who has joined an agreement that is open to others, and which agreements are to be reviewed soon."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.consent.agreement import Agreement, State
from hub.consent.documents import reload_agreement
from hub.consent.review import reminders
from hub.exchange.errors import NotYours
from hub.exchange.ports import Work
from hub.exchange.reception import accede
from hub.exchange.stages import Paper, PaperKind
from hub.exchange.web import schemas
from hub.exchange.web.agreements import is_open
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded, idempotency_key
from hub.exchange.web.pages import named
from hub.exchange.web.papers import bound, listed, speaks_for
from hub.exchange.web.rules import INBOX, NOTICES, Rule, ruled
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

router = APIRouter(route_class=Guarded, tags=["agreements"])


@router.post("/v1/agreements/{agreement}/accessions", status_code=202, response_model=schemas.PaperListing)
@ruled(Rule.OWN, NOTICES)
async def post_accession(
    agreement: str, body: schemas.NewPaper, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Join an agreement that is open to others; binds for the caller once its entry is in the log."""
    name = named(agreement, "agr")

    def keep(work: Work) -> tuple[int, Json]:
        return 202, listed(accede(name, body.document, caller.member, work, desk.hub))

    return await desk.write_once(caller.member, idempotency_key(request), await request.body(), keep)


@router.get("/v1/agreements/{agreement}/accessions", response_model=schemas.PaperPage)
@ruled(Rule.PARTY)
async def list_accessions(agreement: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """List who has joined an agreement: to its parties, to who has joined, and where it is open to others."""
    name = named(agreement, "agr")

    def find(work: Work) -> list[dict[str, Any]]:
        versions = [one for one in work.papers.all(PaperKind.AGREEMENT) if one.name == name]
        accessions = [one for one in work.papers.all(PaperKind.ACCESSION) if _of(one) == name]
        ours = speaks_for(caller.member, work, desk.hub.now())
        parties = {party for one in (*versions, *accessions) for party in one.parties}
        if not versions or (ours.isdisjoint(parties) and not any(map(is_open, versions))):
            raise NotYours
        return [listed(one) for one in accessions]

    return {"data": await desk.read(find), "next_cursor": None, "has_more": False}


@router.get("/v1/reminders", response_model=schemas.Reminders)
@ruled(Rule.OWN, INBOX)
async def list_reminders(desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """List the caller's agreements to be reviewed within 90 days, or lapsed; a reminder keeps its id."""
    now = desk.hub.now()
    found = await desk.read(lambda work: reminders(_own(caller.member, work, now), now))
    return {
        "data": [
            {
                "reminder": one.id,
                "agreement": one.agreement,
                "version": one.version,
                "days_before": one.days_before,
                "due": one.due.isoformat(),
                "review": one.review.isoformat(),
                "lapses": one.lapses.date().isoformat(),
                "says": one.says,
            }
            for one in found
        ]
    }


def _own(member: MemberId, work: Work, now: datetime) -> Iterator[Agreement]:
    ours = speaks_for(member, work, now)
    for paper, parties in bound(work):
        if not ours.isdisjoint(parties):
            yield reload_agreement(paper.document).recorded_as(State(paper.state.value))


def _of(accession: Paper) -> str:
    """The agreement that an accession is to."""
    return accession.name.partition("~")[0]
