"""The second half of `hub fsck`: do the tables say what the log and the signatures say?

`check` holds the log and what is kept to themselves; this holds every other table to what nobody
can alter without its key: signed documents, the log's records, the memory of the last checkpoint.
Somebody with write access to the database can otherwise give a delivery to another member, hide an
entry from a data protection officer, or take a suspension back.

Left: what is neither signed nor logged. An assertion that was renewed; how strong the evidence of a
match is; counts of days and quarters; a member's kind, area and allowance, which an operator sets;
an earlier checkpoint that was taken away, under which nothing has to be proved any more; a record
that was taken away with its salt, of which nothing else speaks: an erasure looks the same;
a promised notice that was taken away whole before it was entered, which its sender will find; and,
until the next checkpoint is signed, a log that was altered with everything that speaks of it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from hub.exchange.errors import HubFault
from hub.exchange.ports import CheckpointGuard, Hub
from hub.exchange.store.audit_directory import audit_keys, audit_members, audit_papers
from hub.exchange.store.audit_disputes import audit_disputes
from hub.exchange.store.audit_notices import audit_index, audit_notices
from hub.exchange.store.audit_passages import audit_items, audit_openings, audit_passages
from hub.exchange.store.check import Finding
from hub.exchange.store.evidence import Evidence, gather
from hub.exchange.store.unit_of_work import SqlWork
from hub.protocols.merkle import root_at

Audit = Callable[[Evidence], Iterator[Finding]]

AUDITS: Final[tuple[Audit, ...]] = (
    audit_openings,
    audit_notices,
    audit_index,
    audit_passages,
    audit_items,
    audit_disputes,
    audit_members,
    audit_keys,
    audit_papers,
)


def audit_store(work: SqlWork, hub: Hub) -> list[Finding]:
    """Everything in the tables that log or signatures do not bear out. Reads only."""
    found = [*audit_schema(work), *audit_guard(work, hub.guard)]
    evidence = gather(work, hub)
    for audit in AUDITS:
        found += _whole(audit, evidence)
    return found


def audit_schema(work: SqlWork) -> Iterator[Finding]:
    """Nobody has put something into the database that acts by itself."""
    for what in work.inventory.added():
        yield Finding("store-added", what, "the schema has neither triggers nor views")


def audit_guard(work: SqlWork, guard: CheckpointGuard) -> Iterator[Finding]:
    """The log begins with what was last signed, as it is remembered outside the database."""
    try:
        last, signed = guard.last(), work.log.signed()
    except HubFault as fault:
        yield Finding(fault.code, "guard", fault.detail)
        return
    if last is None:
        if signed is not None:
            yield Finding("guard-missing", "guard", "what was last signed is not remembered")
        return
    if signed is None:
        yield Finding("checkpoint-missing", "checkpoint", "something was signed, and no checkpoint is kept")
    size, root = last
    try:
        held = size <= work.log.size() and root_at(size, work.log.node) == root
    except HubFault:
        held = False
    if not held:
        yield Finding("log-rolled-back", "guard", "the log does not begin with what was last signed")


def _whole(audit: Audit, evidence: Evidence) -> Iterator[Finding]:
    try:
        yield from audit(evidence)
    except Exception as fault:  # noqa: BLE001 - a hand in the tables can bring about anything: that is the finding
        yield Finding("store-unreadable", audit.__name__, f"the rows cannot be read: {type(fault).__name__}")
