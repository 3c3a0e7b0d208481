"""The demo's lines on the terminal: each a claim, with the thing itself beside it."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from adapters.demo.lapsing import Lapse
from adapters.demo.matches import Match, Matches
from adapters.demo.measure import ASSUMED, Days
from adapters.demo.opening import OneNotice
from adapters.demo.probes import ALLOWANCE, PROBER, Probing
from adapters.demo.proving import Proved
from adapters.demo.publishing import Foreseen, Rehearsal, Sending
from adapters.demo.recalling import Recalled
from adapters.demo.refusing import Shown
from adapters.demo.world import NAMES
from hub.matching.weights import frozen_weights
from hub.protocols.canonical import Json, b64u
from hub.protocols.names import AgreementId, MemberId, Part

TITLE: Final = "Hub demo: made-up people, nothing leaves this computer"

_BESIDE: Final = " " * 16


def members(count: int, mandates: Sequence[tuple[str, str]]) -> str:
    """Line 1."""
    acts = [f"{_named(company)} acts for {_named(authority)}" for authority, company in mandates]
    return _claim(
        1, "Members", f"{count} members, each with its own keys · {len(mandates)} mandate: {', '.join(acts)}"
    )


def agreements(states: Mapping[AgreementId, str]) -> str:
    """Line 2."""
    expired = [name for name, state in states.items() if state == "expired"]
    in_force = sum(state == "in force" for state in states.values())
    return _claim(2, "Agreements", f"{in_force} in force, {len(expired)} expired: {', '.join(expired)}")


def published(sending: Sending, rehearsal: Rehearsal) -> str:
    """Line 3, and the dry run."""
    unsent = f"{sending.out_of_scope} out of scope by age, {sending.at_home} learners from nearby"
    told = [
        _claim(
            3,
            "Published",
            f"{len(sending.promised)} notices: hashed, sealed, signed; each promised by the hub",
        ),
        f"{_BESIDE}not sent: {unsent}",
        _beside(
            "dry run", f"one leaver, {rehearsal.sender} to {rehearsal.recipient}, before anything is sent:"
        ),
    ]
    return "\n".join([*told, *_foreseen(rehearsal.lines)])


def matched(matches: Matches, explained: Match) -> str:
    """Line 4, and one match as a waterfall of bits."""
    counts = (
        f"{len(matches.certain)} certain · {len(matches.second_look)} second look · {matches.none} no match"
    )
    truth = (
        f"precision {matches.precision:.3f}, recall {matches.recall:.3f} (truth known: {matches.pairs} pairs)"
    )
    steps = [("any two people", -frozen_weights().prior)]
    steps += [(bar.words, bar.millibits) for bar in explained.verdict.waterfall if bar.millibits]
    bars = [f"{_BESIDE}  {words:<44} {bits / 1000:+6.1f}  {_bar(bits)}" for words, bits in steps]
    total = f"{explained.verdict.bits:+6.1f}  certain from {frozen_weights().certain / 1000:+.1f}"
    return "\n".join(
        [
            _claim(4, "Matched", f"{counts}     {truth}"),
            _beside("why", f"{explained.departure.notice}, in bits:"),
            *bars,
            f"{_BESIDE}  {'all evidence together':<44} {total}",
        ]
    )


def released(identity: int, rest: int, shown: Sequence[Shown], waiting: int) -> str:
    """Line 5, and what was refused."""
    told = [
        _claim(
            5,
            "Released",
            f"in two stages: {identity} times who it is; after a signed `same`, {rest} times the rest",
        )
    ]
    for place, one in enumerate(shown):
        head = _beside("refused", "") if place == 0 else _BESIDE
        told.append(f"{head}{one.code:<14} {one.words}")
        told.append(f"{_BESIDE}{'':<14} {one.cited}")
    told.append(f"{_BESIDE}{waiting} cases wait for an officer; no machine decides them")
    return "\n".join(told)


def lapsed(lapse: Lapse) -> str:
    """What follows line 5: a lapse, by a clock that was moved over it."""
    named = f"{lapse.agreement} v{lapse.version}, by Kent's clock moved on to its last night:"
    seen = (
        f"{lapse.last:%d %B %Y %H:%M:%S} a name may go (clause {lapse.clause}); one second later {lapse.code}"
    )
    return "\n".join([_beside("lapse", named), f"{_BESIDE}{seen}"])


def opened(notice: OneNotice) -> str:
    """Line 6: one notice in clear at its recipient, beside what the hub holds of it."""
    identity = next(one for one in notice.sealed if one.part is Part.IDENTITY)
    return "\n".join(
        [
            _claim(6, "Opened", f"{notice.notice} by {notice.recipient}, from {notice.sender}:"),
            f"{_BESIDE}{_sentence(notice.facts)}",
            _beside("the hub", f"{identity.beginning[:64]}…"),
            f"{_BESIDE}identity part, {identity.length} sealed bytes, SHA-256 {identity.digest}",
        ]
    )


def recalled(found: Recalled, notice: OneNotice) -> str:
    """What follows line 6: the young person says no afterwards."""
    return "\n".join(
        [
            _beside(
                "recall", f"the young person now says no to {found.part.value}; {notice.sender} recalls it:"
            ),
            f"{_BESIDE}{notice.recipient} has erased it and signed so ({found.erased} of {found.asked})",
        ]
    )


def logged(proved: Proved) -> str:
    """Line 7."""
    checkpoint, all_of = proved.audit.checkpoint, f"{proved.disclosures} of {proved.disclosures}"
    return "\n".join(
        [
            _claim(7, "Logged", f"{all_of} disclosures proved included, {proved.proofs} proofs in all"),
            f"{_BESIDE}{checkpoint.size} entries, root {b64u(checkpoint.root)}",
            _beside("altered", f"entry {proved.altered}, behind the log's back: caught ({proved.caught[0]})"),
            f"{_BESIDE}and with its tile mended to fit: caught ({proved.caught[1]})",
        ]
    )


def probed(probing: Probing, recorded: Sequence[str]) -> str:
    """Line 8."""
    result = "SOMETHING WAS LEARNED" if probing.anything else "nothing learned"
    told = [_claim(8, "Probes", f"by {PROBER.title()}, each beside a control about nobody: {result}")]
    for one, record in zip(probing.learned, recorded, strict=True):
        told.append(f"{_BESIDE}{one.probe.attempt}")
        learned = "differs in " + ", ".join(one.differences) if one.differences else "same as its control"
        told.append(f"{_BESIDE}    {learned}; the hub's own log: {record}")
    alarm = "alarm raised" if probing.alarm else "NO ALARM"
    told.append(
        f"{_BESIDE}over quota: {probing.published_today} notices in a day, {ALLOWANCE} allowed: {alarm}"
    )
    return "\n".join(told)


def days(measured: Days) -> str:
    """Line 9."""
    medians = f"{measured.by_notice:g} by notice, {measured.by_sheet:g} by monthly spreadsheet"
    known = f"{measured.known} of these {measured.moves} moves"
    words = f"assumed: {ASSUMED}. In truth the old area knew the destination of {known}."
    return "\n".join([_claim(9, "Days", f"from move to contact, median: {medians}"), *_below(words)])


def ending(out: Path, seconds: float) -> str:
    """Say where the report is and what to type next."""
    return f" Report  {out / 'index.html'}      next: hub demo --serve      ({seconds:.1f} s)"


def _named(home: str) -> str:
    return NAMES[MemberId(f"mbr_{home}")]


def _claim(number: int, name: str, words: str) -> str:
    return f" {number} {name:<12} {words}"


def _beside(name: str, words: str) -> str:
    return f"     {name:<10} {words}"


def _foreseen(rehearsed: Sequence[Foreseen]) -> list[str]:
    """Put parts together that have the same answer for the same reason; parts left, clause right."""
    groups: dict[tuple[bool, str, str, str], list[str]] = {}
    for one in rehearsed:
        groups.setdefault((one.permitted, one.code, one.cited, one.why), []).append(one.part)
    told = []
    for (yes, code, cited, why), parts in groups.items():
        words = textwrap.wrap(", ".join(part.replace("_", " ") for part in parts), 30)
        told.append(f"{_BESIDE}{'yes' if yes else 'no '}  {words[0]:<32} {f'{code} ' if code else ''}{cited}")
        told += [f"{_BESIDE}     {more}" for more in words[1:]]
        told += [] if yes else [f"{_BESIDE}     {'':<32} {why}"]
    return told


def _below(words: str) -> list[str]:
    return [f"{_BESIDE}{line}" for line in textwrap.wrap(words, 92)]


def _bar(millibits: int) -> str:
    return ("█" if millibits > 0 else "░") * max(1, round(abs(millibits) / 1000))


def _sentence(facts: Mapping[str, Json]) -> str:
    identity, address, participation = (
        _facts(facts, part) for part in ("identity", "address", "participation")
    )
    name = f"{identity.get('given')} {identity.get('family')}, born {identity.get('dob')}"
    lived = address.get("from")
    home = f", lived at {lived.get('postcode')}" if isinstance(lived, dict) else ""
    upn = participation.get("upn")
    return name + home + (f", UPN {upn}" if upn else "")


def _facts(facts: Mapping[str, Json], part: str) -> dict[str, Json]:
    found = facts.get(part)
    return found if isinstance(found, dict) else {}
