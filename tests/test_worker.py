"""A nudge does one slot, whoever brings it and however often; the work itself is in the database."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from pydantic import SecretStr

from hub import worker
from hub.assembly import Assembly
from hub.exchange import enrol
from hub.exchange.errors import LogFork
from hub.protocols.names import MemberId, MemberKind
from hub.settings import Settings


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Assembly]:
    """A hub whose worker finds it in the environment."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "hub"))
    worker.assembly.cache_clear()
    yield worker.assembly()
    worker.assembly().close()
    worker.assembly.cache_clear()


def test_a_nudge_carries_what_waits(hub: Assembly) -> None:
    """An errand in the outbox is carried by the next nudge, and the log is signed."""
    with hub.store.write() as work:
        enrol.invite(MemberId("mbr_kent"), "Kent", MemberKind.AUTHORITY, work, hub.hub)
        enrol.suspend(MemberId("mbr_kent"), work, hub.hub)
        assert work.outbox.waiting() == 1
    assert worker.drain() == 16
    with hub.store.read() as work:
        assert work.outbox.waiting() == 0
        assert work.log.signed() is not None


def test_a_second_worker_is_fenced_off_and_says_so(hub: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loses the race has done nothing, and the next nudge is for it too."""

    def forked(*_: object) -> None:
        raise LogFork("log-fork", "another process has appended")

    monkeypatch.setattr(worker, "run_slot", forked)
    assert worker.drain() == 0
    assert hub.settings.mode == "demo"


def test_the_sweep_forgets_what_is_over(hub: Assembly) -> None:
    """With nothing over, nothing ends; it is safe to run at any time."""
    assert worker.sweep() == 0
    assert hub.store.vacuum_wal()


def test_nudges_are_contentless_and_late_acknowledged() -> None:
    """A lost nudge changes nothing; one that a killed worker held comes again."""
    conf = worker.app.conf
    assert conf.task_acks_late is True
    assert conf.task_reject_on_worker_lost is True
    assert conf.task_ignore_result is True
    assert conf.worker_prefetch_multiplier == 1
    worker.configure(Settings(redis_url=SecretStr("redis://127.0.0.1:6379/0"), slot_seconds=5))
    assert conf.broker_url == "redis://127.0.0.1:6379/0"
    assert conf.beat_schedule["drain"] == {"task": "hub.drain", "schedule": 5.0, "options": {"expires": 10.0}}
    assert "args" not in conf.beat_schedule["sweep"]


def test_a_worker_carries_a_nudge_from_the_broker(hub: Assembly) -> None:
    """Through Celery's memory broker and a worker in this process: the function of the embedded thread."""
    done, both = list[str](), threading.Event()

    def note(task_id: str, **_: object) -> None:
        done.append(task_id)
        if len(done) == 2:
            both.set()

    worker.app.conf.update(broker_url="memory://")
    signals.task_postrun.connect(note)
    with start_worker(worker.app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        worker.drain.apply_async(expires=60)
        worker.drain.apply_async(expires=60)
        assert both.wait(20)
    signals.task_postrun.disconnect(note)
    with hub.store.read() as work:
        signed = work.log.signed()
    assert signed is not None
    assert signed[0] == 16, "two nudges are two slots, the first one over an empty log"


def test_the_environment_is_read_when_a_worker_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at import: a module can be read without a hub."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HUB_REDIS_URL", "redis://127.0.0.1:7/1")
    worker._begin()
    assert worker.app.conf.broker_url == "redis://127.0.0.1:7/1"
    assert not (tmp_path / "hub.db").exists()
