"""Who leads a young person that two members count: each says so for itself."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.reception import receive_lead
from hub.exchange.web import schemas
from hub.exchange.web.answers import sign_back
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded
from hub.exchange.web.pages import named
from hub.exchange.web.rules import INBOX, Rule, ruled
from hub.protocols.names import DisclosureId

router = APIRouter(route_class=Guarded, tags=["inbox"])


@router.post("/v1/inbox/{item}/lead", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_lead(
    item: str, body: schemas.Lead, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Say who leads; where both sides agree, the other's notice closes as merged."""
    name = DisclosureId(named(item, "dis"))
    return await sign_back(request, lambda work: receive_lead(name, body.lead, caller.member, work, desk.hub))
