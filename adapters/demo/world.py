"""The made-up region's members, and what the demo holds in hand while it tells its story.

The same organisations are parties of the worked examples in `agreements/examples`. A `World` is the
whole demo as it runs: the hub's address, a gateway in each member's home, the people whom only the
narrator knows. Nothing here is the hub's: it is a process of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from adapters.demo.invention import AREAS as REGION
from adapters.demo.people import COLLEGES, Region
from adapters.demo.processes import Operator, Running
from adapters.member import Gateway
from hub.protocols.names import AgreementId, MemberId, MemberKind

T = TypeVar("T")

WORKERS: Final = 12
"""Gateways that are worked at once: all of them, since a poll mostly waits."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One member of the region; `home` is the name of its folder."""

    home: str
    name: str
    kind: MemberKind
    area: str | None = None
    acts_for: str | None = None
    nearby: str | None = None
    """The home of the authority in whose area a college lies."""

    @property
    def lies_in(self) -> str | None:
        """DfE code of the area that the member lies in."""
        return self.area if self.nearby is None else REGION[self.nearby][0]

    @property
    def member(self) -> MemberId:
        """The member's id."""
        return MemberId(f"mbr_{self.home}")


CUSTODIAN: Final = Cast("custodian", "Linkage custodian", MemberKind.OBSERVER)
OBSERVER: Final = Cast("observer", "Regional observer", MemberKind.OBSERVER)

MEMBERS: Final = (
    Cast("kent", "Kent County Council", MemberKind.AUTHORITY, "886"),
    Cast("medway", "Medway Council", MemberKind.AUTHORITY, "887"),
    Cast("lambeth", "London Borough of Lambeth", MemberKind.AUTHORITY, "208"),
    Cast("southwark", "London Borough of Southwark", MemberKind.AUTHORITY, "210"),
    Cast("thames-careers", "Thames Careers Limited", MemberKind.CAREERS_COMPANY, acts_for="lambeth"),
    Cast("thames-college", "Thames College", MemberKind.COLLEGE, nearby=COLLEGES["thames-college"][0]),
    Cast(
        "north-kent-college",
        "North Kent College",
        MemberKind.COLLEGE,
        nearby=COLLEGES["north-kent-college"][0],
    ),
    OBSERVER,
    CUSTODIAN,
)
"""Everybody who takes part; the custodian makes the linkage key and does nothing else."""

NAMES: Final[Mapping[MemberId, str]] = {cast.member: cast.name for cast in MEMBERS}

AREAS: Final[Mapping[MemberId, str]] = {
    MemberId("mbr_kent"): "Kent",
    MemberId("mbr_medway"): "Medway",
    MemberId("mbr_lambeth"): "Lambeth",
    MemberId("mbr_southwark"): "Southwark",
    MemberId("mbr_thames-careers"): "Lambeth",
}
"""The area that a member's movers come from or go to."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the demo holds in hand."""

    out: Path
    hub: Running
    operator: Operator
    region: Region
    gateways: Mapping[str, Gateway]
    agreements: Mapping[AgreementId, str]
    """State of each agreement as its parties see it: in force or expired."""

    def home(self, name: str) -> Path:
        """Give a member's folder."""
        return homes(self.out) / name


def homes(out: Path) -> Path:
    """Give the folder that holds every member's home."""
    return out / "region"


def together(act: Callable[[T], object], things: Iterable[T]) -> None:
    """Do one thing for each of several, at the same time; the first fault is raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(act, thing) for thing in things]:
            done.result()


def in_each(gateways: Mapping[str, Gateway], act: Callable[[Gateway], T]) -> dict[str, T]:
    """Do one thing at every gateway at the same time; return what each gave, by home."""
    with ThreadPoolExecutor(WORKERS) as pool:
        doing = {home: pool.submit(act, gateway) for home, gateway in gateways.items()}
        return {home: done.result() for home, done in doing.items()}
