"""Keeps the demo's world up: the hub on port 8000, one gateway's loopback API on port 8001.

The gateway is a process of its own, as a member would run it. One more young person moves meanwhile, so
that the lines of curl find something new for real; the other members' gateways go on answering in
this process, until Ctrl-C.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.demo.errors import DemoFault
from adapters.demo.people import make_region
from adapters.demo.processes import Running, check_free, start_gateway
from adapters.demo.publishing import OFFICER
from adapters.demo.world import World
from adapters.member import Gateway
from adapters.member.polling import Poller
from adapters.move import Address, Move
from hub.protocols.names import NoticeType

HUB_PORT: Final = 8000
GATEWAY_PORT: Final = 8001
SERVED: Final = "medway"

_POLL_SECONDS: Final = 2
"""Short, so that Ctrl-C is answered soon."""


def check_ports() -> None:
    """Raise `DemoFault` where one of the two ports is taken, before anything is started."""
    check_free(HUB_PORT)
    check_free(GATEWAY_PORT)


def keep_up(world: World, say: Callable[[str], None], stack: ExitStack) -> None:
    """Serve until Ctrl-C; raise `DemoFault` if the hub or the gateway ends by itself."""
    _one_more_moves(world)
    served = world.gateways[SERVED]
    served.close()
    for home, gateway in world.gateways.items():
        if home != SERVED:
            _go_on(gateway, stack)
    running = start_gateway(served.home.path, GATEWAY_PORT, world.out / "hub" / "gateway.log")
    stack.callback(running.stop)
    say(lines(world.hub.url, running.url, served.home.path))
    try:
        _wait(world.hub, running)
    except KeyboardInterrupt:
        say("\nStopped.")


def lines(hub_url: str, gateway_url: str, home: Path) -> str:
    """Return what to type next: eight lines that poll an inbox for real."""
    curl = 'curl -s -H "Authorization: Bearer $TOKEN"'
    choose = 'python3 -c \'import json,sys; print(json.load(sys.stdin)["data"][-1]["item"])\''
    return "\n".join(
        (
            f" Serving  {hub_url}/docs and Medway's gateway on {gateway_url} until Ctrl-C. Elsewhere:",
            "",
            f"TOKEN=$(cat {home / 'token'})",
            f"{curl} {gateway_url}/health",
            f"{curl} {gateway_url}/inbox",
            f"ITEM=$({curl} '{gateway_url}/inbox?state=opened' | {choose})",
            f"{curl} {gateway_url}/inbox/$ITEM",
            f"{curl} -X POST {gateway_url}/inbox/$ITEM/open",
            f'{curl} --json \'{{"outcome":"in_caseload"}}\' {gateway_url}/inbox/$ITEM/ack',
            f"curl -s {hub_url}/log/checkpoint",
        )
    )


def _one_more_moves(world: World) -> None:
    """Kent lists somebody who leaves, Medway somebody who comes: it is the same person."""
    later = make_region(world.region.seed + 3_000_003, world.region.today)
    person = later.person("strong")
    left = Move(
        place="row 2",
        given=person.given,
        family=person.family,
        dob=person.dob,
        sex=person.sex,
        from_address=Address((), person.old_postcode),
        upn=person.upn,
        event_date=world.region.today,
    )
    came = replace(left, to_address=Address((), person.new_postcode))
    world.gateways["kent"].publish([left], NoticeType.MOVED_OUT, OFFICER)
    world.gateways[SERVED].publish([came], NoticeType.NEW_ARRIVAL, OFFICER)


def _go_on(gateway: Gateway, stack: ExitStack) -> None:
    poller = Poller(gateway, lambda _: None, wait=_POLL_SECONDS)
    poller.start()
    stack.callback(poller.stop, _POLL_SECONDS + 1)


def _wait(*running: Running) -> None:
    while all(one.process.poll() is None for one in running):
        time.sleep(0.2)
    ended = next(one for one in running if one.process.poll() is not None)
    raise DemoFault(f"{ended.url} has ended by itself", f"see {ended.log}")
