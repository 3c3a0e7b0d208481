"""Contested releases: open, answer, close, read. For the two parties alone (I7).

What is said passes through sealed; the hub tells how a thread stands and keeps its order. A dispute
that is not the caller's is answered like one that is not there, and so is one about an entry that
the caller cannot open together with the party it names (I4, I9).
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.ports import Work
from hub.exchange.reception import receive_message, thread
from hub.exchange.stages import Dispute, Letter
from hub.exchange.web import schemas
from hub.exchange.web.answers import sign_back
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded
from hub.exchange.web.pages import Asked, asked, named, page_of
from hub.exchange.web.rules import INBOX, Rule, ruled
from hub.protocols import canonical
from hub.protocols.dispute import Act
from hub.protocols.names import DisputeId

OF: Final = "disputes"

router = APIRouter(route_class=Guarded, tags=["disputes"])
Page = Annotated[Asked, Depends(asked)]


@router.post("/v1/disputes", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.PARTY, INBOX)
async def post_dispute(
    body: schemas.NewDisputeMessage, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Contest a release that the caller sent or received; the thread's id is in the signed message."""
    return await sign_back(
        request,
        lambda work: receive_message(None, Act.OPEN, body.message, body.text, caller.member, work, desk.hub),
    )


@router.get("/v1/disputes", response_model=schemas.DisputePage)
@ruled(Rule.PARTY, INBOX)
async def list_disputes(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List the disputes in which the caller is a party."""
    after = desk.cursors.read(page.cursor, OF, caller.member, "")

    def find(work: Work) -> list[Dispute]:
        return list(work.disputes.of_member(caller.member, after, page.limit + 1))

    return page_of(
        await desk.read(find),
        page.limit,
        _listed,
        lambda last: desk.cursors.write(OF, caller.member, last.dispute),
    )


@router.get("/v1/disputes/{dispute}", response_model=schemas.DisputeListing)
@ruled(Rule.PARTY, INBOX)
async def read_dispute(dispute: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Tell how one dispute stands."""
    name = DisputeId(named(dispute, "dsp"))
    return _listed(await desk.read(lambda work: thread(name, caller.member, work)))


@router.get("/v1/disputes/{dispute}/messages", response_model=schemas.DisputeMessages)
@ruled(Rule.PARTY, INBOX)
async def list_messages(dispute: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give the thread: every message as it was signed, with its sealed words, in order."""
    name = DisputeId(named(dispute, "dsp"))

    def find(work: Work) -> list[Letter]:
        thread(name, caller.member, work)
        return list(work.disputes.letters(name))

    return {"data": [{"message": one.jws, "text": one.text} for one in await desk.read(find)]}


@router.post("/v1/disputes/{dispute}/messages", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.PARTY, INBOX)
async def post_message(
    dispute: str, body: schemas.NewDisputeMessage, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Answer, or ask further; a further question starts the agreement's clock again."""
    name = DisputeId(named(dispute, "dsp"))
    return await sign_back(
        request,
        lambda work: receive_message(
            name, Act.ANSWER, body.message, body.text, caller.member, work, desk.hub
        ),
    )


@router.post("/v1/disputes/{dispute}/outcome", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.PARTY, INBOX)
async def post_dispute_outcome(
    dispute: str, body: schemas.NewDisputeMessage, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Close a dispute; an outcome is signed by the side that it goes against."""
    name = DisputeId(named(dispute, "dsp"))
    return await sign_back(
        request,
        lambda work: receive_message(name, Act.CLOSE, body.message, body.text, caller.member, work, desk.hub),
    )


def _listed(dispute: Dispute) -> dict[str, Any]:
    return {
        "dispute": dispute.dispute,
        "opener": dispute.opener,
        "other": dispute.other,
        "notice": dispute.notice,
        "entry": dispute.entry,
        "grievance": dispute.grievance.value,
        "agreement": dispute.agreement,
        "version": dispute.version,
        "state": dispute.state.value,
        "result": None if dispute.result is None else dispute.result.value,
        "opened_at": canonical.instant(dispute.opened_at),
        "due_at": None if dispute.due_at is None else canonical.instant(dispute.due_at),
        "closed_at": None if dispute.closed_at is None else canonical.instant(dispute.closed_at),
    }
