"""The application put together: it starts, carries slot by slot, and ends cleanly."""

import asyncio
import gc
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from hub import app
from hub.app import Sequencer, Service, application, put_together
from hub.assembly import Assembly, assemble
from hub.exchange import enrol
from hub.exchange.errors import HubFault, LogFork
from hub.exchange.sequencer import Slot, run_slot
from hub.exchange.web.metrics import Metrics
from hub.exchange.web.replay import UsedInMemory
from hub.protocols.names import MemberId, MemberKind
from hub.settings import Settings


@pytest.fixture
def assembly(tmp_path: Path) -> Iterator[Assembly]:
    """A demo hub in a folder of its own."""
    made = assemble(Settings(data_dir=tmp_path / "hub", public_origin="http://hub.example", metrics_bind=""))
    yield made
    made.close()


def sequencer(assembly: Assembly, told: list[Slot] | None = None) -> Sequencer:
    """A sequencer that is not running."""
    return Sequencer(assembly, Metrics(), (told if told is not None else []).append)


def test_each_slot_is_counted_and_announced(assembly: Assembly) -> None:
    """Each slot grows the log by sixteen, the very first signs an empty one; those who wait are told."""
    told: list[Slot] = []
    made = sequencer(assembly, told)
    made.run_once()
    made.run_once()
    assert [slot.size for slot in told] == [0, 16]
    assert made.metrics.slots._value.get() == 2
    assert made.metrics.size._value.get() == 16


def test_a_fault_is_an_alarm_and_the_thread_goes_on(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or what nobody foresaw: logged, counted, tried again with the next slot."""
    made = sequencer(assembly)
    for fault in (HubFault("store-full", "x"), ZeroDivisionError("x")):
        monkeypatch.setattr(app, "run_slot", _raiser(fault))
        made.run_once()
    assert made.failed is None
    assert made.metrics.slot_failures._value.get() == 2


@pytest.mark.parametrize("fault", [LogFork("log-fork", "x"), HubFault("log-rolled-back", "x")])
def test_a_forked_or_rolled_back_log_ends_the_thread(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch, fault: HubFault
) -> None:
    """Going on would sign what members have not seen (I8)."""
    made = sequencer(assembly)
    monkeypatch.setattr(app, "run_slot", _raiser(fault))
    made.run_once()
    assert made.failed == fault.code
    assert not made.alive


def test_a_failed_errand_is_named_in_log_and_figures(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its kind and code, never a text."""
    monkeypatch.setattr(app, "run_slot", lambda *_: Slot(3, ("carry:no-sealing-key",), 16))
    made = sequencer(assembly)
    made.run_once()
    assert made.metrics.faults.labels("carry")._value.get() == 1
    assert "no-sealing-key" in capsys.readouterr().out


def test_what_is_over_is_ended_and_old_answers_forgotten(assembly: Assembly) -> None:
    """The sweep runs at the first slot, then once a minute; the tidying once an hour."""
    now = [1000.0]
    made = Sequencer(assembly, Metrics(), lambda _: None, clock=lambda: now[0])
    swept, tidied = [], []
    for _ in range(4):
        made.run_once()
        swept.append(made._swept)
        tidied.append(made._tidied)
        now[0] += 31.0
    assert swept == [1000.0, 1000.0, 1062.0, 1062.0]
    assert len(set(tidied)) == 1
    now[0] += 3600.0
    made.run_once()
    assert made._tidied == now[0]


def test_the_thread_runs_until_it_is_stopped(assembly: Assembly) -> None:
    """It signs by itself, and ends with the slot that is under way."""
    signed = threading.Event()
    made = Sequencer(assembly, Metrics(), lambda _: signed.set())
    states = [made.alive]
    made.start()
    assert signed.wait(10)
    states.append(made.alive)
    made.stop()
    assert [*states, made.alive] == [False, True, False]


def _running(service: Service, questions: Any) -> Any:  # noqa: ANN401
    """Ask a running application."""

    async def story() -> Any:  # noqa: ANN401
        made = application(service)
        async with made.router.lifespan_context(made):
            transport = httpx.ASGITransport(made)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as client:
                return await questions(client)

    return asyncio.run(story())


def test_embedded_one_process_does_everything(tmp_path: Path) -> None:
    """Started, it becomes ready, signs, and sees an invitation that another process has made."""
    settings = Settings(data_dir=tmp_path / "hub", public_origin="http://hub.example", metrics_bind="")
    service = put_together(assemble(settings))
    other = assemble(settings)
    with other.store.write() as work:
        enrol.invite(MemberId("mbr_kent"), "Kent", MemberKind.AUTHORITY, work, other.hub)
    other.close()

    async def questions(client: httpx.AsyncClient) -> tuple[int, int]:
        await service.desk.checkpoints.wait(service.desk.checkpoints.coming(), 20)
        return (await client.get("/readyz")).status_code, (await client.get("/log/checkpoint")).status_code

    assert _running(service, questions) == (200, 200)
    assert service.sequencer is not None
    assert not service.sequencer.alive


def test_with_redis_workers_carry(tmp_path: Path) -> None:
    """Where Redis is named, this process has no sequencer of its own, and remembers proofs there."""
    settings = Settings(
        data_dir=tmp_path / "hub", redis_url=SecretStr("redis://127.0.0.1:1/0"), metrics_bind=""
    )
    service = put_together(assemble(settings))
    assert service.sequencer is None
    assert not isinstance(service.desk.replay, UsedInMemory)
    assert service.ready()["sequencer"]
    service.writer.close()
    service.assembly.close()


def test_a_checkpoint_signed_elsewhere_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that only answers looks once a second, and goes on when a look fails."""
    monkeypatch.setattr(app, "WATCH_SECONDS", 0.001)
    settings = Settings(
        data_dir=tmp_path / "hub", redis_url=SecretStr("redis://127.0.0.1:1/0"), metrics_bind=""
    )
    service = put_together(assemble(settings))
    other = assemble(settings)
    looks, look = [0], service._look

    def failing() -> int:
        looks[0] += 1
        if looks[0] == 1:
            raise HubFault("store-busy", "x")
        return look()

    monkeypatch.setattr(service, "_look", failing)

    async def questions(_: httpx.AsyncClient) -> int:
        coming = service.desk.checkpoints.coming()
        for _slot in range(2):
            run_slot(other.store, other.hub)
        await service.desk.checkpoints.wait(coming, 20)
        return service.desk.checkpoints.size

    assert _running(service, questions) == 16
    assert looks[0] >= 2
    other.close()


def test_the_figures_are_on_a_bind_of_their_own(tmp_path: Path) -> None:
    """/metrics is not part of the API; its own port serves it, and no label names a member."""
    bind = f"127.0.0.1:{_free_port()}"
    service = put_together(assemble(Settings(data_dir=tmp_path / "hub", metrics_bind=bind)))

    async def questions(client: httpx.AsyncClient) -> tuple[int, str]:
        elsewhere = await client.get("/metrics")
        async with httpx.AsyncClient(trust_env=False) as http:
            return elsewhere.status_code, (await http.get(f"http://{bind}/metrics")).text

    status, figures = _running(service, questions)
    assert status == 404
    assert "hub_log_size" in figures
    assert "mbr_" not in figures


def test_a_taken_metrics_port_does_not_stop_a_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two demos on one computer both run; the second says that its figures are not served."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(data_dir=tmp_path / "hub", metrics_bind=f"127.0.0.1:{port}")
        end = app._serve_metrics(settings, Metrics())
        end()
    assert "metrics-bind-taken" in capsys.readouterr().out


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def test_the_whole_application_is_built_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `hub serve` runs: settings, logging, middleware."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "hub"))
    monkeypatch.setattr(app, "set_up_logging", lambda _: None)
    made = app.from_environment()
    gc.unfreeze()  # what a server need never look at again, a test run must
    assert callable(made)


def test_the_description_does_not_depend_on_settings() -> None:
    """It is the document that is committed."""
    assert json.loads(app.described())["info"]["title"] == "Mover Exchange Hub"


def _raiser(fault: Exception) -> Any:  # noqa: ANN401
    def act(*_: object) -> None:
        raise fault

    return act
