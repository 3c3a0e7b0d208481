"""The workers of the production shape: Celery carries nudges, the outbox carries the work.

A nudge has no content, so that losing one, or getting it twice, changes nothing: whoever is nudged
does one slot with what the database says. Beat nudges once a slot and sweeps once a minute. The
functions are those of the embedded thread; two workers at once fence each other at the log's head.

    celery -A hub.worker worker --pool=solo      (or `hub worker`)
    celery -A hub.worker beat                    (or `hub beat`)
"""

import logging
import os
import sys
from functools import cache
from typing import Any, Final

import structlog
from celery import Celery, signals

from hub.assembly import Assembly, assemble
from hub.exchange.errors import LogFork
from hub.exchange.sequencer import expire_due, run_slot
from hub.exchange.store.idempotency import forget_replies
from hub.exchange.store.replay import UsedInDatabase
from hub.exchange.store.unit_of_work import open_engine
from hub.settings import Settings, load_settings
from hub.telemetry import set_up_logging

QUEUE: Final = "hub"
LONGEST_TASK: Final = 3600
"""Seconds after which Redis would hand an unfinished nudge to somebody else: above the longest slot."""

app = Celery("hub")
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": LONGEST_TASK},
    enable_utc=True,
)


@cache
def assembly() -> Assembly:
    """The hub of this process, opened at the first nudge."""
    return assemble(load_settings(os.environ))


def configure(settings: Settings) -> None:
    """Name the broker, and nudge once a slot."""
    if settings.redis_url is not None:
        app.conf.broker_url = settings.redis_url.get_secret_value()
    slot = settings.slot.total_seconds()
    app.conf.beat_schedule = {
        "drain": {"task": "hub.drain", "schedule": slot, "options": {"expires": 2 * slot}},
        "sweep": {"task": "hub.sweep", "schedule": 60.0, "options": {"expires": 60.0}},
    }


@app.task(name="hub.drain")
def drain() -> int:
    """Do one slot: carry what waits, fill the slot, sign; return the signed size."""
    hub = assembly()
    log = structlog.get_logger("hub.sequencer")
    try:
        slot = run_slot(hub.store, hub.hub)
    except LogFork as fault:
        # another worker did this slot meanwhile: nothing of ours was kept, and nothing has to be
        log.warning("slot-fenced", code=fault.code)
        return 0
    for named in slot.faults:
        errand, _, code = named.partition(":")
        log.error("errand-failed", errand=errand, code=code)
    if slot.carried:
        log.info("slot", count=slot.carried, log_size=slot.size)
    return slot.size


@app.task(name="hub.sweep")
def sweep() -> int:
    """Promise the end of notices whose time is over, forget old proofs and replies; return how many ended."""
    hub = assembly()
    ended = expire_due(hub.store, hub.hub)
    UsedInDatabase(open_engine(hub.settings.database)).forget(hub.hub.now())
    with hub.store.write() as work:
        forget_replies(work.line, hub.hub.now())
    hub.store.vacuum_wal()
    return ended


@signals.celeryd_init.connect
@signals.import_modules.connect
def _begin(**_: Any) -> None:  # noqa: ANN401 - as Celery calls it
    """Read the environment when a worker or beat starts: one signal comes first to each."""
    configure(load_settings(os.environ))


@signals.setup_logging.connect
def _log(**_: Any) -> None:  # noqa: ANN401 - as Celery calls it
    """Keep our own logging: with a receiver here, Celery sets up none."""
    set_up_logging(sys.stderr)
    for name in ("celery.beat", "celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(name).setLevel(logging.WARNING)  # a line a nudge would bury those that matter
