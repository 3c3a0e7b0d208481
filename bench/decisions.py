"""How long a decision takes, beside Cedar (cedarpy) on the same questions and the same agreements.

    make bench-decisions        # writes bench-out/decisions.json

200 agreements in force between made-up councils; one pair's eleven categories are asked over and over,
with and without flags. Both engines must give the same answers before anything is timed. Times are this
process's CPU time, best of several rounds, because other work on the machine is no part of a decision;
wall-clock times stand beside them. Cedar is asked twice: with all agreements, parsed beforehand, and
with the pair's one agreement picked out by hand.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cedarpy

from hub.consent.agreement import Agreement, AgreementBook, Party, State
from hub.consent.decision import RULES_VERSION, decide
from hub.consent.documents import read_agreement, reload_agreement
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Actor, Category, EvidenceClass, Purpose, Question, Role, Scope
from hub.protocols import canonical
from hub.protocols.names import AgreementId, MemberId, MemberKind, NoticeType, Part
from tests.consent.cedar_requests import Oracle, read, request

ROOT = Path(__file__).parent.parent
EXAMPLE = json.loads((ROOT / "agreements" / "examples" / "kent-medway-movers.json").read_text("utf-8"))
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
IN_FORCE, LOADED = 200, 150
MOST_MICROSECONDS, MOST_MILLISECONDS = 20.0, 50.0
ROUNDS = 15


def document(number: int) -> dict[str, Any]:
    """The worked example of two councils, between two others."""
    parties = [
        {**party, "member": f"mbr_council-{number}-{side}", "name": f"Council {number} {side}"}
        for side, party in zip("ab", EXAMPLE["parties"], strict=True)
    ]
    return {**EXAMPLE, "id": f"agr_movers-{number}", "parties": parties}


def agreements() -> list[Agreement]:
    """All of them in force, each between two councils of its own."""
    read_once = read_agreement(EXAMPLE)
    return [
        replace(
            read_once,
            id=AgreementId(f"agr_movers-{number}"),
            parties=tuple(
                Party(MemberId(f"mbr_council-{number}-{side}"), f"Council {number} {side}", "councils")
                for side in "ab"
            ),
            state=State.IN_FORCE,
        )
        for number in range(IN_FORCE)
    ]


def questions() -> list[Question]:
    """Eleven categories for one pair, plain and with flags: permits and refusals."""
    sender, recipient = (
        Actor(MemberId(f"mbr_council-{IN_FORCE // 2}-{side}"), MemberKind.AUTHORITY, Role.TRACKING_TEAM)
        for side in "ab"
    )
    plain = Question(
        category=Category.FACT_OF_MATCH,
        notice_type=NoticeType.MOVED_OUT,
        purpose=Purpose.PARTICIPATION.value,
        sender=sender,
        recipient=recipient,
        scope=Scope.AGE_16_17,
        flags=NO_FLAGS,
        asserted_at=NOW - timedelta(days=1),
        evidence=EvidenceClass.STRONG,
        standing_request=False,
        confirmed_same=True,
        approved_by=frozenset(),
        over_quota=False,
        asked_at=NOW,
    )
    flagged = replace(
        plain,
        flags=Flags(instruction=frozenset({Part.CONTACT}), objection=frozenset({Part.SEND}), shield=True),
    )
    return [replace(base, category=category) for base in (plain, flagged) for category in Category]


def timed(work: Callable[[], object], times: int) -> dict[str, float]:
    """Microseconds for one piece of work: CPU and wall clock, the best of several rounds."""
    cpu, wall = [], []
    for _ in range(ROUNDS):
        began = time.process_time_ns(), time.perf_counter_ns()
        work()
        cpu.append(time.process_time_ns() - began[0])
        wall.append(time.perf_counter_ns() - began[1])
    return {"cpu_us": round(min(cpu) / times / 1000, 2), "wall_us": round(min(wall) / times / 1000, 2)}


def measure() -> dict[str, Any]:
    """All figures; raises where the two engines differ."""
    held, asked = agreements(), questions()
    book, oracle = AgreementBook.from_agreements(held), Oracle()
    everything = oracle.book(held)
    pair = oracle.book([held[IN_FORCE // 2]])
    requests = [request(question) for question in asked]
    ours = [decide(question, book).permitted for question in asked]
    for policies in (everything, pair):
        theirs = [read(one).permitted for one in cedarpy.is_authorized_batch(requests, policies, [])]
        if ours != theirs:
            raise AssertionError("Cedar and the hub differ")
    texts = [canonical.encode(document(number)) for number in range(LOADED)]
    return {
        "questions": len(asked),
        "permitted": sum(ours),
        "decision": timed(lambda: [decide(question, book) for question in asked * 20], len(asked) * 20),
        "cedar_all_agreements": timed(
            lambda: cedarpy.is_authorized_batch(requests, everything, []), len(asked)
        ),
        "cedar_one_agreement": timed(lambda: cedarpy.is_authorized_batch(requests, pair, []), len(asked)),
        "load": timed(lambda: load(texts, reload_agreement), 1),
        "load_checked": timed(lambda: load(texts, read_agreement), 1),
    }


def load(texts: list[bytes], reader: Callable[[Any], Agreement]) -> AgreementBook:
    """From stored text to a book that can be asked."""
    return AgreementBook.from_agreements(
        reader(canonical.decode(text)).recorded_as(State.IN_FORCE) for text in texts
    )


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "bench-out" / "decisions.json")
    out: Path = parser.parse_args().out
    load_before = os.getloadavg()[0]
    found = measure()
    report = {
        "what": f"one decision over {IN_FORCE} agreements in force; {LOADED} agreements loaded",
        "rules": RULES_VERSION,
        "cedarpy": version("cedarpy"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(load_before, 2),
        **found,
        "goals": {
            "decision_cpu_us_at_most": MOST_MICROSECONDS,
            "decision_reached": found["decision"]["cpu_us"] <= MOST_MICROSECONDS,
            "load_cpu_ms_at_most": MOST_MILLISECONDS,
            "load_reached": found["load"]["cpu_us"] / 1000 <= MOST_MILLISECONDS,
        },
    }
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
