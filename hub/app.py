"""The web application, put together: settings, store, keys, routes, and the thread that carries.

    hub serve                                    reads the environment and runs this
    uvicorn --factory hub.app:from_environment   the same without the command

Embedded, one process does everything: it answers requests, and a thread of its own carries what
waits, slot by slot. Where Redis is named, workers carry (`hub.worker`) and this process only
answers; it then learns of new checkpoints by looking once a second.
"""

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from tempfile import TemporaryDirectory
from typing import Final

import prometheus_client
import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp

from hub import __version__
from hub.assembly import Assembly, assemble
from hub.exchange.decide import FAULTS
from hub.exchange.disclosure_log import check_head
from hub.exchange.errors import ENDS_THE_LOG, HubFault
from hub.exchange.match import CROWDS
from hub.exchange.ports import Work
from hub.exchange.sequencer import Slot, expire_due, run_slot
from hub.exchange.store.idempotency import find_reply, forget_replies, keep_reply
from hub.exchange.store.replay import UsedInDatabase, UsedInRedis, open_redis
from hub.exchange.store.unit_of_work import SqlWork, open_engine
from hub.exchange.store.writer import Writer
from hub.exchange.web import (
    accessions,
    agreements,
    configuration,
    disclosure_log,
    disclosures,
    disputes,
    documentation,
    enrolments,
    evaluations,
    health,
    inbox,
    key_requests,
    leads,
    members,
    notices,
    papers,
    problems,
)
from hub.exchange.web.admission import Door
from hub.exchange.web.authentication import Authentication
from hub.exchange.web.cursors import Cursors
from hub.exchange.web.desk import Desk, KeptReply
from hub.exchange.web.headers import Edge
from hub.exchange.web.limits import RateLimits
from hub.exchange.web.long_poll import Checkpoints, Seats
from hub.exchange.web.metrics import Metrics
from hub.exchange.web.replay import UsedInMemory, UsedProofs
from hub.exchange.web.token import token_router
from hub.protocols.access import Nonces
from hub.protocols.names import MemberId
from hub.protocols.subkeys import subkey
from hub.settings import Settings, load_settings
from hub.telemetry import DROPPED, RequestLog, set_up_logging

HOT: Final = [*inbox.HOT, *notices.HOT]
ROUTERS: Final = (
    notices.router,
    inbox.router,
    key_requests.router,
    leads.router,
    disputes.router,
    agreements.router,
    accessions.router,
    evaluations.router,
    papers.router,
    members.router,
    enrolments.router,
    disclosures.router,
    disclosure_log.router,
    configuration.router,
    health.router,
)
QUIET: Final = frozenset({"/v1/inbox", "/v1/notices", "/healthz", "/readyz"})
"""Routes whose good answers make no line in the log."""

WATCH_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 60.0
TIDY_SECONDS: Final = 3600.0
LATE_SLOTS: Final = 10
"""Slots without a signed checkpoint after which this process calls itself not ready."""


class SqlReplies:
    """`desk.Replies` in the tables of the store."""

    def find(self, work: Work, owner: str, key: str) -> KeptReply | None:
        """The answer given under this key, if there is one."""
        found = find_reply(_line(work).line, owner, key)
        return None if found is None else KeptReply(*found)

    def keep(self, work: Work, owner: str, key: str, reply: KeptReply, at: datetime) -> None:
        """Keep an answer."""
        keep_reply(_line(work).line, owner, key, reply.fingerprint, reply.status, reply.body, at)


def _line(work: Work) -> SqlWork:
    if not isinstance(work, SqlWork):
        raise HubFault("store-other", "answers are kept in the SQL store alone")
    return work


@dataclass
class Sequencer:
    """The thread that carries what waits, once a slot, and looks after what is over."""

    assembly: Assembly
    metrics: Metrics
    signed: Callable[[Slot], None]
    """Told after each slot, in this thread."""
    ended: Callable[[], None] = lambda: None
    """Told once nothing more will be carried: nothing more may be taken either."""
    clock: Callable[[], float] = time.monotonic
    failed: str | None = None
    """Code of the fault that ended it for good."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _swept: float = 0.0
    _tidied: float = 0.0

    def start(self) -> None:
        """Begin."""
        self._tidied = self.clock()
        self._thread = threading.Thread(target=self._run, name="hub-sequencer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the slot that is under way, then end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self.failed is None and self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        slot, due = self.assembly.hub.slot.total_seconds(), self.clock()
        while not self._stop.wait(max(0.0, due - self.clock())) and self.failed is None:
            self.run_once()
            due = max(due + slot, self.clock())

    def run_once(self) -> None:
        """One slot. A fault is an alarm; a forked or rolled-back log ends the thread, and all promises."""
        log, started = structlog.get_logger("hub.sequencer"), self.clock()
        try:
            self._sweep(started)
            slot = run_slot(self.assembly.store, self.assembly.hub)
        except HubFault as fault:
            self.metrics.slot_failures.inc()
            if fault.code in ENDS_THE_LOG:
                self.failed = fault.code
                self.ended()
            log.critical("slot-failed", code=fault.code, exc_info=fault)
            return
        except Exception as fault:
            self.metrics.slot_failures.inc()
            log.critical("slot-failed", code="internal", exc_info=fault)
            return
        self._note(slot, self.clock() - started)
        self.signed(slot)

    def _note(self, slot: Slot, seconds: float) -> None:
        log = structlog.get_logger("hub.sequencer")
        for fault in slot.faults:
            errand, _, code = fault.partition(":")
            self.metrics.faults.labels(errand).inc()
            log.error("errand-failed", errand=errand, code=code)
        self.metrics.slots.inc()
        self.metrics.slot_seconds.observe(seconds)
        self.metrics.carried.inc(slot.carried)
        self.metrics.size.set(slot.size)
        self.metrics.signed_at.set_to_current_time()
        self.metrics.dropped.set(DROPPED.total)
        self.metrics.undecided.set(FAULTS.total)
        self.metrics.crowded.set(CROWDS.total)
        if slot.carried or slot.faults:
            log.info("slot", count=slot.carried, log_size=slot.size, duration_ms=round(seconds * 1000, 2))

    def _sweep(self, now: float) -> None:
        store, hub = self.assembly.store, self.assembly.hub
        if now - self._swept >= SWEEP_SECONDS or not self._swept:
            self._swept = now
            self.metrics.expired.inc(expire_due(store, hub))
            with store.read() as work:
                self.metrics.waiting.set(work.outbox.waiting())
        if now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            with store.write() as work:
                forget_replies(work.line, hub.now())
            store.vacuum_wal()


@dataclass
class Service:
    """A web application with what runs beside it."""

    assembly: Assembly
    desk: Desk
    writer: Writer
    sequencer: Sequencer | None
    """None where workers carry."""
    loop: asyncio.AbstractEventLoop | None = None
    signed_at: float = field(default_factory=time.monotonic)

    def announce(self, slot: Slot) -> None:
        """Tell the event loop of a checkpoint that the sequencer has signed; called in its thread."""
        if slot.carried:
            self.desk.door.refresh()
        loop = self.loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed: nobody waits any more
                loop.call_soon_threadsafe(self._signed, slot.size)

    async def watch(self) -> None:
        """Look once a second for a checkpoint signed elsewhere, and keep the door up to date."""
        while True:
            try:
                self._signed(await asyncio.to_thread(self._look))
            except Exception as fault:  # noqa: BLE001 - the next second may be better
                structlog.get_logger("hub.web").error("watch-failed", exc_info=fault)
            await asyncio.sleep(WATCH_SECONDS)

    def ready(self) -> Mapping[str, bool]:
        """What has to hold for this process to serve."""
        late = LATE_SLOTS * self.assembly.hub.slot.total_seconds()
        return {
            "database": self._readable(),
            "checkpoint": time.monotonic() - self.signed_at < max(30.0, late),
            "sequencer": self.sequencer is None or self.sequencer.alive,
        }

    def _look(self) -> int:
        with self.assembly.store.read() as work:
            signed = work.log.signed()
        size = 0 if signed is None else signed[0]
        self.desk.door.refresh_if_stale(size)
        return size

    def _signed(self, size: int) -> None:
        if size != self.desk.checkpoints.size:
            self.signed_at = time.monotonic()
        self.desk.checkpoints.announce(size)
        if not self.desk.seats.all_admitted(self.desk.door.admits):
            self.desk.checkpoints.wake()

    def _readable(self) -> bool:
        try:
            with self.assembly.store.read() as work:
                work.log.signed()
        except HubFault:
            return False
        return True


def from_environment() -> ASGIApp:
    """The application as the environment describes it; raises `SettingsError`."""
    set_up_logging(sys.stderr)
    settings = load_settings(os.environ)
    made = build(assemble(settings, alone=settings.redis_url is None))
    gc.collect()
    gc.freeze()  # what start-up made stays: walking through it again and again took a tenth of all time
    return made


def build(assembly: Assembly) -> ASGIApp:
    """The application over an assembled hub, with the middleware round it.

    Raises `HubFault` where this process would carry, and the log is not the one last signed: what
    cannot go on must not begin to take.
    """
    if assembly.settings.redis_url is None:
        with assembly.store.read() as work:
            check_head(work, assembly.hub)
    service = put_together(assembly)
    return with_edge(application(service), service)


def with_edge(app: FastAPI, service: Service) -> ASGIApp:
    """The middleware round the routes: request ids and the log outermost, then headers and figures."""
    edge = Edge(app, service.desk.metrics, time.perf_counter)
    return RequestLog(edge, time.perf_counter, QUIET)


def put_together(assembly: Assembly) -> Service:
    """Desk, writer and sequencer over an assembled hub; nothing runs yet but the writer."""
    settings, hub, store = assembly.settings, assembly.hub, assembly.store
    door, metrics, writer = Door(store, hub.now), Metrics(), Writer(store)
    replay = _replay(settings, hub.now())
    nonces = Nonces(_nonce_secret(assembly)) if settings.nonces_required else None
    desk = Desk(
        origin=settings.public_origin,
        mode=settings.mode.value,
        version=__version__,
        custodian=MemberId(settings.custodian),
        longest_wait=settings.poll_wait_max_seconds,
        reads_inline=settings.database.startswith("sqlite"),
        hub=hub,
        store=store,
        writer=writer,
        replies=SqlReplies(),
        door=door,
        authentication=Authentication(
            origin=settings.public_origin,
            issuer=settings.public_origin,
            hub_key=hub.key.public,
            replay=replay,
            clock=hub.now,
            admits=door.admits,
            nonces=nonces,
            limits=RateLimits(settings.rate, settings.burst, time.monotonic),
        ),
        cursors=Cursors(hub.key.seed),
        checkpoints=Checkpoints(),
        seats=Seats(settings.polls_waiting_max, settings.polls_per_member),
        enrolments=RateLimits(1 if settings.live else 100, 20 if settings.live else 1000, time.monotonic),
        metrics=metrics,
        replay=replay,
        nonces=nonces,
    )
    service = Service(assembly, desk, writer, None)
    desk.readiness.append(service.ready)
    if settings.redis_url is None:
        service.sequencer = Sequencer(assembly, metrics, service.announce, ended=writer.close)
    return service


def application(service: Service) -> FastAPI:
    """The routes over a service, its problems, and its beginning and end."""
    desk, settings = service.desk, service.assembly.settings

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.loop = asyncio.get_running_loop()
        figures = _serve_metrics(settings, desk.metrics)
        if service.sequencer is not None:
            service.sequencer.start()
        watch = asyncio.create_task(service.watch())
        yield
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        await asyncio.to_thread(_end, service)
        figures()

    app = FastAPI(
        title=documentation.TITLE, openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.desk, app.state.origin = desk, settings.public_origin
    app.state.headers_for = desk.authentication.headers_for
    app.router.routes.extend(HOT)
    tokens = token_router(
        settings.public_origin,
        service.assembly.hub.key,
        lambda member: asyncio.to_thread(desk.door.access_keys, member),
        desk.replay,
        service.assembly.hub.now,
        nonces=desk.nonces,
    )
    for router in (*ROUTERS, tokens):  # flat, so that whoever walks the routes sees every one
        app.router.routes.extend(router.routes)
    app.router.routes.extend(documentation.ROUTES)
    for fault in problems.HANDLED:
        app.add_exception_handler(fault, problems.answer)
    app.state.described = cache(lambda: documentation.describe(app, __version__))  # at the first reader
    return app


def _end(service: Service) -> None:
    if service.sequencer is not None:
        service.sequencer.stop()
    service.writer.close()
    service.assembly.close()


def _replay(settings: Settings, now: datetime) -> UsedProofs:
    if settings.redis_url is None:
        return UsedInMemory(since=now)
    in_database = UsedInDatabase(open_engine(settings.database))
    return UsedInRedis(open_redis(settings.redis_url.get_secret_value()), in_database)


def _nonce_secret(assembly: Assembly) -> bytes:
    """One for all replicas; a single process takes a new one at each start, which refuses older proofs."""
    if assembly.settings.redis_url is None:
        return os.urandom(32)
    return subkey(assembly.hub.key.seed, "nonces")


def _serve_metrics(settings: Settings, metrics: Metrics) -> Callable[[], None]:
    """Serve the figures on a bind of their own; return what ends that."""
    if not settings.metrics_bind:
        return lambda: None
    host, _, port = settings.metrics_bind.rpartition(":")
    try:
        server, thread = prometheus_client.start_http_server(int(port), host.strip("[]"), metrics.registry)
    except OSError as fault:
        structlog.get_logger("hub.web").warning("metrics-bind-taken", port=int(port), exc_info=fault)
        if settings.live:
            raise
        return lambda: None

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def described() -> str:
    """The description of the API, as docs/openapi.json holds it; nothing in it depends on a setting."""
    with TemporaryDirectory() as folder:
        service = put_together(assemble(load_settings({"HUB_DATA_DIR": folder})))
        document = application(service).state.described()
        _end(service)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(described())
