"""Tells the story in order: nine steps, each told as soon as it has happened.

    members -> agreements -> publish -> match -> release -> open -> prove -> probe -> days

Every step is done by whoever would do it: members by their gateways, the operator by the `hub` command,
an auditor with the public log. The narrator alone knows who is who. Nothing leaves this computer.
"""

import json
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.demo import enrolment, lines
from adapters.demo.errors import DemoFault
from adapters.demo.exchanging import exchange
from adapters.demo.findings import Findings, find
from adapters.demo.people import make_region
from adapters.demo.processes import free_port, start_hub, start_operator
from adapters.demo.report import write_report
from adapters.demo.world import MEMBERS, World, homes

OURS: Final = ("hub", "log", "region", "index.html", "summary.json")
"""Everything that a run leaves in its folder, and that the next run replaces."""


def tell(
    out: Path, seed: int, say: Callable[[str], None], stack: ExitStack, port: int | None = None
) -> tuple[World, Findings]:
    """Run the whole story; the hub and the gateways live until `stack` is closed."""
    begun, now = time.monotonic(), datetime.now(UTC)
    clear(out)
    say(lines.TITLE)
    world = _gather(out, seed, now, say, stack, port or free_port())
    findings = find(world, exchange(world, say), say, begun)
    (out / "summary.json").write_text(json.dumps(findings.summary(), indent=2) + "\n", "utf-8")
    write_report(out / "index.html", findings, now)
    say(lines.ending(out, findings.seconds))
    return world, findings


def clear(out: Path) -> None:
    """Remove what an earlier run left; raise `DemoFault` where the folder holds anything else."""
    if out.exists() and not out.is_dir():
        raise DemoFault(f"{out} is a file", "name a folder with --out")
    strange = sorted(path.name for path in out.iterdir() if path.name not in OURS) if out.exists() else []
    if strange:
        raise DemoFault(f"{out} holds other things ({strange[0]})", "name another folder with --out")
    for name in OURS:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (out / "hub").mkdir(parents=True)


def _gather(
    out: Path, seed: int, now: datetime, say: Callable[[str], None], stack: ExitStack, port: int
) -> World:
    """Start the hub, bring the members together, and let what they sign come into force."""
    operator = start_operator(out / "hub")
    stack.callback(operator.stop)
    region = make_region(seed, now.date())
    region.write(homes(out))
    hub = start_hub(out / "hub", port)
    stack.callback(hub.stop)
    gateways = enrolment.enrol_everybody(out, hub, operator)
    for gateway in gateways.values():
        stack.callback(gateway.close)
    say(lines.members(len(MEMBERS), enrolment.MANDATES))
    enrolment.sign_papers(gateways)
    agreements = enrolment.read_agreements(gateways, now)
    say(lines.agreements(agreements))
    return World(out, hub, operator, region, gateways, agreements)
