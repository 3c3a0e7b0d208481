"""The one sequencer: slot by slot, carry what waits, fill the slot, sign the head.

Each batch is one unit of work: match, decide, record and hand over commit together. A batch that
fails as a whole leaves every errand where it was. The head is signed after the commit, never
backwards. Two sequencers fence each other: the second to move the log's head gets `LogFork`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.exchange import disclosure_log, dispute, renew, withdraw
from hub.exchange.decide import read_terms
from hub.exchange.errors import Declined, HubFault, LogFork
from hub.exchange.journey import CARRY, Step, enter
from hub.exchange.ports import Hub, Store, Work
from hub.exchange.second_look import LEAVES as LOOK_LEAVES
from hub.exchange.stages import Errand, ErrandKind
from hub.exchange.states import NoticeState
from hub.protocols.errors import ProtocolError

BATCH: Final = 64
"""Errands of one unit of work: enough to share one commit, few enough to hold the writer some 100 ms."""

NO_ROOM: Final = "no-room"
"""Why an errand waits for the next slot, although nothing failed."""

RETRY_SECONDS: Final = (1, 5, 30, 300, 3600)
"""Until a failed errand is tried again; the last repeats, and each failure is an alarm."""


TURNS: Final = {
    ErrandKind.RECORD: 0,
    ErrandKind.STOP: 1,
    ErrandKind.GRANTED: 2,
    ErrandKind.CONFIRMED: 2,
    ErrandKind.APPROVED: 2,
    ErrandKind.CLOSE: 2,
    ErrandKind.LEAD: 2,
    ErrandKind.DISPUTE: 2,
    ErrandKind.CARRY: 3,
    ErrandKind.RECONSIDER: 3,
    ErrandKind.LOOK: 4,
}
"""What is done first in a batch: what binds, what stops, answers to what was told; matches last.

Second looks come after everything else, and only into the room that fillers would take (I9).
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """What one slot did: errands carried, faults by code, the signed size of the log."""

    carried: int
    faults: tuple[str, ...]
    size: int


def run_slot(store: Store, hub: Hub) -> Slot:
    """Carry everything that waits, fill the slot up, sign the head.

    Raises `HubFault` where the log is not the one last signed, `LogFork` where another sequencer
    has moved it.
    """
    carried, faults = 0, list[str]()
    with store.read() as work:
        disclosure_log.check_head(work, hub)
    claimed = BATCH
    while claimed == BATCH:
        with store.write() as work:
            claimed, failed = carry_batch(work, hub)
            if claimed < BATCH:
                disclosure_log.close_slot(work, hub)
        carried += claimed - len(failed)
        faults += failed
    with store.write() as work:
        size = disclosure_log.sign_head(work, hub)
    return Slot(carried, tuple(faults), size)


def expire_due(store: Store, hub: Hub) -> int:
    """End every notice whose time is over, at most a batch of them; return how many there were.

    Disputes whose clock has run out are marked by the same round.

    Called now and then, between slots: nothing of them is found or handed over from here on, and
    what must be entered about each follows in the next slot.
    """
    with store.write() as work:
        due = [work.notices.get(notice) for notice in work.notices.expired(hub.now(), BATCH)]
        for notice in due:
            if notice is not None:
                withdraw.retire(notice, NoticeState.EXPIRED, work, hub)
        renew.drop_ended(work, hub)
        dispute.sweep(BATCH, work, hub)
    return len(due)


def carry_batch(work: Work, hub: Hub) -> tuple[int, list[str]]:
    """Do a batch of errands in one unit of work; an errand that fails is undone and put off, alone.

    Every kept notice is entered first. What every member can work out comes before what depends on
    a match: where an entry stands in the log must not tell what came before it (I9).
    """
    terms = read_terms(work, hub.now())
    errands, faults = work.outbox.claim(BATCH, hub.now()), list[str]()
    failed = set[int]()
    for step, errand in _steps(errands):
        if errand.number in failed:
            continue
        if errand.kind is ErrandKind.LOOK and disclosure_log.room(work) < LOOK_LEAVES:
            work.outbox.put_off(errand, hub.now() + hub.slot, NO_ROOM)
            continue
        try:
            with work.attempt():
                terms = step(errand, terms, work, hub) or terms
                if step is not enter:
                    work.outbox.done(errand)
        except LogFork:
            raise
        except Exception as fault:  # noqa: BLE001 - a poisoned errand may not stop the others: it is kept and named
            faults.append(_put_off(errand, fault, work, hub))
            failed.add(errand.number)
    return len(errands), faults


def _steps(errands: Sequence[Errand]) -> list[tuple[Step, Errand]]:
    entries: list[tuple[Step, Errand]] = [
        (enter, errand) for errand in errands if errand.kind is ErrandKind.CARRY
    ]
    in_turn = sorted(errands, key=lambda errand: (TURNS[errand.kind], errand.number))
    return [*entries, *((CARRY[errand.kind], errand) for errand in in_turn)]


def _put_off(errand: Errand, fault: Exception, work: Work, hub: Hub) -> str:
    wait = RETRY_SECONDS[min(errand.attempts, len(RETRY_SECONDS) - 1)]
    code = fault.code if isinstance(fault, HubFault | Declined | ProtocolError) else type(fault).__name__
    work.outbox.put_off(errand, hub.now() + timedelta(seconds=wait), code)
    return f"{errand.kind.value}:{code}"
