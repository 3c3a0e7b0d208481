"""Refusals are counted from the operator's export: over notices, every reason, each with its clause."""

from adapters.demo.operator_log import LogLine, Reason, reasons_for, refusals
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeId

OURS, OTHERS = NoticeId("ntc_ours"), NoticeId("ntc_others")


def line(index: int, notice: str, *reasons: tuple[str, str | None, int | None, str | None]) -> LogLine:
    """A refusal as the log records it."""
    given: list[Json] = [
        {"code": code, "agreement": agreement, "version": version, "clause": clause}
        for code, agreement, version, clause in reasons
    ]
    return LogLine(
        index,
        {"kind": "refused", "notice": notice, "decisions": [{"category": "identity", "reasons": given}]},
    )


LOG = [
    LogLine(0, {"kind": "published", "notice": OURS}),
    line(1, OURS, ("R-FIELD", "agr_one", 1, None), ("R-SHIELD", None, None, None)),
    line(2, OURS, ("R-FIELD", "agr_one", 1, None), ("R-SHIELD", "agr_one", 1, "1.1")),
    line(3, OTHERS, ("R-FIELD", "agr_two", 2, "2.2")),
]


def test_a_notice_counts_once_for_each_reason() -> None:
    """However many parts and entries the reason stands in."""
    assert refusals(LOG, [OURS, OTHERS]) == {"R-FIELD": {OURS, OTHERS}, "R-SHIELD": {OURS}}
    assert refusals(LOG, [OTHERS]) == {"R-FIELD": {OTHERS}}


def test_the_reason_that_names_a_clause_comes_first() -> None:
    """It is the one that somebody can look up."""
    assert reasons_for(LOG, OURS, "R-SHIELD") == [
        Reason("R-SHIELD", "agr_one", 1, "1.1"),
        Reason("R-SHIELD", None, None, None),
    ]
    assert reasons_for(LOG, OURS, "R-QUOTA") == []
