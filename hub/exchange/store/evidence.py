"""What an audit holds the tables to: the records of the log, and what is on its way into it."""

from dataclasses import dataclass

from hub.exchange.errors import HubFault
from hub.exchange.ports import Hub
from hub.exchange.store.ledger import Ledger
from hub.exchange.store.unit_of_work import SqlWork
from hub.protocols.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Evidence:
    """The store, what its log says, and the hub's own keys."""

    work: SqlWork
    hub: Hub
    ledger: Ledger
    waiting: frozenset[str]
    """Subjects of work that waits: their tables may run ahead of the log."""

    def closed(self, index: int | None) -> bool:
        """Whether an entry that something rests on cannot be opened."""
        if index is None:
            return False
        try:
            entry = self.work.log.entry(index)
        except (ProtocolError, HubFault):
            return False  # it is there, and altered: the check of the openings says so
        return entry is None or entry.opening is None


def gather(work: SqlWork, hub: Hub) -> Evidence:
    """Read the whole log once."""
    ledger = Ledger()
    for index in work.inventory.openings():
        try:
            entry = work.log.entry(index)
        except (ProtocolError, HubFault):
            continue  # as above
        if entry is not None:
            ledger.take([entry])
    waiting = frozenset(subject for _, subject in work.inventory.errands())
    return Evidence(work, hub, ledger, waiting)
