"""Redeem an invitation: the single-use code is the authority, and the keys prove themselves.

It is the one route that changes something for a caller without a token, so it has a rate of its
own, for all callers together: codes are 144 bits, but nobody shall try them at leisure.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.errors import Declined
from hub.exchange.ports import Work
from hub.exchange.reception import redeem
from hub.exchange.web import schemas
from hub.exchange.web.desk import DeskIs, Guarded, idempotency_key
from hub.exchange.web.rules import Rule, ruled
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

EVERYBODY: Final = MemberId("mbr_everybody")
"""The one bucket for all who are not known yet."""

router = APIRouter(route_class=Guarded, tags=["directory"])


@router.post("/v1/enrolments", status_code=201, response_model=schemas.Enrolled)
@ruled(Rule.PUBLIC)
async def post_enrolment(body: schemas.Enrolment, request: Request, desk: DeskIs) -> Response:
    """Redeem an invitation with a member's identity key and first keys."""
    allowance = desk.enrolments.take(EVERYBODY)
    if not allowance.served:
        raise Declined("rate-limited", f"wait {allowance.wait} seconds")

    def enrol(work: Work) -> tuple[int, Json]:
        return 201, {"member": redeem(body.code, body.identity, list(body.entries), work, desk.hub)}

    owner = f"enrol:{canonical.digest(body.code.encode())}"
    return await desk.write_once(owner, idempotency_key(request), await request.body(), enrol)
