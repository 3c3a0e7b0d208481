"""A sender's answer to a key request: a box for the one recipient, or for all that may be; or why not."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.reception import receive_blind_grant, receive_grant
from hub.exchange.web import schemas
from hub.exchange.web.answers import sign_back
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded
from hub.exchange.web.pages import named
from hub.exchange.web.rules import INBOX, Rule, ruled
from hub.protocols.names import RequestId

router = APIRouter(route_class=Guarded, tags=["inbox"])


@router.post("/v1/key-requests/{key_request}/grant", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_grant(
    key_request: str, body: schemas.Grant, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Answer a key request."""
    name = RequestId(named(key_request, "req"))
    return await sign_back(
        request, lambda work: receive_grant(name, body.grant, body.box, caller.member, work, desk.hub)
    )


@router.post("/v1/key-requests/{key_request}/blind-grant", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_blind_grant(
    key_request: str, body: schemas.BlindGrant, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Answer a blind key request: a box for each candidate, in their order, or none."""
    name = RequestId(named(key_request, "req"))
    return await sign_back(
        request,
        lambda work: receive_blind_grant(name, body.grant, body.boxes, caller.member, work, desk.hub),
    )
