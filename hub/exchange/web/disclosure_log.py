"""The public log: checkpoint, key and tiles in the C2SP layout, for whoever wants to check it.

Only what a signed checkpoint covers is served. A tile never changes once it can be served, so
whoever has it need not ask again. Members' gateways cosign: they fetch the checkpoint that is
offered and bring their line.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hub.exchange.errors import NotYours
from hub.exchange.ports import Work
from hub.exchange.reception import offered, policy_of, receive_cosignature
from hub.exchange.web import schemas
from hub.exchange.web.answers import sign_back
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded
from hub.exchange.web.rules import INBOX, Rule, ruled
from hub.protocols.canonical import LARGEST_INTEGER
from hub.protocols.errors import MalformedMessage
from hub.protocols.policy import encode_policy
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


@router.get("/log/policy", response_class=PlainTextResponse)
@ruled(Rule.PUBLIC)
async def read_policy(desk: DeskIs) -> Response:
    """Give the members' cosigning keys and how many are asked for, as a C2SP tlog-policy."""
    policy = await desk.read(lambda work: policy_of(work, desk.hub))
    return PlainTextResponse(encode_policy(policy), headers={"Cache-Control": AT_ONCE})


@router.get("/log/witnessing", response_class=PlainTextResponse)
@ruled(Rule.PUBLIC)
async def read_witnessing(
    desk: DeskIs, after: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)] = 0
) -> Response:
    """Give the checkpoint, with its lines, that who has cosigned `after` entries is to cosign next."""
    note = await desk.read(lambda work: offered(work, desk.hub, after))
    if note is None:
        raise NotYours
    return PlainTextResponse(note, headers={"Cache-Control": AT_ONCE})


@router.post("/v1/cosignatures", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_cosignature(
    body: schemas.Cosignature, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Cosign a checkpoint: the caller has checked that the log only grew since the last one it cosigned."""
    return await sign_back(
        request, lambda work: receive_cosignature(body.size, body.line, caller.member, work, desk.hub)
    )


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
