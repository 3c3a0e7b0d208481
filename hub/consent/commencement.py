"""Law that is made and not in force: the switches, as one dated file that a lawyer can check.

The file says of each such provision since when it is in force, or that it is not, with the source
and the day of the look-up. A clause that rests on a provision carries nothing before that day.
Switching a provision on is a new version of the file, and with it of the rules: nothing is
switched at run time, so every decision says by which law it was made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import resources
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Commencement:
    """One version of the file."""

    version: str
    as_at: date
    """The day on which somebody last looked."""
    since: Mapping[str, datetime | None]
    """The provision's code; the instant from which it is in force, or None: not in force."""

    def in_force(self, provision: str, at: datetime) -> bool:
        """Whether a provision is in force at this instant; one that is not listed always was."""
        if provision not in self.since:
            return True
        since = self.since[provision]
        return since is not None and at >= since


def read_commencement(document: Mapping[str, Any]) -> Commencement:
    """Read the file's JSON; raises `KeyError` or `ValueError` where our own file is not as it must be."""
    return Commencement(
        version=document["version"],
        as_at=date.fromisoformat(document["as_at"]),
        since={one["code"]: _first_instant(one["in_force_from"]) for one in document["provisions"]},
    )


def _first_instant(day: str | None) -> datetime | None:
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), UTC)


COMMENCEMENT: Final = read_commencement(
    json.loads(resources.files("hub.consent").joinpath("schema", "commencement.json").read_text("utf-8"))
)
