"""A process that is killed at any moment has lost nothing that it promised."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.exchange.store.check import check_store
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.names import NoticeId, Part
from tests.exchange.store.test_check import LOG
from tests.stores.made_up import INDEX_KEY

ROOT = Path(__file__).parents[3]
PUBLISHER = """
import sys, threading
from hub.exchange.store.unit_of_work import SqlStore
from hub.exchange.store.writer import Keep, Writer
from hub.protocols.entry import Opening
from tests.stores.made_up import INDEX_KEY, KENT, checked, item, notice_id

store = SqlStore(sys.argv[1], INDEX_KEY)
writer = Writer(store)


def sequence():
    while True:
        with store.write() as work:
            for errand in work.outbox.claim(4, checked(0).kept_at):
                notice = work.notices.get(errand.subject)
                record = {"kind": "published", "notice": notice.notice, "manifest": notice.digest}
                salt = work.log.size().to_bytes(32)
                index = work.log.append(Opening(record, salt), frozenset({KENT}), notice.notice)
                work.notices.set_state(notice.notice, notice.state, index)
                work.index.add(notice)
                work.inboxes.put(item(int(index), kind=item(0).kind.ALARM, log_index=index))
                work.outbox.done(errand)


threading.Thread(target=sequence, daemon=True).start()
number = 0
while True:
    answers = [(n, writer.submit(Keep(checked(n), "promise"))) for n in range(number, number + 5)]
    for n, answer in answers:
        answer.result()
        print(notice_id(n), flush=True)
    number += 5
"""


@pytest.mark.parametrize("lines", random.Random(11).sample(range(1, 120), 4))
def test_every_promise_outlives_the_process_that_gave_it(sqlite_path: Path, lines: int) -> None:
    """Killed while it publishes and carries: what was answered is there, and all holds together."""
    url = f"sqlite:///{sqlite_path}"
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    answered = [process.stdout.readline().strip() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    answered += process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    store = SqlStore(url, INDEX_KEY)
    with store.read() as work:
        for name in answered:
            assert work.notices.promise(NoticeId(name)) == "promise"
            assert len(work.notices.parts(NoticeId(name), Part)) == len(Part)
        assert check_store(work, LOG) == []
    store.close()
