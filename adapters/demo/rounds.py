"""Lets every gateway look into its inbox, round by round, until nobody has anything more to do.

A gateway does by itself what needs no person: it verifies, opens, compares in clear, answers key
requests. Whatever it sends is carried in the hub's next slot but one at the latest, so the region is
at rest when the log has grown twice since anybody last did anything.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import httpx

from adapters.demo.errors import DemoFault
from adapters.demo.world import in_each
from adapters.member import Gateway
from hub.protocols.checkpoint import parse_checkpoint
from hub.protocols.signed_note import parse_note

SLOTS_AT_REST: Final = 2
WAIT_SECONDS: Final = 1
"""A poll that finds nothing waits this long: about one slot."""
MOST_SECONDS: Final = 90.0


def run_until_carried(hub_url: str, gateways: Mapping[str, Gateway]) -> int:
    """Poll until everything that is published by now is in the log; return the size of the log then."""
    begin, seen = log_size(hub_url), set[int]()
    while len(seen) < SLOTS_AT_REST:
        _one_round(gateways)
        seen |= {log_size(hub_url)} - {begin}
    return max(seen)


def run_until_rest(hub_url: str, gateways: Mapping[str, Gateway]) -> None:
    """Poll at every gateway until all is done."""
    until = time.monotonic() + MOST_SECONDS
    acted_at, seen = log_size(hub_url), set[int]()
    while len(seen) < SLOTS_AT_REST:
        if time.monotonic() > until:
            raise DemoFault(f"the region had no rest in {MOST_SECONDS:.0f} seconds", "see hub/hub.log")
        acts = _one_round(gateways)
        size = log_size(hub_url)
        if acts:
            acted_at, seen = size, set()
        elif size > acted_at:
            seen.add(size)


def run_until(happened: Callable[[], bool], gateways: Mapping[str, Gateway]) -> None:
    """Poll at every gateway until something has happened."""
    until = time.monotonic() + MOST_SECONDS
    while not happened():
        if time.monotonic() > until:
            raise DemoFault(
                f"what was waited for did not come in {MOST_SECONDS:.0f} seconds", "see hub/hub.log"
            )
        _one_round(gateways)


def log_size(hub_url: str) -> int:
    """Return how many entries the hub's last checkpoint signs."""
    answer = httpx.get(f"{hub_url}/log/checkpoint", timeout=10, trust_env=False)
    return parse_checkpoint(parse_note(answer.text).text).size if answer.is_success else 0


def _one_round(gateways: Mapping[str, Gateway]) -> int:
    done = in_each(gateways, lambda gateway: gateway.poll(WAIT_SECONDS))
    faults = [fault for taken in done.values() for fault in taken.faults]
    if faults:
        raise DemoFault(f"a gateway could not take an item ({faults[0]})", "report this: it is a fault")
    return sum(
        one.delivered + one.granted + one.held + one.answered + one.stopped + one.unwitnessed
        for one in done.values()
    )
