"""What waits for a member: look, fetch, answer.

An item shows once a signed checkpoint covers its entry. A poll that finds nothing waits for the
next checkpoint if asked to. Handing over a delivery decides once more, at that very instant (I6).
"""

import hashlib
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.reception import (
    fetch_delivery,
    note_stopped,
    proof_of,
    receive_acknowledgement,
    receive_approval,
    receive_confirmation,
    receive_outcome,
    shown,
)
from hub.exchange.stages import InboxItem
from hub.exchange.web import schemas
from hub.exchange.web.answers import read_taken, sign_back
from hub.exchange.web.authentication import Caller
from hub.exchange.web.desk import CallerIs, Desk, DeskIs, Guarded, caller_of, desk_of, thin
from hub.exchange.web.pages import named
from hub.exchange.web.problems import EdgeProblem
from hub.exchange.web.rules import INBOX, Rule, ruled
from hub.exchange.web.schemas import LARGEST_PAGE, USUAL_PAGE
from hub.protocols import canonical
from hub.protocols.names import DisclosureId, MemberId
from hub.protocols.problem import FieldError, problem

COUNTED: Final = 1_000
"""Waiting items are counted up to here."""

OF: Final = "inbox"

router = APIRouter(route_class=Guarded, tags=["inbox"])


@ruled(Rule.OWN, INBOX)
async def list_inbox(request: Request) -> Response:
    """List what waits beyond the cursor; with `wait`, stay until something comes."""
    desk, caller = desk_of(request), caller_of(request)
    member = caller.member
    query = request.query_params
    limit = _number(query.get("limit"), "limit", USUAL_PAGE, 1, LARGEST_PAGE)
    wait = min(_number(query.get("wait"), "wait", 0, 0, 60), desk.longest_wait)
    cursor = query.get("cursor")
    after = desk.cursors.read(cursor, OF, member, 0)
    desk.places[member] = max(after, desk.places.get(member, 0))
    items = await _collect(desk, caller, after, limit, wait)
    body = _page_bytes(desk, member, items, limit, cursor)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if query and request.headers.get("if-none-match") == etag:
        return Response(None, 304, {"ETag": etag})
    return Response(body, headers={"ETag": etag, "Cache-Control": "no-store"}, media_type="application/json")


@ruled(Rule.OWN, INBOX)
async def read_delivery(request: Request) -> Response:
    """Hand over a delivery: manifest, released parts, key box, and the proof of its entry."""
    desk, member = desk_of(request), caller_of(request).member
    item = DisclosureId(named(request.path_params["item"], "dis"))
    try:
        data = await desk.glance(lambda work: fetch_delivery(item, member, work, desk.hub))
    except Declined as fault:
        if fault.code == "delivery-stopped":
            await desk.write(lambda work: note_stopped(item, member, work, desk.hub))
        raise
    return Response(data, headers={"Cache-Control": "no-store"}, media_type="application/json")


@ruled(Rule.OWN, INBOX)
async def post_acknowledgement(request: Request) -> Response:
    """Acknowledge what was received, by digest."""
    desk, member = desk_of(request), caller_of(request).member
    item = DisclosureId(named(request.path_params["item"], "dis"))
    jws = (await read_taken(request, schemas.Acknowledgement)).acknowledgement
    return await sign_back(request, lambda work: receive_acknowledgement(item, jws, member, work, desk.hub))


HOT: Final = [
    thin("/v1/inbox", list_inbox, "GET"),
    thin("/v1/inbox/{item}/delivery", read_delivery, "GET"),
    thin("/v1/inbox/{item}/acknowledgement", post_acknowledgement, "POST"),
]


@router.get("/v1/inbox/count", response_model=schemas.Waiting)
@ruled(Rule.OWN, INBOX)
async def count_waiting(desk: DeskIs, caller: CallerIs, cursor: str | None = None) -> dict[str, Any]:
    """Count what lies beyond the cursor, or beyond the last one that the member has shown."""
    start = desk.places.get(caller.member, 0)
    after = desk.cursors.read(cursor, OF, caller.member, start)
    items = await desk.read(lambda work: _page(work, caller.member, after, COUNTED))
    return {"waiting": len(items), "most": COUNTED}


@router.get("/v1/inbox/{item}", response_model=schemas.ProvedItem)
@ruled(Rule.OWN, INBOX)
async def read_item(item: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give one item, with the entry behind it where the member may open that."""
    name = DisclosureId(named(item, "dis"))
    return await desk.read(lambda work: _proved(name, caller.member, work, desk.hub))


@router.post("/v1/inbox/{item}/confirmation", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_confirmation(
    item: str, body: schemas.Confirmation, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Say what the comparison in clear text gave: `same`, `unsure` or `different`."""
    name = DisclosureId(named(item, "dis"))
    return await sign_back(
        request,
        lambda work: receive_confirmation(name, body.confirmation, caller.member, work, desk.hub),
    )


@router.post("/v1/inbox/{item}/outcome", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_outcome(
    item: str, body: schemas.Outcome, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Say what became of a delivery."""
    name = DisclosureId(named(item, "dis"))
    return await sign_back(
        request, lambda work: receive_outcome(name, body.outcome, caller.member, work, desk.hub)
    )


@router.post("/v1/inbox/{item}/approval", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, INBOX)
async def post_approval(
    item: str, body: schemas.Approval, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """A named officer lets a held match go on, or does not."""
    name = DisclosureId(named(item, "dis"))
    return await sign_back(
        request, lambda work: receive_approval(name, body.approval, caller.member, work, desk.hub)
    )


async def _collect(desk: Desk, caller: Caller, after: int, limit: int, wait: int) -> list[InboxItem]:
    until = desk.checkpoints.time() + wait
    coming = desk.checkpoints.coming()  # before the look: what is signed meanwhile must still wake us
    items = await _look(desk, caller.member, after, limit)
    if items or not wait:
        return items
    with desk.seats.taken(caller.token), desk.metrics.polls.track_inprogress():
        while not items and (left := until - desk.checkpoints.time()) > 0:
            await desk.checkpoints.wait(coming, left)
            caller.require_admission(desk.door.admits)  # who was suspended meanwhile hears nothing more
            coming = desk.checkpoints.coming()
            items = await _look(desk, caller.member, after, limit)
    return items


async def _look(desk: Desk, member: MemberId, after: int, limit: int) -> list[InboxItem]:
    if desk.store.empty_poll(member, after):
        return []
    return await desk.glance(lambda work: shown(_page(work, member, after, limit + 1), work, desk.hub))


def _page(work: Work, member: MemberId, after: int, limit: int) -> list[InboxItem]:
    signed = work.log.signed()
    return [] if signed is None else list(work.inboxes.page(member, after, limit, signed[0]))


def _page_bytes(
    desk: Desk, member: MemberId, items: list[InboxItem], limit: int, cursor: str | None
) -> bytes:
    shown = items[:limit]
    place = desk.cursors.write(OF, member, shown[-1].sequence) if shown else cursor
    return msgspec.json.encode(
        {
            "data": [_item_json(item) for item in shown],
            "next_cursor": place,
            "has_more": len(items) > limit,
        }
    )


def _item_json(item: InboxItem) -> dict[str, Any]:
    return {
        "item": item.item,
        "kind": item.kind.value,
        "about": item.about,
        "passage": item.passage,
        "put_at": canonical.instant(item.put_at),
        "stopped": item.stopped,
        "body": item.body,
    }


def _proved(name: DisclosureId, member: MemberId, work: Work, hub: Hub) -> dict[str, Any]:
    found, signed = work.inboxes.get(name), work.log.signed()
    if found is None or found.member != member or signed is None or found.log_index >= signed[0]:
        raise NotYours
    entry = work.log.entry(found.log_index)
    opening = proof = None
    if entry is not None and entry.opening is not None and member in entry.parties:
        opening, proof = proof_of(found, work)
    return {**_item_json(shown([found], work, hub)[0]), "opening": opening, "proof": proof}


def _number(text: str | None, name: str, usual: int, least: int, most: int) -> int:
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and least <= int(text) <= most):
        error = FieldError(f"/query/{name}", f"a whole number from {least} to {most} was expected")
        raise EdgeProblem(problem("fields-invalid", errors=[error]))
    return int(text)
