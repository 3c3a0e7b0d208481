"""Facts about one young person from several sources, side by side.

No record is made of them: what members say stands as they said it, each with its source and its
dates, and where they contradict each other a person decides. Nothing here is ever written over.
"""

from dataclasses import dataclass

from adapters.member.records import Received, Sent
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import Digest, MemberId, NoticeId, Part
from hub.protocols.notice import read_envelope, read_manifest
from hub.protocols.sealing import open_part
from hub.protocols.signature_keys import VerifyingKey


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of one fact, and when it was so."""

    source: MemberId
    notice: NoticeId
    event_on: str | None
    ascertained_on: str | None
    value: Json


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact, with everything that was said of it, in the order in which it came."""

    part: str
    name: str
    said: tuple[Said, ...]

    @property
    def contradicted(self) -> bool:
        """Whether two sources differ; who says nothing contradicts nobody."""
        return len({canonical.encode(one.value) for one in self.said}) > 1


def side_by_side(own: Sent, received: list[Received], member: MemberId, key: VerifyingKey) -> list[Fact]:
    """Lay what we said in a notice beside what others told us of the same young person.

    `received` are the deliveries that answer this notice; `key` is our own, which signed it.
    """
    found: dict[tuple[str, str], list[Said]] = {}
    for part, facts, said in (*_ours(own, member, key), *_theirs(own.notice, received)):
        if isinstance(facts, dict):
            for name, value in facts.items():
                found.setdefault((part, name), []).append(
                    Said(said.source, said.notice, said.event_on, said.ascertained_on, value)
                )
    return [Fact(part, name, tuple(said)) for (part, name), said in found.items()]


def _ours(own: Sent, member: MemberId, key: VerifyingKey) -> list[tuple[str, Json, Said]]:
    body = own.body if isinstance(own.body, dict) else {}
    keys = body.get("keys")
    if "envelope" not in body or not isinstance(keys, dict):
        return []
    envelope = read_envelope(canonical.unb64u(str(body["envelope"])))
    manifest = read_manifest(envelope.manifest, key)
    dates = (manifest.event_on.isoformat(), manifest.ascertained_on.isoformat())
    said = Said(member, own.notice, *dates, None)
    return [
        (part.value, _open(part, jwe, keys, manifest.entry(part).plain_digest), said)
        for part, jwe in envelope.parts.items()
    ]


def _open(part: Part, jwe: str, keys: dict[str, Json], plain_digest: Digest) -> Json:
    return open_part(part, jwe, canonical.unb64u(str(keys[part.value]), 32), plain_digest)


def _theirs(notice: NoticeId, received: list[Received]) -> list[tuple[str, Json, Said]]:
    found = []
    for one in received:
        body = one.body if isinstance(one.body, dict) else {}
        about, facts = body.get("about"), body.get("facts")
        if one.counter != notice or not isinstance(about, dict) or not isinstance(facts, dict):
            continue
        dates = (_text(about.get("event_on")), _text(about.get("ascertained_on")))
        said = Said(one.sender, one.notice, *dates, None)
        found += [(part, value, said) for part, value in facts.items()]
    return found


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
