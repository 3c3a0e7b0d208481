"""Whether this process answers, whether it can serve, and which hub it is. Nothing secret."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from hub.exchange.web import schemas
from hub.exchange.web.desk import DeskIs, Guarded
from hub.exchange.web.rules import Rule, ruled

router = APIRouter(route_class=Guarded, tags=["hub"])


@router.get("/healthz", response_model=schemas.Health)
@ruled(Rule.PUBLIC)
async def read_health() -> dict[str, Any]:
    """Answer: the process runs."""
    return {"status": "ok"}


@router.get("/readyz", response_model=schemas.Readiness, responses={503: {"model": schemas.Readiness}})
@ruled(Rule.PUBLIC)
async def read_readiness(desk: DeskIs) -> Response:
    """Tell whether this process can serve, and what is missing if not."""
    checks = await asyncio.to_thread(lambda: {k: v for ready in desk.readiness for k, v in ready().items()})
    ready = all(checks.values())
    return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)


@router.get("/version", response_model=schemas.Version)
@ruled(Rule.PUBLIC)
async def read_version(desk: DeskIs) -> dict[str, Any]:
    """Tell which hub this is."""
    return {"version": desk.version, "mode": desk.mode}
