"""Enter what is about no young person: admissions, keys, papers, and what parties say of a paper.

Keys and papers bind from their entry on, and everybody whom they concern can read it.
"""

from dataclasses import replace

from hub.exchange import bind, disclosure_log
from hub.exchange.errors import HubFault
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import KeyUse, PaperKind, PaperState
from hub.protocols.canonical import Json
from hub.protocols.names import KeyId, MemberId


def enter(what: str, subject: str, body: dict[str, Json], work: Work, hub: Hub) -> None:
    """Enter what was done to a subject; a key or a paper that was waiting for its entry is in force.

    Raises `HubFault` where the key or paper is not kept.
    """
    if what == "key":
        _enter_key(KeyId(subject), work, hub)
    elif what in set(PaperKind):
        _enter_paper(PaperKind(what), subject, body, work, hub)
    else:
        facts: dict[str, Json] = {"subject": subject, "facts": body}
        disclosure_log.record_event(what, facts, _concerned(what, subject, body, work), work, hub)


def _concerned(what: str, subject: str, body: dict[str, Json], work: Work) -> set[MemberId]:
    """Who may read an event that is about no young person: the parties of an agreement, or everybody."""
    paper = None
    if what == "agreement_changed":
        kind = PaperKind.ACCESSION if "~" in subject else PaperKind.AGREEMENT
        paper = work.papers.get(kind, subject, _version(body))
    return set(paper.parties) if paper else {member.member for member in work.members.all()}


def _enter_key(key_id: KeyId, work: Work, hub: Hub) -> None:
    key = work.members.key(key_id)
    if key is None:
        raise HubFault("key-missing", "a key to be recorded is not kept")
    facts: dict[str, Json] = {
        "member": key.member,
        "use": key.use.value,
        "key": key.key_id,
        "document": key.document,
    }
    parties = {member.member for member in work.members.all()}
    index = disclosure_log.record_event("key", facts, parties, work, hub)
    work.members.put_key(replace(key, log_index=index))
    if key.use is KeyUse.SEALING:
        bind.reconsider(frozenset({key.member}), work, hub)


def _enter_paper(kind: PaperKind, name: str, body: dict[str, Json], work: Work, hub: Hub) -> None:
    paper = work.papers.get(kind, name, _version(body))
    if paper is None:
        raise HubFault("paper-missing", "a paper to be recorded is not kept")
    if paper.state is not PaperState.PROPOSED or not bind.stands(paper):
        return  # in the log already; or a party has stopped it meanwhile, and has to sign again
    facts: dict[str, Json] = {"name": name, "version": paper.version, "digest": paper.digest}
    index = disclosure_log.record_event(kind.value, facts, set(paper.parties), work, hub)
    bind.put_in_force(paper, index, work, hub)


def _version(body: dict[str, Json]) -> int | None:
    version = body.get("version")
    return version if isinstance(version, int) else None
