"""A gateway as a process of its own, to be killed: tells its moves, answers its inbox, begins again.

    python -m tests.faults.gateway_process HOME KIND SEED COUNT

Each life reads the same list from its beginning, as an officer would import the same file again. It
ends by itself, with exit code 0, once everything is told and nothing more comes.
"""

import sys
import time
from pathlib import Path

from adapters.member import Gateway
from adapters.member.errors import HubUnreachable
from hub.protocols.names import NoticeType
from tests.faults.load import OFFICER
from tests.faults.region import QUIET_SECONDS, people


def main(home: str, kind: str, seed: str, count: str) -> None:
    """Live until all is done, or until killed."""
    with Gateway(Path(home)) as gateway:
        done = gateway.publish(people(int(seed), int(count)), NoticeType(kind), OFFICER)
        busy_at = time.monotonic()
        while done.later is not None or time.monotonic() - busy_at < QUIET_SECONDS:
            try:
                done = gateway.flush()
                taken = gateway.poll(wait=0)
                busy = taken.delivered or taken.granted or taken.answered or taken.faults
            except HubUnreachable:
                busy = 1
            busy_at = time.monotonic() if busy else busy_at
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
