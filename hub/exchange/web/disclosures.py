"""What the log says about the caller: every entry that it may open, and how much was refused.

Refusals are counted back per quarter, over distinct notices, rounded down to fives, and only once
the quarter is over: a count that can be watched growing tells about single people (I4).
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import PlainTextResponse, Response

from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Entry, Work
from hub.exchange.reception import opening_and_proof
from hub.exchange.web import schemas
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded
from hub.exchange.web.pages import Asked, asked, page_of
from hub.exchange.web.problems import EdgeProblem
from hub.exchange.web.rules import DISCLOSURES, Rule, ruled
from hub.protocols import canonical
from hub.protocols.names import MemberId
from hub.protocols.problem import FieldError, problem

OF: Final = "disclosures"
FIVES: Final = 5
_QUARTER: Final = re.compile(r"20[0-9]{2}Q[1-4]")

router = APIRouter(route_class=Guarded, tags=["disclosures"])
Page = Annotated[Asked, Depends(asked)]


@router.get("/v1/disclosures", response_model=schemas.DisclosurePage)
@ruled(Rule.PARTY, DISCLOSURES)
async def list_disclosures(desk: DeskIs, caller: CallerIs, page: Page) -> dict[str, Any]:
    """List the entries of the log that the caller may open, in the order of the log."""
    after = desk.cursors.read(page.cursor, OF, caller.member, -1)

    def find(work: Work) -> list[Entry]:
        signed = work.log.signed()
        size = 0 if signed is None else signed[0]
        return list(work.log.entries_for(caller.member, after, page.limit + 1, size))

    return page_of(
        await desk.read(find),
        page.limit,
        _disclosure,
        lambda last: desk.cursors.write(OF, caller.member, last.index),
    )


@router.get("/v1/disclosures/{log_index}", response_model=schemas.ProvedDisclosure)
@ruled(Rule.PARTY, DISCLOSURES)
async def read_disclosure(log_index: str, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Give one entry with its opening and its proof."""
    return await desk.read(lambda work: _proved(log_index, caller.member, work))


@router.get("/v1/disclosures/{log_index}/proof", response_class=PlainTextResponse)
@ruled(Rule.PARTY, DISCLOSURES)
async def read_proof(log_index: str, desk: DeskIs, caller: CallerIs) -> Response:
    """Give the proof of one entry alone, as a C2SP tlog-proof."""
    found = await desk.read(lambda work: _proved(log_index, caller.member, work))
    return PlainTextResponse(found["proof"])


@router.get("/v1/refusals", response_model=schemas.Refusals)
@ruled(Rule.OWN, DISCLOSURES)
async def list_refusals(
    desk: DeskIs, caller: CallerIs, quarter: Annotated[str, Query(max_length=6)]
) -> dict[str, Any]:
    """Count the caller's refused notices of a quarter that is over, by reason, in fives."""
    start, end = _days(quarter)
    if desk.hub.now() < datetime(end.year, end.month, end.day, tzinfo=UTC):
        raise Declined("quarter-open", "this quarter is not over yet")
    counts = await desk.read(lambda work: work.refusals.counts(caller.member, start, end))
    # what rounds down to nothing is left out: a line with a zero would say that there was one
    listed = [
        {"code": code, "notices": count - count % FIVES}
        for code, count in sorted(counts.items())
        if count >= FIVES
    ]
    return {"quarter": quarter, "data": listed}


def _proved(log_index: str, caller: MemberId, work: Work) -> dict[str, Any]:
    if not (log_index.isascii() and log_index.isdigit() and len(log_index) <= 15):
        raise NotYours
    entry, signed = work.log.entry(int(log_index)), work.log.signed()
    if entry is None or entry.opening is None or caller not in entry.parties:
        raise NotYours
    if signed is None or entry.index >= signed[0]:
        raise NotYours
    opening, proof = opening_and_proof(entry.index, work)
    return {"log_index": entry.index, "opening": opening, "proof": proof}


def _disclosure(entry: Entry) -> dict[str, Any]:
    opening = entry.opening
    if opening is None:  # the list holds only what can be opened
        raise NotYours
    return {
        "log_index": entry.index,
        "opening": {"record": opening.record, "salt": canonical.b64u(opening.salt)},
    }


def _days(quarter: str) -> tuple[date, date]:
    if not _QUARTER.fullmatch(quarter):
        error = FieldError("/query/quarter", "a year and a quarter were expected, like 2026Q4")
        raise EdgeProblem(problem("fields-invalid", errors=[error]))
    year, number = int(quarter[:4]), int(quarter[5])
    following = date(year + 1, 1, 1) if number == 4 else date(year, 3 * number + 1, 1)
    return date(year, 3 * number - 2, 1), following
