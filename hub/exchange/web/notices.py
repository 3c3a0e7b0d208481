"""Publish notices, and what their sender may do with them afterwards.

The answer to a publish is the hub's signed promise, given after the commit, alike in shape and time
whether or not anybody waits for the notice (I9).
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Entry, Work
from hub.exchange.reception import (
    Keepable,
    keep,
    receive_assertion,
    receive_renewal,
    receive_withdrawal,
)
from hub.exchange.stages import StoredNotice
from hub.exchange.web import schemas
from hub.exchange.web.answers import sign_back
from hub.exchange.web.bodies import NDJSON, read_body
from hub.exchange.web.desk import CallerIs, Desk, DeskIs, Guarded, caller_of, desk_of, thin
from hub.exchange.web.pages import Asked, asked, named, page_of
from hub.exchange.web.problems import EdgeProblem, problem_for
from hub.exchange.web.rules import NOTICES, Rule, ruled
from hub.protocols import canonical
from hub.protocols.errors import ProtocolError
from hub.protocols.limits import BATCH_NOTICES, NOTICE_BYTES
from hub.protocols.names import MemberId, NoticeId
from hub.protocols.problem import problem

BATCH_BYTES: Final = 8 * 1024 * 1024
"""Longest batch in bytes: 200 notices of real size take under 4 MiB."""

TIMELINE_STEP: Final = 500

router = APIRouter(route_class=Guarded, tags=["notices"])
Page = Annotated[Asked, Depends(asked)]


@ruled(Rule.OWN, NOTICES)
async def post_notice(request: Request) -> Response:
    """Publish one notice; the promise comes back once it is kept."""
    desk, caller = desk_of(request), caller_of(request)
    keepable = desk.check_in(await read_body(request, NOTICE_BYTES), caller.member)
    promise = await desk.write(lambda work: keep(keepable, work))
    desk.metrics.promised.inc()
    notice = keepable.checked.signed.manifest.notice
    return Response(
        msgspec.json.encode({"notice": notice, "promise": promise}),
        202,
        {"Location": f"/v1/notices/{notice}"},
        "application/json",
    )


@ruled(Rule.OWN, NOTICES)
async def post_batch(request: Request) -> Response:
    """Publish many notices, one a line; each line stands or falls by itself."""
    desk, caller = desk_of(request), caller_of(request)
    data = (await read_body(request, BATCH_BYTES, NDJSON)).strip(b"\r\n")
    lines = data.split(b"\n", BATCH_NOTICES)  # never more pieces than that: 8 MiB of line ends are many
    if not data or len(lines) > BATCH_NOTICES:
        raise EdgeProblem(problem("body-too-large", f"a batch has 1 to {BATCH_NOTICES} lines"))
    checked = await asyncio.to_thread(_check_lines, desk, lines, caller.member)
    results = await desk.write(lambda work: [_keep_line(one, work) for one in checked])
    desk.metrics.promised.inc(sum(result["status"] == 202 for result in results))
    return Response(msgspec.json.encode({"results": results}), media_type="application/json")


HOT: Final = [
    thin("/v1/notices", post_notice, "POST"),
    thin("/v1/notice-batches", post_batch, "POST"),
]


@router.get("/v1/notices", response_model=schemas.NoticePage)
@ruled(Rule.OWN)
async def list_notices(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List the caller's own notices, oldest first."""
    after = desk.cursors.read(page.cursor, "notices", caller.member, "")
    found = await desk.read(lambda work: work.notices.of_member(caller.member, after, page.limit + 1))
    return page_of(
        found,
        page.limit,
        _notice_json,
        lambda last: desk.cursors.write("notices", caller.member, last.notice),
    )


@router.get("/v1/notices/{notice}", response_model=schemas.OwnNotice)
@ruled(Rule.OWN)
async def read_notice(notice: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Tell how a notice of the caller's own stands."""
    return _notice_json(await desk.read(lambda work: _own(notice, caller.member, work)))


@router.get("/v1/notices/{notice}/promise", response_model=schemas.PromiseAgain)
@ruled(Rule.OWN)
async def read_promise(notice: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give the promise again that was given for a notice."""

    def find(work: Work) -> str:
        promise = work.notices.promise(_own(notice, caller.member, work).notice)
        if promise is None:
            raise NotYours
        return promise

    return {"promise": await desk.read(find)}


@router.get("/v1/notices/{notice}/timeline", response_model=schemas.Timeline)
@ruled(Rule.OWN)
async def read_timeline(notice: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Tell what has happened to a notice, as far as its sender may know."""

    def find(work: Work) -> list[dict[str, Any]]:
        own = _own(notice, caller.member, work)
        return [_moment(entry) for entry in _entries_of(own, caller.member, work)]

    return {"data": await desk.read(find)}


@router.post("/v1/notices/{notice}/assertions", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, NOTICES)
async def post_assertion(
    notice: str, body: schemas.NewAssertion, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Assert anew what is safe for the next 30 days; it binds at once."""
    own = NoticeId(named(notice, "ntc"))
    return await sign_back(
        request, lambda work: receive_assertion(own, body.assertion, caller.member, work, desk.hub)
    )


@router.post("/v1/notices/{notice}/tokens", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, NOTICES)
async def post_tokens(
    notice: str, body: schemas.NewTokens, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Make a notice's identifier tokens anew for the next linkage epoch; it is matched again."""
    own = NoticeId(named(notice, "ntc"))
    return await sign_back(
        request,
        lambda work: receive_renewal(own, body.renewal, body.tokens, caller.member, work, desk.hub),
    )


@router.post("/v1/notices/{notice}/withdrawal", status_code=202, response_model=schemas.Accepted)
@ruled(Rule.OWN, NOTICES)
async def post_withdrawal(
    notice: str, body: schemas.Withdrawal, request: Request, desk: DeskIs, caller: CallerIs
) -> Response:
    """Withdraw a notice: nothing further leaves from this instant."""
    own = NoticeId(named(notice, "ntc"))
    return await sign_back(
        request, lambda work: receive_withdrawal(own, body.withdrawal, caller.member, work, desk.hub)
    )


def _check_lines(desk: Desk, lines: Sequence[bytes], caller: MemberId) -> list[Keepable | dict[str, Any]]:
    return [_check_line(desk, line, caller) for line in lines]


def _check_line(desk: Desk, line: bytes, caller: MemberId) -> Keepable | dict[str, Any]:
    if len(line) > NOTICE_BYTES:
        return _refusal(EdgeProblem(problem("body-too-large", f"a notice has at most {NOTICE_BYTES} bytes")))
    try:
        return desk.check_in(line, caller)
    except (ProtocolError, Declined) as fault:
        return _refusal(fault)


def _keep_line(checked: Keepable | dict[str, Any], work: Work) -> dict[str, Any]:
    if isinstance(checked, dict):
        return checked
    try:
        with work.attempt():
            promise = keep(checked, work)
    except Declined as fault:
        return _refusal(fault)
    return {"status": 202, "notice": checked.checked.signed.manifest.notice, "promise": promise}


def _refusal(fault: Exception) -> dict[str, Any]:
    found = problem_for(fault)
    return {"status": found.status, "code": found.code, "title": found.title, "detail": found.detail}


def _own(notice: str, caller: MemberId, work: Work) -> StoredNotice:
    found = work.notices.get(NoticeId(named(notice, "ntc")))
    if found is None or found.sender != caller:
        raise NotYours
    return found


def _notice_json(notice: StoredNotice) -> dict[str, Any]:
    return {
        "notice": notice.notice,
        "type": notice.manifest.type.value,
        "state": notice.state.value,
        "kept_at": canonical.instant(notice.kept_at),
        "expires_at": canonical.instant(notice.manifest.expires_at),
        "asserted_at": canonical.instant(notice.asserted_at),
    }


def _entries_of(notice: StoredNotice, caller: MemberId, work: Work) -> list[Entry]:
    signed = work.log.signed()
    if signed is None or notice.log_index is None:
        return []
    found, after = list[Entry](), notice.log_index - 1
    while entries := work.log.entries_for(caller, after, TIMELINE_STEP, signed[0]):
        found += [entry for entry in entries if entry.notice == notice.notice]
        after = entries[-1].index
    return found


def _moment(entry: Entry) -> dict[str, Any]:
    record = entry.opening.record if entry.opening is not None else {}
    known = record if isinstance(record, dict) else {}
    at = known.get("at", known.get("released_at"))
    return {"kind": known.get("kind"), "at": at, "log_index": entry.index}
