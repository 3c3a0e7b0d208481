"""What the hub's operator can read in the log: ids, codes and clauses, never a person.

Members see only the entries that concern them, and neither side is told of a match that may not be
told. So the counts of refusals come from where they are complete: the operator's own export, made by
the `hub` command over the hub's folder.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.demo.processes import Operator
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeId


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of the log as the operator exports it."""

    index: int
    record: Mapping[str, Json]

    @property
    def kind(self) -> str:
        """Which kind of entry."""
        return str(self.record.get("kind"))

    @property
    def notice(self) -> NoticeId:
        """The notice it is about, "" where it is about none."""
        return NoticeId(str(self.record.get("notice", "")))


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of one refusal: code, and the clause that it cites where there is one."""

    code: str
    agreement: str | None
    version: int | None
    clause: str | None


def read_log(operator: Operator) -> list[LogLine]:
    """Export the log by the operator's verb and read it."""
    lines = (json.loads(line) for line in operator.does("log", "export", "-").splitlines())
    return [LogLine(one["index"], one["record"]) for one in lines if isinstance(one["record"], dict)]


def refusals(log: Sequence[LogLine], notices: Iterable[NoticeId]) -> dict[str, set[NoticeId]]:
    """Return the notices that each reason stopped, or kept parts of, by code."""
    wanted, found = set(notices), defaultdict[str, set[NoticeId]](set)
    for line in log:
        if line.notice in wanted:
            for reason in reasons_of(line):
                found[reason.code].add(line.notice)
    return dict(sorted(found.items()))


def reasons_for(log: Sequence[LogLine], notice: NoticeId, code: str) -> list[Reason]:
    """Return every reason of this code in the refusals of one notice, those that cite a clause first."""
    found = [
        reason for line in log if line.notice == notice for reason in reasons_of(line) if reason.code == code
    ]
    return sorted(dict.fromkeys(found), key=lambda reason: (reason.clause is None, reason.agreement is None))


def reasons_of(line: LogLine) -> Iterator[Reason]:
    """Every reason that an entry gives; none where it is no refusal."""
    decisions = line.record.get("decisions")
    for decision in decisions if isinstance(decisions, list) else []:
        given = decision.get("reasons") if isinstance(decision, dict) else None
        for one in given if isinstance(given, list) else []:
            if isinstance(one, dict):
                version = one.get("version")
                yield Reason(
                    str(one["code"]),
                    _text(one.get("agreement")),
                    version if isinstance(version, int) else None,
                    _text(one.get("clause")),
                )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
