"""Publishes every member's own files, as its officers would, and asks one question before.

Departures are brought first, then arrivals and enrolments, as it is most often in life: so whoever
holds the older notice is the area that the young person left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from adapters.columns import guess_mapping
from adapters.demo.errors import DemoFault
from adapters.demo.files import CASELOAD, FILES, InputFile
from adapters.demo.world import NAMES, World, in_each
from adapters.formats import format_of
from adapters.member import Gateway
from adapters.move import Move
from hub.consent.decision import Decision
from hub.consent.documents import vocabularies
from hub.consent.explain import REMEDIES, WHAT
from hub.protocols.names import MemberId, NoticeId, NoticeType

OFFICER: Final = "A. Officer"
DEPARTURES: Final = frozenset({"moved_out", "leaver"})


@dataclass(slots=True)
class Sending:
    """What publishing did: notices promised, and rows that were not sent, by why."""

    promised: dict[NoticeId, str] = field(default_factory=dict)
    """The home of each notice's sender."""
    out_of_scope: int = 0
    at_home: int = 0
    """Enrolments in the college's own area."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A dry run of one notice: for whom, and for each part yes or no and why."""

    sender: str
    recipient: str
    lines: tuple["Foreseen", ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One part as the dry run foresees it; `cited` names agreement, version and clause."""

    part: str
    words: str
    """The part in an officer's words."""
    permitted: bool
    code: str
    cited: str
    why: str
    """The legal basis of a yes; of a no what stands in the way."""
    who: str
    """Who can change a no."""


def load_caseloads(world: World) -> None:
    """Let every member keep its own caseload beside its gateway, sealed, to compare with."""

    def load(gateway: Gateway) -> int:
        path = gateway.home.path / CASELOAD
        return gateway.load_caseload(read_moves(path, "new_arrival")) if path.exists() else 0

    in_each(world.gateways, load)


def publish_everything(world: World) -> Sending:
    """Publish every file: first who left, then who came."""
    sending = Sending()
    for leaving in (True, False):
        files = [one for one in FILES if (one.notice_type in DEPARTURES) is leaving]
        senders = {one.member: world.gateways[one.member] for one in files}
        for home, told in in_each(senders, partial(_publish, files)).items():
            sending.promised |= dict.fromkeys(told.promised, home)
            sending.out_of_scope += told.out_of_scope
            sending.at_home += told.at_home
    return sending


def rehearse(world: World, special: str, sender: str, recipient: str) -> Rehearsal:
    """Ask what the recipient could get of one person's notice, before anything is sent."""
    ref = world.region.record(special, sender).local_ref
    file = next(one for one in FILES if one.member == sender and one.notice_type == "moved_out")
    path = world.home(sender) / file.name
    move = next(one for one in read_moves(path, file.notice_type) if one.local_ref == ref)
    asked = world.gateways[sender].dry_run(move, NoticeType.MOVED_OUT, MemberId(f"mbr_{recipient}"))
    lines = tuple(_foreseen(decision) for _, decision in asked)
    return Rehearsal(NAMES[MemberId(f"mbr_{sender}")], NAMES[MemberId(f"mbr_{recipient}")], lines)


def read_moves(path: Path, notice_type: str) -> Iterator[Move]:
    """Read a file with its columns as they are guessed; broken rows are left out."""
    found = format_of(path)
    mapping = guess_mapping(found.read_headers(path), notice_type)
    return (said for said in found.read_moves(path, mapping) if isinstance(said, Move))


@dataclass(slots=True)
class _Told:
    promised: list[NoticeId] = field(default_factory=list)
    out_of_scope: int = 0
    at_home: int = 0


def _publish(files: list[InputFile], gateway: Gateway) -> _Told:
    told, home = _Told(), gateway.home.path.name
    for file in files:
        if file.member != home:
            continue
        moves = read_moves(gateway.home.path / file.name, file.notice_type)
        done = gateway.publish(moves, NoticeType(file.notice_type), OFFICER)
        if done.refused or done.later:
            why = done.refused[0].detail if done.refused else done.later
            raise DemoFault(f"{home} could not publish {file.name} ({why})", "report this: it is a fault")
        told.promised += done.promised
        told.out_of_scope += done.out_of_scope
        told.at_home += done.at_home
    return told


def _foreseen(decision: Decision) -> Foreseen:
    part, words = decision.category.value, WHAT[decision.category]
    if decision.permit is not None:
        permit = decision.permit
        cited = f"{permit.agreement} v{permit.version}, clause {permit.clause}"
        return Foreseen(part, words, permitted=True, code="", cited=cited, why=_lawful(permit.basis), who="")
    reason = decision.reasons[0]
    return Foreseen(
        part,
        words,
        permitted=False,
        code=reason.code.value,
        cited=cite(reason.agreement, reason.version, reason.clause),
        why=reason.detail,
        who=REMEDIES[reason.code].who,
    )


def _lawful(basis: str) -> str:
    """Write out the codes of a lawful basis: `uk-gdpr:6(1)(e) esa2008:s17`."""
    known = {code: term["label"] for codes in vocabularies().values() for code, term in codes.items()}
    return "; ".join(f"{code} ({known[code]})" if code in known else code for code in basis.split())


def cite(agreement: str | None, version: int | None, clause: str | None) -> str:
    """Name what a reason concerns: agreement, version and clause, as far as there are such."""
    if agreement is None:
        return "no agreement"
    return f"{agreement} v{version}" + ("" if clause is None else f", clause {clause}")
