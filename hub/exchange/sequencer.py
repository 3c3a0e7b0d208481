"""The one sequencer: slot by slot, carry what waits, fill the slot, sign the head.

Second looks have a queue and room of their own: every notice that is carried makes
room for one, whatever it met, and so does what fills a slot up. So the log grows alike (I9), and
officers are asked in the slot in which they come to be needed (docs/decisions/0010).

Each batch is one unit of work: match, decide, record and hand over commit together. A batch that
fails as a whole leaves every errand where it was. The head is signed after the commit, never
backwards. Two sequencers fence each other: the second to move the log's head gets `LogFork`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.exchange import disclosure_log, dispute, renew, withdraw
from hub.exchange.decide import Terms, read_terms
from hub.exchange.errors import Declined, HubFault, LogFork
from hub.exchange.journey import CARRY, Step, enter
from hub.exchange.ports import Hub, Store, Work
from hub.exchange.second_look import LEAVES as LOOK_LEAVES
from hub.exchange.stages import Errand, ErrandKind
from hub.exchange.states import NoticeState
from hub.protocols.errors import ProtocolError

BATCH: Final = 64
"""Errands of one unit of work: enough to share one commit, few enough to hold the writer some 100 ms."""

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
    ErrandKind.ASSERTED: 3,
    ErrandKind.RECONSIDER: 4,
}
"""What is done first in a batch: what binds, what stops, answers to what was told; matches last.

Second looks are no part of it: they come after everything else (`ask`).
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """What one slot did: errands carried, faults by code, the signed size of the log."""

    carried: int
    faults: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one unit of work did: whether more waits, errands carried (second looks too), faults by code."""

    more: bool
    carried: int
    faults: tuple[str, ...]


def run_slot(store: Store, hub: Hub) -> Slot:
    """Carry everything that waits, fill the slot up, sign the head.

    Raises `HubFault` where the log is not the one last signed, `LogFork` where another sequencer
    has moved it.
    """
    carried, faults = 0, list[str]()
    with store.read() as work:
        disclosure_log.check_head(work, hub)
    batch = None
    while batch is None or batch.more:
        with store.write() as work:
            batch = carry_batch(work, hub)
            if not batch.more:
                batch = _close(batch, work, hub)
        carried += batch.carried
        faults += batch.faults
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


def carry_batch(work: Work, hub: Hub) -> Batch:
    """Do a batch of errands in one unit of work; an errand that fails is undone and put off, alone.

    Every kept notice is entered first. What every member can work out comes before what depends on
    a match: where an entry stands in the log must not tell what came before it (I9). Room for as
    many second looks as notices were carried comes last.
    """
    terms, faults = read_terms(work, hub.now()), dict[int, str]()
    errands, more = _claim(work, hub)
    for step, errand in _steps(errands):
        if errand.number in faults:
            continue
        terms, fault = _attempt(step, errand, terms, work, hub)
        if fault is not None:
            faults[errand.number] = fault
    notices = [one for one in errands if one.kind is ErrandKind.CARRY and one.number not in faults]
    done = Batch(more, len(errands) - len(faults), tuple(faults.values()))
    return ask(len(notices), done, terms, work, hub)


def ask(places: int, done: Batch, terms: Terms, work: Work, hub: Hub) -> Batch:
    """Carry the oldest second looks, as many as there are places, each as long as the longest look.

    What has no look is filled. Chance says which place is whose: else its own place would tell an
    officer how many others were asked before (I9). What finds no place stays as it is.
    """
    looks = work.outbox.claim_of_match(ErrandKind.LOOK, places, hub.now())
    faults = list[str]()
    for errand in _shuffled([*looks, *[None] * (places - len(looks))], hub):
        end = work.log.size() + LOOK_LEAVES
        if errand is not None:
            _, fault = _attempt(CARRY[errand.kind], errand, terms, work, hub)
            faults += [] if fault is None else [fault]
        disclosure_log.fill_to(end, work, hub)
    return Batch(done.more, done.carried + len(looks) - len(faults), (*done.faults, *faults))


def _close(done: Batch, work: Work, hub: Hub) -> Batch:
    """Ask in the room that is left in this slot, and fill it up."""
    places = disclosure_log.room(work) // LOOK_LEAVES
    batch = ask(places, done, read_terms(work, hub.now()), work, hub)
    disclosure_log.close_slot(work, hub)
    return batch


def _claim(work: Work, hub: Hub) -> tuple[list[Errand], bool]:
    """What is carried now, and whether more may wait: what comes of matches, once nothing else does."""
    errands = work.outbox.claim(BATCH, hub.now())
    if len(errands) == BATCH:
        return [*errands], True
    later = work.outbox.claim_of_match(ErrandKind.RECONSIDER, BATCH, hub.now())
    return [*errands, *later], len(later) == BATCH


def _steps(errands: Sequence[Errand]) -> list[tuple[Step, Errand]]:
    entries: list[tuple[Step, Errand]] = [
        (enter, errand) for errand in errands if errand.kind is ErrandKind.CARRY
    ]
    in_turn = sorted(errands, key=lambda errand: (TURNS[errand.kind], errand.number))
    return [*entries, *((CARRY[errand.kind], errand) for errand in in_turn)]


def _shuffled(looks: Sequence[Errand | None], hub: Hub) -> list[Errand | None]:
    return sorted(looks, key=lambda _: hub.chance(16))


def _attempt(step: Step, errand: Errand, terms: Terms, work: Work, hub: Hub) -> tuple[Terms, str | None]:
    """Do one step of an errand, or undo all of it; return the terms after it, and a fault's code."""
    try:
        with work.attempt():
            terms = step(errand, terms, work, hub) or terms
            if step is not enter:
                work.outbox.done(errand)
    except LogFork:
        raise
    except Exception as fault:  # noqa: BLE001 - a poisoned errand may not stop the others: it is kept and named
        return terms, _put_off(errand, fault, work, hub)
    return terms, None


def _put_off(errand: Errand, fault: Exception, work: Work, hub: Hub) -> str:
    wait = RETRY_SECONDS[min(errand.attempts, len(RETRY_SECONDS) - 1)]
    code = fault.code if isinstance(fault, HubFault | Declined | ProtocolError) else type(fault).__name__
    work.outbox.put_off(errand, hub.now() + timedelta(seconds=wait), code)
    return f"{errand.kind.value}:{code}"
