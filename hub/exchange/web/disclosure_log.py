"""The public log: checkpoint, key and tiles in the C2SP layout, for whoever wants to check it.

Only what a signed checkpoint covers is served. A tile never changes once it can be served, so
whoever has it need not ask again.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hub.exchange.errors import NotYours
from hub.exchange.ports import Work
from hub.exchange.web.desk import DeskIs, Guarded
from hub.exchange.web.rules import Rule, ruled
from hub.protocols.errors import MalformedMessage
from hub.protocols.tiles import FULL_WIDTH, TileName, bundle_bytes, parse_tile_path, tile_bytes, width_at

FOR_EVER: Final = "public, max-age=31536000, immutable"
AT_ONCE: Final = "public, no-cache"

router = APIRouter(route_class=Guarded, tags=["log"])


@router.get("/log/checkpoint", response_class=PlainTextResponse)
@ruled(Rule.PUBLIC)
async def read_checkpoint(desk: DeskIs) -> Response:
    """Give the last signed checkpoint, a signed note."""
    signed = await desk.read(lambda work: work.log.signed())
    if signed is None:
        raise NotYours
    return PlainTextResponse(signed[1], headers={"Cache-Control": AT_ONCE})


@router.get("/log/vkey", response_class=PlainTextResponse)
@ruled(Rule.PUBLIC)
async def read_vkey(desk: DeskIs) -> Response:
    """Give the key under which checkpoints are signed; compare it with the one handed over out of band."""
    return PlainTextResponse(desk.hub.log_key.vkey + "\n", headers={"Cache-Control": AT_ONCE})


@router.get("/log/tile/{path:path}", response_class=Response)
@ruled(Rule.PUBLIC)
async def read_tile(path: str, request: Request, desk: DeskIs) -> Response:
    """Give a tile of hashes, or under `entries/` a bundle of entries."""
    name = _name(path)
    # the path as sent, so that no other spelling of it is answered
    if request.scope.get("raw_path", b"").partition(b"?")[0] not in {b"", f"/log/{name.path}".encode()}:
        raise NotYours
    data = await desk.read(lambda work: _tile(name, work))
    return Response(data, headers={"Cache-Control": FOR_EVER}, media_type="application/octet-stream")


def _name(path: str) -> TileName:
    try:
        return parse_tile_path(f"tile/{path}")
    except MalformedMessage:
        raise NotYours from None


def _tile(name: TileName, work: Work) -> bytes:
    signed = work.log.signed()
    if signed is None or name.width > width_at(name, signed[0]):
        raise NotYours
    if name.level is not None:
        return tile_bytes(name, work.log.node)
    start = FULL_WIDTH * name.index
    return bundle_bytes(work.log.leaves(start, start + name.width))
