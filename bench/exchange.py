"""Measure the hub's embedded shape beside a mailbox server that members might otherwise be given.

    python bench/exchange.py --peer-python .venv-peer/bin/python --out bench-out/exchange.json

The hub (SQLite with every commit flushed, notices of real size, a DPoP proof on every call) and mesh-sandbox
(no flush, no matching, no log) run in interleaved rounds under the same closed loop; a round begins with an
empty hub and an empty mailbox. What is reported are medians over the rounds, and their ratios. What each
measure is, and what to keep in mind, is in README.md.
"""

import argparse
import json
import os
import platform
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import door
import loadgen
import peer_mesh
import peer_process
import region
from peer_process import Peer

FEW: Final = 50
LIVE_SLOT: Final = 300
"""Seconds of a slot where only the door is measured: the live default, so nothing is carried meanwhile."""
FAST_SLOT: Final = 1
DRAIN_SECONDS: Final = 180
"""A hub that has not carried everything by then has failed."""

FLOORS: Final = {"publish_vs_mesh": 0.7, "drained_vs_mesh": 0.7, "poll_vs_mesh": 1.0}

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured in a round."""

    seconds: float
    conns: int
    notices: int
    peer_python: str


def measure_door(peer: Peer, made: region.Region, notices: Sequence[region.Notice], plan: Plan) -> None:
    """Poll an empty inbox; publish by eight, by one, and in batches of fifty."""
    desk = door.Door(made, peer.port)
    single, batched = plan.notices * 5 // 8, plan.notices * 6 // 8
    peer.measure(
        "poll_empty", desk.polls(plan.seconds, FEW), conns=plan.conns, seconds=plan.seconds, warm=0.3
    )
    publish = desk.publishes(notices[:single])
    peer.measure("publish", publish, conns=plan.conns, seconds=60, warm=0, limit=single)
    publish = desk.publishes(notices[single:batched])
    limit = batched - single
    peer.measure("publish_one_connection", publish, conns=1, seconds=60, warm=0, limit=limit)
    batches = desk.batches(notices[batched:], FEW)
    figures = peer.measure("batch_50", batches, conns=2, seconds=60, warm=0)
    figures["notices_per_s"] = round(figures["per_s"] * FEW, 1)
    figures["cpu_us_per_notice"] = round((figures.get("cpu_us_per_op") or 0) / FEW)


def measure_whole(
    peer: Peer, made: region.Region, notices: Sequence[region.Notice], plan: Plan, data: Path
) -> None:
    """Publish until nothing waits: matched, decided, recorded; then poll a page of fifty."""
    desk = door.Door(made, peer.port)
    publish, before, begun = desk.publishes(notices), peer.cpu_seconds(), time.perf_counter()
    taken = peer.measure("publish_while_carrying", publish, conns=plan.conns, seconds=120, warm=0)
    wait_until_carried(data, len(notices))
    span = time.perf_counter() - begun
    after, count = peer.cpu_seconds(), len(notices)
    drained: Figures = {"per_s": round(count / span, 1), "n": count, "errors": taken["errors"]}
    drained |= {"dropped": taken["dropped"], "seconds": round(span, 2), **read_outcome(data)}
    if before is not None and after is not None:
        drained["cpu_us_per_op"] = round((after - before) * 1e6 / count)
    peer.figures["drained"] = drained
    polls = desk.polls(plan.seconds, FEW)
    peer.measure("poll_50", polls, conns=plan.conns, seconds=plan.seconds, warm=0.3)


def measure_mesh(peer: Peer, plan: Plan, body: bytes) -> None:
    """The same with mailboxes: poll an empty one, send by eight and by one, poll with fifty waiting."""
    sends = 0

    def send(_connection: int, _sequence: int) -> bytes:
        nonlocal sends
        sends += 1
        return peer_mesh.send(body, sends)

    def poll(_connection: int, _sequence: int) -> bytes:
        return peer_mesh.poll()

    peer.measure("poll_empty", poll, conns=plan.conns, seconds=plan.seconds, warm=0.3)
    loadgen.run(peer_process.HOST, peer.port, send, conns=1, warm=0, limit=FEW)
    peer.measure("poll_50", poll, conns=plan.conns, seconds=plan.seconds, warm=0.3)
    limit = plan.notices * 5 // 8
    peer.measure("publish", send, conns=plan.conns, seconds=60, warm=0, limit=limit)
    peer.measure("publish_one_connection", send, conns=1, seconds=60, warm=0, limit=plan.notices // 8)


def wait_until_carried(data: Path, count: int) -> None:
    """Return once the outbox is empty and every notice is in the log; stop where it never is."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline:
        waiting, kept, entered = look(data)
        if (waiting, kept, entered) == (0, count, count):
            return
        time.sleep(0.02)
    raise SystemExit(f"the hub did not carry everything: {waiting} wait, {entered} of {kept} are in the log")


def look(data: Path) -> tuple[int, int, int]:
    """What waits, what is kept, and how much of it is in the log; read beside the hub, from its file."""
    row = query(
        data,
        "select (select count(*) from outbox), (select count(*) from notice),"
        " (select count(*) from notice where log_index is not null)",
    )[0]
    return row[0], row[1], row[2]


def read_outcome(data: Path) -> Figures:
    """What came of the notices, so that a rate cannot be had by doing nothing."""
    states = dict(query(data, "select state, count(*) from passage group by state"))
    return {"passages": states, "inbox": query(data, "select count(*) from inbox")[0][0]}


def query(data: Path, words: str) -> list[Any]:
    """Ask the hub's database, which is only read."""
    connection = sqlite3.connect(f"file:{data / 'hub.db'}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(words).fetchall()
    finally:
        connection.close()


@contextmanager
def hub(made: region.Region, port: int, slot_seconds: int) -> Iterator[tuple[Peer, Path]]:
    """Run a hub over a copy of the prepared region."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        data = Path(folder) / "hub"
        shutil.copytree(made.data, data)
        settings = region.environment(data, made.origin, slot_seconds)
        command = [sys.executable, "-m", "hub.cli", "serve", "--port", str(port)]
        settings["PYTHONPATH"] = os.pathsep.join([str(region.ROOT), os.environ.get("PYTHONPATH", "")])
        with peer_process.running("hub", command, port, Path(folder), settings) as peer:
            yield peer, data


def run_round(
    made: region.Region, port: int, notices: Sequence[region.Notice], plan: Plan, *, hub_first: bool
) -> dict[str, Figures]:
    """One round: the hub at its door, the whole hub, and the mailbox server, in either order."""
    found: dict[str, Figures] = {}

    def ours() -> None:
        with hub(made, port, LIVE_SLOT) as (peer, _):
            measure_door(peer, made, notices, plan)
        found["door"] = peer.figures
        with hub(made, port, FAST_SLOT) as (peer, data):
            measure_whole(peer, made, notices, plan, data)
        found["whole"] = peer.figures

    def theirs() -> None:
        body = random.randbytes(sum(len(one.envelope) for one in notices) // len(notices))
        with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
            with peer_mesh.sandbox(peer_mesh.SANDBOX, plan.peer_python, Path(folder)) as peer:
                measure_mesh(peer, plan, body)
            found["mesh"] = peer.figures

    for run in (ours, theirs) if hub_first else (theirs, ours):
        run()
    return found


MEASURES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("publish/s", "door:publish", "mesh:publish", "per_s"),
    ("publish p50 ms", "door:publish", "mesh:publish", "p50_ms"),
    ("publish p99 ms", "door:publish", "mesh:publish", "p99_ms"),
    ("CPU a publish, us", "door:publish", "mesh:publish", "cpu_us_per_op"),
    ("publish/s, one connection", "door:publish_one_connection", "mesh:publish_one_connection", "per_s"),
    ("batch of 50, notices/s", "door:batch_50", "", "notices_per_s"),
    ("CPU a batched notice, us", "door:batch_50", "", "cpu_us_per_notice"),
    ("publish/s while carrying", "whole:publish_while_carrying", "mesh:publish", "per_s"),
    ("publish p99 ms while carrying", "whole:publish_while_carrying", "mesh:publish", "p99_ms"),
    ("drained/s", "whole:drained", "mesh:publish", "per_s"),
    ("CPU a drained notice, us", "whole:drained", "mesh:publish", "cpu_us_per_op"),
    ("empty poll/s", "door:poll_empty", "mesh:poll_empty", "per_s"),
    ("empty poll p99 ms", "door:poll_empty", "mesh:poll_empty", "p99_ms"),
    ("CPU an empty poll, us", "door:poll_empty", "mesh:poll_empty", "cpu_us_per_op"),
    ("poll/s, 50 waiting", "whole:poll_50", "mesh:poll_50", "per_s"),
    ("poll p99 ms, 50 waiting", "whole:poll_50", "mesh:poll_50", "p99_ms"),
    ("peak memory MiB", "whole", "mesh", "peak_rss_mib"),
    ("start s", "door", "mesh", "start_s"),
)
"""What is told: where the figure lies in a round, ours and theirs; a batch has no counterpart."""

RATIOS: Final = {
    "publish_vs_mesh": "publish/s",
    "drained_vs_mesh": "drained/s",
    "poll_vs_mesh": "empty poll/s",
    "cpu_publish_vs_mesh": "CPU a publish, us",
    "rss_vs_mesh": "peak memory MiB",
}


def summarise(rounds: Sequence[dict[str, Figures]]) -> tuple[list[Figures], dict[str, float | None]]:
    """Medians of every measure over the rounds, and the ratios that are held to floors."""
    lines = []
    for measure, ours_at, theirs_at, name in MEASURES:
        ours = _median([_figure(one, ours_at, name) for one in rounds])
        theirs = _median([_figure(one, theirs_at, name) for one in rounds])
        ratio = round(ours / theirs, 3) if ours is not None and theirs else None
        lines.append({"measure": measure, "ours": ours, "peer": theirs, "ratio": ratio})
    by_name = {line["measure"]: line["ratio"] for line in lines}
    return lines, {ratio: by_name[measure] for ratio, measure in RATIOS.items()}


def _figure(found: dict[str, Figures], place: str, name: str) -> float | None:
    if not place:
        return None
    figures: Any = found
    for step in place.split(":"):
        figures = figures[step]
    value: float | None = figures.get(name)
    return value


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 2) if known else None


def faults_of(rounds: Sequence[dict[str, Figures]]) -> list[str]:
    """Operations in which an answer was no success or a connection was lost: then there is no result."""
    return [
        f"round {number}, {where}, {operation}: {figures['errors']} errors, {figures['dropped']} dropped"
        for number, found in enumerate(rounds, start=1)
        for where, operations in found.items()
        for operation, figures in operations.items()
        if isinstance(figures, dict) and (figures.get("errors") or figures.get("dropped"))
    ]


def show(lines: Sequence[Figures], ratios: dict[str, float | None]) -> None:
    """Print measure, ours, peer, ratio, floor."""
    floors = {RATIOS[name]: floor for name, floor in FLOORS.items()}
    print(f"{'measure':32} {'hub':>10} {'mesh':>10} {'ratio':>7} {'floor':>6}")
    for line in lines:
        cells = [_cell(line[name]) for name in ("ours", "peer", "ratio")]
        floor = floors.get(line["measure"])
        print(f"{line['measure']:32} {cells[0]:>10} {cells[1]:>10} {cells[2]:>7} {_cell(floor):>6}")
    for name, floor in FLOORS.items():
        ratio = ratios[name]
        if ratio is None or ratio < floor:
            print(f"BELOW ITS FLOOR: {name} is {_cell(ratio)}, wanted {floor}")


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def conditions(plan: Plan, notices: Sequence[region.Notice]) -> Figures:
    """Under which conditions the figures hold."""
    return {
        "notices": plan.notices,
        "notice_bytes": sum(len(one.envelope) for one in notices) // len(notices),
        "with_counterpart": 2 * (plan.notices // 4),
        "connections": plan.conns,
        "seconds": plan.seconds,
        "store": "SQLite, WAL, synchronous FULL",
        "slot_seconds": {"door": LIVE_SLOT, "whole": FAST_SLOT},
        "peer": peer_mesh.SANDBOX,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--peer-python",
        required=True,
        metavar="PYTHON",
        help="interpreter of the environment with mesh-sandbox",
    )
    add("--out", type=Path, default=Path("bench-out/exchange.json"), help="where the figures go")
    add("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    add("--seconds", type=float, default=3, help="length of each poll measurement (default: 3)")
    add("--notices", type=int, default=2400, help="notices of a round (default: 2400)")
    add("--conns", type=int, default=8, help="connections at once (default: 8)")
    chosen = parser.parse_args()
    if chosen.notices % (8 * FEW) or not 1 <= chosen.rounds <= 50 or not 0 < chosen.seconds <= 60:
        parser.error(f"--notices is a multiple of {8 * FEW}, --rounds at most 50, --seconds at most 60")
    return chosen


def main() -> int:
    """Prepare a region, run the rounds, tell and write what was found."""
    chosen = arguments()
    peer_python = str(Path(os.path.abspath(chosen.peer_python)))  # noqa: PTH100 - a link into an environment must stay one
    plan = Plan(chosen.seconds, chosen.conns, chosen.notices, peer_python)
    port = peer_process.free_port()
    with tempfile.TemporaryDirectory(prefix="hub-region-") as folder:
        print(f"composing {plan.notices} notices ...", flush=True)
        made = region.make_region(Path(folder) / "hub", f"http://{peer_process.HOST}:{port}")
        notices = region.make_notices(made, plan.notices, seed=7)
        told, rounds = conditions(plan, notices), []
        for number in range(1, chosen.rounds + 1):
            print(f"round {number} of {chosen.rounds} ...", flush=True)
            rounds.append(run_round(made, port, notices, plan, hub_first=number % 2 == 1))
    lines, ratios = summarise(rounds)
    faults = faults_of(rounds)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    document = {"ratios": ratios, "floors": FLOORS, "faults": faults, "measures": lines}
    chosen.out.write_text(json.dumps({**document, "conditions": told, "rounds": rounds}, indent=2) + "\n")
    show(lines, ratios)
    print(f"figures of every round: {chosen.out}")
    for fault in faults:
        print(f"NOT A RESULT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
