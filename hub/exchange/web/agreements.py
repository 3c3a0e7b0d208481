"""Agreements: propose, sign, suspend, read. Shown to their parties, and to whoever acts for one."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.errors import NotYours
from hub.exchange.ports import Work
from hub.exchange.reception import binding, change_agreement, countersign, joined, propose
from hub.exchange.stages import Paper, PaperKind
from hub.exchange.web import schemas
from hub.exchange.web.desk import CallerIs, Desk, DeskIs, GuardedAgreement, idempotency_key
from hub.exchange.web.pages import Asked, asked, named, page_of
from hub.exchange.web.papers import speaks_for
from hub.exchange.web.rules import NOTICES, Rule, ruled
from hub.protocols import canonical
from hub.protocols.accession import reload_accession
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

OF: Final = "agreements"

router = APIRouter(route_class=GuardedAgreement, tags=["agreements"])
Page = Annotated[Asked, Depends(asked)]
Version = Annotated[int, Path(ge=1, le=canonical.LARGEST_INTEGER)]


@router.get("/v1/agreements", response_model=schemas.AgreementPage)
@ruled(Rule.PARTY)
async def list_agreements(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List every version of every agreement that the caller, or an authority it acts for, is party to."""
    after = desk.cursors.read(page.cursor, OF, caller.member, "")
    seen = await desk.read(lambda work: _visible(desk, caller.member, work))
    found = sorted((paper for paper in seen if _place(paper) > after), key=_place)
    return page_of(
        found[: page.limit + 1],
        page.limit,
        _listing,
        lambda last: desk.cursors.write(OF, caller.member, _place(last)),
    )


@router.post("/v1/agreements", status_code=201, response_model=schemas.AgreementListing)
@ruled(Rule.PARTY, NOTICES)
async def post_agreement(
    body: schemas.NewAgreement, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Propose an agreement, or a new version of one, with the signatures of one party."""

    def keep(work: Work) -> tuple[int, Json]:
        return 201, _listing(propose(body.document, body.signed, caller.member, work, desk.hub))

    return await desk.write_once(caller.member, idempotency_key(request), await request.body(), keep)


@router.get("/v1/agreements/{agreement}", response_model=schemas.AgreementInFull)
@ruled(Rule.PARTY)
async def read_agreement(agreement: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give the newest version of an agreement in full."""
    return await desk.read(lambda work: _in_full(desk, agreement, None, caller.member, work))


@router.get("/v1/agreements/{agreement}/versions/{version}", response_model=schemas.AgreementInFull)
@ruled(Rule.PARTY)
async def read_version(agreement: str, version: Version, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give one version of an agreement in full."""
    return await desk.read(lambda work: _in_full(desk, agreement, version, caller.member, work))


@router.post(
    "/v1/agreements/{agreement}/signatures", status_code=202, response_model=schemas.AgreementListing
)
@ruled(Rule.PARTY, NOTICES)
async def post_signature(
    agreement: str, body: schemas.Signature, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Countersign the newest version; with the last signature it goes to the log and binds."""
    name = named(agreement, "agr")

    def keep(work: Work) -> tuple[int, Json]:
        return 202, _listing(countersign(name, body.signed, caller.member, work, desk.hub))

    return await desk.write_once(caller.member, idempotency_key(request), await request.body(), keep)


@router.post(
    "/v1/agreements/{agreement}/suspension", status_code=202, response_model=schemas.AgreementListing
)
@ruled(Rule.PARTY, NOTICES)
async def post_suspension(
    agreement: str, body: schemas.Word, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Suspend, resume or end an agreement by one party's word; stopping binds at once (I6)."""
    name = named(agreement, "agr")

    def keep(work: Work) -> tuple[int, Json]:
        return 202, _listing(change_agreement(name, body.word, caller.member, work, desk.hub))

    return await desk.write_once(caller.member, idempotency_key(request), await request.body(), keep)


def _visible(desk: Desk, member: MemberId, work: Work) -> Sequence[Paper]:
    """Every version that the member, or who it acts for, is party to or has joined.

    Who has joined is shown what follows, to join that too; who has left, what it had joined and no more.
    """
    ours = speaks_for(member, work, desk.hub.now())
    words = [one for one in work.papers.all(PaperKind.ACCESSION) if one.parties[0] in ours]
    named = {(one.name.partition("~")[0], one.parties[0]) for one in words}
    standing = {name for name, newcomer in named if joined(name, newcomer, work) is not None}
    read = {reload_accession(one.document).digest for one in words}
    return [
        paper
        for paper in work.papers.all(PaperKind.AGREEMENT)
        if paper.name in standing or paper.digest in read or not ours.isdisjoint(paper.parties)
    ]


def _in_full(desk: Desk, agreement: str, version: int | None, member: MemberId, work: Work) -> dict[str, Any]:
    """A version, for who may see it; one that is open to others, for any member that asks by its id.

    Whoever joins has to read it first, and it speaks of organisations alone.
    """
    name = named(agreement, "agr")
    paper = work.papers.get(PaperKind.AGREEMENT, name, version)
    seen = {(one.name, one.version) for one in _visible(desk, member, work)}
    if paper is None or (paper.name, paper.version) not in seen:
        paper = binding(name, work)
        if paper is None or paper.version != (version or paper.version) or not is_open(paper):
            raise NotYours
    return {**_listing(paper), "document": paper.document, "signed": paper.signed}


def is_open(paper: Paper) -> bool:
    """Whether others may join an agreement."""
    return isinstance(paper.document, dict) and "accession" in paper.document


def _place(paper: Paper) -> str:
    return f"{paper.name}/{paper.version:06}"


def _listing(paper: Paper) -> dict[str, Any]:
    return {
        "agreement": paper.name,
        "version": paper.version,
        "digest": paper.digest,
        "state": paper.state.value,
        "parties": list(paper.parties),
        "signed_by": list(paper.signed_by),
        "valid_from": canonical.instant(paper.valid_from),
        "valid_until": None if paper.valid_until is None else canonical.instant(paper.valid_until),
        "log_index": paper.log_index,
    }
