"""Matching through hashes beside four linkage tools, on the same files, by one judge.

    make bench-matching                                     # all sets but the largest
    make bench-matching MATCHING='--sets historical'        # --tools, --minutes, --large

Every tool is a process of its own in an environment of its own: it reads two CSV files and writes
scored pairs. It gets a stated number of minutes for a set; what it does not finish in them is said
to be so. Writes the figures to bench-out/matching.json and prints ours beside the best peer's, with
what must be reached and what is aimed at.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matching_judge import judge, read_scored, read_truth
from matching_sets import MAKERS, make

HERE = Path(__file__).parent
SETS = ("febrl4", "febrl4_noid", "historical", "young20000", "young20000_noid")
LARGE = ("young150000", "young150000_noid")
HUB = "hub"
PLAIN_TEXT = frozenset({"splink", "splink-names", "recordlinkage"})


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool under test: its script, its environment, its options."""

    script: str
    environment: str
    options: tuple[str, ...] = ()


TOOLS = {
    HUB: Tool("matching_hub.py", ""),
    "splink": Tool("matching_splink.py", "splink", ("wide",)),
    "splink-names": Tool("matching_splink.py", "splink", ("names",)),
    "recordlinkage": Tool("matching_recordlinkage.py", "recordlinkage"),
    "anonlink": Tool("matching_anonlink.py", "anonlink"),
    "openlinktoken": Tool("matching_openlinktoken.py", "openlinktoken"),
}


def run(tool: Tool, python: Path, place: Path, out: Path, seconds: float) -> dict[str, Any]:
    """Run a tool on a set: what it tells, the CPU time and memory it took, or why there is no result."""
    files = [str(place / "left.csv"), str(place / "right.csv"), str(out)]
    begun = time.perf_counter()
    log = out.with_suffix(".log")
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(python), str(HERE / tool.script), *files, *tool.options],
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(HERE.parent)} if not tool.environment else None,
        )
        used = _wait(process, begun + seconds)
    wall = time.perf_counter() - begun
    if used is None:
        return {"failed": f"not finished in {seconds / 60:g} minutes"}
    if process.returncode:
        return {"failed": f"ended with {process.returncode}: {_last_line(log)}"}
    told = json.loads(process.stdout.read() if process.stdout else "")
    return {**told, "wall_seconds": wall, **used}


def _wait(process: "subprocess.Popen[str]", until: float) -> dict[str, float] | None:
    """Wait for the end: CPU seconds and peak memory; None where it was stopped for its time."""
    peak = 0.0
    try:
        while time.perf_counter() < until:
            peak = max(peak, _resident_peak(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                seconds = usage.ru_utime + usage.ru_stime
                return {"cpu_seconds": seconds, "peak_mib": peak or usage.ru_maxrss / 1024}
            time.sleep(0.05)
        return None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # its own session: nothing else is in it
            process.wait()


def _resident_peak(pid: int) -> float:
    """The high-water mark of a process in MiB; what wait4 tells begins with that of its parent."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    marks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return marks[0] / 1024 if marks else 0


def _last_line(log: Path) -> str:
    return (log.read_text("utf-8", "replace").strip().splitlines() or ["no words"])[-1][:200]


def measure(name: str, tools: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """Run every tool on a set and judge it."""
    place = make(name, options.out.parent / "matching", options.peers("recordlinkage"))
    truth = read_truth(place / "truth.csv")
    records = sum(_rows(place / f"{side}.csv") for side in ("left", "right"))
    found: dict[str, Any] = {"records": records, "true_pairs": len(truth.pairs), "tools": {}}
    for tool in tools:
        print(f"  {name}: {tool} ...", file=sys.stderr, flush=True)
        python = options.peers(TOOLS[tool].environment)
        if not python.exists():
            found["tools"][tool] = {"failed": "its environment is not installed"}
            continue
        out = place / f"{tool}.csv"
        told = run(TOOLS[tool], python, place, out, options.minutes * 60)
        if "failed" not in told:
            told["records_per_s"] = records / told["seconds"]
            told["records_per_cpu_s"] = records / told["cpu_seconds"]
            told |= judge(read_scored(out), truth).to_json()
        out.unlink(missing_ok=True)
        found["tools"][tool] = told
        print(f"  {name}: {tool}: {_brief(told)}", file=sys.stderr, flush=True)
    return found


def _rows(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def _brief(told: Mapping[str, Any]) -> str:
    if "failed" in told:
        return str(told["failed"])
    return (
        f"f1 {told['f1']:.4f}  r@p.999 {told['recall_p999']:.4f}  own f1 {told['own_f1']:.4f} "
        f"p {told['own_precision']:.4f}  {told['records_per_s']:.0f} records/s  "
        f"{told['records_per_cpu_s']:.0f} records/CPU s  {told['peak_mib']:.0f} MiB"
    )


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: ours, the best peer's and which, what must be and what is aimed at."""

    measure: str
    ours: float
    peer: float | None
    peer_name: str
    must: float
    goal: float

    @property
    def ratio(self) -> float | None:
        """Ours by the peer's."""
        return self.ours / self.peer if self.peer else None


def lines(sets: Mapping[str, Any]) -> Iterator[Line]:
    """The figures that have a bound, as far as their sets were measured."""
    for name, must, goal in (("febrl4_noid", 0.993, 0.998), ("historical", 0.79, 0.845)):
        if ours := _ours(sets, name):
            peer, who = _best(sets, name, "f1")
            yield Line(f"F1 one to one, {name}", ours["f1"], peer, who, must, goal)
    for name in ("young20000_noid", "young150000_noid"):
        if ours := _ours(sets, name):
            yield from _beside_splink(sets, name, ours)


def _beside_splink(sets: Mapping[str, Any], name: str, ours: Mapping[str, Any]) -> Iterator[Line]:
    """Figures whose bound is Splink's of the same run; without it there is no bound."""
    for key, words in (("f1", "F1 one to one"), ("own_f1", "F1 at the label-free threshold")):
        peer, who = _best(sets, name, key, only="splink")
        if peer is not None:
            yield Line(f"{words}, {name}", ours[key], peer, who, peer, peer + 0.005)
    peer, who = _best(sets, name, "own_precision", only="splink")
    yield Line(f"precision there, {name}", ours["own_precision"], peer, who, 0.9995, 0.9998)
    if ours["worst_stratum"]:
        stratum, gap = ours["worst_stratum"]
        peer, who = _peer_gap(sets, name)
        yield Line(f"recall, worst stratum ({stratum}) less all, {name}", gap, peer, who, -0.03, -0.02)


def _ours(sets: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    told: dict[str, Any] | None = sets.get(name, {}).get("tools", {}).get(HUB)
    return told if told and "failed" not in told else None


def _peers(sets: Mapping[str, Any], name: str, only: str) -> dict[str, dict[str, Any]]:
    tools = sets[name]["tools"].items()
    return {who: told for who, told in tools if who != HUB and who.startswith(only) and "failed" not in told}


def _best(sets: Mapping[str, Any], name: str, key: str, only: str = "") -> tuple[float | None, str]:
    """The highest figure of any peer; of label-free precision, that of the peer with the best F1 there."""
    peers = _peers(sets, name, only)
    if not peers:
        return None, "-"
    rank = "own_f1" if key == "own_precision" else key
    who = max(peers, key=lambda one: peers[one][rank])
    return peers[who][key], who


def _peer_gap(sets: Mapping[str, Any], name: str) -> tuple[float | None, str]:
    gaps = {
        who: told["worst_stratum"][1]
        for who, told in _peers(sets, name, "splink").items()
        if told["worst_stratum"]
    }
    who = max(gaps, key=gaps.__getitem__, default="-")
    return gaps.get(who), who


def table(found: Sequence[Line]) -> str:
    """The lines for a person to read."""
    rows = [f"{'measure':64} {'ours':>8} {'peer':>8}  {'which':14} {'ratio':>6} {'must':>8} {'goal':>8}"]
    for line in found:
        peer = f"{line.peer:8.4f}" if line.peer is not None else f"{'-':>8}"
        ratio = f"{line.ratio:6.3f}" if line.ratio is not None else f"{'-':>6}"
        held = "" if line.ours >= line.goal else "  under goal" if line.ours >= line.must else "  UNDER MUST"
        rows.append(
            f"{line.measure:64} {line.ours:8.4f} {peer}  {line.peer_name:14} {ratio} "
            f"{line.must:8.4f} {line.goal:8.4f}{held}"
        )
    return "\n".join(rows)


def speeds(sets: Mapping[str, Any]) -> str:
    """Every tool on every set, one line each."""
    rows = []
    for name, found in sets.items():
        rows.append(f"{name}: {found['records']} records, {found['true_pairs']} true pairs")
        rows += [f"  {who:14} {_brief(told)}" for who, told in found["tools"].items()]
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the running tool is stopped too
    options = _options(arguments)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()
    names = options.sets or (*SETS, *(LARGE if options.large else ()))
    sets = {name: measure(name, options.tools, options) for name in names}
    found = list(lines(sets))
    report = {
        "of": "python bench/matching.py",
        "hub": version("mover-exchange-hub"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_before": load,
        "minutes_a_run": options.minutes,
        "see_clear_text": sorted(PLAIN_TEXT),
        "sets": sets,
        "figures": [
            {
                "measure": line.measure,
                "ours": line.ours,
                "peer": line.peer,
                "which": line.peer_name,
                "ratio": line.ratio,
                "must": line.must,
                "goal": line.goal,
            }
            for line in found
        ],
    }
    options.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(speeds(sets))
    print()
    print(table(found))
    print(f"\nload before: {load[0]:.1f} on {os.cpu_count()} cores; all figures: {options.out}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Matching beside its peers.")
    parser.add_argument("--out", type=Path, default=Path("bench-out/matching.json"))
    parser.add_argument("--sets", type=_some(MAKERS), help=f"of {', '.join(MAKERS)}; by commas")
    parser.add_argument("--tools", type=_some(TOOLS), default=list(TOOLS), help=f"of {', '.join(TOOLS)}")
    parser.add_argument("--large", action="store_true", help="the sets of 150,000 a side too")
    parser.add_argument("--minutes", type=float, default=20, help="for each tool on each set")
    parser.add_argument("--peer-root", type=Path, default=HERE.parent, help="folder of the environments")
    options = parser.parse_args(arguments)
    root: Path = options.peer_root

    def peers(environment: str) -> Path:
        return root / f".venv-peer-{environment}" / "bin" / "python" if environment else Path(sys.executable)

    options.peers = peers
    return options


def _some(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"no such: {', '.join(unknown)}")
        return names

    return parse


if __name__ == "__main__":
    main()
