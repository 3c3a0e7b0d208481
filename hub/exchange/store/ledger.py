"""What the log says, gathered once, for an audit of the tables beside it.

A leaf commits to its record and cannot be altered unseen; what lies in the other tables can. This
reads every record that can still be opened, in the order of the log, and keeps of each thing what
an honest table must say. It judges nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.exchange.ports import Entry
from hub.exchange.stages import PaperKind
from hub.exchange.tasks import officer_mark
from hub.protocols.acknowledgement import Answer
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

Record = Mapping[str, Json]
Numbered = tuple[int, Record]
"""A record and its place in the log."""

NAMED_BY: Final = {
    "published": "notice",
    "renewal": "notice",
    "release": "delivery",
    "blind_release": "delivery",
    "key_request": "request",
    "key": "key",
}
"""The field that names what a record of this kind is about."""

PAPERS: Final = frozenset(kind.value for kind in PaperKind)


@dataclass
class Ledger:
    """The records of the log by what they are about; of a thing recorded twice, the later one."""

    things: dict[str, dict[str, Numbered]] = field(
        default_factory=lambda: {kind: dict[str, Numbered]() for kind in NAMED_BY}
    )
    """Records of the kinds of `NAMED_BY`, by kind and name."""
    papers: dict[tuple[str, str, int], Numbered] = field(default_factory=dict)
    """By kind, name and version."""
    words: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    """What parties said of an agreement: (index, change, by)."""
    ended: dict[str, str] = field(default_factory=dict)
    """How a notice ended last."""
    standings: dict[str, str] = field(default_factory=dict)
    """`admitted` or `suspended`, by member."""
    same: set[str] = field(default_factory=set)
    """Deliveries whose recipient has signed `same`."""
    approvals: set[tuple[str, str, str]] = field(default_factory=set)
    """(task, member, mark of the officer) of every yes."""
    named: set[tuple[str, str]] = field(default_factory=set)
    """(task, member) of every yes that lets its side be named to the other."""
    looks: dict[str, set[str]] = field(default_factory=dict)
    """Notices that people were to look at before they went on, and why."""
    leads: dict[str, bool] = field(default_factory=dict)
    """By notice, whether its own sender said last that it leads."""
    disputes: set[str] = field(default_factory=set)
    """Digests of the messages of disputes."""
    escalated: set[str] = field(default_factory=set)
    """Disputes whose clock has run out."""
    revoked: set[str] = field(default_factory=set)
    """Keys taken out of use."""

    def take(self, entries: Iterable[Entry]) -> "Ledger":
        """Take in entries, in the order of the log."""
        for entry in entries:
            record = None if entry.opening is None else entry.opening.record
            if isinstance(record, dict):
                self._take(entry.index, _text(record, "kind"), record)
        return self

    def _take(self, index: int, kind: str, record: Record) -> None:
        if kind in NAMED_BY:
            self.things[kind][_text(record, NAMED_BY[kind])] = index, record
        elif kind in PAPERS:
            version = record.get("version")
            name = kind, _text(record, "name"), version if isinstance(version, int) else 0
            self.papers[name] = index, record
        elif kind == "agreement_changed":
            self._take_word(index, record)
        else:
            self._take_event(kind, record)

    def _take_event(self, kind: str, record: Record) -> None:
        if kind in {"disposition", "withdrawal"}:
            self.ended[_text(record, "notice")] = _text(record, "state")
        elif kind in {"admitted", "suspended"}:
            self.standings[_text(record, "subject")] = kind
        elif kind == "confirmation" and record.get("answer") == Answer.SAME.value:
            self.same.add(_text(record, "delivery"))
        elif kind == "approval" and record.get("approve") is True:
            self._take_approval(record)
        elif kind == "second_look":
            self.looks.setdefault(_text(record, "notice"), set()).add(_text(record, "why"))
        elif kind == "lead":
            self.leads[_text(record, "notice")] = record.get("ours") is True
        elif kind == "dispute":
            self._take_dispute(record)
        elif kind == "key_revoked":
            self.revoked.add(_text(record, "subject"))

    def _take_approval(self, record: Record) -> None:
        task, member = _text(record, "task"), MemberId(_text(record, "member"))
        self.approvals.add((task, member, officer_mark(member, _text(record, "officer"))))
        if record.get("named") is True:
            self.named.add((task, member))

    def _take_dispute(self, record: Record) -> None:
        if record.get("message") is None:
            self.escalated.add(_text(record, "dispute"))
        else:
            self.disputes.add(_text(record, "message"))

    def _take_word(self, index: int, record: Record) -> None:
        facts = record.get("facts")
        if isinstance(facts, dict):
            said = index, _text(facts, "change"), _text(facts, "by")
            self.words.setdefault(_text(record, "subject"), []).append(said)


def _text(record: Record, name: str) -> str:
    return str(record.get(name, ""))
