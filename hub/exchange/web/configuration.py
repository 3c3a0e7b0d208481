"""What a hub says of itself to anybody: its keys, its custodian, its suites, its limits."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from hub.exchange.web import schemas
from hub.exchange.web.desk import DeskIs, Guarded
from hub.exchange.web.rules import Rule, ruled
from hub.protocols.limits import BATCH_NOTICES, DOCUMENT_BYTES, NOTICE_BYTES, PART_BYTES
from hub.protocols.names import NoticeType, Part
from hub.protocols.suites import SUITES, registry_document

REFERRING: Final = frozenset({NoticeType.CORRECTION, NoticeType.WITHDRAWAL, NoticeType.RECALL})
"""Types that always point at an earlier notice."""

router = APIRouter(route_class=Guarded, tags=["hub"])


@router.get("/.well-known/hub-configuration", response_model=schemas.Configuration)
@ruled(Rule.PUBLIC)
async def read_configuration(desk: DeskIs) -> dict[str, Any]:
    """Tell what a gateway has to know before it joins; compare the keys by telephone."""
    return {
        "origin": desk.origin,
        "log_origin": desk.hub.origin,
        "log_vkey": desk.hub.log_key.vkey,
        "hub_key": desk.hub.key.public.jwk,
        "custodian": desk.custodian,
        "slot_seconds": int(desk.hub.slot.total_seconds()),
        "witnesses": desk.hub.witnesses,
        "suites": sorted(SUITES),
        "version": desk.version,
        "mode": desk.mode,
        "limits": {
            "notice_bytes": NOTICE_BYTES,
            "batch_notices": BATCH_NOTICES,
            "document_bytes": DOCUMENT_BYTES,
            "poll_wait_seconds": desk.longest_wait,
            "page": schemas.LARGEST_PAGE,
        },
    }


@router.get("/v1/suites", response_class=JSONResponse)
@ruled(Rule.PUBLIC)
async def read_suites() -> Response:
    """Give the registry of cryptographic suites."""
    return JSONResponse(registry_document())


@router.get("/v1/notice-types")
@ruled(Rule.PUBLIC)
async def list_notice_types() -> dict[str, Any]:
    """List the kinds of notices, and the sealed parts that every one of them has."""
    return {
        "data": [{"type": kind.value, "refers_to": kind in REFERRING} for kind in NoticeType],
        "parts": [{"part": part.value, "bytes": PART_BYTES[part]} for part in Part],
    }
