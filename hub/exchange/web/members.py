"""The directory: who takes part, and whose key is whose, each with its proof."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hub.consent.question import Apart
from hub.exchange.errors import NotYours
from hub.exchange.ports import Work
from hub.exchange.reception import opening_and_proof, register_key, stand_apart
from hub.exchange.stages import KeyUse, Member, RegisteredKey, Standing
from hub.exchange.web import schemas
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded, idempotency_key
from hub.exchange.web.pages import Asked, asked, named, page_of
from hub.exchange.web.rules import NOTICES, Rule, ruled
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

OF: Final = "members"

router = APIRouter(route_class=Guarded, tags=["directory"])
Page = Annotated[Asked, Depends(asked)]


@router.get("/v1/members", response_model=schemas.MemberPage)
@ruled(Rule.MEMBER)
async def list_members(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List everybody who takes part, by id."""
    after = desk.cursors.read(page.cursor, OF, caller.member, "")
    members = {member.member: member for member in await desk.read(lambda work: work.members.all())}
    listed = [
        member
        for member in members.values()
        if member.standing is not Standing.INVITED and member.member > after
    ]
    return page_of(
        listed[: page.limit + 1],
        page.limit,
        lambda member: _listing(member, stand_apart(caller.member, member.member, members)),
        lambda last: desk.cursors.write(OF, caller.member, last.member),
    )


@router.get("/v1/members/{member}/keys", response_model=schemas.MemberKeys)
@ruled(Rule.MEMBER)
async def list_keys(member: str, desk: DeskIs) -> dict[str, Any]:
    """Give a member's identity key and every key it has signed, each with the proof of its entry."""
    name = MemberId(named(member, "mbr"))
    return await desk.read(lambda work: _keys(name, work))


@router.post("/v1/members/{member}/keys", status_code=201, response_model=schemas.KeyRegistered)
@ruled(Rule.OWN, NOTICES)
async def post_key(
    member: str, body: schemas.NewKey, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Register one more key of the caller's own, signed by its identity key."""
    if named(member, "mbr") != caller.member:
        raise NotYours

    def register(work: Work) -> tuple[int, Json]:
        key = register_key(caller.member, body.document, work, desk.hub)
        return 201, {"key_id": key.key_id}

    return await desk.write_once(caller.member, idempotency_key(request), await request.body(), register)


def _listing(member: Member, apart: Apart | None) -> dict[str, Any]:
    return {
        "member": member.member,
        "name": member.name,
        "kind": member.kind.value,
        "role": member.role.value,
        "area": member.area,
        "apart": apart,
    }


def _keys(member: MemberId, work: Work) -> dict[str, Any]:
    known, signed = work.members.get(member), work.log.signed()
    if known is None or known.standing is Standing.INVITED:  # not listed, so not there: nobody seals to it
        raise NotYours
    size = 0 if signed is None else signed[0]
    keys = work.members.keys(member)
    identity = [
        key
        for key in keys
        if key.use is KeyUse.IDENTITY and key.revoked_at_index is None and _in_log(key, size)
    ]
    if not identity:
        raise NotYours
    newest = _key_json(identity[-1], size, work)
    return {
        "identity": {
            "jwks": identity[-1].jwk,
            "log_index": newest["log_index"],
            "opening": newest["opening"],
            "proof": newest["proof"],
        },
        "data": [_key_json(key, size, work) for key in keys if key.use is not KeyUse.IDENTITY],
    }


def _key_json(key: RegisteredKey, signed_size: int, work: Work) -> dict[str, Any]:
    opening: Json = None
    proof: str | None = None
    if key.log_index is not None and _in_log(key, signed_size):
        opening, proof = opening_and_proof(key.log_index, work)
    return {
        "document": key.document,
        "key_id": key.key_id,
        "use": key.use.value,
        "log_index": key.log_index,
        "revoked_at_index": key.revoked_at_index,
        "opening": opening,
        "proof": proof,
    }


def _in_log(key: RegisteredKey, signed_size: int) -> bool:
    return key.log_index is not None and key.log_index < signed_size
