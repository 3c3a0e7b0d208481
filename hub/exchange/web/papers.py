"""Mandates, standing requests and linkage epochs: what an authority or the custodian signs alone.

A mandate is shown to whoever is bound by an agreement with the authority too: its gateway decides
by itself whether the careers company may receive, and has to see the mandate to do so. What is only
proposed to an authority, by one side alone, shows nothing of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.errors import NotYours
from hub.exchange.ports import Work
from hub.exchange.reception import lodge, open_epoch
from hub.exchange.stages import Member, Paper, PaperKind, PaperState, Standing
from hub.exchange.web import schemas
from hub.exchange.web.desk import CallerIs, Desk, DeskIs, Guarded, idempotency_key
from hub.exchange.web.pages import Asked, asked, named, page_of
from hub.exchange.web.rules import NOTICES, Rule, ruled
from hub.protocols import canonical
from hub.protocols.accession import reload_accession
from hub.protocols.canonical import Json
from hub.protocols.names import Digest, EpochId, MemberId

router = APIRouter(route_class=Guarded, tags=["papers"])
Page = Annotated[Asked, Depends(asked)]

KINDS: Final = {"mandates": PaperKind.MANDATE, "standing-requests": PaperKind.STANDING_REQUEST}
_BINDS: Final = frozenset({PaperState.IN_FORCE, PaperState.SUSPENDED})


def in_force(paper: Paper, now: datetime) -> bool:
    """Whether a paper binds now, by state and dates."""
    begun = paper.state is PaperState.IN_FORCE and paper.valid_from <= now
    return begun and (paper.valid_until is None or now < paper.valid_until)


def speaks_for(member: MemberId, work: Work, now: datetime) -> frozenset[MemberId]:
    """The member itself and every authority whose mandate in force it holds."""
    mandates = work.papers.all(PaperKind.MANDATE)
    held = (paper.parties[0] for paper in mandates if paper.parties[1] == member and in_force(paper, now))
    return frozenset({member, *held})


def bound(work: Work) -> Iterator[tuple[Paper, frozenset[MemberId]]]:
    """Every agreement that binds or is suspended, with its parties and who has joined these very bytes."""
    joined: dict[Digest, set[MemberId]] = {}
    for accession in work.papers.all(PaperKind.ACCESSION):
        if accession.state in _BINDS:
            joined.setdefault(reload_accession(accession.document).digest, set()).add(accession.parties[0])
    for paper in work.papers.all(PaperKind.AGREEMENT):
        if paper.state in _BINDS:
            yield paper, frozenset({*paper.parties, *joined.get(paper.digest, ())})


@router.get("/v1/mandates", response_model=schemas.PaperPage)
@ruled(Rule.PARTY)
async def list_mandates(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List mandates of the caller's, and of the authorities it has agreements with."""
    return await _list("mandates", desk, caller.member, page)


@router.post("/v1/mandates", status_code=201, response_model=schemas.PaperListing)
@ruled(Rule.OWN, NOTICES)
async def post_mandate(body: schemas.NewPaper, request: Request, desk: DeskIs, caller: CallerIs) -> Response:
    """An authority lets a careers company act for it; binds once its entry is in the log."""
    return await _lodge("mandates", body, request, desk, caller.member)


@router.get("/v1/standing-requests", response_model=schemas.PaperPage)
@ruled(Rule.PARTY)
async def list_standing_requests(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List standing requests that the caller has made, or that were made to it."""
    return await _list("standing-requests", desk, caller.member, page)


@router.post("/v1/standing-requests", status_code=201, response_model=schemas.PaperListing)
@ruled(Rule.OWN, NOTICES)
async def post_standing_request(
    body: schemas.NewPaper, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """An authority asks an institution to notify unprompted; binds once its entry is in the log."""
    return await _lodge("standing-requests", body, request, desk, caller.member)


@router.get("/v1/epochs", response_model=schemas.Epochs)
@ruled(Rule.MEMBER)
async def list_epochs(desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """List every linkage epoch; members check the custodian's signature by themselves.

    To the custodian alone it says who is suspended: whom the next key is not wrapped to.
    """
    told = caller.member == desk.custodian
    return {"data": await desk.read(lambda work: _epochs(work, told=told))}


@router.get("/v1/epochs/{epoch}/wrapped-key", response_model=schemas.WrappedKey)
@ruled(Rule.OWN)
async def read_wrapped_key(epoch: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give an epoch's linkage key as wrapped for the caller; the hub cannot open it."""
    name = EpochId(named(epoch, "ep"))
    box = await desk.read(lambda work: work.papers.wrapped_key(name, caller.member))
    if box is None:
        raise NotYours
    return {"box": box}


@router.post("/v1/epochs", status_code=201, response_model=schemas.EpochKept)
@ruled(Rule.CUSTODIAN)
async def post_epoch(body: schemas.NewEpoch, request: Request, desk: DeskIs, caller: CallerIs) -> Response:
    """The custodian opens an epoch, or wraps its key to further members."""
    if caller.member != desk.custodian:
        raise NotYours
    boxes = {MemberId(named(member, "mbr")): box for member, box in body.boxes.items()}

    def keep(work: Work) -> tuple[int, Json]:
        return 201, {"epoch": open_epoch(body.document, boxes, caller.member, work, desk.hub)}

    return await desk.write_once(caller.member, idempotency_key(request), await request.body(), keep)


async def _list(kind: str, desk: Desk, member: MemberId, page: Asked) -> dict[str, Any]:
    after = desk.cursors.read(page.cursor, kind, member, "")

    def find(work: Work) -> list[Paper]:
        return [paper for paper in _visible(kind, member, work, desk.hub.now()) if _place(paper) > after]

    found = sorted(await desk.read(find), key=_place)
    return page_of(
        found[: page.limit + 1],
        page.limit,
        listed,
        lambda last: desk.cursors.write(kind, member, _place(last)),
    )


def _visible(kind: str, member: MemberId, work: Work, now: datetime) -> Iterable[Paper]:
    seen = {member}
    if kind == "mandates":
        ours = speaks_for(member, work, now)
        for _, parties in bound(work):
            if not ours.isdisjoint(parties):
                seen |= parties
    for paper in work.papers.all(KINDS[kind]):
        if member in paper.parties or paper.parties[0] in seen:
            yield paper


def _place(paper: Paper) -> str:
    return f"{paper.name}/{paper.version:06}"


async def _lodge(
    kind: str, body: schemas.NewPaper, request: Request, desk: Desk, member: MemberId
) -> Response:
    def keep(work: Work) -> tuple[int, Json]:
        return 201, listed(lodge(KINDS[kind], body.document, member, work, desk.hub))

    return await desk.write_once(member, idempotency_key(request), await request.body(), keep)


def listed(paper: Paper) -> dict[str, Any]:
    """A paper that one member signs alone, as it is shown."""
    return {
        "name": paper.name,
        "version": paper.version,
        "parties": list(paper.parties),
        "state": paper.state.value,
        "valid_from": canonical.instant(paper.valid_from),
        "valid_until": None if paper.valid_until is None else canonical.instant(paper.valid_until),
        "document": paper.document,
        "log_index": paper.log_index,
    }


def _epochs(work: Work, *, told: bool) -> list[dict[str, Any]]:
    members = work.members.all()
    suspended = [one.member for one in members if told and one.standing is Standing.SUSPENDED]
    return [_epoch(paper, members, suspended, work) for paper in work.papers.all(PaperKind.EPOCH)]


def _epoch(paper: Paper, members: Sequence[Member], suspended: list[MemberId], work: Work) -> dict[str, Any]:
    epoch = EpochId(paper.name)
    return {
        "epoch": paper.name,
        "wrapped_to": [one.member for one in members if work.papers.wrapped_key(epoch, one.member)],
        "suspended": suspended,
        "document": paper.document,
        "state": paper.state.value,
        "valid_from": canonical.instant(paper.valid_from),
        "valid_until": None if paper.valid_until is None else canonical.instant(paper.valid_until),
    }
